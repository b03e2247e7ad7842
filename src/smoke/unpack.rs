//! The runtime under test: found in a wheel as an installer leaves it, or given as a bare executable.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::fault::Fault;
use crate::payload::{DESCRIPTOR, Package};
use crate::product::RuntimeProject;
use crate::wheel::install::Unpacked;

pub(super) struct Runtime {
    pub(super) executable: PathBuf,
    /// Its name in messages: its place in the wheel, or its file name.
    pub(super) name: String,
    /// The package directory around it, if it is in one.
    pub(super) package: Option<PackageDirectory>,
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
            File::open(root.join(DESCRIPTOR)).and_then(|file| file.take(Package::MAX_SIZE).read_to_end(&mut bytes));
        let descriptor = read
            .map_err(|error| error.to_string())
            .and_then(|_| Package::read(&bytes).map_err(|error| format!("not a package manifest: {error}")));
        let descriptor = descriptor.map_err(|why| format!("`{name}`: {why}"))?;
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
    /// The runtime in an unpacked wheel: where its descriptor says, else `bin/` of the module.
    pub(super) fn in_wheel(directory: &Path, files: &[Unpacked], project: &RuntimeProject) -> Result<Self, Fault> {
        let names = || files.iter().map(|file| file.installed.as_str());
        let executables = [project.executable().to_owned(), format!("{}.exe", project.executable())];
        // The module of the template first; a distribution under another name is tested all the same.
        let of_module = format!("{}/{DESCRIPTOR}", project.module);
        let descriptor = names()
            .find(|name| *name == of_module)
            .or_else(|| names().find(|name| name.rsplit('/').next() == Some(DESCRIPTOR)));
        if let Some(file) = descriptor {
            let root = file.trim_end_matches(DESCRIPTOR);
            let package = PackageDirectory::described(&directory.join(root), file)?;
            let wanted: Vec<_> = match &package.descriptor.entrypoint {
                Some(entrypoint) => vec![format!("{root}{entrypoint}")],
                None => executables.iter().map(|name| format!("{root}bin/{name}")).collect(),
            };
            let name = names().find(|name| wanted.iter().any(|wanted| wanted == name));
            let name = name.ok_or_else(|| format!("`{}` is missing from the wheel", wanted[0]))?.to_owned();
            return Ok(Self { executable: directory.join(&name), name, package: Some(package) });
        }
        let in_module = |name: &str| name.starts_with(&format!("{}/", project.module));
        let is_executable = |name: &str| {
            let mut parts = name.rsplit('/');
            let file_name = parts.next().unwrap_or_default();
            executables.iter().any(|executable| executable == file_name) && parts.next() == Some("bin")
        };
        let name = names()
            .find(|name| in_module(name) && is_executable(name))
            .or_else(|| names().find(|name| is_executable(name)))
            .ok_or_else(|| format!("`{}/bin/{}` is missing from the wheel", project.module, project.executable()))?;
        let executable = directory.join(name);
        let root = executable.parent().and_then(Path::parent).map(Path::to_owned);
        let package = root.map(|root| PackageDirectory { root, descriptor: Package::default() });
        Ok(Self { executable, name: name.to_owned(), package })
    }

    /// A bare executable, with the package directory around it if there is one.
    pub(super) fn bare(executable: &Path) -> Result<Self, Fault> {
        let name = executable
            .file_name()
            .map_or_else(|| executable.display().to_string(), |name| name.to_string_lossy().into_owned());
        let root = executable.parent().and_then(Path::parent).filter(|root| root.join(DESCRIPTOR).is_file());
        let package = root.map(|root| PackageDirectory::described(root, DESCRIPTOR)).transpose()?;
        Ok(Self { executable: executable.to_owned(), name, package })
    }
}
