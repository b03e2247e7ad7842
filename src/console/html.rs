//! HTML for pages: sentences with code in them. maud escapes the rest.

use maud::{Markup, html};

use super::text::spans;

/// A sentence with what stands in backticks set as code.
pub(crate) fn prose(text: &str) -> Markup {
    html! {
        @for (is_code, part) in spans(text) {
            @if is_code { code { (part) } } @else { (part) }
        }
    }
}
