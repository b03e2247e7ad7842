//! The same facts for a GitHub job summary.

use std::fmt::Write as _;

use super::value::{ReleaseReport, TargetRow};
use crate::console::markdown::{code, code_cell, escaped};
use crate::console::text::{human_bytes, visible_lines};

pub(super) fn summary(release: &ReleaseReport) -> String {
    let mut text = format!(
        "## {} {} {}\n\n{} {}: {}\n\n",
        release.outcome.sign(),
        escaped(release.distribution.as_str()),
        release.version,
        escaped(&release.release_tag),
        release.outcome.word(),
        release.summary()
    );
    for problem in &release.problems {
        let (message, help) = (escaped(&problem.message), escaped(&problem.help));
        let _ = writeln!(text, "- **{}** {message} ({help})", problem.code);
    }
    for warning in &release.warnings {
        let (message, help) = (escaped(&warning.message), escaped(&warning.help));
        let _ = writeln!(text, "- {} {message} ({help})", warning.code);
    }
    let steps = release.steps();
    if !release.targets.is_empty() {
        let _ = writeln!(text, "\n| target | {} | wheel |", steps.join(" | "));
        let _ = writeln!(text, "| --- |{} ---: |", " --- |".repeat(steps.len()));
    }
    for target in &release.targets {
        let cells: String = steps.iter().map(|name| cell(target, name)).collect();
        let _ = writeln!(text, "| {} |{cells} {} |", code_cell(&target.title()), human_bytes(target.wheel_bytes));
    }
    let uncovered: Vec<_> = release.coverage.iter().filter(|row| row.wheel.is_none()).collect();
    if !uncovered.is_empty() {
        let names: Vec<_> = uncovered.iter().map(|row| row.name.as_str()).collect();
        let _ = writeln!(text, "\nNo wheel for: {}", names.join(", "));
    }
    if let Some(changes) = &release.changes {
        let _ = writeln!(text, "\n### Changed since {}\n", escaped(&changes.against));
        for row in &changes.distributions {
            let _ = writeln!(text, "- {}: {}", code(&row.title()), escaped(&row.words()));
        }
    }
    if !release.findings.is_empty() {
        text += "\n| finding | file | what |\n| --- | --- | --- |\n";
    }
    for finding in &release.findings {
        let (kind, file, message) = (finding.kind(), code_cell(&finding.file), escaped(&finding.message));
        let _ = writeln!(text, "| {kind} `{}` | {file} | {message} |", finding.rule);
    }
    if !release.files.is_empty() {
        text += "\n| file | size | SHA-256 |\n| --- | ---: | --- |\n";
    }
    for file in &release.files {
        let _ = writeln!(text, "| {} | {} | `{}` |", code_cell(&file.name), human_bytes(file.bytes), file.sha256);
    }
    visible_lines(&text)
}

fn cell(target: &TargetRow, step: &str) -> String {
    let Some(step) = target.step(step) else { return "  |".to_owned() };
    let text = format!("{} {} {}", step.outcome.sign(), step.outcome.word(), escaped(&step.detail));
    format!(" {} |", text.trim_end())
}
