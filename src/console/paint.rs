//! Colour for results: what a line begins with, and the words that say how something went. The text has passed
//! `text::plain_lines`, so that every escape sequence in the result is from here.

use anstyle::{AnsiColor, Style};

pub(super) const ERROR: Style = AnsiColor::Red.on_default().bold();
pub(super) const WARNING: Style = AnsiColor::Yellow.on_default().bold();
pub(super) const GOOD: Style = AnsiColor::Green.on_default().bold();
pub(super) const HINT: Style = AnsiColor::Cyan.on_default().bold();

const BOLD: Style = Style::new().bold();
const SOFT: Style = AnsiColor::BrightBlack.on_default();

/// Heads of lines, before which only space may stand.
const HEADS: [(&str, Style); 15] = [
    ("error", ERROR),
    ("problem", ERROR),
    ("warning", WARNING),
    ("accepted", SOFT),
    ("help:", HINT),
    ("fix:", HINT),
    ("hint:", HINT),
    ("reason:", HINT),
    ("next:", HINT),
    ("to go on:", HINT),
    ("page:", HINT),
    ("next tag", WARNING),
    ("honest tags", GOOD),
    ("Why it matters:", BOLD),
    ("What to do:", BOLD),
];

/// How something went, wherever it stands as a word of its own; each begins with a space, a sign or `!`.
const OUTCOMES: [(&str, Style); 12] = [
    ("✓ passed", GOOD),
    ("✗ failed", ERROR),
    ("! warned", WARNING),
    ("✓", GOOD),
    ("✗", ERROR),
    (" passed:", GOOD),
    (" failed:", ERROR),
    (" FAILED", ERROR),
    (" ok ", GOOD),
    ("  error  ", ERROR),
    ("  warning  ", WARNING),
    ("  none", WARNING),
];

/// The text with its colours; the console takes them out where none are wanted.
pub(super) fn painted(text: &str) -> String {
    let lines: Vec<&str> = text.split('\n').collect();
    let line = |(place, line): (usize, &&str)| {
        // What stands over lines that are set in is their title.
        let is_title = !line.is_empty()
            && !line.starts_with(' ')
            && lines.get(place + 1).is_some_and(|next| next.starts_with("  "));
        headed(line).unwrap_or_else(|| if is_title { format!("{BOLD}{line}{BOLD:#}") } else { with_outcomes(line) })
    };
    lines.iter().enumerate().map(line).collect::<Vec<_>>().join("\n")
}

/// The head of a line, with its rule, and what follows it.
fn head_of(line: &str) -> Option<(&str, &str, Style)> {
    HEADS.iter().find_map(|(head, style)| {
        let after = line.strip_prefix(head)?;
        // `error[zip-crc]`, with the rule; not a word that merely begins so.
        let rule = after.find("]:").filter(|_| after.starts_with('[')).map_or(0, |end| end + 1);
        let is_head = rule > 0 || head.ends_with(':') || after.starts_with([':', ' ']);
        is_head.then(|| (&line[..head.len() + rule], &after[rule..], *style))
    })
}

/// Whether a line at the margin begins with a head.
pub(super) fn has_head(line: &str) -> bool {
    head_of(line).is_some()
}

/// A line that begins with one of the heads.
fn headed(line: &str) -> Option<String> {
    let (space, rest) = line.split_at(line.len() - line.trim_start().len());
    head_of(rest).map(|(head, after, style)| format!("{space}{style}{head}{style:#}{after}"))
}

/// A line with the outcomes in it.
fn with_outcomes(line: &str) -> String {
    let mut painted = String::with_capacity(line.len());
    let mut rest = line;
    // Each place is looked at once: a line may be as long as its input wants it.
    while let Some(at) = rest.find([' ', '✓', '✗', '!']) {
        let (before, here) = rest.split_at(at);
        let begun = OUTCOMES.iter().filter(|(word, _)| here.starts_with(word));
        painted += before;
        let taken = match begun.max_by_key(|(word, _)| word.len()) {
            Some((word, style)) => {
                painted += &format!("{style}{word}{style:#}");
                word.len()
            }
            None => {
                let length = here.chars().next().map_or(0, char::len_utf8);
                painted += &here[..length];
                length
            }
        };
        rest = &here[taken..];
    }
    painted + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A search of the rest of the line at each word would not end.
    #[test]
    fn a_line_of_any_length_is_gone_through_once() {
        let line = " ok".repeat(300_000) + " ";
        assert_eq!(painted(&line).matches("ok").count(), 300_000);
    }

    #[test]
    fn heads_titles_and_outcomes_have_colour_and_nothing_else_changes() {
        let text = "a.whl\n  error[zip-crc]: it is so\n    help: do it\n\nerrors are words\ntarget  ✓ passed  ✗ failed\n1.0 passed: all\n";
        let painted = painted(text);
        assert_eq!(anstream::adapter::strip_str(&painted).to_string(), text);
        for part in [
            format!("{BOLD}a.whl{BOLD:#}"),
            format!("  {ERROR}error[zip-crc]{ERROR:#}: it"),
            format!("    {HINT}help:{HINT:#} do"),
            "\nerrors are words\n".to_owned(),
            format!("{GOOD}✓ passed{GOOD:#}  {ERROR}✗ failed{ERROR:#}"),
            format!("1.0{GOOD} passed:{GOOD:#} all"),
        ] {
            assert!(painted.contains(&part), "{part:?} in {painted:?}");
        }
    }
}
