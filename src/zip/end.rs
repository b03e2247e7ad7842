//! The end of an archive (APPNOTE 6.3.10, sections 4.3.14 to 4.3.16): its end records, zip64 or not, and where they say that
//! the central directory is.

use super::defect::{DefectKind, Defects};
use super::fields::{Fields, Window};

const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
const END_64: u32 = 0x0606_4b50;
const LOCATOR: u32 = 0x0706_4b50;

/// The lengths of the records.
const END_LENGTH: u64 = 22;
const END_64_LENGTH: u64 = 56;
const LOCATOR_LENGTH: u64 = 20;

/// Where the central directory is.
pub(super) struct Directory {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) entries: u64,
    /// What to add to every stated offset: the length of a prefix that the writer did not know of.
    pub(crate) shift: u64,
}

/// What the end records say of the central directory.
struct Stated {
    entries: u64,
    size: u64,
    start: u64,
}

/// The signatures of the format (APPNOTE 4.3): Python looks for the last end record, and uv for any of them.
fn is_of_archive(four: &[u8]) -> bool {
    matches!(
        four,
        [b'P', b'K', 1, 2] | [b'P', b'K', 3, 4] | [b'P', b'K', 5, 5 | 6] | [b'P', b'K', 6, 6..=8] | [b'P', b'K', 7, 8]
    )
}

/// Finds the end records. Readers differ on which of several they believe; the last one that reaches the end of the file
/// wins here, as in most of them, and the others are reported.
pub(super) fn find(file: &mut Window<'_>, defects: &mut Defects) -> Option<Directory> {
    let length = file.length();
    let lowest = length.saturating_sub(END_LENGTH + 0xffff);
    let tail = file.slice(lowest, length - lowest)?.to_vec();
    let tail = Fields(&tail);
    let places = (0..(tail.0.len() + 1).saturating_sub(END_LENGTH as usize)).rev();
    let candidates: Vec<u64> = places.filter(|at| tail.u32(*at) == Some(END)).map(|at| lowest + at as u64).collect();
    let comment_of = |at: u64| u64::from(tail.u16((at - lowest) as usize + 20).unwrap_or_default());
    let reaches_the_end = |at: &&u64| **at + END_LENGTH + comment_of(**at) == length;
    let Some(end) = candidates.iter().find(reaches_the_end).or(candidates.first()).copied() else {
        defects.whole(DefectKind::NotAnArchive, "there is no end of central directory record");
        return None;
    };
    let (comment, after) = (comment_of(end), length - end - END_LENGTH);
    if after > comment {
        let count = after - comment;
        defects.whole(DefectKind::Trailing, format!("{count} bytes follow the end of the archive"));
    } else if after < comment {
        defects.whole(DefectKind::Directory, "the comment of the archive is cut off");
    }
    let text = &tail.0[((end - lowest) as usize + END_LENGTH as usize).min(tail.0.len())..];
    if comment > 0 && text.windows(4).any(is_of_archive) {
        let message = "the comment of the archive holds what begins a record of another archive";
        defects.whole(DefectKind::ArchiveInComment, message);
    } else if comment > 0 {
        defects.whole(DefectKind::ArchiveComment, format!("the archive has a comment of {comment} bytes"));
    }
    let record: [u8; END_LENGTH as usize] = file.record(end)?;
    let record = Fields(&record);
    let locator = end.checked_sub(LOCATOR_LENGTH).filter(|locator| file.is(*locator, LOCATOR));
    let (stated, boundary) = match locator {
        Some(locator) => zip64(file, defects, locator, record)?,
        None => (narrow(defects, record)?, end),
    };
    let directory = locate(file, defects, &stated, boundary)?;
    for at in candidates {
        // Member data before the central directory may look like an end record.
        if at > end || at >= directory.start && at < end && at != directory.end {
            defects.whole(DefectKind::SeveralEnds, format!("another end of central directory record begins at {at}"));
        }
    }
    Some(directory)
}

/// What an end record without a zip64 one says.
fn narrow(defects: &mut Defects, record: Fields<'_>) -> Option<Stated> {
    if !matches!((record.u16(4)?, record.u16(6)?), (0, 0) | (0xffff, 0xffff)) {
        defects.whole(DefectKind::SeveralDisks, "the archive says that it spans several disks");
    }
    let (here, total) = (record.u16(8)?, record.u16(10)?);
    if here != total {
        let message = format!("the end record counts {here} entries here and {total} in all");
        defects.whole(DefectKind::Directory, message);
    }
    Some(Stated { entries: total.into(), size: record.u32(12)?.into(), start: record.u32(16)?.into() })
}

