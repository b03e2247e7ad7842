//! The libraries that a wheel or payload brings along, and whether the loader finds them.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Details, Slice};
use super::python::is_extension_module;
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

/// The files of a wheel or payload that can serve as libraries: by name, the directories that hold them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BundledLibraries {
    directories: BTreeMap<String, BTreeSet<String>>,
    /// Whether Python imports one of these on Windows.
    has_extension_modules: bool,
    /// Functions that of all C libraries glibc alone has, and that some file here has too.
    glibc_functions: BTreeSet<String>,
}

impl BundledLibraries {
    /// The libraries at these paths, relative to the root of the wheel or payload and separated by `/`.
    pub fn at<'a>(members: impl IntoIterator<Item = &'a str>) -> Self {
        let mut directories: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for member in members {
            let (directory, name) = member.rsplit_once('/').unwrap_or(("", member));
            // Windows finds DLLs whatever the case; one spelling serves both.
            directories.entry(name.to_owned()).or_default().insert(directory.to_owned());
        }
        let has_extension_modules = directories.keys().any(|name: &String| is_extension_module(name));
        Self { directories, has_extension_modules, glibc_functions: BTreeSet::new() }
    }

    /// Adds the functions of glibc alone that a file of the wheel has itself.
    pub fn add_functions<'a>(&mut self, functions: impl IntoIterator<Item = &'a String>) {
        self.glibc_functions.extend(functions.into_iter().cloned());
    }

    /// Whether a file of the wheel has a function that of all C libraries glibc alone has.
    pub fn defines(&self, function: &str) -> bool {
        self.glibc_functions.contains(function)
    }

    /// Whether Python imports one of these on Windows.
    pub fn has_extension_modules(&self) -> bool {
        self.has_extension_modules
    }

    /// Whether `library`, as `slice` at `member` spells it, lies here within reach of the loader.
    pub fn reach(&self, member: &str, slice: &Slice, library: &str) -> Reach {
        let here = member_path::parent(member);
        let windows = matches!(slice.details, Details::Pe(_));
        let name = library.rsplit('/').next().unwrap_or(library);
        let holders: BTreeSet<&str> = if windows {
            let same = self.directories.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
            same.flat_map(|(_, directories)| directories).map(String::as_str).collect()
        } else {
            self.directories.get(name).into_iter().flatten().map(String::as_str).collect()
        };
        if holders.is_empty() {
            return Reach::Absent;
        }
        let candidates: Vec<Option<String>> = if windows {
            vec![Some(here.to_owned())]
        } else if matches!(slice.details, Details::MachO(_)) {
            mach_o_directories(here, slice, library)
        } else {
            slice.run_paths.iter().map(|path| below(here, path, &["$ORIGIN", "${ORIGIN}"])).collect()
        };
        let reached = candidates.into_iter().flatten().any(|directory| holders.contains(directory.as_str()));
        if reached { Reach::Within } else { Reach::Outside }
    }
}

/// The directories that dyld may find `library` in, inside the wheel.
fn mach_o_directories(here: &str, slice: &Slice, library: &str) -> Vec<Option<String>> {
    const ORIGINS: [&str; 2] = ["@loader_path", "@executable_path"];
    let (directory, _) = library.rsplit_once('/').unwrap_or(("", library));
    match directory.strip_prefix("@rpath") {
        Some(rest) => slice.run_paths.iter().map(|path| below(here, &format!("{path}{rest}"), &ORIGINS)).collect(),
        None => vec![below(here, directory, &ORIGINS)],
    }
}

/// A run path that begins at one of `origins`, as a directory of the wheel; `None` where it leads elsewhere.
fn below(here: &str, path: &str, origins: &[&str]) -> Option<String> {
    let rest = origins.iter().find_map(|origin| path.strip_prefix(origin))?;
    if !rest.is_empty() && !rest.starts_with('/') {
        return None;
    }
    member_path::join(here, rest)
}
