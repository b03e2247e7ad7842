//! The files of a staged tree by their paths, and those that the metadata name.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::StageError;
use super::project_table::LicenseFiles;
use crate::fs::{self, FileKind, Walked, read};
use crate::wheel::licences;

/// The files of a stage, by relative path.
pub(super) struct Tree<'a> {
    pub(crate) directory: &'a Path,
    files: BTreeMap<String, Walked>,
}

/// What lies at a path of a stage.
pub(super) enum TreeEntry<'a> {
    File(&'a Walked),
    Directory,
    Nothing,
}

impl<'a> Tree<'a> {
    pub(super) fn read(directory: &'a Path) -> Result<Self, StageError> {
        let files = fs::walk(directory)?.into_iter().map(|file| (file.relative.clone(), file)).collect();
        Ok(Self { directory, files })
    }

    pub(super) fn at(&self, path: &str) -> Result<TreeEntry<'_>, StageError> {
        // A link in place of a directory above would hide what is below.
        for (end, _) in path.match_indices('/') {
            if let Some(file) = self.files.get(&path[..end]) {
                regular(file)?;
            }
        }
        if let Some(file) = self.files.get(path) {
            return regular(file).map(TreeEntry::File);
        }
        let is_directory = self.below(path).next().is_some() || self.directory.join(path).is_dir();
        Ok(if is_directory { TreeEntry::Directory } else { TreeEntry::Nothing })
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
            return Err(StageError::File { path: at, why: "it is not there".into() });
        };
        let bytes = read(&regular(file)?.path)?;
        let text =
            String::from_utf8(bytes).map_err(|_| StageError::File { path: at, why: "it is not UTF-8".into() })?;
        // As Python reads text; a carriage return would also end a line of the metadata.
        Ok(if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text })
    }

    pub(super) fn licenses(&self, wanted: &LicenseFiles) -> Result<BTreeMap<String, Walked>, StageError> {
        let globs: Vec<&str> = match wanted {
            LicenseFiles::Given(globs) => globs.iter().map(String::as_str).collect(),
            LicenseFiles::Usual => licences::USUAL.to_vec(),
        };
        let unreadable = |path: &Path, why: String| StageError::File { path: path.to_owned(), why };
        let read = licences::LicenseGlobs::new(globs.iter().copied()).map_err(|error| {
            unreadable(&self.directory.join(globs.join(", ")), format!("it cannot be read: {error}"))
        })?;
        let mut found = BTreeMap::new();
        let mut used = vec![false; globs.len()];
        for (path, file) in &self.files {
            let (meant, one_level) = (read.matching(path), read.matching_one_level(path));
            let mut differing = (0..globs.len()).filter(|index| meant.contains(index) != one_level.contains(index));
            if meant != one_level
                && let Some(glob) = differing.next().and_then(|index| globs.get(index))
            {
                let why = format!("by `{glob}`, which hatchling reads otherwise than PEP 639");
                return Err(unreadable(&file.path, why));
            }
            if !meant.is_empty() {
                found.insert(path.clone(), regular(file)?.clone());
            }
            for index in meant {
                used[index] = true;
            }
        }
        let unused = globs.iter().zip(used).find(|(_, used)| !used).map(|(glob, _)| glob);
        if let (Some(glob), LicenseFiles::Given(_)) = (unused, wanted) {
            let why = "no file matches it".into();
            return Err(unreadable(&self.directory.join(glob), why));
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
        FileKind::File => return Ok(file),
        FileKind::Link => "a symbolic link",
        FileKind::Other => "a device, socket or FIFO",
    };
    Err(StageError::Special { path: file.path.clone(), what })
}
