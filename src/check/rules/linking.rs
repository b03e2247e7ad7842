//! Rules about how the binaries of a wheel were linked, stripped and signed, whatever its tags promise.

use std::cell::LazyCell;
use std::collections::{BTreeSet, HashSet};

use super::contents::is_test_data;
use crate::binary::{DebugSection, Details, Facts, Format, Kind, Libc, Objection, Signature, Slice, Weight, layout};
use crate::check::rule::{Findings, Rule, Severity, rule};
use crate::check::subject::wheel::WheelSubject;
use crate::console::text::{human_bytes, plural};
use crate::member_path::parent;

rule!(ELF_RUNPATH = "elf-runpath", Error, Wheel(|wheel, found| run_paths(wheel, found, Format::Elf));
    what: "Run paths of ELF files stay in the wheel: they begin with `$ORIGIN`, and hold no directory of a build.",
    why: "The loader looks into a directory that only the build machine has; whoever can make it there loads code into the program.",
    fix: "Remove the path when linking, or with `patchelf --set-rpath`";
    because: [Promise("the tag promises that nothing outside of the wheel is loaded but the system's own"), Loader("whoever makes the directory loads code into the program"), Habit("nothing loads what tests read")]);

rule!(MACHO_RPATH = "macho-rpath", Warning, Wheel(|wheel, found| run_paths(wheel, found, Format::MachO));
    what: "Run paths of Mach-O files stay in the wheel: they begin with `@loader_path` or `@executable_path`, and hold no directory of a build.",
    why: "The loader looks into directories that only the build machine has, and they tell of it; a library that is found nowhere else is an error of `macho-dylibs`.",
    fix: "Remove the path when linking, or with `install_name_tool -delete_rpath`";
    because: [Habit("the loader passes over a directory that is not there")]);

/// An error of a binary that no place in a wheel makes good.
pub(crate) struct BinaryFault {
    pub(crate) rule: &'static Rule,
    pub(crate) message: String,
}

/// What of the errors of this family the facts of a binary decide alone, before there is a wheel.
pub(crate) fn faults(facts: &Facts) -> Vec<BinaryFault> {
    let mut faults = Vec::new();
    if facts.format == Format::Elf {
        let paths: BTreeSet<_> = run_paths_of(facts).collect();
        let wrong =
            paths.into_iter().filter_map(|(libc, path)| Some((path, run_path_fault(facts.format, libc, path)?)));
        faults
            .extend(wrong.map(|(path, why)| BinaryFault { rule: &ELF_RUNPATH, message: run_path_message(path, why) }));
    }
    if asks_for_executable_stack(facts) == Some(Severity::Error) {
        faults.push(BinaryFault { rule: &ELF_EXECSTACK, message: EXECUTABLE_STACK.to_owned() });
    }
    let broken = broken_signatures(facts).map(|message| BinaryFault { rule: &PE_SIGNED, message });
    faults.extend(broken);
    faults
}

fn run_paths_of(facts: &Facts) -> impl Iterator<Item = (Option<Libc>, &str)> {
    facts.slices.iter().flat_map(|slice| slice.run_paths.iter().map(|path| (slice.libc, path.as_str())))
}

fn run_path_message(path: &str, why: &str) -> String {
    match path {
        "" => format!("an empty run path {why}"),
        _ => format!("the run path `{path}` {why}"),
    }
}

/// What follows the directory of the file itself in a run path.
fn after_origin(format: Format, path: &str) -> Option<&str> {
    let origins = match format {
        Format::MachO => ["@loader_path", "@executable_path"],
        _ => ["$ORIGIN", "${ORIGIN}"],
    };
    origins.iter().find_map(|origin| path.strip_prefix(origin))
}

/// Why a run path is wrong wherever in a wheel its file lies.
fn run_path_fault(format: Format, libc: Option<Libc>, path: &str) -> Option<&'static str> {
    let inside = after_origin(format, path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let is_system = match format {
        Format::MachO => path.starts_with("/usr/lib/swift"),
        _ => {
            let directory = path.trim_end_matches('/');
            SYSTEM_DIRECTORIES.contains(&directory) || libc == Some(Libc::Musl) && directory == MUSL_LOCAL_DIRECTORY
        }
    };
    match path {
        "" => Some("is the working directory"),
        _ if !inside && !is_system => Some("leads out of the wheel"),
        _ if path.split('/').any(of_a_build) => Some("is a directory of the build"),
        _ => None,
    }
}

