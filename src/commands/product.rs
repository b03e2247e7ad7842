//! What the options that name a product and its release stand for.

use std::path::{Path, PathBuf};

use crate::check::check_accepted;
use crate::cli::{ProductOptions, ReleaseOptions};
use crate::console::Console;
use crate::error::Failure;
use crate::fs::FsError;
use crate::product::{Product, ProductChoice, RuntimeProject};
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
    let product =
        Product::find(ProductChoice { product: options.product.as_deref(), runtime_template, sdk_template }, &here)?;
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
    let (text, version) = (&options.release_version, release.program());
    // An app server numbers its own pre-releases that way.
    let why = match release.leaves_out() {
        true => Some("PEP 440 takes it for that where a number or a word is left out"),
        false if runtime.is_app_server() => None,
        false => release.is_respin(text).then_some("PEP 440 has no other place for the last number"),
    };
    if let Some(why) = why {
        console.status("Reading", format_args!("`{text}` as {version}: {why}"));
    }
    Ok(match options.revision {
        Some(revision) => release.revised(revision)?,
        None => release,
    })
}

/// The version of an SDK: what was typed, or the runtime's.
pub(super) fn sdk_version(release: &ReleaseVersion, typed: Option<&str>) -> Result<PublicVersion, Failure> {
    Ok(match typed {
        Some(text) => release.sdk_version(text)?,
        None => release.distribution().clone(),
    })
}
