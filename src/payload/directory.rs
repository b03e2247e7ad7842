//! The files of a payload that is a directory. Links that stay inside lead to what they name, a file or a directory;
//! nothing else is followed.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::error::PayloadError;
use super::found::{Found, WheelPart};
use super::name;
use super::unpack::{MAX_COPIES, bomb, linked_limit};
use crate::fs::{self, FileKind, FsError, Walked};
use crate::member_path::{MemberPath, Node, Paths, parent, resolve};

/// Every file below `directory`, under names that every file system keeps.
pub(super) fn list(directory: &Path) -> Result<Vec<Found>, PayloadError> {
    let root = directory.canonicalize().map_err(FsError::read(directory))?;
    let walked = fs::walk(directory)?;
    let own = walked.iter().filter(|walked| walked.kind == FileKind::File);
    let limit = linked_limit(own.fold(0_u64, |sum, walked| sum.saturating_add(walked.size)));
    let found = Vec::with_capacity(walked.len());
    let mut list = List { directory, root, paths: Paths::default(), found, size: 0, limit, linked: 0 };
    for walked in walked {
        match list.linked_directory(&walked)? {
            None => list.take(walked)?,
            Some(target) => {
                for inner in fs::walk(&target)? {
                    let relative = format!("{}/{}", walked.relative, inner.relative);
                    list.linked()?;
                    list.take(Walked { relative, ..inner })?;
                }
            }
        }
    }
    Ok(list.found)
}

/// Whether the text of a link names something below the top of the payload.
fn stays_inside(path: &MemberPath, link: &Path) -> bool {
    let target = std::fs::read_link(link).ok();
    target.is_some_and(|target| resolve(parent(path), target.as_os_str().as_encoded_bytes()).is_some())
}

struct List<'a> {
    directory: &'a Path,
    /// Where it really is.
    root: PathBuf,
    paths: Paths,
    found: Vec<Found>,
    /// How many bytes were found, and how many may be: what links lead to is copied.
    size: u64,
    limit: u64,
    /// How many files were found behind links to directories.
    linked: usize,
}

impl List<'_> {
    fn refused(&self, path: &MemberPath, why: &'static str) -> PayloadError {
        PayloadError::Link { path: self.directory.to_owned(), member: path.to_string(), why }
    }

    fn path(&self, walked: &Walked) -> Result<Option<MemberPath>, PayloadError> {
        let path = name::path(self.directory, walked.relative.as_bytes())?;
        Ok(path.filter(|path| !name::is_litter(path)))
    }

    /// Where a link really leads; none where it would lead to something inside, and nothing is there.
    fn target(&self, path: &MemberPath, link: &Path) -> Result<Option<PathBuf>, PayloadError> {
        match link.canonicalize() {
            Ok(target) if target.starts_with(&self.root) => Ok(Some(target)),
            Err(error) if error.kind() == ErrorKind::NotFound && stays_inside(path, link) => Ok(None),
            Err(error) if error.kind() != ErrorKind::NotFound => Err(self.refused(path, "leads nowhere")),
            _ => Err(self.refused(path, "leads out of the payload")),
        }
    }

    /// The directory that a link leads to, where it is not in that directory itself.
    fn linked_directory(&self, walked: &Walked) -> Result<Option<PathBuf>, PayloadError> {
        let (FileKind::Link, Some(path)) = (walked.kind, self.path(walked)?) else { return Ok(None) };
        let Some(target) = self.target(&path, &walked.path)? else { return Ok(None) };
        let parent = walked.path.parent().and_then(|parent| parent.canonicalize().ok());
        let is_around = parent.is_some_and(|parent| parent.starts_with(&target));
        Ok((target.is_dir() && !is_around).then_some(target))
    }

    fn linked(&mut self) -> Result<(), PayloadError> {
        self.linked += 1;
        if self.linked > MAX_COPIES {
            let limit = format!("{MAX_COPIES} files behind links");
            return Err(PayloadError::Bomb { path: self.directory.to_owned(), limit });
        }
        Ok(())
    }

    fn take(&mut self, walked: Walked) -> Result<(), PayloadError> {
        let Some(path) = self.path(&walked)? else { return Ok(()) };
        name::take(&mut self.paths, self.directory, &path, Node::File)?;
        let (source, size) = match walked.kind {
            FileKind::File => (walked.path, walked.size),
            FileKind::Link => {
                let Some(source) = self.target(&path, &walked.path)? else {
                    self.found.push(Found::dangling(path));
                    return Ok(());
                };
                let metadata = std::fs::metadata(&source).map_err(FsError::read(&source))?;
                if !metadata.is_file() {
                    return Err(self.refused(&path, "does not lead to a file of the payload"));
                }
                (source, metadata.len())
            }
            FileKind::Other => {
                let what = "a device, FIFO or socket";
                let (path, member) = (self.directory.to_owned(), path.to_string());
                return Err(PayloadError::Special { path, member, what });
            }
        };
        self.size = self.size.saturating_add(size);
        if self.size > self.limit {
            return Err(bomb(self.directory, self.limit));
        }
        let is_link = walked.kind == FileKind::Link;
        self.found.push(Found { path, source, size, mode: walked.mode, part: WheelPart::Payload, is_link });
        Ok(())
    }
}
