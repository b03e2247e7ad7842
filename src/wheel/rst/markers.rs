//! What the beginning of a line says that it is. docutils' specification, "Body Elements".

/// A list whose items number themselves: its form and its sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Numbering {
    form: Form,
    sequence: Sequence,
    pub(crate) ordinal: u32,
    pub(crate) is_automatic: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Parentheses,
    Parenthesis,
    Period,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sequence {
    Arabic,
    LowerAlphabet,
    UpperAlphabet,
    LowerRoman,
    UpperRoman,
}

/// What a line begins with, and where its text begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marker {
    Bullet(char, usize),
    Number(Numbering, usize),
    Field(usize),
    Option(usize),
    Doctest,
    LineBlock(usize),
    GridTable,
    SimpleTable,
    Explicit(usize),
    Anonymous(usize),
    /// Punctuation of one kind.
    Rule,
    Text,
}

/// Where the text behind a marker that ends at `end` begins: blanks follow it, or nothing.
fn behind(line: &str, end: usize) -> Option<usize> {
    let rest = line.get(end..)?;
    let count = super::lines::spaces(rest);
    (count > 0 || rest.is_empty()).then_some(end + count)
}

/// A line of one punctuation character.
pub(super) fn is_rule(line: &str) -> bool {
    let first = line.as_bytes().first();
    first.is_some_and(|first| first.is_ascii_punctuation() && line.bytes().all(|byte| byte == *first))
}

pub(super) fn marker(line: &str) -> Marker {
    marked(line).unwrap_or(if is_rule(line) { Marker::Rule } else { Marker::Text })
}

fn marked(line: &str) -> Option<Marker> {
    let first = line.chars().next()?;
    if matches!(first, '-' | '+' | '*' | '•' | '‣' | '⁃')
        && let Some(text) = behind(line, first.len_utf8())
    {
        return Some(Marker::Bullet(first, text));
    }
    if let Some((numbering, text)) = numbering(line, None) {
        return Some(Marker::Number(numbering, text));
    }
    let of = |end: Option<usize>| end.and_then(|end| behind(line, end));
    match first {
        ':' => of(field(line)).map(Marker::Field),
        '-' | '+' | '/' if option(line).is_some() => option(line).map(Marker::Option),
        '+' => is_grid(line).then_some(Marker::GridTable),
        '>' => (line == ">>>" || line.starts_with(">>> ")).then_some(Marker::Doctest),
        '|' => behind(line, 1).map(Marker::LineBlock),
        '=' => is_simple_top(line).then_some(Marker::SimpleTable),
        '.' if line.starts_with("..") => behind(line, 2).map(Marker::Explicit),
        '_' if line.starts_with("__") => behind(line, 2).map(Marker::Anonymous),
        _ => None,
    }
}

/// Words with single marks between them.
pub(super) fn is_simple_name(name: &str) -> bool {
    !name.is_empty()
        && name.split(['-', '.', '_', '+', ':']).all(|word| !word.is_empty() && word.chars().all(char::is_alphanumeric))
}

pub(super) fn is_grid(line: &str) -> bool {
    line.len() > 4
        && line.starts_with("+-")
        && line.ends_with("-+")
        && line.bytes().all(|byte| matches!(byte, b'+' | b'-'))
}

pub(super) fn is_simple_top(line: &str) -> bool {
    line.starts_with('=') && line.contains(" =") && line.bytes().all(|byte| matches!(byte, b'=' | b' '))
}

/// The end of `:name:`.
fn field(line: &str) -> Option<usize> {
    let bytes = line.as_bytes();
    if matches!(bytes.get(1), None | Some(b':' | b' ')) {
        return None;
    }
    let mut at = 1;
    loop {
        match bytes.get(at)? {
            b'\\' => at += 2,
            b':' => match bytes.get(at + 1) {
                None | Some(b' ') if bytes[at - 1] != b' ' => return Some(at + 1),
                None | Some(b' ' | b'`') => return None,
                Some(_) => at += 1,
            },
            _ => at += 1,
        }
    }
}

/// Where the description of command-line options begins: two blanks behind them, or on the next line.
fn option(line: &str) -> Option<usize> {
    let mut rest = line;
    loop {
        rest = one_option(rest)?;
        match rest.strip_prefix(", ") {
            Some(more) => rest = more,
            None => break,
        }
    }
    let end = line.len() - rest.len();
    match super::lines::spaces(rest) {
        0 if rest.is_empty() => Some(end),
        count if count > 1 => Some(end + count),
        _ => None,
    }
}

fn one_option(text: &str) -> Option<&str> {
    let is_name = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '-');
    let (name, may_equal) = if let Some(name) = text.strip_prefix("--").or_else(|| text.strip_prefix('/')) {
        let end = name.find(|it| !is_name(it)).unwrap_or(name.len());
        (name.get(end..).filter(|_| name.starts_with(|it: char| it.is_ascii_alphanumeric()))?, true)
    } else {
        let name = text.strip_prefix(['-', '+'])?;
        (name.strip_prefix(|it: char| it.is_ascii_alphanumeric())?, false)
    };
    let argument = match name.chars().next() {
        Some('=') if may_equal => &name[1..],
        Some(' ') if !name.starts_with("  ") => &name[1..],
        Some(it) if !may_equal && (it.is_ascii_alphabetic() || it == '<') => name,
        _ => return Some(name),
    };
    if let Some(inside) = argument.strip_prefix('<') {
        return inside.find('>').filter(|end| *end > 0 && !inside[..*end].contains('<')).map(|end| &inside[end + 1..]);
    }
    let end = argument.find(|it| !is_name(it)).unwrap_or(argument.len());
    if argument.starts_with(|it: char| it.is_ascii_alphabetic()) { argument.get(end..) } else { Some(name) }
}

