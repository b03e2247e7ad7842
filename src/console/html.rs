//! HTML for pages: sentences with code in them. maud escapes the rest.

use maud::{Markup, html};

use super::text::spans;

/// A sentence with what stands in backticks set as code.
pub(crate) fn prose(text: &str) -> Markup {
    html! {
        @for (is_code, part) in spans(text) {
            @if !is_code { (part) } @else if is_option(part) { code.option { (part) } } @else { code { (part) } }
        }
    }
}

/// Whether it is an option that has room in any line: browsers break behind each of its hyphens.
fn is_option(code: &str) -> bool {
    code.starts_with('-') && code.len() <= 24 && !code.contains(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_that_are_short_stay_whole() {
        let text = prose("give `--version <1>` or `--version` of `a-b`").into_string();
        assert_eq!(
            text,
            "give <code>--version &lt;1&gt;</code> or <code class=\"option\">--version</code> of <code>a-b</code>"
        );
    }
}
