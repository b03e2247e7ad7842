//! Where members of archives are unpacked to: numbered files in a scratch directory, so that no name of an archive ever
//! becomes a path, under limits that no honest archive reaches. Links inside the archive become copies.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::error::PayloadError;
use super::found::{Found, WheelPart};
use super::links::{self, Copy, Link, Refused, Resolved};
use super::name;
use crate::console::Progress;
use crate::console::text::human_bytes;
use crate::fs::{FsError, MAX_ARCHIVE, Mode};
use crate::member_path::{self, MemberPath, Node, Paths};

/// Members beyond which an archive is no payload: more than the trees of compilers have, and fewer than a wheel without zip64
/// holds.
pub(super) const MAX_MEMBERS: usize = 65_000;
/// Files that links may add to a payload.
pub(super) const MAX_COPIES: usize = 20_000;
/// Archives may unpack to this many bytes, however small they are.
const FREE_SIZE: u64 = 256 << 20;
/// Archives may unpack to this many times their own size. Compiled programs compress about threefold.
const MAX_RATIO: u64 = 200;
/// Links may make a payload this many times as large.
const MAX_LINKED: u64 = 16;

/// How many bytes an archive of `length` bytes may unpack to.
pub(super) fn limit(length: u64) -> u64 {
    length.saturating_mul(MAX_RATIO).clamp(FREE_SIZE, MAX_ARCHIVE)
}

/// How many bytes may come of files of `size` bytes and the links that lead to them.
pub(super) fn linked_limit(size: u64) -> u64 {
    size.saturating_mul(MAX_LINKED).clamp(FREE_SIZE, MAX_ARCHIVE)
}

/// The refusal of an archive that unpacks to more than `limit` bytes.
pub(super) fn bomb(origin: &Path, limit: u64) -> PayloadError {
    PayloadError::Bomb { path: origin.to_owned(), limit: human_bytes(limit) }
}

/// Takes the members of one archive.
#[derive(Debug)]
pub(super) struct Sink<'a> {
    origin: &'a Path,
    scratch: &'a Path,
    /// How many bytes the archive may come to, copies of what its links lead to among them.
    limit: u64,
    /// How many the members so far state.
    size: u64,
    paths: Paths,
    members: usize,
    files: Vec<Found>,
    links: Vec<Link>,
}

/// What a link counts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LinkBase {
    /// A symbolic link counts from its own directory.
    OwnDirectory,
    /// A hard link counts from the root of the archive.
    Root,
}

impl<'a> Sink<'a> {
    pub(super) fn new(origin: &'a Path, scratch: &'a Path, limit: u64) -> Self {
        let paths = Paths::default();
        Self { origin, scratch, limit, size: 0, paths, members: 0, files: Vec::new(), links: Vec::new() }
    }

    /// The path of a member; `None` for the root itself and for what file managers leave behind.
    fn path(&mut self, raw: &[u8]) -> Result<Option<MemberPath>, PayloadError> {
        self.members += 1;
        if self.members > MAX_MEMBERS {
            return Err(PayloadError::Bomb { path: self.origin.to_owned(), limit: format!("{MAX_MEMBERS} members") });
        }
        Ok(name::path(self.origin, raw)?.filter(|path| !name::is_litter(path)))
    }

    /// A directory of the archive: its name is checked, and nothing is made.
    pub(super) fn directory(&mut self, raw: &[u8]) -> Result<(), PayloadError> {
        let Some(path) = self.path(raw)? else { return Ok(()) };
        name::take(&mut self.paths, self.origin, &path, Node::Directory)
    }

    /// Starts the file of a member. `None` where the member is not wanted.
    pub(super) fn file(&mut self, raw: &[u8], size: u64, mode: Mode) -> Result<Option<(File, PathBuf)>, PayloadError> {
        let Some(path) = self.path(raw)? else { return Ok(None) };
        name::take(&mut self.paths, self.origin, &path, Node::File)?;
        self.size = self.size.saturating_add(size);
        if self.size > self.limit {
            return Err(bomb(self.origin, self.limit));
        }
        let (file, source) = self.create()?;
        self.files.push(Found { path, source: source.clone(), size, mode, part: WheelPart::Payload, is_link: false });
        Ok(Some((file, source)))
    }

    fn create(&self) -> Result<(File, PathBuf), PayloadError> {
        let source = self.scratch.join(self.files.len().to_string());
        let file = File::options().write(true).create_new(true).open(&source).map_err(FsError::write(&source))?;
        Ok((file, source))
    }

    /// Notes a link; it is resolved when every member is known.
    pub(super) fn link(&mut self, raw: &[u8], target: &[u8], base: LinkBase) -> Result<(), PayloadError> {
        let Some(path) = self.path(raw)? else { return Ok(()) };
        name::take(&mut self.paths, self.origin, &path, Node::File)?;
        let directory = match base {
            LinkBase::OwnDirectory => member_path::parent(&path),
            LinkBase::Root => "",
        };
        let target = member_path::resolve(directory, target);
        self.links.push(Link { path, target });
        Ok(())
    }

