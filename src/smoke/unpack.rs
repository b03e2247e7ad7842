//! A wheel as an installer leaves it: unpacked, verified against RECORD, with the modes that pip sets; and the runtime
//! found in it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::fault::Fault;
use crate::payload::DESCRIPTOR;
use crate::product::RuntimeProject;
use crate::wheel::install::Unpacked;

/// The largest manifest that is read, in bytes.
const LARGEST_MANIFEST: u64 = 1 << 20;

/// What a package directory says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// The version of the program, in its own spelling.
    pub version: Option<String>,
    /// The executable, relative to the directory.
    pub entrypoint: Option<String>,
    /// The directory of what the program uses itself.
    pub resources_dir: Option<String>,
    /// The directory that the program puts on the search path of commands.
    pub path_dir: Option<String>,
}

/// The runtime under test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runtime {
    /// The executable.
    pub executable: PathBuf,
    /// Its name in messages: its place in the wheel, or its file name.
    pub name: String,
    /// The package directory around it, if it is in one.
    pub package: Option<Package>,
}

/// A package directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// The directory.
    pub root: PathBuf,
    /// What it says of itself; `None` where it has no manifest.
    pub manifest: Option<Manifest>,
}

impl Package {
    /// The packaged search tool, if the package has one.
    #[must_use]
    pub fn search_tool(&self) -> Option<PathBuf> {
        let directory = self.manifest.as_ref().and_then(|manifest| manifest.path_dir.as_deref());
        self.tool(directory.unwrap_or("codex-path"), "rg")
    }

    /// The packaged sandbox helper, if the package has one.
    #[must_use]
    pub fn sandbox_helper(&self) -> Option<PathBuf> {
        let directory = self.manifest.as_ref().and_then(|manifest| manifest.resources_dir.as_deref());
        self.tool(directory.unwrap_or("codex-resources"), "bwrap")
    }

    fn tool(&self, directory: &str, name: &str) -> Option<PathBuf> {
        let directory = self.root.join(directory);
        [name.to_owned(), format!("{name}.exe")].iter().map(|name| directory.join(name)).find(|path| path.is_file())
    }
}

impl Runtime {
    /// The runtime in an unpacked wheel: where its manifest says, else `bin/` of the module.
    ///
    /// # Errors
    /// A fault when the wheel carries none.
    pub fn in_wheel(directory: &Path, files: &[Unpacked], project: &RuntimeProject) -> Result<Self, Fault> {
        let names = || files.iter().map(|file| file.installed.as_str());
        let executables = [project.executable.clone(), format!("{}.exe", project.executable)];
        // The module of the template first; a distribution under another name is tested all the same.
        let manifest_name = format!("{}/{DESCRIPTOR}", project.module);
        let manifest_file = names()
            .find(|name| *name == manifest_name)
            .or_else(|| names().find(|name| name.rsplit('/').next() == Some(DESCRIPTOR)));
        if let Some(file) = manifest_file {
            let manifest = read_manifest(&directory.join(file)).map_err(|why| format!("`{file}`: {why}"))?;
            let root = file.trim_end_matches(DESCRIPTOR);
            let mut entrypoints: Vec<_> = executables.iter().map(|name| format!("bin/{name}")).collect();
            if let Some(entrypoint) = manifest.as_ref().and_then(|manifest| manifest.entrypoint.clone()) {
                entrypoints = vec![entrypoint];
            }
            let wanted: Vec<_> = entrypoints.iter().map(|entrypoint| format!("{root}{entrypoint}")).collect();
            let name = names().find(|name| wanted.iter().any(|wanted| wanted == name));
            let name = name.ok_or_else(|| format!("`{}` is missing from the wheel", wanted[0]))?.to_owned();
            let package = Package { root: directory.join(root), manifest };
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
            .ok_or_else(|| format!("`{}/bin/{}` is missing from the wheel", project.module, project.executable))?;
        let executable = directory.join(name);
        let root = executable.parent().and_then(Path::parent).map(Path::to_owned);
        let package = root.map(|root| Package { root, manifest: None });
        Ok(Self { executable, name: name.to_owned(), package })
    }

    /// A bare executable, with the package directory around it if there is one.
    ///
    /// # Errors
    /// A fault when the manifest beside it cannot be used.
    pub fn bare(executable: &Path) -> Result<Self, Fault> {
        let name = executable
            .file_name()
            .map_or_else(|| executable.display().to_string(), |name| name.to_string_lossy().into_owned());
        let root = executable.parent().and_then(Path::parent).filter(|root| root.join(DESCRIPTOR).is_file());
        let package = match root {
            Some(root) => {
                let manifest = read_manifest(&root.join(DESCRIPTOR)).map_err(|why| format!("`{DESCRIPTOR}`: {why}"))?;
                Some(Package { root: root.to_owned(), manifest })
            }
            None => None,
        };
        Ok(Self { executable: executable.to_owned(), name, package })
    }
}

fn read_manifest(path: &Path) -> Result<Option<Manifest>, String> {
    let metadata = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        metadata => metadata.map_err(|error| error.to_string())?,
    };
    if metadata.len() > LARGEST_MANIFEST {
        return Err(format!("it has {} bytes, more than {LARGEST_MANIFEST}", metadata.len()));
    }
    let text = fs::read(path).map_err(|error| error.to_string())?;
    serde_json::from_slice(&text).map(Some).map_err(|error| format!("not a package manifest: {error}"))
}
