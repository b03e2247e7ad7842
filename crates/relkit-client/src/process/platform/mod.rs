//! What differs between systems, under the same names on each.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(super) use unix::{Group, await_end, base_environment, executable_names, prepare, signal};
#[cfg(windows)]
pub(super) use windows::{Group, await_end, base_environment, executable_names, prepare, signal};
