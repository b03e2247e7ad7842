//! Tar archives (POSIX ustar and pax, GNU long names), read member by member. The reader is written out because the names,
//! links and sizes of an untrusted archive are judged before anything happens.

use std::io::{self, Read};
use std::path::Path;

use tar::{EntryType, Header};

use super::error::PayloadError;
use super::found::Found;
use super::name;
use super::unpack::{LinkBase, Sink, copy_exactly, reading};
use crate::fs::Mode;

const BLOCK: usize = 512;
const MAX_EXTENSION: u64 = 64 << 10;

/// What an extension header says of the next member.
#[derive(Debug, Default)]
struct Extension {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    sparse: bool,
}

/// Whether a file that begins with these bytes is an archive. One without members begins with zeros.
pub(super) fn is_tar(head: &[u8]) -> bool {
    head.get(..BLOCK).is_some_and(|block| block.iter().all(|byte| *byte == 0) || checksum_holds(block))
}

/// Unpacks every member, to at most `limit` bytes.
pub(super) fn unpack(
    origin: &Path,
    mut reader: impl Read,
    limit: u64,
    scratch: &Path,
) -> Result<Vec<Found>, PayloadError> {
    let mut sink = Sink::new(origin, scratch, limit);
    let mut extension = Extension::default();
    while let Some(header) = next_header(origin, &mut reader)? {
        let size = header.entry_size().map_err(|error| damaged(origin, error))?;
        let size = extension.size.unwrap_or(size);
        match header.entry_type() {
            EntryType::XHeader => {
                let bytes = extension_bytes(origin, &mut reader, size)?;
                read_pax(origin, &bytes, &mut extension)?;
                continue;
            }
            EntryType::GNULongName => {
                extension.path = Some(long_name(origin, &mut reader, size)?);
                continue;
            }
            EntryType::GNULongLink => {
                extension.link = Some(long_name(origin, &mut reader, size)?);
                continue;
            }
            EntryType::XGlobalHeader => {
                skip(origin, &mut reader, size.saturating_add(padding(size)))?;
                continue;
            }
            _ => {}
        }
        let extension = std::mem::take(&mut extension);
        let path = extension.path.unwrap_or_else(|| header.path_bytes().into_owned());
        let special = |what| Err(PayloadError::Special { path: origin.to_owned(), member: name::shown(&path), what });
        let link = || extension.link.clone().or_else(|| header.link_name_bytes().map(Into::into)).unwrap_or_default();
        match header.entry_type() {
            _ if extension.sparse => return special("a sparse file, which no payload needs to be"),
            // Archives older than POSIX mark a directory by the slash alone.
            EntryType::Regular if path.ends_with(b"/") => sink.directory(&path)?,
            EntryType::Regular | EntryType::Continuous => {
                let run = header.mode().is_ok_and(|bits| bits & 0o111 != 0);
                let mode = if run { Mode::Executable } else { Mode::Data };
                match sink.file(&path, size, mode)? {
                    Some((mut file, target)) => copy_exactly(origin, &mut reader, &mut file, &target, size)?,
                    None => skip(origin, &mut reader, size)?,
                }
                skip(origin, &mut reader, padding(size))?;
                continue;
            }
            EntryType::Directory => sink.directory(&path)?,
            EntryType::Symlink => sink.link(&path, &link(), LinkBase::OwnDirectory)?,
            EntryType::Link => sink.link(&path, &link(), LinkBase::Root)?,
            EntryType::GNUSparse => return special("a sparse file, which no payload needs to be"),
            EntryType::Char | EntryType::Block => return special("a device"),
            EntryType::Fifo => return special("a FIFO"),
            _ => return special("of a kind that no payload holds"),
        }
        // Only regular files have bytes; a header of another kind that states some is followed by them all the same.
        skip(origin, &mut reader, size.saturating_add(padding(size)))?;
    }
    // The compression's own checksum stands at the end.
    io::copy(&mut reader, &mut io::sink()).map_err(|error| reading(origin, error))?;
    sink.finish()
}

/// The next header; `None` at the end of the archive.
fn next_header(origin: &Path, reader: &mut impl Read) -> Result<Option<Header>, PayloadError> {
    let mut header = Header::new_old();
    let mut filled = 0;
    while filled < BLOCK {
        match reader.read(&mut header.as_mut_bytes()[filled..]) {
            Ok(0) if filled == 0 => return Ok(None),
            Ok(0) => return Err(damaged(origin, io::ErrorKind::UnexpectedEof.into())),
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(reading(origin, error)),
        }
    }
    if header.as_bytes().iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    if !checksum_holds(header.as_bytes()) {
        return Err(damaged(origin, io::Error::other("the checksum of a tar header is wrong")));
    }
    Ok(Some(header))
}

