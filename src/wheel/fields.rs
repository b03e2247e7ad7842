//! The `Key: value` blocks of METADATA, PKG-INFO and WHEEL files (RFC 822 headers as Python's `email` reads them):
//! untrusted parse into an ordered multi-map, and the rendering back.

use std::fmt;
use std::str::FromStr;

/// An ordered multi-map of header fields, and the text after the first blank line.
///
/// Keys are looked up without regard to case. Displays as a file; parsing what is displayed gives the same value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Fields {
    /// Blanks behind a value are kept, and shown to nobody but who asks for them.
    entries: Vec<(String, String)>,
    body: Option<String>,
}

/// A text that is no block of header fields.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FieldsError {
    #[error("it is not UTF-8 at byte {0}")]
    Encoding(usize),
    #[error("line {line} is no field: `{text}`")]
    Line { line: usize, text: String },
    #[error("field `{key}` cannot be written: {why}")]
    Unwritable { key: String, why: &'static str },
}

impl Fields {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, FieldsError> {
        let text = std::str::from_utf8(bytes).map_err(|error| FieldsError::Encoding(error.valid_up_to()))?;
        text.parse()
    }

    /// The first value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.all(key).next()
    }

    /// Every value of a key, in order.
    pub(crate) fn all<'a>(&'a self, key: &str) -> impl Iterator<Item = &'a str> {
        let same = move |entry: &&(String, String)| entry.0.eq_ignore_ascii_case(key);
        self.entries.iter().filter(same).map(|entry| bare(&entry.1))
    }

    /// The values of a key that blanks follow in the file, without them. Readers differ on whether they belong to the value.
    pub(crate) fn padded<'a>(&'a self, key: &str) -> impl Iterator<Item = &'a str> {
        let padded = move |(name, value): &'a (String, String)| {
            (name.eq_ignore_ascii_case(key) && value.ends_with(BLANK)).then(|| bare(value))
        };
        self.entries.iter().filter_map(padded)
    }

    /// The values of a key that an index is told: it leaves out what is empty, and what reads `UNKNOWN`.
    pub(crate) fn stated<'a>(&'a self, key: &str) -> impl Iterator<Item = &'a str> {
        self.all(key).filter(|value| !matches!(*value, "" | "UNKNOWN"))
    }

    /// Every field, in order. A folded value keeps its line breaks as `\n`.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().map(|(key, value)| (key.as_str(), bare(value)))
    }

    /// The text after the first blank line; `None` where there is no blank line.
    pub(crate) fn body(&self) -> Option<&str> {
        self.body.as_deref()
    }

    /// Adds a field at the end. Further lines of the value are folded: each is written after eight spaces.
    pub(crate) fn push(&mut self, key: &str, value: &str) -> Result<(), FieldsError> {
        let refused = |why| Err(FieldsError::Unwritable { key: key.to_owned(), why });
        if key.is_empty() || !key.bytes().all(is_key_byte) {
            return refused("its name has a character that field names do not have");
        }
        if value.chars().any(|character| character == '\r' || character == '\0') {
            return refused("its value has a control character");
        }
        let folded: Vec<_> = value.split('\n').map(str::trim_end).collect();
        let mut value = folded.first().copied().unwrap_or_default().trim_start().to_owned();
        for line in folded.iter().skip(1) {
            // A blank line would end the header, so it is kept by a bar, as older metadata did.
            let filler = if line.is_empty() { "|" } else { "" };
            value += &format!("\n        {line}{filler}");
        }
        self.entries.push((key.to_owned(), value));
        Ok(())
    }

    /// Adds a field that stands in another block as it is.
    pub(crate) fn push_read(&mut self, key: &str, value: &str) {
        self.entries.push((key.to_owned(), value.to_owned()));
    }

    pub(crate) fn set_body(&mut self, body: impl Into<String>) {
        self.body = Some(body.into());
    }
}

