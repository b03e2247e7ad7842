//! Why an input is no payload, in words for the person who gave it.

use std::path::PathBuf;

use crate::error::{Exit, Explain};
use crate::fs::FsError;
use crate::member_path::{Clash, PathError};

/// An input that is not a usable payload. Every variant names the input.
#[derive(Debug, thiserror::Error)]
pub enum PayloadError {
    /// The input cannot be read, or its files cannot be unpacked to the disk.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// A device, socket or FIFO.
    #[error("`{}` is neither a file nor a directory", path.display())]
    NotAFile {
        /// The input.
        path: PathBuf,
    },
    /// A file without a byte.
    #[error("`{}` is empty", path.display())]
    Empty {
        /// The input.
        path: PathBuf,
    },
    /// Text, a script, or data of an unknown kind.
    #[error("`{}` is {what}, not an executable", path.display())]
    NotExecutable {
        /// The input.
        path: PathBuf,
        /// What it is instead, with its article.
        what: &'static str,
    },
    /// A compressed file that holds something else than a tar archive.
    #[error("`{}` is compressed, but what it holds is not a tar archive", path.display())]
    NotTar {
        /// The input.
        path: PathBuf,
    },
    /// No file of the input can be the entry executable.
    #[error("`{}` holds no executable: expected {expected}", path.display())]
    NoExecutable {
        /// The input.
        path: PathBuf,
        /// What would have been one.
        expected: String,
    },
    /// Several files could be the entry executable.
    #[error("`{}` holds several executables, and none of them is known to be the entry point: {names}", path.display())]
    SeveralExecutables {
        /// The input.
        path: PathBuf,
        /// Their names.
        names: String,
    },
    /// The archive cannot be read to its end.
    #[error("`{}` is damaged", path.display())]
    Damaged {
        /// The input.
        path: PathBuf,
        /// What the decoder says.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A member has a name that must not be unpacked.
    #[error("`{}`: member `{member}`: {why}", path.display())]
    Name {
        /// The input.
        path: PathBuf,
        /// The member, with unprintable characters escaped.
        member: String,
        /// What is wrong with the name.
        why: PathError,
    },
    /// Two members have names that are one on some file systems.
    #[error("`{}`: two members have the same name: {clash}", path.display())]
    Collision {
        /// The input.
        path: PathBuf,
        /// Their names.
        clash: Clash,
    },
    /// One name occurs twice.
    #[error("`{}`: member `{member}` occurs twice: {clash}", path.display())]
    Duplicate {
        /// The input.
        path: PathBuf,
        /// The member.
        member: String,
        /// As what.
        clash: Clash,
    },
    /// A link that leaves the payload, or leads to something else than a file of it.
    #[error("`{}`: link `{member}` {why}", path.display())]
    Link {
        /// The input.
        path: PathBuf,
        /// The link.
        member: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A device, FIFO, socket or sparse member.
    #[error("`{}`: member `{member}` is {what}", path.display())]
    Special {
        /// The input.
        path: PathBuf,
        /// The member.
        member: String,
        /// What it is, with its article.
        what: &'static str,
    },
    /// A member is encrypted.
    #[error("`{}`: member `{member}` is encrypted", path.display())]
    Encrypted {
        /// The input.
        path: PathBuf,
        /// The member.
        member: String,
    },
    /// The archive is sound, and uses something that is not read.
    #[error("`{}` cannot be unpacked: {what}", path.display())]
    Unsupported {
        /// The input.
        path: PathBuf,
        /// What it uses.
        what: String,
    },
    /// More bytes or members than an honest archive of this size unpacks to.
    #[error("`{}` unpacks to more than {limit}; a payload never does", path.display())]
    Bomb {
        /// The input.
        path: PathBuf,
        /// The limit that was passed.
        limit: String,
    },
    /// A wheel whose content is not what its RECORD says.
    #[error("`{}`: `{member}` {why}", path.display())]
    Record {
        /// The input.
        path: PathBuf,
        /// The member.
        member: String,
        /// How the two differ.
        why: &'static str,
    },
    /// `codex-package.json` cannot be used.
    #[error("`{}`: `codex-package.json` {why}", path.display())]
    Package {
        /// The input.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

impl Explain for PayloadError {
    fn hint(&self) -> Option<String> {
        const FORMS: &str = "a payload is an executable, a package directory (`codex-package.json` beside `bin/`), a \
                             `.tar.gz`, `.tar.zst` or `.zip` of either, or a published runtime wheel";
        match self {
            Self::Fs(error) => error.hint(),
            Self::NotAFile { .. } | Self::NotExecutable { .. } | Self::NotTar { .. } | Self::NoExecutable { .. } => {
                Some(FORMS.into())
            }
            Self::Empty { .. } | Self::Damaged { .. } | Self::Record { .. } => {
                Some("fetch or build the file again".into())
            }
            Self::SeveralExecutables { .. } => Some(
                "give the one executable itself, or a package directory, whose `codex-package.json` names it".into(),
            ),
            Self::Link { .. } => Some("replace the link by the file that it leads to".into()),
            Self::Encrypted { .. } => Some("unpack the archive and give the directory".into()),
            Self::Unsupported { .. } => Some(
                "unpack the archive and give the directory, or pack it again as `.tar.gz`, `.tar.zst` or a deflated `.zip`"
                    .into(),
            ),
            Self::Name { .. } => Some("rename it below the top of the payload, with parts joined by `/`".into()),
            Self::Collision { .. } => Some("rename one of them, or leave it out: many file systems keep only one".into()),
            Self::Duplicate { .. } => Some("pack the archive again with each name once".into()),
            Self::Special { .. } => Some("leave it out, or replace it by a regular file: a wheel holds nothing else".into()),
            Self::Bomb { .. } => Some("give an archive of the payload alone, or its directory".into()),
            Self::Package { .. } => Some("mend `codex-package.json`, or give a payload without one".into()),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Fs(error) => error.exit(),
            Self::NotAFile { .. } => Exit::Failed,
            _ => Exit::NotGood,
        }
    }
}