    /// Every file, links replaced by copies of what they lead to.
    pub(super) fn finish(mut self) -> Result<Vec<Found>, PayloadError> {
        let room = MAX_MEMBERS.saturating_sub(self.files.len()).min(MAX_COPIES);
        let resolved = links::resolve(self.files.iter().map(|found| &found.path), &self.links, room);
        let Resolved { copies, dangling } = resolved.map_err(|Refused { link, why }| PayloadError::Link {
            path: self.origin.to_owned(),
            member: link.path.to_string(),
            why,
        })?;
        // Before the first copy is made; nothing of a refused archive reaches the stage.
        let limit = linked_limit(self.size).min(self.limit);
        let copied = copies.iter().filter_map(|copy| self.files.get(copy.of));
        if copied.fold(self.size, |sum, found| sum.saturating_add(found.size)) > limit {
            return Err(bomb(self.origin, limit));
        }
        for Copy { path, of } in copies {
            // The payload copies what several of its files are made from.
            let copied = self.files.get(of).map(|found| Found { path, is_link: true, ..found.clone() });
            self.files.extend(copied);
        }
        self.files.extend(dangling.into_iter().map(Found::dangling));
        Ok(self.files)
    }
}

/// Copies exactly `size` bytes; tells a reading error from a writing one.
pub(super) fn copy_exactly(
    origin: &Path,
    reader: &mut impl Read,
    file: &mut File,
    target: &Path,
    size: u64,
) -> Result<(), PayloadError> {
    let mut buffer = vec![0; 1 << 16];
    let mut rest = size;
    while rest > 0 {
        let wanted = rest.min(buffer.len() as u64) as usize;
        reader.read_exact(&mut buffer[..wanted]).map_err(|error| reading(origin, error))?;
        io::Write::write_all(file, &buffer[..wanted]).map_err(FsError::write(target))?;
        rest -= wanted as u64;
    }
    Ok(())
}

/// What a failed read means: the disk, a bomb, or a damaged archive.
pub(super) fn reading(origin: &Path, error: io::Error) -> PayloadError {
    if let Some(Passed(limit)) = error.get_ref().and_then(|inner| inner.downcast_ref()) {
        return bomb(origin, *limit);
    }
    if error.raw_os_error().is_some() {
        return PayloadError::Fs(FsError::Read { path: origin.to_owned(), source: error });
    }
    // One decoder tells this by its text alone; without a cap a frame could ask for any amount of memory.
    let xz = error.get_ref().and_then(|inner| inner.downcast_ref());
    if error.to_string().contains("requires too much memory") || xz == Some(&liblzma::stream::Error::MemLimit) {
        let what = "it is compressed with a window of more than 128 MiB, and larger ones are not supported".to_owned();
        return PayloadError::Unsupported { path: origin.to_owned(), what };
    }
    PayloadError::Damaged { path: origin.to_owned(), source: Box::new(error) }
}

/// A limit in bytes that a reader passed.
#[derive(Debug, thiserror::Error)]
#[error("more than {0} bytes")]
struct Passed(u64);

/// Fails as soon as more than a limit has been read.
#[derive(Debug)]
pub(super) struct Limited<R> {
    inner: R,
    read: u64,
    limit: u64,
}

impl<R> Limited<R> {
    pub(super) fn new(inner: R, limit: u64) -> Self {
        Self { inner, read: 0, limit }
    }
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.read += count as u64;
        if self.read > self.limit { Err(io::Error::other(Passed(self.limit))) } else { Ok(count) }
    }
}

/// Advances a bar by what is read.
#[derive(Debug)]
pub(super) struct Watched<R> {
    inner: R,
    progress: Progress,
}

impl<R> Watched<R> {
    pub(super) fn new(inner: R, progress: &Progress) -> Self {
        Self { inner, progress: progress.clone() }
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.progress.advance(count as u64);
        Ok(count)
    }
}

/// Up to `count` bytes from the start.
pub(super) fn head(reader: &mut impl Read, count: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(count);
    reader.take(count as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The first bytes of a stream, and the stream with them put back.
pub(super) fn peek<R: Read>(mut reader: R, count: usize) -> io::Result<(Vec<u8>, impl Read)> {
    let head = head(&mut reader, count)?;
    Ok((head.clone(), io::Cursor::new(head).chain(reader)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limited_reader_stops() {
        let mut bytes = Vec::new();
        let error = Limited::new(io::repeat(0), 1000).read_to_end(&mut bytes).unwrap_err();
        assert!(matches!(reading(Path::new("x"), error), PayloadError::Bomb { .. }));
        assert_eq!(limit(1), 256 << 20);
        assert_eq!(limit(20 << 20), 4000 << 20);
        assert_eq!(limit(1 << 30), MAX_ARCHIVE);
    }
}
