//! TOML as a person wrote it: where its keys stand, and what is wrong with it, in the words of TOML.

use std::cell::OnceCell;
use std::error::Error;
use std::fmt;

use toml_edit::{Document, Item};

use crate::error::{line_of, nearest};

/// The text of a file that should be TOML, and the places of its keys, read the first time that one is asked for.
pub(crate) struct TomlText<'a> {
    text: &'a str,
    /// Nothing, where the text is no TOML.
    document: OnceCell<Option<Document<&'a str>>>,
}

impl<'a> TomlText<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, document: OnceCell::new() }
    }

    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    pub(crate) fn document(&self) -> Option<&Document<&'a str>> {
        self.document.get_or_init(|| Document::parse(self.text).ok()).as_ref()
    }

    /// The line, counted from one, of the last of the keys that is there: `["tool", "relkit", "target", "1", "tag"]`, where a
    /// number counts the values of an array from zero.
    pub(crate) fn line<'k>(&self, keys: impl IntoIterator<Item = &'k str>) -> Option<usize> {
        let mut item = self.document()?.as_item();
        let mut place = None;
        for key in keys {
            let (span, below) = match item.as_table_like() {
                Some(table) => match table.get_key_value(key) {
                    Some((key, value)) => (key.span(), value),
                    None => break,
                },
                None => match key.parse::<usize>().ok().and_then(|index| item.get(index)) {
                    Some(value) => (value.span(), value),
                    None => break,
                },
            };
            place = span.or(place);
            item = below;
        }
        Some(line_of(self.text, place?.start))
    }

    /// The key whose value stands at so many bytes of the text, as a dotted path such as `tool.relkit.target[1].tag`.
    pub(crate) fn key_at(&self, offset: usize) -> Option<String> {
        key_below(self.document()?.as_item(), "", offset)
    }
}

/// The longest such path below an item that has a path itself. A table's own bytes do not hold those of its values.
fn key_below(item: &Item, path: &str, offset: usize) -> Option<String> {
    let own =
        || Some(path.to_owned()).filter(|path| !path.is_empty() && item.span().is_some_and(|at| at.contains(&offset)));
    let deeper = match item.as_table_like() {
        Some(table) => table.iter().find_map(|(key, item)| {
            let path = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
            key_below(item, &path, offset)
        }),
        None => (0..)
            .map_while(|index: usize| Some((index, item.get(index)?)))
            .find_map(|(index, item)| key_below(item, &format!("{path}[{index}]"), offset)),
    };
    deeper.or_else(own)
}

/// A name that a table does not know.
pub(crate) struct Unknown<'a> {
    /// `key` or `value`.
    pub(crate) what: &'static str,
    pub(crate) name: &'a str,
    /// The known one that it is most like.
    pub(crate) nearest: Option<&'a str>,
}

/// The name that the parser of a table does not know; its message names it first and the known ones after it.
pub(crate) fn unknown_name(message: &str) -> Option<Unknown<'_>> {
    let mut names = message.strip_prefix("unknown ")?.split('`').skip(1).step_by(2);
    let name = names.next()?;
    let what = if message.starts_with("unknown variant") { "value" } else { "key" };
    Some(Unknown { what, name, nearest: nearest(name, names) })
}

/// What the parser of a table says, in the words of TOML: it calls the types by what reads them.
#[derive(Debug)]
pub struct TomlError(Box<toml::de::Error>);

impl TomlError {
    /// The sentence alone, without the line that it is about.
    pub(crate) fn message(&self) -> &str {
        self.0.message()
    }
}

impl From<toml::de::Error> for TomlError {
    fn from(error: toml::de::Error) -> Self {
        Self(Box::new(error))
    }
}

impl fmt::Display for TomlError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (text, message) = (self.0.to_string(), self.0.message());
        let own = text.trim_end().strip_suffix(message.trim_end());
        match own.zip(in_words_of_toml(message)) {
            Some((before, message)) => write!(formatter, "{before}{message}"),
            None => formatter.write_str(&text),
        }
    }
}

