//! Rules about the zip archive of a wheel (PEP 427, APPNOTE 6.3.10, and what package indexes refuse).

use std::collections::BTreeSet;

use crate::check::rule::{Findings, Rule, Severity, rule};
use crate::check::subject::wheel::WheelSubject;
use crate::wheel::info;
use crate::zip::archive::{DefectKind as Kind, Member, MemberError};

rule!(ZIP_READABLE = "zip-readable", Error, Wheel(zip_readable);
    what: "The archive has one end record on one disk, and its counts, sizes and places are those of the file.",
    why: "Readers that trust different numbers see different contents, and uv takes no zip64 field that is longer or shorter than its values; indexes refuse such an archive, and a file that is no zip archive is no wheel.",
    fix: "Build or download the file again; it is damaged, or its writer is at fault";
    because: [Index("the framing is walked record by record, and every number must be true")]);

fn zip_readable(wheel: &WheelSubject, found: &mut Findings) {
    use Kind::{Directory, NotAnArchive, SeveralDisks, SeveralEnds, Unlocated, Zip64};
    defects(wheel, found, &[NotAnArchive, Directory, SeveralDisks, SeveralEnds, Zip64, Unlocated], &[]);
}

rule!(ZIP_NO_PREFIX = "zip-no-prefix", Error, Wheel(|wheel, found| defects(wheel, found, &[Kind::Prefix], &[]));
    what: "The first entry begins at the first byte of the file.",
    why: "Bytes before the archive can be a program or another archive that some readers take instead; indexes refuse them.",
    fix: "Remove what precedes the archive, or build the wheel again";
    because: [Index("the first record must begin at the first byte")]);

rule!(ZIP_NO_TRAILING = "zip-no-trailing", Error, Wheel(|wheel, found| defects(wheel, found, &[Kind::Trailing], &[]));
    what: "The end record is the last thing in the file.",
    why: "Trailing bytes can hide a second archive; indexes refuse them.",
    fix: "Cut off what follows the archive, or build the wheel again";
    because: [Index("nothing may follow the end record")]);

rule!(ZIP_NO_GAP = "zip-no-gap", Error, Wheel(|wheel, found| defects(wheel, found, &[Kind::Gap, Kind::HiddenEntry, Kind::Overlap], &[]));
    what: "The entries follow each other without gaps, without sharing bytes, and without entries that the directory does not list.",
    why: "A reader that walks the file and one that trusts the directory see different files; overlapping entries also make small bombs.",
    fix: "Build the wheel again with a writer that lists every entry and leaves nothing between them";
    because: [Index("only the listed entries may stand before the directory")]);

rule!(ZIP_LOCAL_CENTRAL = "zip-local-central", Error, Wheel(|wheel, found| defects(wheel, found, &[Kind::LocalHeader, Kind::DescriptorWrong], &[Kind::LocalHint]));
    what: "Each local header states the name, method, flags, CRC and sizes that the central directory states; another time, and flags that no reader heeds, are a warning.",
    why: "Two readers then unpack two different files from one archive; indexes refuse it.",
    fix: "Build the wheel again; an archive that was edited in place must be written anew";
    because: [Index("sizes and names must agree"), Installer("readers that stream take the local header's word"), Habit("two times for one file, or two hints at how it was compressed, are read by nobody")]);

rule!(ZIP_UNIQUE_NAME = "zip-unique-name", Error, Wheel(zip_unique_name);
    what: "No two entries have the same name.",
    why: "Installers take the last one without a word, other readers the first; indexes refuse it.",
    fix: "Remove one of the entries and build the wheel again";
    because: [Index("names must be unique")]);

fn zip_unique_name(wheel: &WheelSubject, found: &mut Findings) {
    let mut seen = BTreeSet::new();
    let again = wheel.archive.members().iter().filter(|member| !seen.insert(&member.raw_name));
    found.each(again.map(|member| member.name.as_str()), "another entry has the same name");
}

rule!(ZIP_CRC = "zip-crc", Error, Wheel(zip_crc);
    what: "Every entry unpacks to the size and CRC-32 that the directory states, and uses up its bytes.",
    why: "The file is damaged, or hides data behind a compressed stream; installers stop at it.",
    fix: "Build or download the file again";
    because: [Installer("unpacking stops at the first wrong checksum")]);