fn checksum_holds(block: &[u8]) -> bool {
    let stated = Header::from_byte_slice(block).cksum();
    let sum: u32 =
        block.iter().enumerate().map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u32::from(*byte) }).sum();
    stated.is_ok_and(|stated| stated == sum)
}

fn padding(size: u64) -> u64 {
    (BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64
}

fn skip(origin: &Path, reader: &mut impl Read, count: u64) -> Result<(), PayloadError> {
    let skipped = io::copy(&mut reader.take(count), &mut io::sink()).map_err(|error| reading(origin, error))?;
    if skipped < count {
        return Err(damaged(origin, io::ErrorKind::UnexpectedEof.into()));
    }
    Ok(())
}

fn extension_bytes(origin: &Path, reader: &mut impl Read, size: u64) -> Result<Vec<u8>, PayloadError> {
    if size > MAX_EXTENSION {
        return Err(damaged(origin, io::Error::other("a header extension is longer than 64 KiB")));
    }
    let mut bytes = vec![0; size as usize];
    reader.read_exact(&mut bytes).map_err(|error| reading(origin, error))?;
    skip(origin, reader, padding(size))?;
    Ok(bytes)
}

fn long_name(origin: &Path, reader: &mut impl Read, size: u64) -> Result<Vec<u8>, PayloadError> {
    let mut bytes = extension_bytes(origin, reader, size)?;
    if bytes.last() == Some(&0) {
        bytes.pop();
    }
    Ok(bytes)
}

fn read_pax(origin: &Path, bytes: &[u8], extension: &mut Extension) -> Result<(), PayloadError> {
    for record in tar::PaxExtensions::new(bytes) {
        let record = record.map_err(|error| damaged(origin, error))?;
        match record.key_bytes() {
            b"path" => extension.path = Some(record.value_bytes().to_vec()),
            b"linkpath" => extension.link = Some(record.value_bytes().to_vec()),
            b"size" => {
                let size = record.value().ok().and_then(|size| size.parse().ok());
                let wrong = || damaged(origin, io::Error::other("the size in a pax header is no number"));
                extension.size = Some(size.ok_or_else(wrong)?);
            }
            key if key.starts_with(b"GNU.sparse.") => extension.sparse = true,
            _ => {}
        }
    }
    Ok(())
}

fn damaged(origin: &Path, error: io::Error) -> PayloadError {
    PayloadError::Damaged { path: origin.to_owned(), source: Box::new(error) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &[u8]) -> Result<Vec<Found>, PayloadError> {
        let scratch = tempfile::tempdir().unwrap();
        unpack(Path::new("x.tar.gz"), bytes, u64::MAX, scratch.path())
    }

    /// One member, and then whatever `rest` is.
    fn archive(name: &str, kind: EntryType, data: &[u8], rest: &[u8]) -> Vec<u8> {
        let mut header = Header::new_ustar();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(kind);
        header.set_size(data.len() as u64);
        header.set_cksum();
        let mut bytes = [header.as_bytes().as_slice(), data].concat();
        bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
        [&bytes, rest].concat()
    }

    #[test]
    fn names_longer_than_a_header_are_read() {
        let long = format!("{}/codex", "a".repeat(150));
        let end = archive("short", EntryType::Regular, b"x", &[0; 1024]);
        let gnu = archive("././@LongLink", EntryType::GNULongName, format!("{long}\0").as_bytes(), &end);
        let record = format!(" path={long}\n");
        let record = format!("{}{record}", record.len() + 3);
        let pax = archive("pax", EntryType::XHeader, record.as_bytes(), &end);
        for bytes in [gnu, pax] {
            let found = read(&bytes).unwrap();
            assert_eq!(found.iter().map(|file| &*file.path).collect::<Vec<_>>(), [long.as_str()]);
        }
    }

    #[test]
    fn a_pax_size_overrides_the_header_and_a_global_header_is_skipped() {
        let end = archive("codex", EntryType::Regular, b"xyz", &[0; 1024]);
        let sized = archive("pax", EntryType::XHeader, b"10 size=2\n", &end);
        let commented = archive("pax_global_header", EntryType::XGlobalHeader, b"13 comment=x\n", &sized);
        assert_eq!(read(&commented).unwrap()[0].size, 2);
    }

    #[test]
    fn an_extension_without_an_end_is_refused() {
        let mut header = Header::new_ustar();
        header.set_entry_type(EntryType::GNULongName);
        header.set_size(1 << 40);
        header.set_cksum();
        assert!(matches!(read(header.as_bytes()), Err(PayloadError::Damaged { .. })));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

        #[test]
        fn any_bytes_are_answered(name in "[a-z./]{1,20}", kind: u8, data: Vec<u8>, rest: Vec<u8>, cut in 0..3000_usize) {
            let mut bytes = archive(&name, EntryType::new(kind), &data, &rest);
            bytes.truncate(cut.max(BLOCK));
            let _ = read(&bytes);
            let _ = read(&rest);
        }
    }
}
