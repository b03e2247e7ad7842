//! The data of one member on its way out of an archive: read by position, inflated (RFC 1951), counted and held against the
//! CRC-32 that the directory states, in memory that does not grow with it.

use std::io::Write;
use std::ops::Range;

use flate2::{Decompress, FlushDecompress, Status};

use super::member::{DEFLATED, Member, MemberError, STORED};
use crate::fs::FileBytes;

/// How many bytes are read or inflated at a time.
pub(super) const CHUNK: usize = 128 * 1024;

/// Takes chunks: gives a buffer to fill, and is told how much of it was filled.
pub(super) trait Sink {
    fn buffer(&mut self) -> &mut [u8];
    fn filled(&mut self, count: usize) -> Result<(), MemberError>;
}

/// Writes the data of a located member to `out`, and holds it against what the directory states.
pub(super) fn copy(file: &FileBytes, member: &Member, out: &mut dyn Write) -> Result<(), MemberError> {
    let mut checked = Checked::new(member, out);
    pass(file, member, member.data.clone(), &mut checked)?;
    checked.finish()
}

/// Passes the data that follows from `left` on to `checked`.
pub(super) fn pass<W: Write + ?Sized>(
    file: &FileBytes,
    member: &Member,
    left: Range<u64>,
    checked: &mut Checked<'_, W>,
) -> Result<(), MemberError> {
    produce(file, member, left, &mut Direct { buffer: vec![0; CHUNK], checked })
}

/// Checks and passes on every chunk at once.
struct Direct<'a, 'b, W: ?Sized> {
    buffer: Vec<u8>,
    checked: &'a mut Checked<'b, W>,
}

impl<W: Write + ?Sized> Sink for Direct<'_, '_, W> {
    fn buffer(&mut self) -> &mut [u8] {
        &mut self.buffer
    }

    fn filled(&mut self, count: usize) -> Result<(), MemberError> {
        self.checked.write(&self.buffer[..count])
    }
}

/// Passes data on while counting and hashing it, and stops as soon as there is more than stated.
pub(super) struct Checked<'a, W: ?Sized> {
    member: &'a Member,
    out: &'a mut W,
    hasher: crc32fast::Hasher,
    count: u64,
    /// How many bytes come a second time.
    again: u64,
}

impl<'a, W: Write + ?Sized> Checked<'a, W> {
    pub(super) fn new(member: &'a Member, out: &'a mut W) -> Self {
        Self { member, out, hasher: crc32fast::Hasher::new(), count: 0, again: 0 }
    }
}

impl<W: Write + ?Sized> Checked<'_, W> {
    pub(super) fn write(&mut self, chunk: &[u8]) -> Result<(), MemberError> {
        let known = self.again.min(chunk.len() as u64);
        self.again -= known;
        let chunk = &chunk[known as usize..];
        self.hasher.update(chunk);
        self.pass(chunk)
    }

    /// As [`Checked::write`], with the CRC-32 of the chunk.
    pub(super) fn write_hashed(&mut self, chunk: &[u8], crc: &crc32fast::Hasher) -> Result<(), MemberError> {
        self.hasher.combine(crc);
        // What takes it reads it more than once: each block is still in the cache then.
        chunk.chunks(CHUNK).try_for_each(|block| self.pass(block))
    }

    fn pass(&mut self, block: &[u8]) -> Result<(), MemberError> {
        self.count += block.len() as u64;
        if self.count > self.member.size {
            return Err(self.wrong_size());
        }
        self.out.write_all(block).map_err(|source| MemberError::Write { member: self.member.name.clone(), source })
    }

    /// What follows begins with the first byte again.
    pub(super) fn begin_again(&mut self) {
        self.again = self.count;
    }

    fn wrong_size(&self) -> MemberError {
        let stated = self.member.size;
        MemberError::Size { member: self.member.name.clone(), stated, more: self.count > stated }
    }

    pub(super) fn finish(self) -> Result<(), MemberError> {
        if self.count < self.member.size {
            return Err(self.wrong_size());
        }
        let actual = self.hasher.finalize();
        if actual != self.member.crc32 {
            return Err(MemberError::Crc { member: self.member.name.clone(), stated: self.member.crc32, actual });
        }
        Ok(())
    }
}

/// Hands the data of a located member, or what follows from `left` alone, to `sink`, a chunk at a time, without looking at it.
pub(super) fn produce(
    file: &FileBytes,
    member: &Member,
    left: Range<u64>,
    sink: &mut dyn Sink,
) -> Result<(), MemberError> {
    let input = CompressedInput { file, member, left, buffer: Vec::new(), unread: 0..0 };
    match member.method {
        STORED => input.store(sink),
        DEFLATED => input.inflate(sink),
        method => Err(MemberError::Method { member: member.name.clone(), method }),
    }
}

/// The compressed data of a member.
struct CompressedInput<'a> {
    file: &'a FileBytes,
    member: &'a Member,
    /// What was not read yet.
    left: Range<u64>,
    buffer: Vec<u8>,
    unread: Range<usize>,
}

impl CompressedInput<'_> {
    /// Reads as much as there is and `buffer` holds; how much that was.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, MemberError> {
        let count = (buffer.len() as u64).min(self.left.end - self.left.start) as usize;
        let read = self.file.read_at(self.left.start, &mut buffer[..count]);
        read.map_err(|source| MemberError::Read { member: self.member.name.clone(), source })?;
        self.left.start += count as u64;
        Ok(count)
    }

    fn store(mut self, sink: &mut dyn Sink) -> Result<(), MemberError> {
        while !self.left.is_empty() {
            let count = self.read(sink.buffer())?;
            sink.filled(count)?;
        }
        Ok(())
    }

    fn inflate(mut self, sink: &mut dyn Sink) -> Result<(), MemberError> {
        let mut stream = Decompress::new(false);
        let damaged = || MemberError::Inflate { member: self.member.name.clone() };
        self.buffer.resize(CHUNK.min((self.left.end - self.left.start) as usize), 0);
        // Only full buffers are passed on, whose places in a file that they are written to are then those of its pages.
        let mut filled = 0;
        loop {
            if self.unread.is_empty() {
                let mut buffer = std::mem::take(&mut self.buffer);
                self.unread = 0..self.read(&mut buffer)?;
                self.buffer = buffer;
            }
            let (read, written) = (stream.total_in(), stream.total_out());
            let input = &self.buffer[self.unread.clone()];
            let room = &mut sink.buffer()[filled..];
            let status = stream.decompress(input, room, FlushDecompress::None).map_err(|_| damaged())?;
            let (taken, produced) = (stream.total_in() - read, stream.total_out() - written);
            let is_full = produced as usize == room.len();
            self.unread.start += taken as usize;
            filled += produced as usize;
            if is_full || status == Status::StreamEnd && filled > 0 {
                sink.filled(filled)?;
                filled = 0;
            }
            match status {
                Status::StreamEnd => {
                    let count = self.unread.len() as u64 + self.left.end - self.left.start;
                    let member = || self.member.name.clone();
                    return if count > 0 { Err(MemberError::Leftover { member: member(), count }) } else { Ok(()) };
                }
                // No progress means that the stream wants bytes that the entry does not have.
                Status::Ok | Status::BufError if produced == 0 && taken == 0 => return Err(damaged()),
                Status::Ok | Status::BufError => {}
            }
        }
    }
}
