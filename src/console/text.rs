//! Text for people: what came from outside made visible, counted nouns, sizes, words of a shell. How it fills the lines of a
//! terminal is in `layout.rs`.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fmt;
use std::path::Path;

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

/// A path as a shell reads it, and no program takes for an option.
pub(crate) fn shell_path<P: AsRef<Path> + ?Sized>(path: &P) -> String {
    let path = path.as_ref();
    if path.as_os_str().as_encoded_bytes().starts_with(b"-") {
        return shell_word(&Path::new(".").join(path));
    }
    shell_word(path)
}

/// A word as a shell reads it.
pub(crate) fn shell_word<T: AsRef<OsStr> + ?Sized>(word: &T) -> String {
    let word = word.as_ref();
    let Some(text) = word.to_str() else { return format!("$'{}'", shell_bytes(word)) };
    let plain = |character: char| character.is_ascii_alphanumeric() || "-_./:=,@%+".contains(character);
    // In zsh `=word` is where a program is.
    if !text.is_empty() && !text.starts_with('=') && text.chars().all(plain) {
        text.to_owned()
    } else if visible(text) != text {
        format!("$'{}'", shell_escaped(text))
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// What stands in `$'…'`, as bash, zsh and ksh read it in any locale, and POSIX since 2024.
fn shell_escaped(text: &str) -> String {
    let escaped = |character: char| match character {
        '\'' | '\\' => format!("\\{character}"),
        _ if character == '#' || is_hidden(character) => octal(character.encode_utf8(&mut [0; 4]).as_bytes()),
        _ => character.into(),
    };
    text.chars().map(escaped).collect()
}

fn octal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\{byte:03o}")).collect()
}

/// The same of a word that is not UTF-8: its other bytes in octal.
fn shell_bytes(word: &OsStr) -> String {
    let mut shown = String::new();
    for chunk in word.as_encoded_bytes().utf8_chunks() {
        shown += &shell_escaped(chunk.valid());
        shown += &octal(chunk.invalid());
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
        assert_eq!(shell_word("a\u{e0041}b"), "$'a\\363\\240\\201\\201b'");
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
            ("=a", "'=a'"),
            ("it's", "'it'\\''s'"),
            ("a\n'\\\u{202e}", r"$'a\012\'\\\342\200\256'"),
            ("##[a]", r"$'\043\043[a]'"),
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
    fn a_path_is_no_option() {
        for (path, shown) in [("-a/b", "./-a/b"), ("--", "./--"), ("- b", "'./- b'"), ("a-b", "a-b"), ("", "''")] {
            assert_eq!(shell_path(path), shown);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn bash_reads_every_word_in_any_locale() {
        let words = ["=a", "it's", "a\n'\\\u{202e}7", "##[a]7", "a\u{e0041}b", "ß\u{9b}", "", "~", "$HOME", "a`b`!c"];
        for locale in ["C", "C.UTF-8"] {
            let script = words.map(|word| format!("printf '%s\\0' {}", shell_word(word))).join("\n");
            let mut bash = std::process::Command::new("bash");
            let said = bash.args(["-c", &script]).env("LC_ALL", locale).output().unwrap().stdout;
            assert_eq!(said, words.map(|word| format!("{word}\0")).concat().as_bytes(), "{locale}: {script}");
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
}
