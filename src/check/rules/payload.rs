//! Rules about the payload of a runtime's wheel: its package description, its executable, whole files, its size.

use std::collections::{BTreeMap, BTreeSet};

use super::contents::{entries, has_extension, is_script, packages};
use crate::binary::{Kind, Magic};
use crate::check::rule::{Findings, Rule, Severity, rule};
use crate::check::subject::scan::Scanned;
use crate::check::subject::wheel::WheelSubject;
use crate::member_path::file_name;
use crate::payload::{Package, Standing, WheelProgram};
use crate::target::{PlatformTag, TargetTriple};
use crate::version::PublicVersion;
use crate::zip::archive::Member;

/// How every Git LFS pointer begins.
const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";

rule!(PAYLOAD_JSON = "payload-json", Error, Wheel(payload_json);
    what: "`codex-package.json` has the known layout and no path that leaves the package, and states the version of the wheel, a target that its tags are for, and an entry point that is there.",
    why: "The program looks itself up by this file; a wrong one belongs to another build.",
    fix: "Stage the payload of this release and target again";
    because: [Promise("the package description is of another build")]);

fn payload_json(wheel: &WheelSubject, found: &mut Findings) {
    for (member, scanned, directory) in packages(wheel) {
        let name = member.name.as_str();
        let Some(text) = &scanned.text else {
            if scanned.sha256.is_some() {
                found.member(name, "the file is too large to be a package description");
            }
            continue;
        };
        let package = match Package::parse(text) {
            Ok(package) => package,
            Err(why) => {
                found.member(name, format!("it {why}"));
                continue;
            }
        };
        match (&package.version, wheel.name.as_ref().ok().and_then(|name| name.pep440())) {
            (None, _) => found.member(name, "it states no version"),
            (Some(version), Some(expected)) if !same_version(version, &expected) => {
                found.member(name, format!("it states version `{version}`, the wheel is `{expected}`"));
            }
            _ => {}
        }
        match package.target.as_deref().map(|target| (target, target.parse::<TargetTriple>())) {
            None => found.member(name, "it states no target"),
            Some((target, Err(_))) => found.member(name, format!("`{target}` is not a target triple")),
            Some((target, Ok(triple))) => {
                let known = |tag: &PlatformTag| !matches!(tag, PlatformTag::Any | PlatformTag::Other(_));
                if let Some(tag) = wheel.platforms().iter().find(|tag| known(tag) && !triple.matches(tag)) {
                    found.member(name, format!("it is for `{target}`, and the wheel is tagged `{tag}`"));
                }
            }
        }
        match &package.entrypoint {
            None => found.member(name, "it states no entry point"),
            Some(entry) if wheel.file(&format!("{directory}{entry}")).is_none() => {
                found.member(name, format!("its entry point `{entry}` is not in the wheel"));
            }
            Some(entry) if is_runtime(wheel) && !starts(wheel, entry) => {
                let executable = wheel.runtime.executable();
                found.member(name, format!("its entry point is `{entry}`, and `bin/{executable}` is what is started"));
            }
            Some(_) => {}
        }
    }
}

/// Whether an entry point is the file that the runtime's callers start.
fn starts(wheel: &WheelSubject, entry: &str) -> bool {
    let rest = entry.strip_prefix("bin/").and_then(|rest| rest.strip_prefix(wheel.runtime.executable()));
    rest.is_some_and(|end| matches!(end, "" | ".exe"))
}

/// Whether a version in either spelling is that of the wheel (or one that the wheel is a post-release of).
fn same_version(stated: &str, wheel: &pep440_rs::Version) -> bool {
    let spelled = stated.parse::<PublicVersion>().map_or_else(|_| stated.parse().ok(), |version| Some(version.into()));
    spelled.is_some_and(|version: pep440_rs::Version| version == *wheel)
}

rule!(PAYLOAD_EXECUTABLE = "payload-executable", Error, Wheel(payload_executable);
    what: "A wheel of the runtime holds its executable: a program (no script, no library) of the format that the tag's system runs, called `.exe` on Windows and nowhere else.",
    why: "The wheel installs, and there is no program that could be started.",
    fix: "Stage the runtime with its payload, the compiled program itself, and build it again";
    because: [Promise("the product has no program")]);

