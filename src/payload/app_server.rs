//! The layout of an app server: a package directory is kept as it is in the import package, a lone executable goes to
//! `bin/`. Modes are set by place and content, since archives and file systems lose them: a sandbox helper that is not
//! executable makes every sandboxed command fail, and nothing says so before.

use std::path::Path;

use super::error::PayloadError;
use super::form::packed;
use super::found::{Found, WheelPart};
use super::input::{Extent, Input};
use super::name::is_code_of_package;
use super::package::{DESCRIPTOR, Package};
use super::place::{Executable, Layout, Placed, WheelDirectory};
use super::rules::{self, Applied};
use crate::binary::{Format, Magic};
use crate::fs::{FsError, Mode, read};
use crate::member_path::MemberPath;
use crate::product::RuntimeProject;
use crate::wheel::sbom::is_sbom_name;

/// The directory of the entry executable.
const BIN: &str = "bin";

/// The layout of what an input gave up.
pub(super) fn arrange(origin: &Path, project: &RuntimeProject, input: Input) -> Result<Layout, PayloadError> {
    let executable = project.executable();
    let extent = input.extent(project);
    let entries = entry_names(executable);
    let (sboms, found): (Vec<_>, Vec<_>) = input.files.into_iter().partition(|file| file.part == WheelPart::Sboms);
    let found = unwrap_folder(found, &entries);
    let shelf = Shelf { origin, project, extent, sboms };
    if let Some(descriptor) = find(&found, DESCRIPTOR) {
        let package = described(origin, descriptor)?;
        let entrypoint = entrypoint(origin, &package, &entries, &found)?;
        return shelf.package(&entrypoint, Some(package), &found);
    }
    let present: Vec<_> = entries.iter().filter_map(|entry| find(&found, entry)).collect();
    match present[..] {
        [entry] => shelf.package(&entry.path, None, &found),
        [] => {
            let program = lone(origin, executable, &found)?;
            shelf.lone(program, &found)
        }
        _ => Err(PayloadError::SeveralExecutables { path: origin.to_owned(), names: entries.join(", ") }),
    }
}

/// `bin/codex` and `bin/codex.exe`.
fn entry_names(executable: &str) -> [String; 2] {
    [format!("{BIN}/{executable}"), format!("{BIN}/{executable}.exe")]
}

fn find<'a>(found: &'a [Found], path: &str) -> Option<&'a Found> {
    found.iter().find(|file| *file.path == *path)
}

/// Takes away the one folder that everything lies in, as archives often have it.
fn unwrap_folder(found: Vec<Found>, entries: &[String; 2]) -> Vec<Found> {
    let folder = found.first().and_then(|file| file.path.split_once('/')).map(|(folder, _)| folder.to_owned());
    let entry_is_there = entries.iter().any(|entry| find(&found, entry).is_some());
    let Some(folder) = folder.filter(|_| !entry_is_there) else { return found };
    let inside = |file: &Found| Some(Found { path: file.path.below(&folder)?, ..file.clone() });
    found.iter().map(inside).collect::<Option<_>>().unwrap_or(found)
}

fn described(origin: &Path, descriptor: &Found) -> Result<Package, PayloadError> {
    let refused = |why| PayloadError::Package { path: origin.to_owned(), why };
    if descriptor.size > Package::MAX_SIZE {
        return Err(refused(format!("is larger than {} bytes", Package::MAX_SIZE)));
    }
    let bytes = read(&descriptor.source)?;
    Package::parse(&bytes).map_err(refused)
}

/// The entry executable of a package directory, which its descriptor may name.
fn entrypoint(
    origin: &Path,
    package: &Package,
    entries: &[String; 2],
    found: &[Found],
) -> Result<MemberPath, PayloadError> {
    let refused = |why| PayloadError::Package { path: origin.to_owned(), why };
    let file = match &package.entrypoint {
        None => entries.iter().find_map(|entry| find(found, entry)).ok_or_else(|| {
            let expected = format!("`{}`, or an entry point in `{DESCRIPTOR}`", entries[0]);
            PayloadError::NoExecutable { path: origin.to_owned(), expected }
        })?,
        Some(named) => {
            let missing = || refused(format!("names the entry point `{named}`, which does not exist"));
            let file = find(found, named).ok_or_else(missing)?;
            if !entries.contains(named) {
                return Err(refused(format!(
                    "names the entry point `{named}`, and the runtime starts `{}` or `{}`",
                    entries[0], entries[1]
                )));
            }
            file
        }
    };
    Ok(file.path.clone())
}

/// What both layouts are made with.
struct Shelf<'a> {
    origin: &'a Path,
    project: &'a RuntimeProject,
    extent: Extent,
    sboms: Vec<Found>,
}

