//! The smallest parts of the page: badges, bars, times.

use maud::{Markup, html};

use crate::error::Outcome;

pub(super) fn badge(outcome: Outcome) -> Markup {
    html! { span.badge.(outcome.word()) { (outcome.sign()) " " (outcome.word()) } }
}

pub(super) fn kind(kind: &str) -> Markup {
    let class = match kind {
        "error" => "failed",
        "warning" => "warned",
        _ => "soft",
    };
    html! { span.badge.(class) { (kind) } }
}

/// Lengths on top of each other, and what they are in words.
pub(super) fn bar(parts: &[u64], whole: u64, words: &Markup) -> Markup {
    html! {
        div.bar {
            div.track aria-hidden="true" { @for part in parts { i style={ "width:" (percent(*part, whole)) } {} } }
            span.number { (words) }
        }
    }
}

pub(super) fn duration(milliseconds: u64) -> String {
    if milliseconds < 1000 { format!("{milliseconds} ms") } else { format!("{:.1} s", milliseconds as f64 / 1e3) }
}

fn percent(part: u64, whole: u64) -> String {
    format!("{:.1}%", part as f64 * 100.0 / whole.max(1) as f64)
}
