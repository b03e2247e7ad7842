//! Template, names and payload become a stage: a source tree that any PEP 517 front end can build, written whole or not
//! at all. Edits of `pyproject.toml` live here alone.
//!
//! [`stage_runtime`] puts a payload into the runtime template and settles its platform tag; [`stage_sdk`] sets the
//! SDK's version and pins its runtime exactly.

mod error;
mod pyproject;
mod rename;
mod report;
mod requirement;
mod runtime;
mod sdk;
mod template;

use std::path::{Path, PathBuf};

use crate::fs::{Existing, FsError, Mode, PendingDirectory, set_mode};

pub use error::StageError;
pub use pyproject::PyprojectError;
pub use runtime::{RuntimeRequest, StageWarning, StagedRuntime, stage_runtime};
pub use sdk::{SdkRequest, StagedSdk, stage_sdk};
pub use template::{Template, TemplateError, TemplateFile};

/// The stage being written, and the directories above it that did not exist before. Dropping it without `commit`
/// removes all of them.
#[derive(Debug)]
struct PendingStage {
    pending: Option<PendingDirectory>,
    made: Vec<PathBuf>,
}

impl PendingStage {
    fn create(out: &Path, existing: Existing) -> Result<Self, FsError> {
        let missing = |path: &&Path| !path.as_os_str().is_empty() && std::fs::symlink_metadata(path).is_err();
        let made = out.ancestors().skip(1).take_while(missing).map(Path::to_owned).collect();
        // The guard exists before the first directory does.
        let mut stage = Self { pending: None, made };
        stage.pending = Some(PendingDirectory::create(out, existing)?);
        Ok(stage)
    }

    /// Where the tree is until `commit`.
    fn path(&self) -> &Path {
        // invariant: it is taken by `commit` alone, which consumes the stage.
        self.pending.as_ref().map_or(Path::new(""), PendingDirectory::path)
    }

    /// Writes one file with mode 0644.
    fn write(&self, path: &str, bytes: &[u8]) -> Result<(), FsError> {
        let target = self.path().join(path);
        if let Some(parent) = target.parent() {
            std::fs::create_dir_all(parent).map_err(FsError::write(parent))?;
        }
        std::fs::write(&target, bytes).map_err(FsError::write(&target))?;
        set_mode(&target, Mode::Data)
    }

    fn commit(mut self) -> Result<(), FsError> {
        let committed = self.pending.take().map_or(Ok(()), PendingDirectory::commit);
        if committed.is_ok() {
            self.made.clear();
        }
        committed
    }
}

impl Drop for PendingStage {
    fn drop(&mut self) {
        drop(self.pending.take());
        for directory in &self.made {
            // Another process may have put something there meanwhile; then it stays.
            let _ = std::fs::remove_dir(directory);
        }
    }
}

/// Refuses an output that would destroy an input, or be part of one.
fn refuse_overlap(out: &Path, input: &Path, what: &'static str) -> Result<(), StageError> {
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
