//! Platform tags (PEP 425, 600, 656 and the macOS and Windows tags of `packaging.tags`), compressed tag sets, and the
//! Rust target triples that builds are named by.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// A processor architecture that a runtime is built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Architecture {
    /// 64-bit Arm.
    Aarch64,
    /// 64-bit x86.
    X86_64,
    /// 32-bit x86.
    I686,
    /// 32-bit Arm with hard float.
    Armv7,
    /// 64-bit RISC-V.
    Riscv64,
    /// 64-bit little-endian PowerPC.
    Ppc64le,
    /// IBM Z.
    S390x,
    /// 64-bit LoongArch.
    Loongarch64,
}

impl Architecture {
    /// Every architecture that a platform tag can name.
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

    /// The name in Linux platform tags and target triples.
    #[must_use]
    pub fn linux_name(self) -> &'static str {
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

    fn from_linux_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|architecture| architecture.linux_name() == name)
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.linux_name())
    }
}

impl Serialize for Architecture {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// An architecture name of macOS tags; `universal2` is arm64 and x86_64 in one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MacosArchitecture {
    /// `arm64`.
    Arm64,
    /// `x86_64`.
    X86_64,
    /// `universal2`: both slices.
    Universal2,
}

impl MacosArchitecture {
    const ALL: [Self; 3] = [Self::Arm64, Self::X86_64, Self::Universal2];

    /// The name in macOS platform tags.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Arm64 => "arm64",
            Self::X86_64 => "x86_64",
            Self::Universal2 => "universal2",
        }
    }

    /// The architectures that a binary must hold.
    #[must_use]
    pub fn slices(self) -> &'static [Architecture] {
        match self {
            Self::Arm64 => &[Architecture::Aarch64],
            Self::X86_64 => &[Architecture::X86_64],
            Self::Universal2 => &[Architecture::Aarch64, Architecture::X86_64],
        }
    }
}

/// One platform tag. Displays as its tag; parsing and displaying are inverse.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PlatformTag {
    /// `any`: no native code.
    Any,
    /// `macosx_11_0_arm64`: runs on that version of macOS and later.
    Macos {
        /// Lowest version, major part.
        major: u16,
        /// Lowest version, minor part.
        minor: u16,
        /// Which slices the binaries hold.
        architecture: MacosArchitecture,
    },
    /// `manylinux_2_17_x86_64` (PEP 600): glibc of that version and later.
    Manylinux {
        /// glibc major version.
        major: u16,
        /// glibc minor version.
        minor: u16,
        /// The architecture.
        architecture: Architecture,
    },
    /// `manylinux2014_x86_64` and its elders (PEP 513, 571, 599): aliases of PEP 600 tags.
    ManylinuxLegacy {
        /// Which alias.
        alias: LegacyManylinux,
        /// The architecture.
        architecture: Architecture,
    },
    /// `musllinux_1_1_x86_64` (PEP 656): musl of that version and later.
    Musllinux {
        /// musl major version.
        major: u16,
        /// musl minor version.
        minor: u16,
        /// The architecture.
        architecture: Architecture,
    },
    /// `linux_x86_64`: promises nothing beyond the build host; indexes refuse it.
    Linux(
        /// The architecture.
        Architecture,
    ),
    /// `win_amd64`, `win_arm64`, `win32`.
    Windows(
        /// Aarch64, X86_64 or I686.
        Architecture,
    ),
    /// A well-formed tag of a platform that relkit has no rules for, such as `ios_13_0_arm64_iphoneos`.
    Other(
        /// The tag.
        String,
    ),
}

/// The manylinux tags before PEP 600.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LegacyManylinux {
    /// PEP 513, glibc 2.5.
    Manylinux1,
    /// PEP 571, glibc 2.12.
    Manylinux2010,
    /// PEP 599, glibc 2.17.
    Manylinux2014,
}

impl LegacyManylinux {
    const ALL: [Self; 3] = [Self::Manylinux1, Self::Manylinux2010, Self::Manylinux2014];

    /// The name before the architecture.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Manylinux1 => "manylinux1",
            Self::Manylinux2010 => "manylinux2010",
            Self::Manylinux2014 => "manylinux2014",
        }
    }

    /// The glibc version that PEP 600 equates the alias with.
    #[must_use]
    pub fn glibc(self) -> (u16, u16) {
        match self {
            Self::Manylinux1 => (2, 5),
            Self::Manylinux2010 => (2, 12),
            Self::Manylinux2014 => (2, 17),
        }
    }
}

