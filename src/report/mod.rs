//! What a release went through, as one value: shown as a self-contained HTML page (no script, nothing from elsewhere,
//! readable on a phone and in print) and as Markdown for a job summary.

use std::fmt::Write as _;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde::Serialize;

use crate::console::markdown;
use crate::console::text::{human_bytes, plural};
use crate::digest::Sha256Digest;
use crate::error::Outcome;
use crate::version::CodexVersion;
use crate::wheel::name::DistributionName;

/// A release and everything that was found out about it.
#[derive(Debug, Clone, Serialize)]
pub struct Release {
    /// The version of this form.
    pub schema_version: u32,
    /// How it ended, all in all.
    pub outcome: Outcome,
    /// The runtime's distribution.
    pub distribution: DistributionName,
    /// The SDK's distribution.
    pub sdk_distribution: DistributionName,
    /// The PEP 440 version.
    pub version: CodexVersion,
    /// The release tag.
    pub release_tag: String,
    /// One row per target, in the template's order.
    pub targets: Vec<TargetRow>,
    /// Every file of the release.
    pub files: Vec<FileRow>,
    /// What every well-known platform would install.
    pub coverage: Vec<CoverageRow>,
    /// Every finding of `check`.
    pub findings: Vec<FindingRow>,
    /// Every problem of the gate.
    pub problems: Vec<ProblemRow>,
    /// What the gate warns of, beyond the findings.
    pub warnings: Vec<ProblemRow>,
}

/// What one target went through.
#[derive(Debug, Clone, Serialize)]
pub struct TargetRow {
    /// The target triple.
    pub target: String,
    /// The platform tags of its wheel, where there is one.
    pub platform_tag: String,
    /// The steps in order.
    pub steps: Vec<StepRow>,
    /// The size of the payload in bytes.
    pub payload_bytes: u64,
    /// The wheel's file name.
    pub wheel: Option<String>,
    /// The size of the wheel in bytes.
    pub wheel_bytes: u64,
    /// What is in the wheel: path and uncompressed size in bytes, largest first.
    pub contents: Vec<(String, u64)>,
}

/// One step of a target.
#[derive(Debug, Clone, Serialize)]
pub struct StepRow {
    /// `stage`, `inspect`, `build`, `check` or `smoke`.
    pub name: String,
    /// How it ended.
    pub outcome: Outcome,
    /// What there is to know.
    pub detail: String,
    /// How long it took.
    pub milliseconds: u64,
}

/// One file of the release.
#[derive(Debug, Clone, Serialize)]
pub struct FileRow {
    /// The file name.
    pub name: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal.
    pub sha256: Sha256Digest,
}

/// What one platform would install.
#[derive(Debug, Clone, Serialize)]
pub struct CoverageRow {
    /// The platform.
    pub name: String,
    /// The wheel's file name, or nothing.
    pub wheel: Option<String>,
}

/// A finding of `check`.
#[derive(Debug, Clone, Serialize)]
pub struct FindingRow {
    /// The file.
    pub file: String,
    /// Whether it is an error; else a warning.
    pub error: bool,
    /// The rule.
    pub rule: String,
    /// The member of the archive, where there is one.
    pub member: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
    /// Why it is accepted, where it is.
    pub accepted: Option<String>,
}

