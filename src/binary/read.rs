//! The bytes of one file as facts.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use super::error::BinaryError;
use super::facts::Facts;
use super::magic::Magic;
use super::{elf, macho, pe};
use crate::zip::archive::map;

/// Larger binaries that are streamed go through an unnamed temporary file that is mapped, so that memory stays bounded.
const MAX_IN_MEMORY: usize = 4 << 20;

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

/// The facts of a file that claims to be a binary; `None` where it does not.
pub(super) fn claimed(path: &Path) -> io::Result<Option<Result<Facts, BinaryError>>> {
    let file = File::open(path)?;
    // An empty file cannot be mapped.
    if file.metadata()?.len() == 0 {
        return Ok(None);
    }
    let bytes = map(&file)?;
    Ok(Magic::of(&bytes).format().map(|_| read(&bytes)))
}

/// One file that is written here bit by bit, kept as long as it may be a binary.
#[derive(Debug, Default)]
pub struct Spool {
    memory: Vec<u8>,
    file: Option<File>,
    other: bool,
}

impl Spool {
    /// The facts, where the file claims to be a binary.
    pub(crate) fn read(self) -> io::Result<Option<Result<Facts, BinaryError>>> {
        Ok(match self.file {
            Some(file) => Some(read(&map(&file)?)),
            None => Magic::of(&self.memory).format().map(|_| read(&self.memory)),
        })
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(file) = &mut self.file {
            return file.write(bytes);
        }
        if !self.other {
            self.memory.extend_from_slice(bytes);
            if self.memory.len() >= Magic::HEAD && Magic::of(&self.memory).format().is_none() {
                *self = Self { other: true, ..Self::default() };
            } else if self.memory.len() > MAX_IN_MEMORY {
                let mut file = tempfile::tempfile()?;
                file.write_all(&std::mem::take(&mut self.memory))?;
                self.file = Some(file);
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
