//! The bytes of a download before they have their final name, in `.NAME.relkit-part` beside it, and the entity tag that
//! says which version of the artefact they belong to. Where another run has that file, or the name is that of a device or
//! FIFO, they have a place of their own, from which nothing is resumed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::expected::{Actual, Expected};
use crate::fs::{
    FsError, PendingFile, Place, Scratch, Unused, is_still_at, keep_mode, missing, open_regular, place, write_through,
};

/// Longer than any entity tag.
const MAX_TAG: u64 = 8 << 10;

pub(super) struct PartialDownload {
    bytes: PathBuf,
    tag: PathBuf,
    /// The final name, which is what errors speak of: nobody asked for the others.
    pub(super) target: PathBuf,
    /// The directories that were made for it, the innermost first.
    made: Vec<PathBuf>,
    end: End,
    /// Without a byte there is nothing that another run could go on with.
    _unused: Option<Unused>,
}

/// What becomes of the bytes in the end.
enum End {
    /// The file that another run may resume gets the name; the lock keeps others off it.
    Renamed { to: PathBuf, _lock: Option<File> },
    /// They are copied, and what holds them is removed.
    Copied { place: Place, _scratch: Scratch },
}

impl PartialDownload {
    pub(super) fn beside(path: &Path) -> Result<Self, FsError> {
        let place = place(path)?;
        if let Place::File(to) = &place {
            let name = to.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let bytes = to.with_file_name(format!(".{name}.relkit-part"));
            let made = missing(to.parent().unwrap_or(Path::new("")));
            let unused = Unused::of(&bytes, &made);
            if let Claim::Taken(lock) = claim(&bytes) {
                let tag = to.with_file_name(format!(".{name}.relkit-part-etag"));
                let end = End::Renamed { to: to.clone(), _lock: lock };
                return Ok(Self { bytes, tag, target: path.to_owned(), made, end, _unused: Some(unused) });
            }
        }
        let scratch = Scratch::create("relkit-fetch-")?;
        let (bytes, tag) = (scratch.path().join("part"), scratch.path().join("tag"));
        Ok(Self {
            bytes,
            tag,
            target: path.to_owned(),
            made: Vec::new(),
            end: End::Copied { place, _scratch: scratch },
            _unused: None,
        })
    }

    pub(super) fn length(&self) -> u64 {
        fs::symlink_metadata(&self.bytes).ok().filter(fs::Metadata::is_file).map_or(0, |metadata| metadata.len())
    }

    pub(super) fn entity_tag(&self) -> Option<String> {
        let mut tag = String::new();
        open_regular(&self.tag).ok()?.take(MAX_TAG).read_to_string(&mut tag).ok()?;
        Some(tag).filter(|tag| !tag.is_empty())
    }

    pub(super) fn keep_tag(&self, tag: &str) -> Result<(), FsError> {
        self.open()?;
        fs::write(&self.tag, tag).map_err(FsError::write(&self.target))
    }

    /// Begins again; the file stays, for a lock is held on it.
    pub(super) fn restart(&self) -> Result<(), FsError> {
        let _ = fs::remove_file(&self.tag);
        match self.length() {
            0 => Ok(()),
            _ => self.open()?.set_len(0).map_err(FsError::write(&self.target)),
        }
    }

    pub(super) fn discard(&self) {
        let _ = fs::remove_file(&self.bytes);
        let _ = fs::remove_file(&self.tag);
        for directory in &self.made {
            let _ = fs::remove_dir(directory);
        }
    }

    /// The file, open at its end; made where there is none.
    pub(super) fn open(&self) -> Result<File, FsError> {
        append(&self.bytes).map_err(FsError::write(&self.target))
    }

    /// What stands on the disk, whoever wrote it.
    pub(super) fn digest(&self, expected: Option<&Expected>) -> Result<Actual, FsError> {
        // An empty artefact never opened the file.
        self.open()?;
        let read = open_regular(&self.bytes).and_then(|mut file| Expected::read(expected, &mut file));
        read.map_err(FsError::read(&self.target))
    }

    pub(super) fn finish(&self) -> Result<(), FsError> {
        match &self.end {
            End::Renamed { to, .. } => {
                let file = self.open()?;
                keep_mode(&file, to).and_then(|()| file.sync_all()).map_err(FsError::write(&self.target))?;
                fs::rename(&self.bytes, to).map_err(FsError::write(&self.target))?;
                let _ = fs::remove_file(&self.tag);
            }
            End::Copied { place, .. } => {
                let mut bytes = open_regular(&self.bytes).map_err(FsError::read(&self.target))?;
                match place {
                    Place::Through => write_through(&self.target, &mut bytes)?,
                    Place::File(to) => {
                        let mut pending = PendingFile::create(to)?;
                        io::copy(&mut bytes, pending.file()).map_err(FsError::write(&self.target))?;
                        pending.commit()?;
                    }
                }
            }
        }
        Ok(())
    }
}

fn append(path: &Path) -> io::Result<File> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    OpenOptions::new().create(true).append(true).open(path)
}

enum Claim {
    /// With the lock, where the file system has locks.
    Taken(Option<File>),
    OfAnother,
}

/// Takes the file that a download may be resumed from, unless another run has it.
fn claim(bytes: &Path) -> Claim {
    // Whoever had it may give it its final name between the two steps.
    for _ in 0..16 {
        // What keeps it from being opened is said when bytes are to be written.
        let Ok(file) = append(bytes) else { return Claim::Taken(None) };
        match file.try_lock() {
            Ok(()) if is_still_at(&file, bytes) => return Claim::Taken(Some(file)),
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Claim::OfAnother,
            Err(fs::TryLockError::Error(_)) => return Claim::Taken(None),
        }
    }
    Claim::OfAnother
}
