//! Why a directory cannot be built from.

use std::path::PathBuf;

use super::hatch::SettingError;
use super::table::TableError;
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
    #[error("`{}`{} cannot be built from", path.display(), line.map(|line| format!(", line {line},")).unwrap_or_default())]
    Project {
        path: PathBuf,
        line: Option<usize>,
        #[source]
        source: TableError,
    },
    #[error("`{}`: {why}", path.display())]
    File { path: PathBuf, why: String },
    /// A file that a key of the [project] table names, and why it is of no use.
    #[error("`{}`{}: `project.{key}` names `{}`: {why}", path.display(), line.map(|line| format!(", line {line}")).unwrap_or_default(), file.display())]
    Named { path: PathBuf, line: Option<usize>, key: &'static str, file: PathBuf, why: String },
    #[error("`{}` is missing: the stage names it as an executable of the wheel", path.display())]
    NoExecutable { path: PathBuf },
    #[error("`{}` is {what}, and a distribution holds regular files only", path.display())]
    Special { path: PathBuf, what: &'static str },
    #[error("`{}` and `{}` both give `{path}` of the wheel", one.display(), other.display())]
    Twice { one: PathBuf, other: PathBuf, path: String },
    #[error("`{}` would stand in the place of `{name}`, which every build writes itself", path.display())]
    Own { path: PathBuf, name: String },
    #[error("`{}` is selected, and hatchling leaves {why} out of a wheel", path.display())]
    LeftOut { path: PathBuf, why: String },
    #[error(transparent)]
    Setting(#[from] SettingError),
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
            Self::Twice { .. } => Some("map one of them to another path, or leave it out".into()),
            Self::Own { .. } => Some("map the file to another path".into()),
            Self::LeftOut { why, .. } if why.starts_with("what ") => {
                Some("set `ignore-vcs = true` below [tool.hatch.build]".into())
            }
            Self::LeftOut { .. } => Some("name it in `force-include`, or remove it from the stage".into()),
            Self::Setting(error) => error.hint(),
            Self::Fs(error) => error.hint(),
            Self::Project { source, .. } => source.hint(),
            Self::Named { .. } => Some("correct the key, or put the file into the template".into()),
            Self::Pyproject { .. } | Self::File { .. } | Self::Metadata { .. } => None,
        }
    }

    fn exit(&self) -> Exit {
        if matches!(self, Self::Untrue { .. } | Self::NoExecutable { .. }) { Exit::NotGood } else { Exit::Failed }
    }
}
