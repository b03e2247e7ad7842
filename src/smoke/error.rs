//! Why a smoke test could not be carried out. A runtime that does not work is no error but a failed report.

use std::io;
use std::path::PathBuf;

use crate::error::{Exit, Explain};
use crate::fs::{FsError, io_hint, is_too_long, path_hint};
use crate::product::Level;
use crate::wheel::name::DistributionName;
use crate::wheel::reader::WheelError;

#[derive(Debug, thiserror::Error)]
pub enum SmokeError {
    #[error("cannot read `{}`", path.display())]
    Read { path: PathBuf, source: io::Error },
    /// The wheel cannot be unpacked for a reason that is not its own.
    #[error("cannot unpack `{}`", path.display())]
    Unpack { path: PathBuf, source: WheelError },
    /// What the runtime is to live in cannot be made.
    #[error(transparent)]
    Home(#[from] FsError),
    /// This machine could not carry a step out.
    #[error("the step `{step}` could not be carried out: {why}")]
    Machine { step: String, why: String, hint: String },
    /// A level that only an app server has.
    #[error("there is no level {level} for `{distribution}`: its program is no app server")]
    NoAppServer { level: Level, distribution: DistributionName },
    #[error("no port on 127.0.0.1 can be opened and reached for the model server")]
    ModelServer(#[source] io::Error),
}

impl Explain for SmokeError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Read { source, .. } if source.kind() == io::ErrorKind::IsADirectory => {
                "give a wheel or an executable file"
            }
            Self::Read { path, source } => return Some(path_hint(path, source)),
            Self::Unpack { source, .. } => return source.hint(),
            Self::Home(source) => return source.hint(),
            Self::Machine { hint, .. } => return Some(hint.clone()),
            Self::NoAppServer { .. } => {
                "use `--level version` or `--level command`; `--product DIR` names another product"
            }
            Self::ModelServer(source) => return Some(io_hint(source).into()),
        };
        Some(hint.to_owned())
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Read { source, .. } if is_too_long(source) => Exit::NotGood,
            _ => Exit::Failed,
        }
    }
}
