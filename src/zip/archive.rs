//! A reader for zip archives that nobody vouches for (APPNOTE 6.3.10, and the framing that package indexes demand). It
//! walks the end records, the central directory and every local header itself; what is wrong with the framing is data,
//! a [`Defect`], wherever a reader can go on. Members are streamed under caps, in memory that does not grow with them.

use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};

use flate2::{Decompress, FlushDecompress, Status};
use sha2::{Digest as _, Sha256};

use crate::digest::Sha256Digest;
use crate::fs::Map;

pub use super::defect::{ArchiveError, Defect, DefectKind, MemberError};

/// Compression method 0: stored.
pub const STORED: u16 = 0;
/// Compression method 8: deflate.
pub const DEFLATED: u16 = 8;

/// Bytes inflated at a time.
pub(crate) const CHUNK: usize = 128 * 1024;
/// Members below this many bytes are not worth a thread.
const PIPED: u64 = 1 << 20;

/// How much an archive may unpack to before it is taken for a bomb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest uncompressed size of one member, in bytes.
    pub member: u64,
    /// Largest uncompressed size of all members together, in bytes.
    pub total: u64,
    /// Largest uncompressed size of a member for one compressed byte; asked of members above `free` only.
    pub ratio: u64,
    /// Largest uncompressed size of all members for one byte of the archive; asked of totals above 64 MiB only.
    pub total_ratio: u64,
    /// Sizes up to this many bytes never count as a bomb.
    pub free: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { member: 4 << 30, total: 8 << 30, ratio: 200, total_ratio: 50, free: 1 << 20 }
    }
}

/// One entry of the central directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Position in the central directory.
    pub index: usize,
    /// The name as text; bytes that are not UTF-8 are shown as U+FFFD.
    pub name: String,
    /// The name as it stands in the central directory.
    pub raw_name: Vec<u8>,
    /// Compression method.
    pub method: u16,
    /// General purpose flags.
    pub flags: u16,
    /// CRC-32 of the uncompressed data.
    pub crc32: u32,
    /// Compressed size in bytes.
    pub compressed_size: u64,
    /// Uncompressed size in bytes.
    pub size: u64,
    /// The system that `external_attributes` belong to: 0 FAT, 3 Unix.
    pub create_system: u8,
    /// External file attributes; the upper half is a Unix mode.
    pub external_attributes: u32,
    /// Last modification as an MS-DOS date.
    pub dos_date: u16,
    /// Last modification as an MS-DOS time.
    pub dos_time: u16,
    /// Where the local header begins, in bytes from the start of the file.
    pub header_offset: u64,
    /// Where the compressed data lies in the file; empty where the local header cannot be used.
    pub data: Range<u64>,
    /// Whether the local header leads to the data.
    pub located: bool,
}

impl Member {
    /// Whether the entry stands for a directory: its name ends in a slash.
    #[must_use]
    pub fn is_directory(&self) -> bool {
        self.raw_name.last() == Some(&b'/')
    }

    /// The Unix mode in the external attributes, type bits included; 0 where the writer recorded none.
    #[must_use]
    pub fn unix_mode(&self) -> u32 {
        self.external_attributes >> 16
    }

    /// Whether pip makes the installed file executable: a regular file by its mode, with any execute bit.
    #[must_use]
    pub fn is_executable(&self) -> bool {
        self.unix_mode() & 0o170_000 == 0o100_000 && self.unix_mode() & 0o111 != 0
    }

    /// Whether the entry is neither a file nor a directory by its mode: a link, FIFO, socket or device.
    #[must_use]
    pub fn is_special(&self) -> bool {
        !matches!(self.unix_mode() & 0o170_000, 0 | 0o100_000 | 0o040_000)
    }
}

/// An open archive: its members, and everything that is wrong with its framing.
#[derive(Debug)]
pub struct Archive {
    path: PathBuf,
    bytes: Map,
    limits: Limits,
    members: Vec<Member>,
    defects: Vec<Defect>,
}

impl Archive {
    /// Opens an archive. Whatever its bytes are, they are read; see [`Archive::defects`].
    ///
    /// # Errors
    /// Only when the file cannot be opened or mapped.
    pub fn open(path: &Path) -> Result<Self, ArchiveError> {
        let bytes = Map::open(path).map_err(|source| ArchiveError::Open { path: path.to_owned(), source })?;
        Ok(Self::over(path, bytes))
    }

    /// An archive in memory; `path` names it in messages.
    #[must_use]
    pub fn from_bytes(path: &Path, bytes: Vec<u8>) -> Self {
        Self::over(path, bytes.into())
    }

    fn over(path: &Path, bytes: Map) -> Self {
        let mut archive =
            Self { path: path.to_owned(), bytes, limits: Limits::default(), members: Vec::new(), defects: Vec::new() };
        let framing = super::framing::walk(archive.bytes());
        archive.members = framing.members;
        archive.defects = framing.defects;
        archive
    }

