//! `relkit verify`: the gate, its report and the release manifest.

use super::product;
use super::written::Written;
use crate::cli::{GateOptions, Verify};
use crate::console::Console;
use crate::error::{Exit, Failure};
use crate::fs::write_json;
use crate::gate::{Half, Options, Release, ReleasePart, UploadCommand, Verdict, verify};
use crate::http;
use crate::product::Product;
use crate::publish::index::Index;
use crate::publish::wait::Pace;
use crate::version::ReleaseVersion;

pub(super) fn run(arguments: &Verify, console: &Console) -> Result<Exit, Failure> {
    directories(&arguments.gate).file("--manifest", arguments.manifest.as_ref()).must_be_apart()?;
    let product = product_of(&arguments.gate)?;
    let index = match arguments.gate.only {
        Some(Half::Sdk) => arguments.index.reader(&product.runtime)?,
        _ => None,
    };
    let release = gate(&arguments.gate, &product, index.as_ref(), console)?;
    if let Some(path) = &arguments.manifest {
        write_json(path, &release)?;
        console.status("Wrote", format_args!("the release manifest to {}", path.display()));
    }
    let verdict = Verdict { release: &release, dist: &arguments.gate.dist, next: next(arguments, &product, &release) };
    console.show(&verdict, arguments.output.format);
    Ok(release.exit())
}

/// The upload where all is well, else the page of the first rule that is broken.
fn next(arguments: &Verify, product: &Product, release: &Release) -> String {
    if let Some(first) = release.problems.first() {
        return format!("relkit rule {}", first.code);
    }
    let given = &arguments.gate;
    let url = arguments.index.index_url.as_deref().and_then(|url| http::parse_url(url).ok());
    let command = UploadCommand {
        dist: &given.dist,
        release_version: &given.release.release_version,
        revision: given.release.revision.map(|revision| revision.to_string()),
        product: given.product.product.as_deref(),
        template: given.template.as_deref(),
        sdk_template: given.sdk_template.as_deref(),
        receipts: given.receipts.as_deref(),
        allow_missing: given.allow_missing.clone(),
        only: given.only,
        manifest: arguments.manifest.as_deref(),
        index_url: url.filter(|_| given.only == Some(Half::Sdk)).map(|url| http::shown(&url)),
        runtime: &product.runtime,
    };
    command.to_string()
}

/// What the gate reads: nothing is written in there.
pub(super) fn directories(given: &GateOptions) -> Written<'_> {
    let written = Written::default().directory(&given.dist, "the release");
    match &given.receipts {
        Some(receipts) => written.directory(receipts, "the receipts of smoke tests and checks"),
        None => written,
    }
}

pub(super) fn product_of(given: &GateOptions) -> Result<Product, Failure> {
    product::with_templates(&given.product, given.template.as_deref(), given.sdk_template.as_deref())
}

/// Verifies what the options name; the SDK alone against the runtime that `index` has.
pub(super) fn gate(
    given: &GateOptions,
    product: &Product,
    index: Option<&Index>,
    console: &Console,
) -> Result<Release, Failure> {
    let (runtime, sdk) = (&product.runtime, product.sdk_project());
    let version = product::release(&given.release, runtime, console)?;
    let published = match (given.only, index) {
        (Some(Half::Sdk), None) => {
            let message = "the SDK alone is held against the runtime that the index has, and no index is named";
            return Err(Failure::new(Exit::Failed, message)
                .with_hint("name its simple API with `--index-url`, or a row of the product's table with `--index`"));
        }
        (Some(Half::Sdk), Some(index)) => Some(published(product, &version, index)?),
        _ => None,
    };
    let options = Options {
        dist: &given.dist,
        version: &version,
        receipts: given.receipts.as_deref(),
        allow_missing: &runtime.named_targets(&given.allow_missing)?,
        runtime,
        sdk,
        part: match given.only {
            None => ReleasePart::Whole,
            Some(Half::Runtime) => ReleasePart::Runtime,
            Some(Half::Sdk) => ReleasePart::Sdk(published.as_ref()),
        },
        failed: &[],
    };
    Ok(console.with_spinner("Verifying", |progress| verify(&options, progress))?.0)
}

/// The runtime of the release as the index has it; the product must have an SDK to hold against it.
pub(super) fn published(
    product: &Product,
    version: &ReleaseVersion,
    index: &Index,
) -> Result<crate::gate::Published, Failure> {
    product.named_sdk()?;
    let runtime = &product.runtime.distribution;
    Ok(index.published(runtime, version.distribution(), Pace::default().first_pause)?)
}
