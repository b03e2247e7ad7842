//! A staged tree, read and checked before anything is built from it: `pyproject.toml` with the `[tool.relkit.stage]`
//! table that staging wrote, the import package under `src/`, the description and the licence files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::project_table::{LicenseFiles, Project, ReadmeSource, TableError};
use crate::error::{Exit, Explain};
use crate::fs::{self, FsError, Kind, Mode, Walked};
use crate::target::PlatformTagSet;
use crate::version::CodexVersion;
use crate::wheel::fields::{Fields, FieldsError};
use crate::wheel::filename::{SdistFileName, WheelFileName};
use crate::wheel::licences;
use crate::wheel::tag::TagSet;
use crate::wheel::wheel_file::Root;

/// A staged tree that distributions can be built from.
#[derive(Debug, Clone)]
pub struct Staged {
    /// The tree.
    pub directory: PathBuf,
    /// What it becomes.
    pub kind: StageKind,
    /// The release of the program that it belongs to.
    pub codex_version: CodexVersion,
    /// The metadata of the distribution.
    pub project: Project,
    /// METADATA, complete.
    pub metadata: Fields,
    /// The files of the import package, by their path in the wheel.
    pub package: BTreeMap<String, Walked>,
    /// What staging said is to be run and has lost its execute bit since, by path below the import package. The wheel
    /// carries it executable all the same.
    pub restored: Vec<String>,
    /// The licence files, by their path in the tree.
    pub(crate) licenses: BTreeMap<String, Walked>,
    /// What a source distribution holds beside PKG-INFO, by the path in the tree.
    pub(crate) sources: BTreeMap<String, Walked>,
}

/// What a stage becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StageKind {
    /// A wheel for the platforms of its tags; never a source distribution.
    Runtime(PlatformTagSet),
    /// A wheel and a source distribution for every platform.
    Sdk,
}

/// A directory that cannot be built from.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    #[error("`{}` is not a stage: {why}", path.display())]
    NotAStage { path: PathBuf, why: String },
    #[error("`{}` cannot be read", path.display())]
    Pyproject {
        path: PathBuf,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("`{}` cannot be built from", path.display())]
    Project {
        path: PathBuf,
        #[source]
        source: TableError,
    },
    #[error("`{}`: {why}", path.display())]
    File { path: PathBuf, why: String },
    #[error("`{}` is missing: the stage names it as an executable of the wheel", path.display())]
    NoExecutable { path: PathBuf },
    #[error("`{}` is {what}, and a distribution holds regular files only", path.display())]
    Special { path: PathBuf, what: &'static str },
    #[error("`{}` contradicts itself: {what}", path.display())]
    Untrue { path: PathBuf, what: String },
    #[error("`{}` has metadata that cannot be written", path.display())]
    Metadata {
        path: PathBuf,
        #[source]
        source: FieldsError,
    },
    #[error(transparent)]
    Fs(#[from] FsError),
}

impl Explain for StageError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::NotAStage { .. } | Self::Untrue { .. } => {
                Some("make a stage with `relkit stage-runtime` or `relkit stage-sdk`".into())
            }
            Self::NoExecutable { .. } => {
                Some("stage the payload again with `relkit stage-runtime`: no wheel works without it".into())
            }
            Self::Special { .. } => Some("replace it by a regular file, or remove it".into()),
            Self::Fs(error) => error.hint(),
            Self::Pyproject { .. } | Self::Project { .. } | Self::File { .. } | Self::Metadata { .. } => None,
        }
    }

    fn exit(&self) -> Exit {
        if matches!(self, Self::Untrue { .. } | Self::NoExecutable { .. }) { Exit::NotGood } else { Exit::Failed }
    }
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    tool: Tool,
}

#[derive(Deserialize, Default)]
struct Tool {
    relkit: Option<Table>,
}

#[derive(Deserialize)]
struct Table {
    distribution: String,
    module: String,
    stage: Option<StageTable>,
}

#[derive(Deserialize)]
#[serde(tag = "kind", deny_unknown_fields, rename_all = "kebab-case", rename_all_fields = "kebab-case")]
enum StageTable {
    Runtime {
        platform_tag: String,
        codex_version: String,
        #[serde(default)]
        executables: Vec<String>,
    },
    Sdk {
        codex_version: String,
    },
}

const PYPROJECT: &str = "pyproject.toml";

