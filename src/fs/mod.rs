//! Files that appear whole or not at all, sorted walks, and copies. The only file that writes to a final name.
//!
//! Everything is written beside its final name under `.NAME.relkit-XXXXXX` and renamed at the end, so that an
//! interrupted run leaves what was there before and at most a hidden temporary that no later run mistakes for a result.

mod interrupt;
mod map;
mod platform;
mod spool;

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};

use tempfile::{NamedTempFile, TempDir};

use crate::error::Explain;
use interrupt::Open;
use platform::rename;

pub use interrupt::{Scratch, clean_on_interrupt};
pub use map::Map;
pub use spool::Spool;

/// A file or directory that could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FsError {
    /// Reading failed.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// The operating system's answer.
        #[source]
        source: io::Error,
    },
    /// Writing failed; nothing is left under the final name.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// The operating system's answer.
        #[source]
        source: io::Error,
    },
    /// The output directory holds files and replacing it was not asked for.
    #[error("`{}` exists and is not empty", path.display())]
    NotEmpty {
        /// The output directory.
        path: PathBuf,
    },
    /// The output directory cannot be replaced as a whole.
    #[error("`{}` cannot be replaced: {why}", path.display())]
    NotReplaceable {
        /// The output directory.
        path: PathBuf,
        /// Why.
        why: &'static str,
    },
    /// A file name is not UTF-8 and no archive format here can carry it.
    #[error("`{}` has a name that is not UTF-8", path.display())]
    Name {
        /// The file.
        path: PathBuf,
    },
}

impl FsError {
    /// A reading error of `path`, fit for `map_err`.
    pub fn read(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::Read { path: path.to_owned(), source }
    }

    /// A writing error of `path`, fit for `map_err`.
    pub fn write(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::Write { path: path.to_owned(), source }
    }
}

impl Explain for FsError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::NotEmpty { .. } => {
                Some("give an empty or new directory, or pass `--force` to replace this one".into())
            }
            Self::Read { source, .. } | Self::Write { source, .. } => match source.kind() {
                io::ErrorKind::StorageFull => Some("free space on the disk and run the command again".into()),
                io::ErrorKind::NotFound => Some("check the path".into()),
                io::ErrorKind::NotADirectory => Some("give a directory".into()),
                io::ErrorKind::IsADirectory => Some("give the path of a file".into()),
                io::ErrorKind::AlreadyExists => Some("a file has that name; give another path".into()),
                io::ErrorKind::PermissionDenied => Some("check the permissions of the path".into()),
                _ => None,
            },
            Self::NotReplaceable { .. } | Self::Name { .. } => None,
        }
    }
}

/// A file being written under a temporary name beside its final one. Dropping it without `commit` removes it.
#[derive(Debug)]
pub struct PendingFile {
    temporary: NamedTempFile,
    target: PathBuf,
    open: Open,
}

impl PendingFile {
    /// Starts a file whose final name is `target`; makes its directory where there is none.
    ///
    /// # Errors
    /// When the directory cannot be made or written to.
    pub fn create(target: &Path) -> Result<Self, FsError> {
        let parent = parent_of(target);
        fs::create_dir_all(parent).map_err(FsError::write(parent))?;
        if target.is_dir() {
            return Err(FsError::write(target)(io::ErrorKind::IsADirectory.into()));
        }
        let prefix = temporary_prefix(target);
        let temporary = tempfile::Builder::new().prefix(&prefix).tempfile_in(parent).map_err(FsError::write(target))?;
        let open = Open::of(temporary.path());
        Ok(Self { temporary, target: target.to_owned(), open })
    }

    /// The open temporary file, for reading and writing.
    pub fn file(&mut self) -> &mut File {
        self.temporary.as_file_mut()
    }

    /// Where the bytes are until `commit`.
    #[must_use]
    pub fn temporary_path(&self) -> &Path {
        self.temporary.path()
    }

    /// Gives the file its final name, replacing what is there, with the mode that the process's umask gives a new file.
    ///
    /// # Errors
    /// When the file cannot be synchronised or renamed; the temporary is removed.
    pub fn commit(self) -> Result<(), FsError> {
        let Self { temporary, target, open } = self;
        platform::default_mode(temporary.as_file()).map_err(FsError::write(&target))?;
        temporary.as_file().sync_all().map_err(FsError::write(&target))?;
        let _settled = open.settle();
        temporary.persist(&target).map_err(|error| FsError::write(&target)(error.error))?;
        Ok(())
    }
}

/// Writes `bytes` to `path`, whole or not at all.
///
/// # Errors
/// When the file cannot be written.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), FsError> {
    let mut pending = PendingFile::create(path)?;
    pending.file().write_all(bytes).map_err(FsError::write(path))?;
    pending.commit()
}

