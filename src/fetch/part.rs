//! The bytes of a download before they have their final name, in `.NAME.relkit-part` beside it, and the entity tag that
//! says which version of the artefact they belong to.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use super::expected::{Actual, Expected};
use crate::fs::{FsError, Turn, must_be_replaceable};

pub(super) struct Part {
    bytes: PathBuf,
    tag: PathBuf,
    lock: PathBuf,
    /// The final name, which is what errors speak of: nobody asked for the others.
    pub(super) target: PathBuf,
}

impl Part {
    pub(super) fn beside(path: &Path) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Self {
            bytes: path.with_file_name(format!(".{name}.relkit-part")),
            tag: path.with_file_name(format!(".{name}.relkit-part-etag")),
            lock: path.with_file_name(format!(".{name}.relkit-part-lock")),
            target: path.to_owned(),
        }
    }

    /// Waits until no other process downloads to the same name; `waiting` is called before that takes time.
    pub(super) fn turn(&self, waiting: impl Fn()) -> Result<Turn, FsError> {
        if let Some(parent) = self.target.parent() {
            fs::create_dir_all(parent).map_err(FsError::write(parent))?;
        }
        Turn::take(&self.lock, waiting).map_err(FsError::write(&self.target))
    }

    pub(super) fn length(&self) -> u64 {
        fs::metadata(&self.bytes).map_or(0, |metadata| metadata.len())
    }

    pub(super) fn entity_tag(&self) -> Option<String> {
        fs::read_to_string(&self.tag).ok().filter(|tag| !tag.is_empty())
    }

    pub(super) fn keep_tag(&self, tag: &str) -> Result<(), FsError> {
        self.open()?;
        fs::write(&self.tag, tag).map_err(FsError::write(&self.target))
    }

    pub(super) fn discard(&self) {
        let _ = fs::remove_file(&self.bytes);
        let _ = fs::remove_file(&self.tag);
    }

    /// The file, open at its end; made where there is none.
    pub(super) fn open(&self) -> Result<File, FsError> {
        if let Some(parent) = self.bytes.parent() {
            fs::create_dir_all(parent).map_err(FsError::write(parent))?;
        }
        OpenOptions::new().create(true).append(true).open(&self.bytes).map_err(FsError::write(&self.target))
    }

    /// What stands on the disk, whoever wrote it.
    pub(super) fn digest(&self, expected: Option<&Expected>) -> Result<Actual, FsError> {
        // An empty artefact never opened the file.
        self.open()?;
        let read = File::open(&self.bytes).and_then(|mut file| Expected::read(expected, &mut file));
        read.map_err(FsError::read(&self.target))
    }

    pub(super) fn finish(&self) -> Result<(), FsError> {
        must_be_replaceable(&self.target)?;
        self.open()?.sync_all().map_err(FsError::write(&self.target))?;
        fs::rename(&self.bytes, &self.target).map_err(FsError::write(&self.target))?;
        let _ = fs::remove_file(&self.tag);
        Ok(())
    }
}
