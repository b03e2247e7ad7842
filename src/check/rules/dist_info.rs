//! Rules about the dist-info and data directories: their names, entry points, attestations (PEP 740).

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;

use serde_json::Value;

use super::contents::{installed, is_script};
use crate::binary::Magic;
use crate::check::finding::Owner;
use crate::check::rule::{Findings, Rule, Severity, rule};
use crate::check::subject::release::Set;
use crate::check::subject::summary::Summary;
use crate::check::subject::wheel::WheelSubject;
use crate::console::text::named;
use crate::fs::read;
use crate::product::is_of_python;
use crate::scheme::{self, Scheme};
use crate::wheel::attestation::{self, Statement};
use crate::wheel::info;

rule!(DISTINFO_ONE = "distinfo-one", Error, Wheel(distinfo_one);
    what: "There is exactly one `.dist-info` directory, and no file of such a name beside it.",
    why: "Installers refuse a wheel with none or several.",
    fix: "Build the wheel again from a clean directory";
    because: [Installer("none or several are refused")]);

fn distinfo_one(wheel: &WheelSubject, found: &mut Findings) {
    // An archive without any entry is whole, and no wheel.
    let is_whole = wheel.is_readable() || wheel.archive.defects().is_empty();
    // Installers go by the name, and do not ask whether it is a file's.
    let files = wheel.files().map(|(member, _)| member.name.as_str());
    let files = files.filter(|name| !name.contains('/') && info::stem(name).is_some());
    found.each(files, "a file is called like the directory, and installers take it for a second one");
    if is_whole && wheel.dist_infos.len() != 1 {
        found.whole(match wheel.dist_infos.len() {
            0 => "there is no `.dist-info` directory".to_owned(),
            count => format!("there are {count} `.dist-info` directories: {}", named(&wheel.dist_infos)),
        });
    }
}

rule!(DISTINFO_NAME = "distinfo-name", Error, Wheel(distinfo_name);
    what: "The directory is called `NAME-VERSION.dist-info`, spelled as in the file name.",
    why: "Indexes look for exactly that name; installers refuse another distribution's.",
    fix: "Rename the directory, or name the file as its builder did";
    because: [Index("exactly that name is looked for")]);

fn distinfo_name(wheel: &WheelSubject, found: &mut Findings) {
    if let [directory] = wheel.dist_infos.as_slice() {
        asked_for(wheel, found, [directory.as_str()], ".dist-info");
    }
}

rule!(DATADIR_NAME = "datadir-name", Error, Wheel(datadir_name);
    what: "A `.data` directory is called `NAME-VERSION.data`, spelled as in the file name.",
    why: "Installers pass over any other name and install its files as packages.",
    fix: "Rename the directory";
    because: [Installer("it is not taken for the data directory, and its files land among the packages")]);

fn datadir_name(wheel: &WheelSubject, found: &mut Findings) {
    // A directory without a file is installed nowhere.
    let tops = wheel.files().filter_map(|(member, _)| Some(member.name.split_once('/')?.0));
    asked_for(wheel, found, tops.filter(|top| top.ends_with(".data")).collect::<BTreeSet<_>>(), ".data");
}

rule!(DATADIR_KEY = "datadir-key", Error, Wheel(datadir_key);
    what: "The directories in `.data` are `purelib`, `platlib`, `headers`, `scripts` and `data`, and no file at the top ends in `.data`.",
    why: "Installers stop at any other, uv at an empty one too, or leave its files out.",
    fix: "Move the files to one of the five directories";
    because: [Installer("an unknown key stops the installation")]);

fn datadir_key(wheel: &WheelSubject, found: &mut Findings) {
    for member in wheel.archive.members() {
        let Some((top, rest)) = member.name.split_once('/') else {
            if member.name.ends_with(".data") {
                found.member(&member.name, "the file is called like the `.data` directory, and `pip` stops at it");
            }
            continue;
        };
        match rest.split_once('/') {
            _ if !top.ends_with(".data") || rest.is_empty() => {}
            None => found.member(&member.name, "the file lies in none of the five directories of `.data`"),
            Some(("purelib" | "platlib" | "headers" | "scripts" | "data", _)) => {}
            Some((key, _)) => found.member(&member.name, format!("`{key}` is none of the five directories of `.data`")),
        }
    }
}

rule!(SCRIPT_PLACE = "script-place", Error, Wheel(script_place);
    what: "Files lie in `.data/scripts` itself, not in directories below it.",
    why: "A shell looks for programs in one directory, not below it; uv refuses the wheel.",
    fix: "Move the file into `.data/scripts`, or into the package";
    because: [Installer("uv refuses a directory in `scripts`; `pip` makes one that no shell looks into")]);

