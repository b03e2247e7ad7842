//! The longer parts of the page: the wheels one by one, and what changed since an earlier release.

use maud::{Markup, html};

use super::html_pieces::{badge, bar, duration};
use super::value::{ChangeRow, Changes, Difference, ReleaseReport, TargetRow};
use crate::console::html::prose;
use crate::console::text::{human_bytes, plural};
use crate::wheel::filename::DistributionFileName;

/// So many members of a wheel are shown at first sight, and so many in all.
const MAX_LARGEST: usize = 5;
const MAX_MEMBERS: usize = 200;

/// So many names of a difference are shown.
const MAX_NAMES: usize = 100;

pub(super) fn wheels(release: &ReleaseReport) -> Markup {
    let largest = release.targets.iter().map(|target| target.payload_bytes.max(target.wheel_bytes)).max().unwrap_or(0);
    html! {
        section aria-labelledby="wheels" {
            h2 id="wheels" { "Wheels" }
            p.soft.key { i aria-hidden="true" {} " payload  " i.packed aria-hidden="true" {} " wheel" }
            @for (number, target) in release.targets.iter().enumerate().filter(|(_, target)| target.wheel.is_some()) {
                (wheel(number + 1, target, largest))
            }
        }
    }
}

fn wheel(number: usize, target: &TargetRow, largest: u64) -> Markup {
    html! {
        article.wheel id={ "wheel-" (number) } aria-labelledby={ "wheel-" (number) "-name" } {
            h3 id={ "wheel-" (number) "-name" } { (target.title()) }
            @if let Some(name) = &target.wheel { p.mono.soft { (name) } }
            (bar(&[target.payload_bytes, target.wheel_bytes], largest, &html! {
                (human_bytes(target.payload_bytes)) " → " (human_bytes(target.wheel_bytes))
            }))
            @if target.why.is_some() || target.wider.is_some() {
                dl {
                    @if let Some(why) = &target.why { dt { "Tag" } dd { (prose(why)) } }
                    @if let Some(wider) = &target.wider { dt { "Wider" } dd { (prose(wider)) } }
                }
            }
            (smoke(target))
            (contents(target))
            (sboms(number, target))
        }
    }
}

fn smoke(target: &TargetRow) -> Markup {
    html! {
        @if !target.smoke.is_empty() {
            h4 { "Smoke test" }
            table.steps {
                thead { tr { th scope="col" { "step" } th scope="col" { "outcome" } th scope="col" { "time" } th scope="col" { "found" } } }
                tbody { @for step in &target.smoke { tr {
                    th scope="row" { (step.name) }
                    td data-step="outcome" { (badge(step.outcome)) }
                    td data-step="time" { (duration(step.milliseconds)) }
                    td data-step="found" { (prose(&step.detail)) }
                } } }
            }
        }
    }
}

fn contents(target: &TargetRow) -> Markup {
    let whole = target.contents.first().map_or(0, |first| first.1);
    let row = |(path, bytes): &(String, u64)| {
        html! { li { code.mono { (path) } (bar(&[*bytes], whole, &html! { (human_bytes(*bytes)) })) } }
    };
    let (first, rest) = target.contents.split_at(target.contents.len().min(MAX_LARGEST));
    html! {
        @if !first.is_empty() {
            h4 { "Largest of " (plural(target.contents.len(), "file")) }
            ul.members { @for one in first { (row(one)) } }
        }
        @if !rest.is_empty() {
            details {
                summary { "The others" }
                ul.members { @for one in rest.iter().take(MAX_MEMBERS) { (row(one)) } }
                @if rest.len() > MAX_MEMBERS { p.soft { "and " (rest.len() - MAX_MEMBERS) " smaller ones" } }
            }
        }
    }
}

fn sboms(number: usize, target: &TargetRow) -> Markup {
    html! {
        @if !target.sboms.is_empty() {
            h4 { "Software bill of materials" }
            @for (place, sbom) in target.sboms.iter().enumerate() {
                details id={ "sbom-" (number) "-" (place + 1) } {
                    summary {
                        code.mono { (sbom.file) } " – "
                        @match sbom.components {
                            Some(count) => { (plural(count, "component")) }
                            None => { "cannot be read" }
                        }
                    }
                    ul.names { @for name in &sbom.names { li { (name) } } }
                    @if sbom.components.unwrap_or(0) > sbom.names.len() {
                        p.soft { "and " (sbom.components.unwrap_or(0) - sbom.names.len()) " more" }
                    }
                }
            }
        }
    }
}

/// What is different first; of what is new, gone or the same there is a name and a size to say.
pub(super) fn changes(changes: &Changes) -> Markup {
    let of = |wanted: fn(&ChangeRow) -> bool| changes.distributions.iter().filter(move |row| wanted(row)).collect();
    let lists: [(&str, Vec<&ChangeRow>); 3] = [
        ("New", of(|row| row.before.is_none())),
        ("Gone", of(|row| row.name.is_none())),
        ("The same tags, files and dependencies", of(|row| is_compared(row) && row.differences().next().is_none())),
    ];
    let is_listed = |row: &ChangeRow| lists.iter().any(|(_, rows)| rows.iter().any(|one| std::ptr::eq(*one, row)));
    html! {
        section aria-labelledby="changes" {
            h2 id="changes" { "Changed since " (changes.against) }
            @for row in changes.distributions.iter().filter(|row| !is_listed(row)) { (change(row)) }
            @for (title, rows) in lists.iter().filter(|(_, rows)| !rows.is_empty()) {
                h3 { (title) }
                ul.sizes { @for row in rows { li {
                    code.mono { (row.title()) } " "
                    span.number { @match (&row.name, &row.before) {
                        (None, _) => (human_bytes(row.bytes_before)),
                        (_, None) => (human_bytes(row.bytes)),
                        _ => { (human_bytes(row.bytes)) " " span.soft { (row.growth()) } },
                    } }
                } } }
            }
        }
    }
}

/// A distribution that is there again.
fn change(row: &ChangeRow) -> Markup {
    html! {
        div.change {
            h3.mono { (row.title()) }
            p { (human_bytes(row.bytes_before)) " → " (human_bytes(row.bytes)) " " span.soft { (row.growth()) } }
            @for (what, difference) in row.differences() { (list(what, difference)) }
        }
    }
}

/// Of a source distribution the size alone is compared.
fn is_compared(row: &ChangeRow) -> bool {
    row.before.is_some() && matches!(row.name, Some(DistributionFileName::Wheel(_)))
}

fn list(what: &str, difference: &Difference) -> Markup {
    let all = difference.added.iter().map(|name| ("+", name)).chain(difference.removed.iter().map(|name| ("−", name)));
    let count = difference.added.len() + difference.removed.len();
    html! {
        details open[count <= 12] {
            summary { (what) ": " (difference.words()) }
            ul.difference { @for (sign, name) in all.take(MAX_NAMES) { li { span.sign { (sign) } " " code.mono { (name) } } } }
            @if count > MAX_NAMES { p.soft { "and " (count - MAX_NAMES) " more" } }
        }
    }
}
