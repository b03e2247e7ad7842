//! What a file is, by its first bytes alone: the one answer for everybody who asks. Nothing behind those bytes is judged;
//! [`read`](super::read) does that (System V ABI, `mach-o/loader.h`, `mach-o/fat.h`, "PE Format", RFC 1952, RFC 8878).

use std::fmt;
use std::io::{self, Read};
use std::path::Path;

use object::{elf, macho};
use serde::Serialize;

use crate::fs::open_regular;

/// An executable format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    Elf,
    MachO,
    Pe,
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Elf => "ELF",
            Self::MachO => "Mach-O",
            Self::Pe => "PE",
        })
    }
}

const THIN: [u32; 4] = [macho::MH_MAGIC, macho::MH_CIGAM, macho::MH_MAGIC_64, macho::MH_CIGAM_64];
const FAT: [u32; 2] = [macho::FAT_MAGIC, macho::FAT_MAGIC_64];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Magic {
    Elf,
    MachO,
    /// Several Mach-O files in one.
    FatMachO,
    Pe,
    JavaClass,
    WebAssembly,
    /// `ar`: a static library.
    ObjectArchive,
    Gzip,
    Zstandard,
    Xz,
    Zip,
    Tar,
    /// An archive, installer or compressed file that relkit does not unpack, by what it is called.
    OtherArchive(&'static str),
    /// A `#!` line.
    Script,
    /// No bytes at all are text, too.
    Text,
    Data,
}

/// What programs are also published in, by their first bytes: deb(5), the RPM lead, `7zFormat.txt`, the bzip2 and RAR 4 and 5
/// signatures, "Microsoft Cabinet Format", [MS-CFB] (of which `.msi` is one), xar's header (`.pkg`), lzip, LZ4 and compress(1).
const OTHER_ARCHIVES: [(&[u8], &str); 11] = [
    (b"!<arch>\ndebian-binary", "a Debian package"),
    (b"\xed\xab\xee\xdb", "an RPM package"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"MSCF\0\0\0\0", "a cabinet archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a Windows installer package"),
    (b"xar!\0", "a macOS installer package"),
    (b"LZIP\x01", "an lzip-compressed file"),
    (b"\x04\x22\x4d\x18", "an LZ4-compressed file"),
    (b"\x1f\x9d", "a file compressed by `compress`"),
    (b"BZh", "a bzip2-compressed file"),
];

/// What follows the level of compression in a bzip2 file.
const BZIP2_BLOCK: &[u8] = b"1AY&SY";

fn other_archive(head: &[u8]) -> Option<&'static str> {
    let (begun, what) = OTHER_ARCHIVES.iter().find(|(begun, _)| head.starts_with(begun))?;
    // A text may begin with these letters.
    let is_it = *begun != b"BZh" || head.get(4..).is_some_and(|rest| rest.starts_with(BZIP2_BLOCK));
    is_it.then_some(what)
}

impl Magic {
    /// How many bytes of a file decide.
    pub(crate) const HEAD: usize = 512;

    /// What a file is that begins with `bytes`.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let head = &bytes[..bytes.len().min(Self::HEAD)];
        let word = |at| head.get(at..at + 4).and_then(<[u8]>::first_chunk).map(|word| u32::from_be_bytes(*word));
        match head {
            _ if head.starts_with(&elf::ELFMAG) => Self::Elf,
            // A text may begin as a program does, and be short; behind its first letters a header has zeros.
            _ if THIN.iter().any(|magic| word(0) == Some(*magic)) => match is_text(head) && word(4).is_some() {
                true => Self::Text,
                false => Self::MachO,
            },
            // A Java class begins alike and has its version next, 45 or more; no fat file has as many slices.
            _ if FAT.iter().any(|magic| word(0) == Some(*magic)) => match word(4) {
                _ if is_text(head) && head.len() > 4 => Self::Text,
                Some(45..) => Self::JavaClass,
                _ => Self::FatMachO,
            },
            [b'M', b'Z', rest @ ..] if rest.iter().take(62).any(|byte| *byte == 0) => Self::Pe,
            [b'M', b'Z', rest @ ..]
                if rest.len() < 62 && !(is_text(rest) && rest.first().is_some_and(u8::is_ascii)) =>
            {
                Self::Pe
            }
            _ if Self::interpreter(head).is_some() => Self::Script,
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstandard,
            [0xfd, b'7', b'z', b'X', b'Z', ..] => Self::Xz,
            // The end of the central directory comes first in an archive without members.
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Self::Zip,
            [0, b'a', b's', b'm', ..] => Self::WebAssembly,
            _ => match other_archive(head) {
                Some(what) => Self::OtherArchive(what),
                None if head.starts_with(b"!<arch>\n") || head.starts_with(b"!<thin>\n") => Self::ObjectArchive,
                None if head.get(257..262) == Some(b"ustar") => Self::Tar,
                None if is_text(head) => Self::Text,
                None => Self::Data,
            },
        }
    }

    /// What stands behind the `#!` of a script: the line that names its interpreter, and all after it.
    pub(crate) fn interpreter(bytes: &[u8]) -> Option<&[u8]> {
        bytes.strip_prefix(b"#!")
    }

    pub(crate) fn of_file(path: &Path) -> io::Result<Self> {
        let mut head = Vec::with_capacity(Self::HEAD);
        open_regular(path)?.take(Self::HEAD as u64).read_to_end(&mut head)?;
        Ok(Self::of(&head))
    }

    /// The format, where the file claims to be an executable, a library or an object file.
    pub(crate) fn format(self) -> Option<Format> {
        match self {
            Self::Elf => Some(Format::Elf),
            Self::MachO | Self::FatMachO => Some(Format::MachO),
            Self::Pe => Some(Format::Pe),
            _ => None,
        }
    }

    /// Whether a system starts the file by its name.
    pub(crate) fn is_run(self) -> bool {
        self.format().is_some() || self == Self::Script
    }

    /// What messages call it, with its article.
    pub(crate) fn described(self) -> &'static str {
        match self {
            Self::Elf | Self::MachO | Self::FatMachO | Self::Pe => "a compiled program",
            Self::JavaClass => "a Java class",
            Self::WebAssembly => "a WebAssembly module",
            Self::ObjectArchive => "a static library",
            Self::Gzip => "a gzip-compressed file",
            Self::Zstandard => "a Zstandard-compressed file",
            Self::Xz => "an xz-compressed file",
            Self::Zip => "a zip archive",
            Self::Tar => "an uncompressed tar archive",
            Self::OtherArchive(what) => what,
            Self::Script => "a script",
            Self::Text => "a text file",
            Self::Data => "data of an unknown kind",
        }
    }
}

