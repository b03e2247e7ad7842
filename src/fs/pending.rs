//! Files and directories that appear whole or not at all. The only file that writes to a final name.
//!
//! Everything is written beside its final name under `.NAME.relkit-`, the process, the time and six random letters, and renamed
//! at the end, so that an interrupted run leaves what was there before and at most a hidden temporary, which a later run removes.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Component, Path, PathBuf};

use tempfile::NamedTempFile;

use super::error::FsError;
use super::interrupt::{Open, Tree, Unused};
use super::litter;
use super::place::{Place, place};
use super::platform::{self, parent_of, rename};

/// A file being written under a temporary name beside its final one. Dropping it without `commit` removes it.
#[derive(Debug)]
pub(crate) struct PendingFile {
    temporary: NamedTempFile,
    target: PathBuf,
    open: Open,
    // Behind the temporary, which is in there.
    made: Made,
}

impl PendingFile {
    /// Starts a file whose final name is `target`, or that to which it leads as a link; makes its directory where there is
    /// none.
    pub(crate) fn create(target: &Path) -> Result<Self, FsError> {
        Self::at(place(target)?.file(target)?)
    }

    fn at(target: PathBuf) -> Result<Self, FsError> {
        let parent = parent_of(&target);
        let mut made = Made::above(&target)?;
        litter::sweep(parent);
        let prefix = litter::prefix(&target);
        let make = || tempfile::Builder::new().prefix(&prefix).tempfile_in(parent);
        let (temporary, open) = Open::made(make, NamedTempFile::path).map_err(FsError::write(&target))?;
        // Where nothing can be locked, nothing is taken for abandoned either.
        #[cfg(unix)]
        let _ = temporary.as_file().try_lock();
        made.go_with(temporary.path());
        Ok(Self { temporary, target, open, made })
    }

    /// The open temporary file, for reading and writing.
    pub(crate) fn file(&mut self) -> &mut File {
        self.temporary.as_file_mut()
    }

    /// Gives the file its final name, replacing what is there, with the mode of what it replaces, else with the one that the
    /// process's umask gives a new file.
    ///
    /// # Errors
    /// When the file cannot be synchronised or renamed; the temporary is removed.
    pub(crate) fn commit(self) -> Result<(), FsError> {
        let Self { made: _made, target, mut open, temporary } = self;
        platform::keep_mode(temporary.as_file(), &target).map_err(FsError::write(&target))?;
        temporary.as_file().sync_all().map_err(FsError::write(&target))?;
        let _settled = open.settle();
        temporary.persist(&target).map_err(|error| FsError::write(&target)(error.error))?;
        Ok(())
    }
}

/// Writes `bytes` to `path`, whole or not at all; what is no file is written through, since there is nothing to replace.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), FsError> {
    match place(path)? {
        Place::Through => write_through(path, &mut &*bytes),
        Place::File(target) => {
            let mut pending = PendingFile::at(target)?;
            pending.file().write_all(bytes).map_err(FsError::write(path))?;
            pending.commit()
        }
    }
}

/// Writes files, each with its bytes: none gets its name before all are written.
pub(crate) fn write_all_whole(files: &[(PathBuf, Vec<u8>)]) -> Result<(), FsError> {
    let write = |(path, bytes): &(PathBuf, Vec<u8>)| {
        let mut pending = PendingFile::create(path)?;
        let file = pending.file();
        file.write_all(bytes).and_then(|()| file.sync_all()).map_err(FsError::write(path))?;
        Ok(pending)
    };
    // Dropped behind all that are in there.
    let _made = files.first().map(|(path, _)| Made::above(path)).transpose()?;
    let pending = files.iter().map(write).collect::<Result<Vec<_>, FsError>>()?;
    pending.into_iter().try_for_each(PendingFile::commit)
}

/// Writes `bytes` behind what `path` holds, on a line of their own, or nothing.
pub(crate) fn append(path: &Path, bytes: &[u8]) -> Result<(), FsError> {
    let Place::File(target) = place(path)? else { return write_through(path, &mut &*bytes) };
    let _made = Made::above(&target)?;
    let is_new = fs::symlink_metadata(&target).is_err();
    let mut file = File::options().append(true).create(true).open(&target).map_err(FsError::write(path))?;
    let length = file.metadata().map_err(FsError::write(path))?.len();
    let separator: &[u8] = if ends_within_a_line(&target) { b"\n" } else { b"" };
    let written = file.write_all(&[separator, bytes].concat());
    if written.is_err() {
        // Half of it would be in the way of the next run's.
        let _ = file.set_len(length);
        if is_new {
            let _ = fs::remove_file(&target);
        }
    }
    written.map_err(FsError::write(path))
}

