//! One platform tag (PEP 425, 600, 656, 730, 738 and the macOS and Windows tags of `packaging.tags`).

use std::fmt;
use std::mem::discriminant;
use std::str::FromStr;

use super::architecture::{AndroidAbi, Architecture, IosMachine, MacosArchitecture};
use super::os_version::{OsVersion, number};
use crate::error::{Explain, nearest};
use crate::serde_text::serde_as_text;

/// One platform tag.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PlatformTag {
    /// `any`: no native code.
    Any,
    /// `macosx_11_0_arm64`: runs on that version of macOS and later.
    Macos { minimum: OsVersion, architecture: MacosArchitecture },
    /// `manylinux_2_17_x86_64` (PEP 600): glibc of that version and later.
    Manylinux { glibc: OsVersion, architecture: Architecture },
    /// `manylinux2014_x86_64` and the two before it: aliases of PEP 600 tags.
    ManylinuxLegacy { alias: LegacyManylinux, architecture: Architecture },
    /// `musllinux_1_1_x86_64` (PEP 656): musl of that version and later.
    Musllinux { musl: OsVersion, architecture: Architecture },
    /// `linux_x86_64`: promises nothing beyond the build host; indexes refuse it.
    Linux(Architecture),
    /// `win_amd64`, `win_arm64`, `win32`.
    Windows(Architecture),
    /// `android_21_arm64_v8a` (PEP 738): that API level and later.
    Android { api_level: u16, abi: AndroidAbi },
    /// `ios_13_0_arm64_iphoneos` (PEP 730): that version of iOS and later, on a device or in the simulator.
    Ios { minimum: OsVersion, machine: IosMachine },
    /// A well-formed tag of a platform that relkit has no rules for, such as `pyodide_2025_0_wasm32`.
    Other(String),
}

/// The manylinux tags before PEP 600 (PEP 513, 571, 599).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LegacyManylinux {
    Manylinux1,
    Manylinux2010,
    Manylinux2014,
}

impl LegacyManylinux {
    const ALL: [Self; 3] = [Self::Manylinux1, Self::Manylinux2010, Self::Manylinux2014];

    fn name(self) -> &'static str {
        match self {
            Self::Manylinux1 => "manylinux1",
            Self::Manylinux2010 => "manylinux2010",
            Self::Manylinux2014 => "manylinux2014",
        }
    }

    /// The glibc version that PEP 600 equates the alias with.
    fn glibc(self) -> OsVersion {
        match self {
            Self::Manylinux1 => OsVersion::new(2, 5),
            Self::Manylinux2010 => OsVersion::new(2, 12),
            Self::Manylinux2014 => OsVersion::new(2, 17),
        }
    }
}

impl PlatformTag {
    /// The PEP 600 tag that a legacy alias means; every other tag itself.
    pub(crate) fn canonical(&self) -> Self {
        match self {
            Self::ManylinuxLegacy { alias, architecture } => {
                Self::Manylinux { glibc: alias.glibc(), architecture: *architecture }
            }
            other => other.clone(),
        }
    }

    /// Whether it is `other` but for a lower floor: an older libc or macOS.
    pub(crate) fn is_lower_than(&self, other: &Self) -> bool {
        match (self.canonical(), other.canonical()) {
            (
                Self::Manylinux { glibc: floor, architecture: machine },
                Self::Manylinux { glibc: other_floor, architecture: other_machine },
            )
            | (
                Self::Musllinux { musl: floor, architecture: machine },
                Self::Musllinux { musl: other_floor, architecture: other_machine },
            ) => machine == other_machine && floor < other_floor,
            (
                Self::Macos { minimum: floor, architecture: machine },
                Self::Macos { minimum: other_floor, architecture: other_machine },
            ) => machine == other_machine && floor < other_floor,
            _ => false,
        }
    }

    /// Whether it is of the system and machine of `other`, whichever versions they promise.
    pub(crate) fn is_of_same_machine(&self, other: &Self) -> bool {
        let (one, other) = (self.canonical(), other.canonical());
        discriminant(&one) == discriminant(&other) && one.architectures() == other.architectures()
    }

    /// Under whichever of its names.
    pub(crate) fn is_manylinux(&self) -> bool {
        matches!(self.canonical(), Self::Manylinux { .. })
    }

    pub(crate) fn is_musllinux(&self) -> bool {
        matches!(self, Self::Musllinux { .. })
    }

