//! The layout of any program. As a script of the wheel it goes alone; in the import package it keeps everything below its
//! root, which is the directory that holds its `bin/`, or else the one that it lies in: `share/` beside `bin/` is where
//! programs look for what they need.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;

use super::error::PayloadError;
use super::found::{Found, WheelPart};
use super::input::{Extent, Input};
use super::name::is_code_of_package;
use super::place::{Executable, Layout, Placed, WheelDirectory};
use super::rules;
use super::search::{self, Known, Programs};
use crate::fs::Mode;
use crate::member_path::{MemberPath, PathError};
use crate::product::{Command, RuntimeProject};
use crate::wheel::sbom::is_sbom_name;

const BIN: &str = "bin";

/// The layout of what an input gave up.
pub(super) fn arrange(origin: &Path, project: &RuntimeProject, input: Input) -> Result<Layout, PayloadError> {
    let extent = input.extent(project);
    let (sboms, files): (Vec<_>, Vec<_>) =
        input.files.into_iter().partition(|file| file.part == WheelPart::Sboms || is_sbom_name(&file.path));
    let files = if matches!(extent, Extent::Own | Extent::Foreign) { files } else { unwrap_folder(files) };
    let mut known = Vec::with_capacity(files.len());
    for found in &files {
        known.push(Known { found, magic: found.magic()? });
    }
    let programs = search::find(origin, &project.executables, &known)?;
    let is_program = |file: &&Known<'_>| programs.all().any(|program| program.found.path == file.found.path);
    let others: Vec<_> = known.iter().filter(|file| !is_program(file)).copied().collect();

    let mut placed = Placed::new(origin);
    let candidates: Vec<_> = others.iter().map(|file| file.found).collect();
    let directory = programs.first.found.directory();
    let applied = rules::apply(project, origin, extent, &candidates, directory, &mut placed)?;
    for file in &sboms {
        placed.put_sbom(file)?;
    }
    let rest: Vec<_> = others.iter().filter(|file| !applied.moved.contains(&file.found.path)).copied().collect();
    let shelf = Shelf { origin, extent, name: project.executable(), programs: &programs };
    let (entrypoint, companions, kept) = match project.command {
        Command::Scripts => shelf.scripts(&mut placed)?,
        Command::Launcher | Command::None => shelf.package(&rest, &mut placed)?,
    };
    let has_a_place = |path: &MemberPath| kept.contains(path) || applied.taken.contains(path);
    let ignored = rest.iter().map(|file| &file.found.path).filter(|path| !has_a_place(path)).cloned().collect();
    let (placed_files, unmatched) = (placed.finish(), applied.unmatched);
    let called = programs.first.found.stem().to_owned();
    let linked = linked(programs.first.found, &known);
    Ok(Layout { files: placed_files, entrypoint, called, linked, companions, package: None, ignored, unmatched })
}

/// What a program is a link to, where other files lie beside that: the program itself would look for them there.
fn linked(program: &Found, known: &[Known<'_>]) -> Option<MemberPath> {
    if !program.is_link {
        return None;
    }
    let (twins, others): (Vec<&Found>, Vec<&Found>) =
        known.iter().map(|file| file.found).partition(|file| file.source == program.source);
    let with_others: HashSet<&str> = others.iter().map(|file| file.directory()).collect();
    let is_elsewhere =
        |twin: &&&Found| twin.directory() != program.directory() && with_others.contains(twin.directory());
    twins.iter().filter(|twin| !twin.is_link).find(is_elsewhere).map(|twin| twin.path.clone())
}

/// Takes away the one folder that everything lies in, as archives often have it.
pub(super) fn unwrap_folder(files: Vec<Found>) -> Vec<Found> {
    let folder = files.first().and_then(|file| file.path.split_once('/')).map(|(folder, _)| folder.to_owned());
    let Some(folder) = folder.filter(|folder| folder != BIN) else { return files };
    let inside = |file: &Found| Some(Found { path: file.path.below(&folder)?, ..file.clone() });
    files.iter().map(inside).collect::<Option<_>>().unwrap_or(files)
}

/// The program, the other executables, and what of the rest has a place too.
type Shelved = (Executable, Vec<Executable>, BTreeSet<MemberPath>);

struct Shelf<'a> {
    origin: &'a Path,
    extent: Extent,
    /// The program's in the table.
    name: &'a str,
    programs: &'a Programs<'a>,
}

