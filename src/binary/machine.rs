//! The processors that a binary is for: those that a platform tag can name, and any other by its number.

use std::fmt;
use std::str::FromStr;

use crate::serde_text::serde_as_text;
use crate::target::Architecture;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Machine {
    Known(Architecture),
    /// Apple's own processors from the A12 on, with signed pointers: code that macOS runs of Apple alone, and that no library
    /// is loaded from into a program for all of them.
    Arm64e,
    /// Intel's processors from Haswell on.
    X86_64h,
    /// Code for Windows on Arm in the form of x64, which no x64 processor runs.
    Arm64ec,
    /// With the number of the format's header.
    Other(u32),
}

/// The machines of one file, in the order of their names. Displays as one word where there is one: `universal2`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Machines(Vec<Machine>);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a machine")]
pub struct MachineError(String);

const OTHER: &str = "machine 0x";
const UNIVERSAL: &str = "universal2";

impl Machine {
    pub(crate) fn architecture(self) -> Option<Architecture> {
        match self {
            Self::Known(architecture) => Some(architecture),
            Self::Arm64e | Self::X86_64h | Self::Arm64ec | Self::Other(_) => None,
        }
    }

    /// The machine of which this is a part or a form, where files are listed by it.
    pub(super) fn family(self) -> Self {
        match self {
            Self::Arm64e => Self::Known(Architecture::Aarch64),
            Self::X86_64h => Self::Known(Architecture::X86_64),
            other => other,
        }
    }

    /// What people call a machine that no tag is for, or a form of one that none is for.
    fn other_name(self) -> Option<&'static str> {
        match self {
            Self::Known(_) => None,
            Self::Arm64e => Some("arm64e"),
            Self::X86_64h => Some("x86_64h"),
            Self::Arm64ec => Some("arm64ec"),
            Self::Other(number) => OTHERS.iter().find(|(known, _)| *known == number).map(|(_, name)| *name),
        }
    }
}

/// By the numbers of ELF, PE and Mach-O headers, which do not clash here. A machine that has a tag in another form stands here
/// for all forms that have none.
const OTHERS: [(u32, &str); 21] = [
    (0x2, "sparc"),
    (0x4, "m68k"),
    (0x7, "32-bit x86 of macOS"),
    (0x8, "mips"),
    (0xf, "hppa"),
    (0x14, "32-bit powerpc"),
    (0x15, "big-endian powerpc64"),
    (0x16, "31-bit s390"),
    (0x28, "arm with soft floats or of another kind"),
    (0x2a, "superh"),
    (0x2b, "sparc64"),
    (0x32, "ia64"),
    (0x3e, "x32"),
    (0xb7, "big-endian or 32-bit aarch64"),
    (0xf3, "riscv of another calling convention"),
    (0xf7, "bpf"),
    (0x102, "loongarch of another calling convention"),
    (0x1c0, "32-bit arm"),
    (0x1c4, "32-bit arm of Windows"),
    (0x5064, "riscv64 of Windows"),
    (0x100_0012, "powerpc64"),
];

impl fmt::Display for Machine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(architecture) => architecture.fmt(formatter),
            other => match (other.other_name(), other) {
                (None, Self::Other(number)) => write!(formatter, "{OTHER}{number:x}"),
                (name, _) => formatter.write_str(name.unwrap_or_default()),
            },
        }
    }
}

impl FromStr for Machine {
    type Err = MachineError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let other = text.strip_prefix(OTHER).and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let other = other.map(Self::Other).filter(|machine| machine.to_string() == text);
        let known = text.parse().ok().map(Self::Known);
        let numbered = OTHERS.iter().map(|(number, _)| Self::Other(*number));
        let mut named = [Self::Arm64e, Self::X86_64h, Self::Arm64ec].into_iter().chain(numbered);
        let other = other.or_else(|| named.find(|machine| machine.other_name() == Some(text)));
        known.or(other).ok_or_else(|| MachineError(text.to_owned()))
    }
}

impl FromIterator<Machine> for Machines {
    fn from_iter<I: IntoIterator<Item = Machine>>(machines: I) -> Self {
        let mut machines: Vec<_> = machines.into_iter().collect();
        machines.sort_by_cached_key(Machine::to_string);
        Self(machines)
    }
}

impl Machines {
    fn is_universal(&self) -> bool {
        self.0 == [Architecture::Aarch64, Architecture::X86_64].map(Machine::Known)
    }
}

impl fmt::Display for Machines {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_universal() {
            return formatter.write_str(UNIVERSAL);
        }
        let names: Vec<_> = self.0.iter().map(Machine::to_string).collect();
        formatter.write_str(&names.join("+"))
    }
}

impl FromStr for Machines {
    type Err = MachineError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let names = if text == UNIVERSAL { "aarch64+x86_64" } else { text };
        names.split('+').map(str::parse).collect()
    }
}

serde_as_text!(Machine, Machines);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_word_for_a_universal_file() {
        assert_eq!("x86_64+aarch64".parse::<Machines>().unwrap().to_string(), "universal2");
        assert_eq!("universal2".parse::<Machines>().unwrap().to_string(), "universal2");
        assert_eq!("x86_64+sparc64".parse::<Machines>().unwrap().to_string(), "sparc64+x86_64");
    }

    proptest! {
        #[test]
        fn display_and_parse_are_inverse(numbers in proptest::collection::vec(0..20_u32, 1..4), text in "(machine 0x)?[0-9a-f_x]{0,8}") {
            let machine = |number: &u32| {
                Architecture::ALL.get(*number as usize).map_or(Machine::Other(*number), |known| Machine::Known(*known))
            };
            let machines: Machines = numbers.iter().map(machine).collect();
            prop_assert_eq!(machines.to_string().parse(), Ok(machines));
            if let Ok(machine) = text.parse::<Machine>() {
                prop_assert_eq!(machine.to_string(), text);
            }
        }
    }
}
