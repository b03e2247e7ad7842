//! `relkit stage-runtime` and `relkit stage-sdk`: staged trees, whole or absent.

use serde_json::json;

use crate::cli::{ReportFormat, StageRuntime, StageSdk};
use crate::console::Console;
use crate::console::text::human_bytes;
use crate::error::{Exit, Failure};
use crate::fs::{Existing, portable};
use crate::stage::{self, stage_runtime, stage_sdk};
use crate::version::CodexVersion;

/// Runs `stage-runtime`.
pub fn runtime(arguments: &StageRuntime, console: &Console) -> Result<Exit, Failure> {
    let options = stage::runtime::Options {
        out: arguments.out.clone(),
        payload: arguments.payload.clone(),
        codex_version: arguments.codex_version.parse()?,
        platform_tag: arguments.platform_tag.as_deref().map(str::parse).transpose()?,
        template: arguments.template.clone(),
        existing: existing(arguments.force),
    };
    let progress = console.progress("Staging", 0);
    let staged = stage_runtime(&options, &progress);
    progress.finish();
    let staged = staged?;
    for warning in &staged.warnings {
        console.warning(warning);
    }
    let size = human_bytes(staged.bytes);
    let (version, tag, out) = (staged.version, &staged.platform_tag, staged.out.display());
    console.status("Staged", format_args!("{} {version} for {tag} in {out} ({size})", staged.project.distribution));
    if arguments.format == ReportFormat::Json {
        console.json(&json!({
            "schema_version": 1,
            "kind": "runtime",
            "out": portable(&staged.out),
            "distribution": staged.project.distribution,
            "version": staged.version,
            "release_tag": staged.version.release_tag(),
            "platform_tag": staged.platform_tag.to_string(),
            "target": staged.target,
            "entrypoint": staged.entrypoint,
            "files": staged.files,
            "bytes": staged.bytes,
            "warnings": staged.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
        }));
    }
    Ok(Exit::Good)
}

/// Runs `stage-sdk`.
pub fn sdk(arguments: &StageSdk, console: &Console) -> Result<Exit, Failure> {
    let codex_version: CodexVersion = arguments.codex_version.parse()?;
    let options = stage::sdk::Options {
        out: arguments.out.clone(),
        codex_version,
        sdk_version: match &arguments.sdk_version {
            Some(text) => codex_version.sdk_version(text)?,
            None => codex_version.into(),
        },
        template: arguments.template.clone(),
        existing: existing(arguments.force),
    };
    let staged = stage_sdk(&options)?;
    let (distribution, out) = (&staged.project.distribution, staged.out.display());
    console.status("Staged", format_args!("{distribution} {} pinned to {} in {out}", staged.version, staged.pin));
    if arguments.format == ReportFormat::Json {
        console.json(&json!({
            "schema_version": 1,
            "kind": "sdk",
            "out": portable(&staged.out),
            "distribution": distribution,
            "version": staged.version.to_string(),
            "codex_version": staged.codex_version,
            "pin": staged.pin,
        }));
    }
    Ok(Exit::Good)
}

/// What `--force` asks for.
pub fn existing(force: bool) -> Existing {
    if force { Existing::Replace } else { Existing::Refuse }
}