    /// The same archive under other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The limits that reading obeys.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Every byte of the file.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The entries in the order of the central directory.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Everything that is wrong with the framing, in the order it was met.
    #[must_use]
    pub fn defects(&self) -> &[Defect] {
        &self.defects
    }

    /// The entry of that name; the last one where several have it, as installers take it.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Member> {
        self.members.iter().rev().find(|member| member.name == name)
    }

    /// Refuses an archive whose framing lets two readers see two different contents.
    ///
    /// # Errors
    /// With the first such defect.
    pub fn trusted(&self) -> Result<(), ArchiveError> {
        use DefectKind as Kind;
        let harmless = |kind| {
            matches!(
                kind,
                Kind::Zip64Needless
                    | Kind::LocalTime
                    | Kind::Descriptor
                    | Kind::ExtraField
                    | Kind::EntryComment
                    | Kind::ArchiveComment
                    | Kind::Date
            )
        };
        match self.defects.iter().find(|defect| !harmless(defect.kind)) {
            None => Ok(()),
            Some(defect) => Err(ArchiveError::Framing { path: self.path.clone(), message: defect.message.clone() }),
        }
    }

    /// Why a member must not be unpacked, judged by its stated sizes alone.
    #[must_use]
    pub fn bomb(&self, member: &Member) -> Option<MemberError> {
        let limits = self.limits;
        let by_ratio = member.compressed_size.saturating_mul(limits.ratio).max(limits.free);
        let limit = limits.member.min(by_ratio);
        (member.size > limit).then(|| MemberError::TooLarge { member: member.name.clone(), size: member.size, limit })
    }

    /// Whether all members together unpack to more than the limits allow; the total and the limit, in bytes.
    #[must_use]
    pub fn total_bomb(&self) -> Option<(u64, u64)> {
        let total = self.members.iter().fold(0_u64, |sum, member| sum.saturating_add(member.size));
        let by_ratio = (self.bytes().len() as u64).saturating_mul(self.limits.total_ratio).max(64 << 20);
        let limit = self.limits.total.min(by_ratio);
        (total > limit).then_some((total, limit))
    }

    /// Streams the data of a member into `out` and holds it against the stated size and CRC-32.
    ///
    /// # Errors
    /// When the member cannot be read, is not what the directory states, or breaks a limit; what was written to `out`
    /// until then must not be used.
    pub fn copy_to(&self, member: &Member, out: &mut dyn Write) -> Result<(), MemberError> {
        let mut checked = Checked::new(member, out);
        self.produce(member, &mut Direct { buffer: vec![0; CHUNK], checked: &mut checked })?;
        checked.finish()
    }

    /// Hands the data of a member to `sink`, a chunk at a time, without looking at it.
    pub(crate) fn produce(&self, member: &Member, sink: &mut dyn Sink) -> Result<(), MemberError> {
        let name = || member.name.clone();
        if member.flags & 1 != 0 {
            return Err(MemberError::Encrypted { member: name() });
        }
        if !member.located {
            return Err(MemberError::Unlocated { member: name() });
        }
        if let Some(error) = self.bomb(member) {
            return Err(error);
        }
        // invariant: `located` says that the range lies in the file, whose length is a usize.
        let start = member.data.start as usize;
        let data = &self.bytes()[start..member.data.end as usize];
        let done = |from: usize, to: usize| self.bytes.release(start + from..start + to);
        match member.method {
            STORED => stored(data, sink, &done),
            DEFLATED => inflate(member, data, sink, &done),
            method => Err(MemberError::Method { member: name(), method }),
        }
    }

    /// The digest of the whole file.
    #[must_use]
    pub fn sha256(&self) -> Sha256Digest {
        let mut hasher = Sha256::new();
        for (index, chunk) in self.bytes.chunks(RELEASE).enumerate() {
            hasher.update(chunk);
            self.bytes.release(index * RELEASE..index * RELEASE + chunk.len());
        }
        Sha256Digest(hasher.finalize().into())
    }

    /// As [`Archive::copy_to`], with large members written to `out` by a thread of their own, so that inflating and what
    /// `out` does overlap.
    ///
    /// # Errors
    /// As [`Archive::copy_to`].
    pub fn pipe_to(&self, member: &Member, out: &mut (dyn Write + Send)) -> Result<(), MemberError> {
        if member.size < PIPED { self.copy_to(member, out) } else { super::pipe::copy(self, member, out) }
    }

    /// The data of a member of at most `limit` bytes.
    ///
    /// # Errors
    /// As [`Archive::copy_to`], and when the member states more than `limit` bytes.
    pub fn read(&self, member: &Member, limit: u64) -> Result<Vec<u8>, MemberError> {
        if member.size > limit {
            return Err(MemberError::TooLarge { member: member.name.clone(), size: member.size, limit });
        }
        let mut bytes = Vec::new();
        self.copy_to(member, &mut bytes)?;
        Ok(bytes)
    }
}

