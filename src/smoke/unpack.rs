//! The runtime under test: found in a wheel as an installer leaves it, or given as a bare executable.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use pep440_rs::VersionSpecifiers;
use relkit_client::process::exhausted;

use super::fault::Fault;
use crate::binary::Magic;
use crate::fs::open_regular;
use crate::payload::{DESCRIPTOR, Package, WheelProgram};
use crate::product::{Command, RuntimeProject};
use crate::wheel::entry_points::{CONSOLE_SCRIPTS, EntryPoints};
use crate::wheel::install::Unpacked;
use crate::wheel::reader::{MAX_TEXT, Wheel, WheelError};

pub(super) struct Runtime {
    pub(super) executable: PathBuf,
    /// Its name in messages: its place in the wheel, or its file name.
    pub(super) name: String,
    /// The product's other executables that are there, by their names in its table.
    pub(super) beside: BTreeMap<String, Program>,
    /// The package directory around it, if it is in one.
    pub(super) package: Option<PackageDirectory>,
    pub(super) entry_point: Option<EntryPoint>,
}

pub(super) struct Program {
    pub(super) path: PathBuf,
    /// Its name in messages.
    pub(super) name: String,
}

/// What an installer writes a command for.
pub(super) struct EntryPoint {
    pub(super) name: String,
    pub(super) module: String,
    pub(super) object: String,
    /// The Pythons that the wheel is for.
    pub(super) requires_python: VersionSpecifiers,
    /// Whether the wheel requires other distributions.
    pub(super) needs_others: bool,
}

pub(super) struct PackageDirectory {
    pub(super) root: PathBuf,
    /// What it says of itself; what every package has where it says nothing.
    pub(super) descriptor: Package,
}

impl PackageDirectory {
    /// Reads a directory that has a descriptor, which messages call `name`.
    fn described(root: &Path, name: &str) -> Result<Self, Fault> {
        let mut bytes = Vec::new();
        let read =
            open_regular(&root.join(DESCRIPTOR)).and_then(|file| file.take(Package::MAX_SIZE).read_to_end(&mut bytes));
        read.map_err(|error| match exhausted(&error) {
            Some(hint) => Fault::of_machine(format!("`{name}` cannot be read now: {error}"), hint),
            None => format!("`{name}`: {error}").into(),
        })?;
        // Also for what it names: a path in it may lead anywhere.
        let descriptor = Package::parse(&bytes).map_err(|why| format!("`{name}` {why}"))?;
        Ok(Self { root: root.to_owned(), descriptor })
    }

    pub(super) fn search_tool(&self) -> Option<PathBuf> {
        self.tool(&self.descriptor.path_dir, "rg")
    }

    pub(super) fn sandbox_helper(&self) -> Option<PathBuf> {
        self.tool(&self.descriptor.resources_dir, "bwrap")
    }

    fn tool(&self, directory: &str, name: &str) -> Option<PathBuf> {
        let directory = self.root.join(directory);
        [name.to_owned(), format!("{name}.exe")].iter().map(|name| directory.join(name)).find(|path| path.is_file())
    }
}

impl Runtime {
    /// The runtime in an unpacked wheel.
    pub(super) fn in_wheel(directory: &Path, files: &[Unpacked], project: &RuntimeProject) -> Result<Self, Fault> {
        let mut runtime = match project.is_app_server() {
            true => Self::app_server(directory, files, project)?,
            false => {
                let name = locate(directory, files, project, project.executable())?.ok_or_else(|| {
                    let program = project.executable();
                    format!("`{program}` is missing from the wheel, from its scripts and from its packages")
                })?;
                Self::of(directory.join(name), name.to_owned(), None)
            }
        };
        for executable in &project.executables[1..] {
            if let Some(name) = locate(directory, files, project, executable)? {
                let found = Program { path: directory.join(name), name: name.to_owned() };
                runtime.beside.insert(executable.clone(), found);
            }
        }
        Ok(runtime)
    }

    fn of(executable: PathBuf, name: String, package: Option<PackageDirectory>) -> Self {
        Self { executable, name, beside: BTreeMap::new(), package, entry_point: None }
    }

