//! How text fills the lines of a terminal: the columns that there are, sentences broken between words, tables, and values
//! beside their labels. What makes text safe to show is in `text.rs`.

use std::io::IsTerminal as _;

use super::text::visible;

/// How many columns a line of a result may have: `COLUMNS` where it is set, else what the terminal shows. A pipe or a file has no
/// width: nothing is broken there, be it a table, a sentence or a value.
pub(crate) fn columns() -> Option<usize> {
    told_columns().or_else(|| width(terminal_size::terminal_size_of(std::io::stdout())))
}

/// The same of what goes to standard error.
pub(crate) fn columns_of_status() -> Option<usize> {
    told_columns().or_else(|| width(terminal_size::terminal_size_of(std::io::stderr())))
}

/// The same of a refusal, which quotes what was typed: where no terminal shows it, no word of that begins a line.
pub(crate) fn columns_of_refusals() -> Option<usize> {
    columns_of_status().filter(|_| std::io::stderr().is_terminal())
}

fn told_columns() -> Option<usize> {
    std::env::var("COLUMNS").ok().and_then(|text| text.trim().parse().ok()).filter(|columns| *columns > 0)
}

fn width(size: Option<(terminal_size::Width, terminal_size::Height)>) -> Option<usize> {
    size.map(|(width, _)| usize::from(width.0))
}

/// A line that is to be copied as it stands: whatever breaks it, breaks it.
fn is_command(line: &str) -> bool {
    ["next: ", "to go on: ", "page: ", "fix: ", "relkit ", "$ "]
        .iter()
        .any(|start| line.trim_start().starts_with(start))
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
        // What has no room in any line goes on over the terminal's edge, and ends its line there.
        let (used, length) = (current.chars().count(), word.trim_end().chars().count());
        let is_over = current.trim_end().chars().count() > columns;
        let is_full = used + length > columns && (begun.len() + length <= columns || is_over);
        if is_full && !current.trim().is_empty() {
            lines.push(std::mem::replace(&mut current, begun.clone()).trim_end().to_owned());
        }
        current.push_str(word);
    }
    lines.push(current.trim_end().to_owned());
    lines.join("\n")
}

/// Help has lines of no more columns, however wide the terminal is.
pub(crate) const HELP_COLUMNS: usize = 100;

