//! Writes a wheel (PyPA "Binary distribution format"): members sorted, dist-info last, RECORD last of all, every file
//! regular and 0644 or 0755, one time for all, whole or not at all.

use std::fs::File;
use std::io::{self, BufReader, Seek as _, SeekFrom, Write as _};
use std::num::NonZeroUsize;
use std::path::Path;

use super::pipeline::{self, Chunk, Source, SourceError};
use crate::console::Progress;
use crate::digest::Sha256Digest;
use crate::error::{Exit, Explain};
use crate::fs::{FsError, Mode, PendingFile};
use crate::member_path::{self, Unkeepable};
use crate::wheel::filename::WheelFileName;
use crate::wheel::record::{Record, RecordRow};
use crate::wheel::wheel_file::{self, Root};
use crate::zip::deflate::Compression;
use crate::zip::writer::{self as zip, Entry, Method, SourceDate};

/// One file of a wheel.
#[derive(Debug, Clone)]
pub struct Member {
    /// Its path in the archive, joined by `/`; for dist-info files the path below the dist-info directory.
    pub path: String,
    /// Whether it is to be run.
    pub mode: Mode,
    /// Its bytes.
    pub source: Source,
}

/// What a wheel holds beside WHEEL and RECORD, which the writer makes.
#[derive(Debug, Clone)]
pub struct Contents {
    /// The file name.
    pub name: WheelFileName,
    /// Where the members are installed.
    pub root: Root,
    /// The files outside dist-info.
    pub members: Vec<Member>,
    /// METADATA and the other files of the dist-info directory.
    pub dist_info: Vec<Member>,
}

/// How a distribution is written.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How hard to compress.
    pub compression: Compression,
    /// How many threads compress; the bytes are the same for every number.
    pub jobs: NonZeroUsize,
    /// The time of every member.
    pub date: SourceDate,
}

impl Default for Options {
    /// The default preset and date, and a thread for every processor.
    fn default() -> Self {
        let jobs = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Self { compression: Compression::default(), jobs, date: SourceDate::default() }
    }
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Size of the file in bytes.
    pub size: u64,
    /// Digest of the file.
    pub sha256: Sha256Digest,
}

/// A distribution that could not be written; nothing is left under its name.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error(transparent)]
    Output(#[from] FsError),
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Path(#[from] Unkeepable),
}

impl Explain for WriteError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Output(error) => error.hint(),
            Self::Source(SourceError::Changed { .. }) => Some("leave the stage alone until the build is done".into()),
            Self::Source(SourceError::Read { .. }) => Some("check that the stage can be read".into()),
            Self::Path(error) => error.hint(),
            Self::Source(SourceError::Join(_)) => None,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Path(error) => error.exit(),
            Self::Output(_) | Self::Source(_) => Exit::Failed,
        }
    }
}

/// Writes a wheel to `target`. `progress` is advanced by the bytes of the members.
///
/// # Errors
/// When a member cannot be read, its path cannot be kept, or the output cannot be written.
pub fn write(
    target: &Path,
    contents: &Contents,
    options: &Options,
    progress: &Progress,
) -> Result<Written, WriteError> {
    let directory = format!("{}.dist-info", contents.name.stem());
    let mut members = contents.members.clone();
    members.sort_by(|one, other| one.path.cmp(&other.path));
    let mut dist_info = contents.dist_info.clone();
    let wheel = wheel_file::render(contents.root, &contents.name.tags);
    dist_info.push(Member { path: "WHEEL".into(), mode: Mode::Data, source: Source::Bytes(wheel.into_bytes()) });
    for member in &mut dist_info {
        member.path = format!("{directory}/{}", member.path);
    }
    dist_info.sort_by(|one, other| one.path.cmp(&other.path));
    members.append(&mut dist_info);
    member_path::check(members.iter().map(|member| member.path.as_str()))?;

    let mut pending = PendingFile::create(target)?;
    let mut archive =
        Archive { output: Output { file: pending.file(), target, position: 0 }, entries: Vec::new(), options };
    let digests = archive.add(&members, progress)?;
    let mut rows: Vec<_> = members
        .iter()
        .zip(digests)
        .map(|(member, digest)| RecordRow::new(member.path.clone(), &digest, member.source.size()))
        .collect();
    let path = format!("{directory}/RECORD");
    rows.push(RecordRow::unhashed(path.clone()));
    let source = Source::Bytes(Record { rows }.to_string().into_bytes());
    archive.add(&[Member { path, mode: Mode::Data, source }], progress)?;
    archive.finish()?;
    commit(pending, target)
}

/// Hashes a complete file and gives it its name.
pub(crate) fn commit(mut pending: PendingFile, target: &Path) -> Result<Written, WriteError> {
    let file = pending.file();
    file.seek(SeekFrom::Start(0)).map_err(FsError::write(target))?;
    let mut reader = BufReader::with_capacity(1 << 18, file);
    let (sha256, size) = Sha256Digest::of_reader(&mut reader).map_err(FsError::write(target))?;
    pending.commit()?;
    Ok(Written { size, sha256 })
}

