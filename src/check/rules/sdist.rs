//! Rules about source distributions (PEP 625, PyPA "Source distribution format", PEP 721): the tar archive and its layout.

use std::collections::BTreeSet;

use pep440_rs::Version;

use super::contents::{BYTECODE, LEFTOVERS, UNWANTED, is_among, is_bytecode, several};
use crate::check::rule::{Findings, Rule, Severity, rule};
use crate::check::subject::sdist::SdistSubject;
use crate::member_path::{escapes, not_plain, parent, resolve};
use crate::wheel::sdist::SdistEntry;

rule!(SDIST_READABLE = "sdist-readable", Error, Sdist(|sdist, found| sdist.defects.iter().for_each(|defect| found.whole(defect)));
    what: "The file is one gzip stream of one tar archive, with nothing after either.",
    why: "Installers cannot unpack it, or unpack less than is in it.",
    fix: "Build or download the file again";
    because: [Installer("front ends cannot unpack it")]);

rule!(SDIST_RATIO = "sdist-ratio", Error, Sdist(sdist_ratio);
    what: "The archive unpacks to at most 50 times its size (above 64 MiB) and 2 GiB.",
    why: "It is taken for a decompression bomb.",
    fix: "Remove padding and generated files from the archive";
    because: [Installer("it cannot be unpacked within bounds, and nothing of it can be judged")]);

fn sdist_ratio(sdist: &SdistSubject, found: &mut Findings) {
    if sdist.bomb {
        found.whole("the archive unpacks to more than is plausible, and was not read to its end");
    }
}

rule!(SDIST_TOP = "sdist-top", Error, Sdist(sdist_top);
    what: "Every entry lies in one directory called `NAME-VERSION`, as the file is.",
    why: "PEP 625 asks for it, and front ends build in that directory.",
    fix: "Build the source distribution with a standard builder";
    because: [Index("there must be one top directory"), Habit("front ends build in the one directory that there is, whatever its name")]);

fn sdist_top(sdist: &SdistSubject, found: &mut Findings) {
    let safe = sdist.entries.iter().map(|entry| entry.path.as_str()).filter(|path| escapes(path).is_none());
    let tops: BTreeSet<&str> = safe.map(|path| path.split('/').next().unwrap_or(path)).collect();
    if let Some(message) = several(&tops, "entries") {
        found.whole(message);
    } else if let (Some(top), Ok(name)) = (tops.first(), &sdist.name)
        && *top != name.stem()
    {
        let message = format!("the file name asks for the directory `{}`", name.stem());
        found.with(Severity::Warning, Some(top), message);
    }
}

rule!(SDIST_PATH = "sdist-path", Error, Sdist(sdist_path);
    what: "Paths are relative and made of plain parts of UTF-8, without control characters and those that cannot be seen, and no two are the same.",
    why: "Such a path leaves the directory it is unpacked to, or is not what it looks like; of two files with one path readers take different ones.",
    fix: "Build the source distribution with a standard builder";
    because: [Installer("the filter for tar archives refuses such a path (PEP 721), or takes one of two files")]);

fn sdist_path(sdist: &SdistSubject, found: &mut Findings) {
    let mut seen = BTreeSet::new();
    for entry in &sdist.entries {
        if let Some(why) = not_plain(&entry.path) {
            found.member(&entry.path, why.to_string());
        } else if !entry.utf8 {
            found.member(&entry.path, "the path is not UTF-8");
        } else if !seen.insert(entry.path.trim_end_matches('/')) && !entry.kind.is_dir() {
            found.member(&entry.path, "another entry has the same path");
        }
    }
}

rule!(SDIST_ENTRY = "sdist-entry", Error, Sdist(sdist_entry);
    what: "Entries are regular files and directories: no links out of the archive, no devices, no FIFOs; other links, and modes that are setuid or world-writable, are a warning.",
    why: "Installers refuse links that lead out of the archive and what is no file (PEP 721); not every system has links.",
    fix: "Put the file itself into the archive in place of the link";
    because: [Installer("the filter for tar archives refuses the entry (PEP 721)"), Habit("the filter takes links that stay inside and drops such bits of a mode")]);

fn sdist_entry(sdist: &SdistSubject, found: &mut Findings) {
    for entry in &sdist.entries {
        let kind = entry.kind;
        if kind.is_symlink() || kind.is_hard_link() {
            let target = entry.link.as_deref().unwrap_or_default();
            let severity = if stays(entry, target) { Severity::Warning } else { Severity::Error };
            found.with(severity, Some(&entry.path), format!("the entry is a link to `{target}`"));
        } else if !(kind.is_file() || kind.is_dir() || kind.is_contiguous()) {
            found.member(&entry.path, "the entry is neither a file nor a directory");
        } else if entry.mode & 0o6002 != 0 {
            let mode = entry.mode;
            let message = format!("the mode {mode:#o} is setuid, setgid or lets everybody write");
            found.with(Severity::Warning, Some(&entry.path), message);
        }
    }
}

