//! Why a stage was not written.

use std::path::PathBuf;

use super::{PyprojectError, TemplateError};
use crate::binary::BinaryError;
use crate::error::{Exit, Explain};
use crate::fs::FsError;
use crate::member_path::Unkeepable;
use crate::payload::PayloadError;
use crate::product::ProjectError;
use crate::target::PlatformTag;
use crate::version::CodexVersion;

/// A stage that could not be written. Nothing of it is left behind.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// The payload is none.
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// A file cannot be read or written.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// The template's table cannot be used.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// The template cannot be used.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The template's `pyproject.toml` cannot be edited.
    #[error(transparent)]
    Pyproject(#[from] PyprojectError),
    /// A file has a path that not every system can keep.
    #[error(transparent)]
    Path(#[from] Unkeepable),
    /// The output and an input overlap.
    #[error("the output `{}` overlaps the {what} `{}`", out.display(), input.display())]
    Overlap {
        /// The output.
        out: PathBuf,
        /// The input.
        input: PathBuf,
        /// Which input.
        what: &'static str,
    },
    /// A file of the payload looks like a binary and is none.
    #[error("`{member}` of `{}` cannot be used", payload.display())]
    Binary {
        /// The payload.
        payload: PathBuf,
        /// The path of the file in the import package.
        member: String,
        /// What is wrong with it.
        #[source]
        source: BinaryError,
    },
    /// The entry executable is a shared library.
    #[error("`{member}` of `{}` is a shared library, not an executable", payload.display())]
    Library {
        /// The payload.
        payload: PathBuf,
        /// The path that it would have in the import package.
        member: String,
    },
    /// The binaries are for another machine than the tag.
    #[error("`{}` cannot be tagged `{tag}`: `{member}`: {objection}", payload.display())]
    WrongMachine {
        /// The payload.
        payload: PathBuf,
        /// The tag that was asked for.
        tag: Box<PlatformTag>,
        /// The binary.
        member: String,
        /// Why.
        objection: String,
        /// Tags that all binaries honour.
        honest: Vec<PlatformTag>,
    },
    /// No tag is honest for all binaries of the payload.
    #[error("no platform tag is honest for `{}`: {reasons}", payload.display())]
    NoHonestTag {
        /// The payload.
        payload: PathBuf,
        /// What stands in the way of the nearest ones.
        reasons: String,
    },
    /// The payload says that it is another version.
    #[error("`{}` is version {stated} by its {place}, not {asked}", payload.display())]
    Version {
        /// The payload.
        payload: PathBuf,
        /// The version that it states.
        stated: String,
        /// Where it states it.
        place: &'static str,
        /// The version that was asked for.
        asked: Box<CodexVersion>,
    },
    /// The payload says that it is for another target than the tag.
    #[error("`{}` is built for `{stated}` by its `codex-package.json`, which `{tag}` does not fit", payload.display())]
    Target {
        /// The payload.
        payload: PathBuf,
        /// The target that it states.
        stated: String,
        /// The tag.
        tag: PlatformTag,
    },
    /// The payload and the template both have a file.
    #[error("the payload and the template both have `{path}`")]
    Conflict {
        /// The path in the stage.
        path: String,
    },
}

impl Explain for StageError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Payload(error) => error.hint(),
            Self::Fs(error) => error.hint(),
            Self::Project(error) => error.hint(),
            Self::Template(error) => error.hint(),
            Self::Pyproject(error) => error.hint(),
            Self::Path(error) => error.hint(),
            Self::Overlap { .. } => Some("give an output directory beside it".into()),
            Self::Binary { source, .. } => source.hint(),
            Self::Library { .. } => {
                Some("give the program that users start; libraries go beside it, in a package directory".into())
            }
            Self::WrongMachine { honest, .. } if honest.is_empty() => {
                Some("no platform tag is honest for it: `relkit inspect` shows why".into())
            }
            Self::WrongMachine { honest, .. } => {
                let tags: Vec<_> = honest.iter().map(|tag| format!("`{tag}`")).collect();
                Some(format!("honest are {}; without `--platform-tag` relkit chooses", tags.join(", ")))
            }
            Self::NoHonestTag { .. } => {
                Some("replace the binaries named, or give `--platform-tag` and see what `relkit check` says".into())
            }
            Self::Version { stated, .. } => {
                Some(format!("give the payload of that release, or `--codex-version {stated}`"))
            }
            Self::Target { .. } => Some("give the payload that was built for the tag, or another tag".into()),
            Self::Conflict { .. } => Some("take the file out of one of them".into()),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Payload(error) => error.exit(),
            Self::Fs(error) => error.exit(),
            Self::Project(error) => error.exit(),
            Self::Template(error) => error.exit(),
            Self::Pyproject(error) => error.exit(),
            Self::Path(error) => error.exit(),
            Self::Overlap { .. } | Self::Conflict { .. } => Exit::Failed,
            Self::Binary { .. }
            | Self::Library { .. }
            | Self::WrongMachine { .. }
            | Self::NoHonestTag { .. }
            | Self::Version { .. }
            | Self::Target { .. } => Exit::NotGood,
        }
    }
}
