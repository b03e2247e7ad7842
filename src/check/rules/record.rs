//! Rules about RECORD (PyPA "Recording installed projects", PEP 427).

use std::collections::{BTreeMap, BTreeSet};

use crate::check::finding::Findings;
use crate::check::rule::{Check, Documentation, Family, Rule, Severity};
use crate::check::subject::scan::Scanned;
use crate::check::subject::wheel::WheelSubject;
use crate::error::sentence;
use crate::member_path::escapes;
use crate::wheel::reader::is_exempt;
use crate::wheel::record::{Record, RecordError, RecordRow};
use crate::zip::archive::Member;

const fn rule(
    name: &'static str,
    severity: Severity,
    documentation: Documentation,
    check: fn(&WheelSubject, &mut Findings),
) -> Rule {
    Rule { name, family: Family::Record, severity, documentation, check: Check::Wheel(check) }
}

pub(crate) static RULES: &[Rule] = &[
    rule(
        "record-present",
        Severity::Error,
        Documentation {
            what: "The dist-info directory has a RECORD.",
            why: "Installers refuse a wheel without it, and nothing in the wheel can be verified.",
            fix: "Build the wheel again with a standard builder",
        },
        |wheel, found| {
            let Some(member) = wheel.dist_info_member("RECORD") else { return };
            if wheel.archive.find(&member).is_none() {
                found.whole(format!("there is no `{member}`"));
            }
            wheel.unread(&member).into_iter().for_each(|why| found.member(&member, why));
        },
    ),
    rule(
        "record-csv",
        Severity::Error,
        Documentation {
            what: "RECORD is UTF-8 CSV without a byte order mark, three columns in every row and no blank line; lines that end in CR LF are a warning.",
            why: "Readers differ on what they make of anything else; indexes refuse what they cannot parse.",
            fix: "Write `path,algorithm=digest,size` per line, ended by LF",
        },
        |wheel, found| {
            let Some(member) = wheel.dist_info_member("RECORD") else { return };
            match &wheel.record {
                Some(Err(error @ RecordError::Digest(_) | error @ RecordError::Size(_))) => {
                    found.member(&member, error.to_string())
                }
                Some(Err(error)) => found.member(&member, sentence(error)),
                Some(Ok(_)) if let Some(line) = Record::blank_line(&wheel.record_bytes) => {
                    found.member(&member, format!("line {line} is blank, and installers read a row without columns"));
                }
                Some(Ok(_)) if wheel.record_bytes.windows(2).any(|pair| pair == b"\r\n") => {
                    found.with(Severity::Warning, Some(&member), "lines end in CR LF");
                }
                _ => {}
            }
        },
    ),
    rule(
        "record-self",
        Severity::Error,
        Documentation {
            what: "RECORD lists itself once, with neither digest nor size; so do the signatures of RECORD, where they are listed.",
            why: "A file cannot hold its own digest; a digest there is one that nobody can verify.",
            fix: "Write the row `NAME-VERSION.dist-info/RECORD,,`",
        },
        own_row,
    ),
    rule(
        "record-complete",
        Severity::Error,
        Documentation {
            what: "Every file has a row, and every row a file.",
            why: "A file without a row is installed unverified and stays behind on uninstall; indexes refuse both kinds.",
            fix: "Write RECORD from the files that are in the wheel, as the last step of the build",
        },
        complete,
    ),
    rule(
        "record-unique",
        Severity::Error,
        Documentation {
            what: "No path stands in RECORD twice.",
            why: "Two rows can state two digests, and readers differ on which one they believe.",
            fix: "Write one row per file",
        },
        |wheel, found| {
            let (Some(record), Some(own)) = (wheel.good_record(), wheel.dist_info_member("RECORD")) else { return };
            let mut seen = BTreeSet::new();
            for row in &record.rows {
                // How often RECORD lists itself is another rule's.
                if !seen.insert(&row.path) && row.path != own {
                    found.member(&row.path, "the path has more than one row");
                }
            }
        },
    ),
    rule(
        "record-path",
        Severity::Error,
        Documentation {
            what: "Paths in RECORD are relative, joined by `/`, without `..`.",
            why: "An uninstaller removes what RECORD names, wherever that is.",
            fix: "Write the paths as they stand in the archive",
        },
        |wheel, found| {
            let Some(record) = wheel.good_record() else { return };
            for row in &record.rows {
                // A member with that very path is reported as a member.
                if let Some(why) = escapes(&row.path)
                    && wheel.file(&row.path).is_none()
                {
                    found.member(&row.path, why.to_string());
                }
            }
        },
    ),
    rule(
        "record-hash",
        Severity::Error,
        Documentation {
            what: "Every file has the digest that its row states: SHA-256 (or SHA-384, SHA-512) as urlsafe base64 without padding.",
            why: "The file is not the one that was built. pip and uv do not look, so nobody else will notice.",
            fix: "Build the wheel again; never change a file in a finished wheel without writing RECORD anew",
        },
        hash,
    ),
    rule(
        "record-size",
        Severity::Error,
        Documentation {
            what: "Every file has the size that its row states; an empty size is a warning.",
            why: "The file is not the one that was built, or RECORD was written by hand.",
            fix: "Write the sizes of the files in bytes, as decimal digits",
        },
        size,
    ),
];