fn script_place(wheel: &WheelSubject, found: &mut Findings) {
    for member in wheel.archive.members() {
        if matches!(scheme::of_any(&member.name), (Scheme::Scripts, script) if script.contains('/')) {
            found.member(&member.name, "the file lies in a directory of `.data/scripts`");
        }
    }
}

rule!(SCRIPT_SHEBANG = "script-shebang", Error, Wheel(script_shebang);
    what: "A Python script in `.data/scripts` begins with `#!python` or `#!pythonw`; before no `#!` stands a byte order mark, and no other first line ends in a carriage return.",
    why: "Installers replace that line by the interpreter they install for, and leave every other line as it is.",
    fix: "Begin the script with `#!python`, and save it without a byte order mark and with line feeds alone";
    because: [Promise("the script runs under another Python than the one that it was installed for")]);

fn script_shebang(wheel: &WheelSubject, found: &mut Findings) {
    for (member, scanned) in wheel.files().filter(|(member, _)| is_script(wheel, &member.name)) {
        if scanned.head.starts_with(b"\xef\xbb\xbf#!") {
            found.member(
                &member.name,
                "the script begins with a byte order mark, behind which no system looks for `#!`",
            );
        }
        let Some(rest) = Magic::interpreter(&scanned.head) else { continue };
        let line = rest.split(|byte| *byte == b'\n' || *byte == b'\r').next().unwrap_or_default();
        let line = String::from_utf8_lossy(line);
        let is_rewritten =
            line.split(char::is_whitespace).next().is_some_and(|word| matches!(word, "python" | "pythonw"));
        if line.contains("python") && !is_rewritten {
            found.member(&member.name, format!("the script begins with `#!{line}`"));
        } else if !is_rewritten && ends_in_carriage_return(rest) {
            found.member(&member.name, format!("the first line, `#!{line}`, ends in a carriage return, which is read as a part of the program's name"));
        }
    }
}

fn ends_in_carriage_return(text: &[u8]) -> bool {
    text.split(|byte| *byte == b'\n').next().is_some_and(|line| line.len() < text.len() && line.ends_with(b"\r"))
}

rule!(INSTALLER_OWNED = "installer-owned", Error, Wheel(installer_owned);
    what: "The dist-info directory has no file that installers write: `INSTALLER`, `REQUESTED`, `direct_url.json`.",
    why: "They say how a copy was installed; in a wheel they are somebody else's.",
    fix: "Build from a source tree, not from an installed copy";
    because: [Promise("the file says how a copy was installed that this is not")]);

fn installer_owned(wheel: &WheelSubject, found: &mut Findings) {
    for name in ["INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "uv_build.json"] {
        let member = wheel.dist_info_member(name).filter(|member| wheel.archive.find(member).is_some());
        member.into_iter().for_each(|member| found.member(&member, "the file is written by installers"));
    }
}

rule!(ENTRY_POINTS = "entry-points", Error, Wheel(entry_points);
    what: "The entry_points.txt can be parsed, and every module it names is in the wheel; one that a requirement may bring is a warning, and so is what is no reference to an object in a group that no installer reads. Commands are named by letters, digits, `-`, `_` and `.`, and what `pip` refuses behind one is an error: blanks about the colon, extras that are none.",
    why: "Installers stop at a broken file, and a command whose module is missing fails when it is first run.",
    fix: "Correct `[project.scripts]` in pyproject.toml";
    because: [Installer("a file that cannot be parsed is refused"), Index("names of commands hold no other characters"), Promise("the command or plugin fails with an import error"), Habit("a requirement may bring the module, and whoever reads a group may take more than references")]);

