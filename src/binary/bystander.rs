//! Binaries of a wheel that nothing loads on the machines of a tag, so that they say nothing of the tag: what tests read, what
//! is there for another machine and says so in its name, copies of runtimes that no file asks for, and starters that a pure
//! wheel ships as data. Known by where a file lies, by its name and by its facts; no specification speaks of it.

use std::cell::LazyCell;
use std::collections::{BTreeSet, HashMap, HashSet};

use super::error::BinaryError;
use super::facts::Facts;
use super::magic::Format;
use super::objection::{Objection, Weight};
use super::policy::is_runtime_of_windows;
use super::python::is_extension_module;
use crate::member_path::{file_name, parent};
use crate::scheme::{self, Scheme};
use crate::target::Architecture::{Aarch64, I686, X86_64};

/// How the archive of a wheel holds a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The mode of Unix systems.
    pub(crate) mode: u32,
    pub(crate) size: u64,
}

impl Entry {
    /// What lies among tests, is never imported, and is not meant to be started.
    pub(crate) fn is_test_data(self, path: &str) -> bool {
        is_among_tests(path) && self.is_data(path)
    }

    /// Whether it does no harm that a file which claims to be a binary cannot be read as one: it is for linkers, tests
    /// read it, or it is data of too few bytes for a program or of one for DOS.
    pub(crate) fn excuses(self, path: &str, error: &BinaryError) -> bool {
        let is_named = [".o", ".obj", ".ko", ".a"].iter().any(|suffix| path.ends_with(suffix));
        let is_for_linkers = matches!(error, BinaryError::Unsupported { .. }) && is_named;
        let is_of_nothing = self.size < HEADER || error.is_of_dos();
        let is_data = || self.is_data(path) && !(is_of_nothing && ends_with(path, ".exe"));
        is_for_linkers || (error.is_for_linkers() || is_of_nothing) && is_data() || self.is_test_data(path)
    }

    /// What lies among the packages without the name of a library or the right to be started.
    pub(crate) fn is_data(self, path: &str) -> bool {
        let file = file_name(path);
        !is_library_name(file) && self.mode & 0o111 == 0 && scheme::of_any(path).0 == Scheme::Root
    }
}

/// The header of a 64-bit ELF file, and the one for DOS of a PE file: fewer bytes are the sign of a format, kept as data.
const HEADER: u64 = 64;

/// Whether a file lies where tests do.
pub(crate) fn is_among_tests(path: &str) -> bool {
    const DIRECTORIES: [&str; 7] = ["test", "tests", "testing", "testdata", "test_data", "test-data", "fixtures"];
    parent(path).split('/').any(|part| DIRECTORIES.contains(&part))
}

/// Whether a file is called as libraries and extension modules are: `libz.so.1`, `a.dylib`, `a.dll`, `a.pyd`.
pub(crate) fn is_library_name(file: &str) -> bool {
    ends_as_library(file) || file.to_ascii_lowercase().contains(".so.")
}

/// Whether a file ends as a library or an extension module of some system does, in any case of letters.
pub(crate) fn ends_as_library(file: &str) -> bool {
    [".so", ".pyd", ".dylib", ".dll"].iter().any(|end| ends_with(file, end))
}

/// Whether a name ends so, in any case of letters.
fn ends_with(name: &str, end: &str) -> bool {
    let start = name.len().checked_sub(end.len());
    start.and_then(|start| name.get(start..)).is_some_and(|tail| tail.eq_ignore_ascii_case(end))
}

/// The largest starter of the kind that script makers copy: uv's, setuptools' and distlib's have less than a third of it.
const MAX_STARTER: u64 = 512 << 10;

/// Binaries that are data: what tests read, libraries of .NET, and the small starters for Windows, which Python code copies
/// beside scripts: families for several machines in one directory, and those known by their names. Of starters, what lies in
/// `.data` or is the product's own program, `own`, is none; of libraries, what Python imports.
pub(super) fn shipped_as_data<'a>(
    binaries: &'a [(String, Facts)],
    entries: &HashMap<String, Entry>,
    own: Option<&str>,
) -> HashSet<&'a str> {
    const NAMES: [&str; 6] = ["cli", "gui", "launcher", "trampoline", "t", "w"];
    let is_small = |path: &str| entries.get(path).is_some_and(|entry| entry.size <= MAX_STARTER);
    let is_one =
        |path: &str| ends_with(path, ".exe") && scheme::of_any(path).0 == Scheme::Root && own != Some(file_name(path));
    let mut by_directory: HashMap<&str, (Vec<&str>, BTreeSet<_>)> = HashMap::new();
    for (path, facts) in binaries.iter().filter(|(path, _)| is_one(path) && is_small(path)) {
        let (paths, machines) = by_directory.entry(parent(path)).or_default();
        paths.push(path);
        machines.extend(facts.slices.iter().map(|slice| slice.machine));
    }
    let is_named = |path: &str| {
        let file = file_name(path).to_ascii_lowercase();
        let mut words = file.trim_end_matches(".exe").split(['-', '_', '.']);
        words.any(|word| NAMES.contains(&word.trim_end_matches(|last: char| last.is_ascii_digit())))
    };
    let mut chosen = HashSet::new();
    for (paths, machines) in by_directory.into_values() {
        chosen.extend(paths.into_iter().filter(|path| machines.len() > 1 || is_named(path)));
    }
    let is_assembly = |path: &str, facts: &Facts| facts.is_assembly() && !is_extension_module(file_name(path));
    let is_test_data = |path: &str| entries.get(path).is_some_and(|entry| entry.is_test_data(path));
    let others = binaries.iter().filter(|(path, facts)| is_assembly(path, facts) || is_test_data(path));
    chosen.extend(others.map(|(path, _)| path.as_str()));
    chosen
}

