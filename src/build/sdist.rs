//! Writes a source distribution (PyPA "Source distribution format", PEP 625): a gzipped tar whose bytes depend on its
//! content and date alone, whole or not at all.

use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

use flate2::GzBuilder;

use super::output::{Options, WriteError, Written, commit};
use super::source::{Member, MemberSource, SourceError};
use crate::console::Progress;
use crate::fs::{FsError, PendingFile, open_regular};
use crate::member_path::{self, Reach};
use crate::wheel::filename::SdistFileName;
use crate::zip::deflate::Compression;

/// Writes the members, sorted, below the `NAME-VERSION` directory. `progress` is advanced by their bytes.
pub(crate) fn write(
    target: &Path,
    name: &SdistFileName,
    members: &[Member],
    options: &Options,
    progress: &Progress,
) -> Result<Written, WriteError> {
    member_path::check(members.iter().map(|member| member.path.as_str()), Reach::Windows)?;
    let mut members: Vec<_> = members.iter().collect();
    members.sort_by(|one, other| one.path.cmp(&other.path));
    let mut pending = PendingFile::create(target)?;
    let level = match options.compression {
        Compression::Store => 0,
        Compression::Fast => 1,
        Compression::Default => 6,
        Compression::Best => 9,
    };
    // The header's time has 32 bits; 255 is "unknown" for the operating system, which must not show.
    let time = u32::try_from(options.date.seconds()).unwrap_or(u32::MAX);
    let gzip = GzBuilder::new().mtime(time).operating_system(255);
    let gzip = gzip.write(BufWriter::new(pending.file()), flate2::Compression::new(level));
    let mut archive = tar::Builder::new(gzip);
    for member in members {
        append(&mut archive, name, member, options, target)?;
        progress.advance(member.source.size());
    }
    let finish = |archive: tar::Builder<_>| -> io::Result<()> {
        let gzip: flate2::write::GzEncoder<BufWriter<_>> = archive.into_inner()?;
        gzip.finish()?.flush()
    };
    finish(archive).map_err(FsError::write(target))?;
    commit(pending, target, options.digest)
}

fn append<W: Write>(
    archive: &mut tar::Builder<W>,
    name: &SdistFileName,
    member: &Member,
    options: &Options,
    target: &Path,
) -> Result<(), WriteError> {
    let path = format!("{}/{}", name.stem(), member.path);
    let mut header = tar::Header::new_ustar();
    header.set_size(member.source.size());
    header.set_mode(member.mode.bits());
    header.set_mtime(options.date.seconds());
    header.set_uid(0);
    header.set_gid(0);
    header.set_entry_type(tar::EntryType::Regular);
    if header.set_path(&path).is_err() {
        // A path beyond what the header holds stands in a pax record before it (POSIX.1-2001).
        archive.append_pax_extensions([("path", path.as_bytes())]).map_err(FsError::write(target))?;
        header.set_path(name.stem()).map_err(FsError::write(target))?;
    }
    header.set_cksum();
    let appended = match &member.source {
        MemberSource::Bytes(bytes) => archive.append(&header, bytes.as_slice()),
        MemberSource::File { path, size } => {
            let open = open_regular(path);
            let file = open.map_err(|source| SourceError::Read { path: path.clone(), source })?;
            let mut data = Counted { inner: file.take(size + 1), count: 0, failed: None };
            let appended = archive.append(&header, &mut data);
            if let Some(source) = data.failed {
                return Err(SourceError::Read { path: path.clone(), source }.into());
            }
            if data.count != *size {
                return Err(SourceError::Changed { path: path.clone() }.into());
            }
            appended
        }
    };
    Ok(appended.map_err(FsError::write(target))?)
}

/// Tells a failed or short read of a member from a failed write of the archive.
struct Counted<R> {
    inner: R,
    count: u64,
    failed: Option<io::Error>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.inner.read(buffer) {
            Ok(count) => {
                self.count += count as u64;
                Ok(count)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                let kind = error.kind();
                self.failed = Some(error);
                Err(kind.into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::Mode;
    use std::num::NonZeroUsize;

    fn member(path: &str, bytes: &[u8]) -> Member {
        Member { path: path.into(), mode: Mode::Data, source: MemberSource::Bytes(bytes.to_vec()) }
    }

    #[test]
    fn the_archive_is_sorted_and_its_own_only() {
        let directory = tempfile::tempdir().unwrap();
        let name: SdistFileName = "demo-1.0.tar.gz".parse().unwrap();
        let long = format!("src/{}.py", "long/".repeat(60) + "name");
        let members =
            [member("src/demo/__init__.py", b"x = 1\n"), member("PKG-INFO", b"Name: demo\n"), member(&long, b"")];
        let options = Options { jobs: NonZeroUsize::MIN, ..Options::default() };
        let path = directory.path().join(name.to_string());
        let first = write(&path, &name, &members, &options, &Progress::hidden()).unwrap();
        let mut reversed = members.clone();
        reversed.reverse();
        assert_eq!(write(&path, &name, &reversed, &options, &Progress::hidden()).unwrap(), first);
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(bytes[3..10], [0, 0x00, 0xa6, 0xce, 0x12, 0, 255], "no name, 1980-01-01, unknown system");
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
        let mut found = Vec::new();
        for entry in archive.entries().unwrap() {
            let entry = entry.unwrap();
            let header = entry.header();
            assert_eq!(
                (header.mode().unwrap(), header.mtime().unwrap(), header.uid().unwrap()),
                (0o644, 315_532_800, 0)
            );
            found.push(entry.path().unwrap().to_string_lossy().into_owned());
        }
        assert_eq!(
            found,
            ["demo-1.0/PKG-INFO".into(), "demo-1.0/src/demo/__init__.py".into(), format!("demo-1.0/{long}")]
        );
    }

    #[test]
    fn a_file_of_another_size_leaves_no_archive() {
        let directory = tempfile::tempdir().unwrap();
        let source = directory.path().join("a.py");
        std::fs::write(&source, b"four").unwrap();
        let name: SdistFileName = "demo-1.0.tar.gz".parse().unwrap();
        for size in [3, 5] {
            let member = Member {
                path: "a.py".into(),
                mode: Mode::Data,
                source: MemberSource::File { path: source.clone(), size },
            };
            let found =
                write(&directory.path().join("d.tar.gz"), &name, &[member], &Options::default(), &Progress::hidden());
            assert!(matches!(found, Err(WriteError::Source(SourceError::Changed { .. }))), "{size}");
        }
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
