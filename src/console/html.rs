//! HTML for pages: sentences with code in them. maud escapes the rest.

use maud::{Markup, html};

use super::text::spans;

/// A sentence with what stands in backticks set as code.
pub(crate) fn prose(text: &str) -> Markup {
    html! {
        @for (is_code, part) in spans(text) {
            @if !is_code { (part) } @else if is_whole(part) { code.option { (part) } } @else { (code(part)) }
        }
    }
}

/// So long a name has room in any line, and so long an option.
const MAX_NAME: usize = 16;
const MAX_OPTION: usize = 24;

/// Whether it stays in one line: browsers break behind each hyphen.
fn is_whole(code: &str) -> bool {
    let most = if code.starts_with('-') { MAX_OPTION } else { MAX_NAME };
    code.contains('-') && code.len() <= most && !code.contains(' ')
}

/// Code that is broken before the hyphens of its options, and not behind them.
fn code(text: &str) -> Markup {
    html! { code { @for (place, word) in text.split(' ').enumerate() {
        @if place > 0 { " " }
        @for (place, piece) in pieces(word).into_iter().enumerate() {
            @if place > 0 { wbr; }
            @if is_whole(piece) { span.option { (piece) } } @else { (piece) }
        }
    } } }
}

/// An option in pieces that each begin with its hyphens; any other word as it is.
fn pieces(word: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = word;
    while word.starts_with('-') {
        let name = rest.len() - rest.trim_start_matches('-').len();
        let Some(end) = rest[name..].find('-').map(|end| end + name) else { break };
        let (piece, next) = rest.split_at(end);
        pieces.push(piece);
        rest = next;
    }
    pieces.push(rest);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_options_that_are_short_stay_whole() {
        for (text, shown) in [
            (
                "give `--version` of `a-b`",
                "give <code class=\"option\">--version</code> of <code class=\"option\">a-b</code>",
            ),
            ("`--version <1>`", "<code><span class=\"option\">--version</span> &lt;1&gt;</code>"),
            ("`win_amd64`", "<code>win_amd64</code>"),
            ("`a-rather-long-name`", "<code>a-rather-long-name</code>"),
            (
                "`-l='-mode=external -end'`",
                "<code><span class=\"option\">-l='</span><wbr><span class=\"option\">-mode=external</span> \
                 <span class=\"option\">-end'</span></code>",
            ),
            ("`--`", "<code class=\"option\">--</code>"),
            ("`-é-ü-`", "<code class=\"option\">-é-ü-</code>"),
        ] {
            assert_eq!(prose(text).into_string(), shown, "{text}");
        }
    }
}
