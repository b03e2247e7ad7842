//! Rules about the zip archive of a wheel (PEP 427, APPNOTE 6.3.10, and what package indexes refuse).

use std::collections::BTreeSet;

use crate::check::finding::Findings;
use crate::check::rule::{Check, Documentation, Family, Rule, Severity};
use crate::check::subject::wheel::WheelSubject;
use crate::member_path::{Clash, Node, Paths, escapes, not_on_windows, not_plain, windows_device};
use crate::zip::archive::{DefectKind as Kind, Member, MemberError};

/// One rule of this family about wheels.
const fn rule(
    name: &'static str,
    severity: Severity,
    documentation: Documentation,
    check: fn(&WheelSubject, &mut Findings),
) -> Rule {
    Rule { name, family: Family::Archive, severity, documentation, check: Check::Wheel(check) }
}

pub(crate) static RULES: &[Rule] = &[
    rule(
        "zip-readable",
        Severity::Error,
        Documentation {
            what: "The archive has one end record on one disk, and its counts, sizes and places are those of the file.",
            why: "Readers that trust different numbers see different contents; indexes refuse such an archive, and a file that is no zip archive is no wheel.",
            fix: "Build or download the file again; it is damaged, or its writer is at fault",
        },
        |wheel, found| {
            defects(
                wheel,
                found,
                &[
                    Kind::NotAnArchive,
                    Kind::Directory,
                    Kind::SeveralDisks,
                    Kind::SeveralEnds,
                    Kind::Zip64,
                    Kind::Unlocated,
                ],
            );
        },
    ),
    rule(
        "zip-no-prefix",
        Severity::Error,
        Documentation {
            what: "The first entry begins at the first byte of the file.",
            why: "Bytes before the archive can be a program or another archive that some readers take instead; indexes refuse them.",
            fix: "Remove what precedes the archive, or build the wheel again",
        },
        |wheel, found| defects(wheel, found, &[Kind::Prefix]),
    ),
    rule(
        "zip-no-trailing",
        Severity::Error,
        Documentation {
            what: "The end record is the last thing in the file.",
            why: "Trailing bytes can hide a second archive; indexes refuse them.",
            fix: "Cut off what follows the archive, or build the wheel again",
        },
        |wheel, found| defects(wheel, found, &[Kind::Trailing]),
    ),
    rule(
        "zip-no-gap",
        Severity::Error,
        Documentation {
            what: "The entries follow each other without gaps, without sharing bytes, and without entries that the directory does not list.",
            why: "A reader that walks the file and one that trusts the directory see different files; overlapping entries also make small bombs.",
            fix: "Build the wheel again with a writer that lists every entry and leaves nothing between them",
        },
        |wheel, found| defects(wheel, found, &[Kind::Gap, Kind::HiddenEntry, Kind::Overlap]),
    ),
    rule(
        "zip-local-central",
        Severity::Error,
        Documentation {
            what: "Each local header states the name, method, flags, CRC and sizes that the central directory states.",
            why: "Two readers then unpack two different files from one archive; indexes refuse it.",
            fix: "Build the wheel again; an archive that was edited in place must be written anew",
        },
        |wheel, found| {
            defects(wheel, found, &[Kind::LocalHeader, Kind::DescriptorWrong]);
            defects_with(wheel, found, Severity::Warning, &[Kind::LocalTime]);
        },
    ),
    rule(
        "zip-unique-name",
        Severity::Error,
        Documentation {
            what: "No two entries have the same name.",
            why: "Installers take the last one without a word, other readers the first; indexes refuse it.",
            fix: "Remove one of the entries and build the wheel again",
        },
        unique_name,
    ),
    rule(
        "zip-crc",
        Severity::Error,
        Documentation {
            what: "Every entry unpacks to the size and CRC-32 that the directory states, and uses up its bytes.",
            why: "The file is damaged, or hides data behind a compressed stream; installers stop at it.",
            fix: "Build or download the file again",
        },
        crc,
    ),
    rule(
        "zip-method",
        Severity::Error,
        Documentation {
            what: "Entries are stored (0) or deflated (8).",
            why: "Python's standard library reads little else without optional modules, and indexes refuse every other method.",
            fix: "Build the wheel with deflate compression",
        },
        |wheel, found| defects(wheel, found, &[Kind::Method]),
    ),
    rule(
        "zip-not-encrypted",
        Severity::Error,
        Documentation {
            what: "No entry is encrypted.",
            why: "Installers have no password, and nobody can check what is inside.",
            fix: "Build the wheel without encryption",
        },
        |wheel, found| defects(wheel, found, &[Kind::Encrypted]),
    ),
    rule(
        "zip-no-extra",
        Severity::Warning,
        Documentation {
            what: "Entries have no extra fields; above all no second name in a unicode path field (0x7075), none twice, none broken.",
            why: "Extra fields vary between machines and break reproducible builds; a second name shows two readers two files, and indexes refuse broken and repeated fields.",
            fix: "Build the wheel with a writer that adds no extra fields",
        },
        |wheel, found| {
            defects_with(wheel, found, Severity::Error, &[Kind::UnicodePath, Kind::ExtraFieldWrong]);
            defects(wheel, found, &[Kind::ExtraField]);
        },
    ),
    rule(
        "zip-comment",
        Severity::Warning,
        Documentation {
            what: "Neither the archive nor an entry has a comment.",
            why: "Indexes refuse comments on entries, and a comment on the archive can hold another end record.",
            fix: "Build the wheel without comments",
        },
        |wheel, found| {
            defects_with(wheel, found, Severity::Error, &[Kind::EntryComment]);
            defects(wheel, found, &[Kind::ArchiveComment]);
        },
    ),
    rule(
        "zip-data-descriptor",
        Severity::Warning,
        Documentation {
            what: "Sizes stand in the local headers, not in data descriptors after the data; never so for a stored entry.",
            why: "A streaming reader cannot know where a stored entry with a descriptor ends; some indexes refuse all descriptors.",
            fix: "Build the wheel with a writer that goes back and fills in the local headers",
        },
        |wheel, found| {
            defects_with(wheel, found, Severity::Error, &[Kind::DescriptorStored]);
            defects(wheel, found, &[Kind::Descriptor]);
        },
    ),
    rule(
        "zip64-needless",
        Severity::Warning,
        Documentation {
            what: "Zip64 records and fields stand only where a number does not fit without them.",
            why: "They make room for lies about sizes, and some readers do not know them.",
            fix: "Build the wheel without forcing zip64",
        },
        |wheel, found| defects(wheel, found, &[Kind::Zip64Needless]),
    ),
    rule(
        "zip-ratio",
        Severity::Error,
        Documentation {
            what: "No large entry unpacks to more than 200 times its compressed size, and all of them together not to more than 50 times the file (above 64 MiB) or the size limits.",
            why: "It is taken for a decompression bomb, here and by indexes; such entries are not unpacked for the other rules.",
            fix: "Remove padding from the files inside; real programs compress to a third, not to a hundredth",
        },
        ratio,
    ),
    rule(
        "zip-date",
        Severity::Warning,
        Documentation {
            what: "Every entry has a valid date, and all of them the same one.",
            why: "Readers refuse dates that do not exist, and dates that differ mean that two builds of one source are not alike.",
            fix: "Build with SOURCE_DATE_EPOCH set, or with a builder that writes one fixed date",
        },
        date,
    ),
    rule(
        "zip-dir-entry",
        Severity::Warning,
        Documentation {
            what: "There are no entries for directories; one that holds data is an error.",
            why: "Nothing needs them; installers make directories for the files, and RECORD cannot list them.",
            fix: "Build the wheel with file entries only",
        },
        |wheel, found| {
            for member in wheel.archive.members().iter().filter(|member| member.is_directory()) {
                if member.size > 0 || member.compressed_size > 2 {
                    found.with(
                        Severity::Error,
                        Some(&member.name),
                        "the entry is a directory by its name and holds data",
                    );
                } else {
                    found.member(&member.name, "the entry is a directory");
                }
            }
        },
    ),
    rule(
        "zip-order",
        Severity::Warning,
        Documentation {
            what: "The dist-info directory comes last, and RECORD last of all.",
            why: "PEP 427 recommends it, so that metadata can be amended without rewriting the archive.",
            fix: "Write the dist-info files at the end of the archive and RECORD as the last of them",
        },
        order,
    ),
    rule(
        "path-relative",
        Severity::Error,
        Documentation {
            what: "Paths are relative and made of plain parts: no `..`, no leading `/`, no drive, no backslash, no control character and none that cannot be seen (zero width, direction, private use), no empty part.",
            why: "Such a path leaves the directory it is unpacked to, or names another file on another system; installers refuse, drop or rename it.",
            fix: "Give the file a plain relative path joined by `/`",
        },
        relative,
    ),
    rule(
        "path-utf8",
        Severity::Error,
        Documentation {
            what: "Names are UTF-8, and those that are not ASCII carry the UTF-8 flag (bit 11).",
            why: "Without the flag readers take the name for code page 437 and unpack it under another name.",
            fix: "Write names as UTF-8 with flag bit 11, or use ASCII names",
        },
        |wheel, found| defects(wheel, found, &[Kind::NameEncoding]),
    ),
    rule(
        "path-collision",
        Severity::Error,
        Documentation {
            what: "No two paths are the same once case and Unicode form are ignored, and no file is also a directory.",
            why: "On macOS and Windows one file overwrites the other; a file in the place of a directory stops the installation.",
            fix: "Rename one of the files",
        },
        collision,
    ),
    rule(
        "path-windows",
        Severity::Error,
        Documentation {
            what: "Paths can be written on Windows: none of `<>:\"|?*`, no part that ends in a dot or space; a reserved device name or a path of more than 240 characters is a warning.",
            why: "The wheel cannot be installed there, or its files cannot be removed again.",
            fix: "Rename the file to something that every system can write",
        },
        windows,
    ),
    rule(
        "entry-type",
        Severity::Error,
        Documentation {
            what: "Every entry is a regular file.",
            why: "Installers write a symbolic link as a file that holds the link's target, and know nothing of FIFOs and devices.",
            fix: "Put the file itself into the wheel in place of the link",
        },
        |wheel, found| {
            for member in wheel.archive.members().iter().filter(|member| member.is_special()) {
                let what = match member.unix_mode() & 0o170_000 {
                    0o120_000 => "a symbolic link",
                    0o010_000 => "a FIFO",
                    0o140_000 => "a socket",
                    _ => "a device",
                };
                found.member(&member.name, format!("the entry is {what} by its mode {:#o}", member.unix_mode()));
            }
            for member in wheel.archive.members() {
                let directory = member.unix_mode() & 0o170_000 == 0o040_000;
                if directory != member.is_directory() && (directory || member.unix_mode() & 0o170_000 == 0o100_000) {
                    found.member(
                        &member.name,
                        "the entry is a file by its name and a directory by its mode, or the reverse",
                    );
                }
            }
        },
    ),
];

