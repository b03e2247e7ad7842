//! The bytes of a file that is read by position and not mapped: one that another process cuts short gives an error, and
//! what this process holds does not grow with it.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use super::error::FsError;
use super::platform::{self, not_regular};
use super::refusal::TooLong;
use crate::digest::Sha256Digest;

/// A regular file, or memory in its place.
#[derive(Debug)]
pub(crate) enum FileBytes {
    File { file: File, length: u64 },
    Memory(Vec<u8>),
}

impl FileBytes {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let (file, length) = open_within(path, MAX_ARCHIVE)?;
        Ok(Self::File { file, length })
    }

    /// How many there were when the file was opened.
    pub(crate) fn length(&self) -> u64 {
        match self {
            Self::File { length, .. } => *length,
            Self::Memory(bytes) => bytes.len() as u64,
        }
    }

    /// Fills `buffer` with the bytes from `offset` on.
    pub(crate) fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let read = match self {
            Self::File { file, .. } => read_exact_at(file, offset, buffer),
            Self::Memory(bytes) => {
                let end = offset.checked_add(buffer.len() as u64).and_then(|end| usize::try_from(end).ok());
                let found = end.and_then(|end| bytes.get(end - buffer.len()..end));
                found.map(|found| buffer.copy_from_slice(found)).ok_or(io::ErrorKind::UnexpectedEof.into())
            }
        };
        read.map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => cut_short(),
            _ => error,
        })
    }
}

pub(super) fn cut_short() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the file was cut short while it was read")
}

/// Opens a regular file, as everything does that somebody else names. It is looked at before it is opened, which Windows
/// refuses for a directory and which waits at a FIFO.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    let metadata = std::fs::metadata(path)?;
    if metadata.is_file() {
        // Something else may have taken its place meanwhile.
        let file = platform::open_now(path)?;
        return if file.metadata()?.is_file() { Ok(file) } else { Err(not_regular()) };
    }
    Err(if metadata.is_dir() {
        io::Error::new(io::ErrorKind::IsADirectory, "not a regular file")
    } else {
        not_regular()
    })
}

/// No wheel, source distribution or payload has more bytes. A file that states more may hold nothing but holes, and is
/// refused before anything of it is read.
pub(crate) const MAX_ARCHIVE: u64 = 8 << 30;

/// Opens a regular file of no more than `limit` bytes; also returns how many it has.
pub(crate) fn open_within(path: &Path, limit: u64) -> io::Result<(File, u64)> {
    let file = open_regular(path)?;
    let length = file.metadata()?.len();
    if length > limit {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, TooLong { length, limit }));
    }
    Ok((file, length))
}

/// The digest of a regular file of any size that a distribution may have.
pub(crate) fn digest_of(path: &Path) -> io::Result<Sha256Digest> {
    let (mut file, _) = open_within(path, MAX_ARCHIVE)?;
    Ok(Sha256Digest::of_reader(&mut file)?.0)
}

/// Texts, receipts, manifests and plans are read whole up to this many bytes.
const MAX_WHOLE: u64 = 64 << 20;

/// The tables of a project, whose parser holds dozens of times as many.
pub(crate) const MAX_TABLE: u64 = 1 << 20;

/// The bytes of a regular file that is read whole.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, FsError> {
    read_up_to(path, MAX_WHOLE)
}

fn read_up_to(path: &Path, limit: u64) -> Result<Vec<u8>, FsError> {
    let mut bytes = Vec::new();
    let read = open_regular(path).and_then(|file| file.take(limit + 1).read_to_end(&mut bytes));
    read.map_err(FsError::read(path))?;
    if bytes.len() as u64 > limit {
        return Err(FsError::TooLarge { path: path.to_owned(), limit });
    }
    Ok(bytes)
}

/// The text of a regular file.
pub(crate) fn read_text(path: &Path) -> Result<String, FsError> {
    utf8(path, read(path)?)
}

/// The text of a `pyproject.toml`.
pub(crate) fn read_table(path: &Path) -> Result<String, FsError> {
    utf8(path, read_up_to(path, MAX_TABLE)?)
}

fn utf8(path: &Path, bytes: Vec<u8>) -> Result<String, FsError> {
    String::from_utf8(bytes).map_err(|_| {
        // As the standard library has it.
        let why = io::Error::new(io::ErrorKind::InvalidData, "stream did not contain valid UTF-8");
        FsError::read(path)(why)
    })
}

#[cfg(unix)]
fn read_exact_at(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut offset: u64, mut buffer: &mut [u8]) -> io::Result<()> {
    while !buffer.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, buffer, offset) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => {
                offset += count as u64;
                buffer = &mut buffer[count..];
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_cut_short_gives_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        std::fs::write(&path, [1, 2, 3, 4]).unwrap();
        for bytes in [FileBytes::open(&path).unwrap(), FileBytes::Memory(vec![1, 2, 3, 4])] {
            let mut buffer = [0; 2];
            bytes.read_at(1, &mut buffer).unwrap();
            assert_eq!((bytes.length(), buffer), (4, [2, 3]));
            assert!(bytes.read_at(3, &mut buffer).is_err() && bytes.read_at(u64::MAX, &mut buffer).is_err());
        }
        let bytes = FileBytes::open(&path).unwrap();
        File::options().write(true).open(&path).unwrap().set_len(2).unwrap();
        let error = bytes.read_at(1, &mut [0; 2]).unwrap_err();
        assert_eq!(error.to_string(), "the file was cut short while it was read");
        assert_eq!(FileBytes::open(directory.path()).unwrap_err().to_string(), "not a regular file");
    }
}
