//! Text for people: what came from outside made visible, counted nouns, sizes and aligned tables.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fmt;
use std::io::IsTerminal as _;

use crate::member_path::is_unseen;

/// A line of what is printed has no more characters than this; of a longer one, its beginning and its end are shown.
const MAX_LINE: usize = 8_192;
/// Of a line that is too long, so many characters at its end are shown.
const SHOWN_END: usize = 1_024;

/// Whether a character could drive a terminal, end a line, turn the reading direction, or be there without being seen.
fn is_hidden(character: char) -> bool {
    // Letters, marks and symbols that Unicode draws as nothing (`Default_Ignorable_Code_Point`, and the empty Braille cell).
    let is_blank = matches!(character,
        '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{2800}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{e0100}'..='\u{e01ef}');
    character.is_control() || is_unseen(character) || is_blank
}

/// The same text where it is no longer than a line may be, else what can be shown of it and how much is left out.
pub(crate) fn shortened(text: &str) -> Cow<'_, str> {
    let count = if text.len() > MAX_LINE { text.chars().count() } else { 0 };
    if count <= MAX_LINE {
        return Cow::Borrowed(text);
    }
    let place = |character: usize| text.char_indices().nth(character).map_or(text.len(), |(at, _)| at);
    let head = MAX_LINE - SHOWN_END;
    let left_out = count - MAX_LINE;
    Cow::Owned(format!(
        "{} […{left_out} characters are left out…] {}",
        &text[..place(head)],
        &text[place(count - SHOWN_END)..]
    ))
}

/// What begins a command of a build service wherever it stands in a line.
const COMMANDS: [&str; 3] = ["##[", "##vso[", "##teamcity["];

fn begins_command(text: &str) -> bool {
    COMMANDS.iter().any(|command| text.starts_with(command))
}

/// Text from outside, with every hidden character shown, no command of a build service in it, and no longer than a line
/// may be.
pub(crate) fn visible(text: &str) -> String {
    escaped(&shortened(text))
}

/// The beginning of a text from outside, of no more than `count` characters before what is hidden is shown.
pub(crate) fn visible_start(text: &str, count: usize) -> String {
    match text.char_indices().nth(count) {
        Some((end, _)) => visible(&text[..end]) + "…",
        None => visible(text),
    }
}

