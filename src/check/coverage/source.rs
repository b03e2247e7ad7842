//! What coverage is asked about: wheels, directories of wheels, bare platform tags. A file that is named as a wheel and that
//! no installer takes is kept as a problem and serves nobody.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::candidate::Candidate;
use super::platform::PLATFORMS;
use crate::check::subject::audit::Audit;
use crate::error::{Exit, Explain, meant, nearest, sentence};
use crate::fs::{FsError, nearby, portable};
use crate::target::nearest_tag;
use crate::wheel::filename::Claim;
use crate::wheel::metadata::Metadata;
use crate::wheel::reader::{MAX_TEXT, admissible};
use crate::zip::archive::{Archive, ArchiveError};

/// What was named, as installers see it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sources {
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) problems: Vec<CoverageProblem>,
}

/// A file that is named as a wheel, and why no installer takes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct CoverageProblem {
    pub(crate) path: String,
    pub message: String,
}

/// A source of wheels or tags that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CoverageError {
    #[error(transparent)]
    Read(#[from] FsError),
    #[error(transparent)]
    Open(#[from] ArchiveError),
    #[error("`{}` is neither a wheel, a directory of wheels nor a platform tag", _0.display())]
    Source(PathBuf),
    #[error("`{}` holds no wheel", _0.display())]
    Empty(PathBuf),
    #[error("`{name}` is none of the platforms that are known here{}", meant(nearest(name, names())))]
    Platform { name: String },
}

fn names() -> impl Iterator<Item = &'static str> {
    PLATFORMS.iter().map(|platform| platform.name)
}

const LOOKS: &str =
    "tags look like `musllinux_1_1_x86_64`; several are joined by dots; a published release is `NAME==VERSION`";

impl Explain for CoverageError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Read(error) => error.hint(),
            Self::Open(error) => error.hint(),
            Self::Source(path) => {
                let near = nearby(path).or_else(|| nearest_tag(path.to_str()?));
                let meant = near.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
                Some(format!("{meant}{LOOKS}"))
            }
            Self::Empty(_) => Some("build the wheels first, or give another directory".into()),
            Self::Platform { .. } => Some("`relkit coverage any` lists the names of all of them".into()),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Open(error) => error.exit(),
            _ => Exit::Failed,
        }
    }
}

impl Sources {
    /// Reads what a command line names.
    ///
    /// # Errors
    /// Where a file or directory cannot be read, or is neither of wheels nor a tag.
    pub(crate) fn read(sources: &[OsString]) -> Result<Self, CoverageError> {
        let mut found = Self::default();
        for source in sources {
            let path = Path::new(source);
            match fs::metadata(path) {
                Ok(metadata) if metadata.is_dir() => found.add_directory(path)?,
                _ if is_wheel(path) => found.add_wheel(path)?,
                // A link that leads nowhere is there, too.
                Err(error) if fs::symlink_metadata(path).is_ok() => return Err(FsError::read(path)(error).into()),
                _ => {
                    let candidate = source.to_str().and_then(Candidate::of_tag);
                    found.candidates.push(candidate.ok_or_else(|| CoverageError::Source(path.to_owned()))?);
                }
            }
        }
        Ok(found)
    }

    /// Takes out what does not come from an index with the bytes that its page promises: no installer takes it.
    pub(crate) fn hold_against(&mut self, audit: &Audit) {
        let index = &audit.index;
        for file in &audit.files {
            let message = match (&file.fetched, file.listed) {
                (Err(why), _) => format!("it cannot be had from {index}: {why}"),
                (Ok(digest), Some(listed)) if *digest != listed => {
                    format!("{index} tells the SHA-256 {listed} of it, and its bytes have {digest}")
                }
                _ => continue,
            };
            self.candidates.retain(|candidate| candidate.label != file.name);
            self.problems.push(CoverageProblem { path: file.name.clone(), message });
        }
    }

    fn add_directory(&mut self, directory: &Path) -> Result<(), CoverageError> {
        let mut wheels = Vec::new();
        for entry in fs::read_dir(directory).map_err(FsError::read(directory))? {
            let path = entry.map_err(FsError::read(directory))?.path();
            // What is no regular file is refused by name where it is opened.
            if is_wheel(&path) && !path.is_dir() {
                wheels.push(path);
            }
        }
        if wheels.is_empty() {
            return Err(CoverageError::Empty(directory.to_owned()));
        }
        wheels.sort();
        wheels.iter().try_for_each(|wheel| self.add_wheel(wheel))
    }

    fn add_wheel(&mut self, path: &Path) -> Result<(), CoverageError> {
        let label = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let archive = Archive::open(path)?;
        match admissible(&archive) {
            Ok((name, dist_info)) => {
                let member = archive.find(&format!("{dist_info}/METADATA"));
                let bytes = member.and_then(|member| archive.read(member, MAX_TEXT).ok());
                let metadata = bytes.and_then(|bytes| Metadata::parse(&bytes).ok());
                self.candidates.push(Candidate::of_wheel(&name, &label).requiring(metadata.as_ref()));
            }
            Err(error) => self.problems.push(CoverageProblem { path: portable(path), message: sentence(&error) }),
        }
        Ok(())
    }
}

fn is_wheel(path: &Path) -> bool {
    Claim::of_path(path) == Some(Claim::Wheel)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_source_is_refused() {
        for text in ["", "win64", "nowhere/a.whl", "manylinux_2_17"] {
            assert!(Sources::read(&[text.into()]).is_err(), "{text}");
        }
    }

    #[test]
    fn a_name_is_that_of_a_wheel_in_any_case() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("X.WHL");
        fs::write(&path, zip::ZipWriter::new(std::io::Cursor::new(Vec::new())).finish().unwrap().into_inner()).unwrap();
        let sources = Sources::read(&[path.into()]).unwrap();
        assert!(sources.candidates.is_empty() && sources.problems[0].path.ends_with("X.WHL"));
    }

    #[cfg(unix)]
    #[test]
    fn a_source_that_is_not_utf8_is_named() {
        use std::os::unix::ffi::OsStringExt as _;
        let error = Sources::read(&[OsString::from_vec(b"bad/nonutf\xff".to_vec())]).unwrap_err();
        assert!(error.to_string().starts_with("`bad/nonutf\u{fffd}` is neither a wheel"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_to_itself_is_no_tag() {
        let directory = tempfile::tempdir().unwrap();
        let link = directory.path().join("link");
        std::os::unix::fs::symlink("link", &link).unwrap();
        let error = Sources::read(&[link.into()]).unwrap_err();
        assert!(matches!(error, CoverageError::Read(_)) && error.hint().unwrap().contains("symbolic link"), "{error}");
    }
}
