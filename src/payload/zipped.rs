//! Zip archives: what no reader may be left in doubt about is refused, and every member is unpacked under limits.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use super::error::PayloadError;
use super::found::Found;
use super::name;
use super::unpack::{LinkBase, Sink, bomb, limit};
use crate::console::Progress;
use crate::fs::{FsError, Mode};
use crate::wheel::record::{Hasher, RecordRow};
use crate::zip::archive::{Archive, ArchiveError, DEFLATED, Limits, Member, MemberError, STORED};

/// Opens the archive at `origin`.
pub(super) fn open(origin: &Path, progress: &Progress) -> Result<Archive, PayloadError> {
    let archive = Archive::open(origin).map_err(|error| opening(origin, error))?;
    let limit = limit(archive.size());
    let archive = archive.with_limits(Limits { member: limit, total: limit, total_ratio: u64::MAX });
    supported(origin, archive.members())?;
    archive.trusted().map_err(|error| opening(origin, error))?;
    let total = archive.members().iter().fold(0_u64, |sum, member| sum.saturating_add(member.size));
    if total > limit {
        return Err(bomb(origin, limit));
    }
    progress.set_length(total);
    Ok(archive)
}

/// Unpacks every member.
pub(super) fn unpack(
    origin: &Path,
    archive: &Archive,
    scratch: &Path,
    progress: &Progress,
) -> Result<Vec<Found>, PayloadError> {
    let mut sink = Sink::new(origin, scratch, limit(archive.size()));
    for member in archive.members() {
        take(origin, archive, member, &mut sink, None)?;
        progress.advance(member.size);
    }
    sink.finish()
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

/// Takes one member, held against its row of RECORD where there is one to hold it against.
pub(super) fn take(
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
    let mode = if member.unix_mode() & 0o111 != 0 { Mode::Executable } else { Mode::Data };
    let Some((file, target)) = sink.file(&member.raw_name, member.size, mode)? else { return Ok(()) };
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

pub(super) fn reading(origin: &Path, error: MemberError) -> PayloadError {
    match error {
        MemberError::Encrypted { member } => PayloadError::Encrypted { path: origin.to_owned(), member },
        MemberError::TooLarge { limit, .. } => bomb(origin, limit),
        MemberError::Read { source, .. } => FsError::read(origin)(source).into(),
        error => PayloadError::Damaged { path: origin.to_owned(), source: Box::new(error) },
    }
}
