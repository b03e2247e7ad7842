//! Zip archives and wheels. A wheel gives up the payload of its import package alone, held against RECORD (PyPA
//! "Recording installed projects"); its metadata and Python sources are written anew by the stage.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use super::error::PayloadError;
use super::form::Form;
use super::name::{self, is_python};
use super::package::DESCRIPTOR;
use super::unpack::{Found, LinkBase, Sink, bomb, limit};
use crate::console::Progress;
use crate::fs::FsError;
use crate::wheel::record::{Hasher, RecordRow};
use crate::zip::archive::{Archive, ArchiveError, DEFLATED, Limits, Member, MemberError, STORED};

const MAX_RECORD: u64 = 16 << 20;

/// What an archive gave up.
#[derive(Debug)]
pub(super) struct Unzipped {
    pub form: Form,
    /// The files, without the directory of the import package.
    pub files: Vec<Found>,
    /// The version in the name of the `.dist-info` directory.
    pub wheel_version: Option<String>,
}

/// Unpacks the archive at `origin`.
pub(super) fn unpack(origin: &Path, form: Form, scratch: &Path, progress: &Progress) -> Result<Unzipped, PayloadError> {
    let archive = Archive::open(origin).map_err(|error| opening(origin, error))?;
    let limit = limit(archive.size());
    let archive = archive.with_limits(Limits {
        member: limit,
        total: limit,
        ratio: u64::MAX,
        total_ratio: u64::MAX,
        free: u64::MAX,
    });
    supported(origin, archive.members())?;
    archive.trusted().map_err(|error| opening(origin, error))?;
    let total = archive.members().iter().fold(0_u64, |sum, member| sum.saturating_add(member.size));
    if total > limit {
        return Err(bomb(origin, limit));
    }
    progress.set_length(total);
    let dist_info = archive.members().iter().find_map(|member| {
        let directory = member.name.strip_suffix("/WHEEL")?;
        (directory.ends_with(".dist-info") && !directory.contains('/')).then(|| directory.to_owned())
    });
    match (dist_info, form) {
        (Some(dist_info), _) => unpack_wheel(origin, &archive, &dist_info, scratch, progress),
        (None, Form::Wheel) => Err(PayloadError::Record {
            path: origin.to_owned(),
            member: "*.dist-info/WHEEL".into(),
            why: "is missing: the file is called a wheel and is none",
        }),
        (None, _) => {
            let mut sink = Sink::new(origin, scratch);
            for member in archive.members() {
                take(origin, &archive, member, &mut sink, None)?;
                progress.advance(member.size);
            }
            Ok(Unzipped { form: Form::Zip, files: sink.finish()?, wheel_version: None })
        }
    }
}

/// Refuses what is not read in words of its own, before the archive is judged: it is not damaged.
fn supported(origin: &Path, members: &[Member]) -> Result<(), PayloadError> {
    for member in members {
        if member.is_encrypted() {
            return Err(PayloadError::Encrypted { path: origin.to_owned(), member: name::shown(&member.raw_name) });
        }
        if !matches!(member.method, STORED | DEFLATED) {
            let method = match member.method {
                9 => "Deflate64".to_owned(),
                12 => "bzip2".to_owned(),
                14 => "LZMA".to_owned(),
                93 => "Zstandard".to_owned(),
                95 => "XZ".to_owned(),
                other => format!("method {other}"),
            };
            let member = name::shown(&member.raw_name);
            let what = format!("member `{member}` is compressed by {method}, and only deflate is supported");
            return Err(PayloadError::Unsupported { path: origin.to_owned(), what });
        }
    }
    Ok(())
}

fn unpack_wheel(
    origin: &Path,
    archive: &Archive,
    dist_info: &str,
    scratch: &Path,
    progress: &Progress,
) -> Result<Unzipped, PayloadError> {
    let record = read_record(origin, archive, dist_info)?;
    let package = import_package(origin, archive)?;
    let mut sink = Sink::new(origin, scratch);
    for member in archive.members() {
        let inside = member.name.strip_prefix(&package).and_then(|rest| rest.strip_prefix('/'));
        if inside.is_some_and(|path| !is_python(path)) {
            take(origin, archive, member, &mut sink, Some(&record))?;
        }
        progress.advance(member.size);
    }
    let inside = |file: Found| Some(Found { path: file.path.below(&package)?, ..file });
    let files = sink.finish()?.into_iter().filter_map(inside).collect();
    // `name-version.dist-info`, where neither part holds a hyphen.
    let stem = dist_info.strip_suffix(".dist-info").unwrap_or(dist_info);
    let wheel_version = stem.rsplit_once('-').map(|(_, version)| version.to_owned());
    Ok(Unzipped { form: Form::Wheel, files, wheel_version })
}

