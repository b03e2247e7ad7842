//! `relkit verify`: the gate, its report and the release manifest.

use super::product;
use crate::cli::{GateOptions, Verify};
use crate::console::Console;
use crate::error::{Exit, Failure};
use crate::fs::write_json;
use crate::gate::{Options, Release, Verdict, verify};

pub(super) fn run(arguments: &Verify, console: &Console) -> Result<Exit, Failure> {
    let release = gate(&arguments.gate, console)?;
    if let Some(path) = &arguments.manifest {
        write_json(path, &release)?;
        console.status("Wrote", format_args!("the release manifest to {}", path.display()));
    }
    console.show(&Verdict { release: &release, dist: &arguments.gate.dist }, arguments.output.format);
    Ok(release.exit())
}

/// Verifies what the options name.
pub(super) fn gate(given: &GateOptions, console: &Console) -> Result<Release, Failure> {
    let product = product::with_templates(&given.product, given.template.as_deref(), given.sdk_template.as_deref())?;
    let (runtime, sdk) = (&product.runtime, product.sdk_project());
    let options = Options {
        dist: &given.dist,
        version: &product::release(&given.release, runtime)?,
        receipts: given.receipts.as_deref(),
        allow_missing: &product::targets(&given.allow_missing, runtime)?,
        runtime,
        sdk,
    };
    Ok(console.with_spinner("Verifying", |_| verify(&options))?.0)
}