/// Whether a link to `target` leads to a place inside the top directory of its own path.
fn stays(link: &SdistEntry, target: &str) -> bool {
    // A hard link names an entry from the top of the archive, a symbolic one a file from its own directory.
    let resolved = resolve(if link.kind.is_symlink() { parent(&link.path) } else { "" }, target.as_bytes());
    let top = link.path.split('/').next();
    resolved.is_some_and(|resolved| resolved.split('/').next() == top)
}

rule!(SDIST_PYPROJECT = "sdist-pyproject", Warning, Sdist(sdist_pyproject);
    what: "There is a `pyproject.toml` in the top directory; that there is no `setup.py` in its place, that it is no TOML, or that it states another version or name than PKG-INFO, is an error.",
    why: "The specification asks for it; without it front ends fall back to running setup.py or refuse the file, and with a wrong one they stop or build something else.",
    fix: "Build the source distribution from a project with a pyproject.toml, and change nothing afterwards";
    because: [Habit("front ends fall back to setup.py"), Installer("front ends stop at it, or build something else")]);

fn sdist_pyproject(sdist: &SdistSubject, found: &mut Findings) {
    let Some(bytes) = &sdist.pyproject else {
        let legacy = sdist.files().any(|(path, _)| path == "setup.py");
        match sdist.is_readable() {
            true if legacy => found.whole("there is no `pyproject.toml`, only a `setup.py`"),
            // pip takes it for no Python project at all.
            true => found.with(Severity::Error, None, "there is neither a `pyproject.toml` nor a `setup.py`"),
            false => {}
        }
        return;
    };
    let mut wrong = |why: String| found.with(Severity::Error, Some("pyproject.toml"), why);
    let Ok(text) = std::str::from_utf8(bytes) else { return wrong("the file is not UTF-8".into()) };
    let table: toml::Table = match text.parse() {
        Ok(table) => table,
        Err(error) => return wrong(format!("the file is not TOML: {}", error.message())),
    };
    let Some(Ok(metadata)) = &sdist.metadata else { return };
    let stated = |key: &str| table.get("project")?.get(key)?.as_str();
    if let (Some(stated), Ok(version)) = (stated("version"), metadata.version())
        && stated.parse::<Version>().ok().as_ref() != Some(&version)
    {
        wrong(format!("it states version `{stated}`, PKG-INFO `{version}`"));
    }
    if let (Some(stated), Ok(name)) = (stated("name"), metadata.name())
        && !stated.parse().is_ok_and(|other| name.is_same(&other))
    {
        wrong(format!("it states the name `{stated}`, PKG-INFO `{name}`"));
    }
}

rule!(SDIST_LEFTOVER = "sdist-leftover", Warning, Sdist(sdist_leftover);
    what: "There is no compiled bytecode and no leftover of a tool; what is never wanted is an error: `.env`, `.git`, `.DS_Store`, `.pypirc`.",
    why: "They tell everybody about the machine that built the file, and a secret that is published is public for good.",
    fix: "Exclude the file from the build; revoke a secret that has been published";
    because: [Habit("what a tool left behind does no harm"), Promise("a secret in it is one no more")]);

fn sdist_leftover(sdist: &SdistSubject, found: &mut Findings) {
    let is_unwanted = |part: &&str| is_among(UNWANTED, part) || *part == ".pypirc";
    let is_left = |part: &&str| is_among(LEFTOVERS, part) || *part == "__pycache__";
    for entry in sdist.entries.iter().filter(|entry| !entry.kind.is_dir()) {
        let lower = entry.path.to_lowercase();
        if let Some(part) = lower.split('/').find(is_unwanted) {
            let message = format!("`{part}` does not belong into a source distribution");
            found.with(Severity::Error, Some(&entry.path), message);
        } else if let Some(part) = lower.split('/').find(is_left) {
            found.member(&entry.path, format!("`{part}` does not belong into a source distribution"));
        } else if is_bytecode(&entry.path) {
            found.member(&entry.path, BYTECODE);
        }
    }
}

pub(crate) static RULES: &[&Rule] =
    &[&SDIST_READABLE, &SDIST_RATIO, &SDIST_TOP, &SDIST_PATH, &SDIST_ENTRY, &SDIST_PYPROJECT, &SDIST_LEFTOVER];
