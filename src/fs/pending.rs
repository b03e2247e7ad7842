//! Files and directories that appear whole or not at all. The only file that writes to a final name.
//!
//! Everything is written beside its final name under `.NAME.relkit-`, the process, the time and six random letters, and renamed
//! at the end, so that an interrupted run leaves what was there before and at most a hidden temporary, which a later run removes.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};

use tempfile::{NamedTempFile, TempDir};

use super::error::FsError;
use super::interrupt::Open;
use super::litter;
use super::place::{Place, place};
use super::platform::{self, parent_of, rename};

/// A file being written under a temporary name beside its final one. Dropping it without `commit` removes it.
#[derive(Debug)]
pub(crate) struct PendingFile {
    temporary: NamedTempFile,
    target: PathBuf,
    open: Open,
}

impl PendingFile {
    /// Starts a file whose final name is `target`, or that to which it leads as a link; makes its directory where there is
    /// none.
    pub(crate) fn create(target: &Path) -> Result<Self, FsError> {
        Self::at(place(target)?.file(target)?)
    }

    fn at(target: PathBuf) -> Result<Self, FsError> {
        let parent = parent_of(&target);
        fs::create_dir_all(parent).map_err(FsError::write(parent))?;
        litter::sweep(parent);
        let prefix = litter::prefix(&target);
        let temporary =
            tempfile::Builder::new().prefix(&prefix).tempfile_in(parent).map_err(FsError::write(&target))?;
        // Where nothing can be locked, nothing is taken for abandoned either.
        #[cfg(unix)]
        let _ = temporary.as_file().try_lock();
        let open = Open::of(temporary.path());
        Ok(Self { temporary, target, open })
    }

    /// The open temporary file, for reading and writing.
    pub(crate) fn file(&mut self) -> &mut File {
        self.temporary.as_file_mut()
    }

    /// Gives the file its final name, replacing what is there, with the mode that the process's umask gives a new file.
    ///
    /// # Errors
    /// When the file cannot be synchronised or renamed; the temporary is removed.
    pub(crate) fn commit(self) -> Result<(), FsError> {
        let Self { temporary, target, open } = self;
        platform::default_mode(temporary.as_file()).map_err(FsError::write(&target))?;
        temporary.as_file().sync_all().map_err(FsError::write(&target))?;
        let _settled = open.settle();
        temporary.persist(&target).map_err(|error| FsError::write(&target)(error.error))?;
        Ok(())
    }
}

/// Writes `bytes` to `path`, whole or not at all; what is no file is written through, since there is nothing to replace.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), FsError> {
    match place(path)? {
        Place::Through => write_through(path, &mut &*bytes),
        Place::File(target) => {
            let mut pending = PendingFile::at(target)?;
            pending.file().write_all(bytes).map_err(FsError::write(path))?;
            pending.commit()
        }
    }
}

/// Writes `bytes` behind what `path` holds.
pub(crate) fn append(path: &Path, bytes: &[u8]) -> Result<(), FsError> {
    let Place::File(target) = place(path)? else { return write_through(path, &mut &*bytes) };
    let parent = parent_of(&target);
    fs::create_dir_all(parent).map_err(FsError::write(parent))?;
    let mut file = File::options().append(true).create(true).open(&target).map_err(FsError::write(path))?;
    file.write_all(bytes).map_err(FsError::write(path))
}