fn zip_crc(wheel: &WheelSubject, found: &mut Findings) {
    use MemberError::{Encrypted, Method, TooLarge, Unlocated, Write};
    for (member, scanned) in wheel.files() {
        match &scanned.error {
            // Other rules', but for those of the disk.
            None | Some(Method { .. } | Encrypted { .. } | Unlocated { .. } | TooLarge { .. } | Write { .. }) => {}
            Some(error) => found.member(&member.name, error.to_string()),
        }
    }
}

rule!(ZIP_METHOD = "zip-method", Error, Wheel(|wheel, found| defects(wheel, found, &[Kind::Method], &[]));
    what: "Entries are stored (0) or deflated (8), and ask for no later version of the format than 6.3.",
    why: "Python's standard library reads little else without optional modules, and indexes refuse every other method.",
    fix: "Build the wheel with deflate compression";
    because: [Index("only methods 0 and 8 are taken")]);

rule!(ZIP_NOT_ENCRYPTED = "zip-not-encrypted", Error, Wheel(|wheel, found| defects(wheel, found, &[Kind::Encrypted], &[]));
    what: "No entry is encrypted.",
    why: "Installers have no password, and nobody can check what is inside.",
    fix: "Build the wheel without encryption";
    because: [Installer("there is no password")]);

rule!(ZIP_NO_EXTRA = "zip-no-extra", Warning, Wheel(|wheel, found| defects(wheel, found, &[Kind::UnicodePath, Kind::ExtraFieldWrong], &[Kind::ExtraField]));
    what: "Entries have no extra fields; above all no second name in a unicode path field (0x7075), none twice, none broken: those are errors.",
    why: "Extra fields vary between machines and break reproducible builds; a second name shows two readers two files, and indexes refuse broken and repeated fields.",
    fix: "Build the wheel with a writer that adds no extra fields";
    because: [Habit("a field that is well formed is passed over"), Installer("uv refuses a field that stands twice"), Index("broken fields are refused, and a second name is another name to some installers")]);

rule!(ZIP_COMMENT = "zip-comment", Warning, Wheel(|wheel, found| defects(wheel, found, &[Kind::EntryComment, Kind::ArchiveInComment], &[Kind::ArchiveComment]));
    what: "Neither the archive nor an entry has a comment; a comment on an entry, and one that holds the signature of a record, is an error.",
    why: "Indexes refuse comments on entries, and a comment on the archive can hold another end record.",
    fix: "Build the wheel without comments";
    because: [Habit("a comment on the archive is taken as it is"), Index("comments on entries are refused"), Installer("uv takes a signature in the comment for a second archive, `pip` looks there for the end record")]);

rule!(ZIP_DATA_DESCRIPTOR = "zip-data-descriptor", Error, Wheel(|wheel, found| defects(wheel, found, &[Kind::DescriptorStored, Kind::Descriptor], &[]));
    what: "Sizes stand in the local headers, not in data descriptors after the data.",
    why: "Indexes refuse every entry with a descriptor; a streaming reader cannot know where a stored one ends.",
    fix: "Build the wheel with a writer that goes back and fills in the local headers";
    because: [Index("flag bit 3 is refused outright, whatever the method"), Installer("a stored entry has no end that a streaming reader can find")]);

rule!(ZIP64_NEEDLESS = "zip64-needless", Warning, Wheel(|wheel, found| defects(wheel, found, &[], &[Kind::Zip64Needless]));
    what: "Zip64 records and fields stand only where a number does not fit without them. A field that holds other values than those that the header lacks is an error of `zip-readable`.",
    why: "They make room for lies about sizes, and some readers do not know them.",
    fix: "Build the wheel without forcing zip64";
    because: [Habit("readers of today know zip64")]);

rule!(ZIP_RATIO = "zip-ratio", Error, Wheel(zip_ratio);
    what: "All entries together unpack to at most 50 times the file (above 64 MiB) and 8 GiB, one alone to at most 4 GiB.",
    why: "It is taken for a decompression bomb, here and by indexes; such entries are not unpacked for the other rules.",
    fix: "Remove padding from the files inside; real programs compress to a third, not to a hundredth";
    because: [Index("more than 64 MiB that unpack to more than 50 times the file are refused")]);

fn zip_ratio(wheel: &WheelSubject, found: &mut Findings) {
    for member in wheel.archive.members().iter().filter(|member| wheel.archive.bomb(member).is_some()) {
        let (packed, size) = (member.compressed_size, member.size);
        found.member(&member.name, format!("the entry unpacks from {packed} to {size} bytes"));
    }
    if let Some((total, limit)) = wheel.archive.total_bomb() {
        found.whole(format!("all entries together unpack to {total} bytes; at most {limit} are expected of this file"));
    }
}

