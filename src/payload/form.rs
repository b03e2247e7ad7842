//! What a file is, told by its first bytes and never by its name: executables (ELF, Mach-O, PE), scripts, gzip
//! (RFC 1952), Zstandard (RFC 8878) and ZIP (APPNOTE) archives.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::PayloadError;
use crate::fs::FsError;

/// The form in which a payload is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One executable.
    Executable,
    /// A package directory, or one that holds a lone executable.
    Directory,
    /// A gzip-compressed tar archive.
    TarGz,
    /// A Zstandard-compressed tar archive.
    TarZst,
    /// A zip archive.
    Zip,
    /// A published runtime wheel.
    Wheel,
}

/// What the first bytes of a file say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// ELF or Mach-O.
    Native,
    /// PE.
    Windows,
    /// A `#!` line.
    Script,
    Gzip,
    Zstandard,
    Zip,
    Text,
    Data,
}

impl Content {
    /// How many bytes are looked at.
    const HEAD: usize = 512;

    /// What a file that begins with `head` is.
    pub(super) fn of(head: &[u8]) -> Self {
        match head {
            [0x7f, b'E', b'L', b'F', ..] => Self::Native,
            // Thin Mach-O, 32 and 64 bit, both byte orders.
            [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..] | [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..] => Self::Native,
            // A fat Mach-O begins as a Java class does; the number of slices is small, a class version is not.
            [0xca, 0xfe, 0xba, 0xbe | 0xbf, 0, 0, 0, 1..=30, ..] => Self::Native,
            [b'M', b'Z', ..] => Self::Windows,
            [b'#', b'!', ..] => Self::Script,
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstandard,
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Self::Zip,
            _ => {
                let text = head.iter().all(|byte| !matches!(byte, 0..=8 | 14..=26 | 28..=31 | 127));
                if text { Self::Text } else { Self::Data }
            }
        }
    }

    /// Whether the file is meant to be run by name.
    pub(super) fn is_executable(self) -> bool {
        matches!(self, Self::Native | Self::Windows | Self::Script)
    }

    /// Whether the file is machine code in a container that a loader reads.
    pub(super) fn is_binary(self) -> bool {
        matches!(self, Self::Native | Self::Windows)
    }

    /// Looks at the file at `path`.
    pub(super) fn of_file(path: &Path) -> Result<Self, FsError> {
        let mut file = File::open(path).map_err(FsError::read(path))?;
        Ok(Self::of(&head(&mut file, Self::HEAD).map_err(FsError::read(path))?))
    }
}

/// The form of a payload that is a file. Zip archives are told from wheels when their members are listed.
pub(super) fn of_file(path: &Path, mut file: &File) -> Result<Form, PayloadError> {
    let head = head(&mut file, Content::HEAD).map_err(FsError::read(path))?;
    io::Seek::rewind(&mut file).map_err(FsError::read(path))?;
    if head.is_empty() {
        return Err(PayloadError::Empty { path: path.to_owned() });
    }
    let what = match Content::of(&head) {
        Content::Native | Content::Windows => return Ok(Form::Executable),
        Content::Gzip => return Ok(Form::TarGz),
        Content::Zstandard => return Ok(Form::TarZst),
        Content::Zip => {
            let wheel = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("whl"));
            return Ok(if wheel { Form::Wheel } else { Form::Zip });
        }
        Content::Script => "a script",
        Content::Text => "a text file",
        Content::Data if head.get(257..262) == Some(b"ustar") => "an uncompressed tar archive",
        Content::Data if head.starts_with(b"\xfd7zXZ") => "an xz-compressed file",
        Content::Data if head.starts_with(b"!<arch>") => "an object archive",
        Content::Data => "data of an unknown kind",
    };
    Err(PayloadError::NotExecutable { path: path.to_owned(), what })
}

/// Up to `count` bytes from the start.
pub(super) fn head(reader: &mut impl Read, count: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(count);
    reader.take(count as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_told_by_the_first_bytes() {
        for (head, content) in [
            (&b"\x7fELF\x02\x01"[..], Content::Native),
            (b"\xcf\xfa\xed\xfe\x0c", Content::Native),
            (b"\xca\xfe\xba\xbe\x00\x00\x00\x02", Content::Native),
            (b"\xca\xfe\xba\xbe\x00\x00\x00\x41", Content::Data),
            (b"MZ\x90\x00", Content::Windows),
            (b"#!/bin/sh\n", Content::Script),
            (b"\x1f\x8b\x08", Content::Gzip),
            (b"\x28\xb5\x2f\xfd", Content::Zstandard),
            (b"PK\x03\x04", Content::Zip),
            ("grüße\n".as_bytes(), Content::Text),
            (b"a\0b", Content::Data),
        ] {
            assert_eq!(Content::of(head), content, "{head:?}");
        }
    }
}
