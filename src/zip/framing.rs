//! The walk over an archive's records (APPNOTE 6.3.10, sections 4.3 to 4.5): end records from the back, the central
//! directory, each local header, and at last whether the entries tile the file without gaps or overlaps.

use super::archive::{DEFLATED, Member, STORED};
use super::defect::{Defect, DefectKind};

const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
const END64: u32 = 0x0606_4b50;
const LOCATOR: u32 = 0x0706_4b50;
const DESCRIPTOR: u32 = 0x0807_4b50;

/// More entries than any wheel has; each costs memory.
const MOST_MEMBERS: usize = 200_000;
/// More defects than anyone reads; each costs memory.
const MOST_DEFECTS: usize = 20_000;

const ENCRYPTED: u16 = 1;
const HAS_DESCRIPTOR: u16 = 1 << 3;
const PATCHED: u16 = 1 << 5;
const STRONG_ENCRYPTION: u16 = 1 << 6;
const UTF8: u16 = 1 << 11;
const MASKED: u16 = 1 << 13;

impl Member {
    /// Whether the entry is encrypted, in any of the three ways (APPNOTE 4.4.4).
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.flags & (ENCRYPTED | STRONG_ENCRYPTION | MASKED) != 0
    }
}

/// What a walk found.
#[derive(Debug, Default)]
pub(crate) struct Framing {
    pub members: Vec<Member>,
    pub defects: Vec<Defect>,
}

/// Walks an archive. Every input has an answer.
pub(crate) fn walk(bytes: &[u8]) -> Framing {
    let mut walk = Walk { bytes: Bytes(bytes), framing: Framing::default(), records: Vec::new() };
    if let Some(directory) = walk.end_records() {
        walk.central_directory(&directory);
        walk.local_headers(&directory);
        walk.tiling(&directory);
    }
    walk.framing
}

/// Little-endian reads that know where the bytes end.
#[derive(Clone, Copy)]
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn len(self) -> u64 {
        self.0.len() as u64
    }

    fn slice(self, offset: u64, length: u64) -> Option<&'a [u8]> {
        let start = usize::try_from(offset).ok()?;
        let end = start.checked_add(usize::try_from(length).ok()?)?;
        self.0.get(start..end)
    }

    fn array<const N: usize>(self, offset: u64) -> Option<[u8; N]> {
        self.slice(offset, N as u64)?.try_into().ok()
    }

    fn u16(self, offset: u64) -> Option<u16> {
        self.array(offset).map(u16::from_le_bytes)
    }

    fn u32(self, offset: u64) -> Option<u32> {
        self.array(offset).map(u32::from_le_bytes)
    }

    fn u64(self, offset: u64) -> Option<u64> {
        self.array(offset).map(u64::from_le_bytes)
    }

    fn is(self, offset: u64, signature: u32) -> bool {
        self.u32(offset) == Some(signature)
    }
}

/// Where the central directory is.
struct Directory {
    start: u64,
    end: u64,
    entries: u64,
    /// What to add to every stated offset: the length of a prefix that the writer did not know of.
    shift: u64,
}

/// The bytes that an entry occupies, local header and descriptor included.
struct Record {
    start: u64,
    end: u64,
    member: usize,
}

struct Walk<'a> {
    bytes: Bytes<'a>,
    framing: Framing,
    records: Vec<Record>,
}

/// The fields of a local or central header that carry zip64 values.
struct Wide {
    size: u64,
    compressed_size: u64,
    offset: Option<u64>,
}

