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
    pub project: Table,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Table {
    pub name: String,
    pub version: Option<String>,
    pub description: Option<String>,
    pub readme: Option<ReadmeKey>,
    pub requires_python: Option<String>,
    pub license: Option<LicenseKey>,
    pub license_files: Option<Vec<String>>,
    #[serde(default)]
    pub authors: Vec<Person>,
    #[serde(default)]
    pub maintainers: Vec<Person>,
    #[serde(default)]
    pub keywords: Vec<String>,
    #[serde(default)]
    pub classifiers: Vec<String>,
    #[serde(default)]
    pub urls: toml::Table,
    #[serde(default)]
    pub scripts: BTreeMap<String, String>,
    #[serde(default)]
    pub gui_scripts: BTreeMap<String, String>,
    #[serde(default)]
    pub entry_points: BTreeMap<String, BTreeMap<String, String>>,
    #[serde(default)]
    pub dependencies: Vec<String>,
    #[serde(default)]
    pub optional_dependencies: BTreeMap<String, Vec<String>>,
    /// Modules and packages that users import, and namespaces among them (PEP 794).
    pub import_names: Option<Vec<String>>,
    pub import_namespaces: Option<Vec<String>>,
    #[serde(default)]
    pub dynamic: Vec<String>,
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
    pub file: Option<String>,
    pub text: Option<String>,
    pub content_type: String,
    pub charset: Option<String>,
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
    pub file: Option<String>,
    pub text: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Person {
    pub name: Option<String>,
    pub email: Option<String>,
}
