//! A staged tree, read and checked before anything is built from it: `pyproject.toml` with the `[tool.relkit.stage]`
//! table that staging wrote, the files that its build settings select, the description and the licence files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::error::StageError;
use super::hatch::{Builds, Settings, SettingsFile};
use super::project_table::Project;
use super::readme::ReadmeSource;
use super::selection::of_sdist;
use super::source::Member;
use super::tree::{Tree, TreeEntry};
use super::wheel_files::{Layout, WheelFiles};
use crate::fs::{FsError, Walked, read_table};
use crate::target::PlatformTagSet;
use crate::toml_text::{TomlError, TomlText};
use crate::version::{PublicVersion, is_of_runtime};
use crate::wheel::fields::Fields;
use crate::wheel::filename::{SdistFileName, WheelFileName};
use crate::wheel::tag::TagSet;
use crate::wheel::wheel_file::Root;

/// A staged tree that distributions can be built from.
#[derive(Debug, Clone)]
pub struct Staged {
    pub(crate) directory: PathBuf,
    pub(crate) kind: StageKind,
    pub(crate) project: Project,
    /// METADATA, complete.
    pub(crate) metadata: Fields,
    /// The files of the wheel but for those that say what it is.
    pub(crate) members: Vec<Member>,
    /// What is to be run and has lost its execute bit since staging, by path in the stage. The wheel carries it executable
    /// all the same.
    pub(crate) restored: Vec<String>,
    /// Whether a front end tags the wheel as relkit does.
    pub(crate) is_tagged: bool,
    /// Software bills of materials, and what else a setting puts beside METADATA, by the path there.
    pub(crate) beside: Vec<Member>,
    /// The licence files, by their path in the tree.
    pub(crate) licenses: BTreeMap<String, Walked>,
    /// What a source distribution holds beside PKG-INFO, by the path in the tree.
    pub(crate) sources: BTreeMap<String, Walked>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StageKind {
    /// A wheel for the platforms of its tags; never a source distribution.
    Runtime(PlatformTagSet),
    /// A wheel and a source distribution for every platform.
    Sdk,
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    tool: Tool,
}

#[derive(Deserialize, Default)]
struct Tool {
    relkit: Option<StageTables>,
}

#[derive(Deserialize)]
struct StageTables {
    distribution: String,
    module: String,
    stage: Option<StageTable>,
}

#[derive(Deserialize)]
#[serde(tag = "kind", deny_unknown_fields, rename_all = "kebab-case", rename_all_fields = "kebab-case")]
enum StageTable {
    Runtime {
        platform_tag: String,
        #[serde(alias = "codex-version")]
        release_version: PublicVersion,
        #[serde(default)]
        executables: Vec<String>,
    },
    Sdk {
        #[serde(alias = "codex-version")]
        release_version: PublicVersion,
    },
}

const PYPROJECT: &str = "pyproject.toml";
/// Settings that go before those of `pyproject.toml`.
const HATCH: &str = "hatch.toml";

fn not_a_stage(directory: &Path, why: &str) -> StageError {
    StageError::NotAStage { path: directory.to_owned(), why: why.to_owned() }
}

/// The files of a directory that looks like a stage.
fn open(directory: &Path) -> Result<Tree<'_>, StageError> {
    match std::fs::metadata(directory) {
        Err(error) => return Err(FsError::read(directory)(error).into()),
        Ok(metadata) if !metadata.is_dir() => return Err(not_a_stage(directory, "it is not a directory")),
        Ok(_) => {}
    }
    // Looked for before the walk: a directory that is no stage may hold anything.
    let pyproject = std::fs::symlink_metadata(directory.join(PYPROJECT));
    if pyproject.is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
        return Err(not_a_stage(directory, "it has no `pyproject.toml`"));
    }
    Tree::read(directory)
}

/// What the tables of a stage say, held against each other.
struct Declared {
    kind: StageKind,
    project: Project,
    module: String,
    executables: Vec<String>,
}

impl Declared {
    fn read(directory: &Path, pyproject: SettingsFile<'_>) -> Result<Self, StageError> {
        let malformed = |source| StageError::Pyproject { path: pyproject.path.to_owned(), source };
        let file: File =
            toml::from_str(pyproject.toml.text()).map_err(|error| malformed(Box::new(TomlError::from(error))))?;
        let no_table = |name| not_a_stage(directory, &format!("its `pyproject.toml` has no {name}"));
        let table = file.tool.relkit.ok_or_else(|| no_table("[tool.relkit] table"))?;
        let stage = table.stage.ok_or_else(|| no_table("[tool.relkit.stage] table, so it is a template"))?;
        let (kind, release_version, executables) = match stage {
            StageTable::Runtime { platform_tag, release_version, executables } => {
                let tags = platform_tag.parse().map_err(|error| malformed(Box::new(error)))?;
                (StageKind::Runtime(tags), release_version, executables)
            }
            StageTable::Sdk { release_version } => (StageKind::Sdk, release_version, Vec::new()),
        };
        let project = Project::from_pyproject(pyproject.toml.text()).map_err(|source| StageError::Project {
            path: pyproject.path.to_owned(),
            line: source.line(pyproject.toml),
            source,
        })?;
        let untrue = |what: String| StageError::Untrue { path: pyproject.path.to_owned(), what };
        if project.name.as_str() != table.distribution {
            let (name, distribution) = (&project.name, &table.distribution);
            return Err(untrue(format!("`project.name` is `{name}`, `tool.relkit.distribution` is `{distribution}`")));
        }
        let version = project.version.to_string();
        let same = match kind {
            StageKind::Runtime(_) => version == release_version.to_string(),
            StageKind::Sdk => version.parse().is_ok_and(|version| is_of_runtime(&version, &release_version)),
        };
        if !same {
            return Err(untrue(format!("`project.version` is `{version}`, the stage is of {release_version}")));
        }
        Ok(Self { kind, project, module: table.module, executables })
    }
}