/// The runtime's executable: under the name that the tagged systems start it by, and a program of theirs.
fn payload_executable(wheel: &WheelSubject, found: &mut Findings) {
    if !is_runtime(wheel) || !wheel.is_readable() {
        return;
    }
    let file = wheel.runtime.executable();
    let windows_file = format!("{file}.exe");
    let is_called = |member: &Member, name: &str| file_name(&member.name) == name;
    let program = WheelProgram::of(&wheel.runtime, file);
    let mut called: BTreeMap<Standing, Vec<(&Member, &Scanned)>> = BTreeMap::new();
    for (member, scanned) in wheel.files() {
        match program.standing(wheel.scheme(&member.name)) {
            None | Some(Standing::Data) => {}
            Some(standing) => called.entry(standing).or_default().push((member, scanned)),
        }
    }
    // What stands nearest to where the product has it is started, whatever else has its name.
    let candidates = called.into_values().next().unwrap_or_default();
    let Some((first, _)) = candidates.first() else { return found.whole(format!("there is no `{file}` in the wheel")) };
    let name = |tag: &PlatformTag| match tag {
        PlatformTag::Windows(_) => Some(windows_file.as_str()),
        PlatformTag::Any | PlatformTag::Other(_) => None,
        _ => Some(file),
    };
    let names: BTreeSet<&str> = wheel.platforms().iter().filter_map(name).collect();
    for name in names.iter().filter(|name| !candidates.iter().any(|(member, _)| is_called(member, name))) {
        let message = format!("the executable is not called `{name}`, by which the tag's systems start it");
        found.member(&first.name, message);
    }
    let is_started = |member: &Member| names.is_empty() || names.contains(file_name(&member.name));
    for (member, scanned) in candidates.iter().filter(|(member, _)| is_started(member)) {
        no_program(wheel, member, scanned).into_iter().for_each(|why| found.member(&member.name, why));
    }
}

/// Why a file is no program; none where it is one, and where other rules say what is wrong with it.
fn no_program(wheel: &WheelSubject, member: &Member, scanned: &Scanned) -> Option<String> {
    if let Some(facts) = wheel.binaries().get(member.name.as_str()) {
        let library = facts.slices.iter().any(|slice| slice.kind != Kind::Executable);
        return library.then(|| format!("the runtime's executable is a library ({}), not a program", facts.format));
    }
    let damaged = wheel.inventory.damaged().iter().any(|(name, _)| *name == member.name);
    if scanned.sha256.is_none() || damaged || member.size == 0 || scanned.head.starts_with(POINTER) {
        return None;
    }
    let what = match Magic::of(&scanned.head) {
        Magic::Script => "a script",
        Magic::Pe => "a library of .NET",
        _ => "neither ELF, Mach-O nor PE",
    };
    Some(format!("the runtime's executable is {what}, not a compiled program"))
}

rule!(LFS_POINTER = "lfs-pointer", Error, Wheel(lfs_pointer);
    what: "No file is the pointer of a Git LFS object.",
    why: "The file itself was never fetched; the wheel holds three lines of text in its place.",
    fix: "Run `git lfs pull` before the build";
    because: [Promise("the file itself is not there")]);

fn lfs_pointer(wheel: &WheelSubject, found: &mut Findings) {
    let pointers = wheel.files().filter(|(_, scanned)| is_lfs_pointer(&scanned.head));
    found.each(pointers.map(|(member, _)| member.name.as_str()), "the file is a Git LFS pointer");
}

/// Whether a file that begins so is the pointer of a Git LFS object.
pub(super) fn is_lfs_pointer(head: &[u8]) -> bool {
    head.starts_with(POINTER)
}

rule!(PAYLOAD_EMPTY = "payload-empty", Error, Wheel(payload_empty);
    what: "No program or library is empty; another file with execute bits and no extension is a warning.",
    why: "A copy failed, and the program cannot be started.",
    fix: "Stage the payload again and look for errors of the copy";
    because: [Loader("an empty file is no program and no library"), Habit("a file without a known name may be empty by intent")]);

fn payload_empty(wheel: &WheelSubject, found: &mut Findings) {
    let entries = entries(wheel);
    let is_library = |member: &Member| has_extension(&member.name, &["so", "dylib", "dll", "exe", "pyd"]);
    for (member, scanned) in wheel.files().filter(|(member, _)| member.size == 0) {
        let is_script = is_script(wheel, &member.name);
        let is_code = is_library(member) || is_script || entries.contains(&member.name);
        let may_be = member.is_executable() && !file_name(&member.name).contains('.');
        if scanned.error.is_none() && (is_code || may_be) {
            let severity = if is_code { Severity::Error } else { Severity::Warning };
            found.with(severity, Some(&member.name), "the file is empty");
        }
    }
}

rule!(SIZE_LIMIT = "size-limit", Warning, Wheel(size_limit);
    what: "The wheel has at most 100 MiB.",
    why: "The public index refuses larger files unless the project's limit has been raised.",
    fix: "Ask the index for a higher limit before the first upload, or make the payload smaller";
    because: [Habit("indexes raise the limit on request")]);

fn size_limit(wheel: &WheelSubject, found: &mut Findings) {
    let size = wheel.archive.size();
    if size > 100 << 20 {
        let size = size as f64 / f64::from(1 << 20);
        found.whole(format!("the wheel has {size:.1} MiB, more than the 100 MiB that the public index takes unasked"));
    }
}

pub(crate) static RULES: &[&Rule] = &[&PAYLOAD_JSON, &PAYLOAD_EXECUTABLE, &LFS_POINTER, &PAYLOAD_EMPTY, &SIZE_LIMIT];

/// Whether a wheel is one of the runtime of the template.
pub(super) fn is_runtime(wheel: &WheelSubject) -> bool {
    wheel.name.as_ref().is_ok_and(|name| name.distribution.is_same(&wheel.runtime.distribution))
}
