//! What keeps a check from being carried out. Whatever can be read and is not good is a finding instead.

use std::path::PathBuf;

use crate::error::{Exit, Explain};
use crate::fs::FsError;
use crate::zip::archive::ArchiveError;

/// A check that could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    #[error(transparent)]
    Read(#[from] FsError),
    #[error(transparent)]
    Open(#[from] ArchiveError),
    /// A path is neither a directory nor named as a wheel or source distribution is.
    #[error("`{}` is neither a wheel (`.whl`), a source distribution (`.tar.gz`) nor a directory", path.display())]
    Kind { path: PathBuf },
    #[error("`{}` holds no wheel and no source distribution", path.display())]
    Empty { path: PathBuf },
    /// A large binary is unpacked to a temporary file, and that cannot be written or mapped.
    #[error("cannot unpack `{member}` of `{}` to a temporary file", path.display())]
    Temporary {
        path: PathBuf,
        member: String,
        #[source]
        source: std::io::Error,
    },
}

impl Explain for CheckError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Read(error) => error.hint(),
            Self::Open(error) => error.hint(),
            Self::Kind { .. } => Some("give distributions as `python -m build` names them, or their directory".into()),
            Self::Empty { .. } => Some("build the distributions first, or give another directory".into()),
            Self::Temporary { .. } => Some("free space in the temporary directory, or set TMPDIR to another".into()),
        }
    }

    fn exit(&self) -> Exit {
        Exit::Failed
    }
}