impl Error for TomlError {}

/// `invalid type: map, expected a sequence` as `invalid type: table, expected an array`.
fn in_words_of_toml(message: &str) -> Option<String> {
    let (given, expected) = message.strip_prefix("invalid type: ")?.rsplit_once(", expected ")?;
    let given = match given {
        "map" => "table",
        "sequence" => "array",
        value => value,
    };
    let expected = match expected {
        "a map" => "a table",
        "a sequence" => "an array",
        text if text.starts_with("struct ") => "a table",
        text if text.len() <= 5
            && text.starts_with(['i', 'u'])
            && text.ends_with(|last: char| last.is_ascii_digit()) =>
        {
            "a whole number"
        }
        text => text,
    };
    Some(format!("invalid type: {given}, expected {expected}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_by_its_line() {
        let text = "[tool.relkit]\nname = \"a\"\nfiles = [\n  { from = \"a\" },\n  { from = \"b\" },\n]\n\n[[tool.relkit.target]]\n\
                    triple = 1\n\n[[tool.relkit.target]]\ntriple = 2\n\n[project]\nreadme.file = 'a'\n[project.urls]\n\"a.b\" = \"c\"\n";
        for (keys, expected) in [
            (&["tool", "relkit", "name"][..], 2),
            (&["tool", "relkit", "files", "1", "from"], 5),
            (&["tool", "relkit", "target", "1", "triple"], 12),
            (&["tool", "relkit", "target", "1", "tag"], 11),
            (&["tool", "relkit", "none"], 1),
            (&["project", "none"], 14),
            (&["project", "readme", "file"], 15),
            (&["project", "urls", "a.b"], 17),
        ] {
            assert_eq!(TomlText::new(text).line(keys.iter().copied()), Some(expected), "{keys:?}");
        }
        assert_eq!(TomlText::new("[").line(["tool"]), None);
        assert_eq!(TomlText::new(text).line(["other"]), None);
    }

    #[test]
    fn a_key_is_found_by_the_place_of_its_value() {
        let text = "[tool.relkit]\nname = 1\nfiles = [{ from = 2 }, { from = 3 }]\n[tool.relkit.smoke]\ntimeout = 4\n\
                    [[tool.relkit.target]]\n[[tool.relkit.target]]\ntriple = 5\n";
        let toml = TomlText::new(text);
        for (value, key) in [
            ("1", "tool.relkit.name"),
            ("2", "tool.relkit.files[0].from"),
            ("3", "tool.relkit.files[1].from"),
            ("4", "tool.relkit.smoke.timeout"),
            ("5", "tool.relkit.target[1].triple"),
        ] {
            assert_eq!(toml.key_at(text.find(value).unwrap()).as_deref(), Some(key));
        }
        assert_eq!(toml.key_at(text.len()), None);
    }

    #[test]
    fn a_type_is_called_by_its_word_in_toml() {
        #[derive(Debug, serde::Deserialize)]
        #[expect(dead_code, reason = "only read")]
        struct Row {
            count: Option<i32>,
            list: Option<Vec<String>>,
            row: Option<Box<Row>>,
        }
        for (text, sentence) in [
            ("count = 'a, expected b'", "invalid type: string \"a, expected b\", expected a whole number"),
            ("list = { a = 1 }", "invalid type: table, expected an array"),
            ("row = 5", "invalid type: integer `5`, expected a table"),
            ("list = [true]", "invalid type: boolean `true`, expected a string"),
        ] {
            let error = TomlError::from(toml::from_str::<Row>(text).unwrap_err()).to_string();
            assert!(error.starts_with("TOML parse error at line 1") && error.ends_with(sentence), "{error}");
        }
        let syntax = toml::from_str::<Row>("count = ").unwrap_err();
        assert_eq!(TomlError::from(syntax.clone()).to_string(), syntax.to_string());
    }
}
