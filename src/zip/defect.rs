//! What can be wrong with the framing of an archive, as data, and the error of opening one.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Exit, Explain};
use crate::fs::{is_too_long, path_hint};

/// Something that is wrong with the framing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defect {
    pub(crate) kind: DefectKind,
    /// The entry it belongs to, where it belongs to one.
    pub(crate) member: Option<String>,
    /// What was found, as a sentence without a full stop.
    pub(crate) message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum DefectKind {
    /// There is no end of central directory record: this is not a zip archive.
    NotAnArchive,
    /// The end records, the central directory and the file do not agree on counts, sizes or places.
    Directory,
    SeveralDisks,
    /// More than one end of central directory record follows the central directory.
    SeveralEnds,
    /// The zip64 records or extra fields lie.
    Zip64,
    /// A zip64 record or extra field that nothing needs.
    Zip64Needless,
    Prefix,
    Trailing,
    /// Bytes between entries that belong to none.
    Gap,
    /// A local header that the central directory does not list.
    HiddenEntry,
    Overlap,
    /// A local header disagrees with its central directory entry on name, method, flags, CRC or sizes.
    LocalHeader,
    /// A local header disagrees with its central directory entry on the time of modification, or on flags that no
    /// reader heeds.
    LocalHint,
    /// The data of an entry lies outside the archive or its local header cannot be read.
    Unlocated,
    Method,
    Encrypted,
    /// A data descriptor follows a deflated entry.
    Descriptor,
    /// A data descriptor follows a stored entry, whose end a streaming reader cannot know.
    DescriptorStored,
    /// A data descriptor is missing or says other things than the central directory.
    DescriptorWrong,
    ExtraField,
    /// An Info-ZIP unicode path extra field (0x7075), which gives the entry a second name.
    UnicodePath,
    /// The extra fields cannot be parsed, or one of them stands twice.
    ExtraFieldWrong,
    EntryComment,
    ArchiveComment,
    /// The comment of the archive holds the signature of a record.
    ArchiveInComment,
    Date,
    /// The name is not UTF-8.
    NameEncoding,
    /// The name is UTF-8, is not ASCII, and is not marked.
    NameUnmarked,
}

/// More than anyone reads; each costs memory.
const MAX_DEFECTS: usize = 20_000;

/// Every defect in the order it was met.
#[derive(Debug, Default)]
pub(super) struct Defects(pub Vec<Defect>);

impl Defects {
    /// A defect of the archive as a whole.
    pub(super) fn whole(&mut self, kind: DefectKind, message: impl Into<String>) {
        self.push(kind, None, message.into());
    }

    /// A defect of one entry.
    pub(super) fn of(&mut self, kind: DefectKind, member: &str, message: impl Into<String>) {
        self.push(kind, Some(member.to_owned()), message.into());
    }

    fn push(&mut self, kind: DefectKind, member: Option<String>, message: String) {
        if self.0.len() < MAX_DEFECTS {
            self.0.push(Defect { kind, member, message });
        }
    }
}

/// An archive that cannot be opened, or is none.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error("cannot read `{}`", path.display())]
    Open {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("`{}` is not a zip archive that can be trusted: {message}", path.display())]
    Framing { path: PathBuf, message: String },
}

fn is_called_wheel(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("whl"))
}

impl Explain for ArchiveError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Open { path, source } => Some(path_hint(path, source)),
            // What is called otherwise is nothing that `check` takes.
            Self::Framing { path, .. } if !is_called_wheel(path) => {
                Some("give a wheel, as `relkit build` or `pip download` writes it: its name ends in `.whl`".into())
            }
            Self::Framing { .. } => Some("`relkit check` lists everything that is wrong with it".into()),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Open { source, .. } if is_too_long(source) => Exit::NotGood,
            Self::Open { .. } => Exit::Failed,
            Self::Framing { .. } => Exit::NotGood,
        }
    }
}
