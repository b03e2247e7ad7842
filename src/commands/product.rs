//! What the options that name a product, its release and its targets stand for.

use std::path::{Path, PathBuf};

use crate::check::check_accepted;
use crate::cli::{ProductOptions, ReleaseOptions};
use crate::console::Console;
use crate::error::{Exit, Failure};
use crate::fs::FsError;
use crate::product::{Choice, Product, RuntimeProject, Sdk, Target};
use crate::target::{PlatformTagSet, TargetTriple};
use crate::version::{PublicVersion, ReleaseVersion};

/// The product that is named, or that of the current directory, or the built-in one.
pub(super) fn find(options: &ProductOptions) -> Result<Product, Failure> {
    with_templates(options, None, None)
}

/// The same, where templates may be named alone.
pub(super) fn with_templates(
    options: &ProductOptions,
    runtime_template: Option<&Path>,
    sdk_template: Option<&Path>,
) -> Result<Product, Failure> {
    let here = match std::env::current_dir() {
        Ok(here) => here,
        // A directory that was removed has no product, and no parent that is known.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => PathBuf::new(),
        Err(error) => return Err(FsError::read(Path::new("."))(error).into()),
    };
    let product = Product::find(Choice { product: options.product.as_deref(), runtime_template, sdk_template }, &here)?;
    check_accepted(&product.runtime)?;
    Ok(product)
}

/// The release that is named, in the packaging revision that is asked for.
pub(super) fn release(
    options: &ReleaseOptions,
    runtime: &RuntimeProject,
    console: &Console,
) -> Result<ReleaseVersion, Failure> {
    let release = runtime.release(&options.release_version)?;
    // An app server numbers its own pre-releases that way.
    if !runtime.is_app_server() && release.is_respin(&options.release_version) {
        let (text, version) = (&options.release_version, release.program());
        console
            .status("Reading", format_args!("`{text}` as {version}: PEP 440 has no other place for the last number"));
    }
    Ok(match options.revision {
        Some(revision) => release.revised(revision)?,
        None => release,
    })
}

/// The SDK of a product that must have one.
pub(super) fn sdk(product: &Product) -> Result<&Sdk, Failure> {
    product.sdk.as_ref().ok_or_else(|| {
        Failure::new(Exit::Failed, format!("`{}` is a product without an SDK", product.runtime.distribution))
            .with_hint("`relkit init --sdk` writes one; `--template` names one that lies elsewhere")
    })
}

/// The version of an SDK: what was typed, or the runtime's.
pub(super) fn sdk_version(release: &ReleaseVersion, typed: Option<&str>) -> Result<PublicVersion, Failure> {
    Ok(match typed {
        Some(text) => release.sdk_version(text)?,
        None => release.distribution().clone(),
    })
}

/// The targets that may be missing; `all` is every one.
pub(super) fn targets(texts: &[String], runtime: &RuntimeProject) -> Result<Vec<TargetTriple>, Failure> {
    if texts.iter().any(|text| text == "all") {
        return Ok(runtime.targets.iter().map(|row| row.triple.clone()).collect());
    }
    texts.iter().map(|text| target(text, runtime)).collect()
}

/// The row of a target: the only one, or that of the platform tag that is asked for; none where several are meant.
pub(super) fn row(
    text: &str,
    runtime: &RuntimeProject,
    tags: Option<&PlatformTagSet>,
) -> Result<Option<Target>, Failure> {
    let triple = target(text, runtime)?;
    let is_asked = |row: &Target| tags.is_none_or(|tags| tags.tags().iter().any(|tag| row.has(tag)));
    let mut rows = runtime.targets.iter().filter(|row| row.triple == triple);
    Ok(match (rows.next(), rows.next()) {
        (Some(row), None) => Some(row.clone()),
        _ => runtime.targets.iter().find(|row| row.triple == triple && tags.is_some() && is_asked(row)).cloned(),
    })
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
