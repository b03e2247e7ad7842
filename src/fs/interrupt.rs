//! What becomes of temporaries when a person or a machine ends the run: they are removed, and no half-removed one can still
//! be given its final name.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use relkit_client::process::{end_all, exhausted, keep_nohup};

use super::error::FsError;
use super::litter;
use crate::error::INTERRUPTED;

/// The temporaries of this process. Whoever holds the lock may rename one; an interrupt takes it and never gives it back.
static OPEN: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Files that are worth keeping only with something in them, each with the directories that were made for it.
static UNUSED: Mutex<Vec<(PathBuf, Vec<PathBuf>)>> = Mutex::new(Vec::new());

/// What an interrupted run says last.
static LAST_WORDS: Mutex<Option<String>> = Mutex::new(None);

const INTERRUPTED_WORDS: &str = "interrupted: every program that was started is ended, what was begun is removed, and what was there before is kept";
/// How long the end of the programs that were started is waited for.
const ENDING: Duration = Duration::from_secs(5);
/// How often a directory is tried to be removed: other threads and children may still write into it.
const TRIES: u32 = 25;
const PAUSE: Duration = Duration::from_millis(20);

/// Ends every program that was started and removes the temporaries of this process when it is interrupted (Ctrl-C, SIGINT,
/// SIGTERM, and SIGHUP unless `nohup` had it ignored), says so with `say` unless there are other last words, and ends it with
/// 130. Without this, or where it fails, an interrupted run leaves its temporaries.
pub(crate) fn clean_on_interrupt(say: impl Fn(&str) + Send + 'static) {
    let on_interrupt = move || {
        // First, since what runs may still write into them.
        end_all(ENDING);
        let open = locked();
        for path in open.iter() {
            remove(path);
        }
        for (file, directories) in UNUSED.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            remove_unused(file, directories);
        }
        say(LAST_WORDS.lock().unwrap_or_else(PoisonError::into_inner).as_deref().unwrap_or(INTERRUPTED_WORDS));
        std::process::exit(INTERRUPTED.into());
    };
    // It fails only where somebody else in the process listens already.
    keep_nohup(|| _ = ctrlc::set_handler(on_interrupt));
}

/// What is said where the run is interrupted from now on: lines, of which the first says what it came to.
pub(crate) fn say_on_interrupt(words: Option<String>) {
    *LAST_WORDS.lock().unwrap_or_else(PoisonError::into_inner) = words;
}

fn locked() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn remove(path: &Path) {
    for _ in 0..TRIES {
        let removed = match fs::symlink_metadata(path) {
            Ok(metadata) if metadata.is_dir() => remove_tree(path),
            Ok(_) => fs::remove_file(path),
            Err(_) => return,
        };
        if removed.is_ok() {
            return;
        }
        thread::sleep(PAUSE);
    }
}

/// Removes a file with nothing in it, and the directories that nothing else is in, the innermost first.
fn remove_unused(file: &Path, directories: &[PathBuf]) {
    if fs::symlink_metadata(file).is_ok_and(|metadata| metadata.is_file() && metadata.len() == 0) {
        let _ = fs::remove_file(file);
    }
    for directory in directories {
        let _ = fs::remove_dir(directory);
    }
}

/// A file that an interrupt removes for as long as this lives and the file is empty, with the directories made for it.
#[derive(Debug)]
pub(crate) struct Unused(PathBuf);

impl Unused {
    pub(crate) fn of(file: &Path, directories: &[PathBuf]) -> Self {
        let row = (file.to_owned(), directories.to_owned());
        UNUSED.lock().unwrap_or_else(PoisonError::into_inner).push(row);
        Self(file.to_owned())
    }
}

impl Drop for Unused {
    fn drop(&mut self) {
        UNUSED.lock().unwrap_or_else(PoisonError::into_inner).retain(|(file, _)| *file != self.0);
    }
}

/// A temporary that an interrupt removes, for as long as this lives.
#[derive(Debug)]
pub(super) struct Open(PathBuf);

