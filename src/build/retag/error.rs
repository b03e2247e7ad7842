//! Why a wheel was not retagged.

use std::io;
use std::path::PathBuf;

use crate::binary::{BinaryError, Objection, WhyNoTag, honest_instead};
use crate::build::output::WriteError;
use crate::error::{Exit, Explain};
use crate::fs::temporary_hint;
use crate::target::PlatformTag;
use crate::wheel::reader::WheelError;

/// A wheel that is not written under another tag; nothing is left under its new name.
#[derive(Debug, thiserror::Error)]
pub enum RetagError {
    #[error(transparent)]
    Wheel(#[from] WheelError),
    /// A file of the wheel looks like a binary and is none.
    #[error("`{member}` of `{}` cannot be judged", path.display())]
    Binary {
        path: PathBuf,
        member: String,
        #[source]
        source: BinaryError,
    },
    /// A binary breaks the promise of the tag that was asked for.
    #[error("`{}` cannot be tagged `{tag}`: `{member}`: {objection}{}", path.display(), others(*more))]
    Dishonest {
        path: PathBuf,
        tag: PlatformTag,
        member: String,
        objection: Box<Objection>,
        /// How many further files object to a tag of the set.
        more: usize,
        honest: Vec<PlatformTag>,
    },
    /// A tag of a platform without rules here.
    #[error("`{}` cannot be tagged `{tag}`: nobody can tell here whether `{member}` runs there", path.display())]
    Unjudged { path: PathBuf, tag: PlatformTag, member: String, honest: Vec<PlatformTag> },
    #[error("no platform tag is honest for `{}`: {why}", path.display())]
    NoHonestTag { path: PathBuf, why: WhyNoTag },
    #[error("`{}` and `{}` both become `{name}`", one.display(), other.display())]
    Collision { one: PathBuf, other: PathBuf, name: String },
    #[error("`{}` exists and holds something else", path.display())]
    Exists { path: PathBuf },
    #[error("`{}` changed while it was read", path.display())]
    Changed { path: PathBuf },
    #[error("cannot keep a copy of `{member}` of `{}`", path.display())]
    Temporary {
        path: PathBuf,
        member: String,
        #[source]
        source: io::Error,
    },
    #[error("cannot write `{}`", path.display())]
    Write {
        path: PathBuf,
        #[source]
        source: WriteError,
    },
}

fn others(more: usize) -> String {
    match more {
        0 => String::new(),
        1 => "; one more file objects".into(),
        more => format!("; {more} more files object"),
    }
}

impl Explain for RetagError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Wheel(error) => error.hint(),
            Self::Binary { source, .. } => source.hint(),
            Self::Dishonest { honest, .. } | Self::Unjudged { honest, .. } => {
                Some(honest_instead(honest, "`--honest` chooses by itself"))
            }
            Self::NoHonestTag { why, .. } => {
                why.hint().or_else(|| Some("replace the binaries named, or build the wheel again".into()))
            }
            Self::Collision { .. } => Some("give one of them: under these tags an index takes one wheel".into()),
            Self::Exists { .. } => Some("give another `--out-dir`, or pass `--force` to replace it".into()),
            Self::Changed { .. } => Some("leave the wheel alone until it is written, and run the command again".into()),
            Self::Temporary { source, .. } => Some(temporary_hint(source).into()),
            Self::Write { source, .. } => source.hint(),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Wheel(error) => error.exit(),
            Self::Write { source, .. } => source.exit(),
            Self::Binary { .. } | Self::Dishonest { .. } | Self::Unjudged { .. } | Self::NoHonestTag { .. } => {
                Exit::NotGood
            }
            Self::Collision { .. } | Self::Exists { .. } | Self::Changed { .. } | Self::Temporary { .. } => {
                Exit::Failed
            }
        }
    }
}

impl From<(PathBuf, WriteError)> for RetagError {
    fn from((path, source): (PathBuf, WriteError)) -> Self {
        Self::Write { path, source }
    }
}