impl Staged {
    /// Reads a stage and checks that everything it names is there.
    ///
    /// # Errors
    /// When the directory is no stage, is incomplete, or contradicts itself.
    pub fn read(directory: &Path) -> Result<Self, StageError> {
        let not_a_stage = |why: &str| StageError::NotAStage { path: directory.to_owned(), why: why.to_owned() };
        match std::fs::metadata(directory) {
            Err(error) => return Err(FsError::read(directory)(error).into()),
            Ok(metadata) if !metadata.is_dir() => return Err(not_a_stage("it is not a directory")),
            Ok(_) => {}
        }
        let origin = directory.join(PYPROJECT);
        // Looked for before the walk: a directory that is no stage may hold anything.
        if std::fs::symlink_metadata(&origin).is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
            return Err(not_a_stage("it has no `pyproject.toml`"));
        }
        let tree: BTreeMap<_, _> = listed(directory)?.into_iter().map(|file| (file.relative.clone(), file)).collect();
        let mut tree = Tree { directory, files: tree };
        let text = tree.text(PYPROJECT)?;
        let malformed = |source| StageError::Pyproject { path: origin.clone(), source };
        let file: File = toml::from_str(&text).map_err(|error| malformed(Box::new(error)))?;
        let table = file.tool.relkit.ok_or_else(|| not_a_stage("its `pyproject.toml` has no [tool.relkit] table"))?;
        let stage = table
            .stage
            .ok_or_else(|| not_a_stage("its `pyproject.toml` has no [tool.relkit.stage] table, so it is a template"))?;
        let mut executables = Vec::new();
        let (kind, codex_version) = match stage {
            StageTable::Runtime { platform_tag, codex_version, executables: named } => {
                let tags = platform_tag.parse().map_err(|error| malformed(Box::new(error)))?;
                executables = named;
                (StageKind::Runtime(tags), codex_version)
            }
            StageTable::Sdk { codex_version } => (StageKind::Sdk, codex_version),
        };
        let codex_version: CodexVersion = codex_version.parse().map_err(|error| malformed(Box::new(error)))?;
        let project =
            Project::from_pyproject(&text).map_err(|source| StageError::Project { path: origin.clone(), source })?;
        let untrue = |what: String| StageError::Untrue { path: origin.clone(), what };
        if project.name.as_str() != table.distribution {
            let (name, distribution) = (&project.name, &table.distribution);
            return Err(untrue(format!("`project.name` is `{name}`, `tool.relkit.distribution` is `{distribution}`")));
        }
        let version = project.version.to_string();
        let same = match kind {
            StageKind::Runtime(_) => version == codex_version.to_string(),
            StageKind::Sdk => codex_version.sdk_version(&version).is_ok(),
        };
        if !same {
            return Err(untrue(format!("`project.version` is `{version}`, the stage is of codex {codex_version}")));
        }

        let module = &table.module;
        let restored = tree.mark(&format!("src/{module}"), &executables);
        let package = tree.below(&format!("src/{module}/"), &format!("{module}/"))?;
        if !package.contains_key(&format!("{module}/__init__.py")) {
            return Err(not_a_stage(&format!("it has no `src/{module}/__init__.py`")));
        }
        if let Some(path) = executables.iter().find(|path| !package.contains_key(&format!("{module}/{path}"))) {
            return Err(StageError::NoExecutable { path: directory.join("src").join(module).join(path) });
        }
        let licenses = tree.licenses(&project.license_files)?;
        let license_text = project.license_text.as_deref().map(|path| tree.text(path)).transpose()?;
        let description = match project.readme.as_ref().map(|readme| &readme.source) {
            Some(ReadmeSource::File(path)) => Some(tree.text(path)?),
            Some(ReadmeSource::Text(text)) => Some(text.clone()),
            None => None,
        };
        let names: Vec<_> = licenses.keys().cloned().collect();
        let metadata = project
            .metadata(&names, license_text.as_deref(), description.as_deref())
            .map_err(|source| StageError::Metadata { path: origin.clone(), source })?;

