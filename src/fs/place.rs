//! What a name that is written to stands for: a file that is replaced as a whole, or something that bytes pass through.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::error::FsError;
use super::platform::{is_socket, not_regular, parent_of};

/// How many links one name may lead over, as file systems have it.
const MAX_LINKS: usize = 40;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// The file there, or a name that is free: what links lead to, so that they stay.
    File(PathBuf),
    /// A device, FIFO or socket, or a stream that is open already: nothing that a file may take the place of.
    Through,
}

impl Place {
    /// The file, for what cannot be written otherwise.
    pub(crate) fn file(self, target: &Path) -> Result<PathBuf, FsError> {
        match self {
            Self::File(path) => Ok(path),
            Self::Through => Err(FsError::write(target)(not_regular())),
        }
    }
}

/// What `target` stands for. The administrator may replace anything, so that this is asked before anything is written.
pub(crate) fn place(target: &Path) -> Result<Place, FsError> {
    match fs::metadata(target) {
        Ok(metadata) if metadata.is_dir() => return Err(FsError::write(target)(io::ErrorKind::IsADirectory.into())),
        Ok(metadata) if !metadata.is_file() => return Ok(Place::Through),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(FsError::write(target)(error)),
    }
    let mut path = target.to_owned();
    for _ in 0..MAX_LINKS {
        // `/dev/stdout` leads there: a file that others have open, and that its name may no longer lead to.
        if parent_of(&path).canonicalize().is_ok_and(|parent| parent.starts_with("/proc")) {
            return Ok(Place::Through);
        }
        match fs::read_link(&path) {
            Ok(link) => path = parent_of(&path).join(link),
            Err(_) => break,
        }
    }
    Ok(Place::File(path))
}

/// Refuses, before the work is done, what the result of it cannot be written to.
///
/// # Errors
/// When a directory or a socket is there.
pub(crate) fn must_be_writable(target: &Path) -> Result<(), FsError> {
    // A name that ends so is that of a directory, be it there or not.
    if target.as_os_str().to_string_lossy().ends_with(std::path::is_separator) {
        return Err(FsError::write(target)(io::ErrorKind::IsADirectory.into()));
    }
    match place(target)? {
        Place::Through if is_socket(target) => Err(FsError::write(target)(not_regular())),
        _ => Ok(()),
    }
}
