//! `relkit check`, `relkit rule` and `relkit coverage`: findings about distributions, the rules behind them, and who can
//! install the wheels.

use serde_json::json;

use crate::check::coverage::{Candidate, Coverage};
use crate::check::render;
use crate::check::{Options, Selection, check, find_rules};
use crate::cli::{self, AnnotatedFormat, ReportFormat};
use crate::console::Console;
use crate::error::{Exit, Failure};
use crate::fs::write_whole;

/// Runs `check`.
pub fn run(arguments: &cli::Check, console: &Console) -> Result<Exit, Failure> {
    let selection = Selection::of(&arguments.select, &arguments.ignore)?;
    let runtime = super::runtime_project(arguments.template.as_deref())?;
    let sdk = super::sdk_project(None)?;
    let options =
        Options { paths: &arguments.paths, selection: &selection, runtime: &runtime, sdk: &sdk, release: None };
    let spinner = console.spinner("Checking");
    let report = check(&options);
    spinner.finish();
    let report = report?;
    if let Some(path) = &arguments.receipt {
        let mut receipt = serde_json::to_vec_pretty(&render::json(&report)).unwrap_or_default();
        receipt.push(b'\n');
        write_whole(path, &receipt)?;
    }
    match arguments.format {
        AnnotatedFormat::Text => console.result(render::text(&report)),
        AnnotatedFormat::Json => console.json(&render::json(&report)),
        AnnotatedFormat::Github => console.result(render::github(&report)),
    }
    Ok(report.exit())
}

/// Runs `rule`.
pub fn rule(arguments: &cli::Rule, console: &Console) -> Result<Exit, Failure> {
    match (&arguments.name, arguments.format) {
        (Some(name), ReportFormat::Json) => console.json(&render::rules_json(find_rules(name)?)),
        (None, ReportFormat::Json) => console.json(&render::rules_json(crate::check::rules())),
        (None, ReportFormat::Text) => console.result(render::rules_text()),
        (Some(name), ReportFormat::Text) => {
            let pages: Vec<_> = find_rules(name)?.into_iter().map(render::rule_text).collect();
            console.result(pages.join("\n"));
        }
    }
    Ok(Exit::Good)
}

/// Runs `coverage`.
pub fn coverage(arguments: &cli::Coverage, console: &Console) -> Result<Exit, Failure> {
    let coverage = Coverage::of(&Candidate::of_sources(&arguments.sources)?);
    let missing: Vec<_> = coverage.missing(&arguments.require)?.iter().map(|choice| choice.name).collect();
    match arguments.format {
        ReportFormat::Text => {
            console.result(coverage.text());
            for name in &missing {
                console.result(format_args!("required, and gets no wheel: {name}\n"));
            }
        }
        ReportFormat::Json => console.json(&json!({
            "schema_version": coverage.schema_version,
            "platforms": coverage.platforms,
            "missing": missing,
        })),
    }
    Ok(if missing.is_empty() { Exit::Good } else { Exit::NotGood })
}
