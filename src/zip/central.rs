//! The central directory of an archive (APPNOTE 6.3.10, section 4.3.12): one header for every entry, and what can be said of
//! an entry by it alone.

use super::defect::{DefectKind, Defects};
use super::end::Directory;
use super::extra::{self, Wide};
use super::fields::{Fields, Window};
use super::member::{DEFLATED, ENCRYPTED, Member, STORED};

const SIGNATURE: u32 = 0x0201_4b50;
const LENGTH: u64 = 46;

/// More than any wheel has; each costs memory.
const MAX_MEMBERS: usize = 200_000;

const PATCHED: u16 = 1 << 5;
pub(super) const UTF8: u16 = 1 << 11;

/// Reads every entry; where its data lies is found later.
pub(super) fn read(file: &mut Window<'_>, defects: &mut Defects, directory: &Directory) -> Vec<Member> {
    let mut members = Vec::new();
    let mut at = directory.start;
    while at < directory.end && members.len() < MAX_MEMBERS {
        let Some((mut member, next)) = entry(file, defects, at, directory) else {
            let left = directory.end - at;
            defects.whole(DefectKind::Directory, format!("{left} bytes of the central directory are not an entry"));
            break;
        };
        member.index = members.len();
        members.push(member);
        at = next;
    }
    if at < directory.end && members.len() == MAX_MEMBERS {
        defects.whole(DefectKind::Directory, format!("the archive has more than {MAX_MEMBERS} entries"));
    }
    let (stated, count) = (directory.entries, members.len() as u64);
    if count != stated {
        let message = format!("the end record counts {stated} entries, the directory holds {count}");
        defects.whole(DefectKind::Directory, message);
    }
    members
}

/// The entry whose header begins at `at`, and where the next one does.
fn entry(file: &mut Window<'_>, defects: &mut Defects, at: u64, directory: &Directory) -> Option<(Member, u64)> {
    let header: [u8; LENGTH as usize] = file.record(at)?;
    let header = Fields(&header);
    if header.u32(0)? != SIGNATURE {
        return None;
    }
    let (name_length, extra_length, comment_length) =
        (u64::from(header.u16(28)?), u64::from(header.u16(30)?), u64::from(header.u16(32)?));
    let next = at + LENGTH + name_length + extra_length + comment_length;
    let raw_name = file.slice(at + LENGTH, name_length)?.to_vec();
    let extra = file.slice(at + LENGTH + name_length, extra_length)?.to_vec();
    if next > directory.end {
        return None;
    }
    let flags = header.u16(8)?;
    let name = text(defects, &raw_name, flags);
    let narrow = Wide {
        compressed_size: header.u32(20)?.into(),
        size: header.u32(24)?.into(),
        offset: Some(header.u32(42)?.into()),
        is_disk_elsewhere: header.u16(34)? == 0xffff,
        method: header.u16(10)?,
    };
    let wide = extra::widen(defects, &name, &extra, narrow);
    let disk = header.u16(34)?;
    if disk != 0 && disk != 0xffff {
        defects.of(DefectKind::SeveralDisks, &name, format!("the entry says that it begins on disk {disk}"));
    }
    if comment_length > 0 {
        let message = format!("the entry has a comment of {comment_length} bytes");
        defects.of(DefectKind::EntryComment, &name, message);
    }
    let member = Member {
        index: 0,
        name,
        raw_name,
        method: header.u16(10)?,
        flags,
        crc32: header.u32(16)?,
        compressed_size: wide.compressed_size,
        size: wide.size,
        external_attributes: header.u32(38)?,
        dos_time: header.u16(12)?,
        dos_date: header.u16(14)?,
        header_offset: wide.offset.unwrap_or(0).saturating_add(directory.shift),
        data: 0..0,
        located: false,
    };
    // The upper byte is the system; Python's zipfile opens no archive that has a later version in any entry.
    let needed = header.u16(6)? & 0xff;
    if needed > MAX_VERSION_NEEDED {
        let message = format!("the entry asks for a reader of version {}.{}", needed / 10, needed % 10);
        defects.of(DefectKind::Method, &member.name, message);
    }
    judge(defects, &member);
    Some((member, next))
}

/// The last version of the format (APPNOTE 4.4.3).
pub(super) const MAX_VERSION_NEEDED: u16 = 63;

/// The name as text. Without the UTF-8 flag readers take code page 437, and for anything but ASCII they then differ.
fn text(defects: &mut Defects, raw: &[u8], flags: u16) -> String {
    let name = String::from_utf8_lossy(raw).into_owned();
    if std::str::from_utf8(raw).is_err() {
        defects.of(DefectKind::NameEncoding, &name, "the name is not UTF-8");
    } else if !raw.is_ascii() && flags & UTF8 == 0 {
        defects.of(DefectKind::NameUnmarked, &name, "the name is not ASCII and the UTF-8 flag is not set");
    }
    name
}

fn judge(defects: &mut Defects, member: &Member) {
    let name = member.name.as_str();
    if !matches!(member.method, STORED | DEFLATED) {
        defects.of(DefectKind::Method, name, format!("the entry is compressed by method {}", member.method));
    }
    if member.is_encrypted() {
        defects.of(DefectKind::Encrypted, name, "the entry is encrypted");
    }
    if member.flags & PATCHED != 0 {
        defects.of(DefectKind::Method, name, "the entry holds patch data (flag 5)");
    }
    if member.method == STORED && member.flags & ENCRYPTED == 0 && member.size != member.compressed_size {
        let (inside, outside) = (member.compressed_size, member.size);
        let message = format!("the entry is stored, but states {inside} bytes in the archive and {outside} outside");
        defects.of(DefectKind::Directory, name, message);
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
        defects.of(DefectKind::Date, name, "the time of modification is no date");
    }
}
