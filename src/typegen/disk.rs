//! The generated package on disk: written file by file, compared in memory.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::error::TypegenError;
use super::generate::Generated;
use crate::fs::{FsError, read, walk, write_all_whole};

/// A file that is not what the generator would write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileDifference {
    /// The file.
    pub path: PathBuf,
    /// Line number (from 1), what is there, what should be; no lines where the file is missing or should be.
    pub(crate) change: FileChange,
}

/// How a file differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FileChange {
    /// It is not there.
    Missing,
    /// It should not be there.
    Extra,
    /// The first line that differs, from 1, as it is and as it should be, and how many lines differ.
    Line {
        /// From 1.
        number: usize,
        /// As it is; none past the end.
        found: Option<String>,
        /// As it should be; none past the end.
        expected: Option<String>,
        /// How many lines differ, counted place by place.
        lines: usize,
    },
}

/// Writes the package below `directory`, the `generated` package of the SDK; files it no longer has are removed.
///
/// # Errors
/// When a file cannot be written or removed.
pub fn write(generated: &Generated, directory: &Path) -> Result<(), TypegenError> {
    let files = generated.files.iter().map(|(name, text)| (directory.join(name), text.clone().into_bytes()));
    let changed: Vec<_> = files.filter(|(path, bytes)| !read(path).is_ok_and(|found| found == *bytes)).collect();
    write_all_whole(&changed)?;
    for name in extra(generated, directory)? {
        let path = directory.join(name);
        std::fs::remove_file(&path).map_err(FsError::write(&path))?;
    }
    Ok(())
}

/// What differs between the package on disk and the generated one; empty where they agree to the byte.
///
/// # Errors
/// When a file that is there cannot be read.
pub fn check(generated: &Generated, directory: &Path) -> Result<Vec<FileDifference>, TypegenError> {
    let mut differences = Vec::new();
    for (name, text) in &generated.files {
        let path = directory.join(name);
        match read(&path) {
            Ok(found) if found == text.as_bytes() => {}
            Ok(found) => {
                let change = first_difference(&String::from_utf8_lossy(&found), text);
                differences.push(FileDifference { path, change });
            }
            Err(FsError::Read { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                differences.push(FileDifference { path, change: FileChange::Missing });
            }
            Err(error) => return Err(error.into()),
        }
    }
    for name in extra(generated, directory)? {
        differences.push(FileDifference { path: directory.join(name), change: FileChange::Extra });
    }
    Ok(differences)
}

fn extra(generated: &Generated, directory: &Path) -> Result<BTreeSet<String>, TypegenError> {
    if !directory.is_dir() {
        return Ok(BTreeSet::new());
    }
    let found = walk(directory)?.into_iter().filter(|file| file.relative.ends_with(".py"));
    Ok(found.map(|file| file.relative).filter(|name| !generated.files.contains_key(name)).collect())
}

fn first_difference(found: &str, expected: &str) -> FileChange {
    let mut found_lines = found.split('\n');
    let mut expected_lines = expected.split('\n');
    let mut first = None;
    let mut lines = 0;
    for number in 1.. {
        let pair = (found_lines.next(), expected_lines.next());
        if pair == (None, None) {
            break;
        }
        if pair.0 != pair.1 {
            lines += 1;
            first.get_or_insert((number, pair.0.map(ToOwned::to_owned), pair.1.map(ToOwned::to_owned)));
        }
    }
    let (number, found, expected) = first.unwrap_or((1, None, None));
    FileChange::Line { number, found, expected, lines }
}