impl Walk<'_> {
    fn defect(&mut self, kind: DefectKind, message: impl Into<String>) {
        self.push(kind, None, message.into());
    }

    fn defect_of(&mut self, kind: DefectKind, member: &str, message: impl Into<String>) {
        self.push(kind, Some(member.to_owned()), message.into());
    }

    fn push(&mut self, kind: DefectKind, member: Option<String>, message: String) {
        if self.framing.defects.len() < MOST_DEFECTS {
            self.framing.defects.push(Defect { kind, member, message });
        }
    }

    /// Finds the end records. Readers differ on which of several they believe; the last one that reaches the end of the
    /// file wins here, as in most of them, and the others are reported.
    fn end_records(&mut self) -> Option<Directory> {
        let bytes = self.bytes;
        let lowest = bytes.len().saturating_sub(22 + 0xffff);
        let mut candidates = Vec::new();
        let mut offset = bytes.len().checked_sub(22);
        while let Some(at) = offset {
            if bytes.is(at, END) {
                candidates.push(at);
            }
            offset = at.checked_sub(1).filter(|next| *next >= lowest);
        }
        let reaches_the_end =
            |at: &&u64| bytes.u16(**at + 20).is_some_and(|length| **at + 22 + u64::from(length) == bytes.len());
        let Some(end) = candidates.iter().find(reaches_the_end).or_else(|| candidates.first()).copied() else {
            self.defect(DefectKind::NotAnArchive, "there is no end of central directory record");
            return None;
        };
        let comment = u64::from(bytes.u16(end + 20)?);
        let after = bytes.len() - end - 22;
        if after > comment {
            let count = after - comment;
            self.defect(DefectKind::Trailing, format!("{count} bytes follow the end of the archive"));
        } else if after < comment {
            self.defect(DefectKind::Directory, "the comment of the archive is cut off");
        }
        if comment > 0 {
            self.defect(DefectKind::ArchiveComment, format!("the archive has a comment of {comment} bytes"));
        }
        let (disk, directory_disk) = (bytes.u16(end + 4)?, bytes.u16(end + 6)?);
        let (here, total) = (bytes.u16(end + 8)?, bytes.u16(end + 10)?);
        let (size, start) = (bytes.u32(end + 12)?, bytes.u32(end + 16)?);
        let mut stated = (u64::from(total), u64::from(size), u64::from(start));
        let mut boundary = end;
        let zip64 = end.checked_sub(20).filter(|locator| bytes.is(*locator, LOCATOR));
        if let Some(locator) = zip64 {
            boundary = self.end_record_64(locator, (disk, here, total, size, start), &mut stated)?;
        } else {
            if (disk, directory_disk) != (0, 0) && (disk, directory_disk) != (0xffff, 0xffff) {
                self.defect(DefectKind::SeveralDisks, "the archive says that it spans several disks");
            }
            if here != total {
                self.defect(
                    DefectKind::Directory,
                    format!("the end record counts {here} entries here and {total} in all"),
                );
            }
        }
        let (entries, size, start) = stated;
        let directory = self.locate(start, size, entries, boundary)?;
        self.other_ends(&candidates, end, &directory);
        Some(directory)
    }

    /// Finds the central directory by its stated size and by its stated place, which should be one.
    fn locate(&mut self, start: u64, size: u64, entries: u64, boundary: u64) -> Option<Directory> {
        let bytes = self.bytes;
        let by_size = boundary.checked_sub(size);
        if by_size == Some(start) {
            return Some(Directory { start, end: boundary, entries, shift: 0 });
        }
        let is_directory = |at: u64| at <= boundary && (entries == 0 || bytes.is(at, CENTRAL));
        let leads_to_an_entry = |at: u64, shift: u64| {
            let offset = bytes.u32(at + 42).map(u64::from);
            entries == 0 || offset.is_some_and(|offset| bytes.is(offset + shift, LOCAL))
        };
        if let Some(at) = by_size.filter(|at| *at > start && is_directory(*at) && leads_to_an_entry(*at, *at - start)) {
            let shift = at - start;
            self.defect(DefectKind::Prefix, format!("{shift} bytes that the archive does not know of precede it"));
            return Some(Directory { start: at, end: boundary, entries, shift });
        }
        self.defect(
            DefectKind::Directory,
            format!(
                "the central directory is said to begin at {start} and to have {size} bytes, and its end record is at {boundary}"
            ),
        );
        let found = [Some(start), by_size].into_iter().flatten().find(|at| is_directory(*at))?;
        Some(Directory { start: found, end: boundary, entries, shift: 0 })
    }

    /// Reads the zip64 end record before `locator`; returns where it begins.
    fn end_record_64(
        &mut self,
        locator: u64,
        narrow: (u16, u16, u16, u32, u32),
        stated: &mut (u64, u64, u64),
    ) -> Option<u64> {
        let bytes = self.bytes;
        let place = bytes.u64(locator + 8)?;
        if bytes.u32(locator + 4)? != 0 || bytes.u32(locator + 16)? > 1 {
            self.defect(DefectKind::SeveralDisks, "the zip64 locator says that the archive spans several disks");
        }
        let adjacent = locator.checked_sub(56).filter(|at| bytes.is(*at, END64));
        let found = if bytes.is(place, END64) && place < locator { Some(place) } else { adjacent };
        let Some(at) = found else {
            self.defect(DefectKind::Zip64, "the zip64 locator does not lead to a zip64 end record");
            return Some(locator);
        };
        if adjacent != Some(at) {
            self.defect(DefectKind::Zip64, "the zip64 end record does not end where its locator begins");
        } else if at != place {
            self.defect(DefectKind::Zip64, format!("the zip64 locator leads to {place}, the record is at {at}"));
        }
        if bytes.u64(at + 4)? != 44 {
            self.defect(DefectKind::Zip64, "the zip64 end record does not have the size of version 1");
        }
        if bytes.u32(at + 16)? != 0 || bytes.u32(at + 20)? != 0 {
            self.defect(DefectKind::SeveralDisks, "the zip64 end record says that the archive spans several disks");
        }
        let (here, total) = (bytes.u64(at + 24)?, bytes.u64(at + 32)?);
        let (size, start) = (bytes.u64(at + 40)?, bytes.u64(at + 48)?);
        if here != total {
            self.defect(
                DefectKind::Directory,
                format!("the zip64 end record counts {here} entries here and {total} in all"),
            );
        }
        let (disk, narrow_here, narrow_total, narrow_size, narrow_start) = narrow;
        if disk != 0 && disk != 0xffff {
            self.defect(DefectKind::SeveralDisks, "the archive says that it spans several disks");
        }
        let agrees = |narrow: u64, most: u64, wide: u64| narrow == most || narrow == wide;
        if !agrees(narrow_total.into(), 0xffff, total)
            || !agrees(narrow_here.into(), 0xffff, here)
            || !agrees(narrow_size.into(), 0xffff_ffff, size)
            || !agrees(narrow_start.into(), 0xffff_ffff, start)
        {
            self.defect(DefectKind::Zip64, "the end record and the zip64 end record disagree");
        }
        if total < 0xffff && size < 0xffff_ffff && start < 0xffff_ffff {
            self.defect(DefectKind::Zip64Needless, "the archive has a zip64 end record that nothing in it needs");
        }
        *stated = (total, size, start);
        Some(at)
    }

    /// Reports end records besides the one that was taken; member data before the central directory may look like one.
    fn other_ends(&mut self, candidates: &[u64], taken: u64, directory: &Directory) {
        for at in candidates.iter().copied() {
            if at > taken || at >= directory.start && at < taken && at != directory.end {
                self.defect(DefectKind::SeveralEnds, format!("another end of central directory record begins at {at}"));
            }
        }
    }

    fn central_directory(&mut self, directory: &Directory) {
        let mut at = directory.start;
        let mut stopped = false;
        while at < directory.end && self.framing.members.len() < MOST_MEMBERS {
            match self.central_entry(at, directory) {
                Some(next) => at = next,
                None => {
                    stopped = true;
                    break;
                }
            }
        }
        let count = self.framing.members.len() as u64;
        if stopped && at < directory.end {
            let left = directory.end - at;
            self.defect(DefectKind::Directory, format!("{left} bytes of the central directory are not an entry"));
        } else if at < directory.end {
            self.defect(DefectKind::Directory, format!("the archive has more than {MOST_MEMBERS} entries"));
        }
        if count != directory.entries {
            let stated = directory.entries;
            self.defect(
                DefectKind::Directory,
                format!("the end record counts {stated} entries, the directory holds {count}"),
            );
        }
    }

    fn central_entry(&mut self, at: u64, directory: &Directory) -> Option<u64> {
        let bytes = self.bytes;
        if !bytes.is(at, CENTRAL) {
            return None;
        }
        let (name_length, extra_length, comment_length) =
            (u64::from(bytes.u16(at + 28)?), u64::from(bytes.u16(at + 30)?), u64::from(bytes.u16(at + 32)?));
        let raw_name = bytes.slice(at + 46, name_length)?.to_vec();
        let extra = bytes.slice(at + 46 + name_length, extra_length)?;
        let next = at + 46 + name_length + extra_length + comment_length;
        if next > directory.end {
            return None;
        }
        let flags = bytes.u16(at + 8)?;
        let name = self.name(&raw_name, flags);
        let narrow = Wide {
            compressed_size: u64::from(bytes.u32(at + 20)?),
            size: u64::from(bytes.u32(at + 24)?),
            offset: Some(u64::from(bytes.u32(at + 42)?)),
        };
        let wide = self.extra_fields(&name, extra, narrow, false);
        let disk = bytes.u16(at + 34)?;
        if disk != 0 && disk != 0xffff {
            self.defect_of(DefectKind::SeveralDisks, &name, format!("the entry says that it begins on disk {disk}"));
        }
        if comment_length > 0 {
            self.defect_of(
                DefectKind::EntryComment,
                &name,
                format!("the entry has a comment of {comment_length} bytes"),
            );
        }
        let member = Member {
            index: self.framing.members.len(),
            name,
            raw_name,
            method: bytes.u16(at + 10)?,
            flags,
            crc32: bytes.u32(at + 16)?,
            compressed_size: wide.compressed_size,
            size: wide.size,
            create_system: (bytes.u16(at + 4)? >> 8) as u8,
            external_attributes: bytes.u32(at + 38)?,
            dos_time: bytes.u16(at + 12)?,
            dos_date: bytes.u16(at + 14)?,
            header_offset: wide.offset.unwrap_or(0).saturating_add(directory.shift),
            data: 0..0,
            located: false,
        };
        self.entry_defects(&member);
        self.framing.members.push(member);
        Some(next)
    }

    /// What can be said of an entry without its local header.
    fn entry_defects(&mut self, member: &Member) {
        let name = member.name.as_str();
        if member.method != STORED && member.method != DEFLATED {
            self.defect_of(DefectKind::Method, name, format!("the entry is compressed by method {}", member.method));
        }
        if member.is_encrypted() {
            self.defect_of(DefectKind::Encrypted, name, "the entry is encrypted");
        }
        if member.flags & PATCHED != 0 {
            self.defect_of(DefectKind::Method, name, "the entry holds patch data (flag 5)");
        }
        if member.method == STORED && member.flags & ENCRYPTED == 0 && member.size != member.compressed_size {
            self.defect_of(
                DefectKind::Directory,
                name,
                format!(
                    "the entry is stored, but states {} bytes in the archive and {} outside",
                    member.compressed_size, member.size
                ),
            );
        }
        let (month, day) = (member.dos_date >> 5 & 15, member.dos_date & 31);
        let (hour, minute, second) = (member.dos_time >> 11, member.dos_time >> 5 & 63, member.dos_time & 31);
        let year = 1980 + (member.dos_date >> 9);
        // The format ends in 2107, so 2100 is the one exception.
        let leap = year.is_multiple_of(4) && year != 2100;
        let days = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => 0,
        };
        if day == 0 || day > days || hour > 23 || minute > 59 || second > 29 {
            self.defect_of(DefectKind::Date, name, "the time of modification is no date");
        }
    }

    /// The name as text. Without the UTF-8 flag readers take code page 437, and for anything but ASCII they then differ.
    fn name(&mut self, raw: &[u8], flags: u16) -> String {
        let name = String::from_utf8_lossy(raw).into_owned();
        if std::str::from_utf8(raw).is_err() {
            self.defect_of(DefectKind::NameEncoding, &name, "the name is not UTF-8");
        } else if !raw.is_ascii() && flags & UTF8 == 0 {
            self.defect_of(DefectKind::NameEncoding, &name, "the name is not ASCII and the UTF-8 flag is not set");
        }
        name
    }

    /// Reads the extra fields of a central (or local) header; `narrow` holds the 32-bit values.
    fn extra_fields(&mut self, name: &str, extra: &[u8], narrow: Wide, local: bool) -> Wide {
        let fields = Bytes(extra);
        let place = if local { "local header" } else { "central directory" };
        let mut wide = narrow;
        let mut seen: Vec<u16> = Vec::new();
        let mut at = 0;
        while at < fields.len() {
            let parsed = fields.u16(at).zip(fields.u16(at + 2));
            let field = parsed.and_then(|(id, length)| Some((id, fields.slice(at + 4, length.into())?)));
            let Some((id, data)) = field else {
                self.defect_of(
                    DefectKind::ExtraFieldWrong,
                    name,
                    format!("the extra fields of the {place} cannot be parsed"),
                );
                return wide;
            };
            if seen.contains(&id) && matches!(id, 0x0001 | 0x7075) {
                self.defect_of(
                    DefectKind::ExtraFieldWrong,
                    name,
                    format!("extra field {id:#06x} stands twice in the {place}"),
                );
            }
            match id {
                0x0001 if !seen.contains(&id) => self.zip64_field(name, data, &mut wide, local),
                0x0001 => {}
                0x7075 => self.defect_of(
                    DefectKind::UnicodePath,
                    name,
                    format!("a unicode path extra field in the {place} gives the entry a second name"),
                ),
                _ => self.defect_of(DefectKind::ExtraField, name, format!("the {place} has extra field {id:#06x}")),
            }
            if seen.len() < 16 {
                seen.push(id);
            }
            at += 4 + data.len() as u64;
        }
        wide
    }

    fn zip64_field(&mut self, name: &str, data: &[u8], wide: &mut Wide, local: bool) {
        const NARROW: u64 = 0xffff_ffff;
        let field = Bytes(data);
        let mut at = 0;
        let mut needed = false;
        let mut missing = false;
        let mut small = true;
        let offset = wide.offset.as_mut();
        for value in [&mut wide.size, &mut wide.compressed_size].into_iter().chain(offset) {
            if *value != NARROW {
                continue;
            }
            needed = true;
            match field.u64(at) {
                Some(stated) => {
                    small &= stated < NARROW;
                    *value = stated;
                }
                None => missing = true,
            }
            at += 8;
        }
        if missing {
            self.defect_of(DefectKind::Zip64, name, "the zip64 extra field is too short for the values it must hold");
        } else if !needed {
            self.defect_of(DefectKind::Zip64Needless, name, "the entry has a zip64 extra field that replaces no value");
        } else if small && !local {
            self.defect_of(DefectKind::Zip64Needless, name, "the entry uses zip64 for values that fit without it");
        }
        let spare = field.len().saturating_sub(at);
        if needed && spare != 0 && spare != 4 && spare != 8 {
            self.defect_of(DefectKind::Zip64, name, format!("the zip64 extra field holds {spare} bytes too many"));
        }
    }

    fn local_headers(&mut self, directory: &Directory) {
        for index in 0..self.framing.members.len() {
            let member = self.framing.members[index].clone();
            match self.local_header(&member, directory) {
                Some((record, data)) => {
                    let member = &mut self.framing.members[index];
                    member.located = data.end <= directory.start;
                    member.data = data;
                    self.records.push(record);
                }
                None => self.defect_of(
                    DefectKind::Unlocated,
                    &member.name,
                    format!("there is no usable local header at {} for the entry", member.header_offset),
                ),
            }
        }
    }

    fn local_header(&mut self, member: &Member, directory: &Directory) -> Option<(Record, std::ops::Range<u64>)> {
        let bytes = self.bytes;
        let at = member.header_offset;
        if at >= directory.start || !bytes.is(at, LOCAL) {
            return None;
        }
        let (flags, method) = (bytes.u16(at + 6)?, bytes.u16(at + 8)?);
        let (time, date) = (bytes.u16(at + 10)?, bytes.u16(at + 12)?);
        let crc32 = bytes.u32(at + 14)?;
        let (name_length, extra_length) = (u64::from(bytes.u16(at + 26)?), u64::from(bytes.u16(at + 28)?));
        let raw_name = bytes.slice(at + 30, name_length)?;
        let extra = bytes.slice(at + 30 + name_length, extra_length)?;
        let narrow = Wide {
            compressed_size: u64::from(bytes.u32(at + 18)?),
            size: u64::from(bytes.u32(at + 22)?),
            offset: None,
        };
        let name = member.name.clone();
        let wide = self.extra_fields(&name, extra, narrow, true);
        let start = at + 30 + name_length + extra_length;
        let end = start.checked_add(member.compressed_size)?;
        if end > directory.start {
            self.defect_of(DefectKind::Unlocated, &name, "the data of the entry reaches into the central directory");
        }
        let differs = |what: &str, here: String, there: String| {
            format!("the local header states {what} {here}, the central directory {there}")
        };
        if raw_name != member.raw_name {
            let here = format!("`{}`", String::from_utf8_lossy(raw_name));
            self.defect_of(DefectKind::LocalHeader, &name, differs("the name", here, format!("`{name}`")));
        }
        if method != member.method {
            let message = differs("method", method.to_string(), member.method.to_string());
            self.defect_of(DefectKind::LocalHeader, &name, message);
        }
        if flags != member.flags {
            let message = differs("flags", format!("{flags:#06x}"), format!("{:#06x}", member.flags));
            self.defect_of(DefectKind::LocalHeader, &name, message);
        }
        if (date, time) != (member.dos_date, member.dos_time) {
            self.defect_of(DefectKind::LocalTime, &name, "the local header states another time of modification");
        }
        // With a descriptor the local header may leave CRC and sizes at zero.
        let deferred = (flags | member.flags) & HAS_DESCRIPTOR != 0;
        if crc32 != member.crc32 && !(deferred && crc32 == 0) {
            let message = differs("CRC-32", format!("{crc32:08x}"), format!("{:08x}", member.crc32));
            self.defect_of(DefectKind::LocalHeader, &name, message);
        }
        for (what, here, there) in [
            ("a compressed size of", wide.compressed_size, member.compressed_size),
            ("a size of", wide.size, member.size),
        ] {
            if here != there && !(deferred && (here == 0 || here == 0xffff_ffff)) {
                self.defect_of(DefectKind::LocalHeader, &name, differs(what, here.to_string(), there.to_string()));
            }
        }
        let descriptor = if deferred { self.descriptor(member, end) } else { 0 };
        Some((Record { start: at, end: end + descriptor, member: member.index }, start..end))
    }

    /// The length of the data descriptor at `at`, which may or may not have a signature and 64-bit sizes.
    fn descriptor(&mut self, member: &Member, at: u64) -> u64 {
        if member.method == STORED {
            self.defect_of(DefectKind::DescriptorStored, &member.name, "a data descriptor follows a stored entry");
        } else {
            self.defect_of(DefectKind::Descriptor, &member.name, "a data descriptor follows the entry");
        }
        let bytes = self.bytes;
        for signature in [4, 0] {
            if signature == 4 && !bytes.is(at, DESCRIPTOR) || bytes.u32(at + signature) != Some(member.crc32) {
                continue;
            }
            let sizes = at + signature + 4;
            let wide = (bytes.u64(sizes), bytes.u64(sizes + 8));
            if wide == (Some(member.compressed_size), Some(member.size)) {
                return signature + 20;
            }
            let narrow = (bytes.u32(sizes).map(u64::from), bytes.u32(sizes + 4).map(u64::from));
            if narrow == (Some(member.compressed_size), Some(member.size)) {
                return signature + 12;
            }
        }
        self.defect_of(
            DefectKind::DescriptorWrong,
            &member.name,
            "the data descriptor is missing or disagrees with the central directory",
        );
        if bytes.is(at, DESCRIPTOR) { 16 } else { 0 }
    }

    /// Whether the entries tile the bytes before the central directory.
    fn tiling(&mut self, directory: &Directory) {
        let mut records = std::mem::take(&mut self.records);
        records.sort_by_key(|record| (record.start, record.end, record.member));
        let mut cursor = directory.shift;
        let mut previous: Option<usize> = None;
        for record in &records {
            let name = self.framing.members[record.member].name.clone();
            if record.start > cursor {
                self.gap(cursor, record.start, previous.is_none() && directory.shift == 0);
            } else if let Some(previous) = previous.filter(|_| record.start < cursor) {
                let other = self.framing.members[previous].name.clone();
                self.defect_of(DefectKind::Overlap, &name, format!("the entry shares bytes with `{other}`"));
            }
            cursor = cursor.max(record.end);
            previous = Some(record.member);
        }
        if cursor < directory.start {
            self.gap(cursor, directory.start, previous.is_none() && directory.shift == 0);
        }
    }

    fn gap(&mut self, start: u64, end: u64, first: bool) {
        let count = end - start;
        if self.bytes.is(start, LOCAL) {
            let length = self.bytes.u16(start + 26).unwrap_or(0);
            let name = self.bytes.slice(start + 30, length.into()).map(String::from_utf8_lossy).unwrap_or_default();
            self.defect(
                DefectKind::HiddenEntry,
                format!("the central directory does not list the entry `{name}`, whose local header is at {start}"),
            );
        } else if first {
            self.defect(DefectKind::Prefix, format!("{count} bytes precede the first entry"));
        } else {
            self.defect(DefectKind::Gap, format!("{count} bytes at {start} belong to no entry"));
        }
    }
}
