//! Rules about the dist-info and data directories: their names, entry points, SBOMs (PEP 770), attestations (PEP 740).

use std::collections::{BTreeSet, HashSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::check::finding::Findings;
use crate::check::rule::{Check, Documentation, Family, Rule, Severity};
use crate::check::subject::wheel::WheelSubject;

const fn rule(
    name: &'static str,
    severity: Severity,
    documentation: Documentation,
    check: fn(&WheelSubject, &mut Findings),
) -> Rule {
    Rule { name, family: Family::Metadata, severity, documentation, check: Check::Wheel(check) }
}

pub(crate) static RULES: &[Rule] = &[
    rule(
        "distinfo-one",
        Severity::Error,
        Documentation {
            what: "There is exactly one `.dist-info` directory.",
            why: "Installers refuse a wheel with none or several.",
            fix: "Build the wheel again from a clean directory",
        },
        |wheel, found| {
            if wheel.is_readable() && wheel.dist_infos.len() != 1 {
                let names = wheel.dist_infos.join("`, `");
                found.whole(match wheel.dist_infos.len() {
                    0 => "there is no `.dist-info` directory".to_owned(),
                    count => format!("there are {count} `.dist-info` directories: `{names}`"),
                });
            }
        },
    ),
    rule(
        "distinfo-name",
        Severity::Error,
        Documentation {
            what: "The directory is called `NAME-VERSION.dist-info`, spelled as in the file name.",
            why: "Indexes look for exactly that name; installers refuse another distribution's.",
            fix: "Rename the directory, or name the file as its builder did",
        },
        |wheel, found| {
            if let (Ok(name), [directory]) = (&wheel.name, wheel.dist_infos.as_slice()) {
                let expected = format!("{}.dist-info", name.stem());
                if *directory != expected {
                    found.member(directory, format!("the file name asks for `{expected}`"));
                }
            }
        },
    ),
    rule(
        "datadir-name",
        Severity::Error,
        Documentation {
            what: "A `.data` directory is called `NAME-VERSION.data`, spelled as in the file name.",
            why: "Installers pass over any other name and install its files as packages.",
            fix: "Rename the directory",
        },
        |wheel, found| {
            let Ok(name) = &wheel.name else { return };
            let expected = format!("{}.data", name.stem());
            for directory in
                tops(wheel).filter(|top| top.ends_with(".data") && *top != expected).collect::<BTreeSet<_>>()
            {
                found.member(directory, format!("the file name asks for `{expected}`"));
            }
        },
    ),
    rule(
        "datadir-key",
        Severity::Error,
        Documentation {
            what: "The directories in `.data` are `purelib`, `platlib`, `headers`, `scripts` and `data`.",
            why: "Installers stop at any other, or leave its files out.",
            fix: "Move the files to one of the five directories",
        },
        |wheel, found| {
            for (member, key, rest) in data_files(wheel) {
                if rest.is_none() {
                    found.member(member, "the file lies in none of the five directories of `.data`");
                } else if !["purelib", "platlib", "headers", "scripts", "data"].contains(&key) {
                    found.member(member, format!("`{key}` is none of the five directories of `.data`"));
                }
            }
        },
    ),
    rule(
        "script-shebang",
        Severity::Error,
        Documentation {
            what: "A Python script in `.data/scripts` begins with `#!python` or `#!pythonw`.",
            why: "Installers replace that line by the interpreter they install for, and leave every other line as it is.",
            fix: "Begin the script with `#!python`",
        },
        |wheel, found| {
            for (member, scanned) in wheel.files().filter(|(member, _)| member.name.contains(".data/scripts/")) {
                let Some(rest) = scanned.head.strip_prefix(b"#!") else { continue };
                let line = rest.split(|byte| *byte == b'\n' || *byte == b'\r').next().unwrap_or_default();
                let line = String::from_utf8_lossy(line);
                let rewritten =
                    line.split_whitespace().next().is_some_and(|word| word == "python" || word == "pythonw");
                if line.contains("python") && !(rewritten && line.starts_with("python")) {
                    found.member(&member.name, format!("the script begins with `#!{line}`"));
                }
            }
        },
    ),
    rule(
        "installer-owned",
        Severity::Error,
        Documentation {
            what: "The dist-info directory has no file that installers write: `INSTALLER`, `REQUESTED`, `direct_url.json`.",
            why: "They say how a copy was installed; in a wheel they are somebody else's.",
            fix: "Build from a source tree, not from an installed copy",
        },
        |wheel, found| {
            for name in ["INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "uv_build.json"] {
                if let Some(member) = wheel.dist_info_member(name).filter(|member| wheel.archive.find(member).is_some())
                {
                    found.member(&member, "the file is written by installers");
                }
            }
        },
    ),
    rule(
        "entry-points",
        Severity::Error,
        Documentation {
            what: "The entry_points.txt can be parsed, and every module it names is in the wheel.",
            why: "Installers stop at a broken file, and a command whose module is missing fails when it is first run.",
            fix: "Correct `[project.scripts]` in pyproject.toml",
        },
        entry_points,
    ),
    rule(
        "sbom",
        Severity::Warning,
        Documentation {
            what: "A wheel that bundles further binaries says what they are in `.dist-info/sboms/` (PEP 770).",
            why: "Scanners see only the distribution's own name, so a vulnerable bundled program stays unseen.",
            fix: "Add a CycloneDX or SPDX document of the bundled programs and libraries",
        },
        |wheel, found| {
            let sboms = wheel.dist_info.as_ref().map(|directory| format!("{directory}/sboms/")).unwrap_or_default();
            let bundled = wheel.inventory.binaries().len();
            if bundled > 1 && !wheel.files().any(|(member, _)| member.name.starts_with(&sboms)) {
                found.whole(format!("the wheel holds {bundled} binaries and no SBOM"));
            }
        },
    ),
    rule(
        "attestation",
        Severity::Warning,
        Documentation {
            what: "An attestation that lies beside the wheel (`.publish.attestation`) is about this very file.",
            why: "Indexes refuse an attestation with another name or digest, after the upload has begun.",
            fix: "Sign the file that is uploaded, after the last change to it",
        },
        attestation,
    ),
];

fn tops(wheel: &WheelSubject) -> impl Iterator<Item = &str> {
    wheel.archive.members().iter().filter_map(|member| member.name.split_once('/')).map(|(top, _)| top)
}

/// Every file of a `.data` directory: its name, the directory in `.data`, and the path below that.
fn data_files(wheel: &WheelSubject) -> impl Iterator<Item = (&str, &str, Option<&str>)> {
    wheel.files().filter_map(|(member, _)| {
        let (top, rest) = member.name.split_once('/')?;
        let (key, rest) = rest.split_once('/').map_or((rest, None), |(key, rest)| (key, Some(rest)));
        top.ends_with(".data").then_some((member.name.as_str(), key, rest))
    })
}

fn entry_points(wheel: &WheelSubject, found: &mut Findings) {
    let (Some(parsed), Some(member)) = (&wheel.entry_points, wheel.dist_info_member("entry_points.txt")) else {
        return;
    };
    let points = match parsed {
        Ok(points) => points,
        Err(error) => return found.member(&member, error.to_string()),
    };
    let data = wheel.name.as_ref().map(|name| format!("{}.data/", name.stem())).unwrap_or_default();
    // Modules and packages as paths, without the ends of their files' names.
    let mut importable: HashSet<&str> = HashSet::new();
    for (member, _) in wheel.files() {
        let rest = member.name.strip_prefix(&data).filter(|_| !data.is_empty());
        let rest = rest.and_then(|rest| rest.strip_prefix("purelib/").or_else(|| rest.strip_prefix("platlib/")));
        let file = rest.unwrap_or(&member.name);
        importable.extend(file.strip_suffix(".py"));
        if file.ends_with(".so") || file.ends_with(".pyd") {
            importable.extend(file.split('.').next());
        }
        for (at, _) in file.rmatch_indices('/') {
            // Whoever was first with a directory has brought those above it.
            if !importable.insert(&file[..at]) {
                break;
            }
        }
    }
    for point in &points.entries {
        let path = point.module.replace('.', "/");
        if !importable.contains(path.as_str()) {
            found.member(
                &member,
                format!("`{}` needs the module `{}`, which is not in the wheel", point.name, point.module),
            );
        }
    }
}

fn attestation(wheel: &WheelSubject, found: &mut Findings) {
    let beside = wheel.path.with_file_name(format!("{}.publish.attestation", wheel.file_name));
    let Ok(metadata) = std::fs::metadata(&beside) else { return };
    if metadata.len() > 1 << 20 {
        return found.whole("the attestation beside the wheel is larger than 1 MiB");
    }
    let Ok(text) = std::fs::read(&beside) else { return };
    let subject = || -> Option<(String, String)> {
        let attestation: serde_json::Value = serde_json::from_slice(&text).ok()?;
        let statement = STANDARD.decode(attestation.pointer("/envelope/statement")?.as_str()?).ok()?;
        let statement: serde_json::Value = serde_json::from_slice(&statement).ok()?;
        let subjects = statement.get("subject")?.as_array()?;
        let [subject] = subjects.as_slice() else { return None };
        Some((subject.get("name")?.as_str()?.to_owned(), subject.pointer("/digest/sha256")?.as_str()?.to_owned()))
    };
    match subject() {
        None => found.whole("the attestation beside the wheel cannot be read, or has not exactly one subject"),
        Some((name, digest)) => {
            if digest != wheel.sha256.to_string() {
                found.whole("the attestation beside the wheel is about a file with another digest");
            } else if name != wheel.file_name {
                found.whole(format!("the attestation beside the wheel is about `{name}`"));
            }
        }
    }
}