/// Takes chunks: gives a buffer to fill, and is told how much of it was filled.
pub(crate) trait Sink {
    fn buffer(&mut self) -> &mut [u8];
    fn filled(&mut self, count: usize) -> Result<(), MemberError>;
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
pub(crate) struct Checked<'a, W: ?Sized> {
    member: &'a Member,
    out: &'a mut W,
    hasher: crc32fast::Hasher,
    count: u64,
}

impl<'a, W: Write + ?Sized> Checked<'a, W> {
    pub(crate) fn new(member: &'a Member, out: &'a mut W) -> Self {
        Self { member, out, hasher: crc32fast::Hasher::new(), count: 0 }
    }
}

impl<W: Write + ?Sized> Checked<'_, W> {
    pub(crate) fn write(&mut self, chunk: &[u8]) -> Result<(), MemberError> {
        self.count += chunk.len() as u64;
        if self.count > self.member.size {
            return Err(self.wrong_size(true));
        }
        self.hasher.update(chunk);
        self.out.write_all(chunk).map_err(|source| MemberError::Write { member: self.member.name.clone(), source })
    }

    fn wrong_size(&self, more: bool) -> MemberError {
        MemberError::Size { member: self.member.name.clone(), stated: self.member.size, more }
    }

    pub(crate) fn finish(self) -> Result<(), MemberError> {
        if self.count < self.member.size {
            return Err(self.wrong_size(false));
        }
        let actual = self.hasher.finalize();
        if actual != self.member.crc32 {
            return Err(MemberError::Crc { member: self.member.name.clone(), stated: self.member.crc32, actual });
        }
        Ok(())
    }
}

/// Told which part of a member's data will not be read again: from, to.
type Done<'a> = &'a dyn Fn(usize, usize);

/// So many bytes are read before the memory under them is released.
const RELEASE: usize = 4 << 20;

fn stored(data: &[u8], sink: &mut dyn Sink, done: Done<'_>) -> Result<(), MemberError> {
    let (mut at, mut gone) = (0, 0);
    while at < data.len() {
        let buffer = sink.buffer();
        let count = buffer.len().min(data.len() - at);
        buffer[..count].copy_from_slice(&data[at..at + count]);
        sink.filled(count)?;
        at += count;
        if at - gone >= RELEASE {
            done(gone, at);
            gone = at;
        }
    }
    Ok(())
}