/// An archive being written.
struct Archive<'a> {
    output: Output<'a>,
    entries: Vec<Entry>,
    options: &'a Options,
}

impl Archive<'_> {
    /// Writes members in the order given; returns their digests.
    fn add(&mut self, members: &[Member], progress: &Progress) -> Result<Vec<Sha256Digest>, WriteError> {
        let sources: Vec<_> = members.iter().map(|member| &member.source).collect();
        let options = *self.options;
        let mut crc = crc32fast::Hasher::new();
        // The member whose chunks are being written, where it has several.
        let mut open: Option<&Member> = None;
        let digests = pipeline::run(&sources, options.compression, options.jobs, |index, chunk| {
            let member = &members[index];
            if let Some(done) = open.take_if(|open| !std::ptr::eq(*open, member)) {
                self.end(done, std::mem::take(&mut crc).finalize())?;
            }
            progress.advance(chunk.crc.total_len());
            if let Some(method) = chunk.whole {
                return self.whole(member, method, chunk);
            }
            if open.is_none() {
                self.begin(member, options.compression)?;
                open = Some(member);
            }
            crc.combine(&chunk.crc);
            self.output.append(&chunk.bytes)
        })?;
        if let Some(done) = open {
            self.end(done, crc.finalize())?;
        }
        Ok(digests)
    }

    /// Writes a member of one chunk, whose sizes are known before its header is.
    fn whole(&mut self, member: &Member, method: Method, chunk: Chunk) -> Result<(), WriteError> {
        let entry = Entry {
            name: member.path.clone(),
            mode: member.mode,
            method,
            crc: chunk.crc.finalize(),
            size: member.source.size(),
            compressed: chunk.bytes.len() as u64,
            offset: self.output.position,
        };
        let mut bytes = entry.local_header(self.options.date);
        bytes.extend(chunk.bytes);
        self.entries.push(entry);
        self.output.append(&bytes)
    }

    fn begin(&mut self, member: &Member, compression: Compression) -> Result<(), WriteError> {
        let method = match compression {
            Compression::Store => Method::Stored,
            _ => Method::Deflated,
        };
        let entry = Entry {
            name: member.path.clone(),
            mode: member.mode,
            method,
            crc: 0,
            size: member.source.size(),
            compressed: 0,
            offset: self.output.position,
        };
        // Written again with the sizes; until then it keeps the place.
        self.output.append(&entry.local_header(self.options.date))?;
        self.entries.push(entry);
        Ok(())
    }

    fn end(&mut self, member: &Member, crc: u32) -> Result<(), WriteError> {
        // invariant: `begin` pushed the entry.
        let Some(mut entry) = self.entries.pop() else { return Ok(()) };
        let start = entry.offset + entry.local_header(self.options.date).len() as u64;
        entry.crc = crc;
        entry.compressed = self.output.position - start;
        if entry.method == Method::Deflated && entry.compressed >= entry.size {
            // Deflate gained nothing. Storing also keeps compressed sizes below uncompressed ones, on which the choice
            // of zip64 before the data rests.
            self.output.cut(start)?;
            entry.method = Method::Stored;
            entry.compressed = entry.size;
            let mut stored_crc = crc32fast::Hasher::new();
            pipeline::run(&[&member.source], Compression::Store, NonZeroUsize::MIN, |_, chunk| {
                stored_crc.combine(&chunk.crc);
                self.output.append(&chunk.bytes)
            })?;
            if let (Source::File { path, .. }, true) = (&member.source, stored_crc.finalize() != crc) {
                return Err(SourceError::Changed { path: path.clone() }.into());
            }
        }
        self.output.overwrite(entry.offset, &entry.local_header(self.options.date))?;
        self.entries.push(entry);
        Ok(())
    }

    fn finish(mut self) -> Result<(), WriteError> {
        let offset = self.output.position;
        let date = self.options.date;
        let directory: Vec<_> = self.entries.iter().flat_map(|entry| entry.central_header(date)).collect();
        self.output.append(&directory)?;
        self.output.append(&zip::end(self.entries.len() as u64, offset, directory.len() as u64))
    }
}

/// The archive's file and where the next byte goes.
struct Output<'a> {
    file: &'a mut File,
    target: &'a Path,
    position: u64,
}