    /// An app server: where its descriptor says, else where its program stands.
    fn app_server(directory: &Path, files: &[Unpacked], project: &RuntimeProject) -> Result<Self, Fault> {
        let names = || files.iter().map(|file| file.installed.as_str());
        let program = WheelProgram::of(project, project.executable());
        // The module of the template first; a distribution under another name is tested all the same.
        if let Some(&file) = program.descriptors(names()).first() {
            let root = file.trim_end_matches(DESCRIPTOR);
            let package = PackageDirectory::described(&directory.join(root), file)?;
            let wanted: Vec<_> = match &package.descriptor.entrypoint {
                Some(entrypoint) => vec![format!("{root}{entrypoint}")],
                None => file_names(project.executable()).map(|name| format!("{root}bin/{name}")).into(),
            };
            let name = names().find(|name| wanted.iter().any(|wanted| wanted == name));
            let name = name.ok_or_else(|| format!("`{}` is missing from the wheel", wanted[0]))?.to_owned();
            return Ok(Self::of(directory.join(&name), name, Some(package)));
        }
        let name = locate(directory, files, project, project.executable())?
            .ok_or_else(|| format!("`{}/bin/{}` is missing from the wheel", project.module, project.executable()))?;
        let executable = directory.join(name);
        let root = executable.parent().and_then(Path::parent).map(Path::to_owned);
        let package = root.map(|root| PackageDirectory { root, descriptor: Package::default() });
        Ok(Self::of(executable, name.to_owned(), package))
    }

    /// A bare executable, with what lies beside it; an app server with the package directory around it if there is one.
    pub(super) fn bare(executable: &Path, project: &RuntimeProject) -> Result<Self, Fault> {
        let name = executable
            .file_name()
            .map_or_else(|| executable.display().to_string(), |name| name.to_string_lossy().into_owned());
        let root = executable.parent().and_then(Path::parent).filter(|root| root.join(DESCRIPTOR).is_file());
        let root = root.filter(|_| project.is_app_server());
        let package = root.map(|root| PackageDirectory::described(root, DESCRIPTOR)).transpose()?;
        let mut runtime = Self::of(executable.to_owned(), name, package);
        for name in &project.executables[1..] {
            let beside = file_names(name).map(|name| executable.with_file_name(name));
            if let Some(path) = beside.into_iter().find(|path| path.is_file()) {
                runtime.beside.insert(name.clone(), Program { path, name: name.clone() });
            }
        }
        Ok(runtime)
    }
}

impl EntryPoint {
    /// That of the program, where the product's wheels start it through one and this wheel has it.
    pub(super) fn of(wheel: &Wheel, project: &RuntimeProject) -> Result<Option<Self>, WheelError> {
        let listed = wheel.find(&format!("{}/entry_points.txt", wheel.dist_info()));
        let Some(member) = listed.filter(|_| project.command == Command::Launcher) else { return Ok(None) };
        // What is no list of entry points is for `check` to say.
        let points = EntryPoints::parse(&wheel.read(member, MAX_TEXT)?).unwrap_or_default();
        let commands = points.entries.into_iter().filter(|point| point.group == CONSOLE_SCRIPTS);
        let own = commands.filter(|point| !point.object.is_empty()).find(|point| point.name == project.executable());
        // Which Pythons a wheel is for that does not say so, or not so that it can be read, is for `check` to say too.
        let requires_python = wheel.metadata().requires_python().ok().flatten().unwrap_or_default();
        Ok(own.map(|point| Self {
            name: point.name,
            module: point.module,
            object: point.object,
            requires_python,
            needs_others: wheel.metadata().requires_dist().next().is_some(),
        }))
    }
}

fn file_names(executable: &str) -> [String; 2] {
    [executable.to_owned(), format!("{executable}.exe")]
}

/// An executable in an unpacked wheel, also in one that another tool has made.
fn locate<'a>(
    directory: &Path,
    files: &'a [Unpacked],
    project: &RuntimeProject,
    executable: &str,
) -> Result<Option<&'a str>, Fault> {
    let program = WheelProgram::of(project, executable);
    // A script or a completion of the program's name is not the program, where there is one.
    let is_compiled =
        |file: &Unpacked| Magic::of_file(&directory.join(&file.installed)).is_ok_and(|magic| magic.format().is_some());
    let mut found: Vec<_> = files
        .iter()
        .filter_map(|file| Some((file, program.standing((file.scheme, &file.installed))?)))
        .map(|(file, standing)| ((!is_compiled(file), standing), file.installed.as_str()))
        .collect();
    found.sort_unstable();
    match found.as_slice() {
        [(first, one), (second, other), ..] if first == second => {
            Err(format!("the wheel has more than one `{executable}`: `{one}`, `{other}`").into())
        }
        [(_, name), ..] => Ok(Some(name)),
        [] => Ok(None),
    }
}
