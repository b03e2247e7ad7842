//! The files of a payload that is a directory. Links that stay inside lead to what they name; nothing else is followed.

use std::path::Path;

use super::error::PayloadError;
use super::found::{Found, Part};
use super::name;
use crate::fs::{self, FsError, Kind};
use crate::member_path::{Node, Paths};

/// Every file below `directory`, under names that every file system keeps.
pub(super) fn list(directory: &Path) -> Result<Vec<Found>, PayloadError> {
    let root = directory.canonicalize().map_err(FsError::read(directory))?;
    let mut paths = Paths::default();
    let mut found = Vec::new();
    for walked in fs::walk(directory)? {
        let path = name::path(directory, walked.relative.as_bytes())?;
        let Some(path) = path.filter(|path| !name::is_litter(path)) else { continue };
        name::take(&mut paths, directory, &path, Node::File)?;
        let (source, size) = match walked.kind {
            Kind::File => (walked.path, walked.size),
            Kind::Link => {
                let refused = |why| PayloadError::Link { path: directory.to_owned(), member: path.to_string(), why };
                let source = walked.path.canonicalize().map_err(|_| refused("leads nowhere"))?;
                if !source.starts_with(&root) {
                    return Err(refused("leads out of the payload"));
                }
                let metadata = std::fs::metadata(&source).map_err(FsError::read(&source))?;
                if !metadata.is_file() {
                    return Err(refused("does not lead to a file of the payload"));
                }
                (source, metadata.len())
            }
            Kind::Other => {
                let what = "a device, FIFO or socket";
                return Err(PayloadError::Special { path: directory.to_owned(), member: path.to_string(), what });
            }
        };
        found.push(Found { path, source, size, mode: walked.mode, part: Part::Payload });
    }
    Ok(found)
}
