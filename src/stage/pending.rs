//! The stage being written: whole in the end, or not there at all, and never on top of what it is made from.

use std::path::{Path, PathBuf};

use super::error::StageError;
use crate::fs::{Existing, FsError, Mode, PendingDirectory, set_mode};

/// The directory. Dropping it without `commit` removes it.
#[derive(Debug)]
pub(super) struct PendingStage(PendingDirectory);

impl PendingStage {
    pub(super) fn create(out: &Path, existing: Existing) -> Result<Self, FsError> {
        PendingDirectory::create(out, existing).map(Self)
    }

    /// Where the tree is until `commit`.
    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes one file with mode 0644.
    pub(super) fn write(&self, path: &str, bytes: &[u8]) -> Result<(), FsError> {
        let target = self.path().join(path);
        if let Some(parent) = target.parent() {
            std::fs::create_dir_all(parent).map_err(FsError::write(parent))?;
        }
        std::fs::write(&target, bytes).map_err(FsError::write(&target))?;
        set_mode(&target, Mode::Data)
    }

    pub(super) fn commit(self) -> Result<(), FsError> {
        self.0.commit()
    }
}

/// Refuses an output that would destroy an input, or be part of one.
pub(super) fn refuse_overlap(out: &Path, input: &Path, what: &'static str) -> Result<(), StageError> {
    let Ok(input_path) = input.canonicalize() else {
        // Reading the input says what is wrong with it.
        return Ok(());
    };
    let out_path = absolute(out);
    if out_path.starts_with(&input_path) || input_path.starts_with(&out_path) {
        return Err(StageError::Overlap { out: out.to_owned(), input: input.to_owned(), what });
    }
    Ok(())
}

/// The path with every existing part resolved.
fn absolute(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for ancestor in path.ancestors() {
        if let (Ok(resolved), Ok(rest)) = (ancestor.canonicalize(), path.strip_prefix(ancestor)) {
            return resolved.join(rest);
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_made_on_the_way_go_with_a_dropped_stage() {
        let directory = tempfile::tempdir().unwrap();
        let out = directory.path().join("a/b/out");
        let stage = PendingStage::create(&out, Existing::Refuse).unwrap();
        stage.write("deep/file", b"x").unwrap();
        drop(stage);
        assert!(!directory.path().join("a").exists());
        PendingStage::create(&out, Existing::Refuse).unwrap().commit().unwrap();
        assert!(out.is_dir());
    }

    #[test]
    fn an_output_never_overlaps_an_input() {
        let directory = tempfile::tempdir().unwrap();
        let payload = directory.path().join("payload");
        std::fs::create_dir_all(payload.join("bin")).unwrap();
        std::fs::write(payload.join("bin/codex"), b"x").unwrap();
        let refused = |out: &Path, input: &Path| refuse_overlap(out, input, "payload").is_err();
        assert!(refused(&payload, &payload));
        assert!(refused(&payload.join("out/deep"), &payload));
        assert!(refused(&payload.join("../payload/out"), &payload));
        assert!(refused(&payload, &payload.join("bin/codex")));
        assert!(!refused(&directory.path().join("payload-out"), &payload));
    }
}