fn defects(wheel: &WheelSubject, found: &mut Findings, kinds: &[Kind]) {
    for defect in wheel.archive.defects().iter().filter(|defect| kinds.contains(&defect.kind)) {
        match &defect.member {
            Some(member) => found.member(member, &defect.message),
            None => found.whole(&defect.message),
        }
    }
}

fn defects_with(wheel: &WheelSubject, found: &mut Findings, severity: Severity, kinds: &[Kind]) {
    for defect in wheel.archive.defects().iter().filter(|defect| kinds.contains(&defect.kind)) {
        found.with(severity, defect.member.as_deref(), &defect.message);
    }
}

fn unique_name(wheel: &WheelSubject, found: &mut Findings) {
    let mut seen = BTreeSet::new();
    for member in wheel.archive.members() {
        if !seen.insert(&member.raw_name) {
            found.member(&member.name, "another entry has the same name");
        }
    }
}

fn crc(wheel: &WheelSubject, found: &mut Findings) {
    for (member, scanned) in wheel.files() {
        if let Some(error) = &scanned.error
            && !matches!(
                error,
                MemberError::Method { .. }
                    | MemberError::Encrypted { .. }
                    | MemberError::Unlocated { .. }
                    | MemberError::TooLarge { .. }
                    | MemberError::Read { .. }
                    | MemberError::Write { .. }
            )
        {
            found.member(&member.name, error.to_string());
        }
    }
}

