//! Paths of a stage and where their files go, as a setting writes them.

use std::path::{Path, PathBuf};

use super::error::{SettingError, Why};
use crate::toml_text::TomlText;

/// A file with settings.
#[derive(Clone, Copy)]
pub(crate) struct SettingsFile<'a> {
    pub(crate) path: &'a Path,
    pub(crate) toml: &'a TomlText<'a>,
}

#[derive(Debug, Default)]
pub(crate) struct Mapping {
    /// The file and the key that say so.
    pub(crate) path: PathBuf,
    pub(crate) key: String,
    pub(crate) rows: Vec<PathMapping>,
}

#[derive(Debug)]
pub(crate) struct PathMapping {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) line: Option<usize>,
}

impl Mapping {
    /// A path that keeps its place.
    pub(crate) fn of(path: &str) -> Self {
        let row = PathMapping { from: path.to_owned(), to: path.to_owned(), line: None };
        Self { rows: vec![row], ..Self::default() }
    }

    /// Refuses a row for what is wrong with one of its paths.
    pub(crate) fn refuse(&self, row: &PathMapping, why: impl Into<String>) -> SettingError {
        SettingError { path: self.path.clone(), line: row.line, key: self.key.clone(), why: Why::Text(why.into()) }
    }
}
