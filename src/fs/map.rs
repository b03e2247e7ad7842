//! The bytes of an executable or source distribution in memory. Nothing here maps a file that somebody else may cut short
//! meanwhile: a large one is copied into a file without a name, and the copy is mapped. What is large and read in parts is
//! read by position ([`FileBytes`](super::file_bytes::FileBytes)).

use std::fs::File;
use std::io::{self, Read as _};
use std::ops::Deref;
use std::path::Path;

use super::file_bytes::{cut_short, open_within};
use super::refusal::NoCopy;

/// Files above this are copied and mapped, not read into memory.
pub(super) const MAX_IN_MEMORY: usize = 4 << 20;

/// Files above this are neither executables nor source distributions.
const MAX_MAPPED: u64 = 4 << 30;

/// Derefs to the bytes of a file as it was when it was opened.
#[derive(Debug)]
pub struct Map(Bytes);

#[derive(Debug)]
enum Bytes {
    Mapped(memmap2::Mmap),
    /// An empty file cannot be mapped, and what is in memory need not be.
    Memory(Vec<u8>),
}

impl Map {
    /// Reads the regular file at `path`.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let (mut file, length) = open_within(path, MAX_MAPPED)?;
        if length > MAX_IN_MEMORY as u64 {
            let mut copy = tempfile::tempfile().map_err(no_copy)?;
            whole(length, io::copy(&mut (&file).take(length), &mut copy).map_err(no_copy)?)?;
            return Self::of(&copy);
        }
        let mut bytes = Vec::new();
        // What grows meanwhile is taken as it was; a file of no size may yet say something, or that it cannot be read.
        (&mut file).take(length.max(1)).read_to_end(&mut bytes)?;
        bytes.truncate(usize::try_from(length).unwrap_or(usize::MAX));
        whole(length, bytes.len() as u64)?;
        Ok(Self::from(bytes))
    }

    /// Maps a file that has no name and that nobody else can have open.
    #[allow(unsafe_code)]
    pub(super) fn of(file: &File) -> io::Result<Self> {
        if file.metadata()?.len() == 0 {
            return Ok(Self::from(Vec::new()));
        }
        // SAFETY: the map is read only, and this process alone has the file, which it neither writes to nor cuts short.
        Ok(Self(Bytes::Mapped(unsafe { memmap2::Mmap::map(file)? })))
    }
}

fn whole(length: u64, read: u64) -> io::Result<()> {
    if read < length { Err(cut_short()) } else { Ok(()) }
}

/// A failure to write a temporary file.
pub(super) fn no_copy(error: io::Error) -> io::Error {
    io::Error::new(error.kind(), NoCopy { place: std::env::temp_dir(), error })
}

impl From<Vec<u8>> for Map {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Bytes::Memory(bytes))
    }
}

impl Deref for Map {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Bytes::Mapped(map) => map,
            Bytes::Memory(bytes) => bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_is_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        for length in [0, 1, 300_000, MAX_IN_MEMORY as u32 + 1] {
            let bytes: Vec<u8> = (0..length).map(|number: u32| number as u8).collect();
            std::fs::write(&path, &bytes).unwrap();
            assert!(*Map::open(&path).unwrap() == bytes);
        }
        assert_eq!(Map::open(directory.path()).unwrap_err().to_string(), "not a regular file");
    }
}
