//! What a file that could not be started says it is, from its first bytes alone: it may be cut short or damaged, so
//! nothing behind the header is read.

use std::fmt;
use std::io::{self, Read as _};
use std::path::Path;

use object::{elf, macho};

use crate::binary::Magic;
use crate::fs::open_regular;

/// What the first bytes of a file say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Header {
    Empty,
    /// For this machine.
    Elf(String),
    /// For this machine.
    MachO(String),
    Pe,
    /// With this first line.
    Script(String),
    /// Nothing that a system executes.
    Other(Vec<u8>),
}

/// How much of an unknown file is shown, in bytes.
const MAX_SHOWN: usize = 24;

impl Header {
    pub(super) fn read(path: &Path) -> io::Result<Self> {
        let mut bytes = Vec::new();
        open_regular(path)?.take(256).read_to_end(&mut bytes)?;
        Ok(Self::of(&bytes))
    }

    pub(super) fn of(bytes: &[u8]) -> Self {
        let field = |range: std::ops::Range<usize>| bytes.get(range);
        match Magic::of(bytes) {
            Magic::Elf => {
                let machine = field(18..20).map(|field| match bytes.get(5) {
                    Some(2) => u16::from_be_bytes([field[0], field[1]]),
                    _ => u16::from_le_bytes([field[0], field[1]]),
                });
                Self::Elf(machine.map_or_else(|| "unknown".to_owned(), elf_machine))
            }
            Magic::MachO => {
                let machine = field(4..8).map(|field| u32::from_le_bytes([field[0], field[1], field[2], field[3]]));
                Self::MachO(match machine.map(macho::CpuType) {
                    Some(macho::CPU_TYPE_X86_64) => "x86_64".into(),
                    Some(macho::CPU_TYPE_ARM64) => "aarch64".into(),
                    _ => "unknown".into(),
                })
            }
            Magic::FatMachO => Self::MachO("several architectures".into()),
            Magic::Pe => Self::Pe,
            Magic::Script => {
                let line = bytes[2..].split(|byte| *byte == b'\n').next().unwrap_or_default();
                Self::Script(String::from_utf8_lossy(line).trim().to_owned())
            }
            _ if bytes.is_empty() => Self::Empty,
            _ => Self::Other(bytes[..bytes.len().min(MAX_SHOWN)].to_vec()),
        }
    }

    /// Whether this machine's own loader can take the file.
    pub(super) fn is_native(&self) -> bool {
        match self {
            Self::Elf(machine) => !cfg!(any(windows, target_os = "macos")) && machine == std::env::consts::ARCH,
            Self::MachO(_) => cfg!(target_os = "macos"),
            Self::Pe => cfg!(windows),
            Self::Script(_) => cfg!(unix),
            Self::Empty | Self::Other(_) => false,
        }
    }
}

fn elf_machine(number: u16) -> String {
    match elf::Machine(number) {
        elf::EM_386 => "x86".into(),
        elf::EM_PPC64 => "powerpc64".into(),
        elf::EM_S390 => "s390x".into(),
        elf::EM_ARM => "arm".into(),
        elf::EM_X86_64 => "x86_64".into(),
        elf::EM_AARCH64 => "aarch64".into(),
        elf::EM_RISCV => "riscv64".into(),
        elf::EM_LOONGARCH => "loongarch64".into(),
        elf::Machine(other) => format!("machine {other}"),
    }
}

impl fmt::Display for Header {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => formatter.write_str("an empty file"),
            Self::Elf(machine) => write!(formatter, "an ELF file for {machine}"),
            Self::MachO(machine) => write!(formatter, "a macOS executable (Mach-O, {machine})"),
            Self::Pe => formatter.write_str("a Windows executable (PE)"),
            Self::Script(line) => write!(formatter, "a script for `{}`", line.escape_debug()),
            Self::Other(bytes) => {
                write!(formatter, "no executable: it begins with `{}`", String::from_utf8_lossy(bytes).escape_debug())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_formats_and_machines_apart() {
        let elf = |data: u8, machine: [u8; 2]| {
            let mut bytes = vec![0x7f, b'E', b'L', b'F', 2, data, 1];
            bytes.resize(18, 0);
            bytes.extend(machine);
            Header::of(&bytes)
        };
        assert_eq!(elf(1, [0xb7, 0]), Header::Elf("aarch64".into()));
        assert_eq!(elf(2, [0, 22]), Header::Elf("s390x".into()));
        assert_eq!(Header::of(b"\x7fELF"), Header::Elf("unknown".into()));
        let macho = Header::of(&[0xcf, 0xfa, 0xed, 0xfe, 0x0c, 0, 0, 1]);
        assert_eq!(macho, Header::MachO("aarch64".into()));
        assert_eq!(Header::of(b"MZ\x90"), Header::Pe);
        assert_eq!(Header::of(b"#! /bin/sh -e\nexit"), Header::Script("/bin/sh -e".into()));
        assert_eq!(Header::of(b"").to_string(), "an empty file");
        assert_eq!(Header::of(b"echo\n").to_string(), "no executable: it begins with `echo\\n`");
    }

    proptest::proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>) {
            let _ = Header::of(&bytes).to_string();
        }
    }
}