/// Writes to what stands at `path` and is no file.
pub(crate) fn write_through(path: &Path, bytes: &mut impl io::Read) -> Result<(), FsError> {
    let mut device = platform::open_through(path).map_err(FsError::write(path))?;
    io::copy(bytes, &mut device).map(drop).map_err(FsError::write(path))
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
pub(crate) struct PendingDirectory {
    temporary: TempDir,
    target: PathBuf,
    existing: Existing,
    open: Open,
    _lock: Option<File>,
}

impl PendingDirectory {
    /// Starts a directory whose final name is `target`.
    ///
    /// # Errors
    /// When `target` is a file, or not empty and `existing` refuses that, or the place cannot be written to.
    pub(crate) fn create(target: &Path, existing: Existing) -> Result<Self, FsError> {
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
        litter::sweep(parent);
        let prefix = litter::prefix(&target);
        let temporary = tempfile::Builder::new().prefix(&prefix).tempdir_in(parent).map_err(FsError::write(&target))?;
        let _lock = litter::lock(temporary.path()).ok();
        let open = Open::of(temporary.path());
        Ok(Self { temporary, target, existing, open, _lock })
    }

    /// Where the tree is until `commit`.
    pub(crate) fn path(&self) -> &Path {
        self.temporary.path()
    }

    /// Gives the tree its final name; what was there before is removed after the exchange, as far as that is allowed.
    ///
    /// # Errors
    /// When the exchange fails, or another run has put a tree there that this one may not replace; what is there stays.
    pub(crate) fn commit(self) -> Result<(), FsError> {
        let Self { temporary, target, existing, open, _lock } = self;
        platform::default_directory_mode(temporary.path()).map_err(FsError::write(&target))?;
        let settled = open.settle();
        // Two runs may end at once: whoever finds the other's tree, or finds it gone, looks again.
        for _ in 0..MAX_EXCHANGES {
            // No rename replaces a directory that holds something.
            let _ = fs::remove_dir(&target);
            match rename(temporary.path(), &target) {
                Ok(()) => {
                    let _ = temporary.keep();
                    return Ok(());
                }
                Err(error) if fs::symlink_metadata(&target).is_err() => return Err(FsError::write(&target)(error)),
                Err(_) if existing == Existing::Refuse => return Err(FsError::Taken { path: target }),
                Err(_) => {}
            }
            match platform::exchange(temporary.path(), &target) {
                Ok(()) => {
                    drop(settled);
                    // The temporary name now holds the old tree. The new one is in place, whatever becomes of the old.
                    let _open = Open::of(temporary.path());
                    platform::allow_removal(temporary.path());
                    let _ = temporary.close();
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(FsError::write(&target)(error)),
            }
        }
        Err(FsError::Taken { path: target })
    }
}

/// How often another run may come in between before this one gives up.
const MAX_EXCHANGES: u32 = 16;

#[cfg(test)]
mod tests {
    use super::*;

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
            assert!(append(target, b"x").is_err());
        }
        assert!(fs::metadata(&socket).unwrap().file_type().is_socket());
        assert_eq!(names(directory.path()), ["link", "socket"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_fifo_is_written_through_and_a_link_leads_on() {
        use std::os::unix::fs::{FileTypeExt as _, symlink};
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        assert!(std::process::Command::new("mkfifo").arg(at("fifo")).status().unwrap().success());
        symlink("fifo", at("to-fifo")).unwrap();
        for write in [write_whole, append as fn(&Path, &[u8]) -> _] {
            let fifo = at("fifo");
            let reader = std::thread::spawn(move || fs::read(fifo).unwrap());
            write(&at("to-fifo"), b"through").unwrap();
            assert_eq!(reader.join().unwrap(), b"through");
        }
        assert!(fs::metadata(at("fifo")).unwrap().file_type().is_fifo());
        assert!(PendingFile::create(&at("fifo")).is_err());
        fs::create_dir(at("sub")).unwrap();
        symlink("sub/one", at("one")).unwrap();
        symlink("one", at("two")).unwrap();
        for text in ["new", "replaced"] {
            write_whole(&at("two"), text.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(at("sub/one")).unwrap(), text);
        }
        append(&at("two"), b" and more").unwrap();
        assert_eq!(fs::read_to_string(at("sub/one")).unwrap(), "replaced and more");
        assert!(at("one").is_symlink() && at("two").is_symlink());
        symlink("loop", at("loop")).unwrap();
        assert!(write_whole(&at("loop"), b"x").is_err() && at("loop").is_symlink());
    }

    #[test]
    fn of_two_trees_at_once_one_gets_the_name() {
        let directory = tempfile::tempdir().unwrap();
        let out = directory.path().join("out");
        let pending = |name: &str, existing| {
            let pending = PendingDirectory::create(&out, existing).unwrap();
            fs::write(pending.path().join(name), b"").unwrap();
            pending
        };
        let (one, other) = (pending("one", Existing::Refuse), pending("other", Existing::Refuse));
        let forced = pending("forced", Existing::Replace);
        one.commit().unwrap();
        assert!(matches!(other.commit(), Err(FsError::Taken { .. })));
        assert_eq!(
            names(directory.path()).iter().filter(|name| !name.starts_with('.')).collect::<Vec<_>>(),
            ["out/one"]
        );
        forced.commit().unwrap();
        assert_eq!(names(directory.path()), ["out/forced"]);
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
