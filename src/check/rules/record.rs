//! Rules about RECORD (PyPA "Recording installed projects", PEP 427).

use std::collections::{BTreeMap, BTreeSet};

use super::contents::paths;
use super::dist_info::present;
use crate::check::rule::{Findings, Rule, Severity, rule};
use crate::check::subject::scan::Scanned;
use crate::check::subject::wheel::WheelSubject;
use crate::error::sentence;
use crate::member_path::escapes;
use crate::wheel::record::{Record, RecordDigest, RecordError, RecordRow};
use crate::wheel::verify::{Disagreement, is_exempt, without_file};
use crate::zip::archive::Member;

rule!(RECORD_PRESENT = "record-present", Error, Wheel(|wheel, found| present(wheel, "RECORD", found));
    what: "The dist-info directory has a RECORD.",
    why: "Installers refuse a wheel without it, and nothing in the wheel can be verified.",
    fix: "Build the wheel again with a standard builder";
    because: [Index("there must be a RECORD"), Installer("a wheel without it is refused")]);

rule!(RECORD_CSV = "record-csv", Error, Wheel(record_csv);
    what: "RECORD is UTF-8 CSV without a byte order mark, three columns in every row and no blank line; lines that end in CR LF are a warning.",
    why: "Readers differ on what they make of anything else; indexes refuse what they cannot parse.",
    fix: "Write `path,algorithm=digest,size` per line, ended by LF";
    because: [Index("the file must be parsable"), Installer("`pip` stops at a blank line"), Habit("CSV takes either end of a line")]);

fn record_csv(wheel: &WheelSubject, found: &mut Findings) {
    let Some(member) = wheel.dist_info_member("RECORD") else { return };
    match &wheel.record {
        Some(Err(error @ (RecordError::Digest(_) | RecordError::Size(_)))) => found.member(&member, error.to_string()),
        Some(Err(error)) => found.member(&member, sentence(error)),
        Some(Ok(_)) if let Some(line) = Record::blank_line(&wheel.record_bytes) => {
            found.member(&member, format!("line {line} is blank, and installers read a row without columns"));
        }
        Some(Ok(_)) if wheel.record_bytes.windows(2).any(|pair| pair == b"\r\n") => {
            found.with(Severity::Warning, Some(&member), "lines end in CR LF");
        }
        _ => {}
    }
}

rule!(RECORD_SELF = "record-self", Error, Wheel(record_self);
    what: "RECORD lists itself once, with neither digest nor size; so do the signatures of RECORD, whose rows are a warning.",
    why: "A file cannot hold its own digest; a digest there is one that nobody can verify.",
    fix: "Write the row `NAME-VERSION.dist-info/RECORD,,`";
    because: [Index("RECORD must list the files that there are"), Promise("a digest of itself cannot be true"), Habit("of a signature that is listed the index writes to the owners")]);

fn record_self(wheel: &WheelSubject, found: &mut Findings) {
    let (Some(record), Some(directory)) = (wheel.good_record(), &wheel.dist_info) else { return };
    let own = format!("{directory}/RECORD");
    match record.of(&own).count() {
        0 => found.member(&own, "RECORD does not list itself"),
        1 => {}
        count => found.member(&own, format!("RECORD lists itself {count} times")),
    }
    let exempt = record.rows.iter().filter(|row| is_exempt(&row.path, directory));
    let stated = exempt.filter(|row| !row.digest.is_empty() || !row.size.is_empty());
    found.each(stated.map(|row| row.path.as_str()), "the row has a digest or a size");
    for row in record.rows.iter().filter(|row| row.path != own && is_exempt(&row.path, directory)) {
        let message = "signatures of RECORD are not listed in it, and the index misses the file that the row names";
        found.with(Severity::Warning, Some(&row.path), message);
    }
}

rule!(RECORD_COMPLETE = "record-complete", Error, Wheel(record_complete);
    what: "Every file has a row, and every row a file; directories have none.",
    why: "A file without a row is installed unverified and stays behind on uninstall; indexes refuse both kinds.",
    fix: "Write RECORD from the files that are in the wheel, as the last step of the build";
    because: [Index("RECORD must list the files that there are")]);

fn record_complete(wheel: &WheelSubject, found: &mut Findings) {
    let (Some(record), Some(directory)) = (wheel.good_record(), &wheel.dist_info) else { return };
    let rows: BTreeSet<&str> = record.rows.iter().map(|row| row.path.as_str()).collect();
    let files: BTreeSet<&str> = paths(wheel).collect();
    let unlisted = files.difference(&rows).filter(|file| !is_exempt(file, directory));
    found.each(unlisted.copied(), "the file has no row in RECORD");
    let own = format!("{directory}/RECORD");
    // Unsafe paths are another rule's.
    let missing = rows.difference(&files).filter(|row| **row != own && escapes(row).is_none());
    let members = wheel.archive.members().iter().map(|member| member.name.as_str()).collect();
    let (directories, missing): (Vec<&str>, Vec<&str>) =
        missing.partition(|row| without_file(row, &members) == Disagreement::Directory);
    found.each(directories, "RECORD lists a directory, and only files have rows");
    found.each(missing, "RECORD lists a file that is not in the wheel");
}

