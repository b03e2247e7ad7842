//! The bytes of one file as facts: its headers, and the list of dependencies that it may carry.

use std::io::{self, Write};
use std::ops::Range;
use std::path::Path;

use super::dependencies::ListOrigin;
use super::error::BinaryError;
use super::facts::Facts;
use super::magic::{Format, Magic};
use super::sparse::{Bytes, LeftOut};
use super::{dependencies, elf, macho, pe};
use crate::fs::{self, Map};

/// Reads the headers of one executable or shared library, and its list of dependencies.
///
/// # Errors
/// When the bytes are no such file, or contradict themselves.
pub fn read(bytes: &[u8]) -> Result<Facts, BinaryError> {
    facts(bytes.into())
}

/// As [`read`], of a file that may not be whole.
pub(super) fn facts(bytes: Bytes<'_>) -> Result<Facts, BinaryError> {
    let mut facts = headers(bytes)?;
    facts.dependencies = dependencies::read(bytes);
    if let Some(ListOrigin::Go { target, .. }) = facts.dependency_list().map(|list| list.origin.clone())
        && facts.format == Format::Elf
    {
        elf::built_by_go(&mut facts, bytes, &target);
    }
    Ok(facts)
}

fn headers(bytes: Bytes<'_>) -> Result<Facts, BinaryError> {
    let magic = Magic::of(bytes.head(Magic::HEAD));
    match magic {
        Magic::Elf => elf::read(bytes),
        Magic::MachO | Magic::FatMachO => macho::read(bytes.whole()),
        Magic::Pe => pe::read(bytes.whole()),
        _ if bytes.length() == 0 => Err(BinaryError::Empty),
        Magic::Text => Err(BinaryError::Text),
        Magic::Data => Err(BinaryError::Unknown),
        _ => Err(BinaryError::Unsupported { what: magic.described() }),
    }
}

/// As [`read`], of the file at `path`.
pub(crate) fn read_file(path: &Path) -> io::Result<Result<Facts, BinaryError>> {
    of_file(path, facts)
}

/// The facts of a file that claims to be a binary; `None` where it does not.
pub(super) fn claimed(path: &Path) -> io::Result<Option<Result<Facts, BinaryError>>> {
    // Whatever else there is may be large.
    if Magic::of_file(path)?.format().is_none() { Ok(None) } else { of_file(path, native) }
}

/// Reads a file without its code, and whole where that was asked for.
fn of_file<T>(path: &Path, read: impl Fn(Bytes<'_>) -> T) -> io::Result<T> {
    let (map, gaps) = Map::open_without(path, code)?;
    let left_out = LeftOut::of(gaps);
    let found = read(Bytes::of(&map, &left_out));
    if left_out.was_asked_for() { Ok(read(Map::open(path)?[..].into())) } else { Ok(found) }
}

/// What need not be kept of a file that begins like this.
fn code(head: &[u8]) -> Vec<Range<u64>> {
    if Magic::of(head) == Magic::Elf { elf::code(head) } else { Vec::new() }
}

/// The facts of what claims to be native code. A portable library of .NET is wrapped as such, and is data to every system.
fn native(bytes: Bytes<'_>) -> Option<Result<Facts, BinaryError>> {
    let read = Magic::of(bytes.head(Magic::HEAD)).format().map(|_| facts(bytes))?;
    let is_data = read.as_ref().is_ok_and(Facts::is_portable_assembly);
    (!is_data).then_some(read)
}

/// One file that is written here bit by bit, kept as long as it may be a binary, but for most of its code.
#[derive(Debug, Default)]
pub struct Spool {
    head: Vec<u8>,
    data: fs::Spool,
    written: u64,
    is_other: bool,
    left_out: Vec<Range<u64>>,
}

impl Spool {
    /// The first bytes of the file.
    pub(crate) fn head(&self) -> &[u8] {
        &self.head
    }

    /// The facts, where the file claims to be a binary. `again` writes it once more: for readers that look where it has code.
    pub(crate) fn read(
        self,
        again: impl FnOnce(&mut (dyn Write + Send)) -> io::Result<()>,
    ) -> io::Result<Option<Result<Facts, BinaryError>>> {
        if self.is_other {
            return Ok(None);
        }
        let left_out = LeftOut::of(self.left_out);
        let found = native(Bytes::of(&self.data.finish()?, &left_out));
        if !left_out.was_asked_for() {
            return Ok(found);
        }
        let mut whole = fs::Spool::default();
        again(&mut whole)?;
        Ok(native(whole.finish()?[..].into()))
    }

    /// Keeps the next bytes but for those that are left out.
    fn keep(&mut self, bytes: &[u8]) -> io::Result<()> {
        let (mut at, end) = (self.written, self.written + bytes.len() as u64);
        let kept = |from: u64, to: u64| &bytes[(from - self.written) as usize..(to - self.written) as usize];
        for gap in self.left_out.iter().filter(|gap| gap.start < end && gap.end > self.written) {
            let (start, stop) = (gap.start.max(at), gap.end.min(end));
            self.data.write_all(kept(at, start))?;
            self.data.leave_out(stop - start)?;
            at = stop;
        }
        self.data.write_all(kept(at, end))
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
            if self.written == 0 {
                self.left_out = code(bytes);
            }
            self.keep(bytes)?;
        }
        self.written += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
