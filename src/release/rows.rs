//! What the steps said, as rows of the report.

use std::time::Duration;

use crate::check::{FileReport, Severity};
use crate::console::text::plural;
use crate::error::Outcome;
use crate::gate::Problem;
use crate::product::Target;
use crate::report::{FindingRow, ProblemRow, StepRow, TargetRow};
use crate::smoke;

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
pub(super) fn checked(wheel: &str, findings: &[FindingRow], elapsed: Duration) -> StepRow {
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

/// What a step failed at, as a problem of the release.
pub(super) fn failed_steps(row: &TargetRow) -> impl Iterator<Item = ProblemRow> {
    let failed = row.steps.iter().filter(|step| step.outcome == Outcome::Failed && step.name != "check");
    failed.map(|step| {
        // What the gate would say of it: there is no wheel, or a receipt that did not pass.
        let (code, help) = match step.name.as_str() {
            "smoke" => (
                "receipt-failed",
                "fix the executable or the payload around it, or say what it answers in [tool.relkit.smoke]; `relkit smoke` on the wheel tells more",
            ),
            _ => ("set-targets", "give another payload; `relkit inspect` says what a file is"),
        };
        ProblemRow {
            code: code.to_owned(),
            message: format!("`{}`: {}", row.title(), step.detail),
            help: step.help.clone().unwrap_or_else(|| help.to_owned()),
        }
    })
}

pub(super) fn problem(problem: &Problem) -> ProblemRow {
    ProblemRow { code: problem.code.clone(), message: problem.message.clone(), help: problem.help.clone() }
}

/// That no index was asked for the runtime that the SDK alone pins.
pub(super) fn unseen_runtime() -> ProblemRow {
    ProblemRow {
        code: "runtime-published".to_owned(),
        message: "the runtime that the SDK pins was not looked up, because no index is named".to_owned(),
        help: "name the index that has it with `--index-url`; `verify` and `publish` ask for it".to_owned(),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::rules;

    #[test]
    fn every_problem_is_one_of_a_rule() {
        let failed = |name: &str| step(name, Outcome::Failed, "x".into(), Duration::ZERO);
        let row = TargetRow {
            payload: "tool.tar.gz".into(),
            steps: ["stage", "smoke"].map(failed).into(),
            ..TargetRow::default()
        };
        let known = StepRow { help: Some("do this".into()), ..failed("stage") };
        let told = TargetRow { steps: vec![known], ..TargetRow::default() };
        assert_eq!(failed_steps(&told).map(|problem| problem.help).collect::<Vec<_>>(), ["do this"]);
        let problems: Vec<_> = failed_steps(&row).chain([unseen_runtime()]).collect();
        assert_eq!(problems.len(), 3);
        for problem in problems {
            assert!(rules().any(|rule| rule.name == problem.code), "{}", problem.code);
        }
    }
}
