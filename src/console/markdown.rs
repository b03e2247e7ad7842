//! Markdown (GitHub Flavored) for job summaries: text from anywhere that stays text.

use super::text::spans;

/// What parts two characters in the source and not on the page.
const GAP: &str = "<!-- -->";

/// Keeps a text from being read as markup or as the end of a table cell; what stands in backticks stays as it is.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for (is_code, part) in spans(&text.replace(['\n', '\r'], " ")) {
        // Without a word between them, backticks would open a block of code, or code that ends elsewhere.
        if is_code && part.trim().is_empty() {
            escaped += &format!("\\`{part}\\`");
            continue;
        }
        if is_code {
            // A table cell ends there even within code.
            escaped += &format!("`{}`", part.replace('|', "\\|"));
            continue;
        }
        for (at, character) in part.char_indices() {
            if matches!(character, '`' | '|' | '\\' | '*' | '_' | '<' | '>' | '[' | ']' | '#' | '~' | '&') {
                escaped.push('\\');
            }
            // What becomes a link or a mention by itself: a backslash does not keep it from that, a gap does.
            let begins_link = match character {
                ':' => part[at..].starts_with("://"),
                '.' => part.as_bytes()[at.saturating_sub(3)..at].eq_ignore_ascii_case(b"www"),
                _ => false,
            };
            if begins_link {
                escaped += GAP;
            }
            escaped.push(character);
            if character == '@' {
                escaped += GAP;
            }
        }
    }
    escaped
}

/// A name set as code, but one that would end the code.
pub(crate) fn code(name: &str) -> String {
    if name.contains(['`', '\n', '\r']) { escaped(name) } else { format!("`{name}`") }
}

/// The same in a table, where `|` ends a cell even within code.
pub(crate) fn code_cell(name: &str) -> String {
    if name.contains('|') { escaped(name) } else { code(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        assert_eq!(escaped("a|b `c|*d*` [e](f)\n<g>"), "a\\|b `c\\|*d*` \\[e\\](f) \\<g\\>");
        assert_eq!(escaped("`a` ` <b>"), "`a` \\` \\<b\\>");
        assert_eq!(
            escaped("http://a.b WWW.c.d e@f.g `http://a` @h :/ .www"),
            "http<!-- -->://a.b WWW<!-- -->.c.d e@<!-- -->f.g `http://a` @<!-- -->h :/ .www"
        );
        assert_eq!(escaped("``````x"), "\\`\\`\\`\\`\\`\\`x");
        assert_eq!(escaped("~~a~~ &lt;"), "\\~\\~a\\~\\~ \\&lt;");
        assert_eq!((code_cell("a|b"), code_cell("a*b")), ("a\\|b".to_owned(), "`a*b`".to_owned()));
        assert_eq!((code("a|b"), code("a`<b>")), ("`a|b`".to_owned(), "a\\`\\<b\\>".to_owned()));
    }
}
