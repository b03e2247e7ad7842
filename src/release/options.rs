//! What is released, and how.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use super::against::Earlier;
use crate::build::writer;
use crate::error::{Exit, Failure};
use crate::fs::{Existing, FsError, split_at_equals};
use crate::gate::{Half, Published, ReleasePart};
use crate::product::{Level, Product, Target};
use crate::smoke::Runner;
use crate::target::{PlatformTagSet, TagError, TargetTriple};
use crate::version::{PublicVersion, ReleaseVersion};

/// What a release makes in its output directory, which is all that is replaced there, and what each of them holds.
pub(crate) const MADE: [(&str, &str); 3] =
    [("stage", "the stages"), ("dist", "the release"), ("receipts", "the receipts of smoke tests and checks")];

#[derive(Debug, Clone)]
pub(crate) struct Payload {
    /// Without one it is read off the binaries.
    pub(crate) platform_tag: Option<PlatformTagSet>,
    pub(crate) path: PathBuf,
    /// The row that it was fetched for.
    pub(crate) target: Option<Target>,
}

impl Payload {
    /// `[TAG=]PAYLOAD`: what stands before `=` is a tag only if it reads as one, for a path may hold `=` too.
    ///
    /// # Errors
    /// Where it does not, and there is something behind `=` alone.
    pub(crate) fn typed(text: &OsStr) -> Result<Self, TagError> {
        let whole = Self { platform_tag: None, path: text.into(), target: None };
        let Some((tag, path)) = split_at_equals(text) else { return Ok(whole) };
        match tag.parse() {
            Ok(tag) => Ok(Self { platform_tag: Some(tag), path: path.into(), target: None }),
            Err(error) if !whole.path.exists() && Path::new(path).exists() => Err(error),
            Err(_) => Ok(whole),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Options {
    pub product: Product,
    pub version: ReleaseVersion,
    pub(crate) sdk_version: PublicVersion,
    pub(crate) payloads: Vec<Payload>,
    /// Where stages, distributions and receipts go.
    pub(crate) out_dir: PathBuf,
    pub existing: Existing,
    /// What the caller writes beside them, and may replace too.
    pub(crate) written: Vec<PathBuf>,
    pub(crate) build: writer::Options,
    pub level: Level,
    /// Programs that run the executables of a target.
    pub(crate) runners: Vec<(TargetTriple, Runner)>,
    pub(crate) allow_missing: Vec<TargetTriple>,
    /// The half that is made, where it is not all.
    pub(crate) only: Option<Half>,
    /// For the SDK alone: the runtime that the index has, where one was asked.
    pub(crate) published: Option<Published>,
    /// The earlier release that it is held against.
    pub(crate) against: Option<Earlier>,
}

impl Options {
    pub(super) fn part(&self) -> ReleasePart<'_> {
        match self.only {
            None => ReleasePart::Whole,
            Some(Half::Runtime) => ReleasePart::Runtime,
            Some(Half::Sdk) => ReleasePart::Sdk(self.published.as_ref()),
        }
    }

    /// Refuses to replace a directory that holds anything else than an earlier release and what this one writes there.
    pub(super) fn keep_the_work_of_others(&self) -> Result<(), Failure> {
        let entries = match std::fs::read_dir(&self.out_dir) {
            Ok(entries) if self.existing == Existing::Replace => entries,
            Err(error) if self.existing == Existing::Replace && error.kind() != io::ErrorKind::NotFound => {
                return Err(FsError::read(&self.out_dir)(error).into());
            }
            _ => return Ok(()),
        };
        for entry in entries {
            let name = entry.map_err(FsError::read(&self.out_dir))?.file_name();
            let is_written = self.written.contains(&self.out_dir.join(&name));
            if !is_written && !MADE.iter().any(|(made, _)| name == *made) {
                let (shown, name) = (self.out_dir.display(), Path::new(&name).display());
                return Err(Failure::new(Exit::Failed, format!("`{shown}` holds `{name}`, which no release made"))
                    .with_hint("give a directory of its own: `--force` replaces the whole of it"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_before_a_payload_is_told_from_a_path() {
        let typed = |text: &str| Payload::typed(text.as_ref()).unwrap();
        let tagged = typed("macosx_11_0_arm64=mac/codex");
        assert_eq!(tagged.platform_tag.unwrap().to_string(), "macosx_11_0_arm64");
        assert_eq!(tagged.path, Path::new("mac/codex"));
        assert_eq!(typed("odd=name/codex").path, Path::new("odd=name/codex"));
        assert_eq!(typed("win_amd64=a=b.zip").path, Path::new("a=b.zip"));
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStrExt as _;
            let payload = Payload::typed(OsStr::from_bytes(b"win_amd64=\xff=b")).unwrap();
            assert!(payload.platform_tag.is_some() && payload.path.as_os_str().as_bytes() == b"\xff=b");
            assert!(Payload::typed(OsStr::from_bytes(b"\xff=b")).unwrap().platform_tag.is_none());
        }
    }
}
