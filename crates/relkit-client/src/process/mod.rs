//! The only place that spawns: a child with a clear environment and all three pipes, whose whole process group is ended
//! with it and with the program that started it.
//!
//! Unix: the child leads its own session; Linux also sends it SIGKILL when its parent dies, and finds descendants that
//! left the session by a mark in their environment, or as orphans where
//! the program adopts them. Windows: a Job Object that is closed with the parent.

mod child;
mod ending;
mod error;
mod exhausted;
mod invocation;
mod platform;
mod tail;
mod want;

pub use child::{Finished, Process, end_all};
pub use ending::{Closing, Ending};
pub use error::{ProcessError, exhausted};
pub use invocation::{Invocation, find_program};
pub use tail::MAX_STDERR_TAIL;
pub use want::{Want, has_memory_limit, memory_ran_out};

/// Makes this process the one that descendants of its children come to when their own parents end, so that also those end
/// with a child that left its session and cleared its environment (Linux; elsewhere it does nothing).
///
/// Only for a program that starts children in no other way: whatever child of it was not started here is ended.
pub fn adopt_orphans() {
    platform::adopt_orphans();
}

/// Makes a file that grows past the process's limit an error where it is written, not the end of the process (Unix). Children
/// are started as if nothing had been said.
pub fn outlive_file_limit() {
    platform::outlive_file_limit();
}

/// Lets `install` set handlers of signals, and takes that of SIGHUP back where whoever started this process had it ignored, as
/// `nohup` does (Unix). Shells have what runs in the background ignore SIGINT as well; a run in a script is to be interrupted
/// all the same.
pub fn keep_nohup(install: impl FnOnce()) {
    platform::keep_nohup(install);
}

#[cfg(all(test, unix))]
mod tests;
