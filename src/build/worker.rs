//! What the threads of a build do: read, hash and compress a chunk of a large source, or a batch of small ones.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

use sha2::{Digest as _, Sha256};

use super::source::{MemberSource, SourceError, changed, read_error};
use super::strategy::Planned;
use crate::digest::Sha256Digest;
use crate::fs::open_regular;
use crate::zip::deflate::{CHUNK, Compression, Deflater, Position};
use crate::zip::writer::CompressionMethod;

/// The compressed form of one chunk.
pub(super) struct Chunk {
    /// What goes into the archive.
    pub(crate) bytes: Vec<u8>,
    /// CRC-32 of the data, with its length.
    pub(crate) crc: crc32fast::Hasher,
    /// How the bytes are to be read, where they are a whole member: stored where deflate gained nothing.
    pub(crate) whole: Option<CompressionMethod>,
}

/// What one thread does at a time.
pub(super) enum Task {
    /// One chunk of a source that has several.
    Part { source: usize, offset: u64 },
    /// Sources that are one chunk each.
    Batch(Range<usize>),
}

/// A chunk, and the digest of its source where it is the whole of it.
pub(super) struct Done {
    pub(crate) source: usize,
    pub(crate) chunk: Chunk,
    pub(crate) digest: Option<Sha256Digest>,
}

pub(super) struct Worker {
    /// The file of the last task: the next is most often of the same.
    open: Option<(usize, File)>,
    buffer: Vec<u8>,
    deflater: Deflater,
}

impl Worker {
    /// `compression` is that of all sources which are not just stored.
    pub(super) fn new(compression: Compression) -> Self {
        Self { open: None, buffer: Vec::new(), deflater: Deflater::new(compression) }
    }

    pub(super) fn work(&mut self, sources: &[Planned<'_>], task: &Task) -> Result<Vec<Done>, SourceError> {
        match task {
            Task::Part { source, offset } => {
                let chunk = self.part(*source, sources[*source], *offset)?;
                Ok(vec![Done { source: *source, chunk, digest: None }])
            }
            Task::Batch(range) => range
                .clone()
                .map(|source| {
                    let (chunk, digest) = self.whole(sources[source])?;
                    Ok(Done { source, chunk, digest: Some(digest) })
                })
                .collect(),
        }
    }

    /// One chunk of a large source.
    fn part(&mut self, index: usize, planned: Planned<'_>, offset: u64) -> Result<Chunk, SourceError> {
        let (source, compression) = planned;
        let length = (source.size() - offset).min(CHUNK as u64) as usize;
        let last = offset + length as u64 == source.size();
        let data = match source {
            MemberSource::Bytes(bytes) => {
                let start = offset as usize;
                &bytes[start..start + length]
            }
            MemberSource::File { path, .. } => {
                self.buffer.resize(length, 0);
                let file = match &mut self.open {
                    Some((open, file)) if *open == index => file,
                    open => &mut open.insert((index, open_regular(path).map_err(read_error(path))?)).1,
                };
                file.seek(SeekFrom::Start(offset)).map_err(read_error(path))?;
                file.read_exact(&mut self.buffer).map_err(|error| match error.kind() {
                    io::ErrorKind::UnexpectedEof => changed(source),
                    _ => read_error(path)(error),
                })?;
                &self.buffer
            }
        };
        let mut crc = crc32fast::Hasher::new();
        crc.update(data);
        let bytes = match compression {
            Compression::Store => data.to_vec(),
            _ => self.deflater.deflate(data, if last { Position::Last } else { Position::Inner })?,
        };
        Ok(Chunk { bytes, crc, whole: None })
    }

    /// A small source, read once for its bytes and its digest.
    fn whole(&mut self, planned: Planned<'_>) -> Result<(Chunk, Sha256Digest), SourceError> {
        let (source, compression) = planned;
        let data = match source {
            MemberSource::Bytes(bytes) => bytes.as_slice(),
            MemberSource::File { path, size } => {
                self.buffer.clear();
                self.buffer.reserve_exact(*size as usize + 1);
                let file = open_regular(path).map_err(read_error(path))?;
                // One byte more than there should be: a file that has grown is noticed.
                file.take(size + 1).read_to_end(&mut self.buffer).map_err(read_error(path))?;
                if self.buffer.len() as u64 != *size {
                    return Err(changed(source));
                }
                &self.buffer
            }
        };
        let mut crc = crc32fast::Hasher::new();
        crc.update(data);
        let digest = Sha256Digest::of(data);
        let deflated = match compression {
            Compression::Store => None,
            _ => Some(self.deflater.deflate(data, Position::Last)?).filter(|deflated| deflated.len() < data.len()),
        };
        let (bytes, method) = match deflated {
            Some(deflated) => (deflated, CompressionMethod::Deflated),
            None => (data.to_vec(), CompressionMethod::Stored),
        };
        Ok((Chunk { bytes, crc, whole: Some(method) }, digest))
    }
}

/// The digest and CRC-32 of a source; stops early where `is_stopped` says so.
pub(super) fn hash(source: &MemberSource, is_stopped: impl Fn() -> bool) -> Result<(Sha256Digest, u32), SourceError> {
    match source {
        MemberSource::Bytes(bytes) => Ok((Sha256Digest::of(bytes), crc32fast::hash(bytes))),
        MemberSource::File { path, size } => {
            let mut file = open_regular(path).map_err(read_error(path))?;
            let mut buffer = vec![0; 1 << 18];
            let (mut sha256, mut crc, mut total) = (Sha256::new(), crc32fast::Hasher::new(), 0);
            loop {
                let count = match file.read(&mut buffer) {
                    Ok(0) => break,
                    Ok(count) => count,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(error) => return Err(read_error(path)(error)),
                };
                sha256.update(&buffer[..count]);
                crc.update(&buffer[..count]);
                total += count as u64;
                // Also bounds the reading of a file that grows without end.
                if total > *size || is_stopped() {
                    return Err(changed(source));
                }
            }
            if total != *size {
                return Err(changed(source));
            }
            Ok((Sha256Digest(sha256.finalize().into()), crc.finalize()))
        }
    }
}
