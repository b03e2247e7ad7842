//! A file or directory that could not be read or written, for every step that has nothing to add.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::Explain;

/// A file or directory that could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FsError {
    #[error("cannot read `{}`", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("cannot write `{}`", path.display())]
    Write {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("`{}` exists and is not empty", path.display())]
    NotEmpty { path: PathBuf },
    #[error("`{}` cannot be replaced: {why}", path.display())]
    NotReplaceable { path: PathBuf, why: &'static str },
    #[error("`{}` has a name that is not UTF-8", path.display())]
    Name { path: PathBuf },
}

impl FsError {
    /// A reading error of `path`, fit for `map_err`.
    pub fn read(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::Read { path: path.to_owned(), source }
    }

    /// A writing error of `path`, fit for `map_err`.
    pub fn write(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::Write { path: path.to_owned(), source }
    }
}

impl Explain for FsError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::NotEmpty { .. } => {
                Some("give an empty or new directory, or pass `--force` to replace this one".into())
            }
            Self::Read { source, .. } | Self::Write { source, .. } => match source.kind() {
                io::ErrorKind::StorageFull => Some("free space on the disk and run the command again".into()),
                io::ErrorKind::NotFound => Some("check the path".into()),
                io::ErrorKind::NotADirectory => Some("give a directory".into()),
                io::ErrorKind::IsADirectory => Some("give the path of a file".into()),
                io::ErrorKind::AlreadyExists => Some("a file has that name; give another path".into()),
                io::ErrorKind::PermissionDenied => Some("check the permissions of the path".into()),
                _ => None,
            },
            Self::NotReplaceable { .. } | Self::Name { .. } => None,
        }
    }
}