fn escaped(text: &str) -> String {
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

/// A text of ours that holds text from outside: its line breaks stay, however long its lines; all else that is hidden is
/// shown.
pub(crate) fn visible_lines(text: &str) -> String {
    text.split('\n').map(escaped).collect::<Vec<_>>().join("\n")
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
        // What is hidden stands in a string, for the structure has line breaks alone.
        let is_command = character == '#' && begins_command(&json[at..]);
        if is_command || is_hidden(character) && character != '\n' {
            let units =
                character.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect::<String>();
            shown += &units;
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

/// How many of so many names stand below one another: few names more are no reason to leave them out.
pub(crate) fn shown_of(count: usize) -> usize {
    if count > 10 { 8 } else { count }
}

/// How many names a message lists.
const MAX_NAMED: usize = 5;

/// Names as a list for a message, as they are; of many the first.
pub(crate) fn named<T: fmt::Display>(names: impl IntoIterator<Item = T>) -> String {
    let mut names = names.into_iter();
    let first = quoted(names.by_ref().take(MAX_NAMED));
    match names.count() {
        0 => first,
        rest => format!("{first} and {rest} more"),
    }
}

/// All names as a list for a message, as they are.
pub(crate) fn quoted<T: fmt::Display>(names: impl IntoIterator<Item = T>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// A reason that was given, in brackets behind what it is of; nothing where none was.
pub(crate) fn because(reason: &str) -> String {
    if reason.trim().is_empty() { String::new() } else { format!(" ({})", reason.trim()) }
}

/// A path or word as a shell reads it.
pub(crate) fn shell_word<T: AsRef<OsStr> + ?Sized>(word: &T) -> String {
    let word = word.as_ref();
    let Some(text) = word.to_str() else { return format!("$'{}'", shell_bytes(word)) };
    let plain = |character: char| character.is_ascii_alphanumeric() || "-_./:=,@%+".contains(character);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else if visible(text) != text {
        format!("$'{}'", shell_escaped(text))
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// What stands in `$'…'`, as bash, zsh and ksh read it, and POSIX since 2024.
fn shell_escaped(text: &str) -> String {
    let escaped = |character: char| match character {
        '\'' | '\\' => format!("\\{character}"),
        '#' => "\\x23".into(),
        _ if is_hidden(character) && character > '\u{ffff}' => format!("\\U{:08x}", u32::from(character)),
        _ if is_hidden(character) => format!("\\u{:04x}", u32::from(character)),
        _ => character.into(),
    };
    text.chars().map(escaped).collect()
}

/// The same of a word that is not UTF-8: its other bytes in octal.
fn shell_bytes(word: &OsStr) -> String {
    let mut shown = String::new();
    for chunk in word.as_encoded_bytes().utf8_chunks() {
        shown += &shell_escaped(chunk.valid());
        shown.extend(chunk.invalid().iter().map(|byte| format!("\\{byte:03o}")));
    }
    shown
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

/// How many columns a line may have: `COLUMNS`, or what the terminal shows; none where neither is.
pub(crate) fn columns() -> Option<usize> {
    told_columns().or_else(|| terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| usize::from(width.0)))
}

fn told_columns() -> Option<usize> {
    std::env::var("COLUMNS").ok().and_then(|text| text.trim().parse().ok()).filter(|columns| *columns > 0)
}

/// How many columns a line of a result may have where a terminal shows it: what is piped is broken nowhere.
pub(crate) fn room_of_results() -> Option<usize> {
    columns().filter(|_| std::io::stdout().is_terminal())
}

/// The same of what standard error shows.
pub(crate) fn room_of_status() -> Option<usize> {
    let shown = terminal_size::terminal_size_of(std::io::stderr()).map(|(width, _)| usize::from(width.0));
    told_columns().or(shown).filter(|_| std::io::stderr().is_terminal())
}

/// A line that is to be copied as it stands: whatever breaks it, breaks it.
fn is_command(line: &str) -> bool {
    ["next: ", "page: ", "fix: ", "relkit ", "$ "].iter().any(|start| line.trim_start().starts_with(start))
}

/// Long lines broken between words, what follows set in below; commands, and what stands in backticks, stay whole.
pub(crate) fn wrapped(text: &str, columns: Option<usize>, hang: impl Fn(&str) -> usize) -> String {
    let Some(columns) = columns else { return text.to_owned() };
    let line = |line: &str| match line.chars().count() > columns && !is_command(line) {
        true => broken_between_words(line, columns, hang(line)),
        false => line.to_owned(),
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// How many spaces a line begins with.
pub(crate) fn set_in(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn broken_between_words(line: &str, columns: usize, hang: usize) -> String {
    let lead = set_in(line);
    let begun = " ".repeat(hang.min(columns / 2));
    let (mut lines, mut current) = (Vec::new(), " ".repeat(lead));
    let mut is_quoted = false;
    let words = line[lead..].split_inclusive(|character| {
        is_quoted ^= character == '`';
        character == ' ' && !is_quoted
    });
    for word in words {
        // What has no room in any line goes on over the terminal's edge.
        let (used, length) = (current.chars().count(), word.trim_end().chars().count());
        let used = if current.trim_end().chars().count() > columns { used % columns } else { used };
        let is_full = used + length > columns && begun.len() + length <= columns;
        if is_full && !current.trim().is_empty() {
            lines.push(std::mem::replace(&mut current, begun.clone()).trim_end().to_owned());
        }
        current.push_str(word);
    }
    lines.push(current.trim_end().to_owned());
    lines.join("\n")
}

/// A column of a table is made no narrower than this.
const MIN_COLUMN: usize = 12;

/// A table with aligned columns, a line per row; where it would be wider than the terminal, the widest cells go on below.
pub(crate) fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let rows: Vec<_> = rows.into_iter().map(|row| row.map(|cell| visible(&cell))).collect();
    let rows: Vec<_> = std::iter::once(head.map(str::to_owned)).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths = narrowed((0..N).map(width).collect(), columns());
    let mut text = String::new();
    for row in &rows {
        let cells: Vec<_> = row.iter().zip(&widths).map(|(cell, width)| broken(cell, *width)).collect();
        for line in 0..cells.iter().map(Vec::len).max().unwrap_or(0) {
            let part = |(cell, width): (&Vec<String>, &usize)| {
                format!("{:<width$}", cell.get(line).map_or("", String::as_str))
            };
            text += cells.iter().zip(&widths).map(part).collect::<Vec<_>>().join("  ").trim_end();
            text.push('\n');
        }
    }
    text
}

/// A label of at least `width` columns and its value, which goes on below itself where the terminal ends.
pub(crate) fn labelled(label: &str, width: usize, value: &str) -> String {
    laid_out(label, width, value, columns())
}

fn laid_out(label: &str, width: usize, value: &str, columns: Option<usize>) -> String {
    let value = visible(value);
    let room = columns.map(|columns| columns.saturating_sub(width).max(MIN_COLUMN));
    let lines = room.map_or_else(|| vec![value.clone()], |room| broken(&value, room));
    let line = |(place, line): (usize, &String)| format!("{:<width$}{line}\n", if place == 0 { label } else { "" });
    lines.iter().enumerate().map(line).collect()
}

/// The widths of columns, the widest made narrower until all of them fit.
fn narrowed(mut widths: Vec<usize>, columns: Option<usize>) -> Vec<usize> {
    let Some(columns) = columns else { return widths };
    let between = 2 * widths.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + between > columns {
        let Some(widest) = widths.iter_mut().filter(|width| **width > MIN_COLUMN).max() else { break };
        *widest -= 1;
    }
    widths
}

/// A cell in lines of a width, broken between words; a word that has no room in a line, after what parts names.
fn broken(cell: &str, width: usize) -> Vec<String> {
    let (mut lines, mut line) = (Vec::new(), String::new());
    let length = |text: &str| text.trim_end().chars().count();
    for word in cell.split_inclusive(' ') {
        let names = if length(word) > width { word.split_inclusive(NAME_PARTS).collect() } else { vec![word] };
        for piece in names.into_iter().flat_map(|name| pieces(name, width)) {
            if line.chars().count() + length(&piece) > width && !line.is_empty() {
                lines.push(std::mem::take(&mut line).trim_end().to_owned());
            }
            line += &piece;
        }
    }
    lines.push(line.trim_end().to_owned());
    lines
}

/// What parts the names of files, tags and versions.
const NAME_PARTS: [char; 5] = ['-', '.', '_', '/', '+'];

/// A word cut where it is longer than a line.
fn pieces(word: &str, width: usize) -> Vec<String> {
    let letters: Vec<char> = word.chars().collect();
    letters.chunks(width.max(1)).map(|piece| piece.iter().collect()).collect()
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
    fn what_cannot_be_seen_is_shown() {
        for unseen in
            ['\u{ad}', '\u{200b}', '\u{200d}', '\u{2060}', '\u{feff}', '\u{fe0f}', '\u{3164}', '\u{e0041}', '\u{e0100}']
        {
            let name = format!("rip{unseen}grep");
            assert_eq!(visible(&name), format!("rip\\u{{{:x}}}grep", u32::from(unseen)));
            let json = visible_json(&serde_json::to_string(&name).unwrap());
            assert!(json.is_ascii(), "{json}");
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), name);
        }
        assert_eq!(shell_word("a\u{e0041}b"), "$'a\\U000e0041b'");
    }

    #[test]
    fn a_line_has_an_end() {
        let whole = "ß".repeat(MAX_LINE);
        assert_eq!(visible(&whole), whole);
        let long = format!("{whole}{}", "é".repeat(5_000_000));
        let shown = visible(&long);
        assert!(shown.starts_with("ßß") && shown.ends_with("éé"), "{shown}");
        assert!(shown.contains(" […5000000 characters are left out…] "), "{shown}");
        assert!(shown.chars().count() < MAX_LINE + 60);
        assert_eq!(plain_lines(&format!("a\n{long}\nb")), format!("a\n{shown}\nb"));
        assert_eq!(visible_lines(&long), long);
    }

    #[test]
    fn a_beginning_says_that_it_is_one() {
        assert_eq!(visible_start("äb\u{1b}", 3), "äb\\u{1b}");
        assert_eq!(visible_start("äb\u{1b}c", 3), "äb\\u{1b}…");
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
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStrExt as _;
            assert_eq!(shell_word(OsStr::from_bytes(b"nu\xff/it's \xe2\x82")), r"$'nu\377/it\'s \342\202'");
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
    fn a_table_that_is_too_wide_goes_on_below() {
        assert_eq!(narrowed(vec![30, 10, 20], Some(50)), [18, 10, 18]);
        assert_eq!(narrowed(vec![30, 10, 20], None), [30, 10, 20]);
        assert_eq!(broken("aarch64-unknown-linux-musl", 15), ["aarch64-", "unknown-linux-", "musl"]);
        assert_eq!(broken("ab cd efghijkl", 5), ["ab cd", "efghi", "jkl"]);
        assert_eq!(broken("the tag a_2_28 is out", 12), ["the tag", "a_2_28 is", "out"]);
        assert_eq!(broken("", 5), [""]);
    }

    #[test]
    fn a_long_line_is_broken_between_words_and_a_command_never() {
        let of = |text: &str| wrapped(text, Some(20), |line| set_in(line) + 2);
        assert_eq!(of("  help: Do something else\nshort"), "  help: Do something\n    else\nshort");
        assert_eq!(of("see it as `tool a b c` and more"), "see it as\n  `tool a b c` and\n  more");
        // What has no room in any line stays where it is, and the terminal breaks it.
        assert_eq!(of("see `tool check a bc.whl` and so much more"), "see `tool check a bc.whl` and so much\n  more");
        assert_eq!(of("a  b  c  d  e  f  g  h"), "a  b  c  d  e  f  g\n  h");
        for whole in ["next: relkit check one two three", "  fix: relkit retag a.whl --honest", "a".repeat(40).as_str()]
        {
            assert_eq!(of(whole), whole);
        }
        assert_eq!(wrapped("a b c d e f", None, set_in), "a b c d e f");
        assert_eq!(wrapped("ab cd", Some(2), |_| 90), "ab cd");
    }

    #[test]
    fn a_value_goes_on_below_itself() {
        let of = |columns| laid_out("  needs", 8, "kernel32.dll, ntdll.dll, ws2_32.dll\u{1b}", columns);
        assert_eq!(of(None), "  needs kernel32.dll, ntdll.dll, ws2_32.dll\\u{1b}\n");
        assert_eq!(of(Some(33)), "  needs kernel32.dll, ntdll.dll,\n        ws2_32.dll\\u{1b}\n");
        assert!(of(Some(1)).lines().all(|line| line.chars().count() <= 20), "{}", of(Some(1)));
    }

    #[test]
    fn columns_are_as_wide_as_what_is_shown() {
        let rows = [["a\u{1b}".to_owned(), "x".to_owned()], ["b".to_owned(), String::new()]];
        assert_eq!(table(["one", "two"], rows), "one      two\na\\u{1b}  x\nb\n");
    }
}
