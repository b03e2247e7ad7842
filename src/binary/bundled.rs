//! The libraries that a wheel or payload brings along, and whether the loader finds them.

use std::collections::{BTreeSet, HashMap};

use super::facts::{Details, Slice};
use super::python::is_extension_module;
use super::search::Image;
use super::{layout, search};
use crate::member_path;

/// Whether a library that a binary needs lies in the same wheel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reach {
    /// A run path, or the loader's own rule, leads to it.
    Within,
    /// It is there, and nothing leads to it.
    Outside,
    /// It is not there.
    Absent,
}

/// What loads a file before a library is looked for in vain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Loader {
    /// Its path in the wheel or payload.
    pub(crate) member: String,
    /// Whether it is a program, which begins with nothing loaded. Python may have loaded the library for a module.
    pub(crate) is_program: bool,
}

impl Loader {
    pub(super) fn program(member: &str) -> Self {
        Self { member: member.to_owned(), is_program: true }
    }

    pub(super) fn module(member: &str) -> Self {
        Self { member: member.to_owned(), is_program: false }
    }
}

/// By file and library: who loads the file where the loader does not find the library.
pub(super) type Missed = HashMap<String, HashMap<String, Loader>>;

/// The files of a wheel or payload that can serve as libraries: by name, the directories that hold them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct BundledLibraries {
    /// Installed directories, by name and by that name in small letters.
    directories: HashMap<String, BTreeSet<String>>,
    folded: HashMap<String, BTreeSet<String>>,
    missed: Missed,
    /// Whether Python imports one of these on Windows.
    has_extension_modules: bool,
    /// Functions that of all C libraries glibc alone has, and that some file here has too.
    glibc_functions: BTreeSet<String>,
}

impl BundledLibraries {
    /// The libraries at these paths, relative to the root of the wheel or payload and separated by `/`.
    pub(crate) fn at<'a>(members: impl IntoIterator<Item = &'a str>) -> Self {
        let mut bundled = Self::default();
        for member in members {
            let installed = layout::installed(member);
            let (directory, name) = (member_path::parent(&installed), member_path::file_name(member));
            for (table, name) in [
                (&mut bundled.directories, name.to_owned()),
                // Windows finds DLLs whatever the case.
                (&mut bundled.folded, name.to_ascii_lowercase()),
            ] {
                table.entry(name).or_default().insert(directory.to_owned());
            }
            bundled.has_extension_modules |= is_extension_module(name);
        }
        bundled
    }

    /// Adds what loaders do not find when they load these files one after the other.
    pub(crate) fn add_missed(&mut self, missed: Missed) {
        self.missed = missed;
    }

    /// Who loads `member` where the loader does not find `library`.
    pub(crate) fn missed(&self, member: &str, library: &str) -> Option<&Loader> {
        self.missed.get(member)?.get(library)
    }

    /// Whether a library is looked for in vain when Python imports a module.
    pub(super) fn is_any_module_lost(&self) -> bool {
        self.missed.values().flat_map(HashMap::values).any(|loader| !loader.is_program)
    }

    /// Whether some directory has a library of this name, in any case of letters.
    pub(crate) fn has_in_any_case(&self, name: &str) -> bool {
        self.folded.contains_key(&name.to_ascii_lowercase())
    }

    /// Whether some directory has a library of the name that this path ends in.
    pub(crate) fn has(&self, library: &str) -> bool {
        self.directories.contains_key(member_path::file_name(library))
    }

    /// Whether that installed directory has a library of this name.
    pub(crate) fn lies_in(&self, directory: &str, name: &str) -> bool {
        self.directories.get(name).is_some_and(|directories| directories.contains(directory))
    }

    /// Adds the functions of glibc alone that a file of the wheel has itself.
    pub(crate) fn add_functions<'a>(&mut self, functions: impl IntoIterator<Item = &'a String>) {
        self.glibc_functions.extend(functions.into_iter().cloned());
    }

    /// Whether a file of the wheel has a function that of all C libraries glibc alone has.
    pub(crate) fn defines(&self, function: &str) -> bool {
        self.glibc_functions.contains(function)
    }

    /// Whether Python imports one of these on Windows.
    pub(crate) fn has_extension_modules(&self) -> bool {
        self.has_extension_modules
    }

    /// Whether `library`, as the file spells it, lies here within reach of the loader by what the file says itself.
    /// `image` is of the slice, and asked for where a library of that name is there at all.
    pub(super) fn reach<'a>(&self, slice: &Slice, library: &str, image: impl FnOnce() -> &'a Image<'a>) -> Reach {
        let is_within = match slice.details {
            Details::Pe(_) => {
                let Some(directories) = self.folded.get(&library.to_ascii_lowercase()) else { return Reach::Absent };
                directories.contains(&image().directory)
            }
            _ if !self.has(library) => return Reach::Absent,
            _ => search::find(&[image()], library, |directory, name| self.lies_in(directory, name)).is_some(),
        };
        if is_within { Reach::Within } else { Reach::Outside }
    }
}
