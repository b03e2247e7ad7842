//! A reader for zip archives that nobody answers for (APPNOTE 6.3.10, and the framing that package indexes demand). It walks
//! the end records, the central directory and every local header itself; what is wrong with the framing is data, a
//! `Defect`, wherever a reader can go on. Members are streamed under caps, in memory that does not grow with them.

use std::io::Write;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::framing::{self, Framing};
use super::inflate::{self, CHUNK};
use super::pipe;
use super::segments::Segments;
use crate::digest::Sha256Digest;
use crate::fs::FileBytes;

pub(crate) use super::defect::{ArchiveError, Defect, DefectKind};
pub(crate) use super::member::{DEFLATED, Member, MemberError, STORED};

/// Members below this many bytes are not worth a thread.
const MIN_PIPED: u64 = 1 << 20;

/// How much an archive may unpack to before it is taken for a bomb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub member: u64,
    pub total: u64,
    /// Largest uncompressed size of all members for one byte of the archive; asked of totals above 64 MiB only.
    pub total_ratio: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { member: 4 << 30, total: 8 << 30, total_ratio: 50 }
    }
}

/// An open archive: its members, and everything that is wrong with its framing.
#[derive(Debug)]
pub struct Archive {
    path: PathBuf,
    bytes: FileBytes,
    limits: Limits,
    framing: Framing,
}

impl Archive {
    /// Opens an archive. Whatever its bytes are, they are read; see [`Archive::defects`].
    pub fn open(path: &Path) -> Result<Self, ArchiveError> {
        let refused = |source| ArchiveError::Open { path: path.to_owned(), source };
        let bytes = FileBytes::open(path).map_err(refused)?;
        let framing = framing::walk(&bytes).map_err(refused)?;
        Ok(Self { path: path.to_owned(), bytes, limits: Limits::default(), framing })
    }

    /// An archive in memory; `path` names it in messages.
    pub fn from_bytes(path: &Path, bytes: Vec<u8>) -> Self {
        let bytes = FileBytes::Memory(bytes);
        // invariant: memory can always be read.
        let framing = framing::walk(&bytes).unwrap_or_default();
        Self { path: path.to_owned(), bytes, limits: Limits::default(), framing }
    }

    /// The same archive under other limits.
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn size(&self) -> u64 {
        self.bytes.length()
    }

    /// The entries in the order of the central directory.
    pub fn members(&self) -> &[Member] {
        &self.framing.members
    }

    /// Everything that is wrong with the framing, in the order it was met.
    pub fn defects(&self) -> &[Defect] {
        &self.framing.defects
    }

    /// The entry of that name; the last one where several have it, as installers take it.
    pub fn find(&self, name: &str) -> Option<&Member> {
        self.framing.members.iter().rev().find(|member| member.name == name)
    }

    /// Refuses an archive whose framing lets two readers see two different contents.
    ///
    /// # Errors
    /// With the first such defect.
    pub(crate) fn trusted(&self) -> Result<(), ArchiveError> {
        self.trusted_but(&[])
    }

    /// The same for who reads those kinds of defects in one way only.
    pub(crate) fn trusted_but(&self, read_alike: &[DefectKind]) -> Result<(), ArchiveError> {
        use DefectKind as Kind;
        let harmless = |kind| {
            matches!(
                kind,
                Kind::Zip64Needless
                    | Kind::LocalHint
                    | Kind::Descriptor
                    | Kind::ExtraField
                    | Kind::EntryComment
                    | Kind::ArchiveComment
                    | Kind::Date
            )
        };
        match self.framing.defects.iter().find(|defect| !harmless(defect.kind) && !read_alike.contains(&defect.kind)) {
            None => Ok(()),
            Some(defect) => Err(ArchiveError::Framing { path: self.path.clone(), message: defect.message.clone() }),
        }
    }

    /// Why a member must not be unpacked, judged by its stated sizes alone.
    pub(crate) fn bomb(&self, member: &Member) -> Option<MemberError> {
        let limit = self.limits.member;
        (member.size > limit).then(|| MemberError::TooLarge { member: member.name.clone(), size: member.size, limit })
    }

