//! The only place that spawns: a child with a clear environment and all three pipes, whose whole process group is ended
//! with it and with the program that started it.
//!
//! Unix: the child leads its own session; Linux also sends it SIGKILL when its parent dies, and finds descendants that
//! left the session by a mark in their environment. Windows: a Job Object that is closed with the parent.

mod child;
mod ending;
mod error;
mod invocation;
mod platform;
mod tail;

pub use child::{Finished, Process};
pub use ending::{Closing, Ending};
pub use error::ProcessError;
pub use invocation::{Invocation, find_program};
pub use tail::MAX_STDERR_TAIL;

#[cfg(all(test, unix))]
mod tests;
