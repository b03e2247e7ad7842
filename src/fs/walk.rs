//! Sorted walks, and paths for machines.

use std::path::{Path, PathBuf};

use super::error::FsError;
use super::mode::Mode;
use super::platform;

/// What a walk found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    File,
    /// A symbolic link, not followed.
    Link,
    /// A device, socket or FIFO.
    Other,
}

/// A file below a walked directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walked {
    /// The path relative to the walked directory, joined by `/`.
    pub relative: String,
    /// Where it is.
    pub path: PathBuf,
    pub(crate) kind: FileKind,
    pub(crate) size: u64,
    /// Whether it is to be run, by its execute bits; data wherever `KEEPS_MODES` is false.
    pub(crate) mode: Mode,
}

/// Every file below `directory`, sorted by relative path; directories themselves are left out, links are not followed.
pub fn walk(directory: &Path) -> Result<Vec<Walked>, FsError> {
    // Of what is no directory the walk below would say that nothing is in it.
    if !std::fs::metadata(directory).map_err(FsError::read(directory))?.is_dir() {
        return Err(FsError::read(directory)(std::io::ErrorKind::NotADirectory.into()));
    }
    let mut found = Vec::new();
    for entry in walkdir::WalkDir::new(directory).follow_links(false).min_depth(1) {
        let entry = entry.map_err(|error| {
            let path = error.path().unwrap_or(directory).to_owned();
            // Its own words repeat the path and the cause.
            let source =
                error.into_io_error().unwrap_or_else(|| std::io::Error::other("a link leads back to its parent"));
            FsError::Read { path, source }
        })?;
        let file_type = entry.file_type();
        if file_type.is_dir() {
            continue;
        }
        let kind = match (file_type.is_file(), file_type.is_symlink()) {
            (true, _) => FileKind::File,
            (_, true) => FileKind::Link,
            _ => FileKind::Other,
        };
        let metadata = std::fs::symlink_metadata(entry.path()).map_err(FsError::read(entry.path()))?;
        let mode = match kind {
            FileKind::File if platform::is_run(&metadata) => Mode::Executable,
            FileKind::File | FileKind::Link | FileKind::Other => Mode::Data,
        };
        let relative = entry.path().strip_prefix(directory).unwrap_or(entry.path());
        let relative = relative
            .components()
            .map(|part| part.as_os_str().to_str())
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| FsError::Name { path: entry.path().to_owned() })?
            .join("/");
        found.push(Walked { relative, path: entry.path().to_owned(), kind, size: metadata.len(), mode });
    }
    found.sort_by(|one, other| one.relative.cmp(&other.relative));
    Ok(found)
}

/// A path as reports for machines state it: joined by `/` on every system, and what is not UTF-8 replaced.
pub fn portable(path: &Path) -> String {
    let text = path.to_string_lossy().into_owned();
    // After the prefix of a verbatim path Windows takes no other separator than its own.
    if cfg!(windows) && !text.starts_with(r"\\?\") { text.replace('\\', "/") } else { text }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_path_for_machines_has_slashes() {
        let path: PathBuf = ["dist", "a.whl"].iter().collect();
        assert_eq!(portable(&path), "dist/a.whl");
        #[cfg(unix)]
        assert_eq!(portable(Path::new(r"a\b")), r"a\b");
        #[cfg(windows)]
        assert_eq!(portable(Path::new(r"\\?\C:\a")), r"\\?\C:\a");
    }

    #[test]
    fn walks_in_order() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["b", "a/z", "a.txt"] {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, b"").unwrap();
        }
        let names: Vec<_> = walk(directory.path()).unwrap().into_iter().map(|file| file.relative).collect();
        assert_eq!(names, ["a.txt", "a/z", "b"]);
    }
}
