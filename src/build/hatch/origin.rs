//! A table of settings that knows where it was read, so that a refusal names the file, the line and the key.

use std::path::PathBuf;

use toml::{Table, Value};

use super::error::{SettingError, Why};
use super::mapping::SettingsFile;
use super::mapping::{Mapping, PathMapping};
use crate::error::line_of;

pub(super) struct Origin<'a> {
    file: SettingsFile<'a>,
    /// The keys that lead to the table.
    keys: Vec<String>,
    table: Table,
}

impl<'a> Origin<'a> {
    /// The whole of a file.
    pub(super) fn of(file: SettingsFile<'a>) -> Result<Self, SettingError> {
        let table = toml::from_str(file.toml.text()).map_err(|error: toml::de::Error| SettingError {
            path: file.path.to_owned(),
            line: error.span().map(|span| line_of(file.toml.text(), span.start)),
            key: PathBuf::from(file.path.file_name().unwrap_or_default()).display().to_string(),
            why: Why::Text(error.message().to_owned()),
        })?;
        Ok(Self { file, keys: Vec::new(), table })
    }

    /// The table at a key.
    pub(super) fn below(&self, key: &str) -> Result<Option<Self>, SettingError> {
        let Some(value) = self.table.get(key) else { return Ok(None) };
        let Value::Table(table) = value else { return Err(self.refuse(key, Why::Type("a table"))) };
        let keys = self.keys.iter().cloned().chain([key.to_owned()]).collect();
        Ok(Some(Self { file: self.file, keys, table: table.clone() }))
    }

    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.table.get(key)
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.table.keys().map(String::as_str)
    }

    /// Refuses any other value of a key than these.
    pub(super) fn demand(&self, key: &str, values: &[Value]) -> Result<(), SettingError> {
        match self.table.get(key) {
            Some(value) if !values.contains(value) => Err(self.refuse(key, Why::NotCarriedOut)),
            _ => Ok(()),
        }
    }

    pub(super) fn truth(&self, key: &str) -> Result<Option<bool>, SettingError> {
        let truth = |value: &Value| value.as_bool().ok_or_else(|| self.refuse(key, Why::Type("`true` or `false`")));
        self.table.get(key).map(truth).transpose()
    }

    /// An array of texts, none of them empty.
    pub(super) fn texts(&self, key: &str) -> Result<Option<Vec<String>>, SettingError> {
        let refused = || self.refuse(key, Why::Type("an array of texts, none of them empty"));
        let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let texts = |value: &Value| value.as_array()?.iter().map(text).collect::<Option<Vec<_>>>();
        self.table.get(key).map(|value| texts(value).ok_or_else(refused)).transpose()
    }

    /// An array of paths, each of which goes where `to` says.
    pub(super) fn paths(&self, key: &str, to: fn(&str) -> String) -> Result<Option<Mapping>, SettingError> {
        let row = |from: String| PathMapping { to: to(&from), from, line: self.line(&[key]) };
        let rows = self.texts(key)?.map(|texts| texts.into_iter().map(row).collect());
        Ok(rows.map(|rows| self.rows(key, rows)))
    }

    /// A table of paths and where each goes, none of them empty.
    pub(super) fn mapping(&self, key: &str) -> Result<Option<Mapping>, SettingError> {
        let refused = || self.refuse(key, Why::Type("a table of texts, none of them empty"));
        let row = |(from, to): (&String, &Value)| {
            let to = to.as_str().filter(|to| !to.is_empty() && !from.is_empty())?;
            Some(PathMapping { from: from.clone(), to: to.to_owned(), line: self.line(&[key, from]) })
        };
        let rows = |value: &Value| value.as_table()?.iter().map(row).collect::<Option<Vec<_>>>();
        let rows = self.table.get(key).map(|value| rows(value).ok_or_else(refused)).transpose()?;
        Ok(rows.map(|rows| self.rows(key, rows)))
    }

    fn rows(&self, key: &str, rows: Vec<PathMapping>) -> Mapping {
        Mapping { path: self.file.path.to_owned(), key: self.dotted(key), rows }
    }

    fn line(&self, keys: &[&str]) -> Option<usize> {
        self.file.toml.line(self.keys.iter().map(String::as_str).chain(keys.iter().copied()))
    }

    pub(super) fn refuse(&self, key: &str, why: Why) -> SettingError {
        SettingError { path: self.file.path.to_owned(), line: self.line(&[key]), key: self.dotted(key), why }
    }

    fn dotted(&self, key: &str) -> String {
        self.keys.iter().map(String::as_str).chain([key]).collect::<Vec<_>>().join(".")
    }
}