/// The text of `clap` with what it breaks nowhere, its line of usage and its refusals, broken between arguments. The text may
/// have styles.
pub(crate) fn usage_broken(text: &str, columns: usize) -> String {
    let line = |line: &str| match (shown_width(line) > columns, plain(line).starts_with("Usage: ")) {
        (true, true) => broken_between_arguments(line, columns, USAGE_WORDS),
        (true, false) => broken_between_arguments(line, columns, 0),
        (false, _) => line.to_owned(),
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// What is seen of a text with styles.
fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

fn shown_width(text: &str) -> usize {
    plain(text).trim_end().chars().count()
}

/// `Usage: relkit COMMAND`, behind which the arguments go on below each other.
const USAGE_WORDS: usize = 3;

/// Below the first `lead` words, or two columns further in.
fn broken_between_arguments(line: &str, columns: usize, lead: usize) -> String {
    let mut depth = 0_usize;
    let words = line.split_inclusive(|character| {
        depth = match character {
            '<' => depth + 1,
            '>' => depth.saturating_sub(1),
            _ => depth,
        };
        character == ' ' && depth == 0
    });
    // An option and its value stay together.
    let mut arguments: Vec<String> = Vec::new();
    for word in words {
        let is_bare = |option: &String| plain(option).starts_with("--") && !option.contains('<');
        let is_value = plain(word).starts_with('<') && arguments.last().is_some_and(is_bare);
        match arguments.last_mut() {
            Some(last) if is_value => last.push_str(word),
            _ => arguments.push(word.to_owned()),
        }
    }
    let head: usize = arguments.iter().take(lead).map(|word| plain(word).chars().count()).sum();
    let begun = if lead == 0 { set_in(&plain(line)) + 2 } else { head }.min(columns / 2);
    let (mut text, mut used) = (String::new(), 0);
    for (place, argument) in arguments.iter().enumerate() {
        let is_begun = used > if text.contains('\n') { begun } else { 0 };
        if place >= lead && is_begun && used + shown_width(argument) > columns {
            text = format!("{}\n{:begun$}", text.trim_end(), "");
            used = begun;
        }
        text += argument;
        used += plain(argument).chars().count();
    }
    text
}

/// A column of a table is made no narrower than this.
const MIN_COLUMN: usize = 12;

/// What has less room beside its label stands below it.
const MIN_VALUE: usize = 20;

/// A table with aligned columns, a line per row; where it would be wider than the terminal, the widest cells go on below, and
/// where that does not help, each row is a paragraph.
pub(crate) fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    table_within(head, rows, columns())
}

fn table_within<const N: usize>(
    head: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
    columns: Option<usize>,
) -> String {
    let rows: Vec<_> = rows.into_iter().map(|row| row.map(|cell| visible(&cell))).collect();
    let rows: Vec<_> = std::iter::once(head.map(str::to_owned)).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths = narrowed((0..N).map(width).collect(), columns);
    if let Some(columns) = columns.filter(|columns| widths.iter().sum::<usize>() + between(N) > *columns) {
        return paragraphs(&rows, columns);
    }
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

/// The same in so many columns, or in one line.
pub(crate) fn laid_out(label: &str, width: usize, value: &str, columns: Option<usize>) -> String {
    let value = visible(value);
    let Some(columns) = columns else { return format!("{label:<width$}{value}\n") };
    let room = columns.saturating_sub(width);
    if room >= MIN_VALUE || value.chars().count() <= room {
        let line = |(place, line): (usize, &String)| format!("{:<width$}{line}\n", if place == 0 { label } else { "" });
        return broken(&value, room).iter().enumerate().map(line).collect();
    }
    // Where hardly a word has room beside the label, it goes below.
    let lead = (set_in(label) + 2).min(columns / 2);
    let lines = broken(&value, columns.saturating_sub(lead).max(MIN_COLUMN));
    let head = if label.is_empty() { String::new() } else { format!("{}\n", label.trim_end()) };
    head + &lines.iter().map(|line| format!("{:lead$}{line}\n", "")).collect::<String>()
}

/// The space between so many columns.
fn between(columns: usize) -> usize {
    2 * columns.saturating_sub(1)
}

/// The rows below the first, which is the head of each: what a row is about, and below it its cells with their names.
fn paragraphs<const N: usize>(rows: &[[String; N]], columns: usize) -> String {
    let Some((head, rows)) = rows.split_first() else { return String::new() };
    let mut text = String::new();
    for row in rows {
        broken(&row[0], columns).iter().for_each(|line| text += &format!("{line}\n"));
        let mut line = String::new();
        for (name, cell) in head.iter().zip(row).skip(1).filter(|(_, cell)| !cell.is_empty()) {
            let named = format!("  {name} {cell}");
            if line.chars().count() + named.chars().count() > columns && !line.is_empty() {
                text += &format!("{line}\n");
                line.clear();
            }
            line += &named;
        }
        if !line.is_empty() {
            text += &format!("{line}\n");
        }
    }
    text
}

/// The widths of columns, the widest made narrower until all of them fit.
fn narrowed(mut widths: Vec<usize>, columns: Option<usize>) -> Vec<usize> {
    let Some(columns) = columns else { return widths };
    while widths.iter().sum::<usize>() + between(widths.len()) > columns {
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
        assert_eq!(of("see `tool check a bc.whl` and so much more"), "see `tool check a bc.whl`\n  and so much more");
        assert_eq!(of("a  b  c  d  e  f  g  h"), "a  b  c  d  e  f  g\n  h");
        for whole in ["next: relkit check one two three", "  fix: relkit retag a.whl --honest", "a".repeat(40).as_str()]
        {
            assert_eq!(of(whole), whole);
        }
        assert_eq!(wrapped("a b c d e f", None, set_in), "a b c d e f");
        assert_eq!(wrapped("ab cd", Some(2), |_| 90), "ab cd");
    }

    #[test]
    fn usage_is_broken_between_arguments_with_and_without_styles() {
        let line =
            "Usage: relkit publish [OPTIONS] --release-version <VERSION> <--upload-url <URL>|--index <NAME>> <DIST>";
        let broken = "Usage: relkit publish [OPTIONS] --release-version <VERSION>\n                      \
                      <--upload-url <URL>|--index <NAME>> <DIST>";
        assert_eq!(usage_broken(&format!("Words\n\n{line}\n\nmore"), 80), format!("Words\n\n{broken}\n\nmore"));
        assert_eq!(usage_broken(line, 102), line);
        let styled = line
            .replace("--release-version", "\u{1b}[1m--release-version\u{1b}[0m")
            .replace("Usage:", "\u{1b}[1mUsage:\u{1b}[0m");
        assert_eq!(plain(&usage_broken(&styled, 80)), broken);
        for columns in 0..110 {
            let text = usage_broken(line, columns);
            assert_eq!(text.split_whitespace().collect::<Vec<_>>(), line.split_whitespace().collect::<Vec<_>>());
            assert!(columns < 62 || text.lines().all(|line| line.len() <= columns), "{columns}: {text}");
        }
        let refusal = "error: the argument '--payload <[TAG=]PAYLOAD>...' cannot be used with '--download'";
        let broken = "error: the argument '--payload <[TAG=]PAYLOAD>...' cannot be used with\n  '--download'";
        assert_eq!(usage_broken(refusal, 80), broken);
        assert_eq!(usage_broken("a long word", 4), "a\n  long\n  word");
    }

    #[test]
    fn a_value_goes_on_below_itself() {
        let of = |columns| laid_out("  needs", 8, "kernel32.dll, ntdll.dll, ws2_32.dll\u{1b}", columns);
        assert_eq!(of(None), "  needs kernel32.dll, ntdll.dll, ws2_32.dll\\u{1b}\n");
        assert_eq!(of(Some(33)), "  needs kernel32.dll, ntdll.dll,\n        ws2_32.dll\\u{1b}\n");
        assert_eq!(of(Some(27)), "  needs\n    kernel32.dll,\n    ntdll.dll,\n    ws2_32.dll\\u{1b}\n");
        assert_eq!(laid_out("a name     ", 11, "none", Some(15)), "a name     none\n");
        assert_eq!(laid_out("", 11, "many words of it", Some(15)), "  many words of\n  it\n");
        assert!(of(Some(1)).lines().all(|line| line.chars().count() <= 20), "{}", of(Some(1)));
    }

    #[test]
    fn a_table_that_fits_no_terminal_is_paragraphs() {
        let head = ["target", "stage", "build", "wheel"];
        let row = |target: &str| [target.to_owned(), "✓".into(), String::new(), "1.3 MB".into()];
        let of = |columns| table_within(head, [row("x86_64-unknown-linux-gnu"), row("b")], columns);
        assert_eq!(
            of(Some(35)),
            "target         stage  build  wheel\nx86_64-        ✓             1.3 MB\nunknown-\nlinux-gnu\nb              ✓             1.3 MB\n"
        );
        assert_eq!(of(Some(24)), "x86_64-unknown-linux-gnu\n  stage ✓  wheel 1.3 MB\nb\n  stage ✓  wheel 1.3 MB\n");
        assert_eq!(
            of(Some(18)),
            "x86_64-unknown-\nlinux-gnu\n  stage ✓\n  wheel 1.3 MB\nb\n  stage ✓\n  wheel 1.3 MB\n"
        );
    }

    #[test]
    fn columns_are_as_wide_as_what_is_shown() {
        let rows = [["a\u{1b}".to_owned(), "x".to_owned()], ["b".to_owned(), String::new()]];
        assert_eq!(table(["one", "two"], rows), "one      two\na\\u{1b}  x\nb\n");
    }
}
