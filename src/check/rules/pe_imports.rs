//! The rule about the DLLs that Windows binaries import: Windows' own, Python's by the wheel's Python tags (PEP 425, PEP
//! 384), the wheel's, or those of distributions that it requires.

use super::binary::{objections, required};
use crate::binary::{Format, Objection, PythonLibrary};
use crate::check::rule::{Findings, Rule, rule};
use crate::check::subject::wheel::WheelSubject;

rule!(PE_IMPORTS = "pe-imports", Error, Wheel(pe_imports);
    what: "Imported DLLs are part of Windows, of every Python of the wheel's tags or of a distribution that the wheel requires, or lie beside the file. What delay-loaded imports and forwarded exports name is a warning. A plug-in that only some programs load is judged as every other file: whoever asks for it is refused.",
    why: "Windows does not start the program without them; the C++ runtime is not on every machine.",
    fix: "Link the C runtime statically (`/MT`, `+crt-static`), or bundle the DLL beside the program; build an extension module for the Python of its tag";
    because: [Loader("the DLL is not found"), Habit("most machines have it, or the start goes on without it")]);

fn pe_imports(wheel: &WheelSubject, found: &mut Findings) {
    let required = required(wheel);
    objections(wheel, found, Some(Format::Pe), |it| match it {
        Objection::NeededLibrary { library, .. } => !required.may_have(library),
        _ => false,
    });
    for (member, facts) in wheel.inventory.binaries().iter().filter(|(_, facts)| facts.format == Format::Pe) {
        for needed in facts.slices.iter().flat_map(|slice| &slice.needed).filter(|needed| !needed.optional) {
            if let Some(library) = PythonLibrary::of(&needed.name)
                && let Some(tag) = unserved(wheel, member, library)
                && !wheel.inventory.brings(&needed.name)
            {
                let name = &needed.name;
                found.member(member, format!("it needs `{name}`, which not every Python of the tag `{tag}` has"));
            }
        }
    }
}

/// A tag of the file name that promises a Python without this library.
fn unserved(wheel: &WheelSubject, member: &str, library: PythonLibrary) -> Option<String> {
    let PythonLibrary::Version { major, minor, is_free_threaded } = library else { return None };
    let file = crate::member_path::file_name(member);
    let (version, dotted) = (format!("{major}{minor}"), format!("{major}.{minor}"));
    // A name with the version in it is for that one: Python passes over the others, and so does who loads it by name.
    if file.contains(&version) || file.contains(&dotted) {
        return None;
    }
    let tags = &wheel.name.as_ref().ok()?.tags;
    let own = format!("cp{version}");
    tags.python.iter().flat_map(|python| tags.abi.iter().map(move |abi| (python, abi))).find_map(|(python, abi)| {
        let is_served = match abi.strip_prefix(own.as_str()) {
            _ if !python.starts_with("cp") && !python.starts_with("py") => true,
            Some(flags) => *python == own && flags.contains('t') == is_free_threaded,
            None => *python == own && abi == "none" && !is_free_threaded,
        };
        (!is_served).then(|| format!("{python}-{abi}"))
    })
}

pub(crate) static RULES: &[&Rule] = &[&PE_IMPORTS];