fn ratio(wheel: &WheelSubject, found: &mut Findings) {
    for member in wheel.archive.members() {
        if wheel.archive.bomb(member).is_some() {
            let (packed, size) = (member.compressed_size, member.size);
            found.member(&member.name, format!("the entry unpacks from {packed} to {size} bytes"));
        }
    }
    if let Some((total, limit)) = wheel.archive.total_bomb() {
        found.whole(format!("all entries together unpack to {total} bytes; at most {limit} are expected of this file"));
    }
}

fn date(wheel: &WheelSubject, found: &mut Findings) {
    defects(wheel, found, &[Kind::Date]);
    let dates: BTreeSet<_> = wheel.archive.members().iter().map(|member| (member.dos_date, member.dos_time)).collect();
    if dates.len() > 1 && !wheel.archive.defects().iter().any(|defect| defect.kind == Kind::Date) {
        found.whole(format!("the entries have {} different dates", dates.len()));
    }
}

fn order(wheel: &WheelSubject, found: &mut Findings) {
    let Some(directory) = &wheel.dist_info else { return };
    let prefix = format!("{directory}/");
    let members = wheel.archive.members();
    // Of several such directories none is the wrong one here.
    let is_info = |member: &Member| member.name.split_once('/').is_some_and(|(top, _)| top.ends_with(".dist-info"));
    let first = members.iter().position(is_info);
    let last = members.iter().rposition(|member| !is_info(member));
    if let (Some(first), Some(last)) = (first, last)
        && last > first
    {
        found.member(&members[last].name, "the entry comes after the first one of the dist-info directory");
        return;
    }
    let record = format!("{prefix}RECORD");
    let signature = |member: &Member| member.name == format!("{record}.jws") || member.name == format!("{record}.p7s");
    let last = members.iter().rfind(|member| !signature(member) && !member.is_directory());
    if last.is_some_and(|last| last.name != record) && members.iter().any(|member| member.name == record) {
        found.member(&record, "RECORD is not the last entry");
    }
}

