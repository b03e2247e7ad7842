//! The options of directives: which there are, and what values they take. docutils' reference of directives, "Common Options"
//! and the sections of each.

use super::lines::Line;

/// What an option takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value {
    Any,
    /// Something.
    Some,
    /// Nothing.
    Flag,
    /// A number with or without a unit.
    Length,
    /// The same, or a share.
    Width,
    /// The same, or that of the image.
    FigureWidth,
    /// A whole number with or without `%`.
    Scale,
    Whole,
    /// Names of classes.
    Classes,
    /// `auto`, or widths of columns.
    Widths,
    /// The same, or those of the text.
    TableWidths,
    /// A whole number or nothing.
    MaybeWhole,
    /// A name that Python has for an encoding.
    Encoding,
    /// One of these words.
    Word(&'static [&'static str]),
}

use Value::{
    Any, Classes, Encoding, FigureWidth, Flag, Length, MaybeWhole, Scale, TableWidths, Whole, Width, Widths, Word,
};

const ACROSS: &[&str] = &["left", "center", "right"];
const IN_LINE: &[&str] = &["top", "middle", "bottom"];

type Row = (&'static str, Value);

const COMMON: [Row; 2] = [("class", Classes), ("name", Any)];
const IMAGE: [Row; 6] = [
    ("alt", Any),
    ("height", Length),
    ("width", Width),
    ("scale", Scale),
    ("loading", Word(&["embed", "link", "lazy"])),
    ("target", Value::Some),
];

/// The options beside the common ones of those directives whose options are known here.
fn own(directive: &str) -> Option<&'static [Row]> {
    Some(match directive {
        "image" => &[("align", Word(ACROSS))],
        "figure" => &[("align", Word(ACROSS)), ("figwidth", FigureWidth), ("figclass", Classes), ("figname", Any)],
        "code" | "code-block" | "sourcecode" => &[("number-lines", MaybeWhole)],
        "contents" => &[("depth", Whole), ("local", Flag), ("backlinks", Word(&["top", "entry", "none"]))],
        "list-table" => &[
            ("header-rows", Whole),
            ("stub-columns", Whole),
            ("width", Width),
            ("widths", Widths),
            ("align", Word(ACROSS)),
        ],
        "csv-table" => &[
            ("header-rows", Whole),
            ("stub-columns", Whole),
            ("header", Any),
            ("width", Width),
            ("widths", Widths),
            ("align", Word(ACROSS)),
            ("delim", Any),
            ("keepspace", Flag),
            ("quote", Any),
            ("escape", Any),
            ("encoding", Encoding),
            ("file", Any),
            ("url", Any),
        ],
        "table" => &[("width", Width), ("widths", TableWidths), ("align", Word(ACROSS))],
        "sectnum" | "section-numbering" => &[("depth", Whole), ("start", Whole), ("prefix", Any), ("suffix", Any)],
        "math" => &[],
        "attention" | "caution" | "danger" | "error" | "hint" | "important" | "note" | "tip" | "warning"
        | "admonition" | "topic" | "line-block" | "parsed-literal" | "compound" | "rubric" | "container"
        | "target-notes" => &[],
        "sidebar" => &[("subtitle", Any)],
        _ => return None,
    })
}

