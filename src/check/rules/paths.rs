//! Rules about the paths and types of a wheel's entries: what every system can unpack, and to one place only.

use std::collections::{HashMap, HashSet};

use super::archive::defects;
use super::commands::{entry_points, ignores_case, is_for_macos, is_for_windows, scripts};
use crate::check::rule::{Findings, Rule, Severity, rule};
use crate::check::subject::wheel::WheelSubject;
use crate::member_path::{
    Clash, MemberPath, Node, Paths, Reach, device, escapes, file_name, long_part, not_on_windows, not_plain,
};
use crate::scheme::Scheme;
use crate::target::PlatformTag;
use crate::wheel::environment::{is_among_packages, is_installer, is_own_command, owner};
use crate::zip::archive::DefectKind as Kind;

rule!(PATH_RELATIVE = "path-relative", Error, Wheel(path_relative);
    what: "Paths are relative and made of plain parts: no `..`, no leading `/`, no drive, no backslash, no control character and none that cannot be seen (zero width, direction, private use), no empty part.",
    why: "Such a path leaves the directory it is unpacked to, or names another file on another system; installers refuse, drop or rename it.",
    fix: "Give the file a plain relative path joined by `/`";
    because: [Installer("`pip` refuses such a path, uv drops the file, and systems differ on which file it names"), Index("control characters are refused")]);

fn path_relative(wheel: &WheelSubject, found: &mut Findings) {
    for member in wheel.archive.members() {
        if let Some(why) = not_plain(&member.name) {
            found.member(&member.name, why.to_string());
        }
    }
}

rule!(PATH_UTF8 = "path-utf8", Error, Wheel(|wheel, found| defects(wheel, found, &[Kind::NameEncoding, Kind::NameUnmarked], &[]));
    what: "Names are UTF-8, and those that are not ASCII carry the UTF-8 flag (bit 11).",
    why: "Without the flag readers take the name for code page 437 and unpack it under another name.",
    fix: "Write names as UTF-8 with flag bit 11, or use ASCII names";
    because: [Index("names that are not UTF-8 are refused"), Promise("without the flag the file is installed under another name than RECORD states")]);

rule!(PATH_COLLISION = "path-collision", Error, Wheel(path_collision);
    what: "No two paths are the same once case and Unicode form are ignored, and no file is also a directory.",
    why: "On macOS and Windows one file overwrites the other; a file in the place of a directory stops the installation.",
    fix: "Rename one of the files";
    because: [Installer("on macOS and Windows, also with `pip install --platform`, one file overwrites the other")]);

