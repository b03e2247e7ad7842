//! The local headers of an archive (APPNOTE 6.3.10, sections 4.3.7 to 4.3.9): where they lead, whether they say what the
//! central directory says, and whether the entries tile the file without gaps or overlaps.

use std::ops::Range;

use super::central::{MAX_VERSION_NEEDED, UTF8};
use super::defect::{DefectKind, Defects};
use super::end::Directory;
use super::extra::{self, Wide};
use super::fields::{Fields, Window};
use super::member::{Member, STORED};

const SIGNATURE: u32 = 0x0403_4b50;
const LENGTH: u64 = 30;
const DESCRIPTOR: u32 = 0x0807_4b50;
const HAS_DESCRIPTOR: u16 = 1 << 3;

/// The flags by which readers choose how to read: encryption in three forms, descriptors, patch data. The others say how
/// hard the writer tried, or nothing.
const HEEDED: u16 = 1 | HAS_DESCRIPTOR | 1 << 5 | 1 << 6 | 1 << 13;

/// The bytes that an entry occupies, local header and descriptor included.
struct Record {
    start: u64,
    end: u64,
    member: usize,
}

/// Finds the data of every member.
pub(super) fn locate(file: &mut Window<'_>, defects: &mut Defects, directory: &Directory, members: &mut [Member]) {
    let mut records = Vec::new();
    for member in &mut *members {
        match header(file, defects, member, directory) {
            Some((record, data)) => {
                member.located = data.end <= directory.start;
                member.data = data;
                records.push(record);
            }
            None => {
                let message = format!("there is no usable local header at {} for the entry", member.header_offset);
                defects.of(DefectKind::Unlocated, &member.name, message);
            }
        }
    }
    records.sort_by_key(|record| (record.start, record.end, record.member));
    tiling(file, defects, directory, members, &records);
}

fn header(
    file: &mut Window<'_>,
    defects: &mut Defects,
    member: &Member,
    directory: &Directory,
) -> Option<(Record, Range<u64>)> {
    let at = member.header_offset;
    let header: [u8; LENGTH as usize] = file.record(at).filter(|_| at < directory.start)?;
    let header = Fields(&header);
    if header.u32(0)? != SIGNATURE {
        return None;
    }
    let (name_length, extra_length) = (u64::from(header.u16(26)?), u64::from(header.u16(28)?));
    let start = at + LENGTH + name_length + extra_length;
    let raw_name = file.slice(at + LENGTH, name_length)?.to_vec();
    let extra = file.slice(start - extra_length, extra_length)?.to_vec();
    let (flags, method) = (header.u16(6)?, header.u16(8)?);
    let narrow = Wide {
        compressed_size: header.u32(18)?.into(),
        size: header.u32(22)?.into(),
        offset: None,
        is_disk_elsewhere: false,
        method,
    };
    let name = member.name.as_str();
    let wide = extra::widen(defects, name, &extra, narrow);
    let end = start.checked_add(member.compressed_size)?;
    if end > directory.start {
        defects.of(DefectKind::Unlocated, name, "the data of the entry reaches into the central directory");
    }
    if raw_name != member.raw_name {
        differs(defects, name, "the name", format!("`{}`", String::from_utf8_lossy(&raw_name)), format!("`{name}`"));
    }
    let needed = header.u16(4)? & 0xff;
    if needed > MAX_VERSION_NEEDED {
        let message = format!("the local header asks for a reader of version {}.{}", needed / 10, needed % 10);
        defects.of(DefectKind::Method, name, message);
    }
    if method != member.method {
        differs(defects, name, "method", method.to_string(), member.method.to_string());
    }
    let differing = flags ^ member.flags;
    let is_heeded = differing & HEEDED != 0 || differing & UTF8 != 0 && !member.raw_name.is_ascii();
    if differing != 0 && !is_heeded {
        let message =
            format!("the local header states flags {flags:#06x}, the central directory {:#06x}", member.flags);
        defects.of(DefectKind::LocalHint, name, message);
    }
    if is_heeded {
        differs(defects, name, "flags", format!("{flags:#06x}"), format!("{:#06x}", member.flags));
    }
    if (header.u16(12)?, header.u16(10)?) != (member.dos_date, member.dos_time) {
        defects.of(DefectKind::LocalHint, name, "the local header states another time of modification");
    }
    // With a descriptor the local header may leave CRC and sizes at zero.
    let deferred = (flags | member.flags) & HAS_DESCRIPTOR != 0;
    let crc32 = header.u32(14)?;
    if crc32 != member.crc32 && !(deferred && crc32 == 0) {
        differs(defects, name, "CRC-32", format!("{crc32:08x}"), format!("{:08x}", member.crc32));
    }
    for (what, here, there) in
        [("a compressed size of", wide.compressed_size, member.compressed_size), ("a size of", wide.size, member.size)]
    {
        if here != there && !(deferred && matches!(here, 0 | 0xffff_ffff)) {
            differs(defects, name, what, here.to_string(), there.to_string());
        }
    }
    let descriptor = if deferred { descriptor(file, defects, member, end) } else { 0 };
    Some((Record { start: at, end: end + descriptor, member: member.index }, start..end))
}

