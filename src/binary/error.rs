//! Why bytes are no binary that can be inspected. Whoever read them adds the file's name.

use super::magic::Format;
use crate::error::{Exit, Explain};

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BinaryError {
    #[error("the file is empty")]
    Empty,
    #[error("the file is text, not an executable")]
    Text,
    #[error("the file is not an ELF, Mach-O or PE binary")]
    Unknown,
    /// A header speaks of bytes beyond the end of the file.
    #[error("the {format} file is cut short: {what} lies beyond its end")]
    Truncated { format: Format, what: &'static str },
    /// A header contradicts itself.
    #[error("the {format} file is malformed: {what}")]
    Malformed { format: Format, what: String },
    /// A well-known kind of file that no runtime consists of.
    #[error("the file is {what}, not an executable or a shared library")]
    Unsupported { what: &'static str },
}

/// What a file of debugging symbols alone is called.
pub(super) const DEBUG_SYMBOLS: &str = "a file of debugging symbols";

/// What linkers read, and no loader.
pub(super) const OBJECT_FILE: &str = "an object file";
pub(super) const STATIC_LIBRARY: &str = "a static library";

/// What a program of DOS or 16-bit Windows lacks.
pub(super) const FOR_DOS: &str = "it has a DOS header and no PE header";

impl BinaryError {
    /// Whether the file is one for linkers alone.
    pub(crate) fn is_for_linkers(&self) -> bool {
        matches!(self, Self::Unsupported { what: OBJECT_FILE | STATIC_LIBRARY })
    }

    /// Whether the file has a header for DOS and nothing that Windows knows behind it.
    pub(crate) fn is_of_dos(&self) -> bool {
        matches!(self, Self::Malformed { format: Format::Pe, what } if what == FOR_DOS)
    }

    /// Whether the file holds what debuggers alone read: a Mach-O file of the type `MH_DSYM`.
    pub(crate) fn is_of_debug_symbols(&self) -> bool {
        *self == Self::Unsupported { what: DEBUG_SYMBOLS }
    }
}

impl Format {
    pub(super) fn malformed(self, what: impl Into<String>) -> BinaryError {
        BinaryError::Malformed { format: self, what: what.into() }
    }

    pub(super) fn truncated(self, what: &'static str) -> BinaryError {
        BinaryError::Truncated { format: self, what }
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