fn path_collision(wheel: &WheelSubject, found: &mut Findings) {
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

rule!(PATH_WINDOWS = "path-windows", Error, Wheel(path_windows);
    what: "In a wheel that Windows installs paths can be written there: none of `<>:\"|?*`, no part that ends in a dot or space, no reserved device name (`aux.py`), commands of entry points among them; such a path in another wheel, or one of more than 240 characters, is a warning.",
    why: "The wheel cannot be installed there, or its files cannot be removed again; one for other systems still cannot be unpacked there.",
    fix: "Rename the file to something that every system can write";
    because: [Installer("on Windows the file cannot be written"), Habit("no Windows machine installs this wheel, or long paths may be enabled there")]);

fn path_windows(wheel: &WheelSubject, found: &mut Findings) {
    let reach = wheel.name.as_ref().map_or(Reach::Elsewhere, |name| name.tags.reach());
    let severity = if reach == Reach::Windows { Severity::Error } else { Severity::Warning };
    let longest = longest(wheel);
    // Backslashes and drives are another rule's.
    for member in wheel.archive.members().iter().filter(|member| escapes(&member.name).is_none()) {
        let path = member.name.trim_end_matches('/');
        if let Some(why) = not_on_windows(path) {
            found.with(severity, Some(&member.name), why.to_string());
        }
        if let Some(why) = device(path) {
            found.with(severity, Some(&member.name), why);
        }
        let length = path.encode_utf16().count();
        if length > 240
            && member.name.len() <= longest
            && path.split('/').all(|part| part.len() <= MemberPath::MAX_PART)
        {
            found.with(Severity::Warning, Some(&member.name), format!("the path has {length} characters"));
        }
    }
    // Elsewhere a command is no file of Windows: installers write it where they run.
    for (group, name) in entry_points(wheel).filter(|_| reach == Reach::Windows) {
        if device(name).is_some() {
            let message = format!("Windows takes `{name}.exe`, the command of `{group}`, for the name of a device");
            found.in_entry_points(wheel, message);
        }
    }
}

rule!(ENTRY_TYPE = "entry-type", Error, Wheel(entry_type);
    what: "Every entry is a regular file; a directory's whose mode says otherwise is a warning.",
    why: "Installers write a symbolic link as a file that holds the link's target, and know nothing of FIFOs and devices.",
    fix: "Put the file itself into the wheel in place of the link";
    because: [Promise("what is installed is a file that holds the link's target"), Habit("installers go by the name of a directory's entry")]);

fn entry_type(wheel: &WheelSubject, found: &mut Findings) {
    for member in wheel.archive.members() {
        let kind = member.unix_mode() & 0o170_000;
        if member.is_special() {
            let what = match kind {
                0o120_000 => "a symbolic link",
                0o010_000 => "a FIFO",
                0o140_000 => "a socket",
                _ => "a device",
            };
            found.member(&member.name, format!("the entry is {what} by its mode {:#o}", member.unix_mode()));
        } else if kind != 0 && (kind == 0o040_000) != member.is_directory() {
            let severity = if member.is_directory() { Severity::Warning } else { Severity::Error };
            let message = "the entry is a file by its name and a directory by its mode, or the reverse";
            found.with(severity, Some(&member.name), message);
        }
    }
}

rule!(PATH_LENGTH = "path-length", Error, Wheel(path_length);
    what: "No part of a path is longer than 255 bytes, no whole path than 4,066, nor than 994 where macOS installs the wheel, and no command of an entry point, with the `.exe` that it gets on Windows.",
    why: "The file systems of Linux, macOS and Windows have no room for a longer name, and their kernels take no path of more than 4,096 or 1,024 bytes, the directory that it is installed to included.",
    fix: "Rename the file";
    because: [Installer("the file cannot be written")]);

/// What the kernels of Linux and macOS take (`PATH_MAX`), the byte behind the end included.
const MAX_PATH: usize = 4096;
const MAX_PATH_MACOS: usize = 1024;

/// A short directory to install to, such as `/lib/python3.13/site-packages/`, and the byte behind the end of the path.
const SITE_PACKAGES: usize = 30;

/// How long a path may be on every system that installs the wheel, in bytes.
fn longest(wheel: &WheelSubject) -> usize {
    let whole = if is_for_macos(wheel) { MAX_PATH_MACOS } else { MAX_PATH };
    whole - SITE_PACKAGES
}

fn path_length(wheel: &WheelSubject, found: &mut Findings) {
    let longest = longest(wheel);
    for member in wheel.archive.members() {
        let length = member.name.len();
        if let Some(why) = long_part(&member.name) {
            found.member(&member.name, why.to_string());
        } else if length > longest {
            let message = format!("the path has {length} bytes, of which systems take {longest} in `site-packages`");
            found.member(&member.name, message);
        }
    }
    let ending = if is_for_windows(wheel) { ".exe".len() } else { 0 };
    for (group, name) in entry_points(wheel) {
        let length = name.len() + ending;
        if length > MemberPath::MAX_PART {
            let message = format!("the name of a command of `{group}` has {length} bytes as a file's");
            found.in_entry_points(wheel, message);
        }
    }
}

rule!(ONE_DESTINATION = "one-destination", Error, Wheel(one_destination);
    what: "No two files are installed to one path, in any case of letters where macOS or Windows installs the wheel, and none in the place of a directory: what lies at the root, in `.data/purelib` and in `.data/platlib` ends in one directory, and so do `.data/scripts`, the commands of entry points and `.data/data/bin`, on Windows `.data/data/Scripts`.",
    why: "One file overwrites the other, or the installation stops.",
    fix: "Put the file into one of the places alone";
    because: [Installer("`installer` stops at the second file, and `pip` lets it overwrite the first")]);

fn one_destination(wheel: &WheelSubject, found: &mut Findings) {
    let folds = ignores_case(wheel);
    let mut told: HashSet<&str> = HashSet::new();
    for system in systems(wheel) {
        let (mut archive, mut installed) = (Paths::default(), Paths::default());
        // The member that is installed to each path.
        let mut from: HashMap<String, &str> = HashMap::new();
        for (member, _) in wheel.files() {
            let path = destination(wheel, system, &member.name);
            let mut clashes = installed.take(&path, Node::File);
            clashes.retain(|clash| folds || matches!(clash, Clash::Twice | Clash::FileAndDirectory { .. }));
            // What clashes in the archive already is another rule's.
            let is_told = !archive.take(&member.name, Node::File).is_empty();
            if !is_told && !clashes.is_empty() && told.insert(&member.name) {
                let of = |path: &str| from.get(path).copied().unwrap_or(&member.name);
                clashes.iter().for_each(|clash| found.member(&member.name, told_of(clash, &path, of)));
            }
            from.entry(path).or_insert(&member.name);
        }
        // A command in the place of a file is another rule's.
        for (group, name) in entry_points(wheel) {
            let clashes = installed.take(&format!("{COMMANDS}/{name}"), Node::File);
            let is_in_the_way = |clash: &Clash| matches!(clash, Clash::FileAndDirectory { .. });
            if clashes.iter().any(is_in_the_way) && told.insert(name) {
                let message = format!("`{name}` of `{group}` is installed in the place of a directory that files need");
                found.in_entry_points(wheel, message);
            }
        }
    }
}

/// What stands in the way of a file at `path`, where `of` knows which member is installed to a path.
fn told_of<'m>(clash: &Clash, path: &str, of: impl Fn(&str) -> &'m str) -> String {
    let bare = |path: &str| path.split_once('/').map_or(path, |(_, path)| path).to_owned();
    match clash {
        Clash::Twice => format!("the file is installed to the path of `{}`", of(path)),
        Clash::Files { other } => {
            format!("the file is installed to the path of `{}` where case or Unicode form do not count", of(other))
        }
        Clash::Directories { directory, other } => {
            let clash = Clash::Directories { directory: bare(directory), other: bare(other) };
            format!("once installed, {clash}")
        }
        Clash::FileAndDirectory { file } if file == path => {
            "the file is installed in the place of a directory that others need".to_owned()
        }
        Clash::FileAndDirectory { file } => {
            format!("the file is installed below a directory in whose place `{}` is", of(file))
        }
    }
}