/// What is wrong with the first of the options that is.
pub(super) fn fault(directive: &str, lines: &[Line<'_>]) -> Option<String> {
    fault_where(directive, lines, |_, takes| takes)
}

/// The same of an image that stands in a line of text.
pub(super) fn fault_in_line(directive: &str, lines: &[Line<'_>]) -> Option<String> {
    fault_where(directive, lines, |name, takes| if name == "align" { Word(IN_LINE) } else { takes })
}

fn fault_where(directive: &str, lines: &[Line<'_>], place: impl Fn(&str, Value) -> Value) -> Option<String> {
    let own = own(directive)?;
    let image: &[Row] = if matches!(directive, "image" | "figure") { &IMAGE } else { &[] };
    let mut seen = Vec::new();
    for (name, value) in options(lines) {
        let name = name.to_lowercase();
        let Some((_, takes)) = own.iter().chain(image).chain(&COMMON).find(|(known, _)| *known == name) else {
            return Some(format!("the directive `{directive}` has no option `{name}`"));
        };
        if !place(&name, *takes).allows(&value) {
            return Some(format!("the option `{name}` of the directive `{directive}` does not take `{value}`"));
        }
        if seen.contains(&name) {
            return Some(format!("the directive `{directive}` has the option `{name}` twice"));
        }
        seen.push(name);
    }
    None
}

/// The value of that option, where it is there.
pub(super) fn value(lines: &[Line<'_>], wanted: &str) -> Option<String> {
    options(lines).into_iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
}

/// Names and values; a value goes on in lines that are indented.
pub(super) fn options(lines: &[Line<'_>]) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for line in lines {
        let field = line.text.strip_prefix(':').and_then(|rest| rest.split_once(':'));
        match (field, found.last_mut()) {
            (Some((name, value)), _) => found.push((name.trim().to_owned(), value.trim().to_owned())),
            (None, Some((_, value))) => {
                value.push('\n');
                value.push_str(line.text.trim());
            }
            (None, None) => {}
        }
    }
    found
}

impl Value {
    fn allows(self, value: &str) -> bool {
        let is_whole = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match self {
            Self::Any => true,
            Self::Some => !value.is_empty(),
            Self::Classes => !value.is_empty() && value.split_whitespace().all(is_class),
            Self::Widths => value == "auto" || columns(value).is_some(),
            Self::TableWidths => matches!(value, "auto" | "grid") || columns(value).is_some(),
            Self::Flag => value.is_empty(),
            Self::Length => is_length(value),
            Self::Width => is_length(value) || value.strip_suffix('%').is_some_and(is_length),
            Self::FigureWidth => value.eq_ignore_ascii_case("image") || Self::Width.allows(value),
            Self::Scale => is_whole(value.trim_end_matches([' ', '%'])),
            Self::Whole => is_whole(value),
            Self::MaybeWhole => value.is_empty() || value.parse::<i64>().is_ok(),
            Self::Encoding => is_encoding(value),
            Self::Word(words) => words.contains(&value.to_lowercase().as_str()),
        }
    }
}

/// Whether Python has an encoding of that name, in any case and with any marks between its parts.
fn is_encoding(name: &str) -> bool {
    let (mut looked_up, mut is_apart) = (String::new(), false);
    for letter in name.chars() {
        if letter.is_alphanumeric() {
            if std::mem::take(&mut is_apart) && !looked_up.is_empty() {
                looked_up.push('_');
            }
            looked_up.extend(Some(letter.to_ascii_lowercase()).filter(char::is_ascii));
        } else {
            is_apart = true;
        }
    }
    let rows = include_str!("encodings.txt").lines().filter(|line| !line.starts_with('#'));
    rows.flat_map(|line| line.split(' ')).any(|known| known == looked_up)
}

/// Whether letters are left of a name when it is made one of HTML. What is not of ASCII may have some.
pub(super) fn is_class(word: &str) -> bool {
    let may_be_letter = |it: char| it.is_ascii_alphabetic() || !it.is_ascii() && !is_ideograph(it);
    word.chars().any(may_be_letter)
}

/// What no rule of compatibility makes a Latin letter.
fn is_ideograph(it: char) -> bool {
    matches!(it, '\u{3041}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}')
}

/// How many columns such widths are for.
pub(super) fn columns(widths: &str) -> Option<usize> {
    let separator = if widths.contains(',') { |it: char| it == ',' } else { char::is_whitespace };
    let parts = widths.split(separator).map(str::trim).filter(|part| !part.is_empty());
    let parts: Option<Vec<u32>> = parts.map(|part| part.parse().ok().filter(|width| *width > 0)).collect();
    parts.map(|parts| parts.len()).filter(|count| *count > 0)
}

/// A number, and a unit of CSS at most.
fn is_length(text: &str) -> bool {
    const UNITS: [&str; 15] =
        ["", "em", "ex", "ch", "rem", "vw", "vh", "vmin", "vmax", "cm", "mm", "Q", "in", "pc", "pt"];
    let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    let (number, unit) = (&text[..end], text[end..].trim_start());
    number.parse::<f64>().is_ok() && (unit == "px" || UNITS.contains(&unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_faulty(directive: &str, text: &str) -> bool {
        let lines: Vec<_> = text.lines().enumerate().map(|(at, text)| Line { number: at + 1, text }).collect();
        fault(directive, &lines).is_some()
    }

    /// What docutils 0.23 does with each.
    #[test]
    fn options_are_those_of_docutils() {
        for (directive, options) in [
            ("image", ":height: 50%"),
            ("image", ":width: abc"),
            ("image", ":width: 1foo"),
            ("image", ":width:"),
            ("image", ":width: 50.5.5px"),
            ("image", ":width: -5px"),
            ("image", ":width: 5PX"),
            ("image", ":width: auto"),
            ("image", ":scale: 50.5"),
            ("image", ":scale: big"),
            ("image", ":scale: -5"),
            ("image", ":align: centre"),
            ("image", ":align: middle"),
            ("image", ":target:"),
            ("image", ":class:"),
            ("image", ":loading: eager"),
            ("image", ":alt: a\n:alt: b"),
            ("image", ":usemap: x"),
            ("image", ":figname: x"),
            ("figure", ":align: middle"),
            ("figure", ":figwidth: wide"),
            ("code-block", ":linenos:"),
            ("code-block", ":caption: x"),
            ("code", ":number-lines: a"),
            ("note", ":foo: x"),
            ("contents", ":depth: x"),
            ("contents", ":backlinks: no"),
            ("contents", ":local: yes"),
            ("list-table", ":foo: 1"),
            ("csv-table", ":encoding: nonsense"),
            ("csv-table", ":encoding:"),
            ("csv-table", ":encoding: mbcs"),
        ] {
            assert!(is_faulty(directive, options), "{directive} {options:?}");
        }
        for (directive, options) in [
            ("image", ":width: 50%"),
            ("image", ":width: 50 px"),
            ("image", ":width: 10rem"),
            ("image", ":scale: 50 %"),
            ("image", ":align: Center"),
            ("image", ":Alt:\n:loading: lazy\n:class: a b\n:name: x"),
            ("image", ":alt: a\n  b: c\n:target: d_"),
            ("figure", ":figwidth: image\n:figname: x\n:align: left"),
            ("code", ":number-lines:\n:class: x\n:name: y"),
            ("code", ":number-lines: 3"),
            ("contents", ":local:\n:depth: 2\n:backlinks: none"),
            ("list-table", ":header-rows: 1\n:widths: 1 2"),
            ("note", ":class: x"),
            ("csv-table", ":header: a, b"),
            ("csv-table", ":encoding: UTF-8"),
            ("csv-table", ":encoding: utf8"),
            ("csv-table", ":encoding: ISO 8859-15"),
            ("csv-table", ":encoding: Latin-1"),
            ("csv-table", ":encoding: windows-1252"),
        ] {
            assert!(!is_faulty(directive, options), "{directive} {options:?}");
        }
    }
}
