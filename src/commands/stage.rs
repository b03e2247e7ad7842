//! `relkit stage-runtime` and `relkit stage-sdk`: staged trees, whole or absent.

use crate::cli::{StageRuntime, StageSdk};
use crate::console::Console;
use crate::error::{Exit, Failure};
use crate::fs::Existing;
use crate::stage::{runtime, sdk, stage_runtime, stage_sdk};
use crate::version::{CodexVersion, SdkVersion};

pub(super) fn runtime(arguments: &StageRuntime, console: &Console) -> Result<Exit, Failure> {
    let options = runtime::Options {
        out: arguments.out.clone(),
        payload: arguments.payload.clone(),
        codex_version: arguments.codex_version.parse()?,
        platform_tag: arguments.platform_tag.as_deref().map(str::parse).transpose()?,
        template: arguments.stage.template.clone(),
        existing: existing(arguments.stage.force),
    };
    let staged = console.with_bar("Staging", 0, |progress| stage_runtime(&options, progress))?;
    for warning in &staged.warnings {
        console.warning(warning);
    }
    console.status("Staged", &staged);
    console.show(&staged, arguments.stage.output.format);
    Ok(Exit::Good)
}

pub(super) fn sdk(arguments: &StageSdk, console: &Console) -> Result<Exit, Failure> {
    let codex_version = arguments.codex_version.parse()?;
    let staged = stage_sdk(&sdk::Options {
        out: arguments.out.clone(),
        codex_version,
        sdk_version: sdk_version(codex_version, arguments.sdk_version.as_deref())?,
        template: arguments.stage.template.clone(),
        existing: existing(arguments.stage.force),
    })?;
    console.status("Staged", &staged);
    console.show(&staged, arguments.stage.output.format);
    Ok(Exit::Good)
}

/// The version of an SDK: what was typed, or the runtime's.
pub(super) fn sdk_version(codex: CodexVersion, typed: Option<&str>) -> Result<SdkVersion, Failure> {
    Ok(typed.map(|text| codex.sdk_version(text)).transpose()?.unwrap_or(codex.into()))
}

/// What `--force` asks for.
pub(super) fn existing(force: bool) -> Existing {
    if force { Existing::Replace } else { Existing::Refuse }
}
