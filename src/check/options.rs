//! What is checked, by which rules, and against what.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::error::CheckError;
use super::selection::Selection;
use super::subject::audit::Audit;
use super::subject::release::Expected;
use crate::digest::FileDigest;
use crate::fs::FsError;
use crate::product::{RuntimeProject, SdkProject};
use crate::wheel::filename::Claim;

/// What is checked, and by which rules.
#[derive(Debug, Clone)]
pub struct Options<'a> {
    /// Wheels, source distributions, or directories of them. All of them are one set.
    pub paths: &'a [PathBuf],
    pub selection: &'a Selection,
    /// The runtime that the files are of; its accepted findings apply.
    pub runtime: &'a RuntimeProject,
    /// The SDK beside it, where the product has one.
    pub sdk: Option<&'a SdkProject>,
    /// What the release is to be, where the files are held against one.
    pub release: Option<&'a Expected<'a>>,
    /// What the index says of the files, where they came from one.
    pub index: Option<&'a Audit>,
    /// Whether the files' own digests are told; a release is always held against them.
    pub digest: FileDigest,
}

impl Options<'_> {
    /// The files that are meant: files themselves, and of directories every wheel and source distribution, sorted.
    pub(super) fn distributions(&self) -> Result<Vec<PathBuf>, CheckError> {
        let mut files: Vec<PathBuf> = Vec::new();
        // One file may be named by several paths.
        let mut known = HashSet::new();
        for path in self.paths {
            let metadata = std::fs::metadata(path).map_err(FsError::read(path))?;
            let mut found = Vec::new();
            if metadata.is_dir() {
                for entry in std::fs::read_dir(path).map_err(FsError::read(path))? {
                    let entry = entry.map_err(FsError::read(path))?.path();
                    if Claim::of_path(&entry).is_some() && !entry.is_dir() {
                        found.push(entry);
                    }
                }
                if found.is_empty() {
                    return Err(CheckError::Empty { path: path.clone() });
                }
                found.sort();
            } else if Claim::of_path(path).is_some() {
                found.push(path.clone());
            } else {
                return Err(CheckError::Kind { path: path.clone() });
            }
            files.extend(
                found.into_iter().filter(|file| known.insert(file.canonicalize().unwrap_or_else(|_| file.clone()))),
            );
        }
        Ok(files)
    }

    /// Whether more than one file may be meant, of which commands that mend are told.
    pub(super) fn names_several(&self) -> bool {
        self.release.is_none() && (self.paths.len() > 1 || self.paths.iter().any(|path| path.is_dir()))
    }

    /// What a finding about the set as a whole is shown under.
    pub(super) fn directory(&self) -> &Path {
        let named = self.release.map(|release| release.dist.directory.as_path());
        let directory = named.or_else(|| self.paths.iter().map(PathBuf::as_path).find(|path| path.is_dir()));
        let parent = || self.paths.first()?.parent().filter(|parent| !parent.as_os_str().is_empty());
        directory.or_else(parent).unwrap_or(Path::new("."))
    }
}
