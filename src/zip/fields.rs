//! Fields of the records of an archive: little-endian numbers at known places, read through a window so that records which
//! follow each other cost one read.

use std::io;

use crate::fs::FileBytes;

/// A record, or a part of one.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(pub &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn slice(self, offset: usize, length: usize) -> Option<&'a [u8]> {
        self.0.get(offset..offset.checked_add(length)?)
    }

    fn array<const N: usize>(self, offset: usize) -> Option<[u8; N]> {
        self.slice(offset, N)?.try_into().ok()
    }

    pub(super) fn u16(self, offset: usize) -> Option<u16> {
        self.array(offset).map(u16::from_le_bytes)
    }

    pub(super) fn u32(self, offset: usize) -> Option<u32> {
        self.array(offset).map(u32::from_le_bytes)
    }

    pub(super) fn u64(self, offset: usize) -> Option<u64> {
        self.array(offset).map(u64::from_le_bytes)
    }
}

/// How much is read at a time.
const WINDOW: u64 = 8 << 10;

/// The bytes of an archive, where its records are read.
pub(super) struct Window<'a> {
    file: &'a FileBytes,
    start: u64,
    bytes: Vec<u8>,
    /// Why the file could not be read.
    failed: Option<io::Error>,
}

impl<'a> Window<'a> {
    pub(super) fn new(file: &'a FileBytes) -> Self {
        Self { file, start: 0, bytes: Vec::new(), failed: None }
    }

    pub(super) fn length(&self) -> u64 {
        self.file.length()
    }

    /// So many bytes; `None` where the file ends before, or cannot be read.
    pub(super) fn slice(&mut self, offset: u64, length: u64) -> Option<&[u8]> {
        let end = offset.checked_add(length).filter(|end| *end <= self.length())?;
        if offset < self.start || end > self.start + self.bytes.len() as u64 {
            let read = length.max(WINDOW).min(self.length() - offset);
            self.bytes.resize(usize::try_from(read).ok()?, 0);
            self.start = offset;
            if let Err(error) = self.file.read_at(offset, &mut self.bytes) {
                self.bytes.clear();
                self.failed.get_or_insert(error);
                return None;
            }
        }
        let start = (offset - self.start) as usize;
        self.bytes.get(start..start + length as usize)
    }

    /// A record of fixed length.
    pub(super) fn record<const N: usize>(&mut self, offset: u64) -> Option<[u8; N]> {
        self.slice(offset, N as u64)?.try_into().ok()
    }

    pub(super) fn is(&mut self, offset: u64, signature: u32) -> bool {
        self.record(offset).map(u32::from_le_bytes) == Some(signature)
    }

    /// Why not everything could be read.
    pub(super) fn into_error(self) -> Option<io::Error> {
        self.failed
    }
}
