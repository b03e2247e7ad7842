//! What is loaded one after the other when a program of a wheel starts, or Python imports one of its modules, as the loaders
//! do it: breadth first, each library once (ld.so(8), dyld(1)). Told is what they miss on the way although the wheel has it.

use std::collections::{HashMap, HashSet};

use super::bundled::{BundledLibraries, Loader, Missed};
use super::facts::{Details, Facts, Kind, Slice};
use super::python::is_extension_module;
use super::search::{self, Image};
use crate::member_path;

/// How many directories are looked into for all files together. Past that, files are judged by their own paths alone.
const MAX_LOOKS: usize = 1 << 20;

/// By file and library: who loads the file where the loader does not find the library.
pub(super) fn missed(binaries: &[(String, Facts)], bundled: &BundledLibraries) -> Missed {
    let mut all = Loading { binaries, bundled, places: HashMap::new(), looks: MAX_LOOKS, missed: Missed::new() };
    let mut led_to = HashSet::new();
    for (place, (member, facts)) in binaries.iter().enumerate() {
        for slice in &facts.slices {
            let image = Image::of(member, slice);
            let mut own = slice.needed.iter().filter(|needed| bundled.has(&needed.name));
            let installed = member_path::child(&image.directory, member_path::file_name(member));
            all.places.insert(installed, place);
            led_to.extend(own.by_ref().filter(|needed| all.find(&[&image], &needed.name).is_some()).map(|it| &it.name));
        }
    }
    let programs = |slice: &Slice, _: &str| slice.kind == Kind::Executable;
    let modules = |slice: &Slice, member: &str| slice.kind == Kind::Library && imports_python(slice, member);
    all.load_from(Loader::program, programs, |_| true);
    // What some other file leads to may have been loaded by then.
    all.load_from(Loader::module, modules, |library| !led_to.contains(library));
    all.missed
}

/// Whether Python imports the file: by its name, or by what a module cannot do without (`PyInit_*` calls one of these).
pub(super) fn imports_python(slice: &Slice, member: &str) -> bool {
    let name = member_path::file_name(member);
    let is_named = [".cpython-", ".abi3.", ".pypy"].iter().any(|part| name.contains(part)) && name.ends_with(".so");
    let calls = || match &slice.details {
        Details::Elf(elf) => elf.undefined.iter().any(|symbol| {
            matches!(symbol.name.as_str(), "PyModule_Create2" | "PyModuleDef_Init" | "PyModule_FromDefAndSpec2")
        }),
        _ => false,
    };
    is_named || is_extension_module(name) || name.ends_with(".so") && calls()
}

struct Loading<'a> {
    binaries: &'a [(String, Facts)],
    bundled: &'a BundledLibraries,
    /// Which of the binaries lies at an installed path.
    places: HashMap<String, usize>,
    looks: usize,
    missed: Missed,
}

/// A file that has been loaded, and which one before asked for it.
struct Loaded<'a> {
    image: Image<'a>,
    member: &'a str,
    by: Option<usize>,
}

impl<'a> Loading<'a> {
    fn load_from(
        &mut self,
        loader: fn(&str) -> Loader,
        begins: impl Fn(&Slice, &str) -> bool,
        counts: impl Fn(&String) -> bool,
    ) {
        for (member, facts) in self.binaries {
            for slice in facts.slices.iter().filter(|slice| begins(slice, member)) {
                if matches!(slice.details, Details::Pe(_)) {
                    continue;
                }
                for (file, library) in self.start(member, slice).into_iter().filter(|(_, library)| counts(library)) {
                    let missed = self.missed.entry(file.to_owned()).or_default();
                    missed.entry(library.clone()).or_insert_with(|| loader(member));
                }
            }
        }
    }

    /// The files and the libraries that the loader does not find for them.
    fn start(&mut self, member: &'a str, slice: &'a Slice) -> Vec<(&'a str, &'a String)> {
        let (mut missed, mut asked) = (Vec::new(), HashSet::new());
        let mut loaded = vec![Loaded { image: Image::of(member, slice), member, by: None }];
        let mut next = 0;
        while let Some(Loaded { image, member, .. }) = loaded.get(next) {
            let (needed, member) = (&image.slice.needed, *member);
            let mut found = Vec::new();
            {
                let mut chain = Vec::new();
                let mut at = Some(next);
                while let Some(one) = at.and_then(|at| loaded.get(at)) {
                    chain.push(&one.image);
                    at = one.by;
                }
                for library in needed.iter().filter(|needed| self.bundled.has(&needed.name)) {
                    if !asked.insert(library.name.as_str()) {
                        continue;
                    }
                    let Some(left) = self.looks.checked_sub(chain.len()) else { return missed };
                    self.looks = left;
                    match self.find(&chain, &library.name) {
                        Some(directory) => found.extend(self.loaded(&directory, &library.name, slice, next)),
                        None if library.optional => {}
                        None => {
                            // Another file may find it yet, too late for this one.
                            missed.push((member, &library.name));
                        }
                    }
                }
            }
            loaded.extend(found);
            next += 1;
        }
        missed
    }

    fn find(&mut self, chain: &[&Image<'_>], library: &str) -> Option<String> {
        let (bundled, looks) = (self.bundled, &mut self.looks);
        search::find(chain, library, |directory, name| {
            *looks = looks.saturating_sub(1);
            bundled.lies_in(directory, name)
        })
    }

    /// The file of that name, where it has code for the same machine.
    fn loaded(&self, directory: &str, library: &str, like: &Slice, by: usize) -> Option<Loaded<'a>> {
        let place = member_path::child(directory, member_path::file_name(library));
        let (member, facts) = &self.binaries[*self.places.get(&place)?];
        let slice = facts.slices.iter().find(|slice| slice.machine == like.machine)?;
        Some(Loaded { image: Image::of(member, slice), member, by: Some(by) })
    }
}