impl Shelf<'_> {
    fn package(
        &self,
        entrypoint: &MemberPath,
        package: Option<Package>,
        found: &[Found],
    ) -> Result<Layout, PayloadError> {
        let Package { path_dir, resources_dir, .. } = package.clone().unwrap_or_default();
        let others: Vec<_> =
            found.iter().filter(|file| file.path != *entrypoint && *file.path != *DESCRIPTOR).collect();
        let mut placed = Placed::new(self.origin);
        let applied = self.apply(&others, &mut placed)?;
        let mut ignored = Vec::new();
        for file in found.iter().filter(|file| !applied.taken.contains(&file.path)) {
            // The import package of an unpacked wheel is a package directory but for its sources, which the template has.
            if is_code_of_package(&file.path) {
                ignored.push(file.path.clone());
                continue;
            }
            let magic = file.magic()?;
            if file.path == *entrypoint {
                check_entry(self.origin, file, magic)?;
            }
            let under = |directory: &str| file.path.below(directory).is_some();
            let run = file.path == *entrypoint || under(BIN) || under(&path_dir);
            let helper = under(&resources_dir) && magic.is_run();
            let mode = if run || helper { Mode::Executable } else { Mode::Data };
            placed.put(file, WheelDirectory::Package, file.path.clone(), mode)?;
        }
        self.finish(placed, entrypoint.clone(), package, ignored, applied)
    }

    /// One executable, alone or beside notes and other things that are not for running.
    fn lone(&self, program: &Found, found: &[Found]) -> Result<Layout, PayloadError> {
        let [unix, windows] = entry_names(self.project.executable());
        let entrypoint = if program.magic()? == Magic::Pe { windows } else { unix };
        let unusable = |why| PayloadError::Name { path: self.origin.to_owned(), member: entrypoint.clone(), why };
        let entrypoint: MemberPath = entrypoint.parse().map_err(unusable)?;
        let others: Vec<_> = found.iter().filter(|file| file.path != program.path).collect();
        let mut placed = Placed::new(self.origin);
        placed.put(program, WheelDirectory::Package, entrypoint.clone(), Mode::Executable)?;
        let applied = self.apply(&others, &mut placed)?;
        let mut ignored = Vec::new();
        for file in others {
            if is_sbom_name(&file.path) {
                placed.put_sbom(file)?;
            } else if !applied.taken.contains(&file.path) {
                ignored.push(file.path.clone());
            }
        }
        let layout = self.finish(placed, entrypoint, None, ignored, applied)?;
        Ok(Layout { called: program.stem().to_owned(), ..layout })
    }

    fn apply(&self, others: &[&Found], placed: &mut Placed<'_>) -> Result<Applied, PayloadError> {
        rules::apply(self.project, self.origin, self.extent, others, BIN, placed)
    }

    fn finish(
        &self,
        mut placed: Placed<'_>,
        entrypoint: MemberPath,
        package: Option<Package>,
        ignored: Vec<MemberPath>,
        applied: Applied,
    ) -> Result<Layout, PayloadError> {
        for file in &self.sboms {
            placed.put_sbom(file)?;
        }
        let name = self.project.executable().to_owned();
        let entrypoint = Executable { name, place: WheelDirectory::Package, path: entrypoint };
        let (files, unmatched) = (placed.finish(), applied.unmatched);
        let called = self.project.executable().to_owned();
        Ok(Layout { files, entrypoint, called, linked: None, companions: Vec::new(), package, ignored, unmatched })
    }
}

/// The entry executable must be one, under the name that its system starts it by.
fn check_entry(origin: &Path, file: &Found, magic: Magic) -> Result<(), PayloadError> {
    let path = || origin.join(&*file.path);
    let what = match (magic.format(), file.path.ends_with(".exe")) {
        (Some(Format::Pe), true) | (Some(Format::Elf | Format::MachO), false) => return Ok(()),
        (Some(Format::Pe), false) => "a Windows executable whose name does not end in `.exe`",
        (Some(_), true) => "called `.exe`, but is not a Windows executable",
        (None, _) if file.size == 0 => return Err(PayloadError::Empty { path: path() }),
        (None, _) => magic.described(),
    };
    Err(PayloadError::NotExecutable { path: path(), what })
}

/// The one executable at the top, whatever its name.
fn lone<'a>(origin: &Path, executable: &str, found: &'a [Found]) -> Result<&'a Found, PayloadError> {
    let mut candidates = Vec::new();
    for file in found {
        if file.directory().is_empty() && !file.is_library_by_name() && file.magic()?.format().is_some() {
            candidates.push(file);
        }
    }
    match candidates[..] {
        [file] => Ok(file),
        [] => {
            let top = found.iter().filter(|file| file.directory().is_empty());
            let known = top.map(|file| Ok((&file.path, file.magic()?))).collect::<Result<Vec<_>, FsError>>()?;
            if let Some(names) = packed(known) {
                return Err(PayloadError::Packed { path: origin.to_owned(), names });
            }
            let [unix, windows] = entry_names(executable);
            let expected = format!("`{DESCRIPTOR}` with `{unix}` or `{windows}`, or one executable at the top");
            Err(PayloadError::NoExecutable { path: origin.to_owned(), expected })
        }
        _ => {
            let names: Vec<_> = candidates.iter().map(|file| format!("`{}`", file.path)).collect();
            Err(PayloadError::SeveralExecutables { path: origin.to_owned(), names: names.join(", ") })
        }
    }
}
