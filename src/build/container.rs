//! The zip archive of a wheel as it is written: sizes and CRC-32 go into the local header when they are known, so that no
//! data descriptor is needed.

use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::num::NonZeroUsize;
use std::path::Path;

use super::output::{Options, WriteError};
use super::pipeline;
use super::source::{Member, MemberSource, SourceError};
use super::strategy::{Planned, choose};
use super::worker::Chunk;
use crate::console::Progress;
use crate::digest::Sha256Digest;
use crate::fs::{FsError, Mode};
use crate::zip::archive;
use crate::zip::deflate::Compression;
use crate::zip::writer::{self as zip, CompressionMethod, WrittenMember};

/// An archive being written.
pub(super) struct Archive<'a> {
    output: Output<'a>,
    entries: Vec<WrittenMember>,
    options: &'a Options,
}

impl<'a> Archive<'a> {
    pub(super) fn new(file: &'a mut File, target: &'a Path, options: &'a Options) -> Self {
        Self { output: Output { file, target, position: 0 }, entries: Vec::new(), options }
    }

    /// Writes members in the order given; returns their digests.
    pub(super) fn add(&mut self, members: &[Member], progress: &Progress) -> Result<Vec<Sha256Digest>, WriteError> {
        let options = *self.options;
        let mut planned: Vec<Planned<'_>> = Vec::with_capacity(members.len());
        for member in members {
            planned.push((&member.source, choose(&member.source, options.compression)?));
        }
        let mut crc = crc32fast::Hasher::new();
        // The member whose chunks are being written, where it has several.
        let mut open: Option<&Member> = None;
        let digests = pipeline::run(&planned, options.jobs, |index, chunk| {
            let member = &members[index];
            if let Some(done) = open.take_if(|open| !std::ptr::eq(*open, member)) {
                self.end(done, std::mem::take(&mut crc).finalize())?;
            }
            progress.advance(chunk.crc.total_len());
            if let Some(method) = chunk.whole {
                return self.whole(member, method, chunk);
            }
            if open.is_none() {
                self.begin(member, planned[index].1)?;
                open = Some(member);
            }
            crc.combine(&chunk.crc);
            self.output.append(&chunk.bytes)
        })?;
        if let Some(done) = open {
            self.end(done, crc.finalize())?;
        }
        Ok(digests)
    }

    /// Writes a member of one chunk, whose sizes are known before its header is.
    fn whole(&mut self, member: &Member, method: CompressionMethod, chunk: Chunk) -> Result<(), WriteError> {
        let entry = WrittenMember {
            name: member.path.clone(),
            mode: member.mode,
            method,
            crc: chunk.crc.finalize(),
            size: member.source.size(),
            compressed: chunk.bytes.len() as u64,
            offset: self.output.position,
        };
        let mut bytes = entry.local_header(self.options.date);
        bytes.extend(chunk.bytes);
        self.entries.push(entry);
        self.output.append(&bytes)
    }

    /// Writes a member of another archive: what it is compressed to is copied, and never unpacked.
    pub(super) fn copy(
        &mut self,
        from: &archive::Archive,
        member: &archive::Member,
        progress: &Progress,
    ) -> Result<(), WriteError> {
        let entry = WrittenMember {
            name: member.name.clone(),
            mode: if member.unix_mode() & 0o111 == 0 { Mode::Data } else { Mode::Executable },
            method: if member.method == archive::STORED {
                CompressionMethod::Stored
            } else {
                CompressionMethod::Deflated
            },
            crc: member.crc32,
            size: member.size,
            compressed: member.compressed_size,
            offset: self.output.position,
        };
        self.output.append(&entry.local_header(self.options.date))?;
        self.entries.push(entry);
        from.compressed(member, |chunk| {
            progress.advance(chunk.len() as u64);
            self.output.append(chunk)
        })
    }

    fn begin(&mut self, member: &Member, compression: Compression) -> Result<(), WriteError> {
        let method = match compression {
            Compression::Store => CompressionMethod::Stored,
            _ => CompressionMethod::Deflated,
        };
        let entry = WrittenMember {
            name: member.path.clone(),
            mode: member.mode,
            method,
            crc: 0,
            size: member.source.size(),
            compressed: 0,
            offset: self.output.position,
        };
        // Written again with the sizes; until then it keeps the place.
        self.output.append(&entry.local_header(self.options.date))?;
        self.entries.push(entry);
        Ok(())
    }

    fn end(&mut self, member: &Member, crc: u32) -> Result<(), WriteError> {
        // invariant: `begin` pushed the entry.
        let Some(mut entry) = self.entries.pop() else { return Ok(()) };
        let start = entry.offset + entry.local_header(self.options.date).len() as u64;
        entry.crc = crc;
        entry.compressed = self.output.position - start;
        if entry.method == CompressionMethod::Deflated && entry.compressed >= entry.size {
            // Deflate gained nothing. Storing also keeps compressed sizes below uncompressed ones, on which the choice
            // of zip64 before the data rests.
            self.output.cut(start)?;
            entry.method = CompressionMethod::Stored;
            entry.compressed = entry.size;
            let mut stored_crc = crc32fast::Hasher::new();
            pipeline::run(&[(&member.source, Compression::Store)], NonZeroUsize::MIN, |_, chunk| {
                stored_crc.combine(&chunk.crc);
                self.output.append(&chunk.bytes)
            })?;
            if let (MemberSource::File { path, .. }, true) = (&member.source, stored_crc.finalize() != crc) {
                return Err(SourceError::Changed { path: path.clone() }.into());
            }
        }
        self.output.overwrite(entry.offset, &entry.local_header(self.options.date))?;
        self.entries.push(entry);
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<(), WriteError> {
        let offset = self.output.position;
        let date = self.options.date;
        let directory: Vec<_> = self.entries.iter().flat_map(|entry| entry.central_header(date)).collect();
        self.output.append(&directory)?;
        self.output.append(&zip::end(self.entries.len() as u64, offset, directory.len() as u64))
    }
}

/// The archive's file and where the next byte goes.
struct Output<'a> {
    file: &'a mut File,
    target: &'a Path,
    position: u64,
}

impl Output<'_> {
    fn append(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        self.file.write_all(bytes).map_err(FsError::write(self.target))?;
        self.position += bytes.len() as u64;
        Ok(())
    }

    fn overwrite(&mut self, position: u64, bytes: &[u8]) -> Result<(), WriteError> {
        let write = |file: &mut File| -> io::Result<()> {
            file.seek(SeekFrom::Start(position))?;
            file.write_all(bytes)?;
            file.seek(SeekFrom::Start(self.position))?;
            Ok(())
        };
        Ok(write(self.file).map_err(FsError::write(self.target))?)
    }

    /// Forgets everything after `position`.
    fn cut(&mut self, position: u64) -> Result<(), WriteError> {
        self.file.set_len(position).map_err(FsError::write(self.target))?;
        self.file.seek(SeekFrom::Start(position)).map_err(FsError::write(self.target))?;
        self.position = position;
        Ok(())
    }
}
