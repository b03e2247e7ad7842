//! The bytes of a file in memory, mapped read-only. Nothing else here maps files.

use std::fs::File;
use std::io::{self, Read as _};
use std::ops::{Deref, Range};
use std::path::Path;

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
    /// Maps the regular file at `path`. It is looked at before it is opened, which Windows refuses for a directory and
    /// which waits at a FIFO.
    ///
    /// # Errors
    /// When it is no regular file, or cannot be opened or mapped.
    pub fn open(path: &Path) -> io::Result<Self> {
        if !std::fs::metadata(path)?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        Self::of(&File::open(path)?)
    }

    /// Maps an open file from its beginning, wherever it is read or written at.
    ///
    /// # Errors
    /// When it cannot be mapped.
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

    /// Lets the system take back the memory of bytes that were read, so that what a process holds does not grow with the
    /// file. They can be read again.
    #[cfg_attr(not(unix), allow(unused_variables))]
    #[allow(unsafe_code)]
    pub(crate) fn release(&self, read: Range<usize>) {
        #[cfg(unix)]
        if let Bytes::Mapped(map) = &self.0 {
            // SAFETY: the map is of a file and read only, so dropped pages are read from the file again, unchanged.
            // A system that refuses keeps them, which costs memory and nothing else.
            let _ = unsafe { map.unchecked_advise_range(memmap2::UncheckedAdvice::DontNeed, read.start, read.len()) };
        }
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
    fn a_map_is_the_file_and_can_be_read_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        for length in [0, 1, 300_000] {
            let bytes: Vec<u8> = (0..length).map(|number: u32| number as u8).collect();
            std::fs::write(&path, &bytes).unwrap();
            let map = Map::open(&path).unwrap();
            assert!(*map == bytes);
            map.release(0..bytes.len());
            assert!(*map == bytes);
        }
        assert_eq!(Map::open(directory.path()).unwrap_err().to_string(), "not a regular file");
    }
}
