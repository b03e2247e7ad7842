//! What a release leaves out on purpose, when it is dated, and what is typed after it.

use std::path::Path;

use super::options::Options;
use crate::check;
use crate::check::coverage::{Coverage, PlatformChoice};
use crate::console::text::{shell_path, shell_word};
use crate::error::Outcome;
use crate::gate::{self, UploadCommand};
use crate::product::{PlatformFamily, Target, Template};
use crate::report::{CoverageRow, TOO_OLD, TargetRow};
use crate::target::{Architecture, TargetTriple};
use crate::zip::writer::SourceDate;

/// `2024-05-01`; none where nobody said when.
pub(super) fn day(date: SourceDate) -> Option<String> {
    if date == SourceDate::DEFAULT {
        return None;
    }
    let time = std::time::UNIX_EPOCH.checked_add(std::time::Duration::from_secs(date.seconds()))?;
    humantime::format_rfc3339_seconds(time).to_string().split_once('T').map(|(day, _)| day.to_owned())
}

/// The targets that may be missing and are, in the template's order.
pub(super) fn left_out(options: &Options, made: &[TargetRow]) -> Vec<TargetTriple> {
    let is_made = |triple: &TargetTriple| made.iter().any(|row| row.target.as_ref() == Some(triple));
    let mut missing: Vec<TargetTriple> = Vec::new();
    for Target { triple, .. } in &options.product.runtime.targets {
        if options.allow_missing.contains(triple) && !is_made(triple) && !missing.contains(triple) {
            missing.push(triple.clone());
        }
    }
    missing
}

/// The platforms, and why one gets no wheel where that is as the product or the caller meant it.
pub(super) fn platforms(coverage: Coverage, options: &Options, left_out: &[TargetTriple]) -> Vec<CoverageRow> {
    let gaps = coverage.gaps(&options.product.runtime.supports);
    let is_left_out = |triple: &TargetTriple| left_out.contains(triple);
    let served: Vec<_> = coverage.platforms.iter().filter(|choice| choice.wheel.is_some()).map(kind).collect();
    let reason = |choice: &PlatformChoice| {
        let (family, architecture) = kind(choice);
        let (Some(family), Some(architecture)) = (family, architecture) else {
            return Some("not a platform of the product");
        };
        let runtime = &options.product.runtime;
        let targets = runtime.targets.iter().map(|row| &row.triple);
        let is_meant = |triple: &&TargetTriple| serves(triple, family, architecture, &runtime.supports);
        let targets: Vec<_> = targets.filter(is_meant).collect();
        let is_gap = gaps.iter().any(|gap| (gap.family, gap.architecture) == (family, architecture));
        match targets.is_empty() {
            _ if served.contains(&kind(choice)) => Some(TOO_OLD),
            false if targets.into_iter().all(is_left_out) => Some("left out on purpose"),
            true if !is_gap => Some("no target of the product"),
            _ => None,
        }
    };
    let row = |choice: &PlatformChoice| CoverageRow {
        name: choice.title.to_owned(),
        wheel: choice.wheel.clone(),
        by_choice: reason(choice).filter(|_| choice.wheel.is_none()).map(str::to_owned),
    };
    coverage.platforms.iter().map(row).collect()
}

fn kind(choice: &PlatformChoice) -> (Option<PlatformFamily>, Option<Architecture>) {
    (choice.platform.family, choice.platform.architecture)
}

/// Whether a target's wheel is meant for a family of platforms: one for musl for glibc too, where the product promises that.
fn serves(
    triple: &TargetTriple,
    family: PlatformFamily,
    architecture: Architecture,
    promised: &[PlatformFamily],
) -> bool {
    let is_promised = promised.contains(&family);
    let is_family = match family {
        PlatformFamily::LinuxGlibc => triple.is_linux() && (is_promised || !triple.is_musl()),
        PlatformFamily::LinuxMusl => triple.is_linux() && triple.is_musl(),
        PlatformFamily::Macos => triple.is_macos(),
        PlatformFamily::Windows => triple.is_windows(),
    };
    is_family && triple.architecture() == Some(architecture)
}