/// What the zip64 end record before `locator` says, and where it begins.
fn zip64(file: &mut Window<'_>, defects: &mut Defects, locator: u64, end: Fields<'_>) -> Option<(Stated, u64)> {
    let record: [u8; LOCATOR_LENGTH as usize] = file.record(locator)?;
    let record = Fields(&record);
    let place = record.u64(8)?;
    if record.u32(4)? != 0 || record.u32(16)? > 1 {
        defects.whole(DefectKind::SeveralDisks, "the zip64 locator says that the archive spans several disks");
    }
    let last = locator.checked_sub(END_64_LENGTH);
    let adjacent = last.filter(|at| file.is(*at, END_64));
    let named = last.is_some_and(|last| place <= last) && file.is(place, END_64);
    let Some(at) = (if named { Some(place) } else { adjacent }) else {
        defects.whole(DefectKind::Zip64, "the zip64 locator does not lead to a zip64 end record");
        return Some((
            Stated { entries: end.u16(10)?.into(), size: end.u32(12)?.into(), start: end.u32(16)?.into() },
            locator,
        ));
    };
    if adjacent != Some(at) {
        defects.whole(DefectKind::Zip64, "the zip64 end record does not end where its locator begins");
    } else if at != place {
        defects.whole(DefectKind::Zip64, format!("the zip64 locator leads to {place}, the record is at {at}"));
    }
    let record: [u8; END_64_LENGTH as usize] = file.record(at)?;
    let record = Fields(&record);
    if record.u64(4)? != 44 {
        defects.whole(DefectKind::Zip64, "the zip64 end record does not have the size of version 1");
    }
    if record.u32(16)? != 0 || record.u32(20)? != 0 {
        defects.whole(DefectKind::SeveralDisks, "the zip64 end record says that the archive spans several disks");
    }
    let (here, total) = (record.u64(24)?, record.u64(32)?);
    let (size, start) = (record.u64(40)?, record.u64(48)?);
    if here != total {
        let message = format!("the zip64 end record counts {here} entries here and {total} in all");
        defects.whole(DefectKind::Directory, message);
    }
    if !matches!(end.u16(4)?, 0 | 0xffff) {
        defects.whole(DefectKind::SeveralDisks, "the archive says that it spans several disks");
    }
    let agrees = |narrow: u64, most: u64, wide: u64| narrow == most || narrow == wide;
    if !agrees(end.u16(10)?.into(), 0xffff, total)
        || !agrees(end.u16(8)?.into(), 0xffff, here)
        || !agrees(end.u32(12)?.into(), 0xffff_ffff, size)
        || !agrees(end.u32(16)?.into(), 0xffff_ffff, start)
    {
        defects.whole(DefectKind::Zip64, "the end record and the zip64 end record disagree");
    }
    if total < 0xffff && size < 0xffff_ffff && start < 0xffff_ffff {
        defects.whole(DefectKind::Zip64Needless, "the archive has a zip64 end record that nothing in it needs");
    }
    Some((Stated { entries: total, size, start }, at))
}

/// Finds the central directory, which ends at `boundary`, by its stated size and by its stated place: they should agree.
fn locate(file: &mut Window<'_>, defects: &mut Defects, stated: &Stated, boundary: u64) -> Option<Directory> {
    let Stated { entries, size, start } = *stated;
    let by_size = boundary.checked_sub(size);
    if by_size == Some(start) {
        return Some(Directory { start, end: boundary, entries, shift: 0 });
    }
    let mut is_directory = |at: u64| at <= boundary && (entries == 0 || file.is(at, CENTRAL));
    let shifted = by_size.filter(|at| *at > start && is_directory(*at));
    let found = [Some(start), by_size].into_iter().flatten().find(|at| is_directory(*at));
    let mut leads_to_an_entry = |at: u64, shift: u64| {
        let offset = file.record(at + 42).map(u32::from_le_bytes);
        entries == 0 || offset.is_some_and(|offset| file.is(u64::from(offset) + shift, LOCAL))
    };
    if let Some(at) = shifted.filter(|at| leads_to_an_entry(*at, *at - start)) {
        let shift = at - start;
        defects.whole(DefectKind::Prefix, format!("{shift} bytes that the archive does not know of precede it"));
        return Some(Directory { start: at, end: boundary, entries, shift });
    }
    defects.whole(
        DefectKind::Directory,
        format!("the central directory is said to begin at {start} and to have {size} bytes, and its end record is at {boundary}"),
    );
    Some(Directory { start: found?, end: boundary, entries, shift: 0 })
}
