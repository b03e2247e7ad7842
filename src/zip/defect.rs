//! What can be wrong with an archive: framing defects as data, and the errors of opening it and of reading a member.

use std::io;
use std::path::PathBuf;

use crate::error::{Exit, Explain};

/// What is wrong with the framing of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defect {
    /// The class of the defect.
    pub kind: DefectKind,
    /// The entry it belongs to, where it belongs to one.
    pub member: Option<String>,
    /// What was found, as a sentence without a full stop.
    pub message: String,
}

/// The classes of framing defects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DefectKind {
    /// There is no end of central directory record: this is not a zip archive.
    NotAnArchive,
    /// The end records, the central directory and the file do not agree on counts, sizes or places.
    Directory,
    /// The archive says that it spans several disks.
    SeveralDisks,
    /// More than one end of central directory record follows the central directory.
    SeveralEnds,
    /// The zip64 records or extra fields lie.
    Zip64,
    /// A zip64 record or extra field that nothing needs.
    Zip64Needless,
    /// Bytes before the first entry.
    Prefix,
    /// Bytes after the end record.
    Trailing,
    /// Bytes between entries that belong to none.
    Gap,
    /// A local header that the central directory does not list.
    HiddenEntry,
    /// Two entries share bytes.
    Overlap,
    /// A local header disagrees with its central directory entry on name, method, flags, CRC or sizes.
    LocalHeader,
    /// A local header disagrees with its central directory entry on the time of modification.
    LocalTime,
    /// The data of an entry lies outside the archive or its local header cannot be read.
    Unlocated,
    /// A compression method that is neither stored nor deflate.
    Method,
    /// The entry is encrypted.
    Encrypted,
    /// A data descriptor follows a deflated entry.
    Descriptor,
    /// A data descriptor follows a stored entry, whose end a streaming reader cannot know.
    DescriptorStored,
    /// A data descriptor is missing or says other things than the central directory.
    DescriptorWrong,
    /// An extra field.
    ExtraField,
    /// An Info-ZIP unicode path extra field (0x7075), which gives the entry a second name.
    UnicodePath,
    /// The extra fields cannot be parsed, or one of them stands twice.
    ExtraFieldWrong,
    /// A comment on an entry.
    EntryComment,
    /// A comment on the archive.
    ArchiveComment,
    /// The date is no date.
    Date,
    /// The name is not UTF-8, or is not ASCII and not marked as UTF-8.
    NameEncoding,
}

/// Why a member cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum MemberError {
    /// Neither stored nor deflated.
    #[error("`{member}` is compressed by method {method}; only 0 (stored) and 8 (deflate) are read")]
    Method {
        /// The member.
        member: String,
        /// Its method.
        method: u16,
    },
    /// Encrypted.
    #[error("`{member}` is encrypted")]
    Encrypted {
        /// The member.
        member: String,
    },
    /// The local header does not lead to data inside the archive.
    #[error("the data of `{member}` lies outside the archive")]
    Unlocated {
        /// The member.
        member: String,
    },
    /// The deflate stream is damaged.
    #[error("the compressed data of `{member}` is damaged")]
    Inflate {
        /// The member.
        member: String,
    },
    /// The data does not have the size that the directory states.
    #[error("`{member}` unpacks to {} than the {stated} bytes that the directory states", if *more { "more" } else { "fewer" })]
    Size {
        /// The member.
        member: String,
        /// The stated size.
        stated: u64,
        /// Whether there is more data than stated.
        more: bool,
    },
    /// The deflate stream ends before the entry does.
    #[error("{count} bytes follow the compressed data inside `{member}`")]
    Leftover {
        /// The member.
        member: String,
        /// How many bytes.
        count: u64,
    },
    /// The data does not have the CRC-32 that the directory states.
    #[error("`{member}` has CRC-32 {actual:08x}, the directory states {stated:08x}")]
    Crc {
        /// The member.
        member: String,
        /// The stated CRC-32.
        stated: u32,
        /// The CRC-32 of the data.
        actual: u32,
    },
    /// Larger than the limits allow.
    #[error("`{member}` states a size of {size} bytes; at most {limit} are read")]
    TooLarge {
        /// The member.
        member: String,
        /// The stated size.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// The receiver of the data failed.
    #[error("cannot write the data of `{member}`")]
    Write {
        /// The member.
        member: String,
        /// The receiver's answer.
        #[source]
        source: io::Error,
    },
}

impl Explain for MemberError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Write { .. } => None,
            Self::TooLarge { .. } => Some("an archive that unpacks to this much is taken for a bomb".into()),
            _ => {
                Some("the archive is damaged or was not written by a wheel builder; build or download it again".into())
            }
        }
    }

    fn exit(&self) -> Exit {
        if matches!(self, Self::Write { .. }) { Exit::Failed } else { Exit::NotGood }
    }
}

/// An archive that cannot be opened, or is none.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The file cannot be opened or mapped.
    #[error("cannot read `{}`", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// The operating system's answer.
        #[source]
        source: io::Error,
    },
    /// The framing is such that no reader should take it.
    #[error("`{}` is not a zip archive that can be trusted: {message}", path.display())]
    Framing {
        /// The file.
        path: PathBuf,
        /// The first defect.
        message: String,
    },
}

impl Explain for ArchiveError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Open { .. } => Some("check the path and its permissions".into()),
            Self::Framing { .. } => Some("`relkit check` lists everything that is wrong with it".into()),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Open { .. } => Exit::Failed,
            Self::Framing { .. } => Exit::NotGood,
        }
    }
}
