//! Rules about the commands that a wheel puts on PATH: its entry points, and the files of `.data/scripts`.

use std::collections::BTreeMap;

use super::contents::paths;
use crate::check::rule::{Findings, Rule, rule};
use crate::check::subject::wheel::WheelSubject;
use crate::console::text::named;
use crate::member_path::file_name;
use crate::scheme::Scheme;
use crate::target::PlatformTag;
use crate::wheel::name::DistributionName;

rule!(COMMAND_UNIQUE = "command-unique", Error, Wheel(command_unique);
    what: "No command stands twice: two entry points of one name, or an entry point and a file in `.data/scripts`, `.data/data/bin` or `.data/data/Scripts`. On Windows `NAME` and `NAME.exe` are one command, there and on macOS in any case of letters.",
    why: "Installers write both to one path, and which of them stays depends on the installer.",
    fix: "Rename one of them, or remove it; a program in `.data/scripts` needs no entry point";
    because: [Installer("two files go to one path, and which of them stays is chance")]);

fn command_unique(wheel: &WheelSubject, found: &mut Findings) {
    let is_windows = is_for_windows(wheel);
    let folds = is_windows || wheel.platforms().iter().any(|tag| matches!(tag, PlatformTag::Macos { .. }));
    let path = |name: &str| {
        let name = if folds { name.to_lowercase() } else { name.to_owned() };
        if is_windows { name.strip_suffix(".exe").map(str::to_owned).unwrap_or(name) } else { name }
    };
    let mut taken: BTreeMap<String, String> = BTreeMap::new();
    for script in scripts(wheel).chain(data_scripts(wheel)) {
        taken.entry(path(file_name(script))).or_insert_with(|| format!("the file `{script}`"));
    }
    for (group, name) in entry_points(wheel) {
        let own = format!("the entry point of `{group}`");
        if let Some(other) = taken.insert(path(name), own) {
            found.whole(format!("the command `{name}` is both an entry point of `{group}` and {other}"));
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
    found.whole(format!("no command is called `{distribution}`; there are {}", named(commands)));
}

pub(crate) static RULES: &[&Rule] = &[&COMMAND_UNIQUE, &COMMAND_NAME];

/// The files that installers put on PATH as they are.
pub(super) fn scripts(wheel: &WheelSubject) -> impl Iterator<Item = &str> {
    let is_script = |member: &&str| matches!(wheel.scheme(member), (Scheme::Scripts, name) if !name.contains('/'));
    paths(wheel).filter(is_script)
}

fn is_for_windows(wheel: &WheelSubject) -> bool {
    wheel.platforms().iter().any(|tag| matches!(tag, PlatformTag::Windows(_)))
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
    let points = wheel.entry_points.as_ref().and_then(|points| points.as_ref().ok());
    let entries = points.into_iter().flat_map(|points| &points.entries);
    let entries = entries.filter(|entry| entry.is_command());
    entries.map(|entry| (entry.group.as_str(), entry.name.as_str()))
}
