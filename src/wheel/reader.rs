//! Opens a wheel that nobody vouches for and hands out its files verified: framing without ambiguity, safe paths, and
//! for every file the digest and size of its RECORD row (PyPA "Binary distribution format", "Recording installed
//! projects"). It stops at the first thing that is wrong; `check` is the step that lists them all.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::filename::{FileNameError, WheelFileName};
use super::metadata::{Metadata, MetadataError};
use super::record::{Hasher, Record, RecordError};
use super::wheel_file::{WheelFile, WheelFileError};
use crate::digest::Sha256Digest;
use crate::error::{Exit, Explain};
use crate::fs::{self, FsError, Mode};
use crate::zip::archive::{Archive, ArchiveError, Member, MemberError};

/// Largest METADATA, WHEEL or RECORD that is read, in bytes.
pub const MAX_TEXT: u64 = 16 << 20;

/// Why a wheel cannot be read or is not to be installed.
#[derive(Debug, thiserror::Error)]
pub enum WheelError {
    /// The archive cannot be opened, or its framing is ambiguous.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// A member cannot be unpacked.
    #[error("`{}` is damaged", path.display())]
    Member {
        /// The wheel.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: MemberError,
    },
    /// The file is not named as wheels are.
    #[error(transparent)]
    FileName(#[from] FileNameError),
    /// A file that every wheel has is not there.
    #[error("`{}` has no `{member}`", path.display())]
    Missing {
        /// The wheel.
        path: PathBuf,
        /// The file.
        member: String,
    },
    /// There is no dist-info directory, or more than one.
    #[error("`{}` has {count} `.dist-info` directories, not one", path.display())]
    DistInfo {
        /// The wheel.
        path: PathBuf,
        /// How many there are.
        count: usize,
    },
    /// METADATA, WHEEL or RECORD cannot be parsed.
    #[error("`{member}` in `{}` cannot be used", path.display())]
    Text {
        /// The wheel.
        path: PathBuf,
        /// The file.
        member: String,
        /// What is wrong.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A member that would not be installed as what it says, or where it says.
    #[error("`{member}` in `{}` must not be unpacked: {why}", path.display())]
    Unsafe {
        /// The wheel.
        path: PathBuf,
        /// The member.
        member: String,
        /// What is wrong with it.
        why: String,
    },
    /// A file and its RECORD row disagree.
    #[error("`{member}` in `{}` is not what RECORD says: {why}", path.display())]
    Record {
        /// The wheel.
        path: PathBuf,
        /// The member.
        member: String,
        /// How they disagree.
        why: String,
    },
    /// An unpacked file cannot be written.
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

/// An open wheel.
#[derive(Debug)]
pub struct Wheel {
    archive: Archive,
    name: WheelFileName,
    dist_info: String,
    metadata: Metadata,
    wheel_file: WheelFile,
    record: Record,
    rows: HashMap<String, usize>,
}

/// A file that was unpacked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpacked {
    /// Its name in the wheel.
    pub member: String,
    /// Where it is, relative to the directory, joined by `/`.
    pub installed: String,
    /// Its mode as an installer sets it.
    pub mode: Mode,
    /// Its digest.
    pub sha256: Sha256Digest,
}

impl Wheel {
    /// Opens a wheel, and reads its METADATA, WHEEL and RECORD.
    ///
    /// # Errors
    /// When it cannot be opened, or is not a wheel that an installer should take.
    pub fn open(path: &Path) -> Result<Self, WheelError> {
        Self::of(Archive::open(path)?)
    }

    /// The wheel in an open archive.
    ///
    /// # Errors
    /// As [`Wheel::open`].
    pub fn of(archive: Archive) -> Result<Self, WheelError> {
        archive.trusted()?;
        let path = archive.path().to_owned();
        let file_name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let name: WheelFileName = file_name.parse()?;
        let mut seen = std::collections::HashSet::new();
        for member in archive.members() {
            let refused =
                |why: &str| WheelError::Unsafe { path: path.clone(), member: member.name.clone(), why: why.to_owned() };
            if let Some(why) = unsafe_path(&member.name) {
                return Err(refused(why));
            }
            if member.is_special() {
                return Err(refused("it is neither a file nor a directory"));
            }
            if !seen.insert(member.name.trim_end_matches('/')) {
                return Err(refused("there are two members of that name"));
            }
        }
        let found = dist_infos(&archive);
        let [dist_info] = found.as_slice() else {
            return Err(WheelError::DistInfo { path, count: found.len() });
        };
        let dist_info = dist_info.clone();
        let text = |name: &str| -> Result<(String, Vec<u8>), WheelError> {
            let member = format!("{dist_info}/{name}");
            let found = archive.find(&member);
            let found = found.ok_or_else(|| WheelError::Missing { path: path.clone(), member: member.clone() })?;
            let bytes = archive.read(found, MAX_TEXT);
            Ok((member, bytes.map_err(|source| WheelError::Member { path: path.clone(), source })?))
        };
        let unusable = |member: String, source: Box<dyn std::error::Error + Send + Sync>| WheelError::Text {
            path: path.clone(),
            member,
            source,
        };
        let (member, bytes) = text("METADATA")?;
        let metadata = Metadata::parse(&bytes).map_err(|error: MetadataError| unusable(member, error.into()))?;
        let (member, bytes) = text("WHEEL")?;
        let wheel_file = WheelFile::parse(&bytes).map_err(|error: WheelFileError| unusable(member, error.into()))?;
        let (member, bytes) = text("RECORD")?;
        let record = Record::parse(&bytes).map_err(|error: RecordError| unusable(member, error.into()))?;
        let rows = record.rows.iter().enumerate().map(|(index, row)| (row.path.clone(), index)).collect();
        Ok(Self { archive, name, dist_info, metadata, wheel_file, record, rows })
    }

    /// The archive.
    #[must_use]
    pub fn archive(&self) -> &Archive {
        &self.archive
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.archive.path()
    }

    /// The parsed file name.
    #[must_use]
    pub fn name(&self) -> &WheelFileName {
        &self.name
    }

    /// The dist-info directory, without a slash.
    #[must_use]
    pub fn dist_info(&self) -> &str {
        &self.dist_info
    }

    /// METADATA.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// WHEEL.
    #[must_use]
    pub fn wheel_file(&self) -> &WheelFile {
        &self.wheel_file
    }

    /// RECORD.
    #[must_use]
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// Every member that is a file, in the archive's order.
    pub fn files(&self) -> impl Iterator<Item = &Member> {
        self.archive.members().iter().filter(|member| !member.is_directory())
    }

    /// The file of that name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Member> {
        self.files().find(|member| member.name == name)
    }

    /// Streams a file into `out` and holds it against its RECORD row; returns its SHA-256.
    ///
    /// # Errors
    /// When the file is damaged or is not what RECORD says; what was written until then must not be used.
    pub fn copy_to(&self, member: &Member, out: &mut (dyn Write + Send)) -> Result<Sha256Digest, WheelError> {
        let disagrees =
            |why: String| WheelError::Record { path: self.path().to_owned(), member: member.name.clone(), why };
        let exempt = is_exempt(&member.name, &self.dist_info);
        let row = self.rows.get(&member.name).map(|index| &self.record.rows[*index]);
        let expected = match row {
            None if exempt => None,
            None => return Err(disagrees("it is not listed".into())),
            Some(row) => row.parsed_digest().map_err(|error| disagrees(error.to_string()))?,
        };
        if expected.is_none() && !exempt {
            return Err(disagrees("its row has no digest".into()));
        }
        if let Some(size) =
            row.map(|row| row.parsed_size()).transpose().map_err(|error| disagrees(error.to_string()))?
            && size.is_some_and(|size| size != member.size)
        {
            return Err(disagrees(format!("it has {} bytes", member.size)));
        }
        let algorithm = expected.as_ref().map_or("sha256", |digest| digest.algorithm.as_str());
        let second = match algorithm {
            "sha256" => None,
            other => Some(Hasher::named(other).ok_or_else(|| disagrees(format!("`{other}` is no digest to rely on")))?),
        };
        let mut tee = Tee { out, sha256: Sha256::new(), second };
        self.archive
            .pipe_to(member, &mut tee)
            .map_err(|source| WheelError::Member { path: self.path().to_owned(), source })?;
        let sha256 = Sha256Digest(tee.sha256.finalize().into());
        let actual = tee.second.map_or_else(|| sha256.0.to_vec(), Hasher::finish);
        if expected.as_ref().is_some_and(|expected| expected.value != actual) {
            return Err(disagrees(format!("its {algorithm} digest is another")));
        }
        Ok(sha256)
    }

    /// A file of at most `limit` bytes, held against its RECORD row.
    ///
    /// # Errors
    /// As [`Wheel::copy_to`], and when the file is larger.
    pub fn read(&self, member: &Member, limit: u64) -> Result<Vec<u8>, WheelError> {
        if member.size > limit {
            let source = MemberError::TooLarge { member: member.name.clone(), size: member.size, limit };
            return Err(WheelError::Member { path: self.path().to_owned(), source });
        }
        let mut bytes = Vec::new();
        self.copy_to(member, &mut bytes)?;
        Ok(bytes)
    }

    /// Unpacks every file into `directory`, which exists, with the modes that pip sets: 0755 where the archive says that
    /// a regular file is executable, and for scripts; else 0644. Files of a `.data` directory go where
    /// `pip install --target` puts them: scripts to `bin/`, headers to `include/`, everything else beside the packages.
    /// Every file is verified against RECORD.
    ///
    /// # Errors
    /// When anything is damaged or unsafe, or a file cannot be written; what is in `directory` must not be used then.
    pub fn unpack(&self, directory: &Path) -> Result<Vec<Unpacked>, WheelError> {
        if let Some((total, limit)) = self.archive.total_bomb() {
            return Err(WheelError::Unsafe {
                path: self.path().to_owned(),
                member: "*".into(),
                why: format!("all members together unpack to {total} bytes, more than {limit}"),
            });
        }
        let mut unpacked = Vec::new();
        for member in self.files() {
            let (installed, script) = self.installed_path(&member.name);
            let path = directory.join(&installed);
            let parent = path.parent().unwrap_or(directory);
            std::fs::create_dir_all(parent).map_err(FsError::write(parent))?;
            let mode = if script || member.is_executable() { Mode::Executable } else { Mode::Data };
            let file = OpenOptions::new().write(true).create_new(true).open(&path).map_err(FsError::write(&path))?;
            let mut out = Named { file, path: &path };
            let sha256 = self.copy_to(member, &mut out)?;
            fs::set_mode(&path, mode)?;
            unpacked.push(Unpacked { member: member.name.clone(), installed, mode, sha256 });
        }
        Ok(unpacked)
    }

    /// Where a member is installed, and whether as a script.
    fn installed_path(&self, name: &str) -> (String, bool) {
        let data = format!("{}.data/", self.name.stem());
        let Some((key, rest)) = name.strip_prefix(&data).and_then(|rest| rest.split_once('/')) else {
            return (name.to_owned(), false);
        };
        match key {
            "scripts" => (format!("bin/{rest}"), true),
            "headers" => (format!("include/{}/{rest}", self.name.distribution), false),
            _ => (rest.to_owned(), false),
        }
    }
}

/// The dist-info directories at the top of an archive, sorted.
#[must_use]
pub fn dist_infos(archive: &Archive) -> Vec<String> {
    let tops = archive.members().iter().filter_map(|member| member.name.split_once('/'));
    let found: std::collections::BTreeSet<_> =
        tops.map(|(top, _)| top).filter(|top| top.ends_with(".dist-info")).map(str::to_owned).collect();
    found.into_iter().collect()
}

/// Whether a member may stand without a digest in RECORD: RECORD itself and its signatures.
#[must_use]
pub fn is_exempt(member: &str, dist_info: &str) -> bool {
    let name = member.strip_prefix(dist_info).and_then(|rest| rest.strip_prefix('/'));
    matches!(name, Some("RECORD" | "RECORD.jws" | "RECORD.p7s"))
}

/// Why a member's path cannot be joined to a directory on every system and stay in it; `None` where it can.
#[must_use]
pub fn unsafe_path(name: &str) -> Option<&'static str> {
    let path = name.strip_suffix('/').unwrap_or(name);
    let drive =
        |first: &str| first.len() >= 2 && first.as_bytes()[1] == b':' && first.as_bytes()[0].is_ascii_alphabetic();
    if path.is_empty() {
        return Some("the path is empty");
    }
    if path.contains('\0') {
        return Some("the path has a NUL character");
    }
    if path.contains('\\') {
        return Some("the path has a backslash");
    }
    if path.starts_with('/') {
        return Some("the path is absolute");
    }
    if drive(path) {
        return Some("the path begins with a drive letter");
    }
    path.split('/').find_map(|part| match part {
        "" => Some("the path has an empty part"),
        "." => Some("the path has a `.` part"),
        ".." => Some("the path has a `..` part"),
        _ => None,
    })
}

