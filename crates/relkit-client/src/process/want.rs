//! Whether a program ended for want of what its machine had no more of: by its own words, and by what the system counts.

use super::exhausted::Exhausted;
use super::platform;

/// What a program wanted that its system had no more of, by its own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Want<'a> {
    /// The line that says it.
    pub line: &'a str,
    /// What to do.
    pub hint: &'static str,
}

impl<'a> Want<'a> {
    /// Looks for it in the end of a program's standard error; the last such line counts.
    #[must_use]
    pub fn said_in(stderr_tail: &'a str) -> Option<Self> {
        let mut lines = stderr_tail.lines().rev();
        // A program may ask for more memory than any machine has: its words count where there is a limit.
        let counts = |want: &Exhausted| *want != Exhausted::Memory || platform::has_memory_limit();
        lines.find_map(|line| Some(Self { line, hint: Exhausted::said_in(line).filter(counts)?.hint() }))
    }
}

/// Whether memory that processes use is limited for each (`ulimit -v`).
#[must_use]
pub fn has_memory_limit() -> bool {
    platform::has_memory_limit()
}

/// Whether the system has ended a process for want of memory since the first child was started here; `None` where it does not
/// say.
#[must_use]
pub fn memory_ran_out() -> Option<bool> {
    Some(platform::memory_kills()? > baseline()?)
}

/// How many such ends there had been when this was first asked for.
pub(super) fn baseline() -> Option<u64> {
    static BASELINE: std::sync::OnceLock<Option<u64>> = std::sync::OnceLock::new();
    *BASELINE.get_or_init(platform::memory_kills)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_want_is_read_off_last_words() {
        let said = |words: &'static str| Want::said_in(words).map(|want| (want.line, want.hint));
        for words in [
            "codex: fork: Resource temporarily unavailable",
            "/bin/sh: 3: Cannot fork",
            "Error: Resource temporarily unavailable (os error 11)",
            "BlockingIOError: [Errno 11] Resource temporarily unavailable",
            "runtime: failed to create new OS thread (have 2 already; errno=11)",
            "RuntimeError: can't start new thread",
        ] {
            assert_eq!(said(words), Some((words, Exhausted::Processes.hint())), "{words}");
        }
        let both = "a: No space left on device\nb: Too many open files\nc\n";
        assert_eq!(said(both), Some(("b: Too many open files", Exhausted::Files.hint())));
        for words in ["", "no such option: --version", "error: a fork in the road", "thread 'main' panicked at a.rs"] {
            assert_eq!(said(words), None, "{words}");
        }
    }
}
