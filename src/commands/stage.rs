//! `relkit stage-runtime` and `relkit stage-sdk`: staged trees, whole or absent.

use super::{next, product};
use crate::cli::{StageRuntime, StageSdk};
use crate::console::Console;
use crate::error::{Exit, Failure};
use crate::fs::Existing;
use crate::product::Sdk;
use crate::stage::{StageWarning, runtime, sdk, stage_runtime, stage_sdk};
use crate::target::PlatformTagSet;
use crate::version::TagForm;

pub(super) fn runtime(arguments: &StageRuntime, console: &Console) -> Result<Exit, Failure> {
    let given = &arguments.stage;
    let product = product::with_templates(&given.product, given.template.as_deref(), None)?;
    let platform_tag: Option<PlatformTagSet> = arguments.platform_tag.as_deref().map(str::parse).transpose()?;
    let options = runtime::Options {
        release: product::release(&given.release, &product.runtime, console)?,
        product: &product,
        out: arguments.out.clone(),
        payload: arguments.payload.clone(),
        target: match &arguments.target {
            Some(target) => product.runtime.named_row(target, platform_tag.as_ref())?.cloned(),
            None => None,
        },
        platform_tag,
        existing: existing(given.force),
    };
    let staged = console.with_bar("Staging", 0, |progress| stage_runtime(&options, progress))?;
    for warning in StageWarning::sentences(&staged.warnings) {
        console.warning(warning);
    }
    console.status("Staged", &staged);
    staged.reason.lines().for_each(|line| console.status("Tag", line));
    console.show(&staged, given.output.format);
    next::say(Some(next::of_stage(&arguments.out)), given.output.format, console);
    Ok(Exit::Good)
}

pub(super) fn sdk(arguments: &StageSdk, console: &Console) -> Result<Exit, Failure> {
    let given = &arguments.stage;
    let mut product = product::find(&given.product)?;
    if let Some(template) = &given.template {
        let sdk = Sdk::read(template)?;
        if !sdk.project.runtime_distribution.is_same(&product.runtime.distribution) {
            // What is named alone is of no product that is known here, and its tags have the usual forms.
            product.runtime.release_tags = TagForm::usual();
        }
        product.sdk = Some(sdk);
    }
    let release = product::release(&given.release, &product.runtime, console)?;
    let staged = stage_sdk(&sdk::Options {
        sdk: product.named_sdk()?,
        out: arguments.out.clone(),
        version: product::sdk_version(&release, arguments.sdk_version.as_deref())?,
        release,
        existing: existing(given.force),
    })?;
    console.status("Staged", &staged);
    console.show(&staged, given.output.format);
    next::say(Some(next::of_stage(&arguments.out)), given.output.format, console);
    Ok(Exit::Good)
}

/// What `--force` asks for.
pub(super) fn existing(force: bool) -> Existing {
    if force { Existing::Replace } else { Existing::Refuse }
}