rule!(ZIP_DATE = "zip-date", Warning, Wheel(zip_date);
    what: "Every entry has a valid date, and all of them the same one.",
    why: "Readers refuse dates that do not exist, and dates that differ mean that two builds of one source are not alike.",
    fix: "Build with SOURCE_DATE_EPOCH set, or with a builder that writes one fixed date";
    because: [Habit("installers do not look at dates")]);

fn zip_date(wheel: &WheelSubject, found: &mut Findings) {
    defects(wheel, found, &[], &[Kind::Date]);
    let dates: BTreeSet<_> = wheel.archive.members().iter().map(|member| (member.dos_date, member.dos_time)).collect();
    if dates.len() > 1 && !wheel.archive.defects().iter().any(|defect| defect.kind == Kind::Date) {
        found.whole(format!("the entries have {} different dates", dates.len()));
    }
}

rule!(ZIP_DIR_ENTRY = "zip-dir-entry", Warning, Wheel(zip_dir_entry);
    what: "There are no entries for directories; one that holds data is an error.",
    why: "Nothing needs them; installers make directories for the files, and RECORD cannot list them.",
    fix: "Build the wheel with file entries only";
    because: [Habit("entries for directories are passed over"), Promise("the data are in the archive and are installed nowhere")]);

fn zip_dir_entry(wheel: &WheelSubject, found: &mut Findings) {
    for member in wheel.archive.members().iter().filter(|member| member.is_directory()) {
        if member.size > 0 || member.compressed_size > 2 {
            found.with(Severity::Error, Some(&member.name), "the entry is a directory by its name and holds data");
        } else {
            found.member(&member.name, "the entry is a directory");
        }
    }
}

rule!(ZIP_ORDER = "zip-order", Warning, Wheel(zip_order);
    what: "The dist-info directory comes last, and RECORD last of all.",
    why: "PEP 427 recommends it, so that metadata can be amended without rewriting the archive.",
    fix: "Write the dist-info files at the end of the archive and RECORD as the last of them";
    because: [Habit("the order of entries is a recommendation")]);

fn zip_order(wheel: &WheelSubject, found: &mut Findings) {
    let Some(directory) = &wheel.dist_info else { return };
    let members = wheel.archive.members();
    // Of several such directories none is the wrong one here.
    let is_info = |member: &Member| info::of(&member.name).is_some();
    let first = members.iter().position(is_info);
    let last = members.iter().rposition(|member| !is_info(member));
    if let (Some(first), Some(last)) = (first, last)
        && last > first
    {
        found.member(&members[last].name, "the entry comes after the first one of the dist-info directory");
        return;
    }
    let record = format!("{directory}/RECORD");
    let is_signature =
        |name: &str| info::of(name).is_some_and(|(own, path)| own == directory && info::is_signature(path));
    let last = members.iter().rfind(|member| !is_signature(&member.name) && !member.is_directory());
    if last.is_some_and(|last| last.name != record) && members.iter().any(|member| member.name == record) {
        found.member(&record, "RECORD is not the last entry");
    }
}

#[rustfmt::skip]
pub(crate) static RULES: &[&Rule] = &[
    &ZIP_READABLE, &ZIP_NO_PREFIX, &ZIP_NO_TRAILING, &ZIP_NO_GAP, &ZIP_LOCAL_CENTRAL, &ZIP_UNIQUE_NAME, &ZIP_CRC,
    &ZIP_METHOD, &ZIP_NOT_ENCRYPTED, &ZIP_NO_EXTRA, &ZIP_COMMENT, &ZIP_DATA_DESCRIPTOR, &ZIP64_NEEDLESS, &ZIP_RATIO,
    &ZIP_DATE, &ZIP_DIR_ENTRY, &ZIP_ORDER,
];

/// The defects of these kinds, errors first.
pub(super) fn defects(wheel: &WheelSubject, found: &mut Findings, errors: &[Kind], warnings: &[Kind]) {
    for (severity, kinds) in [(Severity::Error, errors), (Severity::Warning, warnings)] {
        for defect in wheel.archive.defects().iter().filter(|defect| kinds.contains(&defect.kind)) {
            found.with(severity, defect.member.as_deref(), &defect.message);
        }
    }
}
