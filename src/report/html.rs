//! The page about a release: self-contained (no script, nothing from elsewhere), readable on a phone and in print.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::groups::groups;
use super::html_parts::{changes, wheels};
use super::html_pieces::{badge, duration, kind};
use super::value::{CoverageRow, ProblemRow, ReleaseReport, reservations};
use crate::console::html::prose;
use crate::console::text::{human_bytes, plural, visible_lines};
use crate::error::Outcome;
use crate::target::PlatformTagSet;
use crate::wheel::filename::WheelFileName;

const STYLE: &str = include_str!("page.css");

/// So many files of a finding are shown.
const MAX_FILES: usize = 50;

impl ReleaseReport {
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
                    (self.header(&title))
                    (self.contents())
                    main {
                        (self.problems_part())
                        // The SDK alone has neither targets nor, perhaps, a runtime that is known.
                        @if !self.targets.is_empty() { (self.targets_part()) }
                        @if !self.coverage.is_empty() { (self.coverage_part()) }
                        (self.findings_part())
                        @if let Some(found) = &self.changes { (changes(found)) }
                        @if self.has_wheels() { (wheels(self)) }
                        @if !self.files.is_empty() { (self.files_part()) }
                    }
                    footer { @if let Some(next) = &self.next {
                        h2 id="next" { "Next" }
                        pre { code { (next) } }
                    } }
                }
            }
        };
        visible_lines(&page.into_string())
    }

    /// What it is, and first of all what is to be done with it: one that failed is not to be installed.
    fn header(&self, title: &str) -> Markup {
        let installed = self.sdk_distribution.as_ref().unwrap_or(&self.distribution);
        html! {
            header {
                p.soft { "Release report" }
                h1 { (title) }
                p.summary { (badge(self.outcome)) span.soft { " · " (self.summary()) } }
                dl.facts {
                    dt { "Release tag" } dd { code { (self.release_tag) } }
                    @if let Some(date) = &self.date { dt { "Date" } dd { time datetime=(date) { (date) } } }
                    @if self.is_failed() {
                        @if let Some(first) = self.problems.first() {
                            dt { "Failed" }
                            dd {
                                code.rule { (first.code) } " " (prose(&first.message))
                                @if let more @ 1.. = self.problems.len() - 1 {
                                    " " a href="#problems" { "and " (plural(more, "more problem")) }
                                }
                            }
                        }
                        @if let Some(next) = &self.next { dt { "Next" } dd { code { (next) } } }
                    } @else {
                        dt { "Once published" }
                        dd {
                            code { "pip install " (installed) "==" (self.version) } br;
                            code { "uv pip install " (installed) "==" (self.version) }
                        }
                    }
                }
            }
        }
    }

    fn is_failed(&self) -> bool {
        self.outcome == Outcome::Failed
    }

    /// The title of the platforms: of a release that failed nothing can be installed yet.
    fn platforms_title(&self) -> &'static str {
        if self.is_failed() { "Who could install it" } else { "Who can install it" }
    }

    fn has_wheels(&self) -> bool {
        self.targets.iter().any(|target| target.wheel.is_some())
    }

    /// Links to the parts, for a page that is some metres long.
    fn contents(&self) -> Markup {
        let parts = [
            ("problems", "Problems", !self.problems.is_empty()),
            ("warnings", "Warnings", !self.warnings.is_empty()),
            ("targets", "Targets", !self.targets.is_empty()),
            ("platforms", self.platforms_title(), !self.coverage.is_empty()),
            ("findings", "Findings", true),
            ("changes", "Changes", self.changes.is_some()),
            ("wheels", "Wheels", self.has_wheels()),
            ("files", "Files", !self.files.is_empty()),
            ("next", "Next", self.next.is_some()),
        ];
        html! {
            nav aria-label="On this page" {
                ul { @for (id, title, _) in parts.into_iter().filter(|(.., is_there)| *is_there) {
                    li { a href={ "#" (id) } { (title) } }
                } }
            }
        }
    }

    fn problems_part(&self) -> Markup {
        let parts = [
            ("problems", "What keeps this from being published", &self.problems, true),
            ("warnings", "What to know before it is published", &self.warnings, false),
        ];
        html! {
            @for (id, title, rows, is_error) in parts.into_iter().filter(|(_, _, rows, _)| !rows.is_empty()) {
                section aria-labelledby=(id) {
                    h2 id=(id) { (title) }
                    @for alike in rows.chunk_by(ProblemRow::is_mended_like) { @let row = &alike[0];
                        div.finding.error[is_error].accepted[row.accepted.is_some()] {
                            @for row in alike { p { code.rule { (row.code) } " " (prose(&row.message)) } }
                            p.soft { @match &row.accepted {
                                Some(reason) => { "Accepted: " (prose(reason)) }
                                None => { (prose(&row.help)) }
                            } }
                        }
                    }
                }
            }
        }
    }

    fn targets_part(&self) -> Markup {
        let names = self.steps();
        html! {
            section aria-labelledby="targets" {
                h2 id="targets" { "Targets" }
                table.targets {
                    thead { tr { th scope="col" { "target" } @for name in &names { th scope="col" { (name) } } } }
                    tbody {
                        @for (number, target) in self.targets.iter().enumerate() { tr {
                            th scope="row" {
                                @if target.wheel.is_some() {
                                    a href={ "#wheel-" (number + 1) } { code { (target.title()) } }
                                } @else { code.payload { (target.title()) } }
                                @for tag in target.platform_tag.iter().flat_map(PlatformTagSet::tags) { br; code.soft { (tag) } }
                            }
                            @for name in &names { td data-step=(name) {
                                @if let Some(step) = target.step(name) {
                                    (badge(step.outcome))
                                    @if step.milliseconds >= 50 { " " span.soft.time { (duration(step.milliseconds)) } }
                                    @if !step.detail.is_empty() { span.detail { (prose(&step.detail)) } }
                                } @else { span.skipped { (Outcome::Skipped.sign()) } }
                            } }
                        } }
                        @for name in &self.left_out { tr {
                            th scope="row" { code { (name) } }
                            td.soft colspan=(names.len()) { "left out on purpose" }
                        } }
                    }
                }
                @for sentence in reservations(&self.targets) { p { (kind("warning")) " " (prose(&sentence)) } }
            }
        }
    }

    fn coverage_part(&self) -> Markup {
        let of = |wanted: fn(&CoverageRow) -> bool| self.coverage.iter().filter(move |row| wanted(row));
        let missing: Vec<_> = of(|row| row.wheel.is_none() && row.by_choice.is_none()).collect();
        let neutral = of(|row| row.wheel.is_none() && row.by_choice.is_some());
        // A tag has a floor, which is no choice of platforms.
        let (older, neutral): (Vec<_>, Vec<_>) = neutral.partition(|row| row.is_too_old());
        html! {
            section aria-labelledby="platforms" {
                h2 id="platforms" { (self.platforms_title()) }
                p.soft { (self.covered()) " of " (self.coverage.len()) " well-known platforms get a wheel." }
                ul.grid {
                    // What is to be mended comes first.
                    @for row in &missing { li.cell.none { (row.name) br; span.failed { "✗ no wheel" } } }
                    @for row in of(|row| row.wheel.is_some()) {
                        li.cell { (row.name) br; @if let Some(wheel) = &row.wheel {
                            span.soft.mono title=(wheel) { @for (place, tag) in platform_part(wheel).split('.').enumerate() {
                                @if place > 0 { "." wbr; } (tag)
                            } }
                        } }
                    }
                }
                @for (rows, why) in [(&older, "older than the tags ask for"), (&neutral, "not supported by choice")] {
                    @if !rows.is_empty() { details {
                        summary { (plural(rows.len(), "platform")) " " (why) }
                        ul.grid { @for row in rows {
                            li.cell.neutral { (row.name) br; span.soft { (row.by_choice.as_deref().unwrap_or_default()) } }
                        } }
                    } }
                }
            }
        }
    }

    fn findings_part(&self) -> Markup {
        html! {
            section aria-labelledby="findings" {
                h2 id="findings" { "Findings" }
                @if self.findings.is_empty() { p { "None." } }
                @for group in groups(self) {
                    div.finding.error[group.kind() == "error"].accepted[group.kind() == "accepted"] {
                        h3 { (kind(group.kind())) " " code { (group.rule) } " " span.soft.count { "in " (plural(group.files(), "file")) } }
                        @for (place, said) in group.sentences.iter().enumerate() {
                            p { @if said.kind != group.kind() { (kind(said.kind)) " " } (prose(&said.words)) }
                            ul.files { @for place in said.files.iter().take(MAX_FILES) {
                                li.soft.mono {
                                    (place.file)
                                    @for member in &place.members { " · " (member) }
                                    @if let Some(own) = &place.own { " · " span.own { (own) } }
                                }
                            } }
                            @if said.files.len() > MAX_FILES { p.soft { "and " (said.files.len() - MAX_FILES) " more" } }
                            @if group.is_last_to_say(place) { @match &said.first.accepted {
                                Some(reason) => p { "Accepted: " (prose(reason)) },
                                None => p.soft { (prose(&said.first.help)) },
                            } }
                        }
                        p.soft { "More: " code { "relkit rule " (group.rule) } }
                    }
                }
            }
        }
    }

    fn files_part(&self) -> Markup {
        html! {
            section aria-labelledby="files" {
                h2 id="files" { "Files" }
                table {
                    thead { tr { th scope="col" { "file" } th.number scope="col" { "size" } th scope="col" { "SHA-256" } } }
                    tbody { @for file in &self.files { tr {
                        th.mono scope="row" { (file.name) }
                        td.number { (human_bytes(file.bytes)) }
                        td.mono { (file.sha256) }
                    } } }
                }
            }
        }
    }
}

/// The platform tags in a wheel's file name, or the name as it is, where it is none.
fn platform_part(wheel: &str) -> String {
    wheel.parse().map_or_else(|_| wheel.to_owned(), |name: WheelFileName| name.tags.platform.join("."))
}
