//! The walk over an archive's records: end records from the back, the central directory, each local header, and at last
//! whether the entries tile the file.

use std::io;

use super::defect::{Defect, Defects};
use super::fields::Window;
use super::member::Member;
use super::{central, end, local};
use crate::fs::FileBytes;

/// What a walk found.
#[derive(Debug, Default)]
pub(super) struct Framing {
    pub(crate) members: Vec<Member>,
    pub(crate) defects: Vec<Defect>,
}

/// Walks an archive. Every input that can be read has an answer.
pub(super) fn walk(file: &FileBytes) -> io::Result<Framing> {
    let (mut file, mut defects, mut members) = (Window::new(file), Defects::default(), Vec::new());
    if let Some(directory) = end::find(&mut file, &mut defects) {
        members = central::read(&mut file, &mut defects, &directory);
        local::locate(&mut file, &mut defects, &directory, &mut members);
    }
    file.into_error().map_or_else(|| Ok(Framing { members, defects: defects.0 }), Err)
}
