//! Python text as `ruff format` at a line length of 100 leaves it: strings, docstrings, comments, calls and lists.

use std::fmt::Write as _;

use serde_json::Value;

/// The line length of the generated package, in characters.
pub(super) const WIDTH: usize = 100;

/// Letters that linters call ambiguous, and their plain form.
const PLAIN: &[(char, &str)] = &[
    ('\u{2018}', "'"),
    ('\u{2019}', "'"),
    ('\u{201c}', "\""),
    ('\u{201d}', "\""),
    ('\u{2010}', "-"),
    ('\u{2011}', "-"),
    ('\u{2012}', "-"),
    ('\u{2013}', "-"),
    ('\u{2014}', "-"),
    ('\u{2026}', "..."),
    ('\u{00a0}', " "),
    ('\u{00d7}', "x"),
];

/// A string literal, quoted as the formatter prefers: double quotes unless single ones save escapes.
pub(super) fn string(text: &str) -> String {
    let doubles = text.matches('"').count();
    let quote = if doubles > text.matches('\'').count() { '\'' } else { '"' };
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push(quote);
    for letter in text.chars() {
        match letter {
            '\\' => literal.push_str("\\\\"),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            letter if letter == quote => {
                literal.push('\\');
                literal.push(letter);
            }
            letter => push_plain(&mut literal, letter),
        }
    }
    literal.push(quote);
    literal
}

fn push_plain(text: &mut String, letter: char) {
    let code = u32::from(letter);
    // Writing to a String cannot fail.
    let _ = match code {
        0x20..=0x7e => write!(text, "{letter}"),
        0..=0xff => write!(text, "\\x{code:02x}"),
        0x100..=0xffff => write!(text, "\\u{code:04x}"),
        _ => write!(text, "\\U{code:08x}"),
    };
}