/// Whether the last line of a file has no end; of one that may not be read nobody knows.
fn ends_within_a_line(path: &Path) -> bool {
    let mut last = [b'\n'];
    let read = File::open(path).and_then(|mut file| {
        file.seek(io::SeekFrom::End(-1))?;
        file.read_exact(&mut last)
    });
    read.is_ok() && last != [b'\n']
}

/// The directories that were made for a file or directory, the innermost first. Those with nothing in them go again when this
/// is dropped or the run is interrupted: by then what they were made for is there, or never will be.
#[derive(Debug)]
pub(crate) struct Made {
    directories: Vec<PathBuf>,
    unused: Option<Unused>,
}

impl Made {
    /// Makes what is missing above `target`.
    fn above(target: &Path) -> Result<Self, FsError> {
        Self::directory(parent_of(target))
    }

    /// Makes a directory and what is missing above it.
    pub(crate) fn directory(directory: &Path) -> Result<Self, FsError> {
        // The guard exists before the first directory does.
        let made = Self { directories: missing(directory), unused: None };
        fs::create_dir_all(directory).map_err(FsError::write(directory))?;
        Ok(made)
    }

    /// Lets an interrupt remove them once it has removed `temporary`.
    fn go_with(&mut self, temporary: &Path) {
        self.unused = (!self.directories.is_empty()).then(|| Unused::of(temporary, &self.directories));
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        for directory in &self.directories {
            // Another process may have put something there meanwhile; then it stays.
            let _ = fs::remove_dir(directory);
        }
    }
}

/// Of a directory and those above it the ones that are not there, the innermost first.
pub(crate) fn missing(directory: &Path) -> Vec<PathBuf> {
    let is_missing = |path: &&Path| !path.as_os_str().is_empty() && fs::symlink_metadata(path).is_err();
    directory.ancestors().take_while(is_missing).map(Path::to_owned).collect()
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
    tree: Tree,
    target: PathBuf,
    existing: Existing,
    // Behind the tree, which is in there.
    _made: Made,
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
            let why = "it is the directory that relkit runs in, or one above it";
            return Err(FsError::NotReplaceable { path: target, why });
        }
        let parent = parent_of(&target);
        let mut made = Made::above(&target)?;
        litter::sweep(parent);
        let tree = Tree::create(&litter::prefix(&target), parent).map_err(FsError::write(&target))?;
        made.go_with(tree.path());
        Ok(Self { tree, target, existing, _made: made })
    }

    /// Where the tree is until `commit`.
    pub(crate) fn path(&self) -> &Path {
        self.tree.path()
    }

    /// Gives the tree its final name; what was there before is removed after the exchange, as far as that is allowed.
    ///
    /// # Errors
    /// When the exchange fails, or another run has put a tree there that this one may not replace; what is there stays.
    pub(crate) fn commit(self) -> Result<(), FsError> {
        let Self { _made, target, existing, mut tree } = self;
        platform::keep_directory_mode(tree.path(), &target).map_err(FsError::write(&target))?;
        let settled = tree.settle();
        // Two runs may end at once: whoever finds the other's tree, or finds it gone, looks again.
        for _ in 0..MAX_EXCHANGES {
            // No rename replaces a directory that holds something.
            let _ = fs::remove_dir(&target);
            match rename(tree.path(), &target) {
                Ok(()) => {
                    tree.keep();
                    return Ok(());
                }
                Err(error) if fs::symlink_metadata(&target).is_err() => return Err(FsError::write(&target)(error)),
                Err(_) if existing == Existing::Refuse => return Err(FsError::Taken { path: target }),
                Err(_) => {}
            }
            match platform::exchange(tree.path(), &target) {
                Ok(()) => {
                    // The temporary name now holds the old tree. The new one is in place, whatever becomes of the old.
                    let _open = Open::of(tree.path(), settled);
                    platform::allow_removal(tree.path());
                    drop(tree);
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
        assert_eq!(fs::read_to_string(at("sub/one")).unwrap(), "replaced\n and more");
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
