//! Why a directory cannot be built from.

use std::path::PathBuf;

use super::project_table::TableError;
use crate::error::{Exit, Explain};
use crate::fs::FsError;
use crate::wheel::fields::FieldsError;

/// A directory that cannot be built from.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    #[error("`{}` is not a stage: {why}", path.display())]
    NotAStage { path: PathBuf, why: String },
    #[error("`{}` cannot be read", path.display())]
    Pyproject {
        path: PathBuf,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("`{}` cannot be built from", path.display())]
    Project {
        path: PathBuf,
        #[source]
        source: TableError,
    },
    #[error("`{}`: {why}", path.display())]
    File { path: PathBuf, why: String },
    #[error("`{}` is missing: the stage names it as an executable of the wheel", path.display())]
    NoExecutable { path: PathBuf },
    #[error("`{}` is {what}, and a distribution holds regular files only", path.display())]
    Special { path: PathBuf, what: &'static str },
    #[error("`{}` contradicts itself: {what}", path.display())]
    Untrue { path: PathBuf, what: String },
    #[error("`{}` has metadata that cannot be written", path.display())]
    Metadata {
        path: PathBuf,
        #[source]
        source: FieldsError,
    },
    #[error(transparent)]
    Fs(#[from] FsError),
}

impl Explain for StageError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::NotAStage { .. } | Self::Untrue { .. } => {
                Some("make a stage with `relkit stage-runtime` or `relkit stage-sdk`".into())
            }
            Self::NoExecutable { .. } => {
                Some("stage the payload again with `relkit stage-runtime`: no wheel works without it".into())
            }
            Self::Special { .. } => Some("replace it by a regular file, or remove it".into()),
            Self::Fs(error) => error.hint(),
            Self::Pyproject { .. } | Self::Project { .. } | Self::File { .. } | Self::Metadata { .. } => None,
        }
    }

    fn exit(&self) -> Exit {
        if matches!(self, Self::Untrue { .. } | Self::NoExecutable { .. }) { Exit::NotGood } else { Exit::Failed }
    }
}
