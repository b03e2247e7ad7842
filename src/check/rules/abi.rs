//! The stable ABI of CPython (PEP 384, "C API and ABI Stability"): what extension modules under its tag need of Python.

use std::collections::{BTreeSet, HashSet};

use crate::binary::{Details, Facts, NEWEST_STABLE_ABI, PythonLibrary, Standing, is_there, on_some_linux};
use crate::check::rule::{Findings, Rule, Severity, rule};
use crate::check::subject::wheel::WheelSubject;
use crate::console::text::named;
use crate::member_path::file_name;

rule!(ABI3_SYMBOLS = "abi3-symbols", Error, Wheel(abi3_symbols);
    what: "In a wheel for the stable ABI alone (`abi3`), what extension modules need of Python is a part of that ABI since the oldest Python of the tag. What is there in that Python and became a part of the ABI later is a warning, but on Windows, whose `python3.dll` has no more than the ABI.",
    why: "Private functions come and go with every version of Python, and new ones are not in the old: the import fails with `undefined symbol` on a Python that the tag promises.",
    fix: "Build with `Py_LIMITED_API` set to the Python of the tag, or tag the wheel for the versions that it was built for";
    because: [Promise("the tag promises that every later Python has what the module needs"), Loader("a symbol that came with a later Python is not found"), Habit("the Pythons of the tag have the symbol all the same, or a library of another distribution may have it")]);

fn abi3_symbols(wheel: &WheelSubject, found: &mut Findings) {
    let Ok(name) = &wheel.name else { return };
    let minor = |tag: &String| tag.strip_prefix("cp3").and_then(|minor| minor.parse::<u32>().ok());
    let minors: Option<Vec<_>> = name.tags.python.iter().map(minor).collect();
    let Some(oldest) = minors.and_then(|minors| minors.into_iter().min()) else { return };
    let binaries = wheel.inventory.binaries();
    let has_own = binaries.iter().any(|(member, _)| PythonLibrary::of(file_name(member)).is_some());
    if oldest > NEWEST_STABLE_ABI || has_own || name.tags.abi.iter().any(|abi| abi != "abi3") {
        return;
    }
    let defined: HashSet<&str> = binaries.iter().flat_map(|(_, facts)| defined(facts)).collect();
    for (member, facts) in binaries.iter().filter(|(member, _)| is_for_every_python(member)) {
        let foreign = foreign(facts).find(|library| !wheel.inventory.brings(library));
        let (severity, unless) = match foreign {
            Some(library) => (Severity::Warning, format!(", unless `{library}` has it")),
            None => (Severity::Error, String::new()),
        };
        let (mut private, mut newer, mut later) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for Wanted { name, is_of_dll } in wanted(facts).into_iter().filter(|it| !defined.contains(it.name)) {
            match Standing::of(name, oldest) {
                None if is_of_dll => private.insert(name),
                None | Some(Standing::Stable) => false,
                Some(Standing::Private) => private.insert(name),
                Some(Standing::Later { stable, .. }) if is_of_dll => newer.insert((stable, name)),
                Some(Standing::Later { stable, there }) => match is_there(there, oldest) {
                    true => later.insert((stable, name)),
                    false => newer.insert((there, name)),
                },
            };
        }
        if !private.is_empty() {
            let whose = format!("no part of the stable ABI of `{}`{unless}", name.tags);
            found.with(severity, Some(member), format!("it needs {}, {whose}", named(&private)));
        }
        if let Some((since, names)) = listed(&newer) {
            let whose = format!("Python 3.{oldest} of `{}` lacks{unless}", name.tags);
            let message = format!("it needs {names}, which {whose}: all of them are there from 3.{since} on");
            found.with(severity, Some(member), message);
        }
        if let Some((since, names)) = listed(&later) {
            let message =
                format!("it needs {names}, of the stable ABI from Python 3.{since} on alone, under `{}`", name.tags);
            found.with(Severity::Warning, Some(member), message);
        }
    }
}

/// The names of a set, with the last version that one of them came with.
fn listed(names: &BTreeSet<(u32, &str)>) -> Option<(u32, String)> {
    let (since, _) = names.last()?;
    Some((*since, named(names.iter().map(|(_, name)| name))))
}

/// A name that the loader looks up when it loads a module.
struct Wanted<'a> {
    name: &'a str,
    /// Whether it is looked up in the library of the stable ABI, which has nothing else.
    is_of_dll: bool,
}

/// What a module needs of the Python that loads it. One that names a library of one version, as programs around an own
/// Python do, is another rule's.
fn wanted(facts: &Facts) -> Vec<Wanted<'_>> {
    let mut wanted = Vec::new();
    for slice in &facts.slices {
        let is_of_version = |library| !matches!(library, PythonLibrary::Stable);
        if slice.needed.iter().filter_map(|needed| PythonLibrary::of(&needed.name)).any(is_of_version) {
            continue;
        }
        let symbols = match &slice.details {
            Details::Elf(elf) => elf.undefined.as_slice(),
            Details::MachO(mach_o) => mach_o.of_python.as_slice(),
            Details::Pe(pe) => {
                wanted.extend(pe.of_stable_abi.iter().map(|name| Wanted { name, is_of_dll: true }));
                continue;
            }
        };
        let strong = symbols.iter().filter(|symbol| !symbol.weak);
        wanted.extend(strong.map(|symbol| Wanted { name: &symbol.name, is_of_dll: false }));
    }
    wanted
}

/// What a library of a wheel defines under names as Python's: to make up for what the stable ABI lacks.
fn defined(facts: &Facts) -> impl Iterator<Item = &str> {
    let of_elf = facts.slices.iter().filter_map(|slice| match &slice.details {
        Details::Elf(elf) => Some(elf.own_of_python.iter().map(String::as_str)),
        _ => None,
    });
    of_elf.flatten()
}

/// The libraries whose symbols an ELF file may find beside the system's and Python's; the other formats say whose each is.
fn foreign(facts: &Facts) -> impl Iterator<Item = &str> {
    let slices = facts.slices.iter().filter(|slice| matches!(slice.details, Details::Elf(_)));
    let names = slices.flat_map(|slice| &slice.needed).map(|needed| needed.name.as_str());
    names.filter(|name| !on_some_linux(name) && PythonLibrary::of(name).is_none())
}

/// Whether a file is an extension module that no name keeps from other Pythons (`.cpython-312-darwin.so`).
fn is_for_every_python(member: &str) -> bool {
    let file = file_name(member);
    let is_module = file.ends_with(".so") || file.ends_with(".pyd");
    is_module && ![".cpython-", ".pypy", ".graalpy", ".cp3"].iter().any(|part| file.contains(part))
}

pub(crate) static RULES: &[&Rule] = &[&ABI3_SYMBOLS];
