//! `relkit check`, `relkit rule` and `relkit coverage`: findings about distributions, the rules behind them, and who can
//! install the wheels.

use super::product;
use crate::check::coverage::{Coverage, Sources};
use crate::check::render::{Index, Pages};
use crate::check::{Options, Selection, check, find_rules};
use crate::cli;
use crate::console::{Console, Shown as _};
use crate::error::{Exit, Failure};
use crate::fs::write_json;

pub(super) fn run(arguments: &cli::Check, console: &Console) -> Result<Exit, Failure> {
    let product = product::with_templates(&arguments.product, arguments.template.as_deref(), None)?;
    let options = Options {
        paths: &arguments.paths,
        selection: &Selection::of(&arguments.select, &arguments.ignore)?,
        runtime: &product.runtime,
        sdk: product.sdk_project(),
        release: None,
    };
    let report = console.with_spinner("Checking", |_| check(&options))?;
    if let Some(path) = &arguments.receipt {
        write_json(path, &report.json())?;
    }
    console.show(&report, arguments.output.format);
    Ok(report.exit())
}

pub(super) fn rule(arguments: &cli::Rule, console: &Console) -> Result<Exit, Failure> {
    match &arguments.name {
        Some(name) => console.show(&Pages(find_rules(name)?), arguments.output.format),
        None => console.show(&Index, arguments.output.format),
    }
    Ok(Exit::Good)
}

pub(super) fn coverage(arguments: &cli::Coverage, console: &Console) -> Result<Exit, Failure> {
    let sources = Sources::read(&arguments.sources)?;
    let mut coverage = Coverage { problems: sources.problems, ..Coverage::of(&sources.candidates) };
    coverage.require(&arguments.require)?;
    console.show(&coverage, arguments.output.format);
    Ok(coverage.exit())
}
