//! Values of a `[tool.relkit]` table, with the file, line and key named where one is refused.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::error::ProductError;
use super::place::KeyPosition;
use crate::member_path::MemberPath;
use crate::toml_text::TomlText;
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
    pub(super) toml: &'a TomlText<'a>,
}

impl Origin<'_> {
    pub(super) fn table<T: DeserializeOwned>(self) -> Result<T, ProductError> {
        let parsed: Result<Pyproject<T>, _> = toml::from_str(self.toml.text());
        if parsed.is_err()
            && let Some(key) = self.toml.document().and_then(|document| misspelt(document.as_table()))
        {
            let why = format!("nothing reads `{key}`; did you mean `{TABLE}`?");
            let at = KeyPosition { origin: self.name.to_owned(), line: self.line(&key), key };
            return Err(ProductError::Value { at, source: why.into() });
        }
        let refused = |source: toml::de::Error| {
            let key = source.span().and_then(|span| self.toml.key_at(span.start));
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

    /// The line at which a key stands, counted from one; that of the table around it where it has none.
    fn line(self, key: &str) -> Option<usize> {
        self.toml.line(key.split(['.', '[']).map(|part| part.trim_end_matches(']')))
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
    let toml = TomlText::new(text);
    let Some(document) = toml.document() else { return true };
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