fn differs(defects: &mut Defects, name: &str, what: &str, here: String, there: String) {
    let message = format!("the local header states {what} {here}, the central directory {there}");
    defects.of(DefectKind::LocalHeader, name, message);
}

/// The length of the data descriptor at `at`, which may or may not have a signature and 64-bit sizes.
fn descriptor(file: &mut Window<'_>, defects: &mut Defects, member: &Member, at: u64) -> u64 {
    if member.method == STORED {
        defects.of(DefectKind::DescriptorStored, &member.name, "a data descriptor follows a stored entry");
    } else {
        defects.of(DefectKind::Descriptor, &member.name, "a data descriptor follows the entry");
    }
    let longest = file.length().saturating_sub(at).min(24);
    let bytes = file.slice(at, longest).unwrap_or_default();
    let fields = Fields(bytes);
    let signed = fields.u32(0) == Some(DESCRIPTOR);
    let sizes = (Some(member.compressed_size), Some(member.size));
    for signature in [4, 0] {
        if signature == 4 && !signed || fields.u32(signature) != Some(member.crc32) {
            continue;
        }
        let place = signature + 4;
        if (fields.u64(place), fields.u64(place + 8)) == sizes {
            return signature as u64 + 20;
        }
        if (fields.u32(place).map(u64::from), fields.u32(place + 4).map(u64::from)) == sizes {
            return signature as u64 + 12;
        }
    }
    let message = "the data descriptor is missing or disagrees with the central directory";
    defects.of(DefectKind::DescriptorWrong, &member.name, message);
    if signed { 16 } else { 0 }
}

/// Whether the entries tile the bytes before the central directory.
fn tiling(file: &mut Window<'_>, defects: &mut Defects, directory: &Directory, members: &[Member], records: &[Record]) {
    let mut cursor = directory.shift;
    let mut previous: Option<&Record> = None;
    let kind_of_gap = |previous: Option<&Record>| match previous {
        None if directory.shift == 0 => DefectKind::Prefix,
        _ => DefectKind::Gap,
    };
    for record in records {
        if record.start > cursor {
            gap(file, defects, cursor..record.start, kind_of_gap(previous));
        } else if let Some(previous) = previous.filter(|_| record.start < cursor) {
            let (name, other) = (&members[record.member].name, &members[previous.member].name);
            defects.of(DefectKind::Overlap, name, format!("the entry shares bytes with `{other}`"));
        }
        cursor = cursor.max(record.end);
        previous = Some(record);
    }
    if cursor < directory.start {
        gap(file, defects, cursor..directory.start, kind_of_gap(previous));
    }
}

/// Bytes that no entry has: of `kind`, or an entry that is not listed.
fn gap(file: &mut Window<'_>, defects: &mut Defects, gap: Range<u64>, kind: DefectKind) {
    let (start, count) = (gap.start, gap.end - gap.start);
    if file.is(start, SIGNATURE) {
        let length = file.record(start + 26).map_or(0, u16::from_le_bytes);
        let name = file.slice(start + LENGTH, length.into()).map(String::from_utf8_lossy).unwrap_or_default();
        let message =
            format!("the central directory does not list the entry `{name}`, whose local header is at {start}");
        defects.whole(DefectKind::HiddenEntry, message);
    } else if kind == DefectKind::Prefix {
        defects.whole(kind, format!("{count} bytes precede the first entry"));
    } else {
        defects.whole(kind, format!("{count} bytes at {start} belong to no entry"));
    }
}
