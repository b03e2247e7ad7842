//! What a system can have no more of, what to do then, and how programs speak of it.

/// What every process needs and a system can have no more of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exhausted {
    /// Processes or threads.
    Processes,
    /// Open files, of the process or of the system.
    Files,
    Memory,
    /// Room for temporary files.
    Disk,
}

impl Exhausted {
    pub(super) fn hint(self) -> &'static str {
        match self {
            Self::Processes => {
                "end other processes of the user or container, or raise its limit of processes and threads (`ulimit -u`, \
                 the container's limit of pids)"
            }
            Self::Files => "allow the process more open files (`ulimit -n`), or give fewer at once",
            Self::Memory => {
                "free memory, or raise the limit of memory (`ulimit -v`, the container's) and run the command again"
            }
            Self::Disk => "free space there, or set TMPDIR to a directory that can be written to",
        }
    }

    /// What a line of a program's standard error says that there was no more of. The sentences are those of C libraries,
    /// shells and the runtimes of languages.
    pub(super) fn said_in(line: &str) -> Option<Self> {
        let line = line.to_ascii_lowercase();
        let says = |words: &[&str]| words.iter().any(|words| line.contains(words));
        if says(&[
            "resource temporarily unavailable",
            "eagain",
            "cannot fork",
            "can't fork",
            "can't start new thread",
            "failed to create new os thread",
            "unable to create native thread",
            "unable to create new native thread",
        ]) {
            return Some(Self::Processes);
        }
        if says(&["too many open files"]) {
            return Some(Self::Files);
        }
        if says(&["no space left on device", "disk quota exceeded"]) {
            return Some(Self::Disk);
        }
        let wants_memory = says(&["cannot allocate memory", "memory allocation of", "bad_alloc", "out of memory"])
            || says(&["memory exhausted"])
            || line.trim() == "memoryerror";
        wants_memory.then_some(Self::Memory)
    }
}
