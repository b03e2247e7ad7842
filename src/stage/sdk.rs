//! `stage-sdk`: the SDK template with its version set and its runtime pinned exactly. The template works unstaged too,
//! so that its names stand in its sources; where the table says otherwise, the stage renames them.

use std::path::PathBuf;

use super::error::StageError;
use super::pending::{PendingStage, refuse_overlap};
use super::pyproject;
use super::rename::{Renames, moved};
use crate::fs::Existing;
use crate::member_path::{self, Reach};
use crate::product::{PYPROJECT, Sdk, SdkProject, Template};
use crate::typegen::constant::{assigned, constant};
use crate::version::{PublicVersion, ReleaseVersion};
use crate::wheel::name::DistributionName;

/// The module of the SDK that states the runtime's names.
const NAMES: &str = "_names.py";
const RUNTIME_DISTRIBUTION: &str = "RUNTIME_DISTRIBUTION";
const RUNTIME_MODULE: &str = "RUNTIME_MODULE";

#[derive(Debug, Clone)]
pub struct Options<'a> {
    pub sdk: &'a Sdk,
    /// The directory to write.
    pub out: PathBuf,
    /// The release to pin.
    pub release: ReleaseVersion,
    /// The version of the SDK itself.
    pub version: PublicVersion,
    /// What to do with an output directory that holds files.
    pub existing: Existing,
}

/// A stage that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedSdk {
    pub(crate) out: PathBuf,
    /// The table of the template it was made from.
    pub(crate) project: SdkProject,
    pub(crate) version: PublicVersion,
    /// The pinned release.
    pub(crate) release: ReleaseVersion,
    /// The one requirement on the runtime: `openai-codex-cli-bin==0.163.0`.
    pub pin: String,
}

/// Writes the stage of an SDK distribution.
///
/// # Errors
/// Where the template cannot be used, or something cannot be read or written. Then nothing is left behind, and what was
/// at `out` is still there.
pub fn stage_sdk(options: &Options<'_>) -> Result<StagedSdk, StageError> {
    let Sdk { project, template } = options.sdk;
    let (origin, text) = (template.pyproject_origin(), template.pyproject()?);
    if let Some(directory) = &template.directory {
        refuse_overlap(&options.out, directory, "template")?;
    }
    member_path::check(template.files.keys().map(String::as_str), Reach::Windows)
        .map_err(|error| error.found_in(template.origin.clone()))?;
    let package = only_package(template)?;
    let names_path = format!("src/{package}/{NAMES}");
    let names = template.files.get(&names_path).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let former = |name| names.as_deref().and_then(|text| constant(text, name)).unwrap_or_default();
    let former_distribution: Option<DistributionName> = former(RUNTIME_DISTRIBUTION).parse().ok();

    let mut renames = Renames::default();
    renames.module(&package, &project.module);
    renames.module(former(RUNTIME_MODULE), &project.runtime_module);
    if let Some(name) = pyproject::project_name(text) {
        renames.distribution(&name, &project.distribution);
    }
    if let Some(former) = &former_distribution {
        renames.distribution(former, &project.runtime_distribution);
    }

    let stage = PendingStage::create(&options.out, options.existing)?;
    let (old_root, new_root) = (format!("src/{package}/"), format!("src/{}/", project.module));
    for (path, bytes) in &template.files {
        let to = moved(path, &old_root, &new_root);
        match std::str::from_utf8(bytes) {
            _ if *path == names_path || path == PYPROJECT => {}
            Ok(text) => stage.write(&to, renames.apply(text).as_bytes())?,
            Err(_) => stage.write(&to, bytes)?,
        }
    }
    let written = names_module(names.as_deref(), project);
    stage.write(&format!("{new_root}{NAMES}"), written.as_bytes())?;
    let (release, version) = (options.release.clone(), options.version.clone());
    let former = former_distribution.as_ref();
    let edited = pyproject::sdk(&renames.apply(text), &origin, project, former, &release, &version)?;
    stage.write(PYPROJECT, edited.as_bytes())?;
    stage.commit()?;
    let pin = pyproject::pin(project, &release);
    Ok(StagedSdk { out: options.out.clone(), project: project.clone(), version, release, pin })
}

/// The name of the one package below `src/`.
fn only_package(template: &Template) -> Result<String, StageError> {
    let package = |path: &String| Some(path.strip_prefix("src/")?.split_once('/')?.0.to_owned());
    let mut packages: Vec<_> = template.files.keys().filter_map(package).collect();
    packages.dedup();
    let found = match &packages[..] {
        [package] => return Ok(package.clone()),
        [] => "none".to_owned(),
        several => several.join(", "),
    };
    Err(StageError::Package { origin: template.origin.clone(), found })
}

/// The text of `_names.py`: the template's own with the table's names in it.
fn names_module(text: Option<&str>, project: &SdkProject) -> String {
    let constants = [
        (RUNTIME_DISTRIBUTION, project.runtime_distribution.as_str()),
        (RUNTIME_MODULE, project.runtime_module.as_str()),
    ];
    let mut written = match text {
        Some(text) => text.to_owned(),
        None => "\"\"\"The runtime that this SDK drives.\"\"\"\n\n".to_owned(),
    };
    for (name, value) in constants {
        let line = format!("{name} = \"{value}\"");
        let old = written.lines().find(|line| assigned(line, name).is_some()).map(str::to_owned);
        match old {
            Some(old) if assigned(&old, name) == Some(value) => {}
            Some(old) => written = written.replacen(&old, &line, 1),
            None => {
                if !written.is_empty() && !written.ends_with('\n') {
                    written.push('\n');
                }
                written += &(line + "\n");
            }
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runtimes_names_are_rewritten_in_place() {
        let project = SdkProject {
            distribution: "acme-sdk".parse().unwrap(),
            module: "acme".into(),
            runtime_distribution: "acme-bin".parse().unwrap(),
            runtime_module: "acme_bin".into(),
        };
        let text = "\"\"\"Doc.\"\"\"\n\nRUNTIME_DISTRIBUTION: Final = 'old-bin'  # why\nRUNTIME_MODULE = \"acme_bin\"  # kept\n";
        assert_eq!(
            names_module(Some(text), &project),
            "\"\"\"Doc.\"\"\"\n\nRUNTIME_DISTRIBUTION = \"acme-bin\"\nRUNTIME_MODULE = \"acme_bin\"  # kept\n"
        );
        let written = names_module(None, &project);
        assert_eq!(constant(&written, RUNTIME_DISTRIBUTION), Some("acme-bin"));
        assert_eq!(constant(&written, RUNTIME_MODULE), Some("acme_bin"));
    }
}