impl PlatformTag {
    /// The PEP 600 tag that a legacy alias means; every other tag itself.
    #[must_use]
    pub fn canonical(&self) -> Self {
        match self {
            Self::ManylinuxLegacy { alias, architecture } => {
                let (major, minor) = alias.glibc();
                Self::Manylinux { major, minor, architecture: *architecture }
            }
            other => other.clone(),
        }
    }

    /// The architectures that binaries under this tag must hold; empty where the tag names none that relkit knows.
    #[must_use]
    pub fn architectures(&self) -> Vec<Architecture> {
        match self {
            Self::Any | Self::Other(_) => Vec::new(),
            Self::Macos { architecture, .. } => architecture.slices().to_vec(),
            Self::Manylinux { architecture, .. }
            | Self::ManylinuxLegacy { architecture, .. }
            | Self::Musllinux { architecture, .. }
            | Self::Linux(architecture)
            | Self::Windows(architecture) => vec![*architecture],
        }
    }
}

impl fmt::Display for PlatformTag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => formatter.write_str("any"),
            Self::Macos { major, minor, architecture } => {
                write!(formatter, "macosx_{major}_{minor}_{}", architecture.name())
            }
            Self::Manylinux { major, minor, architecture } => {
                write!(formatter, "manylinux_{major}_{minor}_{architecture}")
            }
            Self::ManylinuxLegacy { alias, architecture } => write!(formatter, "{}_{architecture}", alias.name()),
            Self::Musllinux { major, minor, architecture } => {
                write!(formatter, "musllinux_{major}_{minor}_{architecture}")
            }
            Self::Linux(architecture) => write!(formatter, "linux_{architecture}"),
            Self::Windows(Architecture::X86_64) => formatter.write_str("win_amd64"),
            Self::Windows(Architecture::Aarch64) => formatter.write_str("win_arm64"),
            Self::Windows(_) => formatter.write_str("win32"),
            Self::Other(tag) => formatter.write_str(tag),
        }
    }
}

impl Serialize for PlatformTag {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A text that is no platform tag.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a platform tag")]
pub struct TagError(String);

impl crate::error::Explain for TagError {
    fn hint(&self) -> Option<String> {
        Some(
            "platform tags look like `macosx_11_0_arm64`, `manylinux_2_17_x86_64`, `musllinux_1_1_aarch64` or `win_amd64`; \
             several are joined by dots"
                .into(),
        )
    }
}

impl FromStr for PlatformTag {
    type Err = TagError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_tag(text).ok_or_else(|| TagError(text.to_owned()))
    }
}

fn parse_tag(text: &str) -> Option<PlatformTag> {
    match text {
        "any" => return Some(PlatformTag::Any),
        "win32" => return Some(PlatformTag::Windows(Architecture::I686)),
        "win_amd64" => return Some(PlatformTag::Windows(Architecture::X86_64)),
        "win_arm64" => return Some(PlatformTag::Windows(Architecture::Aarch64)),
        _ => {}
    }
    if let Some(rest) = text.strip_prefix("macosx_") {
        let (major, minor, name) = versioned(rest)?;
        return match MacosArchitecture::ALL.into_iter().find(|architecture| architecture.name() == name) {
            Some(architecture) => Some(PlatformTag::Macos { major, minor, architecture }),
            // Older fat sets (`intel`, `universal`, ...) and i386/ppc exist; no rule here speaks of them.
            None => {
                matches!(name, "i386" | "ppc" | "ppc64" | "intel" | "fat" | "fat3" | "fat32" | "fat64" | "universal")
                    .then(|| PlatformTag::Other(text.to_owned()))
            }
        };
    }
    if let Some(rest) = text.strip_prefix("manylinux_") {
        let (major, minor, name) = versioned(rest)?;
        let architecture = Architecture::from_linux_name(name)?;
        return Some(PlatformTag::Manylinux { major, minor, architecture });
    }
    if let Some(rest) = text.strip_prefix("musllinux_") {
        let (major, minor, name) = versioned(rest)?;
        let architecture = Architecture::from_linux_name(name)?;
        return Some(PlatformTag::Musllinux { major, minor, architecture });
    }
    for alias in LegacyManylinux::ALL {
        if let Some(name) = text.strip_prefix(alias.name()).and_then(|rest| rest.strip_prefix('_')) {
            let architecture = Architecture::from_linux_name(name)?;
            return Some(PlatformTag::ManylinuxLegacy { alias, architecture });
        }
    }
    if let Some(name) = text.strip_prefix("linux_") {
        return Architecture::from_linux_name(name).map(PlatformTag::Linux);
    }
    let known = [
        "android_",
        "ios_",
        "emscripten_",
        "pyodide_",
        "pyemscripten_",
        "wasi_",
        "freebsd_",
        "openbsd_",
        "netbsd_",
        "solaris_",
        "aix_",
        "cygwin_",
    ];
    let well_formed = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    (well_formed && known.iter().any(|prefix| text.len() > prefix.len() && text.starts_with(prefix)))
        .then(|| PlatformTag::Other(text.to_owned()))
}