fn inflate(member: &Member, data: &[u8], sink: &mut dyn Sink, done: Done<'_>) -> Result<(), MemberError> {
    let mut gone = 0;
    let damaged = || MemberError::Inflate { member: member.name.clone() };
    let mut stream = Decompress::new(false);
    loop {
        let (read, written) = (stream.total_in(), stream.total_out());
        // invariant: total_in never passes the length of what was given.
        let rest = &data[read as usize..];
        let status = stream.decompress(rest, sink.buffer(), FlushDecompress::None).map_err(|_| damaged())?;
        let produced = (stream.total_out() - written) as usize;
        if produced > 0 {
            sink.filled(produced)?;
        }
        let taken = stream.total_in() as usize;
        if taken - gone >= RELEASE {
            done(gone, taken);
            gone = taken;
        }
        match status {
            Status::StreamEnd => {
                let count = data.len() as u64 - stream.total_in();
                if count > 0 {
                    return Err(MemberError::Leftover { member: member.name.clone(), count });
                }
                return Ok(());
            }
            // No progress means that the stream wants bytes that the entry does not have.
            Status::Ok | Status::BufError if produced == 0 && stream.total_in() == read => return Err(damaged()),
            Status::Ok | Status::BufError => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    /// A small archive: a stored member and a deflated one.
    fn archive() -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default().unix_permissions(0o644);
        writer.start_file("a.txt", options.compression_method(zip::CompressionMethod::Stored)).unwrap();
        writer.write_all(b"hello").unwrap();
        writer.start_file("b/c.txt", options.compression_method(zip::CompressionMethod::Deflated)).unwrap();
        writer.write_all(&b"hello, hello, hello. ".repeat(50)).unwrap();
        writer.finish().unwrap().into_inner()
    }

    fn open(bytes: Vec<u8>) -> Archive {
        Archive::from_bytes(Path::new("a.whl"), bytes)
    }

    fn kinds(bytes: Vec<u8>) -> Vec<DefectKind> {
        let mut kinds: Vec<_> = open(bytes).defects().iter().map(|defect| defect.kind).collect();
        kinds.dedup();
        kinds
    }

    fn position(bytes: &[u8], signature: &[u8]) -> usize {
        bytes.windows(signature.len()).position(|window| window == signature).unwrap()
    }

    #[test]
    fn a_plain_archive_has_no_defect_and_its_members_are_read() {
        let archive = open(archive());
        assert_eq!(archive.defects(), []);
        archive.trusted().unwrap();
        let names: Vec<_> = archive.members().iter().map(|member| member.name.as_str()).collect();
        assert_eq!(names, ["a.txt", "b/c.txt"]);
        let read = |name| archive.read(archive.find(name).unwrap(), 10_000).unwrap();
        assert_eq!(read("a.txt"), b"hello");
        assert_eq!(read("b/c.txt"), b"hello, hello, hello. ".repeat(50));
        assert!(matches!(archive.read(&archive.members()[1], 10), Err(MemberError::TooLarge { .. })));
    }

    #[test]
    fn what_surrounds_an_archive_is_seen() {
        assert_eq!(kinds(Vec::new()), [DefectKind::NotAnArchive]);
        assert_eq!(kinds(b"PK\x03\x04 no archive".to_vec()), [DefectKind::NotAnArchive]);
        assert_eq!(kinds([b"#!/bin/sh\n".to_vec(), archive()].concat()), [DefectKind::Prefix]);
        assert_eq!(kinds([archive(), b"more".to_vec()].concat()), [DefectKind::Trailing]);
        assert_eq!(kinds([archive(), archive()].concat()), [DefectKind::Prefix]);
        let mut truncated = archive();
        truncated.truncate(truncated.len() - 1);
        assert_eq!(kinds(truncated), [DefectKind::NotAnArchive]);
    }

    #[test]
    fn a_record_that_lies_is_seen() {
        let local = |bytes: &[u8]| position(bytes, b"PK\x03\x04");
        let central = |bytes: &[u8]| position(bytes, b"PK\x01\x02");
        let end = |bytes: &[u8]| position(bytes, b"PK\x05\x06");
        type Place = fn(&[u8]) -> usize;
        let cases: [(Place, usize, DefectKind); 9] = [
            (local, 14, DefectKind::LocalHeader),
            (local, 8, DefectKind::LocalHeader),
            (local, 18, DefectKind::LocalHeader),
            (local, 30, DefectKind::LocalHeader),
            (local, 10, DefectKind::LocalTime),
            (central, 34, DefectKind::SeveralDisks),
            (end, 4, DefectKind::SeveralDisks),
            (end, 8, DefectKind::Directory),
            (end, 16, DefectKind::Directory),
        ];
        for (place, offset, kind) in cases {
            let mut bytes = archive();
            let at = place(&bytes) + offset;
            bytes[at] ^= 4;
            assert_eq!(kinds(bytes), [kind], "offset {offset}");
        }
    }

    #[test]
    fn an_entry_that_the_directory_does_not_list_is_seen() {
        let mut bytes = archive();
        let (first, end) = (position(&bytes, b"PK\x01\x02"), position(&bytes, b"PK\x05\x06"));
        let length = 46 + "a.txt".len();
        bytes.drain(first..first + length);
        let end = end - length;
        (bytes[end + 8], bytes[end + 10]) = (1, 1);
        bytes[end + 12] -= length as u8;
        assert_eq!(kinds(bytes), [DefectKind::HiddenEntry]);
    }

    #[test]
    fn damaged_data_is_refused() {
        let flip = |offset: usize| {
            let mut bytes = archive();
            bytes[offset] ^= 1;
            bytes
        };
        let plain = open(archive());
        let (stored, deflated) = (plain.members()[0].clone(), plain.members()[1].clone());
        let result = |bytes: Vec<u8>, index: usize| {
            let archive = open(bytes);
            archive.read(&archive.members()[index], 10_000)
        };
        assert!(matches!(result(flip(stored.data.start as usize), 0), Err(MemberError::Crc { .. })));
        assert!(result(flip(deflated.data.start as usize + 8), 1).is_err());
        let tight = open(archive()).with_limits(Limits { ratio: 2, free: 100, ..Limits::default() });
        assert!(matches!(tight.read(&deflated, 10_000), Err(MemberError::TooLarge { .. })));
    }

    proptest::proptest! {
        #[test]
        fn no_input_panics(
            mut edits in proptest::collection::vec((0_usize..400, proptest::num::u8::ANY), 0..6),
            cut in 0_usize..400,
        ) {
            let mut bytes = archive();
            edits.drain(..).for_each(|(at, value)| if let Some(byte) = bytes.get_mut(at) { *byte = value });
            bytes.truncate(bytes.len().saturating_sub(cut / 8));
            let archive = open(bytes);
            for member in archive.members() {
                let _ = archive.copy_to(member, &mut std::io::sink());
            }
        }
    }
}