/// The top-level directory of the wheel that carries a payload.
fn import_package(origin: &Path, archive: &Archive) -> Result<String, PayloadError> {
    let mut packages: Vec<&str> = Vec::new();
    for member in archive.members() {
        let Some((package, rest)) = member.name.split_once('/') else { continue };
        if package.ends_with(".dist-info") || package.ends_with(".data") {
            continue;
        }
        if (rest == DESCRIPTOR || rest.starts_with("bin/")) && !packages.contains(&package) {
            packages.push(package);
        }
    }
    match packages[..] {
        [package] => Ok(package.to_owned()),
        [] => Err(PayloadError::NoExecutable {
            path: origin.to_owned(),
            expected: format!("an import package with `{DESCRIPTOR}` or `bin/` in it"),
        }),
        _ => Err(PayloadError::SeveralExecutables { path: origin.to_owned(), names: packages.join(", ") }),
    }
}

/// The digests of RECORD, by path.
fn read_record(origin: &Path, archive: &Archive, dist_info: &str) -> Result<BTreeMap<String, String>, PayloadError> {
    let name = format!("{dist_info}/RECORD");
    let refused = |why| PayloadError::Record { path: origin.to_owned(), member: name.clone(), why };
    let member = archive.find(&name).ok_or_else(|| refused("is missing"))?;
    let bytes = archive.read(member, MAX_RECORD).map_err(|error| reading(origin, error))?;
    let mut rows = BTreeMap::new();
    for row in csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes.as_slice()).records() {
        let row = row.map_err(|_| refused("is not a table of comma-separated values"))?;
        if let (Some(path), Some(digest)) = (row.get(0), row.get(1)) {
            rows.insert(path.to_owned(), digest.to_owned());
        }
    }
    Ok(rows)
}

/// Takes one member, held against its row of RECORD where there is one to hold it against.
fn take(
    origin: &Path,
    archive: &Archive,
    member: &Member,
    sink: &mut Sink<'_>,
    record: Option<&BTreeMap<String, String>>,
) -> Result<(), PayloadError> {
    if member.is_directory() {
        return sink.directory(&member.raw_name);
    }
    if member.unix_mode() & 0o170_000 == 0o120_000 {
        let target = archive.read(member, 4096).map_err(|error| reading(origin, error))?;
        return sink.link(&member.raw_name, &target, LinkBase::OwnDirectory);
    }
    if member.is_special() {
        let what = "a device, FIFO or socket";
        return Err(PayloadError::Special { path: origin.to_owned(), member: name::shown(&member.raw_name), what });
    }
    let refused = |why| PayloadError::Record { path: origin.to_owned(), member: member.name.clone(), why };
    let stated = match record {
        Some(record) => Some(stated(record.get(&member.name).ok_or_else(|| refused("is not listed in RECORD"))?)),
        None => None,
    };
    let Some((file, target)) = sink.file(&member.raw_name, member.size)? else { return Ok(()) };
    let (hasher, value) = match stated {
        Some(Some((hasher, value))) => (Some(hasher), value),
        Some(None) => return Err(refused("has no digest in RECORD that is at least as strong as SHA-256")),
        None => (None, Vec::new()),
    };
    let mut hashing = Hashing { file, hasher };
    archive.copy_to(member, &mut hashing).map_err(|error| match error {
        MemberError::Write { source, .. } => FsError::write(&target)(source).into(),
        error => reading(origin, error),
    })?;
    if hashing.hasher.is_some_and(|hasher| hasher.finish() != value) {
        return Err(refused("does not have the digest that RECORD states"));
    }
    Ok(())
}

/// The hasher of a row's algorithm and the digest that the row states; none where it states none to rely on.
fn stated(cell: &str) -> Option<(Hasher, Vec<u8>)> {
    let row = RecordRow { path: String::new(), digest: cell.to_owned(), size: String::new() };
    let digest = row.parsed_digest().ok()??;
    Some((Hasher::named(&digest.algorithm)?, digest.value))
}

/// Hashes what passes through, where that is asked for.
struct Hashing {
    file: File,
    hasher: Option<Hasher>,
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&bytes[..count]);
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn opening(origin: &Path, error: ArchiveError) -> PayloadError {
    match error {
        ArchiveError::Open { path, source } => FsError::Read { path, source }.into(),
        ArchiveError::Framing { message, .. } => {
            PayloadError::Damaged { path: origin.to_owned(), source: message.into() }
        }
    }
}

fn reading(origin: &Path, error: MemberError) -> PayloadError {
    match error {
        MemberError::Encrypted { member } => PayloadError::Encrypted { path: origin.to_owned(), member },
        MemberError::TooLarge { limit, .. } => bomb(origin, limit),
        MemberError::Read { source, .. } => FsError::read(origin)(source).into(),
        error => PayloadError::Damaged { path: origin.to_owned(), source: Box::new(error) },
    }
}