/// `2_17_x86_64` as (2, 17, `x86_64`); numbers have no leading zero.
fn versioned(text: &str) -> Option<(u16, u16, &str)> {
    let (major, rest) = text.split_once('_')?;
    let (minor, name) = rest.split_once('_')?;
    Some((number(major)?, number(minor)?, name))
}

fn number(text: &str) -> Option<u16> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    plain.then(|| text.parse().ok()).flatten()
}

/// A compressed tag set of platform tags (PEP 425): sorted, without repeats, never empty. Displays joined by dots.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PlatformTagSet(Vec<PlatformTag>);

impl PlatformTagSet {
    /// The set of the tags given, sorted as their texts sort; `None` without a tag.
    pub fn new(tags: impl IntoIterator<Item = PlatformTag>) -> Option<Self> {
        let sorted: BTreeSet<_> = tags.into_iter().map(|tag| (tag.to_string(), tag)).collect();
        let tags: Vec<_> = sorted.into_iter().map(|(_, tag)| tag).collect();
        (!tags.is_empty()).then_some(Self(tags))
    }

    /// The tags in order.
    #[must_use]
    pub fn tags(&self) -> &[PlatformTag] {
        &self.0
    }
}

impl fmt::Display for PlatformTagSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, tag) in self.0.iter().enumerate() {
            let dot = if index == 0 { "" } else { "." };
            write!(formatter, "{dot}{tag}")?;
        }
        Ok(())
    }
}

impl FromStr for PlatformTagSet {
    type Err = TagError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let tags = text.split('.').map(str::parse).collect::<Result<Vec<_>, _>>()?;
        Self::new(tags).ok_or_else(|| TagError(text.to_owned()))
    }
}

impl From<PlatformTag> for PlatformTagSet {
    fn from(tag: PlatformTag) -> Self {
        Self(vec![tag])
    }
}

/// A Rust target triple, as releases name their builds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetTriple(target_lexicon::Triple);

/// A text that is no target triple.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a Rust target triple")]
pub struct TripleError(String);

impl crate::error::Explain for TripleError {}

impl TargetTriple {
    /// The architecture, where a platform tag can name it.
    #[must_use]
    pub fn architecture(&self) -> Option<Architecture> {
        use target_lexicon::Architecture as Lexicon;
        Some(match self.0.architecture {
            Lexicon::Aarch64(_) => Architecture::Aarch64,
            Lexicon::X86_64 | Lexicon::X86_64h => Architecture::X86_64,
            Lexicon::X86_32(_) => Architecture::I686,
            Lexicon::Arm(_) => Architecture::Armv7,
            Lexicon::Riscv64(_) => Architecture::Riscv64,
            Lexicon::Powerpc64le => Architecture::Ppc64le,
            Lexicon::S390x => Architecture::S390x,
            Lexicon::LoongArch64 => Architecture::Loongarch64,
            _ => return None,
        })
    }

    /// Whether executables for it end in `.exe`.
    #[must_use]
    pub fn is_windows(&self) -> bool {
        self.0.operating_system == target_lexicon::OperatingSystem::Windows
    }

    /// Whether the target is macOS.
    #[must_use]
    pub fn is_macos(&self) -> bool {
        matches!(
            self.0.operating_system,
            target_lexicon::OperatingSystem::Darwin(_) | target_lexicon::OperatingSystem::MacOSX(_)
        )
    }

    /// Whether the target is Linux.
    #[must_use]
    pub fn is_linux(&self) -> bool {
        self.0.operating_system == target_lexicon::OperatingSystem::Linux
    }