impl fmt::Display for Fields {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (key, value) in &self.entries {
            let space = if value.is_empty() { "" } else { " " };
            writeln!(formatter, "{key}:{space}{value}")?;
        }
        match &self.body {
            Some(body) => write!(formatter, "\n{body}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Fields {
    type Err = FieldsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut fields = Self::new();
        let mut rest = text;
        let mut number = 0;
        while !rest.is_empty() {
            number += 1;
            let (line, after) = split_line(rest);
            rest = after;
            if line.is_empty() {
                fields.body = Some(rest.to_owned());
                break;
            }
            let refused = || FieldsError::Line { line: number, text: line.chars().take(60).collect() };
            if line.starts_with([' ', '\t']) {
                let (_, value) = fields.entries.last_mut().ok_or_else(refused)?;
                value.push('\n');
                value.push_str(line);
                continue;
            }
            let (key, value) = line.split_once(':').ok_or_else(refused)?;
            if key.is_empty() || !key.bytes().all(is_key_byte) {
                return Err(refused());
            }
            fields.entries.push((key.to_owned(), value.trim_start_matches(BLANK).to_owned()));
        }
        Ok(fields)
    }
}

const BLANK: [char; 2] = [' ', '\t'];

/// A value without the blanks behind it.
fn bare(value: &str) -> &str {
    value.trim_end_matches(BLANK)
}

/// Printable ASCII but the colon (RFC 5322, `ftext`).
fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_graphic() && byte != b':'
}

/// The first line without its end, and what follows; a lone carriage return ends a line too, as Python reads it.
fn split_line(text: &str) -> (&str, &str) {
    let Some(end) = text.find(['\n', '\r']) else {
        return (text, "");
    };
    let (line, rest) = text.split_at(end);
    (line, rest.strip_prefix("\r\n").unwrap_or_else(|| &rest[1..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn fields_folds_and_body() {
        let fields: Fields =
            "Name: demo\r\nTag: a\nTag: b\nLicense: one\n        two\nEmpty:\n\nBody: text\n".parse().unwrap();
        assert_eq!(fields.get("name"), Some("demo"));
        assert_eq!(fields.all("TAG").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(fields.get("License"), Some("one\n        two"));
        assert_eq!(fields.get("Empty"), Some(""));
        assert_eq!(fields.body(), Some("Body: text\n"));
        assert_eq!("Name: a\n".parse::<Fields>().unwrap().body(), None);
    }

    #[test]
    fn blanks_behind_a_value_are_seen_by_who_asks() {
        let fields: Fields = "Name: demo \nTag: \t\nTag: a\t\nTag: b\u{a0}\n".parse().unwrap();
        assert_eq!((fields.get("Name"), fields.padded("name").next()), (Some("demo"), Some("demo")));
        assert_eq!(fields.all("Tag").collect::<Vec<_>>(), ["", "a", "b\u{a0}"]);
        assert_eq!(fields.padded("Tag").collect::<Vec<_>>(), ["a"]);
        assert_eq!(fields.to_string(), "Name: demo \nTag:\nTag: a\t\nTag: b\u{a0}\n");
    }

    #[test]
    fn a_lone_carriage_return_ends_a_line() {
        let fields: Fields = "Name: demo\rVersion: 1\n".parse().unwrap();
        assert_eq!(fields.get("Version"), Some("1"));
    }

    #[test]
    fn what_is_no_block_of_fields_is_refused() {
        assert_eq!(Fields::parse(b"Name: a\n\xff"), Err(FieldsError::Encoding(8)));
        for text in [" folded: first\n", "no colon\n", ": no key\n", "two words: x\n", "\u{feff}Name: demo\n"] {
            assert!(matches!(text.parse::<Fields>(), Err(FieldsError::Line { line: 1, .. })), "{text:?}");
        }
    }

    #[test]
    fn a_value_cannot_break_out_of_its_field() {
        let mut fields = Fields::new();
        fields.push("Summary", "one\n\nName: evil\nthree").unwrap();
        let again: Fields = fields.to_string().parse().unwrap();
        assert_eq!(again.get("Name"), None);
        assert_eq!(again.body(), None);
        assert!(fields.push("Summary", "one\rName: evil").is_err());
        assert!(fields.push("Sum mary", "one").is_err());
    }

    proptest! {
        #[test]
        fn display_and_parse_are_inverse(
            entries in proptest::collection::vec(("[!-9;-~]{1,8}", "[^\r\0]{0,20}"), 0..6),
            body in proptest::option::of(".{0,20}"),
        ) {
            let mut fields = Fields::new();
            for (key, value) in &entries {
                fields.push(key, value).unwrap();
            }
            if let Some(body) = body {
                fields.set_body(body);
            }
            prop_assert_eq!(fields.to_string().parse(), Ok(fields));
        }

        #[test]
        fn never_panics(bytes: Vec<u8>, text in "([A-Z][a-z:]{0,5}[ \t]?.{0,9}[\r\n]{0,2}){0,6}") {
            let _ = Fields::parse(&bytes);
            if let Ok(fields) = text.parse::<Fields>() {
                prop_assert_eq!(fields.to_string().parse(), Ok(fields));
            }
        }
    }
}
