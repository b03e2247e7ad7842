//! Where the files of an input go in the import package: the layout of a package directory is kept, a lone executable
//! goes to `bin/`. Modes are set by place and content, since archives and file systems lose them: a sandbox helper that
//! is not executable makes every sandboxed command fail, and nothing says so before.

use std::path::{Path, PathBuf};

use super::error::PayloadError;
use super::name::is_python;
use super::package::{DESCRIPTOR, Package};
use super::unpack::Found;
use crate::binary::{Format, Magic};
use crate::fs::{FsError, Mode};
use crate::member_path::MemberPath;

/// The directory of the entry executable.
const BIN: &str = "bin";

/// A file of a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayloadFile {
    pub path: MemberPath,
    /// Where its bytes are until the payload is placed.
    pub source: PathBuf,
    /// Its mode in the wheel, whatever the input's was.
    pub mode: Mode,
    pub size: u64,
}

/// Where everything goes.
#[derive(Debug)]
pub(super) struct Layout {
    pub files: Vec<PayloadFile>,
    /// The entry executable among the files.
    pub entrypoint: MemberPath,
    pub package: Option<Package>,
    /// What is left out.
    pub ignored: Vec<MemberPath>,
}

/// The layout of one executable.
pub(super) fn bare(origin: &Path, source: &Path, executable: &str, size: u64) -> Result<Layout, PayloadError> {
    let [unix, windows] = entry_names(executable);
    let entrypoint = if magic_of(source)? == Magic::Pe { windows } else { unix };
    let unusable = |why| PayloadError::Name { path: origin.to_owned(), member: entrypoint.clone(), why };
    let entrypoint: MemberPath = entrypoint.parse().map_err(unusable)?;
    let file = PayloadFile { path: entrypoint.clone(), source: source.to_owned(), mode: Mode::Executable, size };
    Ok(Layout { files: vec![file], entrypoint, package: None, ignored: Vec::new() })
}

/// The layout of the files of a directory or archive.
pub(super) fn arrange(origin: &Path, executable: &str, found: Vec<Found>) -> Result<Layout, PayloadError> {
    let entries = entry_names(executable);
    let found = unwrap_folder(found, &entries);
    if let Some(descriptor) = find(&found, DESCRIPTOR) {
        let package = described(origin, descriptor)?;
        let entrypoint = entrypoint(origin, &package, &entries, &found)?;
        return package_layout(origin, entrypoint, Some(package), found);
    }
    let present: Vec<_> = entries.iter().filter_map(|entry| find(&found, entry)).collect();
    match present[..] {
        [entry] => {
            let entrypoint = entry.path.clone();
            package_layout(origin, entrypoint, None, found)
        }
        [] => lone(origin, executable, found),
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
    let bytes = std::fs::read(&descriptor.source).map_err(FsError::read(&descriptor.source))?;
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

fn package_layout(
    origin: &Path,
    entrypoint: MemberPath,
    package: Option<Package>,
    found: Vec<Found>,
) -> Result<Layout, PayloadError> {
    let Package { path_dir, resources_dir, .. } = package.clone().unwrap_or_default();
    let mut files = Vec::with_capacity(found.len());
    let mut ignored = Vec::new();
    for file in found {
        // The import package of an unpacked wheel is a package directory but for its sources, which the template has.
        if is_python(&file.path) {
            ignored.push(file.path);
            continue;
        }
        let magic = magic_of(&file.source)?;
        if file.path == entrypoint {
            check_entry(origin, &file, magic)?;
        }
        let under = |directory: &str| file.path.below(directory).is_some();
        let run = file.path == entrypoint || under(BIN) || under(&path_dir);
        let helper = under(&resources_dir) && magic.is_run();
        let mode = if run || helper { Mode::Executable } else { Mode::Data };
        files.push(PayloadFile { path: file.path, source: file.source, mode, size: file.size });
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(Layout { files, entrypoint, package, ignored })
}

fn magic_of(path: &Path) -> Result<Magic, FsError> {
    Magic::of_file(path).map_err(FsError::read(path))
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
            let mut layout = bare(origin, &file.source, executable, file.size)?;
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
