//! `relkit smoke`: runs a packaged binary, and binds the result to the wheel's digest.

use std::time::Duration;

use crate::cli::{AnnotatedFormat, Smoke, SmokeLevel};
use crate::console::Console;
use crate::console::annotation::{self, Annotation};
use crate::error::{Exit, Failure};
use crate::fs::portable;
use crate::smoke::{Level, Report, Request, smoke};

/// Runs the command.
pub fn run(arguments: &Smoke, console: &Console) -> Result<Exit, Failure> {
    let project = super::runtime_project(None)?;
    let request = Request {
        subject: &arguments.subject,
        project: &project,
        level: level(arguments.level),
        expect_version: arguments.expect_version.as_deref().map(str::parse).transpose()?,
        runner: arguments.runner.as_deref().map(str::parse).transpose()?,
        timeout: arguments.timeout.map(Duration::from_secs),
    };
    let progress = console.spinner("Testing");
    let report = smoke(&request, &progress);
    progress.finish();
    let report = report?;
    if let Some(path) = &arguments.receipt {
        report.write_receipt(path)?;
        console.detail("Wrote", format_args!("the receipt to {}", path.display()));
    }
    match arguments.format {
        AnnotatedFormat::Text => console.result(&report),
        AnnotatedFormat::Json => console.json(&report),
        AnnotatedFormat::Github => console.result(annotation(&report, &portable(&arguments.subject))),
    }
    Ok(if report.passed() { Exit::Good } else { Exit::NotGood })
}

/// How far a typed level goes.
pub fn level(level: SmokeLevel) -> Level {
    match level {
        SmokeLevel::Version => Level::Version,
        SmokeLevel::Handshake => Level::Handshake,
        SmokeLevel::Turn => Level::Turn,
    }
}

fn annotation(report: &Report, subject: &str) -> String {
    let message = match report.failed_step() {
        Some(step) => format!("{}: {}\n{}", step.name, step.detail, report.stderr_tail),
        None => format!("level {} passed on {}", report.level, report.platform),
    };
    let (level, title) = if report.passed() {
        (annotation::Level::Notice, "smoke test passed")
    } else {
        (annotation::Level::Error, "smoke test failed")
    };
    Annotation { level, file: Some(subject), title, message: message.trim_end() }.to_string() + "\n"
}
