//! Values of a `[tool.relkit]` table, with the file, line and key named where one is refused.

use std::cell::OnceCell;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml_edit::Document;

use super::error::ProductError;
use super::place::KeyPosition;
use crate::error::line_of;
use crate::member_path::MemberPath;
use crate::wheel::import_name::KEYWORDS;

#[derive(Deserialize)]
struct Pyproject<T> {
    tool: Tool<T>,
}

#[derive(Deserialize)]
struct Tool<T> {
    relkit: T,
}

/// Where a table stands, for errors.
#[derive(Clone, Copy)]
pub(super) struct Origin<'a> {
    /// What errors call the file.
    pub(super) name: &'a str,
    /// Its text.
    pub(super) text: &'a str,
    pub(super) spans: &'a Spans<'a>,
}

/// The places of a text's keys, read the first time that one is asked for; none of a text that is no TOML.
pub(super) type Spans<'a> = OnceCell<Option<Document<&'a str>>>;

impl<'a> Origin<'a> {
    fn document(self) -> Option<&'a Document<&'a str>> {
        self.spans.get_or_init(|| Document::parse(self.text).ok()).as_ref()
    }

    pub(super) fn table<T: DeserializeOwned>(self) -> Result<T, ProductError> {
        let parsed: Result<Pyproject<T>, _> = toml::from_str(self.text);
        if parsed.is_err()
            && let Some(key) = self.document().and_then(|document| misspelt(document.as_table()))
        {
            let why = format!("nothing reads `{key}`; did you mean `{TABLE}`?");
            let at = KeyPosition { origin: self.name.to_owned(), line: self.line(&key), key };
            return Err(ProductError::Value { at, source: why.into() });
        }
        let refused = |source: toml::de::Error| {
            let key = source.span().and_then(|span| self.key_at(span.start));
            ProductError::Table { origin: self.name.to_owned(), key, source: source.into() }
        };
        parsed.map(|file| file.tool.relkit).map_err(refused)
    }