/// Where a template is that was named by itself and is of no product's directory.
fn alone<'a>(template: &'a Template, product: Option<&Path>) -> Option<&'a Path> {
    template.directory.as_deref().filter(|_| product.is_none())
}

/// The command that comes next: the upload where all is well, of the targets that are there and no fewer; where some of the
/// wheels do not run here, the workflow that tests each where it does; else what tells more.
pub(super) fn next(
    options: &Options,
    targets: &[TargetRow],
    verdict: &gate::Release,
    checked: &check::Report,
) -> String {
    let is_good = verdict.problems.is_empty();
    let dist = options.out_dir.join("dist");
    let product = options.product.directory.as_deref();
    let program = options.version.program().to_string();
    let at_product = options.product.option();
    let failed = targets.iter().find(|row| row.step("smoke").is_some_and(|step| step.outcome == Outcome::Failed));
    // What is accepted as it is holds nothing up.
    if let Some((row, wheel)) = failed.filter(|_| !is_good).and_then(|row| Some((row, row.wheel.as_ref()?))) {
        let runner = options.runners.iter().find(|(triple, _)| row.target.as_ref() == Some(triple));
        let runner =
            runner.map(|(_, runner)| format!(" --runner {}", shell_word(&runner.to_string()))).unwrap_or_default();
        return format!(
            "relkit smoke {}{at_product} --expect-version {program}{runner}",
            shell_path(&dist.join(wheel.to_string()))
        );
    }
    let receipts = options.out_dir.join("receipts");
    let wheels: Vec<_> = targets.iter().filter(|row| row.wheel.is_some()).collect();
    let is_tested = wheels.iter().all(|row| row.is_tested());
    let has_receipts = is_tested && !wheels.is_empty();
    let command = UploadCommand {
        dist: &dist,
        release_version: &program,
        revision: options.version.revision().map(|revision| revision.to_string()),
        product,
        template: alone(&options.product.runtime_template, product),
        sdk_template: options.product.sdk.as_ref().and_then(|sdk| alone(&sdk.template, product)),
        receipts: has_receipts.then_some(receipts.as_path()),
        allow_missing: left_out(options, targets).iter().map(ToString::to_string).collect(),
        only: options.only,
        manifest: None,
        index_url: None,
        runtime: &options.product.runtime,
    };
    let is_alone = command.template.is_some() || command.sdk_template.is_some();
    match is_good {
        true if is_tested => command.to_string(),
        // Nothing that no machine has run is published by a line that is copied.
        true if !is_alone => format!("relkit workflow{at_product}"),
        true => command.verify(),
        false => match missing(options, targets, verdict) {
            Some(missing) => UploadCommand { allow_missing: missing, ..command }.verify(),
            None => mending(verdict, checked).unwrap_or_else(|| command.verify()),
        },
    }
}

/// The targets that have no wheel, where nothing else keeps the release back: it may be meant to go without them.
fn missing(options: &Options, targets: &[TargetRow], verdict: &gate::Release) -> Option<Vec<String>> {
    let is_missing = |problem: &gate::Problem| problem.code == check::SET_TARGETS.name && problem.file.is_none();
    let is_all = verdict.problems.iter().all(is_missing) && targets.iter().all(|row| row.wheel.is_some());
    let has = |triple: &TargetTriple| targets.iter().any(|row| row.target.as_ref() == Some(triple));
    let rows = options.product.runtime.targets.iter().map(|row| &row.triple).filter(|triple| !has(triple));
    let mut missing: Vec<_> = rows.map(ToString::to_string).collect();
    missing.dedup();
    Some(missing).filter(|missing| is_all && !missing.is_empty() && !targets.is_empty())
}

/// What mends the first problem: the command where there is one, else the page of its rule.
fn mending(verdict: &gate::Release, checked: &check::Report) -> Option<String> {
    let first = verdict.problems.first()?;
    let is_rule = check::rules().any(|rule| rule.name == first.code);
    checked.mending().or_else(|| is_rule.then(|| format!("relkit rule {}", first.code)))
}
