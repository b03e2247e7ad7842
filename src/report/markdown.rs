//! The same facts for a GitHub job summary.

use std::fmt::Write as _;

use super::groups::{FilePlace, Sentence, groups};
use super::value::{ProblemRow, ReleaseReport, TargetRow, reservations};
use crate::console::markdown::{code, code_cell, escaped};
use crate::console::text::{human_bytes, plural, shown_of, visible_lines};

pub(super) fn summary(release: &ReleaseReport) -> String {
    let mut text = format!(
        "## {} {} {}\n\n{} {}: {}\n",
        release.outcome.sign(),
        escaped(release.distribution.as_str()),
        release.version,
        escaped(&release.release_tag),
        release.outcome.word(),
        release.summary()
    );
    if !release.problems.is_empty() || !release.warnings.is_empty() {
        text.push('\n');
    }
    problems(&release.problems, "**", &mut text);
    problems(&release.warnings, "", &mut text);
    let steps = release.steps();
    if !release.targets.is_empty() {
        let _ = writeln!(text, "\n| target | {} | wheel |", steps.join(" | "));
        let _ = writeln!(text, "| --- |{} ---: |", " --- |".repeat(steps.len()));
    }
    for target in &release.targets {
        let cells: String = steps.iter().map(|name| cell(target, name)).collect();
        let size = target.wheel.as_ref().map_or_else(String::new, |_| human_bytes(target.wheel_bytes));
        let _ = writeln!(text, "| {} |{cells} {size} |", code_cell(&target.title()));
    }
    let reservations = reservations(&release.targets);
    if !reservations.is_empty() {
        text.push('\n');
    }
    reservations.iter().for_each(|sentence| _ = writeln!(text, "- warning: {}", escaped(sentence)));
    let uncovered = || release.coverage.iter().filter(|row| row.wheel.is_none());
    let missing: Vec<_> = uncovered().filter(|row| row.by_choice.is_none()).map(|row| escaped(&row.name)).collect();
    if !missing.is_empty() {
        let _ = writeln!(text, "\nNo wheel for: {}", missing.join("; "));
    }
    let by_choice: Vec<_> =
        uncovered().filter_map(|row| Some(format!("{} ({})", escaped(&row.name), row.by_choice.as_ref()?))).collect();
    if !by_choice.is_empty() {
        folded(
            &mut text,
            &format!("{} without a wheel, as it is meant", plural(by_choice.len(), "platform")),
            &by_choice,
        );
    }
    if let Some(changes) = &release.changes {
        let _ = writeln!(text, "\n### Changed since {}\n", escaped(&changes.against));
        for row in &changes.distributions {
            let _ = writeln!(text, "- {}: {}", code(&row.title()), escaped(&row.words()));
        }
    }
    if !release.findings.is_empty() {
        text += "\n| finding | what | where |\n| --- | --- | --- |\n";
    }
    for group in groups(release) {
        for said in &group.sentences {
            let message = escaped(&said.words);
            let _ = writeln!(text, "| {} `{}` | {message} | {} |", said.kind, group.rule, places(said));
        }
    }
    if !release.files.is_empty() {
        text += "\n| file | size | SHA-256 |\n| --- | ---: | --- |\n";
    }
    for file in &release.files {
        let _ = writeln!(text, "| {} | {} | `{}` |", code_cell(&file.name), human_bytes(file.bytes), file.sha256);
    }
    if let Some(next) = &release.next {
        let _ = writeln!(text, "\nNext: {}", code(next));
    }
    visible_lines(&text)
}

/// A line for each, and behind the last of those that are mended alike what to do about them.
fn problems(rows: &[ProblemRow], weight: &str, text: &mut String) {
    for alike in rows.chunk_by(ProblemRow::is_mended_like) {
        for (place, row) in alike.iter().enumerate() {
            let (code, message) = (code(&row.code), escaped(&row.message));
            let closing = match &row.accepted {
                _ if place + 1 < alike.len() => String::new(),
                Some(reason) => format!(" (accepted: {})", escaped(reason)),
                None => format!(" ({})", escaped(&row.help)),
            };
            let _ = writeln!(text, "- {weight}{code}{weight} {message}{closing}");
        }
    }
}

/// Lines that a click unfolds.
fn folded(text: &mut String, summary: &str, lines: &[String]) {
    let _ = write!(text, "\n<details><summary>{summary}</summary>\n\n");
    lines.iter().for_each(|line| _ = writeln!(text, "- {line}"));
    *text += "\n</details>\n";
}

/// The files that a sentence is said of.
fn places(said: &Sentence<'_>) -> String {
    let shown = shown_of(said.files.len());
    let mut names: Vec<_> = said.files.iter().take(shown).map(place).collect();
    if said.files.len() > shown {
        names.push(format!("and {} more", said.files.len() - shown));
    }
    names.join("<br>")
}

fn place(place: &FilePlace<'_>) -> String {
    let own = place.own.as_ref().map(|own| format!(": {own}")).unwrap_or_default();
    code_cell(place.file) + &own
}

fn cell(target: &TargetRow, step: &str) -> String {
    let Some(step) = target.step(step) else { return "  |".to_owned() };
    let text = format!("{} {} {}", step.outcome.sign(), step.outcome.word(), escaped(&step.detail));
    format!(" {} |", text.trim_end())
}