        let mut sources = tree.below("src/", "src/")?;
        sources.extend(licenses.clone());
        let mut named = vec![PYPROJECT, "hatch_build.py"];
        named.extend(project.license_text.as_deref());
        if let Some(ReadmeSource::File(path)) = project.readme.as_ref().map(|readme| &readme.source) {
            named.push(path);
        }
        for name in named {
            let name = plain(name);
            if let Some(file) = tree.files.get(name) {
                sources.insert(name.to_owned(), regular(file)?.clone());
            }
        }
        Ok(Self {
            directory: directory.to_owned(),
            kind,
            codex_version,
            project,
            metadata,
            package,
            restored,
            licenses,
            sources,
        })
    }

    /// The name of the wheel.
    #[must_use]
    pub fn wheel_name(&self) -> WheelFileName {
        let tags = match &self.kind {
            StageKind::Runtime(platforms) => TagSet::runtime(platforms),
            StageKind::Sdk => TagSet::pure(),
        };
        WheelFileName::new(&self.project.name, &self.project.version, tags)
    }

    /// The name of the source distribution, for an SDK.
    #[must_use]
    pub fn sdist_name(&self) -> Option<SdistFileName> {
        match self.kind {
            StageKind::Runtime(_) => None,
            StageKind::Sdk => Some(SdistFileName::new(&self.project.name, &self.project.version)),
        }
    }

    /// Where the wheel's files are installed.
    #[must_use]
    pub fn root(&self) -> Root {
        match self.kind {
            StageKind::Runtime(_) => Root::Platlib,
            StageKind::Sdk => Root::Purelib,
        }
    }

    /// How many bytes the files of the wheel have in all.
    #[must_use]
    pub fn payload_size(&self) -> u64 {
        self.package.values().map(|file| file.size).sum()
    }
}

/// The files that can go into a distribution, without compiled bytecode.
fn listed(directory: &Path) -> Result<Vec<Walked>, StageError> {
    let mut files = fs::walk(directory)?;
    files.retain(|file| {
        let compiled = file.relative.ends_with(".pyc") || file.relative.ends_with(".pyo");
        !compiled && !file.relative.split('/').any(|part| part == "__pycache__")
    });
    Ok(files)
}

/// The files of a stage, by relative path.
struct Tree<'a> {
    directory: &'a Path,
    files: BTreeMap<String, Walked>,
}

impl Tree<'_> {
    /// Makes executable what staging said is to be run, by path below `package`; returns what a system that keeps modes
    /// had as data.
    fn mark(&mut self, package: &str, executables: &[String]) -> Vec<String> {
        let mut restored = Vec::new();
        for path in executables {
            let inside = format!("{package}/{path}");
            let Some(file) = self.files.get_mut(&inside) else { continue };
            if fs::KEEPS_MODES && file.mode != Mode::Executable {
                restored.push(path.clone());
            }
            file.mode = Mode::Executable;
        }
        restored
    }

    /// The regular files below a directory, with `prefix` replaced by `new`.
    fn below(&self, prefix: &str, new: &str) -> Result<BTreeMap<String, Walked>, StageError> {
        // A link in place of the directory, or of one above it, would hide what is below.
        for (end, _) in prefix.match_indices('/') {
            if let Some(file) = self.files.get(&prefix[..end]) {
                regular(file)?;
            }
        }
        let mut found = BTreeMap::new();
        for (path, file) in &self.files {
            if let Some(rest) = path.strip_prefix(prefix) {
                found.insert(format!("{new}{rest}"), regular(file)?.clone());
            }
        }
        Ok(found)
    }

    /// The text of a file that the metadata names.
    fn text(&self, path: &str) -> Result<String, StageError> {
        let at = self.directory.join(path);
        let Some(file) = self.files.get(plain(path)) else {
            return Err(StageError::File { path: at, why: "the metadata names it, and it is not in the stage".into() });
        };
        let bytes = std::fs::read(&regular(file)?.path).map_err(FsError::read(&file.path))?;
        String::from_utf8(bytes).map_err(|_| StageError::File { path: at, why: "it is not UTF-8".into() })
    }

    fn licenses(&self, wanted: &LicenseFiles) -> Result<BTreeMap<String, Walked>, StageError> {
        let mut found = BTreeMap::new();
        let usual = licences::USUAL.map(str::to_owned);
        let globs = match wanted {
            LicenseFiles::Given(globs) => globs.as_slice(),
            LicenseFiles::Usual => &usual,
        };
        for glob in globs {
            let mut any = false;
            for (path, file) in &self.files {
                if licences::matches(glob, path) {
                    any = true;
                    found.insert(path.clone(), regular(file)?.clone());
                }
            }
            if !any && matches!(wanted, LicenseFiles::Given(_)) {
                let path = self.directory.join(glob);
                return Err(StageError::File {
                    path,
                    why: "`license-files` names it, and no file of the stage matches".into(),
                });
            }
        }
        Ok(found)
    }
}

/// A path of the metadata as the tree lists it.
fn plain(path: &str) -> &str {
    path.strip_prefix("./").unwrap_or(path)
}

fn regular(file: &Walked) -> Result<&Walked, StageError> {
    let what = match file.kind {
        Kind::File => return Ok(file),
        Kind::Link => "a symbolic link",
        Kind::Other => "a device, socket or FIFO",
    };
    Err(StageError::Special { path: file.path.clone(), what })
}
