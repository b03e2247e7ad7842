//! Files and directories that appear whole or not at all. The only file that writes to a final name.
//!
//! Everything is written beside its final name under `.NAME.relkit-` and six random letters, and renamed at the end, so that an
//! interrupted run leaves what was there before and at most a hidden temporary that no later run mistakes for a result.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};

use tempfile::{NamedTempFile, TempDir};

use super::error::FsError;
use super::file_bytes::not_regular;
use super::interrupt::Open;
use super::platform::{self, parent_of, rename};

/// A file being written under a temporary name beside its final one. Dropping it without `commit` removes it.
#[derive(Debug)]
pub struct PendingFile {
    temporary: NamedTempFile,
    target: PathBuf,
    open: Open,
}

impl PendingFile {
    /// Starts a file whose final name is `target`; makes its directory where there is none.
    pub fn create(target: &Path) -> Result<Self, FsError> {
        let parent = parent_of(target);
        fs::create_dir_all(parent).map_err(FsError::write(parent))?;
        must_be_replaceable(target)?;
        let prefix = temporary_prefix(target);
        let temporary = tempfile::Builder::new().prefix(&prefix).tempfile_in(parent).map_err(FsError::write(target))?;
        let open = Open::of(temporary.path());
        Ok(Self { temporary, target: target.to_owned(), open })
    }

    /// The open temporary file, for reading and writing.
    pub fn file(&mut self) -> &mut File {
        self.temporary.as_file_mut()
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

/// Refuses a name that a directory has, on which no file can be put, or a device, FIFO or socket, which the administrator
/// could replace by a file.
pub(crate) fn must_be_replaceable(target: &Path) -> Result<(), FsError> {
    match fs::metadata(target) {
        Ok(metadata) if metadata.is_dir() => Err(FsError::write(target)(io::ErrorKind::IsADirectory.into())),
        Ok(metadata) if !metadata.is_file() => Err(FsError::write(target)(not_regular())),
        _ => Ok(()),
    }
}

/// Whether something that is no file, directory or link bears a name, such as `/dev/null`.
fn is_special(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

/// Writes `bytes` to `path`, whole or not at all; a device or pipe is written to, since there is nothing to replace.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), FsError> {
    if is_special(path) {
        let mut device = File::options().write(true).open(path).map_err(FsError::write(path))?;
        return device.write_all(bytes).map_err(FsError::write(path));
    }
    let mut pending = PendingFile::create(path)?;
    pending.file().write_all(bytes).map_err(FsError::write(path))?;
    pending.commit()
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

/// What stands between the final name and the random end of a temporary's.
const MARK: &str = ".relkit-";

/// Whether a file or directory is a leftover of a killed run, or below one, by its relative path.
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

    #[cfg(unix)]
    #[test]
    fn a_device_is_written_to_and_never_replaced() {
        use std::os::unix::fs::FileTypeExt as _;
        let null = Path::new("/dev/null");
        write_whole(null, b"gone").unwrap();
        assert!(PendingFile::create(null).is_err());
        assert!(fs::metadata(null).unwrap().file_type().is_char_device());
    }

    fn names(directory: &Path) -> Vec<String> {
        crate::fs::walk(directory).unwrap().into_iter().map(|file| file.relative).collect()
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

    #[cfg(unix)]
    #[test]
    fn a_special_file_is_never_replaced() {
        use std::os::unix::fs::FileTypeExt as _;
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let link = directory.path().join("link");
        std::os::unix::fs::symlink("socket", &link).unwrap();
        for target in [&socket, &link] {
            assert!(write_whole(target, b"x").is_err());
            let error = PendingFile::create(target).unwrap_err();
            assert!(matches!(&error, FsError::Write { source, .. } if source.to_string() == "not a regular file"));
        }
        assert!(fs::metadata(&socket).unwrap().file_type().is_socket());
        assert_eq!(names(directory.path()), ["link", "socket"]);
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
}
