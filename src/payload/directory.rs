//! The files of a payload that is a directory. Links that stay inside lead to what they name; nothing else is followed.

use std::path::Path;

use super::PayloadError;
use super::name::{self, Names};
use super::unpack::Found;
use crate::fs::{self, FsError, Kind};

/// Every file below `directory`, under names that every file system keeps.
pub(super) fn list(directory: &Path) -> Result<Vec<Found>, PayloadError> {
    let root = directory.canonicalize().map_err(FsError::read(directory))?;
    let mut names = Names::default();
    let mut found = Vec::new();
    for walked in fs::walk(directory)? {
        let refused_name = |why| PayloadError::Name {
            path: directory.to_owned(),
            member: name::shown(walked.relative.as_bytes()),
            why,
        };
        let path = name::clean(walked.relative.as_bytes()).map_err(refused_name)?;
        if path.is_empty() || name::is_litter(&path) {
            continue;
        }
        names.take(directory, &path)?;
        let (source, size) = match walked.kind {
            Kind::File => (walked.path, walked.size),
            Kind::Link => {
                let refused = |why| PayloadError::Link { path: directory.to_owned(), member: path.clone(), why };
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
                return Err(PayloadError::Special { path: directory.to_owned(), member: path, what });
            }
        };
        found.push(Found { path, source, size });
    }
    Ok(found)
}