    /// The name that installers before PEP 600 know a tag by. The eldest two were defined for x86 alone.
    pub(crate) fn legacy_alias(&self) -> Option<Self> {
        let Self::Manylinux { glibc, architecture } = self else { return None };
        let alias = LegacyManylinux::ALL.into_iter().find(|alias| alias.glibc() == *glibc)?;
        let is_defined = match architecture {
            Architecture::X86_64 | Architecture::I686 => true,
            // PEP 599 lists them; what came later has no name of that kind.
            Architecture::Aarch64 | Architecture::Armv7 | Architecture::Ppc64le | Architecture::S390x => {
                alias == LegacyManylinux::Manylinux2014
            }
            Architecture::Riscv64 | Architecture::Loongarch64 | Architecture::Armv6 => false,
        };
        is_defined.then_some(Self::ManylinuxLegacy { alias, architecture: *architecture })
    }

    /// The architectures that binaries under this tag must hold; empty where the tag names none that relkit knows.
    pub(crate) fn architectures(&self) -> Vec<Architecture> {
        match self {
            Self::Any | Self::Other(_) => Vec::new(),
            Self::Macos { architecture, .. } => architecture.slices().to_vec(),
            Self::Manylinux { architecture, .. }
            | Self::ManylinuxLegacy { architecture, .. }
            | Self::Musllinux { architecture, .. }
            | Self::Linux(architecture)
            | Self::Windows(architecture) => vec![*architecture],
            Self::Android { abi, .. } => vec![abi.architecture()],
            Self::Ios { machine, .. } => vec![machine.architecture()],
        }
    }
}

