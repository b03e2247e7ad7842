//! The lines of a text as docutils takes them (tabs expanded, ends trimmed), and the blocks that indentation makes of them.

/// One line, without what its block is indented by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    /// Counted from 1.
    pub(crate) number: usize,
    pub(crate) text: &'a str,
}

const TAB: usize = 8;

/// The lines of a text. What separates lines is what Python's `splitlines` takes for it, but for form feeds.
pub(super) fn split(text: &str) -> Vec<String> {
    let text = text.replace("\r\n", "\n");
    let is_end = |it: char| matches!(it, '\n' | '\r' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}');
    text.split(is_end).map(expand).collect()
}

fn expand(line: &str) -> String {
    let line = line.trim_end();
    if !line.contains(['\t', '\x0b', '\x0c']) {
        return line.to_owned();
    }
    let (mut out, mut column) = (String::with_capacity(line.len()), 0);
    for character in line.chars() {
        let (put, count) = match character {
            '\t' => (' ', TAB - column % TAB),
            '\x0b' | '\x0c' => (' ', 1),
            other => (other, 1),
        };
        out.extend(std::iter::repeat_n(put, count));
        column += count;
    }
    out.truncate(out.trim_end().len());
    out
}

/// Lines that belong together, and where the next line is.
pub(super) struct Block<'a> {
    pub(crate) lines: Vec<Line<'a>>,
    pub(crate) next: usize,
    /// Whether a blank line ends it, or the text does.
    pub(crate) ends_well: bool,
}

/// By what the lines of a block are indented.
#[derive(Clone, Copy)]
pub(super) enum Indent {
    /// All of them, by what they have in common.
    Common,
    /// The first one has its text behind so many bytes; the others by what they have in common.
    First(usize),
    /// All of them by so many.
    Known(usize),
}

/// How far a block goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    Unindent,
    Blank,
}

pub(super) fn spaces(text: &str) -> usize {
    text.len() - text.trim_start_matches(' ').len()
}

/// The block that begins at `start`, without blank lines before it.
pub(super) fn indented<'a>(lines: &[Line<'a>], start: usize, by: Indent, until: Until) -> Block<'a> {
    let (first, known) = match by {
        Indent::Common => (None, None),
        Indent::First(first) => (Some(first), None),
        Indent::Known(known) => (Some(known), Some(known)),
    };
    let mut end = if first.is_some() { start + 1 } else { start };
    let mut indent = known;
    let mut ends_well = true;
    while let Some(line) = lines.get(end) {
        let text = line.text;
        if text.is_empty() {
            if until == Until::Blank {
                break;
            }
        } else if !text.starts_with(' ') || known.is_some_and(|known| spaces(text) < known) {
            ends_well = end > start && lines[end - 1].text.is_empty();
            break;
        } else if known.is_none() {
            indent = Some(indent.map_or(spaces(text), |indent| indent.min(spaces(text))));
        }
        end += 1;
    }
    let cut = |line: &Line<'a>, by: usize| Line { number: line.number, text: line.text.get(by..).unwrap_or("") };
    let block = &lines[start.min(end)..end];
    let mut found: Vec<_> = block
        .iter()
        .enumerate()
        .map(|(at, line)| match (at, first) {
            (0, Some(first)) => cut(line, first),
            _ => cut(line, indent.unwrap_or(0)),
        })
        .collect();
    let blank = found.iter().take_while(|line| line.text.is_empty()).count();
    found.drain(..blank);
    Block { lines: found, next: end, ends_well }
}

/// The next line from `at` on that is not blank.
pub(super) fn skip_blank(lines: &[Line<'_>], at: usize) -> usize {
    at + lines[at.min(lines.len())..].iter().take_while(|line| line.text.is_empty()).count()
}