/// The licence files and METADATA, with the texts that `[project]` names.
fn described(
    tree: &Tree,
    project: &Project,
    pyproject: SettingsFile<'_>,
) -> Result<(BTreeMap<String, Walked>, Fields), StageError> {
    let named = |key: &'static str| {
        move |error: StageError| match error {
            StageError::File { path, why } => {
                let directory = pyproject.path.parent().unwrap_or(Path::new(""));
                StageError::Named {
                    path: pyproject.path.to_owned(),
                    line: pyproject.toml.line(["project", key]),
                    key,
                    file: path.strip_prefix(directory).unwrap_or(&path).to_owned(),
                    why,
                }
            }
            other => other,
        }
    };
    let licenses = tree.licenses(&project.license_files).map_err(named("license-files"))?;
    let license_text = project.license_text.as_deref().map(|path| tree.text(path)).transpose();
    let license_text = license_text.map_err(named("license"))?;
    let description = match project.readme.as_ref().map(|readme| &readme.source) {
        Some(ReadmeSource::File(path)) => Some(tree.text(path).map_err(named("readme"))?),
        Some(ReadmeSource::Text(text)) => Some(text.clone()),
        None => None,
    };
    let names: Vec<_> = licenses.keys().cloned().collect();
    let metadata = project
        .metadata(&names, license_text.as_deref(), description.as_deref())
        .map_err(|source| StageError::Metadata { path: pyproject.path.to_owned(), source })?;
    Ok((licenses, metadata))
}

impl Staged {
    /// Reads a stage and checks that everything it names is there.
    pub(crate) fn read(directory: &Path) -> Result<Self, StageError> {
        let tree = open(directory)?;
        let origin = directory.join(PYPROJECT);
        // Before its parser holds dozens of times its size.
        read_table(&origin)?;
        let text = tree.text(PYPROJECT)?;
        let pyproject = SettingsFile { path: &origin, toml: &TomlText::new(&text) };
        let Declared { kind, project, module, executables } = Declared::read(directory, pyproject)?;

        let hatch_path = directory.join(HATCH);
        let hatch_text = match tree.at(HATCH)? {
            TreeEntry::File(_) => Some(tree.text(HATCH)?),
            _ => None,
        };
        let hatch_toml = hatch_text.as_deref().map(TomlText::new);
        let hatch = hatch_toml.as_ref().map(|toml| SettingsFile { path: &hatch_path, toml });
        let builds = if kind == StageKind::Sdk { Builds::WheelAndSdist } else { Builds::Wheel };
        let settings = Settings::read(pyproject, hatch, builds)?;
        let layout = Layout { project: &project, module: &module, executables: &executables, origin: &origin };
        let WheelFiles { members, beside, restored } = WheelFiles::select(&tree, &settings, &layout)?;
        let (licenses, metadata) = described(&tree, &project, pyproject)?;

        let mut sources = BTreeMap::new();
        if builds == Builds::WheelAndSdist {
            sources.extend(of_sdist(&tree, &settings)?);
        }
        sources.extend(licenses.clone());
        let mut named = vec![PYPROJECT, HATCH, "hatch_build.py"];
        named.extend(project.license_text.as_deref());
        if let Some(ReadmeSource::File(path)) = project.readme.as_ref().map(|readme| &readme.source) {
            named.push(path);
        }
        for name in named {
            sources.extend(tree.file(name)?);
        }
        Ok(Self {
            directory: directory.to_owned(),
            kind,
            project,
            metadata,
            members,
            restored,
            is_tagged: settings.has_hook || builds == Builds::WheelAndSdist,
            beside,
            licenses,
            sources,
        })
    }

    pub(crate) fn wheel_name(&self) -> WheelFileName {
        let tags = match &self.kind {
            StageKind::Runtime(platforms) => TagSet::runtime(platforms),
            StageKind::Sdk => TagSet::pure(),
        };
        WheelFileName::new(&self.project.name, &self.project.version, tags)
    }

    /// The name of the source distribution, for an SDK.
    pub(crate) fn sdist_name(&self) -> Option<SdistFileName> {
        match self.kind {
            StageKind::Runtime(_) => None,
            StageKind::Sdk => Some(SdistFileName::new(&self.project.name, &self.project.version)),
        }
    }

    /// Where the wheel's files are installed.
    pub(crate) fn root(&self) -> Root {
        match self.kind {
            StageKind::Runtime(_) => Root::Platlib,
            StageKind::Sdk => Root::Purelib,
        }
    }

    /// How many bytes the files of the wheel have in all.
    pub(crate) fn payload_size(&self) -> u64 {
        self.members.iter().map(|member| member.source.size()).sum()
    }
}
