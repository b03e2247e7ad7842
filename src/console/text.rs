//! Text for people: what came from outside made visible, counted nouns, sizes and aligned tables.

/// Whether a character could drive a terminal, end a line or turn the reading direction.
fn is_hidden(character: char) -> bool {
    let turns_or_ends = matches!(character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    character.is_control() || turns_or_ends
}

/// What begins a command of a build service wherever it stands in a line.
const COMMANDS: [&str; 3] = ["##[", "##vso[", "##teamcity["];

fn begins_command(text: &str) -> bool {
    COMMANDS.iter().any(|command| text.starts_with(command))
}

/// Text from outside, with every hidden character shown, and no command of a build service in it.
pub(crate) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        if is_hidden(character) {
            shown.extend(character.escape_default());
        } else if character == '#' && begins_command(&text[at..]) {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// A text of ours that holds text from outside: its line breaks stay, all else that is hidden is shown.
pub(crate) fn visible_lines(text: &str) -> String {
    text.split('\n').map(visible).collect::<Vec<_>>().join("\n")
}

/// The same where no line is meant to be a workflow command: what would begin one, however far it is set in, is shown.
pub(crate) fn plain_lines(text: &str) -> String {
    text.split('\n').map(plain_line).collect::<Vec<_>>().join("\n")
}

fn plain_line(line: &str) -> String {
    let shown = visible(line);
    let (space, rest) = shown.split_at(shown.len() - shown.trim_start().len());
    match rest.strip_prefix("::") {
        Some(rest) => format!("{space}\\u{{3a}}:{rest}"),
        None => shown,
    }
}

/// Annotations among other lines, which are no workflow commands.
pub(crate) fn annotation_lines(text: &str) -> String {
    let shown = |line: &str| if line.starts_with("::") { visible(line) } else { plain_line(line) };
    text.split('\n').map(shown).collect::<Vec<_>>().join("\n")
}

/// JSON that reads back as it was, and drives no terminal on the way.
pub(crate) fn visible_json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for (at, character) in json.char_indices() {
        // What is hidden stands in a string, for the structure has line breaks alone; and none is above U+FFFF.
        let is_command = character == '#' && begins_command(&json[at..]);
        if is_command || is_hidden(character) && character != '\n' {
            shown += &format!("\\u{:04x}", u32::from(character));
        } else {
            shown.push(character);
        }
    }
    shown
}

/// The parts of a sentence in turn, and whether each stands in backticks; a backtick without another stays where it is.
pub(crate) fn spans(text: &str) -> Vec<(bool, &str)> {
    let (mut spans, mut rest) = (Vec::new(), text);
    while let Some((plain, (code, after))) =
        rest.split_once('`').and_then(|(plain, rest)| Some((plain, rest.split_once('`')?)))
    {
        spans.extend([(false, plain), (true, code)]);
        rest = after;
    }
    spans.push((false, rest));
    spans
}

/// A path or word as a shell reads it.
pub(crate) fn shell_word(text: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "-_./:=,@%+".contains(character);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else if visible(text) != text {
        // As bash, zsh and ksh read it, and POSIX since 2024.
        let escaped = |character: char| match character {
            '\'' | '\\' => format!("\\{character}"),
            '#' => "\\x23".into(),
            _ if is_hidden(character) => format!("\\u{:04x}", u32::from(character)),
            _ => character.into(),
        };
        format!("$'{}'", text.chars().map(escaped).collect::<String>())
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// `1 file`, `2 files`.
pub(crate) fn plural(count: usize, noun: &str) -> String {
    match noun.strip_suffix('y') {
        _ if count == 1 => format!("1 {noun}"),
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{count} {stem}ies"),
        _ => format!("{count} {noun}s"),
    }
}

/// A byte count as a person reads it: `141.5 MB` (1 MB = 1,000,000 bytes).
pub(crate) fn human_bytes(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
}

/// A table with aligned columns, a line per row.
pub(crate) fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let rows: Vec<_> = rows.into_iter().map(|row| row.map(|cell| visible(&cell))).collect();
    let rows: Vec<_> = std::iter::once(head.map(str::to_owned)).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..N).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        text += cells.collect::<Vec<_>>().join("  ").trim_end();
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_for_people() {
        assert_eq!(human_bytes(999), "999 B");
        assert_eq!(human_bytes(141_516_894), "141.5 MB");
    }

    #[test]
    fn nothing_from_outside_drives_a_terminal() {
        let hostile = "a\u{1b}[31m\n\u{9b}b\u{202e}c\u{2028}";
        assert_eq!(visible(hostile), "a\\u{1b}[31m\\n\\u{9b}b\\u{202e}c\\u{2028}");
        assert_eq!(visible_lines(hostile), "a\\u{1b}[31m\n\\u{9b}b\\u{202e}c\\u{2028}");
        assert_eq!(visible("Grüße, 世界"), "Grüße, 世界");
    }

    #[test]
    fn no_line_becomes_a_workflow_command() {
        let hostile = "a ::b\n  ::error::x\n::add-mask::y\nz##[error]z###vso[\n## head\nstd::io";
        let shown = "a ::b\n  \\u{3a}:error::x\n\\u{3a}:add-mask::y\nz\\u{23}#[error]z#\\u{23}#vso[\n## head\nstd::io";
        assert_eq!(plain_lines(hostile), shown);
        assert_eq!(plain_lines(shown), shown);
        assert_eq!(annotation_lines("::error::##[a\n ::b"), "::error::\\u{23}#[a\n \\u{3a}:b");
    }

    #[test]
    fn a_word_of_a_shell_stays_one_line() {
        let words = [
            ("a/b-1", "a/b-1"),
            ("it's", "'it'\\''s'"),
            ("a\n'\\\u{202e}", "$'a\\u000a\\'\\\\\\u202e'"),
            ("##[a]", "$'\\x23\\x23[a]'"),
        ];
        for (word, shown) in words {
            assert_eq!(shell_word(word), shown);
        }
    }

    #[test]
    fn json_reads_back_as_it_was() {
        let value = serde_json::json!({ "a\u{9b}": ["\u{1b}\n\u{7f}\u{202e}##[a]", "Grüße", 1] });
        let text = visible_json(&serde_json::to_string_pretty(&value).unwrap());
        assert!(!text.chars().any(|character| is_hidden(character) && character != '\n'), "{text}");
        assert!(!text.contains("##["), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }

    #[test]
    fn columns_are_as_wide_as_what_is_shown() {
        let rows = [["a\u{1b}".to_owned(), "x".to_owned()], ["b".to_owned(), String::new()]];
        assert_eq!(table(["one", "two"], rows), "one      two\na\\u{1b}  x\nb\n");
    }
}