/// The kinds of systems that differ in where commands lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum System {
    Posix,
    Windows,
}

/// Those that install the wheel.
fn systems(wheel: &WheelSubject) -> impl Iterator<Item = System> {
    let tags = wheel.platforms();
    let elsewhere = tags.is_empty() || tags.iter().any(|tag| !matches!(tag, PlatformTag::Windows(_)));
    let windows = is_for_windows(wheel).then_some(System::Windows);
    elsewhere.then_some(System::Posix).into_iter().chain(windows)
}

const COMMANDS: &str = "commands";

/// Where a file is installed, as a path below a root of all roots.
fn destination(wheel: &WheelSubject, system: System, member: &str) -> String {
    let of_commands = |path: &str| {
        let (place, rest) = path.split_once('/')?;
        let is_there = match system {
            System::Posix => place == "bin",
            System::Windows => place.eq_ignore_ascii_case("scripts"),
        };
        is_there.then(|| format!("{COMMANDS}/{rest}"))
    };
    match wheel.scheme(member) {
        (Scheme::Scripts, path) => format!("{COMMANDS}/{path}"),
        (Scheme::Data, path) => of_commands(path).unwrap_or_else(|| format!("data/{path}")),
        (Scheme::Headers, path) => format!("headers/{path}"),
        (_, path) => format!("packages/{path}"),
    }
}

rule!(DATA_PLACE = "data-place", Error, Wheel(data_place);
    what: "No file of `.data/data` is installed where an environment or an installer keeps its own: `pyvenv.cfg`, `bin/python` and `bin/pip`, `lib/python3.*` and `Lib/site-packages`, the metadata of distributions; nor in the place of a directory that environments have, `share` or `share/man/man1` say. No entry point and no file of `.data/scripts` is called `python`, `python3`, `pythonw` or `activate`; one that is called `pip`, in a wheel of neither pip nor setuptools, is a warning, and so is what lies among packages without being their metadata.",
    why: "It is put there without a question: the environment no longer works, or another distribution's file is lost, and goes again with this wheel.",
    fix: "Install it to another path below the root of the environment, `share/NAME` say, or into the import package; give a command a name of its own";
    because: [Installer("what is there is overwritten without a word"), Habit("a distribution may mean to bring another `pip`, or its own packages to one Python")]);

fn data_place(wheel: &WheelSubject, found: &mut Findings) {
    let Ok(name) = &wheel.name else { return };
    for (member, _) in wheel.files() {
        let (Scheme::Data, path) = wheel.scheme(&member.name) else { continue };
        let Some(what) = owner(path) else { continue };
        // Of one Python's packages the wheel may mean its own.
        let severity = if is_among_packages(path) { Severity::Warning } else { Severity::Error };
        found.with(severity, Some(&member.name), format!("the file is installed to the place of {what}"));
    }
    let scripts = scripts(wheel).map(|path| (Some(path), file_name(path), "the file".to_owned()));
    let points = entry_points(wheel).map(|(group, name)| (None, name, format!("`{name}` of `{group}`")));
    let brings_pip = ["pip", "setuptools"].iter().any(|own| name.distribution.normalized() == **own);
    for (member, command, what) in scripts.chain(points) {
        if is_own_command(command) {
            let message = format!("{what} is installed to the place of a command of the environment itself");
            found.with(Severity::Error, member, message);
        } else if is_installer(command) && !brings_pip {
            found.with(Severity::Warning, member, format!("{what} is installed to the place of pip's own command"));
        }
    }
}

#[rustfmt::skip]
pub(crate) static RULES: &[&Rule] = &[
    &PATH_RELATIVE, &PATH_UTF8, &PATH_COLLISION, &PATH_WINDOWS, &PATH_LENGTH, &ONE_DESTINATION, &DATA_PLACE, &ENTRY_TYPE,
];
