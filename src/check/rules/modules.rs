//! Extension modules by what Python does once it has found them: it loads them as libraries and calls a function of each (PEP
//! 489, PEP 793).

use std::cell::OnceCell;
use std::collections::HashSet;

use super::binary::python_loads_libraries;
use super::contents::{installed, is_test_data};
use super::extensions::module;
use crate::binary::{
    Details, ElfFacts, Facts, Format, Kind, PythonLibrary, Slice, UndefinedSymbol, may_be_of_python, starts_module,
};
use crate::check::rule::{Findings, Rule, Severity, rule};
use crate::check::subject::wheel::WheelSubject;
use crate::member_path::{file_name, parent};

rule!(EXTENSION_START = "extension-start", Error, Wheel(extension_start);
    what: "What has the name of an extension module of Python 3 (`NAME.cpython-312-*.so`, `NAME.abi3.so`, `NAME.pyd`) is a library, and exports the function that starts the module: `PyInit_NAME`, or `PyModExport_NAME` from Python 3.15 on. Where Python code of the wheel loads libraries by other means, such as `ctypes`, it is a warning, and where the library uses nothing of Python or the code names the file with its suffix, nothing; without such code that is a warning. Libraries that others of the wheel are linked against may have any name.",
    why: "Python finds the file and cannot import it: `dynamic module does not define module export function`, or, of a program, `cannot dynamically load position-independent executable`.",
    fix: "Export the function (a version script, `-fvisibility=hidden` or `strip` may have taken it away), or give the file the name of the module that it is";
    because: [Loader("the import of the module fails"), Habit("a library that Python code loads by its path may have any name, and nothing imports what tests read")]);

fn extension_start(wheel: &WheelSubject, found: &mut Findings) {
    let Ok(name) = &wheel.name else { return };
    // The modules of Python 2 are started by other functions.
    let version = |tag: &str| tag.trim_start_matches(|letter: char| letter.is_ascii_alphabetic()).chars().next();
    if name.tags.python.iter().any(|tag| version(tag) == Some('2')) {
        return;
    }
    let loads_libraries = OnceCell::new();
    let slices = wheel.inventory.binaries().iter().flat_map(|(_, facts)| &facts.slices);
    let linked: HashSet<&str> = slices.flat_map(|slice| &slice.needed).map(|needed| file_name(&needed.name)).collect();
    let is_for_musl_alone = name.tags.platform.iter().all(|tag| tag.starts_with("musllinux_"));
    for (member, facts) in wheel.inventory.binaries() {
        let Some((path, suffix)) = module(installed(wheel, member)) else { continue };
        let is_for_windows = suffix.ends_with(".pyd");
        // A name for one system on a file of another is other rules' matter.
        if suffix == ".so" || is_for_windows != (facts.format == Format::Pe) {
            continue;
        }
        let module = match file_name(path) {
            "__init__" => file_name(parent(path)),
            name => name,
        };
        let Some(message) = unstartable(facts, module, is_for_musl_alone) else { continue };
        // What asks nothing of Python is no module, whatever it is called: who wants it loads it by its path, or is linked
        // against it.
        let (is_program, is_module) = (facts.is_executable(), facts.slices.iter().any(asks_python));
        let is_loaded = !is_program && *loads_libraries.get_or_init(|| python_loads_libraries(wheel));
        let is_by_path = is_loaded && (!is_module || names_file(wheel, file_name(member)));
        if is_by_path || !is_program && linked.contains(file_name(member)) {
            continue;
        }
        let is_lenient = is_test_data(wheel, member) || is_loaded || !is_program && !is_module;
        found.with(if is_lenient { Severity::Warning } else { Severity::Error }, Some(member), message);
    }
}

/// Whether Python code of the wheel names the file with its suffix, as `_inject.abi3.so` or `f"_inject.{abi}.so"`: who imports a
/// module never does, who has it loaded by another way, as a debugger injects it into a process, must.
fn names_file(wheel: &WheelSubject, file: &str) -> bool {
    let Some((stem, suffix)) = file.split_once('.') else { return false };
    let (stem, end) =
        (format!("{stem}."), suffix.rsplit('.').next().map(|last| format!(".{last}")).unwrap_or_default());
    let is_inside = |before: &str| before.ends_with(|last: char| last.is_alphanumeric() || last == '_');
    let is_named = |line: &str| {
        let mut places = line.match_indices(stem.as_str());
        // The dot of the stem may be that of the suffix.
        places.any(|(at, _)| !is_inside(&line[..at]) && line[at + stem.len() - 1..].contains(&end))
    };
    let mut sources = wheel.files().filter(|(member, _)| member.name.ends_with(".py"));
    sources
        .any(|(_, scanned)| String::from_utf8_lossy(scanned.text.as_deref().unwrap_or_default()).lines().any(is_named))
}

/// Whether the file is one that Python starts under some name, or that uses what Python has.
fn asks_python(slice: &Slice) -> bool {
    let is_named = |symbols: &[UndefinedSymbol]| symbols.iter().any(|symbol| may_be_of_python(symbol.name.as_bytes()));
    slice.module_starts.as_ref().is_some_and(|functions| !functions.is_empty())
        || slice.needed.iter().any(|needed| PythonLibrary::of(&needed.name).is_some())
        || match &slice.details {
            Details::Elf(elf) => is_named(&elf.undefined),
            Details::MachO(mach_o) => is_named(&mach_o.of_python),
            Details::Pe(_) => false,
        }
}

/// Why Python cannot start a module of this name from the file.
fn unstartable(facts: &Facts, module: &str, is_for_musl_alone: bool) -> Option<String> {
    facts.slices.iter().find_map(|slice| {
        let is_started = slice.module_starts.as_ref().is_some_and(|functions| starts_module(functions, module));
        if slice.kind == Kind::Executable && !is_started {
            return Some(
                "it is called as an extension module is, and is a program, which Python cannot load".to_owned(),
            );
        }
        // musl opens what says so.
        if let (Details::Elf(ElfFacts { is_closed: true, .. }), false) = (&slice.details, is_for_musl_alone) {
            let closed = "it is called as an extension module is, and says that no program may open it (`-z nodlopen`)";
            return Some(closed.to_owned());
        }
        let functions = slice.module_starts.as_ref()?;
        if is_started {
            return None;
        }
        let wanted = if module.is_ascii() { format!("`PyInit_{module}`") } else { "`PyInitU_…`".to_owned() };
        let instead = functions.first().map(|first| format!("; it has `{first}`")).unwrap_or_default();
        Some(format!(
            "it is called as an extension module is, and exports no {wanted}, by which Python starts it{instead}"
        ))
    })
}

pub(crate) static RULES: &[&Rule] = &[&EXTENSION_START];