    /// The file name of an executable called `name` on this target.
    #[must_use]
    pub fn executable_name(&self, name: &str) -> String {
        if self.is_windows() { format!("{name}.exe") } else { name.to_owned() }
    }

    /// Whether a binary that honours `tag` can be a build for this triple.
    #[must_use]
    pub fn matches(&self, tag: &PlatformTag) -> bool {
        let system = match tag {
            PlatformTag::Any | PlatformTag::Other(_) => false,
            PlatformTag::Macos { .. } => self.is_macos(),
            PlatformTag::Windows(_) => self.is_windows(),
            PlatformTag::Manylinux { .. }
            | PlatformTag::ManylinuxLegacy { .. }
            | PlatformTag::Musllinux { .. }
            | PlatformTag::Linux(_) => self.is_linux(),
        };
        system && self.architecture().is_some_and(|architecture| tag.architectures().contains(&architecture))
    }
}

impl fmt::Display for TargetTriple {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl Serialize for TargetTriple {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for TargetTriple {
    type Err = TripleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let triple: target_lexicon::Triple = text.parse().map_err(|_| TripleError(text.to_owned()))?;
        let known = triple.architecture != target_lexicon::Architecture::Unknown
            && triple.operating_system != target_lexicon::OperatingSystem::Unknown;
        known.then_some(Self(triple)).ok_or_else(|| TripleError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tags_are_read_and_written_alike() {
        for text in [
            "any",
            "macosx_11_0_arm64",
            "macosx_10_9_x86_64",
            "macosx_11_0_universal2",
            "manylinux_2_17_x86_64",
            "manylinux2014_aarch64",
            "manylinux1_i686",
            "musllinux_1_1_aarch64",
            "linux_x86_64",
            "win32",
            "win_amd64",
            "win_arm64",
            "ios_13_0_arm64_iphoneos",
            "android_24_arm64_v8a",
            "macosx_10_6_intel",
        ] {
            assert_eq!(text.parse::<PlatformTag>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_tag_is_refused() {
        for text in [
            "",
            "manylinux",
            "manylinux_2_x86_64",
            "manylinux_2_17_",
            "manylinux_02_17_x86_64",
            "manylinux_2_17_sparc",
            "musllinux_1_1",
            "macosx_11_arm64",
            "macosx_11_0_mips",
            "win64",
            "windows_amd64",
            "Any",
            "linux",
            "foo_bar",
            "manylinux_2_17_x86_64 ",
            "x86_64-unknown-linux-musl",
            "manylinux2015_x86_64",
        ] {
            assert!(text.parse::<PlatformTag>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn compressed_sets_are_sorted_and_without_repeats() {
        let set: PlatformTagSet = "musllinux_1_1_x86_64.manylinux_2_17_x86_64.musllinux_1_1_x86_64".parse().unwrap();
        assert_eq!(set.to_string(), "manylinux_2_17_x86_64.musllinux_1_1_x86_64");
        assert!("a..b".parse::<PlatformTagSet>().is_err());
        assert!("".parse::<PlatformTagSet>().is_err());
    }

    #[test]
    fn triples_match_their_tags() {
        let musl: TargetTriple = "x86_64-unknown-linux-musl".parse().unwrap();
        assert!(musl.matches(&"musllinux_1_1_x86_64".parse().unwrap()));
        assert!(musl.matches(&"manylinux_2_17_x86_64".parse().unwrap()));
        assert!(!musl.matches(&"musllinux_1_1_aarch64".parse().unwrap()));
        let windows: TargetTriple = "aarch64-pc-windows-msvc".parse().unwrap();
        assert_eq!(windows.executable_name("codex"), "codex.exe");
        assert!("nonsense".parse::<TargetTriple>().is_err());
    }

    proptest! {
        #[test]
        fn never_panics_and_round_trips(text in "[a-z0-9_.]{0,40}") {
            if let Ok(tag) = text.parse::<PlatformTag>() {
                prop_assert_eq!(tag.to_string(), text);
            }
        }

        #[test]
        fn sets_round_trip(text in "(manylinux|musllinux)_[0-9]{1,2}_[0-9]{1,2}_(x86_64|aarch64)(\\.win_amd64)?") {
            if let Ok(set) = text.parse::<PlatformTagSet>() {
                prop_assert_eq!(set.to_string().parse(), Ok(set));
            }
        }
    }
}