impl fmt::Display for PlatformTag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let versioned = |formatter: &mut fmt::Formatter<'_>, system, version: &OsVersion, architecture| {
            write!(formatter, "{system}_{}_{}_{architecture}", version.major, version.minor)
        };
        match self {
            Self::Any => formatter.write_str("any"),
            Self::Macos { minimum, architecture } => versioned(formatter, "macosx", minimum, architecture.name()),
            Self::Manylinux { glibc, architecture } => versioned(formatter, "manylinux", glibc, architecture.name()),
            Self::ManylinuxLegacy { alias, architecture } => write!(formatter, "{}_{architecture}", alias.name()),
            Self::Musllinux { musl, architecture } => versioned(formatter, "musllinux", musl, architecture.name()),
            Self::Linux(architecture) => write!(formatter, "linux_{architecture}"),
            Self::Windows(Architecture::X86_64) => formatter.write_str("win_amd64"),
            Self::Windows(Architecture::Aarch64) => formatter.write_str("win_arm64"),
            Self::Windows(_) => formatter.write_str("win32"),
            Self::Android { api_level, abi } => write!(formatter, "android_{api_level}_{}", abi.name()),
            Self::Ios { minimum, machine } => versioned(formatter, "ios", minimum, machine.name()),
            Self::Other(tag) => formatter.write_str(tag),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a platform tag")]
pub struct TagError(pub(super) String);

const HINT: &str = "platform tags look like `macosx_11_0_arm64`, `manylinux_2_17_x86_64`, `musllinux_1_1_aarch64` or \
                    `win_amd64`; several are joined by dots";

/// Tags that programs are shipped under.
const USUAL: [&str; 16] = [
    "macosx_11_0_arm64",
    "macosx_10_9_x86_64",
    "macosx_10_12_x86_64",
    "macosx_11_0_universal2",
    "manylinux2014_x86_64",
    "manylinux2014_aarch64",
    "manylinux_2_17_x86_64",
    "manylinux_2_17_aarch64",
    "manylinux_2_28_x86_64",
    "manylinux_2_28_aarch64",
    "musllinux_1_1_x86_64",
    "musllinux_1_2_x86_64",
    "musllinux_1_2_aarch64",
    "win_amd64",
    "win_arm64",
    "win32",
];

/// The tag that a wrong one may mean: spelled otherwise, with the word of another system for its machine, or else near to one
/// of those that programs are shipped under, for that machine.
pub(crate) fn nearest_tag(wrong: &str) -> Option<String> {
    // As a target or a file system spells it.
    let spelled = wrong.trim().to_ascii_lowercase().replace(['-', ' '], "_");
    let (spelled, machine) = with_own_machine(&spelled);
    if let Some(tag) = parse(&spelled).filter(|_| spelled != wrong) {
        return Some(tag.to_string());
    }
    let of_machine = USUAL.into_iter().filter(|tag| machine.is_none_or(|machine| tag.ends_with(machine)));
    nearest(&spelled, of_machine).map(str::to_owned)
}

/// A tag with the word for its machine that its system has, and that word, where it names a machine that has several.
fn with_own_machine(tag: &str) -> (String, Option<&'static str>) {
    const X86_64: [&str; 3] = ["_x86_64", "_amd64", "_x64"];
    const AARCH64: [&str; 2] = ["_aarch64", "_arm64"];
    let is_windows = tag.starts_with("win");
    let is_macos = tag.starts_with("mac") || tag.starts_with("darwin");
    let own = [
        (&X86_64[..], if is_windows { "_amd64" } else { "_x86_64" }),
        (&AARCH64, if is_windows || is_macos { "_arm64" } else { "_aarch64" }),
    ];
    let found = own.into_iter().find_map(|(words, own)| {
        let start = words.iter().find_map(|word| tag.strip_suffix(word))?;
        Some((format!("{start}{own}"), Some(own)))
    });
    found.unwrap_or_else(|| (tag.to_owned(), None))
}

impl Explain for TagError {
    fn hint(&self) -> Option<String> {
        Some(nearest_tag(&self.0).map_or_else(|| HINT.into(), |tag| format!("did you mean `{tag}`? {HINT}")))
    }
}

impl FromStr for PlatformTag {
    type Err = TagError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).ok_or_else(|| TagError(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<PlatformTag> {
    // Older fat sets, and systems that no rule here speaks of.
    const OLDER: [&str; 9] = ["i386", "ppc", "ppc64", "intel", "fat", "fat3", "fat32", "fat64", "universal"];
    const SYSTEMS: &str = "emscripten pyodide pyemscripten wasi freebsd openbsd netbsd solaris aix cygwin";
    let Some((system, rest)) = text.split_once('_') else {
        return match text {
            "any" => Some(PlatformTag::Any),
            "win32" => Some(PlatformTag::Windows(Architecture::I686)),
            _ => None,
        };
    };
    let well_formed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    // Big-endian POWER is known to installers and to the index (PEP 599), and to no other rule here.
    let is_power = |name: &str| name == "ppc64";
    Some(match (system, rest) {
        ("manylinux2014", _) if is_power(rest) => PlatformTag::Other(text.to_owned()),
        ("manylinux", _) if versioned(rest).is_some_and(|(_, name)| is_power(name)) => {
            PlatformTag::Other(text.to_owned())
        }
        ("win", "amd64") => PlatformTag::Windows(Architecture::X86_64),
        ("win", "arm64") => PlatformTag::Windows(Architecture::Aarch64),
        ("macosx", _) => {
            let (minimum, name) = versioned(rest)?;
            match MacosArchitecture::ALL.into_iter().find(|architecture| architecture.name() == name) {
                Some(architecture) => PlatformTag::Macos { minimum, architecture },
                None if OLDER.contains(&name) => PlatformTag::Other(text.to_owned()),
                None => return None,
            }
        }
        ("manylinux", _) => {
            let (glibc, name) = versioned(rest)?;
            PlatformTag::Manylinux { glibc, architecture: manylinux_architecture(name)? }
        }
        ("musllinux", _) => {
            let (musl, name) = versioned(rest)?;
            PlatformTag::Musllinux { musl, architecture: name.parse().ok()? }
        }
        ("linux", name) => PlatformTag::Linux(name.parse().ok()?),
        ("android", _) => {
            let (api_level, name) = rest.split_once('_')?;
            let abi = AndroidAbi::ALL.into_iter().find(|abi| abi.name() == name)?;
            PlatformTag::Android { api_level: number(api_level)?, abi }
        }
        ("ios", _) => {
            let (minimum, name) = versioned(rest)?;
            let machine = IosMachine::ALL.into_iter().find(|machine| machine.name() == name)?;
            PlatformTag::Ios { minimum, machine }
        }
        _ if SYSTEMS.split(' ').any(|known| known == system) && !rest.is_empty() && rest.bytes().all(well_formed) => {
            PlatformTag::Other(text.to_owned())
        }
        _ => {
            let alias = LegacyManylinux::ALL.into_iter().find(|alias| alias.name() == system)?;
            PlatformTag::ManylinuxLegacy { alias, architecture: manylinux_architecture(rest)? }
        }
    })
}

/// An architecture of glibc platforms; no installer asks for a manylinux tag of version 6 of Arm.
fn manylinux_architecture(name: &str) -> Option<Architecture> {
    name.parse().ok().filter(|architecture| *architecture != Architecture::Armv6)
}

/// `2_17_x86_64` as 2.17 and `x86_64`.
fn versioned(text: &str) -> Option<(OsVersion, &str)> {
    let (major, rest) = text.split_once('_')?;
    let (minor, name) = rest.split_once('_')?;
    Some((OsVersion::new(number(major)?, number(minor)?), name))
}

serde_as_text!(PlatformTag);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tags_are_read_and_written_alike() {
        let plain = "any macosx_11_0_arm64 macosx_10_9_x86_64 macosx_11_0_universal2 manylinux_2_17_x86_64 \
            manylinux2014_aarch64 manylinux1_i686 musllinux_1_1_aarch64 linux_x86_64 win32 win_amd64 \
            win_arm64 ios_13_0_arm64_iphoneos ios_17_4_x86_64_iphonesimulator android_24_arm64_v8a android_21_x86 \
            android_21_x86_64 linux_armv6l musllinux_1_2_armv6l macosx_10_6_intel pyodide_2025_0_wasm32 manylinux_2_17_ppc64 manylinux2014_ppc64";
        for text in plain.split(' ') {
            assert_eq!(text.parse::<PlatformTag>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn elder_names_are_those_that_were_defined() {
        let of = |text: &str| text.parse::<PlatformTag>().unwrap().legacy_alias().map(|alias| alias.to_string());
        for (tag, alias) in [
            ("manylinux_2_5_x86_64", Some("manylinux1_x86_64")),
            ("manylinux_2_17_s390x", Some("manylinux2014_s390x")),
            ("manylinux_2_12_aarch64", None),
            ("manylinux_2_17_riscv64", None),
            ("manylinux_2_17_loongarch64", None),
            ("manylinux_2_28_x86_64", None),
        ] {
            assert_eq!(of(tag).as_deref(), alias, "{tag}");
        }
    }

    #[test]
    fn what_is_no_tag_is_refused() {
        let plain = "manylinux manylinux_2_x86_64 manylinux_2_17_ manylinux_02_17_x86_64 manylinux_2_17_sparc \
            musllinux_1_1 macosx_11_arm64 macosx_11_0_mips win64 windows_amd64 Any linux foo_bar \
            x86_64-unknown-linux-musl manylinux2015_x86_64 manylinux_2_17_armv6l manylinux2014_armv6l android_21 \
            android_021_x86 android_21_mips android_21_0_x86 ios_13_arm64_iphoneos ios_13_0_arm64 ios_13_0_armv7_iphoneos";
        for text in plain.split(' ').chain(["", "manylinux_2_17_x86_64 "]) {
            assert!(text.parse::<PlatformTag>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_tag_that_is_meant_is_for_the_same_machine_and_system() {
        for (wrong, meant) in [
            ("win64", Some("win_amd64")),
            ("windows_x64", Some("win_amd64")),
            ("win_x86_64", Some("win_amd64")),
            ("win_aarch64", Some("win_arm64")),
            ("Windows-arm64", Some("win_arm64")),
            ("linux_amd64", Some("linux_x86_64")),
            ("linux_arm64", Some("linux_aarch64")),
            ("manylinux_2_17_amd64", Some("manylinux_2_17_x86_64")),
            ("manylinux_2_17_arm64", Some("manylinux_2_17_aarch64")),
            ("manylinux2014-x64", Some("manylinux2014_x86_64")),
            ("macos_arm64", Some("macosx_11_0_arm64")),
            ("macosx_11_aarch64", Some("macosx_11_0_arm64")),
            ("macosx_11_0_amr64", Some("macosx_11_0_arm64")),
            ("nope", None),
            ("x64", None),
            ("darwin", None),
        ] {
            assert_eq!(nearest_tag(wrong).as_deref(), meant, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn never_panics_and_round_trips(
            text in "[a-z0-9_.]{0,40}|android_[0-9]{1,3}_(arm64_v8a|armeabi_v7a|x86|x86_64|[a-z]{3})\
                |ios_[0-9]{1,2}_[0-9]{1,2}_(arm64|x86_64|armv7)_iphone(os|simulator)",
        ) {
            if let Ok(tag) = text.parse::<PlatformTag>() {
                prop_assert_eq!(tag.to_string(), text);
            }
        }

        #[test]
        fn every_mobile_tag_round_trips(number: u16, minor: u16, kind in 0..7_usize) {
            let android = AndroidAbi::ALL.map(|abi| PlatformTag::Android { api_level: number, abi });
            let minimum = OsVersion::new(number, minor);
            let ios = IosMachine::ALL.map(|machine| PlatformTag::Ios { minimum, machine });
            let tag = android.into_iter().chain(ios).nth(kind).unwrap();
            prop_assert_eq!(tag.architectures().len(), 1);
            prop_assert_eq!(tag.to_string().parse(), Ok(tag));
        }
    }
}
