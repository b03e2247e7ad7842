//! Values of a `[tool.relkit]` table, with the file and key named where one is refused.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::error::ProjectError;

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
pub(super) struct Origin<'a>(pub(super) &'a str);

impl Origin<'_> {
    /// The table of a `pyproject.toml`.
    pub(super) fn table<T: DeserializeOwned>(self, text: &str) -> Result<T, ProjectError> {
        let parsed: Result<Pyproject<T>, _> = toml::from_str(text);
        let refused = |source| ProjectError::Table { origin: self.0.to_owned(), source: Box::new(source) };
        parsed.map(|file| file.tool.relkit).map_err(refused)
    }

    pub(super) fn refused(
        self,
        key: &str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> ProjectError {
        ProjectError::Value { origin: self.0.to_owned(), key: format!("tool.relkit.{key}"), source: source.into() }
    }

    pub(super) fn parse<T>(self, key: &str, text: &str) -> Result<T, ProjectError>
    where
        T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
    {
        text.parse().map_err(|error| self.refused(key, error))
    }

    pub(super) fn module(self, key: &str, name: String) -> Result<String, ProjectError> {
        let start = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
        if start && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_') {
            return Ok(name);
        }
        Err(self.refused(key, format!("`{name}` is not the name of an import package")))
    }

    pub(super) fn file_name(self, key: &str, name: String) -> Result<String, ProjectError> {
        let plain = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
        if !name.is_empty() && !name.starts_with('.') && name.chars().all(plain) && !name.ends_with(".exe") {
            return Ok(name);
        }
        Err(self.refused(key, format!("`{name}` is not the file name of an executable (without `.exe`)")))
    }
}