/// A JSON value as a Python literal.
pub(super) fn literal(value: &Value) -> String {
    match value {
        Value::Null => "None".into(),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        Value::Number(number) => match number.as_f64() {
            // Schemas write whole limits as `0.0`.
            Some(whole) if number.is_f64() && whole.fract() == 0.0 && whole.abs() < 1e15 => format!("{whole:.0}"),
            _ => number.to_string(),
        },
        Value::String(text) => string(text),
        Value::Array(values) => format!("[{}]", values.iter().map(literal).collect::<Vec<_>>().join(", ")),
        Value::Object(object) => {
            let entries: Vec<String> =
                object.iter().map(|(key, value)| format!("{}: {}", string(key), literal(value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

/// A docstring, or an attribute docstring, with its indentation and a line feed at the end.
pub(super) fn docstring(into: &mut String, indent: usize, text: &str) {
    let pad = " ".repeat(indent);
    let mut lines = wrap_after(text, WIDTH - indent, 3);
    if let [line] = lines.as_slice() {
        // A quote before the closing quotes needs a space between.
        let gap = if line.ends_with('"') { " " } else { "" };
        let flat = format!("{pad}\"\"\"{line}{gap}\"\"\"");
        if fits(&flat) || !line.contains(' ') {
            into.push_str(&solid(&flat));
            return;
        }
        // One line must leave room for the closing quotes; two lines have them on a line of their own.
        lines = wrap_after(text, WIDTH - indent - 4, 3);
    }
    for (place, line) in lines.iter().enumerate() {
        let lead = if place == 0 { "\"\"\"" } else { "" };
        let line = format!("{pad}{lead}{line}");
        into.push_str(line.trim_end());
        into.push('\n');
    }
    if !lines.is_empty() {
        let _ = writeln!(into, "{pad}\"\"\"");
    }
}

/// The lines of a description for a docstring: paragraphs wrapped, list items kept apart, escapes in place.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    wrap_after(text, width, 0)
}

/// Like [`wrap`], with the first line shorter by `lead` columns.
fn wrap_after(text: &str, width: usize, lead: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut paragraph: Vec<String> = Vec::new();
    let mut hanging = "";
    let flush = |paragraph: &mut Vec<String>, hanging: &str, lines: &mut Vec<String>| {
        let mut line = String::new();
        for word in paragraph.drain(..) {
            let room = if lines.is_empty() { width - lead } else { width };
            if line.trim().is_empty() {
                line.push_str(&word);
            } else if line.chars().count() + 1 + word.chars().count() <= room {
                line.push(' ');
                line.push_str(&word);
            } else {
                lines.push(std::mem::take(&mut line));
                line = format!("{hanging}{word}");
            }
        }
        if !line.is_empty() {
            lines.push(line);
        }
    };
    for raw in plain(text).lines() {
        let trimmed = raw.trim();
        let item = trimmed.starts_with("- ") || trimmed.starts_with("* ");
        if trimmed.is_empty() || item {
            flush(&mut paragraph, hanging, &mut lines);
            hanging = if item { "  " } else { "" };
        }
        if trimmed.is_empty() {
            if lines.last().is_some_and(|line| !line.is_empty()) {
                lines.push(String::new());
            }
            continue;
        }
        paragraph.extend(trimmed.split_whitespace().map(ToOwned::to_owned));
    }
    flush(&mut paragraph, hanging, &mut lines);
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

/// A description with plain quotes and dashes, and with what a docstring must escape.
fn plain(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if let Some((_, plain)) = PLAIN.iter().find(|(fancy, _)| *fancy == letter) {
            escaped.push_str(plain);
            continue;
        }
        match letter {
            '\\' => escaped.push_str("\\\\"),
            '\n' => escaped.push('\n'),
            '\t' => escaped.push(' '),
            '\r' => {}
            letter => push_plain(&mut escaped, letter),
        }
    }
    escaped.replace("\"\"\"", "\\\"\\\"\\\"")
}

/// `lead` + `open` + items + `close` + `trail` on one line where that fits, else the items on one indented line, else one
/// item per line with a trailing comma: how the formatter lays out a call, a signature or a subscript.
pub(super) fn bracketed(indent: usize, lead: &str, brackets: [char; 2], items: &[String], trail: &str) -> String {
    let [open, close] = brackets;
    let pad = " ".repeat(indent);
    let joined = items.join(", ");
    let flat = format!("{pad}{lead}{open}{joined}{close}{trail}");
    if fits(&flat) {
        return flat + "\n";
    }
    let middle = format!("{pad}    {joined}");
    if fits(&middle) {
        return format!("{pad}{lead}{open}\n{middle}\n{pad}{close}{trail}\n");
    }
    exploded(indent, lead, brackets, items, trail)
}

/// Like [`bracketed`], but without the step between: how the formatter lays out a dictionary, a list or an import.
pub(super) fn collected(indent: usize, lead: &str, brackets: [char; 2], items: &[String]) -> String {
    let [open, close] = brackets;
    let flat = format!("{}{lead}{open}{}{close}", " ".repeat(indent), items.join(", "));
    if fits(&flat) { flat + "\n" } else { exploded(indent, lead, brackets, items, "") }
}

/// The items one per line, each with a comma: what a list with a trailing comma keeps.
pub(super) fn exploded(indent: usize, lead: &str, brackets: [char; 2], items: &[String], trail: &str) -> String {
    let [open, close] = brackets;
    let pad = " ".repeat(indent);
    let mut text = format!("{pad}{lead}{open}\n");
    for item in items {
        let _ = writeln!(text, "{pad}    {item},");
    }
    let _ = writeln!(text, "{pad}{close}{trail}");
    text
}

/// Whether a line fits.
pub(super) fn fits(line: &str) -> bool {
    line.chars().count() <= WIDTH
}

/// A line that nothing can break: kept as it is, and told so where it is too long.
pub(super) fn solid(line: &str) -> String {
    if fits(line) { format!("{line}\n") } else { format!("{line}  # fmt: skip  # noqa: E501\n") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn doc(text: &str) -> String {
        let mut into = String::new();
        docstring(&mut into, 4, text);
        into
    }

    #[test]
    fn literals_are_pythons() {
        assert_eq!(literal(&json!({"a": [null, true, 0.0, 1.5, "b"]})), "{\"a\": [None, True, 0, 1.5, \"b\"]}");
        assert_eq!(string("say \"hi\""), "'say \"hi\"'");
        assert_eq!(string("it's \\ \"x\""), "'it\\'s \\\\ \"x\"'");
        assert_eq!(string("\u{2019}\n"), "\"\\u2019\\n\"");
    }

    #[test]
    fn docstrings_fit_and_close_as_the_formatter_wants() {
        assert_eq!(doc("One line."), "    \"\"\"One line.\"\"\"\n");
        assert_eq!(doc("ends in \"quotes\""), "    \"\"\"ends in \"quotes\" \"\"\"\n");
        assert_eq!(doc("a\n\n- b\n- c"), "    \"\"\"a\n\n    - b\n    - c\n    \"\"\"\n");
        // Fits without the closing quotes only: two lines, for the quotes would stand past the limit.
        let text = format!("{} end", "x".repeat(88));
        assert_eq!(doc(&text).lines().count(), 3);
    }

    #[test]
    fn brackets_break_when_they_must() {
        let items = |count: usize| vec!["argument=12345".to_owned(); count];
        assert_eq!(bracketed(0, "call", ['(', ')'], &items(2), "").lines().count(), 1);
        assert_eq!(bracketed(0, "a_long_enough_name_for_a_call", ['(', ')'], &items(5), "").lines().count(), 3);
        assert_eq!(bracketed(0, "call", ['(', ')'], &items(9), "").lines().count(), 11);
    }

    proptest! {
        #[test]
        fn a_string_literal_is_one_line_of_ascii(text in ".*") {
            let literal = string(&text);
            prop_assert!(literal.is_ascii() && !literal.contains('\n'));
            prop_assert!(literal.starts_with(['"', '\'']) && literal.len() >= 2);
        }

        #[test]
        fn a_docstring_never_ends_early_and_fits(text in "([a-z\"\\\\]{1,12}[ \n]){0,40}") {
            let made = doc(&text);
            if !made.is_empty() {
                let inner = made.trim().trim_start_matches("\"\"\"");
                prop_assert!(made.trim_end().ends_with("\"\"\""));
                prop_assert!(!inner[..inner.len() - 3].replace("\\\"", "").contains("\"\"\""));
                prop_assert!(made.lines().all(fits));
            }
        }
    }
}
