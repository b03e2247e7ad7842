//! `relkit smoke`: runs a packaged binary, and binds the result to the wheel's digest.

use std::time::Duration;

use crate::cli::{AnnotatedFormat, Smoke};
use crate::console::{Console, Form};
use crate::error::{Exit, Failure};
use crate::smoke::{Options, Tested, smoke};

/// Runs the command.
pub fn run(arguments: &Smoke, console: &Console) -> Result<Exit, Failure> {
    let project = super::runtime_project(None)?;
    let options = Options {
        subject: &arguments.subject,
        project: &project,
        level: arguments.level,
        expect_version: arguments.expect_version.as_deref().map(str::parse).transpose()?,
        runner: arguments.runner.as_deref().map(str::parse).transpose()?,
        timeout: arguments.timeout.map(Duration::from_secs),
    };
    let progress = console.spinner("Testing");
    let report = smoke(&options, &progress);
    progress.finish();
    let report = report?;
    if let Some(path) = &arguments.receipt {
        report.write_receipt(path)?;
        console.detail("Wrote", format_args!("the receipt to {}", path.display()));
    }
    let form = match arguments.format {
        AnnotatedFormat::Text => Form::Text,
        AnnotatedFormat::Json => Form::Json,
        AnnotatedFormat::Github => Form::Annotations,
    };
    console.show(&Tested { subject: &arguments.subject, report: &report }, form);
    Ok(report.outcome.exit())
}