/// The binaries of one wheel, with those that are for another machine than some tag's.
pub(crate) struct Bystanders<'a> {
    binaries: HashMap<&'a str, &'a Facts>,
    /// How the archive holds each.
    entries: &'a HashMap<String, Entry>,
    wrong: HashSet<&'a str>,
    /// Those shipped as data.
    data: Late<'a, HashSet<&'a str>>,
    /// The names of the libraries that some file needs, in small letters.
    asked_for: Late<'a, HashSet<String>>,
}

/// What is found out where it is asked for.
type Late<'a, T> = LazyCell<T, Box<dyn FnOnce() -> T + 'a>>;

impl<'a> Bystanders<'a> {
    /// `objections` are all those to the tags that are judged; `own` is the product's own program.
    pub(super) fn among<'o>(
        binaries: &'a [(String, Facts)],
        entries: &'a HashMap<String, Entry>,
        own: Option<&'a str>,
        objections: impl IntoIterator<Item = (&'a str, &'o Objection)>,
    ) -> Self {
        let is_wrong = |(_, objection): &(_, &Objection)| objection.weight() == Weight::WrongMachine;
        let needed = || {
            let slices = binaries.iter().flat_map(|(_, facts)| &facts.slices);
            slices.flat_map(|slice| &slice.needed).map(|needed| needed.name.to_ascii_lowercase()).collect()
        };
        Self {
            binaries: binaries.iter().map(|(member, facts)| (member.as_str(), facts)).collect(),
            entries,
            data: LazyCell::new(Box::new(move || shipped_as_data(binaries, entries, own))),
            wrong: objections.into_iter().filter(is_wrong).map(|(member, _)| member).collect(),
            asked_for: LazyCell::new(Box::new(needed)),
        }
    }

    /// Whether what a file is blamed for means nothing, for nothing loads it there.
    pub(crate) fn excuse(&self, member: &str, objection: &Objection) -> bool {
        if self.entries.get(member).is_some_and(|entry| entry.is_test_data(member)) {
            return true;
        }
        if *objection == Objection::NativeCode {
            return self.data.contains(member);
        }
        // Where nothing is for the tag's own machine, a name excuses nothing.
        let is_any_right = self.wrong.len() < self.binaries.len();
        let is_of_others = || {
            self.names_its_machine(member)
                || matches!(objection, Objection::Format { .. })
                    && (self.names_its_loader(member) || self.data.contains(member))
        };
        self.wrong.contains(member)
            && (is_any_right && is_of_others()
                || matches!(objection, Objection::Architecture { .. }) && self.is_unused_runtime(member))
    }

    /// Whether the file is a part of Windows' or Microsoft's C and C++ runtimes, copied along, that no other file asks for.
    fn is_unused_runtime(&self, member: &str) -> bool {
        let name = file_name(member);
        is_runtime_of_windows(name) && !self.asked_for.contains(&name.to_ascii_lowercase())
    }

    /// Whether a library has the name of one that another system's loader loads, or of data of a runtime's own (an
    /// ahead-of-time snapshot, say): what picks its library by name never takes it on the tag's machines. Nothing that Python
    /// imports has.
    fn names_its_loader(&self, member: &str) -> bool {
        let Some(facts) = self.binaries.get(member).filter(|facts| !facts.is_executable()) else { return false };
        let name = file_name(member).to_ascii_lowercase();
        match facts.format {
            Format::MachO => name.ends_with(".dylib"),
            Format::Pe => name.ends_with(".dll"),
            Format::Elf => {
                let is_library = name.ends_with(".so") || name.contains(".so.");
                name.contains('.') && !is_library && scheme::of_any(member).0 != Scheme::Scripts
            }
        }
    }

    /// Whether the name of a file or of its directory says for which other machine it is, so that it is there for that one: a
    /// debugger's helper for 32-bit processes, say. Nothing that Python imports and no script is.
    fn names_its_machine(&self, member: &str) -> bool {
        let Some(facts) = self.binaries.get(member).filter(|_| scheme::of_any(member).0 != Scheme::Scripts) else {
            return false;
        };
        let lower = member.to_ascii_lowercase();
        if lower.ends_with(".pyd") || lower.contains(".abi3.") || lower.contains(".cpython-") {
            return false;
        }
        let words: Vec<&str> = lower.rsplit('/').take(2).flat_map(|part| part.split(['_', '-', '.'])).collect();
        let has = |names: &[&str]| names.iter().any(|name| words.contains(name));
        // As in `portaudio32bit.dll`.
        let ends = |name: &str| words.iter().any(|word| word.ends_with(name));
        facts.slices.iter().all(|slice| match slice.machine.architecture() {
            Some(I686) => has(&["x86", "i386", "i686", "32", "win32", "x32", "ia32"]) && !has(&["64"]) || ends("32bit"),
            Some(Aarch64) => has(&["arm64", "aarch64"]) || ends("arm64"),
            Some(X86_64) => {
                has(&["amd64", "x64", "x86_64"]) || words.windows(2).any(|pair| pair == ["x86", "64"]) || ends("64bit")
            }
            _ => false,
        })
    }
}
