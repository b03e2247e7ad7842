//! Zip archives: what no reader may be left in doubt about is refused, and every member is unpacked under limits.
//!
//! Names are UTF-8 whether they are marked so or not: Info-ZIP and macOS leave the mark out. In an archive without any `/`
//! backslashes part directories, as Windows PowerShell 5 writes them against APPNOTE 4.4.17.

use std::borrow::Cow;
use std::path::Path;

use super::error::PayloadError;
use super::found::Found;
use super::name;
use super::unpack::{LinkBase, Sink, bomb, limit};
use crate::console::Progress;
use crate::fs::{FsError, Mode};
use crate::wheel::verify::Rows;
use crate::zip::archive::{Archive, ArchiveError, DEFLATED, DefectKind, Limits, Member, MemberError, STORED};

/// Opens the archive at `origin`.
pub(super) fn open(origin: &Path, progress: &Progress) -> Result<Archive, PayloadError> {
    let archive = Archive::open(origin).map_err(|error| opening(origin, error))?;
    let limit = limit(archive.size());
    let archive = archive.with_limits(Limits { member: limit, total: limit, total_ratio: u64::MAX });
    supported(origin, archive.members())?;
    // What is not UTF-8 has no path, which is said then.
    archive
        .trusted_but(&[DefectKind::NameUnmarked, DefectKind::NameEncoding])
        .map_err(|error| opening(origin, error))?;
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
    let is_of_windows = !archive.members().iter().any(|member| member.raw_name.contains(&b'/'));
    for member in archive.members() {
        let name: Cow<'_, [u8]> = match is_of_windows {
            true => member.raw_name.iter().map(|byte| if *byte == b'\\' { b'/' } else { *byte }).collect(),
            false => Cow::Borrowed(&member.raw_name),
        };
        take(origin, archive, member, &name, &mut sink, None)?;
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

/// Takes one member under its name, held against its row of RECORD where there is one to hold it against.
pub(super) fn take(
    origin: &Path,
    archive: &Archive,
    member: &Member,
    called: &[u8],
    sink: &mut Sink<'_>,
    record: Option<&Rows>,
) -> Result<(), PayloadError> {
    if called.ends_with(b"/") {
        return sink.directory(called);
    }
    if member.unix_mode() & 0o170_000 == 0o120_000 {
        let target = archive.read(member, 4096).map_err(|error| reading(origin, error))?;
        return sink.link(called, &target, LinkBase::OwnDirectory);
    }
    if member.is_special() {
        let what = "a device, FIFO or socket";
        return Err(PayloadError::Special { path: origin.to_owned(), member: name::shown(&member.raw_name), what });
    }
    let disagrees = |why| PayloadError::Recorded { path: origin.to_owned(), member: member.name.clone(), why };
    let verifier = record.map(|record| record.verify(member)).transpose().map_err(disagrees)?;
    let mode = if member.unix_mode() & 0o111 != 0 { Mode::Executable } else { Mode::Data };
    let Some((mut file, target)) = sink.file(called, member.size, mode)? else { return Ok(()) };
    let failed = |error| match error {
        MemberError::Write { source, .. } => FsError::write(&target)(source).into(),
        error => reading(origin, error),
    };
    match verifier {
        None => archive.copy_to(member, &mut file).map_err(failed),
        Some(mut verifier) => {
            archive.copy_to(member, &mut verifier.through(file)).map_err(failed)?;
            verifier.finish().map(drop).map_err(disagrees)
        }
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