fn own_row(wheel: &WheelSubject, found: &mut Findings) {
    let (Some(record), Some(directory)) = (wheel.good_record(), &wheel.dist_info) else { return };
    let own = format!("{directory}/RECORD");
    match record.of(&own).count() {
        0 => found.member(&own, "RECORD does not list itself"),
        1 => {}
        count => found.member(&own, format!("RECORD lists itself {count} times")),
    }
    for row in record.rows.iter().filter(|row| is_exempt(&row.path, directory)) {
        if !row.digest.is_empty() || !row.size.is_empty() {
            found.member(&row.path, "the row has a digest or a size");
        }
    }
}

fn complete(wheel: &WheelSubject, found: &mut Findings) {
    let (Some(record), Some(directory)) = (wheel.good_record(), &wheel.dist_info) else { return };
    let rows: BTreeSet<&str> = record.rows.iter().map(|row| row.path.as_str()).collect();
    let files: BTreeSet<&str> = wheel.files().map(|(member, _)| member.name.as_str()).collect();
    for file in files.difference(&rows).filter(|file| !is_exempt(file, directory)) {
        found.member(file, "the file has no row in RECORD");
    }
    let own = format!("{directory}/RECORD");
    // Unsafe paths are another rule's.
    for row in rows.difference(&files).filter(|row| **row != own && escapes(row).is_none()) {
        found.member(row, "RECORD lists a file that is not in the wheel");
    }
}

/// Each listed file with its first row, RECORD and its signatures aside.
fn rows(wheel: &WheelSubject) -> impl Iterator<Item = (&Member, &Scanned, &RecordRow)> {
    let mut rows: BTreeMap<&str, &RecordRow> = BTreeMap::new();
    for row in wheel.good_record().map(|record| record.rows.as_slice()).unwrap_or_default() {
        rows.entry(row.path.as_str()).or_insert(row);
    }
    let directory = wheel.dist_info.clone().unwrap_or_default();
    wheel.files().filter_map(move |(member, scanned)| {
        let row = rows.get(member.name.as_str())?;
        (!is_exempt(&member.name, &directory)).then_some((member, scanned, *row))
    })
}

fn hash(wheel: &WheelSubject, found: &mut Findings) {
    for (member, scanned, row) in rows(wheel) {
        let digest = match row.parsed_digest() {
            Ok(Some(digest)) => digest,
            Ok(None) => {
                found.member(&member.name, "the row has no digest");
                continue;
            }
            Err(error) => {
                found.member(&member.name, error.to_string());
                continue;
            }
        };
        if !matches!(digest.algorithm.as_str(), "sha256" | "sha384" | "sha512") {
            found.member(&member.name, format!("`{}` is no digest to rely on", digest.algorithm));
            continue;
        }
        // What cannot be unpacked is another rule's.
        let Some(sha256) = &scanned.sha256 else { continue };
        let actual = match &scanned.other {
            Some(other) => other.value.as_slice(),
            None => sha256.0.as_slice(),
        };
        if digest.value != actual {
            found.member(&member.name, format!("the file has another {} digest than its row", digest.algorithm));
        }
    }
}

fn size(wheel: &WheelSubject, found: &mut Findings) {
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
