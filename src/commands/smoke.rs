//! `relkit smoke`: runs a packaged binary, and binds the result to the wheel's digest.

use std::time::Duration;

use super::written::Written;
use super::{next, product};
use crate::cli::Smoke;
use crate::console::Console;
use crate::error::{Exit, Failure};
use crate::smoke::{ExpectedVersion, Options, Tested, smoke};

pub(super) fn run(arguments: &Smoke, console: &Console) -> Result<Exit, Failure> {
    let written = Written::default().input("WHEEL_OR_BINARY", Some(&arguments.subject));
    written.file("--receipt", arguments.receipt.as_ref()).must_be_apart()?;
    let product = product::find(&arguments.product)?;
    let expected = arguments.expect_version.as_deref().map(|text| product.runtime.release(text)).transpose()?;
    let options = Options {
        subject: &arguments.subject,
        project: &product.runtime,
        level: arguments.level.unwrap_or(product.runtime.smoke.level),
        expected: expected
            .map(|release| ExpectedVersion { version: release.program().clone(), source: "--expect-version" }),
        runner: arguments.runner.as_deref().map(str::parse).transpose()?,
        timeout: arguments.timeout.map(Duration::from_secs),
    };
    let report = console.with_spinner("Testing", |progress| smoke(&options, progress))?;
    if let Some(path) = &arguments.receipt {
        report.write_receipt(path)?;
        console.detail("Wrote", format_args!("the receipt to {}", path.display()));
    }
    console.show(&Tested { report: &report, subject: &arguments.subject }, arguments.output.format);
    let command = next::of_smoke(&report, &arguments.subject, arguments.receipt.as_deref(), &product);
    next::say(command, arguments.output.format, console);
    Ok(report.outcome.exit())
}
