//! What a system can have no more of, and what to do then.

/// What every process needs and a system can have no more of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exhausted {
    /// Processes or threads.
    Processes,
    /// Open files, of the process or of the system.
    Files,
}

impl Exhausted {
    pub(super) fn hint(self) -> &'static str {
        match self {
            Self::Processes => {
                "end other processes of the user or container, or raise its limit of processes and threads (`ulimit -u`, \
                 the container's limit of pids)"
            }
            Self::Files => "allow the process more open files (`ulimit -n`), or give fewer at once",
        }
    }
}
