//! Why an input is no payload, in words for the person who gave it.

use std::path::PathBuf;

use super::package::DESCRIPTOR;
use crate::error::{Exit, Explain};
use crate::fs::FsError;
use crate::member_path::{Clash, PathError};
use crate::product::KeyPosition;
use crate::wheel::record::RecordError;
use crate::wheel::verify::Disagreement;

/// An input that is not a usable payload. Every variant names the input.
#[derive(Debug, thiserror::Error)]
pub enum PayloadError {
    #[error(transparent)]
    Fs(#[from] FsError),
    #[error("`{}` is neither a file nor a directory", path.display())]
    NotAFile { path: PathBuf },
    #[error("`{}` is empty", path.display())]
    Empty { path: PathBuf },
    #[error("`{}` is {what}, not an executable", path.display())]
    NotExecutable { path: PathBuf, what: &'static str },
    #[error("`{}` is compressed, but what it holds is {what}, not a tar archive and not an executable", path.display())]
    NotTar { path: PathBuf, what: &'static str },
    #[error("`{}` holds no executable: expected {expected}", path.display())]
    NoExecutable { path: PathBuf, expected: String },
    /// A directory of artefacts, or an archive in another.
    #[error("`{}` holds no executable, and files that are packed: {names}", path.display())]
    Packed { path: PathBuf, names: String },
    #[error("`{}` holds several executables, and none of them is known to be the program: {names}", path.display())]
    SeveralExecutables { path: PathBuf, names: String },
    #[error("`{}` is damaged", path.display())]
    Damaged {
        path: PathBuf,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("`{}`: member `{member}`: {why}", path.display())]
    Name { path: PathBuf, member: String, why: PathError },
    #[error("`{}`: two members have the same name: {clash}", path.display())]
    Collision { path: PathBuf, clash: Clash },
    #[error("`{}`: member `{member}` occurs twice: {clash}", path.display())]
    Duplicate { path: PathBuf, member: String, clash: Clash },
    #[error("`{}`: {} both go to `{to}` of the wheel", path.display(), members.each_ref().map(|name| format!("`{name}`")).join(" and "))]
    OnePath { path: PathBuf, members: [String; 2], to: String },
    #[error("`{}`: `{member}` cannot go to `{to}` of the wheel: {clash}", path.display())]
    Destination { path: PathBuf, member: String, to: String, clash: Clash },
    /// A file that a row of `files` takes to a place that it cannot have.
    #[error("{fault} ({at})")]
    OfRow { fault: Box<PayloadError>, at: KeyPosition },
    /// A pattern of `files` that names one file, and should.
    #[error("`{}`: `files` ships `{pattern}` as the one file `{to}`, and it matches several: {members} ({at})", path.display())]
    OneName { path: PathBuf, pattern: String, members: String, to: String, at: KeyPosition },
    #[error("`{}` has nothing that `{pattern}` of `files` matches ({at})", path.display())]
    Unmatched { path: PathBuf, pattern: String, at: KeyPosition, nearest: String },
    #[error("`{}`: `{member}` cannot go to `{to}`, the place of {what} ({at})", path.display())]
    Replaced { path: PathBuf, member: String, to: String, what: String, at: KeyPosition },
    #[error("`{}`: link `{member}` {why}", path.display())]
    Link { path: PathBuf, member: String, why: &'static str },
    #[error("`{}`: member `{member}` is {what}", path.display())]
    Special { path: PathBuf, member: String, what: &'static str },
    #[error("`{}`: member `{member}` is encrypted", path.display())]
    Encrypted { path: PathBuf, member: String },
    #[error("`{}` cannot be unpacked: {what}", path.display())]
    Unsupported { path: PathBuf, what: String },
    #[error("`{}` unpacks to more than {limit}; a payload never does", path.display())]
    Bomb { path: PathBuf, limit: String },
    #[error("`{}`: `{member}` is missing, and every wheel has one", path.display())]
    NoWheel { path: PathBuf, member: String },
    #[error("`{member}` in `{}` cannot be used", path.display())]
    Record {
        path: PathBuf,
        member: String,
        #[source]
        source: RecordError,
    },
    #[error("`{member}` in `{}` is not what RECORD says: {why}", path.display())]
    Recorded { path: PathBuf, member: String, why: Disagreement },
    #[error("`{}`: `{DESCRIPTOR}` {why}", path.display())]
    Package { path: PathBuf, why: String },
}

impl Explain for PayloadError {
    fn hint(&self) -> Option<String> {
        const FORMS: &str = "a payload is an executable (also alone in a `.gz`, `.xz` or `.zst`), a directory that holds the \
                             program, a `.tar`, `.tar.gz`, `.tar.xz`, `.tar.zst` or `.zip` of either, or a published wheel; \
                             unpack what comes in another form";
        match self {
            Self::Fs(error) => error.hint(),
            Self::OfRow { fault, .. } => fault.hint(),
            Self::NotAFile { .. } | Self::NotExecutable { .. } | Self::NotTar { .. } | Self::NoExecutable { .. } => {
                Some(FORMS.into())
            }
            Self::Packed { path, .. } if path.is_dir() => {
                Some("each of those may be a payload: give the files themselves, not their directory".into())
            }
            Self::Packed { .. } => Some("unpack it, and give what is in it".into()),
            Self::Empty { .. } | Self::Damaged { .. } | Self::NoWheel { .. } | Self::Record { .. } | Self::Recorded { .. } => {
                Some("fetch or build the file again".into())
            }
            Self::SeveralExecutables { .. } => Some(
                "give the one executable itself, or rename it to the `executable` of the product's table, in `bin/` or at the \
                 top"
                    .into(),
            ),
            Self::OnePath { .. } | Self::Destination { .. } | Self::Replaced { .. } => {
                Some("give one of them another place in `files` of the product's table".into())
            }
            Self::OneName { .. } => Some("end `to` in a slash, and every file keeps its own name there".into()),
            Self::Unmatched { nearest, .. } if nearest.is_empty() => {
                Some("take the row out of `files`, or give the payload that has the file".into())
            }
            Self::Unmatched { nearest, .. } => Some(format!(
                "patterns count from the payload's top, without a folder around everything; the nearest there: {nearest}"
            )),
            Self::Link { .. } => Some("replace the link by the file that it leads to, or take it out: a wheel holds no links".into()),
            Self::Encrypted { .. } => Some("unpack the archive and give the directory".into()),
            Self::Unsupported { .. } => Some(
                "unpack the archive and give the directory, or pack it again as `.tar.gz`, `.tar.xz`, `.tar.zst` or a deflated `.zip`"
                    .into(),
            ),
            Self::Name { .. } => Some("rename it below the top of the payload, with parts joined by `/`".into()),
            Self::Collision { .. } => Some("rename one of them, or leave it out: many file systems keep only one".into()),
            Self::Duplicate { .. } => Some("pack the archive again with each name once".into()),
            Self::Special { .. } => Some("leave it out, or replace it by a regular file: a wheel holds nothing else".into()),
            Self::Bomb { .. } => Some("give an archive of the payload alone, or its directory".into()),
            Self::Package { .. } => Some(format!("mend `{DESCRIPTOR}`, or give a payload without one")),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Fs(error) => error.exit(),
            Self::OfRow { fault, .. } => fault.exit(),
            Self::NotAFile { .. } => Exit::Failed,
            _ => Exit::NotGood,
        }
    }
}