impl Output<'_> {
    fn append(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        self.file.write_all(bytes).map_err(FsError::write(self.target))?;
        self.position += bytes.len() as u64;
        Ok(())
    }

    fn overwrite(&mut self, position: u64, bytes: &[u8]) -> Result<(), WriteError> {
        let write = |file: &mut File| -> io::Result<()> {
            file.seek(SeekFrom::Start(position))?;
            file.write_all(bytes)?;
            file.seek(SeekFrom::Start(self.position))?;
            Ok(())
        };
        Ok(write(self.file).map_err(FsError::write(self.target))?)
    }

    /// Forgets everything after `position`.
    fn cut(&mut self, position: u64) -> Result<(), WriteError> {
        self.file.set_len(position).map_err(FsError::write(self.target))?;
        self.file.seek(SeekFrom::Start(position)).map_err(FsError::write(self.target))?;
        self.position = position;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn member(path: &str, bytes: &[u8], mode: Mode) -> Member {
        Member { path: path.into(), mode, source: Source::Bytes(bytes.to_vec()) }
    }

    fn contents() -> Contents {
        let noise: Vec<u8> = (0..150_u8).flat_map(|number| Sha256Digest::of(&[number]).0).collect();
        Contents {
            name: "demo-1.0-py3-none-manylinux_2_17_x86_64.musllinux_1_1_x86_64.whl".parse().unwrap(),
            root: Root::Platlib,
            members: vec![
                member("demo/z.bin", &noise, Mode::Data),
                member("demo/bin/demo", &b"program ".repeat(150_000), Mode::Executable),
                member("demo/__init__.py", b"", Mode::Data),
            ],
            dist_info: vec![
                member("METADATA", b"Metadata-Version: 2.4\n", Mode::Data),
                member("licenses/LICENSE", b"text", Mode::Data),
            ],
        }
    }

    fn options(compression: Compression, jobs: usize) -> Options {
        Options { compression, jobs: NonZeroUsize::new(jobs).unwrap(), date: SourceDate::DEFAULT }
    }

    #[test]
    fn the_archive_is_in_the_specified_form() {
        let directory = tempfile::tempdir().unwrap();
        let contents = contents();
        let path = directory.path().join(contents.name.to_string());
        let written = write(&path, &contents, &options(Compression::Default, 2), &Progress::hidden()).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!((written.size, written.sha256), (bytes.len() as u64, Sha256Digest::of(&bytes)));
        let mut archive = ::zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
        let mut found = Vec::new();
        for index in 0..archive.len() {
            let mut file = archive.by_index(index).unwrap();
            let mut data = Vec::new();
            file.read_to_end(&mut data).unwrap();
            assert_eq!(file.extra_data().as_deref().map_or(0, <[u8]>::len), 0);
            found.push((
                file.name().unwrap().into_owned(),
                file.unix_mode().unwrap(),
                file.compression().to_string(),
                data,
            ));
        }
        let shape: Vec<_> =
            found.iter().map(|(name, mode, method, _)| (name.as_str(), *mode, method.as_str())).collect();
        assert_eq!(
            shape,
            [
                ("demo/__init__.py", 0o100_644, "Stored"),
                ("demo/bin/demo", 0o100_755, "Deflated"),
                ("demo/z.bin", 0o100_644, "Stored"),
                ("demo-1.0.dist-info/METADATA", 0o100_644, "Stored"),
                ("demo-1.0.dist-info/WHEEL", 0o100_644, "Deflated"),
                ("demo-1.0.dist-info/licenses/LICENSE", 0o100_644, "Stored"),
                ("demo-1.0.dist-info/RECORD", 0o100_644, "Deflated"),
            ]
        );
        let record = Record::parse(&found[6].3).unwrap();
        assert_eq!(record.rows.len(), found.len());
        for (row, (name, _, _, data)) in record.rows.iter().zip(&found).take(6) {
            assert_eq!(*row, RecordRow::new(name.clone(), &Sha256Digest::of(data), data.len() as u64));
        }
        assert_eq!(record.rows[6], RecordRow::unhashed("demo-1.0.dist-info/RECORD"));
    }

    #[test]
    fn the_bytes_are_the_same_for_every_number_of_threads() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("demo.whl");
        for compression in [Compression::Store, Compression::Fast, Compression::Default, Compression::Best] {
            let digests = [1, 2, 7].map(|jobs| {
                write(&path, &contents(), &options(compression, jobs), &Progress::hidden()).unwrap().sha256
            });
            assert!(digests[0] == digests[1] && digests[1] == digests[2], "{compression:?}");
        }
    }

    #[test]
    fn a_failed_write_leaves_what_was_there() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("demo.whl");
        std::fs::write(&path, b"before").unwrap();
        let mut contents = contents();
        let missing = Source::File { path: directory.path().join("missing"), size: 9 };
        contents.members.push(Member { path: "demo/zz".into(), mode: Mode::Data, source: missing });
        assert!(write(&path, &contents, &options(Compression::Default, 2), &Progress::hidden()).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"before");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn paths_that_installers_would_not_take_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        for path in ["../a", "/a", "a//b", "a/./b", "a\\b", "c:a", "a\nb", "demo/z.bin", "demo/Z.bin", "a?", ""] {
            let mut contents = contents();
            contents.members.push(member(path, b"", Mode::Data));
            let target = directory.path().join("demo.whl");
            let refused = write(&target, &contents, &Options::default(), &Progress::hidden());
            assert!(matches!(refused, Err(WriteError::Path(_))), "{path:?}");
            assert!(!target.exists());
        }
    }
}