    /// The refusal of the value at `key`, a path such as `target[2].triple`.
    pub(super) fn refused(
        self,
        key: &str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> ProductError {
        ProductError::Value { at: self.place(key), source: source.into() }
    }

    /// Where the value at such a path stands.
    pub(super) fn place(self, key: &str) -> KeyPosition {
        let key = format!("tool.relkit.{key}");
        KeyPosition { origin: self.name.to_owned(), line: self.line(&key), key }
    }

    /// The key whose value stands at so many bytes of the text, as a dotted path.
    fn key_at(self, offset: usize) -> Option<String> {
        below(self.document()?.as_item(), "", offset)
    }

    /// The line at which the value of a key stands, counted from one; that of the table around it where it has none.
    fn line(self, key: &str) -> Option<usize> {
        let mut item = self.document()?.as_item();
        let mut span = None;
        for part in key.split(['.', '[']) {
            let next = match part.strip_suffix(']') {
                Some(index) => item.get(index.parse::<usize>().ok()?),
                None => item.get(part),
            };
            let Some(next) = next else { break };
            item = next;
            span = item.span().or(span);
        }
        Some(line_of(self.text, span?.start))
    }

    pub(super) fn parse<T>(self, key: &str, text: &str) -> Result<T, ProductError>
    where
        T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
    {
        text.parse().map_err(|error| self.refused(key, error))
    }

    pub(super) fn module(self, key: &str, name: String) -> Result<String, ProductError> {
        let start = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
        let known = |character: char| character.is_ascii_alphanumeric() || character == '_';
        if !start || !name.chars().all(known) || KEYWORDS.contains(&name.as_str()) {
            return Err(self.refused(key, format!("`{name}` is not the name of an import package")));
        }
        if is_of_python(&name) {
            let reason = format!("`{name}` is a module of Python's own, which is found before an installed one");
            return Err(self.refused(key, reason));
        }
        Ok(name)
    }

    pub(super) fn file_name(self, key: &str, name: String) -> Result<String, ProductError> {
        let plain = |character: char| character.is_ascii_alphanumeric() || "-_.+".contains(character);
        let usable = name.chars().all(plain) && name.starts_with(|first: char| !"-.+".contains(first));
        if usable && !name.ends_with(".exe") && name.parse::<MemberPath>().is_ok() {
            return Ok(name);
        }
        let why = format!(
            "`{name}` is not the file name of an executable: ASCII letters, digits, `-`, `_`, `.` and `+`, the first a letter, \
             a digit or `_`, without `.exe`"
        );
        Err(self.refused(key, why))
    }
}

/// Whether a file has the table, or one that is meant to be it; one that is no TOML may.
pub(super) fn has_table(text: &str) -> bool {
    let Ok(document) = Document::parse(text) else { return true };
    let root = document.as_table();
    root.get("tool").is_some_and(|tool| tool.get("relkit").is_some()) || misspelt(root).is_some()
}

/// The table that is a product's.
const TABLE: &str = "tool.relkit";

/// The key of a table that is the product's but for a slip: `tool.relki`, `tools.relkit`, `relkit`.
fn misspelt(root: &toml_edit::Table) -> Option<String> {
    /// More slips make another word.
    const SLIPS: usize = 2;
    let has_table = |item: Option<&toml_edit::Item>| item.is_some_and(|item| item.is_table_like());
    let (tool, name) = TABLE.split_once('.')?;
    let slip = |key: &str, meant: &str| key != meant && strsim::osa_distance(&key.to_lowercase(), meant) <= SLIPS;
    let of_tool = root.get(tool).and_then(toml_edit::Item::as_table_like).into_iter().flat_map(|table| table.iter());
    let below =
        of_tool.filter(|(key, item)| slip(key, name) && has_table(Some(item))).map(|(key, _)| format!("{tool}.{key}"));
    let above = root.iter().filter(|(key, item)| *key != tool && has_table(item.get(name)));
    let above = above.map(|(key, _)| format!("{key}.{name}"));
    let alone = Some(name.to_owned()).filter(|name| has_table(root.get(name)));
    below.chain(above).chain(alone).next()
}

/// Whether Python has the name for itself, so that no installed package is imported by it.
pub(crate) fn is_of_python(name: &str) -> bool {
    KEYWORDS.contains(&name)
        || STANDARD_LIBRARY
            .lines()
            .filter(|line| !line.starts_with('#'))
            .any(|line| line.split(' ').any(|own| own == name))
}

const STANDARD_LIBRARY: &str = include_str!("standard-library.txt");

/// The longest such path below an item that has a path itself. A table's own bytes do not hold those of its values.
fn below(item: &toml_edit::Item, path: &str, offset: usize) -> Option<String> {
    let own =
        || Some(path.to_owned()).filter(|path| !path.is_empty() && item.span().is_some_and(|at| at.contains(&offset)));
    let deeper = match item.as_table_like() {
        Some(table) => table.iter().find_map(|(key, item)| {
            let path = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
            below(item, &path, offset)
        }),
        None => (0..)
            .map_while(|index: usize| Some((index, item.get(index)?)))
            .find_map(|(index, item)| below(item, &format!("{path}[{index}]"), offset)),
    };
    deeper.or_else(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<T>(text: &str, asked: impl FnOnce(Origin<'_>) -> T) -> T {
        asked(Origin { name: "pyproject.toml", text, spans: &Spans::default() })
    }

    #[test]
    fn a_value_is_found_by_its_line() {
        let text = "[tool.relkit]\nname = \"a\"\nfiles = [\n  { from = \"a\" },\n  { from = \"b\" },\n]\n\n[[tool.relkit.target]]\n\
                    triple = 1\n\n[[tool.relkit.target]]\ntriple = 2\n";
        for (key, expected) in [
            ("tool.relkit.name", 2),
            ("tool.relkit.files[1].from", 5),
            ("tool.relkit.target[1].triple", 12),
            ("tool.relkit.target[1].tag", 11),
            ("tool.relkit.none", 1),
        ] {
            assert_eq!(of(text, |origin| origin.line(key)), Some(expected), "{key}");
        }
        assert_eq!(of("[", |origin| origin.line("tool")), None);
    }
    #[test]
    fn a_value_is_found_by_its_place() {
        let text = "[tool.relkit]\nname = 1\nfiles = [{ from = 2 }, { from = 3 }]\n[tool.relkit.smoke]\ntimeout = 4\n\
                    [[tool.relkit.target]]\n[[tool.relkit.target]]\ntriple = 5\n";
        for (value, key) in [
            ("1", "tool.relkit.name"),
            ("2", "tool.relkit.files[0].from"),
            ("3", "tool.relkit.files[1].from"),
            ("4", "tool.relkit.smoke.timeout"),
            ("5", "tool.relkit.target[1].triple"),
        ] {
            assert_eq!(of(text, |origin| origin.key_at(text.find(value).unwrap())).as_deref(), Some(key));
        }
        assert_eq!(of(text, |origin| origin.key_at(text.len())), None);
    }
}
