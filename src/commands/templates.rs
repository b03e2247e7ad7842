//! What the options that name templates and targets stand for.

use std::path::Path;

use crate::error::{Exit, Failure};
use crate::product::{RuntimeProject, SdkProject};
use crate::stage::Template;
use crate::target::TargetTriple;

/// The project table of the runtime template: the built-in one, or that of a directory.
pub(super) fn runtime(directory: Option<&Path>) -> Result<RuntimeProject, Failure> {
    let template = Template::runtime(directory)?;
    Ok(RuntimeProject::from_pyproject(template.pyproject()?, &template.pyproject_origin())?)
}

/// The project table of the SDK template: the built-in one, or that of a directory.
pub(super) fn sdk(directory: Option<&Path>) -> Result<SdkProject, Failure> {
    let template = Template::sdk(directory)?;
    Ok(SdkProject::from_pyproject(template.pyproject()?, &template.pyproject_origin())?)
}

pub(super) fn targets(texts: &[String], runtime: &RuntimeProject) -> Result<Vec<TargetTriple>, Failure> {
    texts.iter().map(|text| target(text, runtime)).collect()
}

pub(super) fn target(text: &str, runtime: &RuntimeProject) -> Result<TargetTriple, Failure> {
    let rows = || runtime.targets.iter().map(|row| &row.triple);
    match text.parse::<TargetTriple>() {
        Ok(triple) if rows().any(|known| *known == triple) => Ok(triple),
        _ => {
            let known: Vec<_> = rows().map(ToString::to_string).collect();
            Err(Failure::new(Exit::Failed, format!("`{text}` is not a target of `{}`", runtime.distribution))
                .with_hint(format!("its targets are {}", known.join(", "))))
        }
    }
}
