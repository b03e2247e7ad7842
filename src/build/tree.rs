//! The files of a staged tree, and what of them a distribution takes.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::StageError;
use super::project_table::LicenseFiles;
use crate::fs::{self, FsError, Kind, Mode, Walked};
use crate::wheel::licences;

/// The files of a stage that can go into a distribution, by relative path: all but compiled bytecode.
pub(super) struct Tree<'a> {
    directory: &'a Path,
    files: BTreeMap<String, Walked>,
}

impl<'a> Tree<'a> {
    pub(super) fn read(directory: &'a Path) -> Result<Self, StageError> {
        let mut files = BTreeMap::new();
        for file in fs::walk(directory)? {
            let compiled = file.relative.ends_with(".pyc") || file.relative.ends_with(".pyo");
            if !compiled && !file.relative.split('/').any(|part| part == "__pycache__") {
                files.insert(file.relative.clone(), file);
            }
        }
        Ok(Self { directory, files })
    }

    /// A file that may be there, with its path in the tree.
    pub(super) fn file(&self, path: &str) -> Result<Option<(String, Walked)>, StageError> {
        let path = plain(path);
        let file = self.files.get(path).map(regular).transpose()?;
        Ok(file.map(|file| (path.to_owned(), file.clone())))
    }

    /// Makes executable what staging said is to be run, by path below `package`; returns what a system that keeps modes
    /// had as data.
    pub(super) fn mark(&mut self, package: &str, executables: &[String]) -> Vec<String> {
        let mut restored = Vec::new();
        for path in executables {
            let inside = format!("{package}/{path}");
            let Some(file) = self.files.get_mut(&inside) else { continue };
            if fs::KEEPS_MODES && file.mode != Mode::Executable {
                restored.push(path.clone());
            }
            file.mode = Mode::Executable;
        }
        restored
    }

    /// The regular files below a directory, with `prefix` replaced by `new`.
    pub(super) fn below(&self, prefix: &str, new: &str) -> Result<BTreeMap<String, Walked>, StageError> {
        // A link in place of the directory, or of one above it, would hide what is below.
        for (end, _) in prefix.match_indices('/') {
            if let Some(file) = self.files.get(&prefix[..end]) {
                regular(file)?;
            }
        }
        let mut found = BTreeMap::new();
        for (path, file) in &self.files {
            if let Some(rest) = path.strip_prefix(prefix) {
                found.insert(format!("{new}{rest}"), regular(file)?.clone());
            }
        }
        Ok(found)
    }

    /// The text of a file that the metadata names.
    pub(super) fn text(&self, path: &str) -> Result<String, StageError> {
        let at = self.directory.join(path);
        let Some(file) = self.files.get(plain(path)) else {
            return Err(StageError::File { path: at, why: "the metadata names it, and it is not in the stage".into() });
        };
        let bytes = std::fs::read(&regular(file)?.path).map_err(FsError::read(&file.path))?;
        String::from_utf8(bytes).map_err(|_| StageError::File { path: at, why: "it is not UTF-8".into() })
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
                if licences::matches(glob, path) {
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

fn regular(file: &Walked) -> Result<&Walked, StageError> {
    let what = match file.kind {
        Kind::File => return Ok(file),
        Kind::Link => "a symbolic link",
        Kind::Other => "a device, socket or FIFO",
    };
    Err(StageError::Special { path: file.path.clone(), what })
}