/// Writes a value to `path` as indented JSON, whole or not at all.
pub(crate) fn write_json(path: &Path, value: &impl serde::Serialize) -> Result<(), FsError> {
    let mut json = serde_json::to_vec_pretty(value).map_err(|error| FsError::write(path)(error.into()))?;
    json.push(b'\n');
    write_whole(path, &json)
}

/// What to do with an output directory that holds files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Refuse, and leave it as it is.
    Refuse,
    /// Replace it as a whole, once the new tree is complete.
    Replace,
}

/// A directory being filled beside its final name. Dropping it without `commit` removes it.
#[derive(Debug)]
pub struct PendingDirectory {
    temporary: TempDir,
    target: PathBuf,
    open: Open,
}

impl PendingDirectory {
    /// Starts a directory whose final name is `target`.
    ///
    /// # Errors
    /// When `target` is a file, or not empty and `existing` refuses that, or the place cannot be written to.
    pub fn create(target: &Path, existing: Existing) -> Result<Self, FsError> {
        // `out/.` and `out/` name `out`; only a plain last component can be renamed over.
        let target: PathBuf = target.components().collect();
        let plain = matches!(target.components().next_back(), Some(Component::Normal(_)));
        match fs::symlink_metadata(&target) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(FsError::write(&target)(error)),
            Ok(metadata) if !metadata.is_dir() => {
                let why = "it is not a directory";
                return Err(FsError::NotReplaceable { path: target, why });
            }
            Ok(_) => {
                let empty = fs::read_dir(&target).map_err(FsError::read(&target))?.next().is_none();
                if !empty && existing == Existing::Refuse {
                    return Err(FsError::NotEmpty { path: target });
                }
            }
        }
        if !plain {
            let why = "its last component is not a plain name";
            return Err(FsError::NotReplaceable { path: target, why });
        }
        let parent = parent_of(&target);
        fs::create_dir_all(parent).map_err(FsError::write(parent))?;
        let prefix = temporary_prefix(&target);
        let temporary = tempfile::Builder::new().prefix(&prefix).tempdir_in(parent).map_err(FsError::write(&target))?;
        let open = Open::of(temporary.path());
        Ok(Self { temporary, target, open })
    }

    /// Where the tree is until `commit`.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.temporary.path()
    }

    /// Gives the tree its final name; what was there before is removed after the exchange, as far as that is allowed.
    ///
    /// # Errors
    /// When the exchange fails; what was there before stays.
    pub fn commit(self) -> Result<(), FsError> {
        let Self { temporary, target, open } = self;
        platform::default_directory_mode(temporary.path()).map_err(FsError::write(&target))?;
        let settled = open.settle();
        // An empty directory, or none, is replaced by a plain rename.
        let _ = fs::remove_dir(&target);
        if fs::symlink_metadata(&target).is_ok() {
            platform::exchange(temporary.path(), &target).map_err(FsError::write(&target))?;
            drop(settled);
            // The temporary name now holds the old tree. The new one is in place, whatever becomes of the old.
            let _open = Open::of(temporary.path());
            platform::allow_removal(temporary.path());
            let _ = temporary.close();
            return Ok(());
        }
        let path = temporary.keep();
        rename(&path, &target).map_err(|error| {
            let _ = fs::remove_dir_all(&path);
            FsError::write(&target)(error)
        })
    }
}

/// Whether a file is to be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// 0644.
    Data,
    /// 0755.
    Executable,
}

impl Mode {
    /// The permission bits.
    #[must_use]
    pub fn bits(self) -> u32 {
        match self {
            Self::Data => 0o644,
            Self::Executable => 0o755,
        }
    }
}

/// Whether files have execute bits on this system.
pub const KEEPS_MODES: bool = cfg!(unix);

/// Copies a file, sharing its blocks where the file system can (a reflink), and sets its mode. A later change of the
/// copy never reaches the source, which is why hard links are not used.
///
/// # Errors
/// When the source cannot be read or the target cannot be written.
pub fn copy(source: &Path, target: &Path, mode: Mode) -> Result<(), FsError> {
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent).map_err(FsError::write(parent))?;
    }
    // Told apart here, because a failed copy does not say which side failed.
    File::open(source).map_err(FsError::read(source))?;
    reflink_copy::reflink_or_copy(source, target).map_err(FsError::write(target))?;
    set_mode(target, mode)
}

/// Sets the permission bits of a file; does nothing where the file system has none.
///
/// # Errors
/// When the operating system refuses.
pub fn set_mode(path: &Path, mode: Mode) -> Result<(), FsError> {
    platform::set_mode(path, mode.bits()).map_err(FsError::write(path))
}

/// What a walk found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
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
    /// What it is.
    pub kind: Kind,
    /// Its size in bytes.
    pub size: u64,
    /// Whether it is to be run, by its execute bits; data wherever [`KEEPS_MODES`] is false.
    pub mode: Mode,
}

