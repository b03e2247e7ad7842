//! The `[project]` table of a `pyproject.toml` as TOML holds it (PyPA "pyproject.toml specification"): every key and its type.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A `[project]` table that cannot be built from.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    #[error("the [project] table cannot be read")]
    Table(#[source] Box<toml::de::Error>),
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

#[derive(Deserialize)]
pub(super) struct File {
    pub(crate) project: Table,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Table {
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