rule!(RECORD_UNIQUE = "record-unique", Error, Wheel(record_unique);
    what: "No path stands in RECORD twice.",
    why: "Two rows can state two digests, and readers differ on which one they believe.",
    fix: "Write one row per file";
    because: [Promise("two rows state two digests of one file")]);

fn record_unique(wheel: &WheelSubject, found: &mut Findings) {
    let (Some(record), Some(own)) = (wheel.good_record(), wheel.dist_info_member("RECORD")) else { return };
    let mut seen = BTreeSet::new();
    // How often RECORD lists itself is another rule's.
    let again = record.rows.iter().filter(|row| !seen.insert(&row.path) && row.path != own);
    found.each(again.map(|row| row.path.as_str()), "the path has more than one row");
}

rule!(RECORD_PATH = "record-path", Error, Wheel(record_path);
    what: "Paths in RECORD are relative, joined by `/`, without `..`.",
    why: "An uninstaller removes what RECORD names, wherever that is.",
    fix: "Write the paths as they stand in the archive";
    because: [Installer("the path leads out of the installation")]);

fn record_path(wheel: &WheelSubject, found: &mut Findings) {
    let Some(record) = wheel.good_record() else { return };
    // A member with that very path is reported as a member.
    for row in record.rows.iter().filter(|row| wheel.file(&row.path).is_none()) {
        escapes(&row.path).into_iter().for_each(|why| found.member(&row.path, why.to_string()));
    }
}

rule!(RECORD_HASH = "record-hash", Error, Wheel(record_hash);
    what: "Every file has the digest that its row states: SHA-256 (or SHA-384, SHA-512) as urlsafe base64 without padding. Another digest that is no weaker is a warning.",
    why: "The file is not the one that was built. pip and uv do not look, so nobody else will notice.",
    fix: "Build the wheel again; never change a file in a finished wheel without writing RECORD anew";
    because: [Promise("the file is not the one that RECORD states"), Habit("other digests that are as strong are allowed, and seldom read")]);

fn record_hash(wheel: &WheelSubject, found: &mut Findings) {
    for (member, scanned, row) in rows(wheel) {
        let why = match row.parsed_digest() {
            Ok(None) => "the row has no digest".to_owned(),
            Err(error) => error.to_string(),
            Ok(Some(RecordDigest { algorithm, value })) => {
                match (algorithm.as_str(), &scanned.sha256, &scanned.other) {
                    ("sha256" | "sha384" | "sha512", _, Some(other)) if other.value == value => continue,
                    ("sha256" | "sha384" | "sha512", Some(sha256), None) if sha256.0[..] == value => continue,
                    // What cannot be unpacked is another rule's.
                    ("sha256" | "sha384" | "sha512", None, _) => continue,
                    ("sha256" | "sha384" | "sha512", ..) => {
                        format!("the file has another {algorithm} digest than its row")
                    }
                    ("sha3_256" | "sha3_384" | "sha3_512" | "blake2b" | "blake2s" | "shake_128" | "shake_256", ..) => {
                        let message = format!("`{algorithm}` is no weaker than SHA-256, and is not verified here");
                        found.with(Severity::Warning, Some(&member.name), message);
                        continue;
                    }
                    _ => format!("`{algorithm}` is no digest to rely on"),
                }
            }
        };
        found.member(&member.name, why);
    }
}

rule!(RECORD_SIZE = "record-size", Error, Wheel(record_size);
    what: "Every file has the size that its row states; an empty size is a warning.",
    why: "The file is not the one that was built, or RECORD was written by hand.",
    fix: "Write the sizes of the files in bytes, as decimal digits";
    because: [Promise("the file is not the one that RECORD states"), Habit("the size is optional")]);

fn record_size(wheel: &WheelSubject, found: &mut Findings) {
    for (member, scanned, row) in rows(wheel) {
        match row.parsed_size() {
            Ok(None) => found.with(Severity::Warning, Some(&member.name), "the row has no size"),
            Err(error) => found.member(&member.name, error.to_string()),
            Ok(Some(size)) if size != member.size && scanned.error.is_none() => {
                found.member(&member.name, format!("the file has {} bytes, its row states {size}", member.size));
            }
            Ok(Some(_)) => {}
        }
    }
}

#[rustfmt::skip]
pub(crate) static RULES: &[&Rule] = &[
    &RECORD_PRESENT, &RECORD_CSV, &RECORD_SELF, &RECORD_COMPLETE, &RECORD_UNIQUE, &RECORD_PATH, &RECORD_HASH,
    &RECORD_SIZE,
];

/// Each listed file with its first row, RECORD and its signatures aside.
fn rows(wheel: &WheelSubject) -> impl Iterator<Item = (&Member, &Scanned, &RecordRow)> {
    let rows = wheel.good_record().map(|record| record.rows.as_slice()).unwrap_or_default();
    // In reverse, so that of several rows the first is kept.
    let rows: BTreeMap<&str, &RecordRow> = rows.iter().rev().map(|row| (row.path.as_str(), row)).collect();
    let directory = wheel.dist_info.clone().unwrap_or_default();
    wheel.files().filter_map(move |(member, scanned)| {
        let row = rows.get(member.name.as_str())?;
        (!is_exempt(&member.name, &directory)).then_some((member, scanned, *row))
    })
}
