//! What becomes of temporaries when a person or a machine ends the run: they are removed, and no half-removed one can still
//! be given its final name.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use relkit_client::process::end_all;
use tempfile::TempDir;

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
/// SIGTERM, SIGHUP), says so with `say` unless there are other last words, and ends it with 130. Without this, or where it
/// fails, an interrupted run leaves its temporaries.
pub(crate) fn clean_on_interrupt(say: impl Fn(&str) + Send + 'static) {
    // It fails only where somebody else in the process listens already.
    let _ = ctrlc::set_handler(move || {
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
    });
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
            Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
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
    pub(super) fn of(path: &Path) -> Self {
        locked().insert(path.to_owned());
        Self(path.to_owned())
    }

    /// Takes the temporary off the list; while the result lives, no interrupt removes anything.
    pub(super) fn settle(mut self) -> MutexGuard<'static, BTreeSet<PathBuf>> {
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

/// A directory below the system's temporary directory, removed when dropped and when the run is interrupted.
#[derive(Debug)]
pub(crate) struct Scratch {
    directory: TempDir,
    _open: Open,
    _lock: Option<File>,
}

impl Scratch {
    /// A new directory whose name begins with `prefix`.
    pub(crate) fn create(prefix: &str) -> Result<Self, FsError> {
        let place = std::env::temp_dir();
        litter::sweep(&place);
        let directory = tempfile::Builder::new()
            .prefix(&format!("{prefix}{}", litter::origin()))
            .tempdir_in(&place)
            .map_err(|source| FsError::Temporary { directory: place, source })?;
        let lock = litter::lock(directory.path()).ok();
        let open = Open::of(directory.path());
        Ok(Self { directory, _open: open, _lock: lock })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }
}
