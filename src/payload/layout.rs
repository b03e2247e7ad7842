//! Where the files of an input go in the import package: the layout of a package directory is kept, a lone executable
//! goes to `bin/`. Modes are set by place and content, since archives and file systems lose them: a sandbox helper that
//! is not executable makes every sandboxed command fail, and nothing says so before.

use std::path::{Path, PathBuf};

use super::package::LONGEST;
use super::unpack::Found;
use super::{DESCRIPTOR, Form, Holding, Package, Payload, PayloadError, PayloadFile};
use crate::binary::{Format, Magic};
use crate::fs::{FsError, Mode};

/// The directory of the entry executable.
const BIN: &str = "bin";

/// A payload that lacks only what it was read from.
#[derive(Debug)]
pub(super) struct Layout {
    files: Vec<PayloadFile>,
    entrypoint: String,
    package: Option<Package>,
    ignored: Vec<String>,
}

impl Layout {
    pub(super) fn into_payload(mut self, form: Form, holding: Holding, wheel_version: Option<String>) -> Payload {
        self.files.sort_by(|one, other| one.path.cmp(&other.path));
        Payload {
            form,
            files: self.files,
            entrypoint: self.entrypoint,
            package: self.package,
            wheel_version,
            ignored: self.ignored,
            holding,
        }
    }
}

/// The layout of one executable.
pub(super) fn bare(source: &Path, executable: &str, size: u64) -> Result<Layout, FsError> {
    let windows = magic_of(source)? == Magic::Pe;
    let entrypoint = format!("{BIN}/{executable}{}", if windows { ".exe" } else { "" });
    let file = PayloadFile { path: entrypoint.clone(), source: source.to_owned(), mode: Mode::Executable, size };
    Ok(Layout { files: vec![file], entrypoint, package: None, ignored: Vec::new() })
}

/// The layout of the files of a directory or archive.
pub(super) fn arrange(origin: &Path, executable: &str, mut found: Vec<Found>) -> Result<Layout, PayloadError> {
    unwrap_folder(&mut found, executable);
    if found.iter().any(|file| file.path == DESCRIPTOR) {
        return described(origin, executable, found);
    }
    let entries = entry_names(executable);
    let present: Vec<_> = entries.iter().filter(|entry| found.iter().any(|file| file.path == **entry)).collect();
    match present[..] {
        [entry] => {
            let entrypoint = entry.clone();
            return package_layout(origin, entrypoint, Package::default(), None, found);
        }
        [_, _, ..] => {
            return Err(PayloadError::SeveralExecutables { path: origin.to_owned(), names: entries.join(", ") });
        }
        [] => {}
    }
    lone(origin, executable, found)
}

/// `bin/codex` and `bin/codex.exe`.
fn entry_names(executable: &str) -> [String; 2] {
    [format!("{BIN}/{executable}"), format!("{BIN}/{executable}.exe")]
}

/// Takes away the one folder that everything lies in, as archives often have it.
fn unwrap_folder(found: &mut [Found], executable: &str) {
    let Some((folder, _)) = found.first().and_then(|file| file.path.split_once('/')) else { return };
    let folder = format!("{folder}/");
    let all_inside = found.iter().all(|file| file.path.starts_with(&folder));
    let entries = entry_names(executable);
    if all_inside && !found.iter().any(|file| entries.contains(&file.path)) {
        for file in found {
            file.path.drain(..folder.len());
        }
    }
}

