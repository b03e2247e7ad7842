//! The bytes of one file as facts: its headers, and the list of dependencies that it may carry.

use std::io::{self, Write};
use std::path::Path;

use super::dependencies::ListOrigin;
use super::error::BinaryError;
use super::facts::Facts;
use super::magic::{Format, Magic};
use super::{dependencies, elf, macho, pe};
use crate::fs::{self, Map};

/// Reads the headers of one executable or shared library, and its list of dependencies.
///
/// # Errors
/// When the bytes are no such file, or contradict themselves.
pub fn read(bytes: &[u8]) -> Result<Facts, BinaryError> {
    let mut facts = headers(bytes)?;
    facts.dependencies = dependencies::read(bytes);
    if let Some(ListOrigin::Go { target, .. }) = facts.dependency_list().map(|list| list.origin.clone())
        && facts.format == Format::Elf
    {
        elf::built_by_go(&mut facts, bytes, &target);
    }
    Ok(facts)
}

fn headers(bytes: &[u8]) -> Result<Facts, BinaryError> {
    let magic = Magic::of(bytes);
    match magic {
        Magic::Elf => elf::read(bytes),
        Magic::MachO | Magic::FatMachO => macho::read(bytes),
        Magic::Pe => pe::read(bytes),
        _ if bytes.is_empty() => Err(BinaryError::Empty),
        Magic::Text => Err(BinaryError::Text),
        Magic::Data => Err(BinaryError::Unknown),
        _ => Err(BinaryError::Unsupported { what: magic.described() }),
    }
}

/// The facts of a file that claims to be a binary; `None` where it does not.
pub(super) fn claimed(path: &Path) -> io::Result<Option<Result<Facts, BinaryError>>> {
    Ok(native(&Map::open(path)?))
}

/// The facts of what claims to be native code. A portable library of .NET is wrapped as such, and is data to every system.
fn native(bytes: &[u8]) -> Option<Result<Facts, BinaryError>> {
    let read = Magic::of(bytes).format().map(|_| read(bytes))?;
    let is_data = read.as_ref().is_ok_and(Facts::is_portable_assembly);
    (!is_data).then_some(read)
}

/// One file that is written here bit by bit, kept as long as it may be a binary.
#[derive(Debug, Default)]
pub struct Spool {
    head: Vec<u8>,
    data: fs::Spool,
    is_other: bool,
}

impl Spool {
    /// The facts, where the file claims to be a binary.
    pub(crate) fn read(self) -> io::Result<Option<Result<Facts, BinaryError>>> {
        if self.is_other {
            return Ok(None);
        }
        Ok(native(&self.data.finish()?))
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.head.len() < Magic::HEAD {
            self.head.extend(bytes.iter().take(Magic::HEAD - self.head.len()));
            self.is_other = self.head.len() == Magic::HEAD && Magic::of(&self.head).format().is_none();
        }
        if self.is_other {
            self.data = fs::Spool::default();
        } else {
            self.data.write_all(bytes)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
