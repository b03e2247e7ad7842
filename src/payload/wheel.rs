//! Published wheels as payloads: their files lie as the program's own, at paths of the import package, and are held against
//! RECORD (PyPA "Binary distribution format", "Recording installed projects"). Their metadata and the Python sources of the
//! package are written anew by the stage.
//!
//! | member | path |
//! | --- | --- |
//! | `PACKAGE/bin/rg` | `bin/rg` |
//! | `NAME-1.data/scripts/rg` | `rg` |
//! | `NAME-1.data/data/share/man/man1/rg.1` | `share/man/man1/rg.1` |
//! | `NAME-1.dist-info/licenses/LICENSE` | `licenses/LICENSE` |
//! | `NAME-1.dist-info/sboms/rg.cdx.json` | `rg.cdx.json`, apart from the others |

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use super::error::PayloadError;
use super::form::PayloadForm;
use super::found::{Found, WheelPart};
use super::input::{Input, Sought, WheelName};
use super::name::{self, is_code_of_package};
use super::package::DESCRIPTOR;
use super::rules::LICENCES;
use super::unpack::{Sink, limit};
use super::zipped::{reading, take};
use crate::console::Progress;
use crate::console::text::named;
use crate::fs::{FsError, Map};
use crate::member_path::{MemberPath, Node, Paths};
use crate::scheme::{self, Scheme};
use crate::wheel::info;
use crate::wheel::licences;
use crate::wheel::reader::MAX_TEXT;
use crate::wheel::record::Record;
use crate::wheel::verify::Rows;
use crate::zip::archive::Archive;

/// The `.dist-info` directory, which only wheels have.
pub(super) fn dist_info(archive: &Archive) -> Option<String> {
    archive.members().iter().find_map(|member| {
        let (directory, file) = info::of(&member.name)?;
        (file == "WHEEL").then(|| directory.to_owned())
    })
}

/// Unpacks what of a wheel is a payload.
pub(super) fn unpack(
    origin: &Path,
    archive: &Archive,
    dist_info: &str,
    sought: Sought<'_>,
    scratch: &Path,
    progress: &Progress,
) -> Result<Input, PayloadError> {
    let record = read_record(origin, archive, dist_info)?;
    let wanted = if sought.package_directory { Some(import_package(origin, archive)?) } else { None };
    let places = Places { dist_info };
    let mut sink = Sink::new(origin, scratch, limit(archive.size()));
    for member in archive.members() {
        let is_wanted = match (places.of(&member.name), &wanted) {
            (None, _) => false,
            (Some((At::Package(package), _)), Some(wanted)) => package == wanted,
            (Some((At::Part(part), _)), Some(_)) => part == WheelPart::Sboms,
            (Some(_), None) => true,
        };
        if is_wanted {
            take(origin, archive, member, &member.raw_name, &mut sink, Some(&record))?;
        }
        progress.advance(member.size);
    }
    let files = places.spread(origin, sought.program, sink.finish()?)?;
    // Neither part holds a hyphen.
    let (distribution, version) = places.stem().rsplit_once('-').unwrap_or_default();
    let modules = record.paths().filter_map(|path| path.strip_suffix("/__init__.py").map(str::to_owned)).collect();
    let wheel = WheelName { distribution: distribution.parse().ok(), version: version.to_owned(), modules };
    Ok(Input { form: PayloadForm::Wheel, files, wheel: Some(wheel) })
}

/// The directories of a wheel that are not packages.
struct Places<'a> {
    dist_info: &'a str,
}

/// Where in a wheel a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At<'a> {
    Package(&'a str),
    Part(WheelPart),
}