fn run_paths(wheel: &WheelSubject, found: &mut Findings, format: Format) {
    let directories = LazyCell::new(|| {
        let installed = wheel.files().map(|(member, _)| layout::installed(&member.name));
        installed.map(|path| parent(&path).to_owned()).collect::<HashSet<String>>()
    });
    for (member, facts) in wheel.inventory.binaries().iter().filter(|(_, facts)| facts.format == format) {
        let (mut said, from) = (BTreeSet::new(), layout::installed(member));
        for (libc, path) in run_paths_of(facts) {
            let why = run_path_fault(format, libc, path).or_else(|| {
                let after = after_origin(format, path).unwrap_or_default();
                leads_out(parent(&from), after, || &directories).then_some("leads out of the wheel")
            });
            if let Some(why) = why.filter(|_| said.insert(path)) {
                say(wheel, found, member, run_path_message(path, why));
            }
        }
    }
}

/// Says it of a file, as a warning where nothing loads the file: it is what tests read.
fn say(wheel: &WheelSubject, found: &mut Findings, member: &str, message: String) {
    match is_test_data(wheel, member) {
        true => found.with(Severity::Warning, Some(member), message),
        false => found.member(member, message),
    }
}

/// Whether a path leads from an installed directory out of the environment, or out of the packages to where the wheel has no
/// file. What lies outside of the packages, as programs in `bin/` do, has the environment for itself.
fn leads_out<'a>(from: &str, path: &str, directories: impl FnOnce() -> &'a HashSet<String>) -> bool {
    layout::join(from, path).is_none_or(|directory| {
        layout::is_of_packages(from) && !layout::is_of_packages(&directory) && !directories().contains(&directory)
    })
}

/// Where the loader looks anyway.
const SYSTEM_DIRECTORIES: [&str; 4] = ["/lib", "/lib64", "/usr/lib", "/usr/lib64"];

/// Where musl's loader looks besides (its `dynlink.c`: `/lib:/usr/local/lib:/usr/lib`).
const MUSL_LOCAL_DIRECTORY: &str = "/usr/local/lib";

/// Whether build systems give this name to directories.
fn of_a_build(part: &str) -> bool {
    const PARTS: [&str; 8] = ["bazel-out", "bazel-bin", "execroot", "_main", "CMakeFiles", "home", "Users", "rustlib"];
    part.starts_with("_solib_") || part.ends_with(".runfiles") || part.ends_with(".build") || PARTS.contains(&part)
}

rule!(ELF_EXECSTACK = "elf-execstack", Error, Wheel(elf_execstack);
    what: "No ELF library asks for an executable stack; a program that does is a warning.",
    why: "It disables a protection of the whole process, and glibc 2.41 and later refuse to load such a library.",
    fix: "Link with `-z noexecstack`, and give assembly files a `.note.GNU-stack` section";
    because: [Loader("glibc 2.41 and later refuse such a library"), Habit("the kernel grants a program its stack"), Habit("nothing loads what tests read")]);

fn elf_execstack(wheel: &WheelSubject, found: &mut Findings) {
    for (member, facts) in wheel.inventory.binaries() {
        if let Some(severity) = asks_for_executable_stack(facts) {
            let is_harmless = is_test_data(wheel, member);
            found.with(if is_harmless { Severity::Warning } else { severity }, Some(member), EXECUTABLE_STACK);
        }
    }
}

const EXECUTABLE_STACK: &str = "the file asks for an executable stack";

/// How much it weighs that a file does.
fn asks_for_executable_stack(facts: &Facts) -> Option<Severity> {
    let asks = |slice: &&Slice| matches!(&slice.details, Details::Elf(elf) if elf.executable_stack);
    let slice = facts.slices.iter().find(asks)?;
    Some(if slice.kind == Kind::Executable { Severity::Warning } else { Severity::Error })
}

rule!(ELF_PIE = "elf-pie", Warning, Wheel(elf_pie);
    what: "ELF programs are position independent.",
    why: "At a fixed address the program's own code is where an attacker expects it.",
    fix: "Build with `-pie`, or `-static-pie` for a static program (Go: `-buildmode=pie`, which alone makes a static program one that \
          needs glibc's loader; beside it `-ldflags='-linkmode=external -extldflags=-static-pie'` does not)";
    because: [Habit("the program runs")]);