impl Shelf<'_> {
    fn scripts(&self, placed: &mut Placed<'_>) -> Result<Shelved, PayloadError> {
        let mut put = |name: &str, program: &Known<'_>| {
            let path = self.path(&program.file_name(name))?;
            placed.put(program.found, WheelDirectory::Scripts, path.clone(), Mode::Executable)?;
            Ok::<_, PayloadError>(Executable { name: name.to_owned(), place: WheelDirectory::Scripts, path })
        };
        let entrypoint = put(self.name, &self.programs.first)?;
        let companions =
            self.programs.others.iter().map(|(name, program)| put(name, program)).collect::<Result<_, _>>()?;
        Ok((entrypoint, companions, BTreeSet::new()))
    }

    fn package(&self, rest: &[Known<'_>], placed: &mut Placed<'_>) -> Result<Shelved, PayloadError> {
        let directory = self.programs.first.found.directory();
        let (root, in_bin) = match directory.strip_suffix(BIN) {
            Some("") => ("", true),
            Some(above) if above.ends_with('/') => (above.trim_end_matches('/'), true),
            _ => (directory, false),
        };
        let below = |file: &Known<'_>| match root {
            "" => Some(file.found.path.clone()),
            root => file.found.path.below(root),
        };
        // Metadata of a wheel, and what starts something in Python, are not beside its program.
        let is_kept = |file: &Known<'_>| match file.found.part {
            WheelPart::Payload => true,
            // Of a wheel of ours it is what rows copied there.
            WheelPart::Data => self.extent != Extent::Own,
            WheelPart::Scripts => file.magic.format().is_some(),
            WheelPart::Licences | WheelPart::Sboms | WheelPart::Dangling => false,
        };
        let mut kept: Vec<_> =
            rest.iter().filter(|file| is_kept(file)).filter_map(|file| Some((below(file)?, file))).collect();
        // An import package as it lies where it was installed: its code is for importing it, and the stage writes that anew.
        if kept.iter().any(|(path, _)| **path == *"__init__.py") {
            kept.retain(|(path, _)| !is_code_of_package(path));
        }
        let alone = kept.is_empty() && self.programs.others.is_empty();
        let bin = if in_bin || alone { "bin/" } else { "" };
        let mut put = |name: &str, program: &Known<'_>, path: MemberPath| {
            placed.put(program.found, WheelDirectory::Package, path.clone(), Mode::Executable)?;
            Ok::<_, PayloadError>(Executable { name: name.to_owned(), place: WheelDirectory::Package, path })
        };
        let first = &self.programs.first;
        let entrypoint = put(self.name, first, self.path(&format!("{bin}{}", first.file_name(self.name)))?)?;
        let mut companions = Vec::new();
        for (name, program) in &self.programs.others {
            let beside = || self.path(&format!("{bin}{}", program.file_name(name)));
            companions.push(put(name, program, below(program).map_or_else(beside, Ok)?)?);
        }
        for (path, file) in &kept {
            let mode = file.found.mode_beside(file.magic, directory);
            placed.put(file.found, WheelDirectory::Package, path.clone(), mode)?;
        }
        Ok((entrypoint, companions, kept.into_iter().map(|(_, file)| file.found.path.clone()).collect()))
    }

    fn path(&self, path: &str) -> Result<MemberPath, PayloadError> {
        let refused =
            |why: PathError| PayloadError::Name { path: self.origin.to_owned(), member: path.to_owned(), why };
        path.parse().map_err(refused)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::payload::form::PayloadForm;
    use crate::samples::binary::{static_elf, windows_program};

    const TABLE: &str = "[tool.relkit]\ndistribution = \"rg-bin\"\nmodule = \"rg_bin\"\nexecutables = [\"rg\", \"rgx\"]\n\
                         command = \"COMMAND\"\nfiles = [{ from = \"doc/*\", to = \"share/\" }]\n[[tool.relkit.target]]\n\
                         triple = \"x86_64-pc-windows-msvc\"\nplatform-tag = \"win_amd64\"\nrunner = \"x\"\n";

    fn project(command: &str) -> RuntimeProject {
        RuntimeProject::from_pyproject(&TABLE.replace("COMMAND", command), "pyproject.toml").unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

        #[test]
        fn every_file_has_one_place_or_is_left_out(
            paths in prop::collection::btree_set("((a|bin|doc|lib)/){0,3}(rg|rgx|x|y)(\\.exe|\\.cdx\\.json|\\.so)?", 1..8),
            kinds in prop::collection::vec(0..4_usize, 8),
        ) {
            let directory = tempfile::tempdir().unwrap();
            let sources: Vec<_> = (0..4).map(|kind| directory.path().join(kind.to_string())).collect();
            for (source, bytes) in sources.iter().zip([static_elf().build(), windows_program(), b"#!x".to_vec(), b"x".to_vec()]) {
                std::fs::write(source, bytes).unwrap();
            }
            let file = |(path, kind): (&String, &usize)| Found {
                path: path.parse().unwrap(),
                source: sources[*kind].clone(),
                size: 1,
                mode: Mode::Data,
                part: WheelPart::Payload,
                is_link: false,
            };
            let files: Vec<_> = paths.iter().zip(&kinds).map(file).collect();
            for command in ["scripts", "launcher", "none"] {
                let input = Input { form: PayloadForm::Tar, files: files.clone(), wheel: None };
                // A path may be of a file and of a directory here, as in no input; that is refused, or not seen.
                let Ok(layout) = arrange(Path::new("x"), &project(command), input) else { continue };
                // A row copies what the package keeps.
                let places = layout.files.len() + layout.ignored.len();
                let copies = layout.files.iter().filter(|file| file.place == WheelDirectory::Data).count();
                let may_copy = if command == "scripts" { 0 } else { copies };
                prop_assert!((places - may_copy..=places).contains(&files.len()));
                for program in std::iter::once(&layout.entrypoint).chain(&layout.companions) {
                    let placed = layout.files.iter().find(|file| (file.place, &file.path) == (program.place, &program.path));
                    prop_assert!(placed.is_some_and(|file| file.mode == Mode::Executable));
                }
                let mut paths = BTreeSet::new();
                prop_assert!(layout.files.iter().all(|file| paths.insert((file.place, file.path.clone()))));
            }
        }
    }
}