impl Places<'_> {
    /// NAME-VERSION.
    fn stem(&self) -> &str {
        info::stem(self.dist_info).unwrap_or(self.dist_info)
    }

    /// Where a member is and its path there; `None` where it is not of the payload.
    fn of<'m>(&self, name: &'m str) -> Option<(At<'m>, &'m str)> {
        let below = |directory: &str| name.strip_prefix(directory)?.strip_prefix('/');
        if let Some(path) = below(self.dist_info) {
            return match path.split_once('/') {
                Some((LICENCES, licence)) => Some((At::Part(WheelPart::Licences), licence)),
                Some(("sboms", sbom)) => Some((At::Part(WheelPart::Sboms), sbom)),
                None if licences::is_usual(path) => Some((At::Part(WheelPart::Licences), path)),
                _ => None,
            };
        }
        let inside = match scheme::of(self.stem(), name) {
            (Scheme::Scripts, script) => return Some((At::Part(WheelPart::Scripts), script)),
            (Scheme::Data, path) => return Some((At::Part(WheelPart::Data), path)),
            (Scheme::Headers | Scheme::Unknown, _) => return None,
            (Scheme::Root | Scheme::Purelib | Scheme::Platlib, path) => path,
        };
        let (package, path) = inside.split_once('/')?;
        // With a dot it is no package: libraries that a repair tool put there, or metadata of something else.
        (!package.contains('.') && !is_code_of_package(path)).then_some((At::Package(package), path))
    }

    /// Gives every file its path in the payload.
    fn spread(&self, origin: &Path, program: &str, found: Vec<Found>) -> Result<Vec<Found>, PayloadError> {
        let (mut found, dangling) = Found::without_dangling(found);
        // What lies in the package comes first, and a copy of it for the environment is no second file.
        found.sort_by_key(|file| matches!(self.of(&file.path), Some((At::Part(WheelPart::Data), _))));
        let package = self.package(origin, program, &found)?;
        let mut paths = Paths::default();
        let mut files: Vec<Found> = Vec::with_capacity(found.len());
        let mut by_path: HashMap<MemberPath, usize> = HashMap::new();
        for file in found {
            let (part, path) = match self.of(&file.path) {
                Some((At::Package(own), path)) if Some(own) == package.as_deref() => {
                    (WheelPart::Payload, path.to_owned())
                }
                Some((At::Part(WheelPart::Licences), path)) => (WheelPart::Licences, format!("{LICENCES}/{path}")),
                Some((At::Part(part), path)) => (part, path.to_owned()),
                _ => continue,
            };
            let refused = |why| PayloadError::Name { path: origin.to_owned(), member: file.path.to_string(), why };
            let path: MemberPath = path.parse().map_err(refused)?;
            match part {
                // It may be called as any file of the payload.
                WheelPart::Sboms => {}
                // Old tools leave a licence beside the directory of licences, and in it.
                WheelPart::Licences if !paths.take(&path, Node::File).is_empty() => continue,
                WheelPart::Licences => {}
                WheelPart::Data if is_copy(&file, by_path.get(&path).and_then(|place| files.get(*place)))? => continue,
                WheelPart::Payload | WheelPart::Data | WheelPart::Scripts | WheelPart::Dangling => {
                    name::take(&mut paths, origin, &path, Node::File)?
                }
            }
            by_path.entry(path.clone()).or_insert(files.len());
            files.push(Found { path, part, ..file });
        }
        without_code_beside_programs(&mut files)?;
        files.extend(dangling.into_iter().map(Found::dangling));
        Ok(files)
    }

    /// The import package that the payload is in: the only one, or else the only one that has the program, or a program.
    fn package(&self, origin: &Path, program: &str, found: &[Found]) -> Result<Option<String>, PayloadError> {
        let mut packages: BTreeMap<&str, Vec<&Found>> = BTreeMap::new();
        for file in found {
            if let Some((At::Package(package), _)) = self.of(&file.path) {
                packages.entry(package).or_default().push(file);
            }
        }
        if packages.len() < 2 {
            return Ok(packages.into_keys().next().map(str::to_owned));
        }
        let (mut with_the_program, mut with_a_program) = (Vec::new(), Vec::new());
        for (package, files) in packages {
            let mut programs = Vec::new();
            for file in files.into_iter().filter(|file| !file.is_library_by_name()) {
                if file.magic()?.format().is_some() {
                    programs.push(file.stem());
                }
            }
            if programs.contains(&program) {
                with_the_program.push(package);
            } else if !programs.is_empty() {
                with_a_program.push(package);
            }
        }
        let chosen = if with_the_program.is_empty() { with_a_program } else { with_the_program };
        match chosen[..] {
            [] => Ok(None),
            [package] => Ok(Some(package.to_owned())),
            _ => Err(PayloadError::SeveralExecutables { path: origin.to_owned(), names: named(chosen) }),
        }
    }
}

/// Takes out the Python sources of packages inside the import package in which a program lies, as in
/// `imageio_ffmpeg/binaries/`: they are for importing the directory, and the stage writes such files anew.
fn without_code_beside_programs(files: &mut Vec<Found>) -> Result<(), FsError> {
    let is_code = |file: &Found| file.part == WheelPart::Payload && is_code_of_package(file.file_name());
    let packages = files.iter().filter(|file| file.part == WheelPart::Payload && file.file_name() == "__init__.py");
    let packages: BTreeSet<String> = packages.map(|file| file.directory().to_owned()).collect();
    let mut with_program = BTreeSet::new();
    for file in files.iter().filter(|file| packages.contains(file.directory())) {
        if !is_code(file) && !file.is_library_by_name() && file.magic()?.format().is_some() {
            with_program.insert(file.directory().to_owned());
        }
    }
    files.retain(|file| !(is_code(file) && with_program.contains(file.directory())));
    Ok(())
}

/// Whether a file has the content of the one that is at its path already.
fn is_copy(file: &Found, there: Option<&Found>) -> Result<bool, FsError> {
    let Some(other) = there.filter(|other| other.size == file.size) else { return Ok(false) };
    let open = |file: &Found| Map::open(&file.source).map_err(FsError::read(&file.source));
    Ok(*open(other)? == *open(file)?)
}

/// The top-level directory of the wheel that carries a payload.
fn import_package(origin: &Path, archive: &Archive) -> Result<String, PayloadError> {
    let mut packages: Vec<&str> = Vec::new();
    for member in archive.members() {
        let Some((package, rest)) = member.name.split_once('/') else { continue };
        if info::stem(package).is_some() || scheme::stem(package).is_some() {
            continue;
        }
        if (rest == DESCRIPTOR || rest.starts_with("bin/")) && !packages.contains(&package) {
            packages.push(package);
        }
    }
    match packages[..] {
        [package] => Ok(package.to_owned()),
        [] => Err(PayloadError::NoExecutable {
            path: origin.to_owned(),
            expected: format!("an import package with `{DESCRIPTOR}` or `bin/` in it"),
        }),
        _ => Err(PayloadError::SeveralExecutables { path: origin.to_owned(), names: packages.join(", ") }),
    }
}

/// The rows of RECORD.
fn read_record(origin: &Path, archive: &Archive, dist_info: &str) -> Result<Rows, PayloadError> {
    let (path, member) = (origin.to_owned(), format!("{dist_info}/RECORD"));
    let Some(found) = archive.find(&member) else { return Err(PayloadError::NoWheel { path, member }) };
    let bytes = archive.read(found, MAX_TEXT).map_err(|error| reading(origin, error))?;
    let record = Record::parse(&bytes).map_err(|source| PayloadError::Record { path, member, source })?;
    Ok(Rows::new(record, dist_info))
}