/// The path that `path` names from `directory`, both relative to one root and joined by `/`; `None` where it leads out of the
/// root. Purely a matter of text: links on the way are not followed.
#[must_use]
pub fn join_below(directory: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = directory.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Every file below `directory`, sorted by relative path; directories themselves are left out, links are not followed.
///
/// # Errors
/// When a directory cannot be read or a name is not UTF-8.
pub fn walk(directory: &Path) -> Result<Vec<Walked>, FsError> {
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
            (true, _) => Kind::File,
            (_, true) => Kind::Link,
            _ => Kind::Other,
        };
        let metadata = std::fs::symlink_metadata(entry.path()).map_err(FsError::read(entry.path()))?;
        let mode = match kind {
            Kind::File => platform::mode(&metadata),
            Kind::Link | Kind::Other => Mode::Data,
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
#[must_use]
pub fn portable(path: &Path) -> String {
    let text = path.to_string_lossy().into_owned();
    // After the prefix of a verbatim path Windows takes no other separator than its own.
    if cfg!(windows) && !text.starts_with(r"\\?\") { text.replace('\\', "/") } else { text }
}

fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// What stands between the final name and the random end of a temporary's.
const MARK: &str = ".relkit-";

/// Whether a file or directory is a leftover of a killed run, or below one, by its relative path.
#[must_use]
pub fn is_temporary(relative: &str) -> bool {
    let first = relative.split('/').next().unwrap_or_default();
    let random = first.strip_prefix('.').and_then(|name| name.rsplit_once(MARK)).map(|(_, random)| random);
    random.is_some_and(|random| random.len() == 6 && random.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// Tells a person what a leftover of a killed run belongs to.
fn temporary_prefix(target: &Path) -> String {
    let name = target.file_name().and_then(OsStr::to_str).unwrap_or("output");
    format!(".{name}{MARK}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        walk(directory).unwrap().into_iter().map(|file| file.relative).collect()
    }

    #[test]
    fn a_path_never_leads_out_of_its_root() {
        for (directory, path, joined) in [
            ("a/b", "../c", Some("a/c")),
            ("", "./a//b/", Some("a/b")),
            ("a/", "/..", Some("")),
            ("a", "../..", None),
            ("", "..", None),
            ("a", "../../a", None),
        ] {
            assert_eq!(join_below(directory, path).as_deref(), joined, "{directory} {path}");
        }
    }

    #[test]
    fn a_dropped_file_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("a.txt");
        let mut pending = PendingFile::create(&target).unwrap();
        pending.file().write_all(b"half").unwrap();
        drop(pending);
        assert_eq!(names(directory.path()), Vec::<String>::new());
        write_whole(&target, b"whole").unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"whole");
        assert_eq!(names(directory.path()), ["a.txt"]);
    }

    #[test]
    fn a_directory_is_replaced_only_at_the_end() {
        let directory = tempfile::tempdir().unwrap();
        let out = directory.path().join("out");
        fs::create_dir(&out).unwrap();
        fs::write(out.join("old"), b"").unwrap();
        assert!(matches!(PendingDirectory::create(&out, Existing::Refuse), Err(FsError::NotEmpty { .. })));
        let pending = PendingDirectory::create(&out, Existing::Replace).unwrap();
        fs::write(pending.path().join("new"), b"").unwrap();
        assert_eq!(names(&out), ["old"]);
        pending.commit().unwrap();
        assert_eq!(names(directory.path()), ["out/new"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_copy_has_its_own_mode_and_bytes() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let (source, target) = (directory.path().join("source"), directory.path().join("deep/target"));
        fs::write(&source, b"one").unwrap();
        set_mode(&source, Mode::Data).unwrap();
        copy(&source, &target, Mode::Executable).unwrap();
        fs::write(&target, b"two").unwrap();
        assert_eq!(fs::read(&source).unwrap(), b"one");
        assert_eq!(fs::metadata(&source).unwrap().permissions().mode() & 0o777, 0o644);
        assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o755);
    }

    #[cfg(windows)]
    #[test]
    fn a_file_that_is_open_for_a_moment_does_not_keep_a_directory_from_its_name() {
        use std::thread;
        use std::time::Duration;
        let directory = tempfile::tempdir().unwrap();
        let (out, held) = (directory.path().join("out"), directory.path().join("out/held"));
        for existing in [Existing::Refuse, Existing::Replace] {
            let pending = PendingDirectory::create(&out, existing).unwrap();
            fs::write(pending.path().join("held"), b"x").unwrap();
            let scanner = File::open(pending.path().join("held")).unwrap();
            let held_for = thread::spawn(move || {
                thread::sleep(Duration::from_millis(200));
                drop(scanner);
            });
            pending.commit().unwrap();
            held_for.join().unwrap();
            assert!(held.exists());
        }
    }

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
        assert_eq!(names(directory.path()), ["a.txt", "a/z", "b"]);
    }
}
