//! What keeps a check from being carried out. Whatever can be read and is not good is a finding instead.

use std::path::PathBuf;

use crate::error::{Exit, Explain};
use crate::fs::{FsError, temporary_hint};
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
    /// Nothing would be looked at, and the report would say that all is well.
    #[error("{} only where it is known what the release is to be", held(rules))]
    OfGate { rules: Vec<&'static str> },
    /// A large binary is unpacked to a temporary file, and that cannot be written or mapped.
    #[error("cannot unpack `{member}` of `{}` to a temporary file", path.display())]
    Temporary {
        path: PathBuf,
        member: String,
        #[source]
        source: std::io::Error,
    },
}

/// `a`, and the verb that goes with it; of many only the first.
fn held(rules: &[&str]) -> String {
    match rules {
        [one] => format!("`{one}` is held"),
        [first, others @ ..] => format!("`{first}` and {} more of the selected rules are held", others.len()),
        [] => "nothing is held".to_owned(),
    }
}

impl Explain for CheckError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Read(error) => error.hint(),
            Self::Open(error) => error.hint(),
            Self::Kind { .. } => Some("give distributions as `python -m build` names them, or their directory".into()),
            Self::Empty { .. } => Some("build the distributions first, or give another directory".into()),
            Self::OfGate { .. } => Some(
                "use `relkit verify DIST --release-version VERSION`, with `--receipts DIR` for the rules about receipts; those \
                 about an index need `NAME==VERSION --index-url URL`"
                    .into(),
            ),
            Self::Temporary { source, .. } => Some(temporary_hint(source).into()),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Read(error) => error.exit(),
            Self::Open(error) => error.exit(),
            _ => Exit::Failed,
        }
    }
}
