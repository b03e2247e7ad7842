//! What a file that could not be started says it is, from its first bytes alone: it may be cut short or damaged, so
//! nothing behind the header is read.

use std::fmt;
use std::io::{self, Read as _};
use std::path::Path;

use crate::binary::{Machine, Magic, machine_of_head};
use crate::console::text::visible;
use crate::fs::open_regular;
use crate::target;

/// What the first bytes of a file say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Header {
    Empty,
    /// For this machine, where its header names one.
    Elf(Option<Machine>),
    MachO(Option<Machine>),
    /// For several machines.
    FatMachO,
    Pe(Option<Machine>),
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
        open_regular(path)?.take(Magic::HEAD as u64).read_to_end(&mut bytes)?;
        Ok(Self::of(&bytes))
    }

    pub(super) fn of(bytes: &[u8]) -> Self {
        match Magic::of(bytes) {
            Magic::Elf => Self::Elf(machine_of_head(bytes)),
            Magic::MachO => Self::MachO(machine_of_head(bytes)),
            Magic::FatMachO => Self::FatMachO,
            Magic::Pe => Self::Pe(machine_of_head(bytes)),
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
            Self::Elf(machine) => {
                let here = target::architecture_here();
                !cfg!(any(windows, target_os = "macos"))
                    && here.is_some()
                    && machine.and_then(Machine::architecture) == here
            }
            Self::MachO(_) | Self::FatMachO => cfg!(target_os = "macos"),
            Self::Pe(_) => cfg!(windows),
            Self::Script(_) => cfg!(unix),
            Self::Empty | Self::Other(_) => false,
        }
    }
}

impl fmt::Display for Header {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => formatter.write_str("an empty file"),
            Self::Elf(Some(machine)) => write!(formatter, "an ELF file for {machine}"),
            Self::Elf(None) => formatter.write_str("an ELF file whose header names no machine"),
            Self::MachO(Some(machine)) => write!(formatter, "a macOS executable (Mach-O, {machine})"),
            Self::MachO(None) => formatter.write_str("a macOS executable (Mach-O)"),
            Self::FatMachO => formatter.write_str("a macOS executable (Mach-O, several architectures)"),
            Self::Pe(Some(machine)) => write!(formatter, "a Windows executable (PE, {machine})"),
            Self::Pe(None) => formatter.write_str("a Windows executable (PE)"),
            Self::Script(line) => write!(formatter, "a script for `{}`", visible(line)),
            Self::Other(bytes) => {
                write!(formatter, "no executable: it begins with `{}`", visible(&String::from_utf8_lossy(bytes)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::Architecture;

    #[test]
    fn tells_formats_and_machines_apart() {
        let mut elf = b"\x7fELF\x02\x02\x01".to_vec();
        elf.resize(19, 0);
        elf.push(22);
        assert_eq!(Header::of(&elf).to_string(), "an ELF file for s390x");
        assert_eq!(Header::of(b"\x7fELF").to_string(), "an ELF file whose header names no machine");
        let macho = Header::of(&[0xcf, 0xfa, 0xed, 0xfe, 0x0c, 0, 0, 1]);
        assert_eq!(macho, Header::MachO(Some(Machine::Known(Architecture::Aarch64))));
        let fat = Header::of(&[0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 2]);
        assert_eq!(fat.to_string(), "a macOS executable (Mach-O, several architectures)");
        assert_eq!(Header::of(b"MZ\x90"), Header::Pe(None));
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
