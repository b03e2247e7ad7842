//! Rules about the commands that a wheel puts on PATH: its entry points, and the files of `.data/scripts`.

use std::collections::{BTreeMap, HashMap};

use super::contents::paths;
use crate::check::rule::{Findings, Rule, rule};
use crate::check::subject::wheel::WheelSubject;
use crate::console::text::named;
use crate::member_path::{Reach, file_name, folded};
use crate::scheme::Scheme;
use crate::target::PlatformTag;
use crate::wheel::entry_points::EntryPoint;
use crate::wheel::name::DistributionName;

rule!(COMMAND_UNIQUE = "command-unique", Error, Wheel(command_unique);
    what: "No command stands twice: two entry points of one name, or an entry point and a file in `.data/scripts`, `.data/data/bin` or `.data/data/Scripts`. On Windows the file `NAME.exe` is the command `NAME`, and so are the entry points `NAME` and `NAME.py`; there and on macOS case does not count. A wheel for `any` is for both.",
    why: "Installers write both to one path, and which of them stays depends on the installer.",
    fix: "Rename one of them, or remove it; a program in `.data/scripts` needs no entry point";
    because: [Installer("two files go to one path, and which of them stays is chance")]);

fn command_unique(wheel: &WheelSubject, found: &mut Findings) {
    let (is_windows, folds) = (is_for_windows(wheel), ignores_case(wheel));
    let plain = |name: &str| if folds { folded(name) } else { name.to_owned() };
    let file = |name: &str| {
        let name = plain(name);
        if is_windows { name.strip_suffix(".exe").map(str::to_owned).unwrap_or(name) } else { name }
    };
    let files: BTreeMap<String, &str> =
        scripts(wheel).chain(data_scripts(wheel)).map(|script| (file(file_name(script)), script)).collect();
    let (mut names, mut starters) = (HashMap::new(), HashMap::new());
    for point in points(wheel) {
        let (group, name) = (point.group.as_str(), point.name.as_str());
        let twice = |other: String| format!("the command `{name}` is both an entry point of `{group}` and {other}");
        let named = |other: &EntryPoint| match other.name == name {
            true => format!("the entry point of `{}`", other.group),
            false => format!("`{}` of `{}`, which is the same on Windows and macOS", other.name, other.group),
        };
        if let Some(other) = names.insert(plain(name), point) {
            found.whole(twice(named(other)));
            continue;
        }
        if let Some(script) = files.get(&plain(name)) {
            found.whole(twice(format!("the file `{script}`")));
            continue;
        }
        // On Windows both are started by `NAME.exe`; of two that do the same it does not matter which is there.
        let starter = plain(name);
        let starter = starter.strip_suffix(".py").map(str::to_owned).unwrap_or(starter);
        let other: Option<&EntryPoint> = starters.insert(starter, point).filter(|_| is_windows);
        let differs = |other: &&EntryPoint| (&other.module, &other.object) != (&point.module, &point.object);
        if let Some(other) = other.filter(differs) {
            found.whole(twice(format!("`{}` of `{}`, which is the same on Windows", other.name, other.group)));
        }
    }
}

rule!(COMMAND_NAME = "command-name", Warning, Wheel(command_name);
    what: "A program's wheel that has commands has one of the distribution's own name.",
    why: "`uvx NAME` and `pipx run NAME` look for a command called like the distribution, and find none.",
    fix: "Add the name to `aliases` of the runtime template's [tool.relkit], or to `[project.scripts]`";
    because: [Habit("the program is found by its own name")]);

fn command_name(wheel: &WheelSubject, found: &mut Findings) {
    let Ok(name) = &wheel.name else { return };
    // An extension module's wheel is a library; its programs are helpers.
    let is_program = name.tags.abi.iter().all(|abi| abi == "none")
        && name.tags.python.iter().all(|tag| tag.starts_with("py"))
        && wheel.inventory.binaries().iter().any(|(_, facts)| facts.is_executable());
    let own = scripts(wheel).map(|script| file_name(script).trim_end_matches(".exe"));
    let commands: Vec<_> = own.chain(entry_points(wheel).map(|(_, name)| name)).collect();
    let is_own = |command: &&str| command.parse().is_ok_and(|it: DistributionName| it.is_same(&name.distribution));
    if !is_program || commands.is_empty() || commands.iter().any(is_own) {
        return;
    }
    let distribution = name.distribution.normalized();
    let are = if commands.len() == 1 { "is" } else { "are" };
    found.whole(format!("no command is called `{distribution}`; there {are} {}", named(commands)));
}

pub(crate) static RULES: &[&Rule] = &[&COMMAND_UNIQUE, &COMMAND_NAME];

/// The files that installers put on PATH as they are.
pub(super) fn scripts(wheel: &WheelSubject) -> impl Iterator<Item = &str> {
    let is_script = |member: &&str| matches!(wheel.scheme(member), (Scheme::Scripts, name) if !name.contains('/'));
    paths(wheel).filter(is_script)
}

/// Whether a system that installs the wheel takes two names that differ in case for one.
pub(super) fn ignores_case(wheel: &WheelSubject) -> bool {
    is_for_windows(wheel) || is_for_macos(wheel)
}

pub(super) fn is_for_windows(wheel: &WheelSubject) -> bool {
    wheel.name.as_ref().is_ok_and(|name| name.tags.reach() == Reach::Windows)
}

pub(super) fn is_for_macos(wheel: &WheelSubject) -> bool {
    wheel.platforms().iter().any(|tag| matches!(tag, PlatformTag::Any | PlatformTag::Macos { .. }))
}

/// The files below the root of the environment that are put where installers write commands.
fn data_scripts(wheel: &WheelSubject) -> impl Iterator<Item = &str> {
    let is_windows = is_for_windows(wheel);
    paths(wheel).filter(move |member| {
        let (Scheme::Data, path) = wheel.scheme(member) else { return false };
        path.split_once('/').is_some_and(|(place, name)| {
            let is_there = place == "bin" || is_windows && place.eq_ignore_ascii_case("scripts");
            is_there && !name.contains('/')
        })
    })
}

/// The entry points that installers write a command for, with their groups.
pub(super) fn entry_points(wheel: &WheelSubject) -> impl Iterator<Item = (&str, &str)> {
    points(wheel).map(|entry| (entry.group.as_str(), entry.name.as_str()))
}

fn points(wheel: &WheelSubject) -> impl Iterator<Item = &EntryPoint> {
    let points = wheel.entry_points.as_ref().and_then(|points| points.as_ref().ok());
    points.into_iter().flat_map(|points| &points.entries).filter(|entry| entry.is_command())
}
