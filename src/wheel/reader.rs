//! Opens an untrusted wheel and hands out its files verified: framing without ambiguity, safe paths, and
//! for every file the digest and size of its RECORD row (PyPA "Binary distribution format", "Recording installed
//! projects"). It stops at the first thing that is wrong; `check` is the step that lists them all.

use std::collections::HashSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::filename::{FileNameError, WheelFileName};
use super::info;
use super::metadata::Metadata;
use super::record::Record;
use super::verify::{Disagreement, Rows, without_file};
use super::wheel_file::WheelFile;
use crate::digest::Sha256Digest;
use crate::error::{Exit, Explain};
use crate::fs::FsError;
use crate::member_path::escapes;
use crate::zip::archive::{Archive, ArchiveError, Member, MemberError};

/// Largest METADATA, WHEEL or RECORD that is read, in bytes.
pub(crate) const MAX_TEXT: u64 = 16 << 20;

/// Why a wheel cannot be read or is not to be installed.
#[derive(Debug, thiserror::Error)]
pub enum WheelError {
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    #[error("`{}` {}", path.display(), if source.exit() == Exit::NotGood { "is damaged" } else { "cannot be unpacked" })]
    Member {
        path: PathBuf,
        #[source]
        source: MemberError,
    },
    #[error(transparent)]
    FileName(#[from] FileNameError),
    #[error("`{}` has no `{member}`", path.display())]
    Missing { path: PathBuf, member: String },
    #[error("`{}` has {count} `.dist-info` directories, not one", path.display())]
    DistInfo { path: PathBuf, count: usize },
    #[error("`{member}` in `{}` cannot be used", path.display())]
    Text {
        path: PathBuf,
        member: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("`{member}` in `{}` must not be unpacked: {why}", path.display())]
    Unsafe { path: PathBuf, member: String, why: String },
    #[error("`{member}` in `{}` is not what RECORD says: {why}", path.display())]
    Record { path: PathBuf, member: String, why: Disagreement },
    #[error(transparent)]
    Write(#[from] FsError),
}

impl Explain for WheelError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Archive(error) => error.hint(),
            Self::FileName(error) => error.hint(),
            Self::Write(error) => error.hint(),
            Self::Member { source, .. } => source.hint(),
            _ => Some("`relkit check` lists everything that is wrong with a wheel".into()),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Archive(error) => error.exit(),
            Self::Member { source, .. } => source.exit(),
            Self::Write(error) => error.exit(),
            _ => Exit::NotGood,
        }
    }
}

#[derive(Debug)]
pub struct Wheel {
    archive: Archive,
    name: WheelFileName,
    dist_info: String,
    metadata: Metadata,
    rows: Rows,
}

impl Wheel {
    /// Opens a wheel, and reads its METADATA, WHEEL and RECORD.
    pub fn open(path: &Path) -> Result<Self, WheelError> {
        Self::of(Archive::open(path)?)
    }

    pub fn of(archive: Archive) -> Result<Self, WheelError> {
        let (name, dist_info) = admissible(&archive)?;
        let metadata = part(&archive, &dist_info, "METADATA", Metadata::parse)?;
        part(&archive, &dist_info, "WHEEL", WheelFile::parse)?;
        let rows = Rows::new(part(&archive, &dist_info, "RECORD", Record::parse)?, &dist_info);
        Ok(Self { archive, name, dist_info, metadata, rows })
    }

    pub(crate) fn archive(&self) -> &Archive {
        &self.archive
    }

    pub(crate) fn path(&self) -> &Path {
        self.archive.path()
    }

    pub(crate) fn name(&self) -> &WheelFileName {
        &self.name
    }

    /// The dist-info directory.
    pub(crate) fn dist_info(&self) -> &str {
        &self.dist_info
    }

    pub(crate) fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Every member that is a file, in the archive's order.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Member> {
        self.archive.members().iter().filter(|member| !member.is_directory())
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Member> {
        self.files().find(|member| member.name == name)
    }

    /// A row of RECORD for a file that the wheel does not hold.
    pub(crate) fn row_without_file(&self) -> Option<(&str, Disagreement)> {
        let held: HashSet<_> = self.files().map(|member| member.name.as_str()).collect();
        let path = self.rows.paths().filter(|path| !held.contains(path)).min()?;
        let all = self.archive.members().iter().map(|member| member.name.as_str()).collect();
        Some((path, without_file(path, &all)))
    }

    /// Streams a file into `out` and holds it against its RECORD row; returns its SHA-256.
    /// After an error what was written until then must not be used.
    pub(crate) fn copy_to(&self, member: &Member, out: &mut (dyn Write + Send)) -> Result<Sha256Digest, WheelError> {
        let disagrees = |why| WheelError::Record { path: self.path().to_owned(), member: member.name.clone(), why };
        let mut verifier = self.rows.verify(member).map_err(disagrees)?;
        self.archive
            .copy_to(member, &mut verifier.through(out))
            .map_err(|source| WheelError::Member { path: self.path().to_owned(), source })?;
        verifier.finish().map_err(disagrees)
    }

    /// A file of at most `limit` bytes, held against its RECORD row.
    pub(crate) fn read(&self, member: &Member, limit: u64) -> Result<Vec<u8>, WheelError> {
        if member.size > limit {
            let source = MemberError::TooLarge { member: member.name.clone(), size: member.size, limit };
            return Err(WheelError::Member { path: self.path().to_owned(), source });
        }
        let mut bytes = Vec::new();
        self.copy_to(member, &mut bytes)?;
        Ok(bytes)
    }
}

/// A file of the dist-info directory.
fn part<T, E>(archive: &Archive, dist_info: &str, name: &str, parse: fn(&[u8]) -> Result<T, E>) -> Result<T, WheelError>
where
    E: std::error::Error + Send + Sync + 'static,
{
    let (path, member) = (archive.path().to_owned(), format!("{dist_info}/{name}"));
    let Some(found) = archive.find(&member) else { return Err(WheelError::Missing { path, member }) };
    match archive.read(found, MAX_TEXT) {
        Err(source) => Err(WheelError::Member { path, source }),
        Ok(bytes) => parse(&bytes).map_err(|error| WheelError::Text { path, member, source: error.into() }),
    }
}

/// The name and the dist-info directory of a wheel whose framing and paths an installer can take, whatever METADATA, WHEEL
/// and RECORD say.
pub(crate) fn admissible(archive: &Archive) -> Result<(WheelFileName, String), WheelError> {
    archive.trusted()?;
    let path = archive.path().to_owned();
    let file_name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let name: WheelFileName = file_name.parse()?;
    let mut seen = HashSet::new();
    for member in archive.members() {
        let why = if let Some(why) = escapes(&member.name) {
            why.to_string()
        } else if member.is_special() {
            "it is neither a file nor a directory".to_owned()
        } else if !seen.insert(member.name.trim_end_matches('/')) {
            "there are two members of that name".to_owned()
        } else {
            continue;
        };
        return Err(WheelError::Unsafe { path, member: member.name.clone(), why });
    }
    let mut found = info::directories(archive.members().iter().map(|member| member.name.as_str()));
    match (found.pop(), found.len()) {
        (Some(dist_info), 0) => Ok((name, dist_info)),
        (last, others) => Err(WheelError::DistInfo { path, count: others + usize::from(last.is_some()) }),
    }
}
