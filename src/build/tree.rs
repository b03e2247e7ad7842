//! The files of a staged tree by their paths, and those that the metadata name.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::StageError;
use super::project_table::LicenseFiles;
use crate::fs::{self, Kind, Walked, read};
use crate::wheel::licences;

/// The files of a stage, by relative path.
pub(super) struct Tree<'a> {
    pub directory: &'a Path,
    files: BTreeMap<String, Walked>,
}

/// What lies at a path of a stage.
pub(super) enum Entry<'a> {
    File(&'a Walked),
    Directory,
    Nothing,
}

impl<'a> Tree<'a> {
    pub(super) fn read(directory: &'a Path) -> Result<Self, StageError> {
        let files = fs::walk(directory)?.into_iter().map(|file| (file.relative.clone(), file)).collect();
        Ok(Self { directory, files })
    }

    pub(super) fn at(&self, path: &str) -> Result<Entry<'_>, StageError> {
        // A link in place of a directory above would hide what is below.
        for (end, _) in path.match_indices('/') {
            if let Some(file) = self.files.get(&path[..end]) {
                regular(file)?;
            }
        }
        if let Some(file) = self.files.get(path) {
            return regular(file).map(Entry::File);
        }
        let is_directory = self.below(path).next().is_some() || self.directory.join(path).is_dir();
        Ok(if is_directory { Entry::Directory } else { Entry::Nothing })
    }

    /// What lies below a directory, by the path there, links and special files too.
    pub(super) fn below(&self, directory: &str) -> impl Iterator<Item = (&str, &Walked)> {
        let prefix = format!("{directory}/");
        let found = self.files.range(prefix.clone()..).map(|(path, file)| (path.as_str(), file));
        found.map_while(move |(path, file)| Some((path.strip_prefix(prefix.as_str())?, file)))
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Walked> {
        self.files.values()
    }

    /// A file that may be there, with its path in the tree.
    pub(super) fn file(&self, path: &str) -> Result<Option<(String, Walked)>, StageError> {
        let path = plain(path);
        let file = self.files.get(path).map(regular).transpose()?;
        Ok(file.map(|file| (path.to_owned(), file.clone())))
    }

    /// The text of a file that the metadata names.
    pub(super) fn text(&self, path: &str) -> Result<String, StageError> {
        let at = self.directory.join(path);
        let Some(file) = self.files.get(plain(path)) else {
            return Err(StageError::File { path: at, why: "the metadata names it, and it is not in the stage".into() });
        };
        let bytes = read(&regular(file)?.path)?;
        let text =
            String::from_utf8(bytes).map_err(|_| StageError::File { path: at, why: "it is not UTF-8".into() })?;
        // As Python reads text; a carriage return would also end a line of the metadata.
        Ok(if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text })
    }

    pub(super) fn licenses(&self, wanted: &LicenseFiles) -> Result<BTreeMap<String, Walked>, StageError> {
        let mut found = BTreeMap::new();
        let usual = licences::USUAL.map(str::to_owned);
        let globs = match wanted {
            LicenseFiles::Given(globs) => globs.as_slice(),
            LicenseFiles::Usual => &usual,
        };
        for glob in globs {
            let mut any = false;
            for (path, file) in &self.files {
                let is_meant = licences::matches(glob, path);
                if is_meant != licences::matches_one_level(glob, path) {
                    let why =
                        format!("`license-files` names it by `{glob}`, which hatchling reads otherwise than PEP 639");
                    return Err(StageError::File { path: file.path.clone(), why });
                }
                if is_meant {
                    any = true;
                    found.insert(path.clone(), regular(file)?.clone());
                }
            }
            if !any && matches!(wanted, LicenseFiles::Given(_)) {
                let path = self.directory.join(glob);
                return Err(StageError::File {
                    path,
                    why: "`license-files` names it, and no file of the stage matches".into(),
                });
            }
        }
        Ok(found)
    }
}

/// A path of the metadata as the tree lists it.
fn plain(path: &str) -> &str {
    path.strip_prefix("./").unwrap_or(path)
}

pub(super) fn regular(file: &Walked) -> Result<&Walked, StageError> {
    let what = match file.kind {
        Kind::File => return Ok(file),
        Kind::Link => "a symbolic link",
        Kind::Other => "a device, socket or FIFO",
    };
    Err(StageError::Special { path: file.path.clone(), what })
}