fn elf_pie(wheel: &WheelSubject, found: &mut Findings) {
    let is_program = |slice: &Slice| matches!(slice.details, Details::Elf(_)) && slice.kind == Kind::Executable;
    let is_fixed = |slice: &Slice| is_program(slice) && !slice.position_independent;
    slices(wheel, found, is_fixed, "the program is linked for a fixed address");
}

rule!(PE_SIGNED = "pe-signed", Error, Wheel(pe_signed);
    what: "Where a PE file states a signature, its bytes lie in the file.",
    why: "Windows takes a broken signature for a manipulated file.",
    fix: "Sign the file again, after the last change to it";
    because: [Promise("the file states a signature that it does not have"), Habit("nothing loads what tests read")]);

fn pe_signed(wheel: &WheelSubject, found: &mut Findings) {
    for (member, facts) in wheel.inventory.binaries() {
        broken_signatures(facts).for_each(|message| say(wheel, found, member, message));
    }
}

/// Of a PE file; a Mach-O file's signature is part of what its tag promises.
fn broken_signatures(facts: &Facts) -> impl Iterator<Item = String> {
    let slices = facts.slices.iter().filter(|_| facts.format == Format::Pe);
    slices.filter_map(|slice| match slice.signature {
        Signature::Broken(why) => Some(format!("the signature is broken: {why}")),
        _ => None,
    })
}

rule!(SIGNED_ALIKE = "signed-alike", Warning, Wheel(signed_alike);
    what: "All Windows programs of a wheel are signed, or none; the same of macOS programs.",
    why: "The one that is not signed is the one that the system warns of or blocks, long after the others worked.",
    fix: "Sign every program, helpers of other projects too";
    because: [Habit("the program runs")]);

fn signed_alike(wheel: &WheelSubject, found: &mut Findings) {
    for format in [Format::MachO, Format::Pe] {
        let programs = wheel.inventory.binaries().iter().filter(|(_, it)| it.format == format && it.is_executable());
        let (signed, unsigned): (Vec<_>, Vec<_>) = programs.partition(|(_, facts)| facts.signed());
        // An unsigned arm64 file is an error of its own.
        let is_own = |it: &Objection| matches!(it, Objection::Signature { .. }) && it.weight() != Weight::Warning;
        let own: HashSet<&String> = wheel.objections.iter().filter(|row| is_own(&row.2)).map(|row| &row.1).collect();
        let (count, all) = (signed.len(), signed.len() + unsigned.len());
        for (member, _) in unsigned.iter().filter(|(member, _)| count > 0 && !own.contains(member)) {
            found.member(member, format!("the program is not signed, and {count} of {all} in the wheel are"));
        }
    }
}

rule!(PE_SUBSYSTEM = "pe-subsystem", Warning, Wheel(pe_subsystem);
    what: "Windows programs are console or windowed programs for Windows 10 or older.",
    why: "Other subsystems (drivers, firmware) do not start as programs, and a higher version keeps Windows 10 out.",
    fix: "Link with `/SUBSYSTEM:CONSOLE`";
    because: [Habit("the program may be meant for it")]);

fn pe_subsystem(wheel: &WheelSubject, found: &mut Findings) {
    for (member, facts) in wheel.inventory.binaries() {
        for slice in facts.slices.iter().filter(|slice| slice.kind == Kind::Executable) {
            let Details::Pe(pe) = &slice.details else { continue };
            if !matches!(pe.subsystem, 2 | 3) {
                found.member(member, format!("the program is for subsystem {}", pe.subsystem));
            } else if pe.minimum_os.major > 10 {
                found.member(member, format!("the program asks for Windows {}", pe.minimum_os));
            }
        }
    }
}

rule!(DEBUG_INFO = "debug-info", Warning, Wheel(debug_info);
    what: "Binaries carry no debugging sections, nor the symbol table that `strip` removes, and no `.dSYM` bundles lie beside them. A program that carries data where sections say that there is nothing (what `deno compile` and `bun build --compile` make, AppImage, self-extracting archives) is told apart: `strip` cuts that off.",
    why: "They make the wheel larger for everybody and name the directories of the build machine.",
    fix: "Strip the files (`strip`, Cargo's `strip = true`, Go's `-ldflags='-s -w'`), and keep the debugging information elsewhere";
    because: [Habit("it costs space alone")]);

