//! The file that a distribution becomes: how it is written, and the errors of that.

use std::io::{BufReader, Seek as _, SeekFrom};
use std::num::NonZeroUsize;
use std::path::Path;

use super::source::SourceError;
use crate::digest::{FileDigest, Sha256Digest};
use crate::error::{Exit, Explain};
use crate::fs::{FsError, PendingFile, portable};
use crate::member_path::Unkeepable;
use crate::zip::archive::MemberError;
use crate::zip::deflate::Compression;
use crate::zip::writer::SourceDate;

/// How a distribution is written.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    pub(crate) compression: Compression,
    /// How many threads compress; the bytes are the same for every number.
    pub(crate) jobs: NonZeroUsize,
    pub(crate) date: SourceDate,
    pub(crate) digest: FileDigest,
}

impl Default for Options {
    /// The default preset and date, a thread for every processor, and the digest of what is written.
    fn default() -> Self {
        let jobs = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Self { compression: Compression::default(), jobs, date: SourceDate::default(), digest: FileDigest::Computed }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) size: u64,
    /// `None` where it was not asked for.
    pub(crate) sha256: Option<Sha256Digest>,
}

/// A distribution that could not be written; nothing is left under its name.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error(transparent)]
    Output(#[from] FsError),
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Path(#[from] Unkeepable),
    #[error(transparent)]
    Member(#[from] MemberError),
}

impl Explain for WriteError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Output(error) => error.hint(),
            Self::Source(SourceError::Changed { .. }) => Some("leave the stage alone until the build is done".into()),
            Self::Source(SourceError::Read { .. }) => Some("check that the stage can be read".into()),
            Self::Path(error) => error.hint(),
            Self::Member(error) => error.hint(),
            Self::Source(SourceError::Join(_)) => None,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Path(error) => error.exit(),
            Self::Member(error) => error.exit(),
            Self::Output(_) | Self::Source(_) => Exit::Failed,
        }
    }
}

/// Gives a complete file its name.
pub(super) fn commit(mut pending: PendingFile, target: &Path, digest: FileDigest) -> Result<Written, WriteError> {
    let written = match digest {
        FileDigest::Computed => {
            let (sha256, size) = measure(&mut pending, target)?;
            Written { size, sha256: Some(sha256) }
        }
        FileDigest::Omitted => {
            let metadata = pending.file().metadata().map_err(FsError::write(target))?;
            Written { size: metadata.len(), sha256: None }
        }
    };
    pending.commit()?;
    Ok(written)
}

/// The digest and size of a complete file that has no name yet.
pub(super) fn measure(pending: &mut PendingFile, target: &Path) -> Result<(Sha256Digest, u64), WriteError> {
    let file = pending.file();
    file.seek(SeekFrom::Start(0)).map_err(FsError::write(target))?;
    let mut reader = BufReader::with_capacity(1 << 18, file);
    Ok(Sha256Digest::of_reader(&mut reader).map_err(FsError::write(target))?)
}

/// A path in JSON.
pub(super) fn portable_path<S: serde::Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&portable(path))
}
