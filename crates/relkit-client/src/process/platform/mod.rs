//! What differs between systems, under the same names on each.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(super) use unix::{
    Group, adopt_orphans, await_end, base_environment, end_orphans, executable_names, exhausted, has_memory_limit,
    keep_nohup, memory_kills, outlive_file_limit, prepare, signal, start,
};
#[cfg(windows)]
pub(super) use windows::{
    Group, adopt_orphans, await_end, base_environment, end_orphans, executable_names, exhausted, has_memory_limit,
    keep_nohup, memory_kills, outlive_file_limit, prepare, signal, start,
};