/// Hashes what passes through.
struct Tee<'a> {
    out: &'a mut (dyn Write + Send),
    sha256: Sha256,
    second: Option<Hasher>,
}

impl Write for Tee<'_> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.sha256.update(data);
        if let Some(second) = &mut self.second {
            second.update(data);
        }
        self.out.write_all(data)?;
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A file whose path stands in its errors.
struct Named<'a> {
    file: File,
    path: &'a Path,
}

impl Write for Named<'_> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.file.write(data).map_err(|error| io::Error::new(error.kind(), FsError::write(self.path)(error)))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::RecordRow;
    use super::*;
    use std::io::Cursor;

    const NAME: &str = "demo_bin-1.0-py3-none-any.whl";
    const INFO: &str = "demo_bin-1.0.dist-info";

    /// A wheel of these files; RECORD is made for them and passed through `edit`.
    fn wheel(files: &[(&str, &str, u32)], edit: impl Fn(String) -> String) -> Archive {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let metadata = (format!("{INFO}/METADATA"), "Metadata-Version: 2.4\nName: demo-bin\nVersion: 1.0\n");
        let tags = (format!("{INFO}/WHEEL"), "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n");
        let mut all: Vec<(&str, &str, u32)> = files.to_vec();
        all.extend([(metadata.0.as_str(), metadata.1, 0o644), (tags.0.as_str(), tags.1, 0o644)]);
        let mut rows: Vec<_> = all
            .iter()
            .map(|(name, text, _)| RecordRow::new(*name, &Sha256Digest::of(text.as_bytes()), text.len() as u64))
            .collect();
        let record = format!("{INFO}/RECORD");
        rows.push(RecordRow::unhashed(&record));
        let text = edit(Record { rows }.to_string());
        all.push((&record, &text, 0o644));
        for (name, text, mode) in all {
            let options = zip::write::SimpleFileOptions::default().unix_permissions(mode);
            writer.start_file(name, options).unwrap();
            writer.write_all(text.as_bytes()).unwrap();
        }
        Archive::from_bytes(Path::new(NAME), writer.finish().unwrap().into_inner())
    }

    #[test]
    fn a_wheel_is_unpacked_as_an_installer_would() {
        let files = [
            ("demo_bin/__init__.py", "", 0o600),
            ("demo_bin/bin/demo", "text", 0o744),
            ("demo_bin-1.0.data/scripts/run", "#!python\n", 0o644),
            ("demo_bin-1.0.data/headers/demo.h", "", 0o644),
        ];
        let wheel = Wheel::of(wheel(&files, |record| record)).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let unpacked = wheel.unpack(directory.path()).unwrap();
        let placed: Vec<_> = unpacked.iter().map(|file| (file.installed.as_str(), file.mode)).take(4).collect();
        assert_eq!(
            placed,
            [
                ("demo_bin/__init__.py", Mode::Data),
                ("demo_bin/bin/demo", Mode::Executable),
                ("bin/run", Mode::Executable),
                ("include/demo_bin/demo.h", Mode::Data),
            ]
        );
        assert_eq!(std::fs::read(directory.path().join("demo_bin/bin/demo")).unwrap(), b"text");
        assert_eq!(wheel.metadata().name().unwrap().as_str(), "demo-bin");
    }

    #[test]
    fn a_wheel_that_lies_is_not_unpacked() {
        let files = [("demo_bin/__init__.py", "text", 0o644)];
        let good = Sha256Digest::of(b"text").record_form();
        let refused = |edit: &dyn Fn(String) -> String| {
            let wheel = Wheel::of(wheel(&files, edit)).unwrap();
            wheel.unpack(tempfile::tempdir().unwrap().path()).unwrap_err().to_string()
        };
        let other = Sha256Digest::of(b"other").record_form();
        assert!(refused(&|record| record.replace(&good, &other)).contains("digest is another"));
        assert!(refused(&|record| record.replace(&good, "")).contains("no digest"));
        assert!(refused(&|record| record.replace(&good, "md5=abcd")).contains("no digest to rely on"));
        assert!(refused(&|record| record.replace(&format!("{good},4"), &format!("{good},5"))).contains("4 bytes"));
        assert!(refused(&|record| record.replace("__init__.py", "other.py")).contains("not listed"));
    }

    #[test]
    fn a_wheel_that_escapes_is_not_opened() {
        for name in ["../a", "/a", "a/../b", "a\\b", "C:/a", "a//b", "./a", "a\0b"] {
            assert!(unsafe_path(name).is_some(), "{name}");
            let error = Wheel::of(wheel(&[(name, "", 0o644)], |record| record)).map(drop);
            // The writer of the test may itself have made the path safe; then there is nothing to refuse.
            if wheel(&[(name, "", 0o644)], |record| record).members()[0].name == name {
                assert!(matches!(error, Err(WheelError::Unsafe { .. })), "{name}");
            }
        }
        assert_eq!(unsafe_path("a/b.c/.d"), None);
        assert_eq!(unsafe_path("a/"), None);
    }
}
