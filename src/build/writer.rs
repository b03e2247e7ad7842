//! Writes a wheel (PyPA "Binary distribution format"): members sorted, dist-info last, RECORD last of all, every file
//! regular and 0644 or 0755, one time for all, whole or not at all.

use std::path::Path;

use super::container::Archive;
use super::output::commit;
use super::source::MemberSource;
use crate::console::Progress;
use crate::fs::{Mode, PendingFile};
use crate::member_path;
use crate::wheel::filename::WheelFileName;
use crate::wheel::info;
use crate::wheel::record::{Record, RecordRow};
use crate::wheel::wheel_file::{self, Root};

pub use super::output::Options;
pub(crate) use super::output::{WriteError, Written};
pub(crate) use super::source::Member;

/// What a wheel holds beside WHEEL and RECORD, which the writer makes.
#[derive(Debug, Clone)]
pub(crate) struct Contents {
    pub(crate) name: WheelFileName,
    /// Where the members are installed.
    pub(crate) root: Root,
    /// The files outside dist-info.
    pub(crate) members: Vec<Member>,
    /// METADATA and the other files of the dist-info directory.
    pub(crate) dist_info: Vec<Member>,
}

/// Writes a wheel to `target`. `progress` is advanced by the bytes of the members.
pub(crate) fn write(
    target: &Path,
    contents: &Contents,
    options: &Options,
    progress: &Progress,
) -> Result<Written, WriteError> {
    let directory = info::directory(&contents.name.stem());
    let mut members = contents.members.clone();
    members.sort_by(|one, other| one.path.cmp(&other.path));
    let mut dist_info = contents.dist_info.clone();
    let wheel = wheel_file::render(contents.root, &contents.name.tags);
    dist_info.push(Member { path: "WHEEL".into(), mode: Mode::Data, source: MemberSource::Bytes(wheel.into_bytes()) });
    for member in &mut dist_info {
        member.path = format!("{directory}/{}", member.path);
    }
    dist_info.sort_by(|one, other| one.path.cmp(&other.path));
    members.append(&mut dist_info);
    member_path::check(members.iter().map(|member| member.path.as_str()), contents.name.tags.reach())?;

    let mut pending = PendingFile::create(target)?;
    let mut archive = Archive::new(pending.file(), target, options);
    let digests = archive.add(&members, progress)?;
    let mut rows: Vec<_> = members
        .iter()
        .zip(digests)
        .map(|(member, digest)| RecordRow::new(member.path.clone(), &digest, member.source.size()))
        .collect();
    let path = format!("{directory}/RECORD");
    rows.push(RecordRow::unhashed(path.clone()));
    let source = MemberSource::Bytes(Record { rows }.to_string().into_bytes());
    archive.add(&[Member { path, mode: Mode::Data, source }], progress)?;
    archive.finish()?;
    commit(pending, target, options.digest)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::num::NonZeroUsize;

    use super::*;
    use crate::digest::Sha256Digest;
    use crate::zip::deflate::Compression;

    fn member(path: &str, bytes: &[u8], mode: Mode) -> Member {
        Member { path: path.into(), mode, source: MemberSource::Bytes(bytes.to_vec()) }
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
        Options { compression, jobs: NonZeroUsize::new(jobs).unwrap(), ..Options::default() }
    }

    #[test]
    fn the_archive_is_in_the_specified_form() {
        let directory = tempfile::tempdir().unwrap();
        let contents = contents();
        let path = directory.path().join(contents.name.to_string());
        let written = write(&path, &contents, &options(Compression::Default, 2), &Progress::hidden()).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!((written.size, written.sha256), (bytes.len() as u64, Some(Sha256Digest::of(&bytes))));
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
        let missing = MemberSource::File { path: directory.path().join("missing"), size: 9 };
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