    /// Whether all members together unpack to more than the limits allow; the total and the limit, in bytes.
    pub(crate) fn total_bomb(&self) -> Option<(u64, u64)> {
        let total = self.framing.members.iter().fold(0_u64, |sum, member| sum.saturating_add(member.size));
        let by_ratio = self.size().saturating_mul(self.limits.total_ratio).max(64 << 20);
        let limit = self.limits.total.min(by_ratio);
        (total > limit).then_some((total, limit))
    }

    /// Streams the data of a member into `out` and holds it against the stated size and CRC-32. Large members are written
    /// to `out` by a thread of their own, so that inflating and what `out` does overlap.
    ///
    /// # Errors
    /// When the member cannot be read, is not what the directory states, or breaks a limit; what was written to `out`
    /// until then must not be used.
    pub fn copy_to(&self, member: &Member, out: &mut (dyn Write + Send)) -> Result<(), MemberError> {
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
        if member.size < MIN_PIPED {
            return inflate::copy(&self.bytes, member, out);
        }
        match Segments::of(&self.bytes, member)? {
            Some(segments) => segments.copy(out),
            None => pipe::copy(&self.bytes, member, out),
        }
    }

    /// Hands the data of a member to `each` a chunk at a time, as it lies in the archive: compressed, and unjudged.
    ///
    /// # Errors
    /// When the member cannot be read, or with what `each` answers.
    pub(crate) fn compressed<E: From<MemberError>>(
        &self,
        member: &Member,
        mut each: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let name = || member.name.clone();
        if !member.located {
            return Err(MemberError::Unlocated { member: name() }.into());
        }
        let mut buffer = vec![0; CHUNK];
        let mut at = member.data.start;
        while at < member.data.end {
            let count = (member.data.end - at).min(CHUNK as u64);
            let chunk = &mut buffer[..count as usize];
            self.bytes.read_at(at, chunk).map_err(|source| MemberError::Read { member: name(), source })?;
            each(chunk)?;
            at += count;
        }
        Ok(())
    }

    /// The digest of the whole file.
    pub(crate) fn sha256(&self) -> Result<Sha256Digest, ArchiveError> {
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; CHUNK];
        let mut at = 0;
        while at < self.size() {
            let count = (self.size() - at).min(CHUNK as u64);
            let chunk = &mut buffer[..count as usize];
            let read = self.bytes.read_at(at, chunk);
            read.map_err(|source| ArchiveError::Open { path: self.path.clone(), source })?;
            hasher.update(chunk);
            at += count;
        }
        Ok(Sha256Digest(hasher.finalize().into()))
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
        let mut raw = Vec::new();
        let deflated = archive.find("b/c.txt").unwrap();
        let mut keep = |chunk: &[u8]| {
            raw.extend_from_slice(chunk);
            Ok::<_, MemberError>(())
        };
        archive.compressed(deflated, &mut keep).unwrap();
        assert_eq!(raw.len() as u64, deflated.compressed_size);
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
            (local, 10, DefectKind::LocalHint),
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
        let tight = open(archive()).with_limits(Limits { member: 100, ..Limits::default() });
        assert!(matches!(tight.read(&deflated, 10_000), Err(MemberError::TooLarge { .. })));
    }

    #[test]
    fn a_file_that_is_cut_short_while_it_is_read_gives_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.whl");
        std::fs::write(&path, archive()).unwrap();
        let archive = Archive::open(&path).unwrap();
        assert_eq!(archive.sha256().unwrap(), Sha256Digest::of(&std::fs::read(&path).unwrap()));
        std::fs::File::options().write(true).open(&path).unwrap().set_len(38).unwrap();
        for member in archive.members() {
            assert!(matches!(archive.read(member, 10_000), Err(MemberError::Read { .. })));
        }
        assert!(matches!(archive.sha256(), Err(ArchiveError::Open { .. })));
    }

    #[test]
    fn a_zip64_record_that_reaches_into_its_locator_is_seen() {
        let mut bytes = vec![0; 200];
        bytes.splice(96..100, *b"PK\x06\x06");
        bytes.splice(100..104, *b"PK\x06\x07");
        bytes.splice(108..116, 96_u64.to_le_bytes());
        bytes.splice(120..124, *b"PK\x05\x06");
        bytes.truncate(142);
        assert!(kinds(bytes).contains(&DefectKind::Zip64));
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
