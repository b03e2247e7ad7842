//! The page about a release: self-contained (no script, nothing from elsewhere), readable on a phone and in print.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::value::Release;
use crate::console::html::prose;
use crate::console::text::{human_bytes, visible_lines};
use crate::error::Outcome;

const STYLE: &str = include_str!("page.css");

impl Release {
    /// The whole page.
    #[must_use]
    pub fn html(&self) -> String {
        let title = format!("{} {}", self.distribution, self.version);
        let page = html! {
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
                    (self.problems_part())
                    // The SDK alone has neither targets nor, perhaps, a runtime that is known.
                    @if !self.targets.is_empty() { (self.targets_part()) (self.sizes_part()) }
                    @if !self.coverage.is_empty() { (self.coverage_part()) }
                    (self.findings_part())
                    (self.files_part())
                }
            }
        };
        visible_lines(&page.into_string())
    }

    fn problems_part(&self) -> Markup {
        let parts = [
            ("What keeps this from being published", &self.problems, true),
            ("What to know before it is published", &self.warnings, false),
        ];
        html! {
            @for (title, rows, is_error) in parts.into_iter().filter(|(_, rows, _)| !rows.is_empty()) {
                h2 { (title) }
                @for row in rows {
                    div.finding.error[is_error] {
                        p { code { (row.code) } " " (prose(&row.message)) }
                        p.soft { (prose(&row.help)) }
                    }
                }
            }
        }
    }

    fn targets_part(&self) -> Markup {
        let names = self.steps();
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
                        @if let Some(step) = target.step(name) {
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
        html! {
            h2 { "Who can install it" }
            p.soft { (self.covered()) " of " (self.coverage.len()) " well-known platforms get a wheel; its tags are shown." }
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
