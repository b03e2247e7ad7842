//! The text of a table of comma-separated values, as Python's `csv` reads it when it is strict, and docutils asks for it.

use super::fault::Fault;
use super::lines::Line;

/// What separates and quotes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dialect {
    delimiter: char,
    quote: char,
    /// With one, a doubled quotation mark is none.
    escape: Option<char>,
    skips_blanks: bool,
}

/// A cell, line by line.
#[derive(Debug, Clone, Default)]
pub(super) struct Cell<'a> {
    pub(crate) lines: Vec<Line<'a>>,
    /// Its text is not what stands between its ends: it has doubled or escaped characters.
    pub(crate) is_changed: bool,
}

impl Dialect {
    /// The dialect of a table with these options.
    pub(super) fn of(option: impl Fn(&'static str) -> Option<String>) -> Result<Self, String> {
        let character = |name: &'static str| {
            let Some(value) = option(name) else { return Ok(None) };
            let value = value.trim();
            let named = match value {
                "tab" if name == "delim" => Some('\t'),
                "space" if name == "delim" => Some(' '),
                _ => None,
            };
            let read = named.or_else(|| by_number(value)).or_else(|| single(value));
            read.map(Some).ok_or_else(|| format!("has an option `{name}` that is not one character: `{value}`"))
        };
        Ok(Self {
            delimiter: character("delim")?.unwrap_or(','),
            quote: character("quote")?.unwrap_or('"'),
            escape: character("escape")?,
            skips_blanks: option("keepspace").is_none(),
        })
    }
}

fn single(text: &str) -> Option<char> {
    let mut characters = text.chars();
    characters.next().filter(|_| characters.next().is_none())
}

/// A character by its number: digits, or hexadecimal ones behind `0x`, `U+` and their like.
fn by_number(text: &str) -> Option<char> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok().and_then(char::from_u32);
    }
    let lower = text.to_ascii_lowercase();
    let digits = ["0x", "\\x", "x", "u+", "\\u", "u"].into_iter().find_map(|prefix| lower.strip_prefix(prefix));
    let digits = digits.or_else(|| lower.strip_prefix("&#x").and_then(|rest| rest.strip_suffix(';')))?;
    u32::from_str_radix(digits, 16).ok().and_then(char::from_u32)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before a cell.
    Start,
    Plain,
    Quoted,
    /// Behind a quotation mark in quoted text, which stands at this place.
    Behind(usize),
    /// Behind what escapes, in quoted text or not.
    Escaped(bool),
}

/// The rows of a text.
pub(super) fn rows<'a>(text: &[Line<'a>], dialect: Dialect) -> Result<Vec<Vec<Cell<'a>>>, Fault> {
    let (mut rows, mut row, mut cell): (Vec<_>, Vec<Cell<'a>>, Cell<'a>) = Default::default();
    let mut state = State::Start;
    for line in text {
        let mut from = 0;
        let piece = |from: usize, to: usize| Line { number: line.number, text: line.text.get(from..to).unwrap_or("") };
        let characters = line.text.char_indices().map(|(at, it)| (at, Some(it)));
        for (at, it) in characters.chain([(line.text.len(), None)]) {
            let behind = at + it.map_or(0, char::len_utf8);
            let is = |wanted: Option<char>| it.is_some() && it == wanted;
            let ends = it.is_none() || is(Some(dialect.delimiter));
            // Where the text of the cell ends, if it ends here.
            let mut end = None;
            match state {
                State::Start if it.is_none() && line.text.is_empty() => rows.push(Vec::new()),
                State::Start if ends => end = Some(at),
                State::Start if is(Some(dialect.quote)) => state = State::Quoted,
                State::Start | State::Plain if is(dialect.escape) => {
                    (state, cell.is_changed) = (State::Escaped(false), true)
                }
                State::Start if dialect.skips_blanks && is(Some(' ')) => {}
                State::Start => state = State::Plain,
                State::Plain if ends => end = Some(at),
                State::Plain => {}
                State::Quoted if it.is_none() => cell.lines.push(piece(from, at)),
                State::Quoted if is(dialect.escape) => (state, cell.is_changed) = (State::Escaped(true), true),
                State::Quoted if is(Some(dialect.quote)) && dialect.escape.is_some() => state = State::Plain,
                State::Quoted if is(Some(dialect.quote)) => state = State::Behind(at),
                State::Quoted => {}
                State::Behind(to) if ends => end = Some(to),
                State::Behind(_) if is(Some(dialect.quote)) => (state, cell.is_changed) = (State::Quoted, true),
                State::Behind(_) => {
                    let why = "text of the table follows a quotation mark that ends a cell";
                    return Err(Fault::new(line.number, why.to_owned()));
                }
                State::Escaped(true) => state = State::Quoted,
                State::Escaped(false) => state = State::Plain,
            }
            if matches!(state, State::Start) || state == State::Quoted && at == from && is(Some(dialect.quote)) {
                from = behind;
            }
            if let Some(to) = end {
                cell.lines.push(piece(from.min(to), to));
                row.push(std::mem::take(&mut cell));
                (state, from) = (State::Start, behind);
                if it.is_none() {
                    rows.push(std::mem::take(&mut row));
                }
            }
        }
    }
    match text.last() {
        Some(last) if state != State::Start => {
            Err(Fault::new(last.number, "quoted text of the table does not end".into()))
        }
        _ => Ok(rows),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, options: &[(&str, &str)]) -> Result<Vec<Vec<String>>, usize> {
        let lines: Vec<_> = text.split('\n').enumerate().map(|(at, text)| Line { number: at + 1, text }).collect();
        let option = |wanted| options.iter().find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned());
        let dialect = Dialect::of(option).map_err(|_| 0_usize)?;
        let joined = |cell: &Cell<'_>| cell.lines.iter().map(|line| line.text).collect::<Vec<_>>().join("|");
        let rows = rows(&lines, dialect).map_err(|fault| fault.line)?;
        Ok(rows.iter().map(|row| row.iter().map(joined).collect()).collect())
    }

    #[test]
    fn rows_are_those_of_python() {
        for (text, options, expected) in [
            ("1,2", &[][..], &[&["1", "2"][..]][..]),
            ("a, b,", &[], &[&["a", "b", ""]]),
            ("\"a,b\", c", &[], &[&["a,b", "c"]]),
            ("\"a\nb\",c", &[], &[&["a|b", "c"]]),
            ("a\n\nb", &[], &[&["a"], &[], &["b"]]),
            ("a\"b,c", &[], &[&["a\"b", "c"]]),
            ("'a;b';c", &[("delim", ";"), ("quote", "'")], &[&["a;b", "c"]]),
            ("a b", &[("delim", "space")], &[&["a", "b"]]),
            ("a,b", &[("delim", "0x2c")], &[&["a", "b"]]),
            ("\"\",b", &[], &[&["", "b"]]),
        ] {
            assert_eq!(read(text, options).unwrap(), expected, "{text:?}");
        }
    }

    #[test]
    fn what_python_refuses_is_refused() {
        for (text, options, line) in [
            ("\"a", &[][..], 1),
            ("a\n\"b\nc", &[], 3),
            ("\"a\"b", &[], 1),
            ("a,b", &[("delim", "ab")], 0),
            ("a,b", &[("quote", "")], 0),
        ] {
            assert_eq!(read(text, options), Err(line), "{text:?}");
        }
    }
}
