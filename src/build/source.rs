//! The files of a distribution: where the bytes of each come from, and how they are read.

use std::io;
use std::path::{Path, PathBuf};

use crate::fs::Mode;
use crate::zip::deflate::JoinError;

/// One file.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    /// Its path in the archive, joined by `/`; for dist-info files the path below the dist-info directory.
    pub(crate) path: String,
    pub(crate) mode: Mode,
    pub(crate) source: MemberSource,
}

/// Where the bytes of a member come from.
#[derive(Debug, Clone)]
pub(crate) enum MemberSource {
    File {
        path: PathBuf,
        /// Its size in bytes when it was found.
        size: u64,
    },
    Bytes(Vec<u8>),
}

impl MemberSource {
    pub(crate) fn size(&self) -> u64 {
        match self {
            Self::File { size, .. } => *size,
            Self::Bytes(bytes) => bytes.len() as u64,
        }
    }
}

/// A source that could not be read or compressed.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    #[error("cannot read `{}`", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("`{}` changed while it was read", path.display())]
    Changed { path: PathBuf },
    #[error(transparent)]
    Join(#[from] JoinError),
}

pub(super) fn read_error(path: &Path) -> impl FnOnce(io::Error) -> SourceError + '_ {
    move |source| SourceError::Read { path: path.to_owned(), source }
}

pub(super) fn changed(source: &MemberSource) -> SourceError {
    match source {
        MemberSource::File { path, .. } => SourceError::Changed { path: path.clone() },
        MemberSource::Bytes(_) => SourceError::Join(JoinError),
    }
}