/// A problem of the gate.
#[derive(Debug, Clone, Serialize)]
pub struct ProblemRow {
    /// Its stable name.
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

const STYLE: &str = "\
:root{color-scheme:light dark;--text:#1d2430;--soft:#5c6675;--line:#d9dee6;--back:#fff;--raised:#f5f7fa;--good:#1a7f4b;\
--warn:#9a6700;--bad:#c0292b;--bar:#4a78c8;--bar2:#9db8e6}\
@media (prefers-color-scheme:dark){:root{--text:#e4e8ee;--soft:#9aa5b4;--line:#343c49;--back:#14181f;--raised:#1d232d;\
--good:#4cc38a;--warn:#e0b040;--bad:#ff7b72;--bar:#6f9ceb;--bar2:#3c5688}}\
*{box-sizing:border-box}body{margin:0 auto;max-width:76rem;padding:1.5rem 1rem 4rem;background:var(--back);color:var(--text);\
font:15px/1.5 system-ui,sans-serif;overflow-wrap:break-word}h1{font-size:1.6rem;line-height:1.25;margin:.2rem 0}\
h2{font-size:1.15rem;margin:2.2rem 0 .6rem}p{margin:.4rem 0}.soft{color:var(--soft)}.passed{color:var(--good)}\
.warned{color:var(--warn)}.failed{color:var(--bad)}.skipped{color:var(--soft)}.badge{font-weight:600;white-space:nowrap}\
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.45rem .7rem .45rem 0;\
border-bottom:1px solid var(--line);vertical-align:top}th{font-weight:600;white-space:nowrap}\
code,.mono{font-family:ui-monospace,monospace;font-size:.88em}.mono{overflow-wrap:anywhere}\
.targets code{white-space:nowrap}.targets .detail code{white-space:normal;overflow-wrap:anywhere}\
.detail{display:block;color:var(--soft);font-size:.93em}\
.number{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}\
.bar{display:grid;grid-template-columns:16rem 1fr 10.5rem;gap:.1rem .8rem;align-items:center;margin:.3rem 0;break-inside:avoid}\
.track{background:var(--raised);border:1px solid var(--line);height:1.1rem;border-radius:3px;position:relative;overflow:hidden}\
.track i{position:absolute;inset:0 auto 0 0;background:var(--bar2)}.track i+i{background:var(--bar)}\
.key i{display:inline-block;width:.8em;height:.8em;border-radius:2px;background:var(--bar2)}.key i.wheel{background:var(--bar)}\
.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:.5rem}\
.cell{border:1px solid var(--line);border-left:4px solid var(--good);border-radius:4px;padding:.35rem .7rem;background:var(--raised)}\
.cell.none{border-left-color:var(--bad)}.finding{border-left:4px solid var(--warn);padding:.2rem .8rem;margin:.7rem 0;\
background:var(--raised)}.finding.error{border-left-color:var(--bad)}.finding.accepted{border-left-color:var(--line)}\
details{margin:.4rem 0}summary{cursor:pointer}\
@media screen and (max-width:56rem){thead{display:none}table,tbody,tr,td{display:block}tr{padding:.6rem 0;border-bottom:1px solid var(--line)}\
td{border:0;padding:.15rem 0}td[data-step]{padding-left:5.5rem}td[data-step]::before{content:attr(data-step);float:left;\
margin-left:-5.5rem;color:var(--soft)}.targets code{white-space:normal;overflow-wrap:anywhere}.number{text-align:left}\
.bar{grid-template-columns:1fr auto}.bar .track{grid-column:1/-1;grid-row:2}}\
@media print{:root{--text:#000;--soft:#444;--line:#bbb;--back:#fff;--raised:#fff;--good:#146c3f;--warn:#7a5200;--bad:#a01c1e;\
--bar:#4a78c8;--bar2:#9db8e6}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}body{max-width:none;padding:0;\
font-size:10px}.targets code{font-size:.85em}.bar{grid-template-columns:12rem 1fr 9rem}\
h2{break-after:avoid}tr,.cell,.finding{break-inside:avoid}}";

impl Release {
    /// The page.
    #[must_use]
    pub fn html(&self) -> String {
        let title = format!("{} {}", self.distribution, self.version);
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { (title) " – release report" }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    p.soft { "Release report" }
                    h1 { (title) }
                    p {
                        span.badge.(self.outcome.word()) { (self.outcome.sign()) " " (self.outcome.word()) }
                        span.soft { " · " (self.summary()) " · release tag " code { (self.release_tag) } }
                    }
                    @if !self.problems.is_empty() { (self.problems_part()) }
                    @if !self.warnings.is_empty() { (self.warnings_part()) }
                    (self.targets_part())
                    (self.sizes_part())
                    (self.coverage_part())
                    (self.findings_part())
                    (self.files_part())
                }
            }
        }
        .into_string()
    }

    /// One sentence of numbers.
    #[must_use]
    pub fn summary(&self) -> String {
        let wheels = self.targets.iter().filter(|target| target.wheel.is_some()).count();
        let errors = self.findings.iter().filter(|finding| finding.error && finding.accepted.is_none()).count();
        let warned = self.findings.iter().filter(|finding| !finding.error && finding.accepted.is_none()).count();
        let warnings = warned + self.warnings.len();
        let accepted = self.findings.iter().filter(|finding| finding.accepted.is_some()).count();
        let covered = self.coverage.iter().filter(|row| row.wheel.is_some()).count();
        format!(
            "{wheels} runtime {}, {errors} {}, {warnings} {}, {accepted} accepted, {covered} of {} platforms covered",
            plural(wheels, "wheel"),
            plural(errors, "error"),
            plural(warnings, "warning"),
            self.coverage.len()
        )
    }

    fn step_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for step in self.targets.iter().flat_map(|target| &target.steps) {
            if !names.contains(&step.name.as_str()) {
                names.push(&step.name);
            }
        }
        names
    }

    fn problems_part(&self) -> Markup {
        html! {
            h2 { "What keeps this from being published" }
            @for problem in &self.problems {
                div.finding.error {
                    p { code { (problem.code) } " " (prose(&problem.message)) }
                    p.soft { (prose(&problem.help)) }
                }
            }
        }
    }

    fn warnings_part(&self) -> Markup {
        html! {
            h2 { "What to know before it is published" }
            @for warning in &self.warnings {
                div.finding {
                    p { code { (warning.code) } " " (prose(&warning.message)) }
                    p.soft { (prose(&warning.help)) }
                }
            }
        }
    }

    fn targets_part(&self) -> Markup {
        let names = self.step_names();
        html! {
            h2 { "Targets" }
            table.targets {
                thead { tr { th { "target" } @for name in &names { th { (name) } } } }
                tbody { @for target in &self.targets { tr {
                    td {
                        code { (target.target) }
                        @for tag in target.platform_tag.split('.') { br; code.soft { (tag) } }
                    }
                    @for name in &names { td data-step=(name) {
                        @if let Some(step) = target.steps.iter().find(|step| step.name == *name) {
                            span.badge.(step.outcome.word()) { (step.outcome.sign()) " " (step.outcome.word()) }
                            @if step.milliseconds >= 50 { span.soft { " " (seconds(step.milliseconds)) } }
                            @if !step.detail.is_empty() { span.detail { (prose(&step.detail)) } }
                        } @else { span.skipped { (Outcome::Skipped.sign()) } }
                    } }
                } } }
            }
        }
    }

    fn sizes_part(&self) -> Markup {
        let largest = self.targets.iter().map(|target| target.payload_bytes).max().unwrap_or(0);
        html! {
            h2 { "Sizes" }
            p.soft.key { i {} " payload  " i.wheel {} " wheel" }
            @for target in &self.targets {
                div.bar {
                    code { (target.target) }
                    div.track {
                        i style={ "width:" (percent(target.payload_bytes, largest)) } {}
                        i style={ "width:" (percent(target.wheel_bytes, largest)) } {}
                    }
                    span.number { (human_bytes(target.payload_bytes)) " → " (human_bytes(target.wheel_bytes)) }
                }
            }
            @for target in self.targets.iter().filter(|target| !target.contents.is_empty()) {
                details {
                    summary { "In the wheel of " code { (target.target) } }
                    @for (path, bytes) in &target.contents {
                        div.bar {
                            code.mono { (path) }
                            div.track { i style={ "width:" (percent(*bytes, target.contents[0].1)) } {} }
                            span.number { (human_bytes(*bytes)) }
                        }
                    }
                }
            }
        }
    }

    fn coverage_part(&self) -> Markup {
        let covered = self.coverage.iter().filter(|row| row.wheel.is_some()).count();
        html! {
            h2 { "Who can install it" }
            p.soft { (covered) " of " (self.coverage.len()) " well-known platforms get a wheel; its tags are shown." }
            div.grid { @for row in &self.coverage {
                @match &row.wheel {
                    Some(wheel) => div.cell { (row.name) br; span.soft.mono title=(wheel) { (platform_part(wheel)) } },
                    None => div.cell.none { (row.name) br; span.failed { "no wheel" } },
                }
            } }
        }
    }

    fn findings_part(&self) -> Markup {
        html! {
            h2 { "Findings" }
            @if self.findings.is_empty() { p { "None." } }
            @for finding in &self.findings {
                div.finding.error[finding.error && finding.accepted.is_none()].accepted[finding.accepted.is_some()] {
                    p {
                        span.badge.(if finding.error { "failed" } else { "warned" }) {
                            (if finding.error { "error" } else { "warning" })
                        }
                        " " code { (finding.rule) } " " (prose(&finding.message))
                    }
                    p.soft.mono { (finding.file) @if let Some(member) = &finding.member { " · " (member) } }
                    p.soft { (prose(&finding.help)) }
                    @if let Some(reason) = &finding.accepted { p { "Accepted: " (prose(reason)) } }
                }
            }
        }
    }

    fn files_part(&self) -> Markup {
        html! {
            h2 { "Files" }
            table {
                thead { tr { th { "file" } th.number { "size" } th { "SHA-256" } } }
                tbody { @for file in &self.files { tr {
                    td.mono { (file.name) }
                    td.number { (human_bytes(file.bytes)) }
                    td.mono { (file.sha256) }
                } } }
            }
        }
    }

    /// The same facts for a GitHub job summary.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = format!(
            "## {} {} {}\n\n{} {}: {}\n\n",
            self.outcome.sign(),
            markdown::escaped(self.distribution.as_str()),
            self.version,
            self.release_tag,
            self.outcome.word(),
            self.summary()
        );
        for problem in &self.problems {
            let (message, help) = (markdown::escaped(&problem.message), markdown::escaped(&problem.help));
            let _ = writeln!(text, "- **{}** {message} ({help})", problem.code);
        }
        for warning in &self.warnings {
            let (message, help) = (markdown::escaped(&warning.message), markdown::escaped(&warning.help));
            let _ = writeln!(text, "- {} {message} ({help})", warning.code);
        }
        let names = self.step_names();
        let _ = writeln!(text, "\n| target | {} | wheel |", names.join(" | "));
        let _ = writeln!(text, "| --- |{} ---: |", " --- |".repeat(names.len()));
        for target in &self.targets {
            let _ = write!(text, "| `{}` |", target.target);
            for name in &names {
                let step = target.steps.iter().find(|step| step.name == *name);
                let cell = step.map_or_else(String::new, |step| {
                    let detail = markdown::escaped(&step.detail);
                    format!("{} {} {detail}", step.outcome.sign(), step.outcome.word()).trim_end().to_owned()
                });
                let _ = write!(text, " {cell} |");
            }
            let _ = writeln!(text, " {} |", human_bytes(target.wheel_bytes));
        }
        let uncovered: Vec<_> = self.coverage.iter().filter(|row| row.wheel.is_none()).collect();
        if !uncovered.is_empty() {
            let names: Vec<_> = uncovered.iter().map(|row| row.name.as_str()).collect();
            let _ = writeln!(text, "\nNo wheel for: {}", names.join(", "));
        }
        if !self.findings.is_empty() {
            text += "\n| finding | file | what |\n| --- | --- | --- |\n";
        }
        for finding in &self.findings {
            let kind = match (&finding.accepted, finding.error) {
                (Some(_), _) => "accepted",
                (None, true) => "error",
                (None, false) => "warning",
            };
            let (file, message) = (markdown::code(&finding.file), markdown::escaped(&finding.message));
            let _ = writeln!(text, "| {kind} `{}` | {file} | {message} |", finding.rule);
        }
        if !self.files.is_empty() {
            text += "\n| file | size | SHA-256 |\n| --- | ---: | --- |\n";
        }
        for file in &self.files {
            let _ =
                writeln!(text, "| {} | {} | `{}` |", markdown::code(&file.name), human_bytes(file.bytes), file.sha256);
        }
        text
    }
}

