//! What a compiled binary is: ELF, Mach-O and PE headers read into [`Facts`], and the platform tags that those facts
//! keep the promise of (PEP 600, PEP 656, the macOS and Windows tags of `packaging.tags`).
//!
//! Everything here works on bytes in memory, most often a memory map. Every offset and count of the input is taken as
//! hostile: nothing panics, and time and memory are bounded by the size of the input.

mod bytes;
mod elf;
mod error;
mod facts;
mod inventory;
mod macho;
mod magic;
mod objection;
mod pe;
mod policy;
mod system;
mod tags;

pub use error::BinaryError;
pub use facts::{
    Details, ElfFacts, Facts, Kind, Libc, Linkage, MachOFacts, MachOPlatform, Machine, Needed, OsVersion, PeFacts,
    RunPath, RunPathKind, Signature, Slice, UndefinedSymbol, VersionNeed,
};
pub use inventory::{BundledLibraries, Inventory, Reach, TagRow};
pub use magic::{Format, Magic};
pub use objection::{Absence, Objection, Strength, Weight, objections};
pub use tags::honest_tags;

/// Reads the headers of one executable or shared library.
///
/// # Errors
/// When the bytes are no such file, or contradict themselves.
pub fn read(bytes: &[u8]) -> Result<Facts, BinaryError> {
    let magic = Magic::of(bytes);
    match magic {
        Magic::Elf => elf::read(bytes),
        Magic::MachO | Magic::FatMachO => macho::read(bytes),
        Magic::Pe => pe::read(bytes),
        _ if bytes.is_empty() => Err(BinaryError::Empty),
        Magic::Script | Magic::Text => Err(BinaryError::Text),
        Magic::Gzip | Magic::Zstandard | Magic::Xz | Magic::Zip | Magic::Tar => {
            Err(BinaryError::Unsupported { what: "an archive" })
        }
        Magic::JavaClass | Magic::WebAssembly | Magic::ObjectArchive => {
            Err(BinaryError::Unsupported { what: magic.described() })
        }
        Magic::Data => Err(BinaryError::Unknown),
    }
}

#[cfg(test)]
mod tests;