impl Open {
    /// Lists what is there already, before an interrupt can take the lock.
    pub(super) fn of(path: &Path, mut open: MutexGuard<'static, BTreeSet<PathBuf>>) -> Self {
        open.insert(path.to_owned());
        Self(path.to_owned())
    }

    /// Makes a temporary and lists it; no interrupt comes in between, which would leave it.
    pub(super) fn made<T>(make: impl FnOnce() -> io::Result<T>, path: impl Fn(&T) -> &Path) -> io::Result<(T, Self)> {
        let mut open = locked();
        let temporary = make()?;
        let path = path(&temporary).to_owned();
        open.insert(path.clone());
        Ok((temporary, Self(path)))
    }

    /// Takes the temporary off the list; while the result lives, no interrupt removes anything.
    pub(super) fn settle(&mut self) -> MutexGuard<'static, BTreeSet<PathBuf>> {
        // An empty path is left to be dropped, which would otherwise take the lock again.
        let path = std::mem::take(&mut self.0);
        let mut open = locked();
        open.remove(&path);
        open
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if !self.0.as_os_str().is_empty() {
            locked().remove(&self.0);
        }
    }
}

/// A directory of this process's own, removed when dropped and when the run is interrupted.
#[derive(Debug)]
pub(super) struct Tree {
    /// Empty once it is somebody else's.
    path: PathBuf,
    open: Open,
    /// Also the file that is closed where no other can be opened: to be removed, a directory must be read.
    lock: Option<File>,
}

impl Tree {
    pub(super) fn create(prefix: &str, place: &Path) -> io::Result<Self> {
        let make = || Ok(tempfile::Builder::new().prefix(prefix).tempdir_in(place)?.keep());
        let (path, open) = Open::made(make, PathBuf::as_path)?;
        let lock = match litter::lock(&path) {
            Err(error) if exhausted(&error).is_some() => {
                fs::remove_dir(&path)?;
                return Err(error);
            }
            lock => lock.ok(),
        };
        Ok(Self { path, open, lock })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Takes it off the list; while the result lives, no interrupt removes anything.
    pub(super) fn settle(&mut self) -> MutexGuard<'static, BTreeSet<PathBuf>> {
        self.open.settle()
    }

    /// Leaves it to whoever has it now.
    pub(super) fn keep(mut self) {
        self.path = PathBuf::new();
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        self.lock = None;
        if !self.path.as_os_str().is_empty() {
            let _ = remove_tree(&self.path);
        }
    }
}

/// Removes a directory and all in it, with one file open at a time where there are no more.
fn remove_tree(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if exhausted(&error).is_some() => remove_one_by_one(path),
        removed => removed,
    }
}

fn remove_one_by_one(path: &Path) -> io::Result<()> {
    let mut directories = vec![path.to_owned()];
    let mut read = 0;
    while let Some(directory) = directories.get(read) {
        // An entry keeps the directory open that it is of.
        let entries =
            fs::read_dir(directory)?.map(|entry| entry.and_then(|entry| Ok((entry.path(), entry.file_type()?))));
        for (entry, kind) in entries.collect::<io::Result<Vec<_>>>()? {
            if kind.is_dir() { directories.push(entry) } else { fs::remove_file(entry)? }
        }
        read += 1;
    }
    directories.iter().rev().try_for_each(fs::remove_dir)
}

/// A directory below the system's temporary directory, removed when dropped and when the run is interrupted.
#[derive(Debug)]
pub(crate) struct Scratch(Tree);

impl Scratch {
    /// A new directory whose name begins with `prefix`.
    pub(crate) fn create(prefix: &str) -> Result<Self, FsError> {
        let place = std::env::temp_dir();
        litter::sweep(&place);
        let tree = Tree::create(&format!("{prefix}{}", litter::origin()), &place);
        tree.map(Self).map_err(|source| FsError::Temporary { directory: place, source })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_removed_with_one_file_open_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("root");
        fs::create_dir_all(root.join("a/b/c")).unwrap();
        for file in ["x", "a/x", "a/b/c/x"] {
            fs::write(root.join(file), "").unwrap();
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(directory.path(), root.join("a/up")).unwrap();
        remove_one_by_one(&root).unwrap();
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}