fn seconds(milliseconds: u64) -> String {
    format!("{:.1} s", milliseconds as f64 / 1e3)
}

fn percent(part: u64, whole: u64) -> String {
    format!("{:.1}%", part as f64 * 100.0 / whole.max(1) as f64)
}

/// The platform tags in a wheel's file name.
fn platform_part(wheel: &str) -> &str {
    wheel.trim_end_matches(".whl").rsplit('-').next().unwrap_or(wheel)
}

/// A sentence with what stands in backticks set as code.
fn prose(text: &str) -> Markup {
    let parts: Vec<&str> = text.split('`').collect();
    // An odd number of backticks leaves the last of them alone.
    let paired = parts.len() % 2 == 1;
    html! {
        @for (number, part) in parts.iter().enumerate() {
            @if number % 2 == 1 && (paired || number + 1 < parts.len()) { code { (part) } }
            @else if number % 2 == 1 { "`" (part) }
            @else { (part) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Release {
        Release {
            schema_version: 1,
            outcome: Outcome::Failed,
            distribution: "acme-bin".parse().unwrap(),
            sdk_distribution: "acme".parse().unwrap(),
            version: "1.2.3".parse().unwrap(),
            release_tag: "rust-v1.2.3".into(),
            targets: vec![TargetRow {
                target: "x86_64-unknown-linux-musl".into(),
                platform_tag: "manylinux_2_17_x86_64.musllinux_1_1_x86_64".into(),
                steps: vec![StepRow {
                    name: "smoke".into(),
                    outcome: Outcome::Failed,
                    detail: "the answer was <script>".into(),
                    milliseconds: 1500,
                }],
                payload_bytes: 400,
                wheel: Some("acme_bin-1.2.3-py3-none-any.whl".into()),
                wheel_bytes: 100,
                contents: vec![("bin/acme".into(), 400)],
            }],
            files: vec![FileRow { name: "a|b.whl".into(), bytes: 100, sha256: Sha256Digest([0; 32]) }],
            coverage: vec![CoverageRow { name: "windows-x86_64".into(), wheel: None }],
            findings: vec![FindingRow {
                file: "a.whl".into(),
                error: true,
                rule: "macho-minos".into(),
                member: Some("bin/acme".into()),
                message: "too new".into(),
                help: "retag".into(),
                accepted: Some("known".into()),
            }],
            problems: vec![ProblemRow { code: "set-complete".into(), message: "m".into(), help: "h".into() }],
            warnings: vec![ProblemRow { code: "family-uncovered".into(), message: "w".into(), help: "h".into() }],
        }
    }

    #[test]
    fn the_page_stands_alone_and_escapes() {
        let page = sample().html();
        assert!(!page.contains("<script"), "no script, from anywhere");
        for reference in ["src=", "href=", "@import", "url(", "http:", "https:"] {
            assert!(!page.contains(reference), "{reference}");
        }
        for fact in
            ["rust-v1.2.3", "400 B → 100 B", "Accepted: known", "set-complete", "family-uncovered", "no wheel", "1.5 s"]
        {
            assert!(page.contains(fact), "{fact}");
        }
        assert!(page.contains("&lt;script&gt;"));
    }

    #[test]
    fn markdown_cells_hold() {
        let text = sample().markdown();
        assert!(text.contains("a\\|b.whl"));
        let table: Vec<_> = text.lines().filter(|line| line.starts_with("| `x86_64")).collect();
        assert_eq!(table, ["| `x86_64-unknown-linux-musl` | ✗ failed the answer was \\<script\\> | 100 B |"]);
    }
}
