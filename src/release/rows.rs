//! What the steps said, as rows of the report.

use std::time::Duration;

use crate::check::{FileReport, Severity};
use crate::console::text::plural;
use crate::error::Outcome;
use crate::gate::{FailedStep, Problem};
use crate::product::Target;
use crate::report::{FindingRow, ProblemRow, StepRow, TargetRow};
use crate::smoke;
use crate::wheel::filename::WheelFileName;

pub(super) fn step(name: &str, outcome: Outcome, detail: String, elapsed: Duration) -> StepRow {
    let milliseconds = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    StepRow { name: name.to_owned(), outcome, detail, milliseconds, help: None }
}

/// A step of a smoke test.
pub(super) fn of_smoke(tried: &smoke::Step) -> StepRow {
    let smoke::Step { name, outcome, milliseconds, detail } = tried;
    StepRow { name: name.clone(), outcome: *outcome, detail: detail.clone(), milliseconds: *milliseconds, help: None }
}

/// What `check` found in a wheel.
pub(super) fn checked(wheel: &WheelFileName, findings: &[FindingRow], elapsed: Duration) -> StepRow {
    let wheel = wheel.to_string();
    let of_kind = |kind| findings.iter().filter(|finding| finding.file == wheel && finding.kind() == kind).count();
    let (errors, warnings, accepted) = (of_kind("error"), of_kind("warning"), of_kind("accepted"));
    let counts = [(errors, "error"), (warnings, "warning"), (accepted, "accepted finding")];
    let words = counts.iter().filter(|(count, _)| *count > 0).map(|(count, noun)| plural(*count, noun));
    let words: Vec<_> = words.collect();
    // A warning that is accepted is none; an error that is accepted still warns.
    let waived = findings.iter().filter(|finding| finding.file == wheel && finding.accepted.is_some() && finding.error);
    let outcome = match (errors, warnings + waived.count()) {
        (0, 0) => Outcome::Passed,
        (0, _) => Outcome::Warned,
        _ => Outcome::Failed,
    };
    let detail = if words.is_empty() { "no finding".to_owned() } else { words.join(", ") };
    step("check", outcome, detail, elapsed)
}

/// What a step failed at that is judged with the release; what `check` found is judged there anyway.
pub(super) fn failed_steps(row: &TargetRow) -> impl Iterator<Item = FailedStep> {
    let failed = row.steps.iter().filter(|step| step.outcome == Outcome::Failed && step.name != "check");
    // The name stands before what is wrong with it.
    let own = format!("`{}` ", row.title());
    let detail = move |step: &StepRow| match step.detail.strip_prefix(&own) {
        Some(rest) => format!("it {rest}"),
        None => step.detail.clone(),
    };
    failed.map(move |step| FailedStep {
        title: row.title(),
        target: row.target.clone(),
        wheel: row.wheel.clone(),
        detail: detail(step),
        help: step.help.as_deref().map(begun_large),
    })
}

/// A hint as the help of a finding, which begins with a capital.
fn begun_large(hint: &str) -> String {
    let mut letters = hint.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

pub(super) fn problem(problem: &Problem) -> ProblemRow {
    let of_file = problem.of_file();
    let Problem { code, message, help, accepted, .. } = problem.clone();
    ProblemRow { code, message, of_file, help, accepted }
}

pub(super) fn findings(file: &FileReport) -> impl Iterator<Item = FindingRow> {
    let name = file.path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    file.findings.iter().map(move |finding| FindingRow {
        file: name.clone(),
        error: finding.severity == Severity::Error,
        rule: finding.rule.to_owned(),
        member: finding.member.clone(),
        message: finding.message.clone(),
        help: finding.help.clone(),
        accepted: finding.accepted.clone(),
    })
}

/// The rows in the template's order, and those of no target last.
pub(super) fn in_order(targets: &[Target], mut rows: Vec<TargetRow>) -> Vec<TargetRow> {
    let place = |row: &TargetRow| targets.iter().position(|target| Some(&target.triple) == row.target.as_ref());
    rows.sort_by_key(|row| place(row).unwrap_or(usize::MAX));
    rows
}
