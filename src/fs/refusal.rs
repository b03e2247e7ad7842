//! What an error of the system alone does not say, kept inside it: so that whoever shows it can say what to do.

use std::io;
use std::path::PathBuf;

use crate::console::text::human_bytes;

/// A file that is larger than anything of its kind.
#[derive(Debug, thiserror::Error)]
#[error("it has {}, and no more than {} are read", human_bytes(*length), human_bytes(*limit))]
pub(super) struct TooLong {
    pub(super) length: u64,
    pub(super) limit: u64,
}

/// Whether a file was refused for its size.
pub(crate) fn is_too_long(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|error| error.is::<TooLong>())
}

/// The disk that is full, or the directory that is missing, is not that of the file.
#[derive(Debug, thiserror::Error)]
#[error("no temporary file can be written in `{}`: {error}", place.display())]
pub(super) struct NoCopy {
    pub(super) place: PathBuf,
    pub(super) error: io::Error,
}