fn relative(wheel: &WheelSubject, found: &mut Findings) {
    for member in wheel.archive.members() {
        if let Some(why) = not_plain(&member.name) {
            found.member(&member.name, why.to_string());
        }
    }
}

fn collision(wheel: &WheelSubject, found: &mut Findings) {
    let mut paths = Paths::default();
    for member in wheel.archive.members() {
        let node = if member.is_directory() { Node::Directory } else { Node::File };
        for clash in paths.take(member.name.trim_end_matches('/'), node) {
            match &clash {
                // Equal names are another rule's.
                Clash::Twice => {}
                Clash::FileAndDirectory { file } => found.member(file, clash.to_string()),
                Clash::Files { .. } | Clash::Directories { .. } => found.member(&member.name, clash.to_string()),
            }
        }
    }
}

fn windows(wheel: &WheelSubject, found: &mut Findings) {
    // Backslashes and drives are another rule's.
    for member in wheel.archive.members().iter().filter(|member| escapes(&member.name).is_none()) {
        let path = member.name.trim_end_matches('/');
        if let Some(why) = not_on_windows(path) {
            found.member(&member.name, why.to_string());
        }
        if let Some(device) = windows_device(path) {
            found.with(Severity::Warning, Some(&member.name), format!("`{device}` is the name of a device on Windows"));
        }
        let length = path.encode_utf16().count();
        if length > 240 {
            found.with(Severity::Warning, Some(&member.name), format!("the path has {length} characters"));
        }
    }
}
