//! The bytes of an executable in memory, mapped read-only. Nothing else here maps files: what somebody else may cut short
//! meanwhile is read by position ([`FileBytes`](super::file_bytes::FileBytes)).

use std::fs::File;
use std::io::{self, Read as _};
use std::ops::Deref;
use std::path::Path;

use super::file_bytes::open_regular;

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
    /// Maps the regular file at `path`.
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::of(&open_regular(path)?)
    }

    /// Maps an open file from its beginning, wherever it is read or written at.
    #[allow(unsafe_code)]
    pub fn of(file: &File) -> io::Result<Self> {
        if file.metadata()?.len() == 0 {
            // Tells an empty file from one that cannot be read.
            let _ = (&*file).read(&mut [0])?;
            return Ok(Self::from(Vec::new()));
        }
        // SAFETY: the map is read only and private to this process; a file that another process truncates meanwhile ends
        // this one by a signal, which is the price that every reader of mapped files pays.
        Ok(Self(Bytes::Mapped(unsafe { memmap2::Mmap::map(file)? })))
    }
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
        for length in [0, 1, 300_000] {
            let bytes: Vec<u8> = (0..length).map(|number: u32| number as u8).collect();
            std::fs::write(&path, &bytes).unwrap();
            assert!(*Map::open(&path).unwrap() == bytes);
        }
        assert_eq!(Map::open(directory.path()).unwrap_err().to_string(), "not a regular file");
    }
}