/// The number that a line begins with, and where its text does. In a list its sequence comes first.
pub(super) fn numbering(line: &str, of: Option<Numbering>) -> Option<(Numbering, usize)> {
    let (form, from) = if line.starts_with('(') { (Form::Parentheses, 1) } else { (Form::Period, 0) };
    let rest = &line[from..];
    let length = rest.find(|it: char| !it.is_ascii_alphanumeric() && it != '#').unwrap_or(rest.len());
    let word = rest.get(..length).filter(|word| !word.is_empty())?;
    let form = match (form, rest[length..].chars().next()?) {
        (Form::Parentheses, ')') => Form::Parentheses,
        (Form::Period, ')') => Form::Parenthesis,
        (Form::Period, '.') => Form::Period,
        _ => return None,
    };
    let text = behind(line, from + length + 1)?;
    let numbering = |sequence, ordinal| Numbering { form, sequence, ordinal, is_automatic: word == "#" };
    if word == "#" {
        return Some((numbering(Sequence::Arabic, 1), text));
    }
    let expected = of.filter(|of| of.form == form).and_then(|of| Some((of.sequence, ordinal(word, of.sequence)?)));
    let (sequence, ordinal) = expected.or_else(|| match word {
        "i" => Some((Sequence::LowerRoman, 1)),
        "I" => Some((Sequence::UpperRoman, 1)),
        _ => [
            Sequence::Arabic,
            Sequence::LowerAlphabet,
            Sequence::UpperAlphabet,
            Sequence::LowerRoman,
            Sequence::UpperRoman,
        ]
        .into_iter()
        .find_map(|sequence| Some((sequence, ordinal(word, sequence)?))),
    })?;
    Some((numbering(sequence, ordinal), text))
}

fn ordinal(word: &str, sequence: Sequence) -> Option<u32> {
    let one = |from: u8| match word.as_bytes() {
        [byte] if (from..from + 26).contains(byte) => Some(u32::from(byte - from) + 1),
        _ => None,
    };
    match sequence {
        Sequence::Arabic => word.bytes().all(|byte| byte.is_ascii_digit()).then(|| word.parse().ok())?,
        Sequence::LowerAlphabet => one(b'a'),
        Sequence::UpperAlphabet => one(b'A'),
        Sequence::LowerRoman => roman(word).filter(|number| to_roman(*number) == word),
        Sequence::UpperRoman => roman(&word.to_lowercase()).filter(|number| to_roman(*number).to_uppercase() == word),
    }
}

const ROMAN: [(u32, &str); 13] = [
    (1000, "m"),
    (900, "cm"),
    (500, "d"),
    (400, "cd"),
    (100, "c"),
    (90, "xc"),
    (50, "l"),
    (40, "xl"),
    (10, "x"),
    (9, "ix"),
    (5, "v"),
    (4, "iv"),
    (1, "i"),
];

fn roman(word: &str) -> Option<u32> {
    let mut rest = Some(word).filter(|word| word.len() < 16)?;
    let mut number = 0;
    for (value, digits) in ROMAN {
        while let Some(more) = rest.strip_prefix(digits) {
            (rest, number) = (more, number + value);
        }
    }
    (rest.is_empty() && (1..5000).contains(&number)).then_some(number)
}

fn to_roman(mut number: u32) -> String {
    let mut out = String::new();
    for (value, digits) in ROMAN {
        while number >= value {
            out += digits;
            number -= value;
        }
    }
    out
}

impl Numbering {
    /// Whether the line after an item can follow it: an item is one line, unless what follows is blank, indented or the next.
    pub(super) fn may_be_followed(self, next: Option<&str>) -> bool {
        let Some(next) = next.filter(|next| !next.is_empty() && !next.starts_with(' ')) else { return true };
        let written = match self.sequence {
            Sequence::Arabic => Some((self.ordinal + 1).to_string()),
            Sequence::LowerAlphabet => letter(self.ordinal, b'a'),
            Sequence::UpperAlphabet => letter(self.ordinal, b'A'),
            Sequence::LowerRoman => Some(to_roman(self.ordinal + 1)),
            Sequence::UpperRoman => Some(to_roman(self.ordinal + 1).to_uppercase()),
        };
        let (before, after) = match self.form {
            Form::Parentheses => ("(", ") "),
            Form::Parenthesis => ("", ") "),
            Form::Period => ("", ". "),
        };
        let begins = |number: &str| next.starts_with(&format!("{before}{number}{after}"));
        written.is_some_and(|written| begins(&written) || begins("#"))
    }

    /// What an item that numbers itself stands for behind this one.
    pub(super) fn next(self) -> Self {
        Self { ordinal: self.ordinal + 1, ..self }
    }

    /// Whether an item of this kind is the next one after `last`, in a list that counts by itself.
    pub(super) fn continues_by_itself(self, last: Self) -> bool {
        self.form == last.form && self.is_automatic
    }

    /// Whether an item of this kind is the next one after `last`, in a list of written numbers.
    pub(super) fn continues(self, last: Self) -> bool {
        let is_next = self.form == last.form && self.sequence == last.sequence && self.ordinal == last.ordinal + 1;
        is_next || self.continues_by_itself(last)
    }
}

fn letter(ordinal: u32, from: u8) -> Option<String> {
    (ordinal < 26).then(|| char::from(from + ordinal as u8).to_string())
}
