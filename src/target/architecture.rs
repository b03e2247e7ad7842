//! Processor architectures, by their names in Linux platform tags.

use std::fmt;
use std::str::FromStr;

use crate::serde_text::serde_as_text;

/// An architecture that a platform tag can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Architecture {
    Aarch64,
    X86_64,
    /// 32-bit x86.
    I686,
    /// 32-bit Arm with hard float.
    Armv7,
    Riscv64,
    Ppc64le,
    S390x,
    Loongarch64,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an architecture that a platform tag can name")]
pub struct ArchitectureError(String);

impl Architecture {
    pub const ALL: [Self; 8] = [
        Self::Aarch64,
        Self::X86_64,
        Self::I686,
        Self::Armv7,
        Self::Riscv64,
        Self::Ppc64le,
        Self::S390x,
        Self::Loongarch64,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Aarch64 => "aarch64",
            Self::X86_64 => "x86_64",
            Self::I686 => "i686",
            Self::Armv7 => "armv7l",
            Self::Riscv64 => "riscv64",
            Self::Ppc64le => "ppc64le",
            Self::S390x => "s390x",
            Self::Loongarch64 => "loongarch64",
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Architecture {
    type Err = ArchitectureError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|architecture| architecture.name() == text);
        found.ok_or_else(|| ArchitectureError(text.to_owned()))
    }
}

serde_as_text!(Architecture);

/// An architecture of macOS tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MacosArchitecture {
    Arm64,
    X86_64,
    /// Both in one file.
    Universal2,
}

impl MacosArchitecture {
    pub(crate) const ALL: [Self; 3] = [Self::Arm64, Self::X86_64, Self::Universal2];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Arm64 => "arm64",
            Self::X86_64 => "x86_64",
            Self::Universal2 => "universal2",
        }
    }

    /// The architectures that a binary must hold.
    pub(crate) fn slices(self) -> &'static [Architecture] {
        match self {
            Self::Arm64 => &[Architecture::Aarch64],
            Self::X86_64 => &[Architecture::X86_64],
            Self::Universal2 => &[Architecture::Aarch64, Architecture::X86_64],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn display_and_parse_are_inverse(known in proptest::sample::select(&Architecture::ALL[..]), other in "[a-z0-9_]{0,9}") {
            prop_assert_eq!(known.to_string().parse(), Ok(known));
            if let Ok(found) = other.parse::<Architecture>() {
                prop_assert_eq!(found.to_string(), other);
            }
        }
    }
}