/// A package directory with a descriptor.
fn described(origin: &Path, executable: &str, found: Vec<Found>) -> Result<Layout, PayloadError> {
    let refused = |why| PayloadError::Package { path: origin.to_owned(), why };
    // invariant: the caller has seen the descriptor.
    let Some(descriptor) = found.iter().find(|file| file.path == DESCRIPTOR) else {
        return Err(refused("is missing".into()));
    };
    if descriptor.size > LONGEST {
        return Err(refused(format!("is larger than {LONGEST} bytes")));
    }
    let bytes = std::fs::read(&descriptor.source).map_err(FsError::read(&descriptor.source))?;
    let package = Package::parse(&bytes).map_err(refused)?;
    let exists = |path: &str| found.iter().any(|file| file.path == path);
    let entries = entry_names(executable);
    let entrypoint = match &package.entrypoint {
        Some(entrypoint) if !exists(entrypoint) => {
            return Err(refused(format!("names the entry point `{entrypoint}`, which does not exist")));
        }
        Some(entrypoint) if !entries.contains(entrypoint) => {
            return Err(refused(format!(
                "names the entry point `{entrypoint}`, and the runtime starts `{}` or `{}`",
                entries[0], entries[1]
            )));
        }
        Some(entrypoint) => entrypoint.clone(),
        None => match entries.iter().find(|entry| exists(entry)) {
            Some(entry) => entry.clone(),
            None => {
                let expected = format!("`{}`, or an entry point in `{DESCRIPTOR}`", entries[0]);
                return Err(PayloadError::NoExecutable { path: origin.to_owned(), expected });
            }
        },
    };
    package_layout(origin, entrypoint, package.clone(), Some(package), found)
}

fn package_layout(
    origin: &Path,
    entrypoint: String,
    directories: Package,
    package: Option<Package>,
    found: Vec<Found>,
) -> Result<Layout, PayloadError> {
    let mut files = Vec::with_capacity(found.len());
    let mut ignored = Vec::new();
    for file in found {
        // The import package of an unpacked wheel is a package directory but for its sources, which the template has.
        if super::zipped::is_python(&file.path) {
            ignored.push(file.path);
            continue;
        }
        let under = |directory: &str| file.path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'));
        let magic = magic_of(&file.source)?;
        if file.path == entrypoint {
            check_entry(origin, &file, magic)?;
        }
        let run = file.path == entrypoint || under(BIN) || under(&directories.path_dir);
        let helper = under(&directories.resources_dir) && magic.is_run();
        let mode = if run || helper { Mode::Executable } else { Mode::Data };
        files.push(PayloadFile { path: file.path, source: file.source, mode, size: file.size });
    }
    Ok(Layout { files, entrypoint, package, ignored })
}

fn magic_of(path: &Path) -> Result<Magic, FsError> {
    Magic::of_file(path).map_err(FsError::read(path))
}

/// The entry executable must be one, under the name that its system starts it by.
fn check_entry(origin: &Path, file: &Found, magic: Magic) -> Result<(), PayloadError> {
    let path = || origin.join(PathBuf::from(&file.path));
    let what = match (magic.format(), file.path.ends_with(".exe")) {
        (Some(Format::Pe), true) | (Some(Format::Elf | Format::MachO), false) => return Ok(()),
        (Some(Format::Pe), false) => "a Windows executable whose name does not end in `.exe`",
        (Some(_), true) => "called `.exe`, but is not a Windows executable",
        (None, _) if file.size == 0 => return Err(PayloadError::Empty { path: path() }),
        (None, _) => magic.described(),
    };
    Err(PayloadError::NotExecutable { path: path(), what })
}

/// One executable, alone or beside notes and other things that are not for running.
fn lone(origin: &Path, executable: &str, found: Vec<Found>) -> Result<Layout, PayloadError> {
    let mut candidates = Vec::new();
    for file in &found {
        let library = [".so", ".dylib", ".dll"].iter().any(|extension| file.path.contains(extension));
        if !file.path.contains('/') && !library && magic_of(&file.source)?.format().is_some() {
            candidates.push(file.clone());
        }
    }
    match &candidates[..] {
        [file] => {
            let mut layout = bare(&file.source, executable, file.size)?;
            layout.ignored = found.into_iter().map(|other| other.path).filter(|path| *path != file.path).collect();
            Ok(layout)
        }
        [] => {
            let [unix, windows] = entry_names(executable);
            let expected = format!("`{DESCRIPTOR}` with `{unix}` or `{windows}`, or one executable at the top");
            Err(PayloadError::NoExecutable { path: origin.to_owned(), expected })
        }
        several => {
            let names: Vec<_> = several.iter().map(|file| format!("`{}`", file.path)).collect();
            Err(PayloadError::SeveralExecutables { path: origin.to_owned(), names: names.join(", ") })
        }
    }
}
