//! Why bytes are no binary that can be inspected. Whoever read them adds the file's name.

use super::magic::Format;
use crate::error::{Exit, Explain};

/// Bytes that are no executable or library that can be inspected. Whoever read them adds the file's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BinaryError {
    /// No bytes at all.
    #[error("the file is empty")]
    Empty,
    /// A script or another text.
    #[error("the file is text, not an executable")]
    Text,
    /// Neither text nor a known binary format.
    #[error("the file is not an ELF, Mach-O or PE binary")]
    Unknown,
    /// A header speaks of bytes beyond the end of the file.
    #[error("the {format} file is cut short: {what} lies beyond its end")]
    Truncated {
        /// The format that the file claims.
        format: Format,
        /// Which part.
        what: &'static str,
    },
    /// A header contradicts itself.
    #[error("the {format} file is malformed: {what}")]
    Malformed {
        /// The format that the file claims.
        format: Format,
        /// What is wrong.
        what: String,
    },
    /// A well-known kind of file that no runtime consists of.
    #[error("the file is {what}, not an executable or a shared library")]
    Unsupported {
        /// What it is, with its article.
        what: &'static str,
    },
}

impl BinaryError {
    pub(super) fn malformed(format: Format, what: impl Into<String>) -> Self {
        Self::Malformed { format, what: what.into() }
    }
}

impl Explain for BinaryError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Truncated { .. } => Some("copy or download the file again and compare its size and digest".into()),
            _ => Some("give the compiled executable itself, for Linux, macOS or Windows".into()),
        }
    }

    fn exit(&self) -> Exit {
        Exit::NotGood
    }
}
