//! One entry of an archive, as its central directory states it, and the errors of reading it.

use std::io;
use std::ops::Range;

use crate::error::{Exit, Explain};
use crate::fs::io_hint;

pub(crate) const STORED: u16 = 0;
pub(crate) const DEFLATED: u16 = 8;

pub(super) const ENCRYPTED: u16 = 1;
const STRONG_ENCRYPTION: u16 = 1 << 6;
const MASKED: u16 = 1 << 13;

/// One entry of the central directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Position in the central directory.
    pub(crate) index: usize,
    /// The name as text; bytes that are not UTF-8 are shown as U+FFFD.
    pub name: String,
    /// The name as it stands in the central directory.
    pub(crate) raw_name: Vec<u8>,
    pub(crate) method: u16,
    pub(crate) flags: u16,
    /// CRC-32 of the uncompressed data.
    pub(crate) crc32: u32,
    pub(crate) compressed_size: u64,
    pub(crate) size: u64,
    /// External file attributes; the upper half is a Unix mode.
    pub(crate) external_attributes: u32,
    pub dos_date: u16,
    pub(crate) dos_time: u16,
    /// Where the local header begins, in bytes from the start of the file.
    pub(crate) header_offset: u64,
    /// Where the compressed data lies in the file; empty where the local header cannot be used.
    pub data: Range<u64>,
    /// Whether the local header leads to the data.
    pub(crate) located: bool,
}

impl Member {
    /// Whether the entry stands for a directory: its name ends in a slash.
    pub(crate) fn is_directory(&self) -> bool {
        self.raw_name.last() == Some(&b'/')
    }

    /// The Unix mode in the external attributes, type bits included; 0 where the writer recorded none.
    pub(crate) fn unix_mode(&self) -> u32 {
        self.external_attributes >> 16
    }

    /// Whether pip makes the installed file executable: a regular file by its mode, with any execute bit.
    pub(crate) fn is_executable(&self) -> bool {
        self.unix_mode() & 0o170_000 == 0o100_000 && self.unix_mode() & 0o111 != 0
    }

    /// Whether the entry is neither a file nor a directory by its mode: a link, FIFO, socket or device.
    pub(crate) fn is_special(&self) -> bool {
        !matches!(self.unix_mode() & 0o170_000, 0 | 0o100_000 | 0o040_000)
    }

    /// Whether the entry is encrypted, in any of the three ways (APPNOTE 4.4.4).
    pub(crate) fn is_encrypted(&self) -> bool {
        self.flags & (ENCRYPTED | STRONG_ENCRYPTION | MASKED) != 0
    }
}

/// Why a member cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum MemberError {
    #[error("`{member}` is compressed by method {method}; only 0 (stored) and 8 (deflate) are read")]
    Method { member: String, method: u16 },
    #[error("`{member}` is encrypted")]
    Encrypted { member: String },
    #[error("the data of `{member}` lies outside the archive")]
    Unlocated { member: String },
    #[error("the compressed data of `{member}` is damaged")]
    Inflate { member: String },
    #[error("`{member}` unpacks to {} than the {stated} bytes that the directory states", if *more { "more" } else { "fewer" })]
    Size { member: String, stated: u64, more: bool },
    #[error("{count} bytes follow the compressed data inside `{member}`")]
    Leftover { member: String, count: u64 },
    #[error("`{member}` has CRC-32 {actual:08x}, the directory states {stated:08x}")]
    Crc { member: String, stated: u32, actual: u32 },
    #[error("`{member}` states a size of {size} bytes; at most {limit} are read")]
    TooLarge { member: String, size: u64, limit: u64 },
    #[error("cannot read the data of `{member}`")]
    Read {
        member: String,
        #[source]
        source: io::Error,
    },
    #[error("cannot write the data of `{member}`")]
    Write {
        member: String,
        #[source]
        source: io::Error,
    },
}

impl Explain for MemberError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Read { source, .. } | Self::Write { source, .. } => Some(io_hint(source).into()),
            Self::TooLarge { .. } => Some("an archive that unpacks to this much is taken for a bomb".into()),
            _ => {
                Some("the archive is damaged or was not written by a wheel builder; build or download it again".into())
            }
        }
    }

    fn exit(&self) -> Exit {
        if matches!(self, Self::Read { .. } | Self::Write { .. }) { Exit::Failed } else { Exit::NotGood }
    }
}
