//! The right to work on a file while other processes wait. Where a file system has no locks, nobody waits.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// How often another process is met that ends between two looks.
const MAX_TURNS: usize = 1000;

/// A locked file that is removed when this is dropped; a killed process gives its lock up, too.
pub(crate) struct Turn {
    path: PathBuf,
    file: Option<File>,
}

impl Turn {
    /// Waits until nobody else has the turn at `path`; `waiting` is called before that takes time.
    pub(crate) fn take(path: &Path, waiting: impl Fn()) -> io::Result<Self> {
        for _ in 0..MAX_TURNS {
            let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    waiting();
                    if file.lock().is_err() {
                        break;
                    }
                }
                Err(TryLockError::Error(_)) => break,
            }
            // Whoever had it before has removed it, and a third made another, perhaps.
            if is_at(&file, path) {
                return Ok(Self { path: path.to_owned(), file: Some(file) });
            }
        }
        Ok(Self { path: path.to_owned(), file: None })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // Removed while it is locked still, so that it is not another's.
        let _ = fs::remove_file(&self.path);
        drop(self.file.take());
    }
}

/// Whether an open file is the one at `path`.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let place = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    matches!((file.metadata().map(place), fs::metadata(path).map(place)), (Ok(one), Ok(other)) if one == other)
}

/// A file that is removed while it is open stays in its place until it is closed.
#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}