fn entry_points(wheel: &WheelSubject, found: &mut Findings) {
    let Some(member) = wheel.dist_info_member("entry_points.txt") else { return };
    if let Some(why) = wheel.unread(&member) {
        return found.member(&member, why);
    }
    let Some(parsed) = &wheel.entry_points else { return };
    let points = match parsed {
        Ok(points) => points,
        Err(error) => return found.member(&member, error.to_string()),
    };
    for odd in &points.odd {
        let message = format!("line {} is no entry point: `{}`; no installer reads its group", odd.line, odd.text);
        found.with(Severity::Warning, Some(&member), message);
    }
    // Modules and packages as paths, without the ends of their files' names.
    let mut importable: HashSet<&str> = HashSet::new();
    for (member, _) in wheel.files() {
        let file = installed(wheel, &member.name);
        importable.extend(file.strip_suffix(".py").or_else(|| file.strip_suffix(".pyc")));
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
    let has_requirements = wheel.good_metadata().is_some_and(|metadata| metadata.requires_dist().next().is_some());
    // A `.pth` file puts further directories on Python's path.
    let has_paths = wheel.files().any(|(member, _)| member.name.ends_with(".pth"));
    for point in &points.entries {
        let (name, module) = (&point.name, &point.module);
        let path = module.replace('.', "/");
        // Some readers of plugins, such as fsspec, take the last word of a path without a colon for an object.
        let owner = path.rsplit_once('/').filter(|_| point.object.is_empty()).map(|(owner, _)| owner);
        if importable.contains(path.as_str()) || owner.is_some_and(|owner| importable.contains(owner)) {
            continue;
        }
        let top = module.split('.').next().unwrap_or(module);
        if is_of_python(top) {
            continue;
        }
        // A package with an `__init__.py` here is whole here; a namespace is shared, and any other may be a requirement's.
        let is_own = importable.contains(format!("{top}/__init__").as_str());
        if has_paths || has_requirements && !is_own {
            let message = format!("`{name}` needs the module `{module}`, which a requirement must bring");
            found.with(Severity::Warning, Some(&member), message);
        } else {
            found.member(&member, format!("`{name}` needs the module `{module}`, which is not in the wheel"));
        }
    }
}

const MAX_ATTESTATION: u64 = 1 << 20;

rule!(ATTESTATION = "attestation", Warning, Set(attested_beside);
    what: "Every attestation that lies beside the wheel (`.publish.attestation`, or of another kind) is about this very file.",
    why: "Indexes refuse an attestation with another name or digest, after the upload has begun.",
    fix: "Sign the file that is uploaded, after the last change to it";
    because: [Habit("only an upload that sends it along is refused")]);

fn attested_beside(set: &Set<'_>, found: &mut Findings) {
    // Each directory is listed once; in one that cannot be listed none is seen.
    let mut listed: BTreeMap<&Path, BTreeMap<String, Vec<String>>> = BTreeMap::new();
    for (index, wheel) in set.members.iter().enumerate().filter(|(_, member)| member.is_wheel()) {
        let parent = wheel.path.parent().filter(|directory| *directory != Path::new(""));
        let directory = parent.unwrap_or(Path::new("."));
        let names = listed.entry(directory).or_insert_with(|| attestation::listed(directory).unwrap_or_default());
        for name in names.get(&wheel.label()).into_iter().flatten() {
            if let Err(wrong) = agrees(&directory.join(name), wheel) {
                let message = format!("the attestation `{name}` beside the wheel {wrong}");
                found.put(Owner::File(index), found.finding(message));
            }
        }
    }
}

/// Whether an attestation that lies beside a wheel is about it; the error is the end of a sentence about the attestation.
fn agrees(path: &Path, wheel: &Summary) -> Result<(), String> {
    if std::fs::metadata(path).is_ok_and(|metadata| metadata.len() > MAX_ATTESTATION) {
        return Err("is larger than 1 MiB".to_owned());
    }
    let bytes = read(path).map_err(|_| "cannot be read".to_owned())?;
    let attestation: Value = serde_json::from_slice(&bytes).map_err(|error| format!("is not JSON: {error}"))?;
    let statement = Statement::of(&attestation)?;
    match statement.subject()? {
        (_, digest) if digest.parse().ok() != wheel.sha256() => Err("is about a file with another digest".to_owned()),
        (name, _) if name != wheel.label() => Err(format!("is about `{name}`")),
        _ => Ok(()),
    }
}

#[rustfmt::skip]
pub(crate) static RULES: &[&Rule] = &[
    &DISTINFO_ONE, &DISTINFO_NAME, &DATADIR_NAME, &DATADIR_KEY, &SCRIPT_PLACE, &SCRIPT_SHEBANG, &INSTALLER_OWNED, &ENTRY_POINTS,
    &ATTESTATION,
];

/// Says that a file of the dist-info directory is not there, or too large to be read.
pub(super) fn present(wheel: &WheelSubject, file: &str, found: &mut Findings) {
    let Some(member) = wheel.dist_info_member(file) else { return };
    if wheel.archive.find(&member).is_none() {
        found.whole(format!("there is no `{member}`"));
    }
    wheel.unread(&member).into_iter().for_each(|why| found.member(&member, why));
}

/// Says of directories that end like this which one the file name asks for.
fn asked_for<'a>(wheel: &WheelSubject, found: &mut Findings, tops: impl IntoIterator<Item = &'a str>, end: &str) {
    let Ok(name) = &wheel.name else { return };
    let expected = format!("{}{end}", name.stem());
    let others = tops.into_iter().filter(|top| *top != expected);
    found.each(others, &format!("the file name asks for `{expected}`"));
}