/// Whether there is no byte that no encoding of text has.
fn is_text(head: &[u8]) -> bool {
    head.iter().all(|byte| !matches!(byte, 0..=8 | 14..=26 | 28..=31 | 127))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_by_their_first_bytes() {
        let tar = [&[b'x'; 100][..], &[0; 157], b"ustar"].concat();
        let cases: [(&[u8], Magic); 45] = [
            (b"\x7fELF\x02\x01", Magic::Elf),
            (b"\x7fELF", Magic::Elf),
            (b"\xcf\xfa\xed\xfe\x0c", Magic::MachO),
            (b"\xfe\xed\xfa\xce", Magic::MachO),
            (b"\xca\xfe\xba\xbe", Magic::FatMachO),
            (b"\xca\xfe\xba\xbe\x00\x00\x00\x02", Magic::FatMachO),
            (b"\xca\xfe\xba\xbf\x00\x00\x00\x2c", Magic::FatMachO),
            (b"\xca\xfe\xba\xbe\x00\x00\x00\x2d", Magic::JavaClass),
            (b"\xca\xfe\xba\xbe\x00\x03\x00\x2d", Magic::JavaClass),
            (b"MZ", Magic::Pe),
            (b"MZ\x90\x00", Magic::Pe),
            (b"MZ begins this text, which has no zero where a program has its header.", Magic::Text),
            (b"MZ hello\n", Magic::Text),
            (b"MZ\n", Magic::Text),
            (b"MZ\x90", Magic::Pe),
            (b"MZ gr\xfc\xdfe", Magic::Text),
            (b"\xca\xfe\xba\xbe hi", Magic::Text),
            (b"\xca\xfe\xba\xbe hello, this is text", Magic::Text),
            (b"\xcf\xfa\xed\xfe hello", Magic::Text),
            (b"CAFEBABE", Magic::Text),
            (b"#!/bin/sh\n", Magic::Script),
            (b"\x1f\x8b\x08", Magic::Gzip),
            (b"\x28\xb5\x2f\xfd", Magic::Zstandard),
            (b"\xfd7zXZ\0", Magic::Xz),
            (b"PK\x03\x04", Magic::Zip),
            (b"PK\x05\x06", Magic::Zip),
            (b"\0asm\x01", Magic::WebAssembly),
            (b"!<arch>\nfoo.o/", Magic::ObjectArchive),
            (
                b"!<arch>\ndebian-binary   1342943816  0     0     100644  4         `\n2.0\n",
                Magic::OtherArchive("a Debian package"),
            ),
            (b"\xed\xab\xee\xdb\x03\x00", Magic::OtherArchive("an RPM package")),
            (b"7z\xbc\xaf\x27\x1c\x00\x04", Magic::OtherArchive("a 7-Zip archive")),
            (b"Rar!\x1a\x07\x01\x00", Magic::OtherArchive("a RAR archive")),
            (b"MSCF\0\0\0\0\x10", Magic::OtherArchive("a cabinet archive")),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0", Magic::OtherArchive("a Windows installer package")),
            (b"xar!\0\x1c", Magic::OtherArchive("a macOS installer package")),
            (b"LZIP\x01\x0c", Magic::OtherArchive("an lzip-compressed file")),
            (b"\x04\x22\x4d\x18\x64", Magic::OtherArchive("an LZ4-compressed file")),
            (b"\x1f\x9d\x90", Magic::OtherArchive("a file compressed by `compress`")),
            (b"BZh91AY&SY\x94", Magic::OtherArchive("a bzip2-compressed file")),
            (b"BZh is how this text begins", Magic::Text),
            (b"Rar! it is", Magic::Text),
            (&tar, Magic::Tar),
            (b"", Magic::Text),
            ("grüße\n".as_bytes(), Magic::Text),
            (b"a\0b", Magic::Data),
        ];
        for (bytes, magic) in cases {
            assert_eq!(Magic::of(bytes), magic, "{bytes:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn only_the_head_decides(head: Vec<u8>, tail: Vec<u8>) {
            let mut bytes = head;
            bytes.resize(Magic::HEAD, 0);
            let magic = Magic::of(&bytes);
            bytes.extend(tail);
            proptest::prop_assert_eq!(Magic::of(&bytes), magic);
        }
    }
}
