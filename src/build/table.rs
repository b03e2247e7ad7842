//! The `[project]` table of a `pyproject.toml` as TOML holds it (PyPA "pyproject.toml specification"): every key and its type.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::toml_text::{TomlError, TomlText, unknown_name};

/// A `[project]` table that cannot be built from.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    #[error("the [project] table cannot be read")]
    Table(#[source] TomlError),
    #[error("`project.{key}` is not valid")]
    Value {
        key: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

pub(super) fn value(key: impl Into<String>, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> TableError {
    TableError::Value { key: key.into(), source: source.into() }
}

impl TableError {
    /// The line that it is about, where its sentence does not say it.
    pub(super) fn line(&self, toml: &TomlText<'_>) -> Option<usize> {
        let Self::Value { key, .. } = self else { return None };
        // The name of an entry may have dots of its own.
        let levels = if key.starts_with("entry-points.") { 3 } else { 2 };
        toml.line(std::iter::once("project").chain(key.splitn(levels, '.')))
    }

    pub(super) fn hint(&self) -> Option<String> {
        let Self::Table(source) = self else { return None };
        unknown_name(source.message()).map(|unknown| match unknown.nearest {
            Some(known) => format!("did you mean `{known}`?"),
            None => "remove it: builders refuse what the specification of pyproject.toml does not know".to_owned(),
        })
    }
}

#[derive(Deserialize)]
pub(super) struct File {
    pub(crate) project: ProjectTable,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ProjectTable {
    pub(crate) name: String,
    pub(crate) version: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) readme: Option<ReadmeKey>,
    pub(crate) requires_python: Option<String>,
    pub(crate) license: Option<LicenseKey>,
    pub(crate) license_files: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) authors: Vec<Person>,
    #[serde(default)]
    pub(crate) maintainers: Vec<Person>,
    #[serde(default)]
    pub(crate) keywords: Vec<String>,
    #[serde(default)]
    pub(crate) classifiers: Vec<String>,
    #[serde(default)]
    pub(crate) urls: toml::Table,
    #[serde(default)]
    pub(crate) scripts: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) gui_scripts: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) entry_points: BTreeMap<String, BTreeMap<String, String>>,
    #[serde(default)]
    pub(crate) dependencies: Vec<String>,
    #[serde(default)]
    pub(crate) optional_dependencies: BTreeMap<String, Vec<String>>,
    /// Modules and packages that users import, and namespaces among them (PEP 794).
    pub(crate) import_names: Option<Vec<String>>,
    pub(crate) import_namespaces: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) dynamic: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum ReadmeKey {
    Path(String),
    Table(ReadmeTable),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ReadmeTable {
    pub(crate) file: Option<String>,
    pub(crate) text: Option<String>,
    pub(crate) content_type: String,
    pub(crate) charset: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum LicenseKey {
    Expression(String),
    Table(LicenseTable),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LicenseTable {
    pub(crate) file: Option<String>,
    pub(crate) text: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Person {
    pub(crate) name: Option<String>,
    pub(crate) email: Option<String>,
}
