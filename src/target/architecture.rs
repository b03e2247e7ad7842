//! Processor architectures, by their names in platform tags: those of Linux, and the words of macOS, Android (PEP 738) and
//! iOS (PEP 730) for the same processors.

use std::fmt;
use std::str::FromStr;

use crate::serde_text::serde_as_text;

/// One row for each: its variant and its name.
macro_rules! architectures {
    ($($(#[$doc:meta])* $variant:ident = $name:literal),+ $(,)?) => {
        /// An architecture that a platform tag can name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Architecture {
            $($(#[$doc])* $variant,)+
        }

        impl Architecture {
            /// Every architecture, in the order of the variants.
            pub(crate) const ALL: &[Self] = &[$(Self::$variant),+];

            /// Its name in the tags of Linux.
            pub(super) fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

architectures! {
    Aarch64 = "aarch64",
    X86_64 = "x86_64",
    /// 32-bit x86.
    I686 = "i686",
    /// 32-bit Arm of version 7 with hard float.
    Armv7 = "armv7l",
    Riscv64 = "riscv64",
    Ppc64le = "ppc64le",
    S390x = "s390x",
    Loongarch64 = "loongarch64",
    /// 32-bit Arm of version 6 with hard float, such as the first Raspberry Pi.
    Armv6 = "armv6l",
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an architecture that a platform tag can name")]
pub struct ArchitectureError(String);

impl Architecture {
    /// Whether code for this architecture runs on machines of `machine`.
    pub(crate) fn runs_on(self, machine: Self) -> bool {
        self == machine || (self, machine) == (Self::Armv6, Self::Armv7)
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
        let found = Self::ALL.iter().copied().find(|architecture| architecture.name() == text);
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

/// What Android calls a processor and its calling convention (`ANDROID_ABI`, with `_` for `-`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AndroidAbi {
    Arm64V8a,
    ArmeabiV7a,
    X86,
    X86_64,
}

impl AndroidAbi {
    pub(crate) const ALL: [Self; 4] = [Self::Arm64V8a, Self::ArmeabiV7a, Self::X86, Self::X86_64];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Arm64V8a => "arm64_v8a",
            Self::ArmeabiV7a => "armeabi_v7a",
            Self::X86 => "x86",
            Self::X86_64 => "x86_64",
        }
    }

    pub(crate) fn architecture(self) -> Architecture {
        match self {
            Self::Arm64V8a => Architecture::Aarch64,
            Self::ArmeabiV7a => Architecture::Armv7,
            Self::X86 => Architecture::I686,
            Self::X86_64 => Architecture::X86_64,
        }
    }
}

/// What iOS tags call a machine: a device, or the simulator on a Mac of either kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IosMachine {
    Device,
    ArmSimulator,
    IntelSimulator,
}

impl IosMachine {
    pub(crate) const ALL: [Self; 3] = [Self::Device, Self::ArmSimulator, Self::IntelSimulator];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Device => "arm64_iphoneos",
            Self::ArmSimulator => "arm64_iphonesimulator",
            Self::IntelSimulator => "x86_64_iphonesimulator",
        }
    }

    pub(crate) fn architecture(self) -> Architecture {
        if self == Self::IntelSimulator { Architecture::X86_64 } else { Architecture::Aarch64 }
    }

    pub(crate) fn is_simulator(self) -> bool {
        self != Self::Device
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn display_and_parse_are_inverse(known in proptest::sample::select(Architecture::ALL), other in "[a-z0-9_]{0,9}") {
            prop_assert_eq!(known.to_string().parse(), Ok(known));
            if let Ok(found) = other.parse::<Architecture>() {
                prop_assert_eq!(found.to_string(), other);
            }
        }
    }
}
