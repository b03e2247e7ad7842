//! `relkit verify`: the gate, its report and the release manifest.

use super::templates;
use crate::cli::{GateOptions, Verify};
use crate::console::Console;
use crate::error::{Exit, Failure};
use crate::fs::write_json;
use crate::gate::{Release, Request, Verdict, verify};

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
pub(super) fn gate(options: &GateOptions, console: &Console) -> Result<Release, Failure> {
    let runtime = templates::runtime(options.template.as_deref())?;
    let sdk = templates::sdk(options.sdk_template.as_deref())?;
    let request = Request {
        dist: &options.dist,
        codex: options.codex_version.parse()?,
        receipts: options.receipts.as_deref(),
        allow_missing: &templates::targets(&options.allow_missing, &runtime)?,
        runtime: &runtime,
        sdk: &sdk,
        checked: None,
    };
    Ok(console.with_spinner("Verifying", |_| verify(&request))?)
}
