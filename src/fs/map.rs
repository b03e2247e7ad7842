//! The bytes of an executable or source distribution in memory. Nothing here maps a file that somebody else may cut short
//! meanwhile: a large one is copied into a file without a name, and the copy is mapped. What is large and read in parts is
//! read by position ([`FileBytes`](super::file_bytes::FileBytes)).

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::{Deref, Range};
use std::path::Path;

use super::file_bytes::{cut_short, open_within};
use super::refusal::NoCopy;

/// Files above this are copied and mapped, not read into memory.
pub(super) const MAX_IN_MEMORY: usize = 4 << 20;

/// How many of a large file's first bytes tell what it is.
const HEAD: usize = 128 << 10;

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
        Ok(Self::open_without(path, |_| Vec::new())?.0)
    }

    /// Reads the regular file at `path`, and has zeros in the place of what `gaps` says by its first bytes, in order, where
    /// that is a large file; also returns what was left out.
    pub(crate) fn open_without(
        path: &Path,
        gaps: impl FnOnce(&[u8]) -> Vec<Range<u64>>,
    ) -> io::Result<(Self, Vec<Range<u64>>)> {
        let (mut file, length) = open_within(path, MAX_MAPPED)?;
        if length > MAX_IN_MEMORY as u64 {
            let mut head = vec![0; HEAD];
            file.read_exact(&mut head).map_err(|_| cut_short())?;
            let gaps: Vec<_> = gaps(&head).into_iter().filter(|gap| gap.end <= length).collect();
            return Ok((Self::of(&copied(&mut file, length, &gaps)?)?, gaps));
        }
        let mut bytes = Vec::new();
        // What grows meanwhile is taken as it was; a file of no size may yet say something, or that it cannot be read.
        (&mut file).take(length.max(1)).read_to_end(&mut bytes)?;
        bytes.truncate(usize::try_from(length).unwrap_or(usize::MAX));
        whole(length, bytes.len() as u64)?;
        Ok((Self::from(bytes), Vec::new()))
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

/// A temporary file with what lies between the gaps.
fn copied(file: &mut File, length: u64, gaps: &[Range<u64>]) -> io::Result<File> {
    let mut copy = tempfile::tempfile().map_err(no_copy)?;
    let ends = gaps.iter().map(|gap| gap.start).chain([length]);
    let starts = [0].into_iter().chain(gaps.iter().map(|gap| gap.end));
    for (start, end) in starts.zip(ends) {
        file.seek(SeekFrom::Start(start))?;
        copy.seek(SeekFrom::Start(start))?;
        whole(end - start, io::copy(&mut (&*file).take(end - start), &mut copy).map_err(no_copy)?)?;
    }
    copy.set_len(length).map_err(no_copy)?;
    Ok(copy)
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

    #[test]
    fn a_map_has_zeros_for_what_is_left_out() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let length = MAX_IN_MEMORY + 100;
        std::fs::write(&path, vec![7; length]).unwrap();
        let end = length as u64;
        for gaps in
            [vec![], vec![0..10, 20..30], vec![200_000..1 << 20, 1 << 20..2 << 20, 3 << 20..end], vec![0..99, 99..end]]
        {
            let (map, left_out) = Map::open_without(&path, |head| {
                assert_eq!(head, [7; HEAD]);
                gaps.clone()
            })
            .unwrap();
            let mut expected = vec![7; length];
            gaps.iter().for_each(|gap| expected[gap.start as usize..gap.end as usize].fill(0));
            assert!(*map == expected && left_out == gaps, "{gaps:?}");
        }
        // What is said to lie behind the end is none of the file.
        let (map, left_out) = Map::open_without(&path, |_| vec![10..20, 30..40, 1 << 20..1 << 40]).unwrap();
        assert_eq!((map.len(), left_out), (length, vec![10..20, 30..40]));
    }
}
