//! Why a smoke test could not be carried out. A runtime that does not work is no error but a failed report.

use std::io;
use std::path::PathBuf;

use crate::error::Explain;
use crate::wheel::reader::WheelError;

#[derive(Debug, thiserror::Error)]
pub enum SmokeError {
    #[error("cannot read `{}`", path.display())]
    Read { path: PathBuf, source: io::Error },
    /// The wheel cannot be unpacked for a reason that is not its own.
    #[error("cannot unpack `{}`", path.display())]
    Unpack { path: PathBuf, source: WheelError },
    #[error("cannot make a temporary directory in `{}`", directory.display())]
    Home { directory: PathBuf, source: io::Error },
    #[error("cannot open a port on 127.0.0.1 for the model server")]
    ModelServer(#[source] io::Error),
}

impl Explain for SmokeError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Read { source, .. } if source.kind() == io::ErrorKind::IsADirectory => {
                "give a wheel or an executable file"
            }
            Self::Read { .. } => "check the path and its permissions",
            Self::Unpack { source, .. } => return source.hint(),
            Self::Home { .. } => "free space there, or set TMPDIR to another directory",
            Self::ModelServer(_) => return None,
        };
        Some(hint.to_owned())
    }
}