/// What to do about a file that carries data which `strip` would cut off.
const STRIP_BEFORE: &str =
    "Do not strip the file as it is; have it made of a program that was stripped before, or accept it";

/// One finding for all ELF files, at the one that holds most, and one for all files of debugging symbols; one for each file
/// that carries data at its end.
fn debug_info(wheel: &WheelSubject, found: &mut Findings) {
    debug_symbols(wheel, found);
    let mut weighed = Vec::new();
    for (member, facts) in wheel.inventory.binaries() {
        let elf = facts.slices.iter().find_map(|slice| match &slice.details {
            Details::Elf(elf) => Some(elf),
            _ => None,
        });
        let has_data = facts.slices.iter().any(|slice| slice.appended > 0);
        if has_data && facts.slices.iter().any(|slice| slice.debug_info) {
            let sections = elf.map(|elf| &elf.debug_sections[..]).filter(|sections| !sections.is_empty());
            let held = sections.map_or_else(|| "debugging information".to_owned(), kinds_of);
            let message = format!("the file holds {held}, and data of its own that stripping would cut off");
            found.advise(Severity::Warning, Some(member), message, STRIP_BEFORE);
            continue;
        }
        match elf.map(|elf| &elf.debug_sections) {
            Some(sections) if sections.is_empty() => {}
            Some(sections) => {
                weighed.push((sections.iter().map(|section| section.size).sum::<u64>(), member, sections))
            }
            None if facts.slices.iter().any(|slice| slice.debug_info) => {
                found.member(member, "the file holds debugging information");
            }
            None => {}
        }
    }
    let all: u64 = weighed.iter().map(|(size, ..)| size).sum();
    let Some((size, member, sections)) = weighed.iter().max_by_key(|(size, ..)| *size) else { return };
    let mut message = format!("{} of the file are {}", size_of(*size), kinds_of(sections));
    if let others @ 1.. = weighed.len() - 1 {
        let hold = if others == 1 { "holds" } else { "hold" };
        message.push_str(&format!("; {} {hold} {} more", plural(others, "other file"), size_of(all - size)));
    }
    found.member(member, message);
}

/// `debugging information (...) and a symbol table (...)`, with the sections of each.
fn kinds_of(sections: &[DebugSection]) -> String {
    let (tables, information): (Vec<_>, Vec<_>) = sections.iter().partition(|section| section.is_symbol_table());
    let kind = |name: &str, sections: &[&DebugSection]| {
        let each = sections.iter().map(|section| format!("`{}` {}", section.name, human_bytes(section.size)));
        (!sections.is_empty()).then(|| format!("{name} ({})", each.collect::<Vec<_>>().join(", ")))
    };
    let kinds = [kind("debugging information", &information), kind("a symbol table", &tables)];
    kinds.into_iter().flatten().collect::<Vec<_>>().join(" and ")
}

fn debug_symbols(wheel: &WheelSubject, found: &mut Findings) {
    let sized = |member| wheel.file(member).map(|(file, _)| (file.size, member));
    let weighed: Vec<(u64, &str)> = wheel.debug_symbols().filter_map(sized).collect();
    let Some((size, member)) = weighed.iter().max_by_key(|(size, _)| *size) else { return };
    let mut message = format!("the file is {} of debugging symbols alone", size_of(*size));
    if let others @ 1.. = weighed.len() - 1 {
        let all: u64 = weighed.iter().map(|(size, _)| size).sum();
        let are = if others == 1 { "is" } else { "are" };
        message.push_str(&format!("; {} {are} {} more", plural(others, "other file"), size_of(all - size)));
    }
    found.member(member, message);
}

fn size_of(size: u64) -> String {
    format!("{size} bytes ({})", human_bytes(size))
}

/// Says `message` of every file with a slice of that kind.
fn slices(wheel: &WheelSubject, found: &mut Findings, is_it: impl Fn(&Slice) -> bool, message: &str) {
    let binaries = wheel.inventory.binaries().iter();
    found.each(binaries.filter(|(_, facts)| facts.slices.iter().any(&is_it)).map(|(name, _)| name.as_str()), message);
}

#[rustfmt::skip]
pub(crate) static RULES: &[&Rule] = &[
    &ELF_RUNPATH, &MACHO_RPATH, &ELF_EXECSTACK, &ELF_PIE, &PE_SIGNED, &SIGNED_ALIKE, &PE_SUBSYSTEM, &DEBUG_INFO,
];
