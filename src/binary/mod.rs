//! What a compiled binary is: ELF, Mach-O and PE headers read into [`Facts`], and the platform tags that those facts
//! keep the promise of (PEP 600, PEP 656, the macOS and Windows tags of `packaging.tags`).
//!
//! Everything here works on bytes in memory, most often a memory map. Every offset and count of the input is taken as
//! hostile: nothing panics, and time and memory are bounded by the size of the input.

mod bytes;
mod elf;
mod facts;
mod inventory;
mod macho;
mod objection;
mod pe;
mod policy;
mod system;
mod tags;

pub use facts::{
    Details, ElfFacts, Facts, Format, Kind, Libc, Linkage, MachOFacts, MachOPlatform, Machine, Needed, OsVersion,
    PeFacts, RunPath, RunPathKind, Signature, Slice, UndefinedSymbol, VersionNeed,
};
pub use inventory::{BundledLibraries, Inventory, Reach, TagRow};
pub use objection::{Absence, Objection, Strength, Weight, objections};
pub use tags::honest_tags;

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
    fn malformed(format: Format, what: impl Into<String>) -> Self {
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

/// The format that the first bytes claim; `None` for everything that is no ELF, Mach-O or PE file.
///
/// Tells the binaries among a wheel's members. A Java class shares its magic number with fat Mach-O and is told apart
/// by the count that follows; `MZ` at the start of a text claims nothing.
#[must_use]
pub fn sniff(bytes: &[u8]) -> Option<Format> {
    let magic = bytes.get(..4);
    if magic == Some(b"\x7fELF") {
        return Some(Format::Elf);
    }
    if let Some(&[a, b, c, d]) = magic {
        match u32::from_be_bytes([a, b, c, d]) {
            0xfeed_face | 0xfeed_facf | 0xcefa_edfe | 0xcffa_edfe => return Some(Format::MachO),
            // A class file has its version here, 45 or more; no fat file has as many slices.
            0xcafe_babe | 0xcafe_babf => {
                let slices =
                    bytes.get(4..8).map_or(1, |count| u32::from_be_bytes([count[0], count[1], count[2], count[3]]));
                return (slices < 45).then_some(Format::MachO);
            }
            _ => {}
        }
    }
    let header = bytes.get(..bytes.len().min(64))?;
    (header.starts_with(b"MZ") && (header.len() < 64 || header.contains(&0))).then_some(Format::Pe)
}

/// Reads the headers of one executable or shared library.
///
/// # Errors
/// When the bytes are no such file, or contradict themselves.
pub fn read(bytes: &[u8]) -> Result<Facts, BinaryError> {
    match sniff(bytes) {
        Some(Format::Elf) => elf::read(bytes),
        Some(Format::MachO) => macho::read(bytes),
        Some(Format::Pe) => pe::read(bytes),
        None => Err(unsupported(bytes)),
    }
}

fn unsupported(bytes: &[u8]) -> BinaryError {
    let unsupported = |what| BinaryError::Unsupported { what };
    if bytes.is_empty() {
        return BinaryError::Empty;
    }
    if bytes.starts_with(b"!<arch>\n") || bytes.starts_with(b"!<thin>\n") {
        return unsupported("a static library");
    }
    if bytes.starts_with(&[0xca, 0xfe, 0xba, 0xbe]) {
        return unsupported("a Java class");
    }
    if bytes.starts_with(b"\0asm") {
        return unsupported("a WebAssembly module");
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(&[0x1f, 0x8b]) || bytes.starts_with(b"\x28\xb5\x2f\xfd") {
        return unsupported("an archive");
    }
    let start = &bytes[..bytes.len().min(4096)];
    let readable = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b | 0x20..=0x7e | 0x80..);
    if start.iter().all(readable) { BinaryError::Text } else { BinaryError::Unknown }
}

#[cfg(test)]
mod tests;
