//! Rust target triples, as releases name their builds.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use target_lexicon::{Architecture as Lexicon, ArmArchitecture, Environment, OperatingSystem};

use super::architecture::{Architecture, IosMachine};
use super::host::{Host, System};
use super::platform_tag::PlatformTag;
use crate::serde_text::serde_as_text;

/// A target triple. Orders as its text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TargetTriple(target_lexicon::Triple);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a Rust target triple")]
pub struct TripleError(String);

impl crate::error::Explain for TripleError {}

impl TargetTriple {
    /// The architecture, where a platform tag can name it.
    pub(crate) fn architecture(&self) -> Option<Architecture> {
        Some(match self.0.architecture {
            Lexicon::Aarch64(_) => Architecture::Aarch64,
            Lexicon::X86_64 | Lexicon::X86_64h => Architecture::X86_64,
            Lexicon::X86_32(_) => Architecture::I686,
            Lexicon::Arm(arm) => self.arm(arm)?,
            Lexicon::Riscv64(_) => Architecture::Riscv64,
            Lexicon::Powerpc64le => Architecture::Ppc64le,
            Lexicon::S390x => Architecture::S390x,
            Lexicon::LoongArch64 => Architecture::Loongarch64,
            _ => return None,
        })
    }

    /// Why `tag` is no tag of this triple.
    pub(crate) fn mismatch(&self, tag: &PlatformTag) -> String {
        match self.architecture() {
            _ if matches!(tag, PlatformTag::Other(_)) => format!(
                "`{tag}` is of a platform that relkit has no rules for; those it has are Linux, macOS, Windows, Android \
                 and iOS"
            ),
            Some(_) => format!("`{tag}` is no tag of `{self}`"),
            None => format!(
                "`{tag}` is no tag of `{self}`: no platform tag that relkit knows is for the architecture and calling \
                 convention of that triple"
            ),
        }
    }

    /// The usual target of binaries that keep a tag's promise.
    pub(crate) fn of_tag(tag: &PlatformTag) -> Option<Self> {
        let architecture = *tag.architectures().first()?;
        let name = match architecture {
            Architecture::Armv7 => "armv7".to_owned(),
            Architecture::Armv6 => "arm".to_owned(),
            Architecture::Ppc64le => "powerpc64le".to_owned(),
            Architecture::Riscv64 => "riscv64gc".to_owned(),
            Architecture::Aarch64
            | Architecture::X86_64
            | Architecture::I686
            | Architecture::S390x
            | Architecture::Loongarch64 => architecture.to_string(),
        };
        let hard_float = matches!(architecture, Architecture::Armv7 | Architecture::Armv6);
        let hard_float = if hard_float { "eabihf" } else { "" };
        let text = match tag {
            PlatformTag::Macos { .. } => format!("{name}-apple-darwin"),
            PlatformTag::Windows(_) => format!("{name}-pc-windows-msvc"),
            PlatformTag::Musllinux { .. } => format!("{name}-unknown-linux-musl{hard_float}"),
            PlatformTag::Manylinux { .. } | PlatformTag::ManylinuxLegacy { .. } | PlatformTag::Linux(_) => {
                format!("{name}-unknown-linux-gnu{hard_float}")
            }
            PlatformTag::Android { .. } if architecture == Architecture::Armv7 => "armv7-linux-androideabi".to_owned(),
            PlatformTag::Android { .. } => format!("{name}-linux-android"),
            PlatformTag::Ios { machine: IosMachine::ArmSimulator, .. } => format!("{name}-apple-ios-sim"),
            PlatformTag::Ios { .. } => format!("{name}-apple-ios"),
            PlatformTag::Any | PlatformTag::Other(_) => return None,
        };
        text.parse().ok()
    }

    /// 32-bit Arm, where floating-point numbers travel in registers of their own, or the program is for Android, whose ABI
    /// for version 7 has another convention.
    fn arm(&self, arm: ArmArchitecture) -> Option<Architecture> {
        use ArmArchitecture as Arm;
        use Environment as Env;
        let hard = matches!(self.0.environment, Env::Gnueabihf | Env::Musleabihf | Env::Uclibceabihf | Env::Eabihf);
        match arm {
            Arm::Armv7 | Arm::Armv7a | Arm::Thumbv7a | Arm::Thumbv7neon if hard || self.is_android() => {
                Some(Architecture::Armv7)
            }
            Arm::Arm | Arm::Armv6 | Arm::Armv6j | Arm::Armv6k | Arm::Armv6z | Arm::Armv6kz if hard => {
                Some(Architecture::Armv6)
            }
            _ => None,
        }
    }

    pub(crate) fn is_windows(&self) -> bool {
        self.0.operating_system == OperatingSystem::Windows
    }

    pub(crate) fn is_macos(&self) -> bool {
        matches!(self.0.operating_system, OperatingSystem::Darwin(_) | OperatingSystem::MacOSX(_))
    }

    /// Whether it is for Linux with a C library of its own; Android is a system by itself.
    pub(crate) fn is_linux(&self) -> bool {
        self.0.operating_system == OperatingSystem::Linux && !self.is_android()
    }

    pub(crate) fn is_android(&self) -> bool {
        let android = matches!(self.0.environment, Environment::Android | Environment::Androideabi);
        self.0.operating_system == OperatingSystem::Linux && android
    }

    /// The machines of iOS that its builds are for.
    fn ios_machine(&self) -> Option<IosMachine> {
        let machine = match (self.architecture()?, self.0.environment) {
            (Architecture::Aarch64, Environment::Unknown) => IosMachine::Device,
            (Architecture::Aarch64, Environment::Sim) => IosMachine::ArmSimulator,
            (Architecture::X86_64, Environment::Unknown | Environment::Sim) => IosMachine::IntelSimulator,
            _ => return None,
        };
        matches!(self.0.operating_system, OperatingSystem::IOS(_)).then_some(machine)
    }

    pub(crate) fn is_musl(&self) -> bool {
        matches!(self.0.environment, Environment::Musl | Environment::Musleabi | Environment::Musleabihf)
    }

    /// Whether it is on musl, and one of the others is the same machine on glibc.
    pub(crate) fn is_musl_beside<'a>(&self, mut others: impl Iterator<Item = &'a Self>) -> bool {
        let is_glibc = |other: &Self| other.is_linux() && !other.is_musl();
        self.is_musl() && others.any(|other| is_glibc(other) && other.architecture() == self.architecture())
    }

    /// The same target on glibc, where this one is on musl.
    pub(crate) fn on_glibc(&self) -> Self {
        let mut triple = self.0.clone();
        if triple.environment == Environment::Musl {
            triple.environment = Environment::Gnu;
        }
        Self(triple)
    }

    /// The file name of an executable called `name` on this target.
    pub(crate) fn executable_name(&self, name: &str) -> String {
        if self.is_windows() { format!("{name}.exe") } else { name.to_owned() }
    }

    /// Whether a binary that honours `tag` can be a build for this triple.
    pub(crate) fn matches(&self, tag: &PlatformTag) -> bool {
        let system = match tag {
            PlatformTag::Any | PlatformTag::Other(_) => false,
            PlatformTag::Macos { .. } => self.is_macos(),
            PlatformTag::Windows(_) => self.is_windows(),
            PlatformTag::Android { .. } => self.is_android(),
            PlatformTag::Ios { machine, .. } => self.ios_machine() == Some(*machine),
            PlatformTag::Manylinux { .. }
            | PlatformTag::ManylinuxLegacy { .. }
            | PlatformTag::Musllinux { .. }
            | PlatformTag::Linux(_) => self.is_linux(),
        };
        let Some(built) = self.architecture().filter(|_| system) else { return false };
        tag.architectures().into_iter().any(|machine| built.runs_on(machine))
    }

    /// Whether a machine runs its builds by itself.
    pub(crate) fn runs_on(&self, host: Host) -> bool {
        let is_system = match host.system {
            System::Linux => self.is_linux(),
            System::Macos => self.is_macos(),
            System::Windows => self.is_windows(),
        };
        is_system && self.architecture().is_some_and(|built| built.runs_on(host.architecture))
    }

    /// Whether this machine does.
    pub(crate) fn runs_here(&self) -> bool {
        Host::here().is_some_and(|here| self.runs_on(here))
    }
}

impl fmt::Display for TargetTriple {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl FromStr for TargetTriple {
    type Err = TripleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let triple: target_lexicon::Triple = text.parse().map_err(|_| TripleError(text.to_owned()))?;
        let known = triple.architecture != Lexicon::Unknown && triple.operating_system != OperatingSystem::Unknown;
        known.then_some(Self(triple)).ok_or_else(|| TripleError(text.to_owned()))
    }
}

serde_as_text!(TargetTriple);

impl Ord for TargetTriple {
    fn cmp(&self, other: &Self) -> Ordering {
        self.to_string().cmp(&other.to_string())
    }
}

impl PartialOrd for TargetTriple {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn of_three_systems_one_at_most_is_this_one() {
        let Some(here) = Host::here() else { return };
        let runs = |triple: &str| triple.parse::<TargetTriple>().unwrap().runs_here();
        let systems = ["unknown-linux-musl", "apple-darwin", "pc-windows-msvc"];
        let running = systems.iter().filter(|system| runs(&format!("{}-{system}", here.architecture))).count();
        assert!(running <= 1);
        assert!(!runs("riscv64gc-unknown-linux-musl") || here.architecture == Architecture::Riscv64);
    }

    #[test]
    fn triples_match_their_tags() {
        let musl: TargetTriple = "x86_64-unknown-linux-musl".parse().unwrap();
        assert!(musl.matches(&"musllinux_1_1_x86_64".parse().unwrap()));
        assert!(musl.matches(&"manylinux_2_17_x86_64".parse().unwrap()));
        assert!(!musl.matches(&"musllinux_1_1_aarch64".parse().unwrap()));
        let runs = |triple: &TargetTriple, host: &str| triple.runs_on(host.parse().unwrap());
        assert!(runs(&musl, "linux-amd64") && !runs(&musl, "macos-x86_64"));
        let windows: TargetTriple = "aarch64-pc-windows-msvc".parse().unwrap();
        assert_eq!(windows.executable_name("codex"), "codex.exe");
        assert_eq!((musl.on_glibc().to_string().as_str(), windows.on_glibc()), ("x86_64-unknown-linux-gnu", windows));
        assert!("nonsense".parse::<TargetTriple>().is_err());
    }

    #[test]
    fn every_target_matches_the_tags_of_its_own_system() {
        let tags = "android_21_arm64_v8a android_21_armeabi_v7a android_21_x86 android_21_x86_64 ios_13_0_arm64_iphoneos \
            ios_13_0_arm64_iphonesimulator ios_13_0_x86_64_iphonesimulator linux_armv6l macosx_11_0_universal2 \
            manylinux_2_17_aarch64 manylinux_2_17_armv7l manylinux_2_17_i686 manylinux_2_17_loongarch64 \
            manylinux_2_17_ppc64le manylinux_2_17_riscv64 manylinux_2_17_s390x musllinux_1_2_armv7l win32 win_arm64";
        for (triple, matching) in [
            ("aarch64-linux-android", "android_21_arm64_v8a"),
            ("armv7-linux-androideabi", "android_21_armeabi_v7a"),
            ("thumbv7neon-linux-androideabi", "android_21_armeabi_v7a"),
            ("i686-linux-android", "android_21_x86"),
            ("x86_64-linux-android", "android_21_x86_64"),
            ("aarch64-apple-ios", "ios_13_0_arm64_iphoneos"),
            ("aarch64-apple-ios-sim", "ios_13_0_arm64_iphonesimulator"),
            ("x86_64-apple-ios", "ios_13_0_x86_64_iphonesimulator"),
            ("aarch64-apple-ios-macabi", ""),
            ("aarch64-apple-darwin", "macosx_11_0_universal2"),
            ("aarch64-unknown-linux-musl", "manylinux_2_17_aarch64"),
            ("armv7-unknown-linux-gnueabihf", "manylinux_2_17_armv7l musllinux_1_2_armv7l"),
            ("arm-unknown-linux-gnueabihf", "linux_armv6l manylinux_2_17_armv7l musllinux_1_2_armv7l"),
            ("arm-unknown-linux-musleabi", ""),
            ("armv5te-unknown-linux-gnueabi", ""),
            ("i686-unknown-linux-gnu", "manylinux_2_17_i686"),
            ("loongarch64-unknown-linux-gnu", "manylinux_2_17_loongarch64"),
            ("powerpc64le-unknown-linux-gnu", "manylinux_2_17_ppc64le"),
            ("riscv64gc-unknown-linux-gnu", "manylinux_2_17_riscv64"),
            ("s390x-unknown-linux-gnu", "manylinux_2_17_s390x"),
            ("i686-pc-windows-msvc", "win32"),
            ("aarch64-pc-windows-msvc", "win_arm64"),
        ] {
            let parsed: TargetTriple = triple.parse().unwrap();
            let found: Vec<_> = tags.split_whitespace().filter(|tag| parsed.matches(&tag.parse().unwrap())).collect();
            assert_eq!((parsed.to_string().as_str(), found.join(" ").as_str()), (triple, matching));
        }
        let android: TargetTriple = "aarch64-linux-android".parse().unwrap();
        let runs = |triple: &TargetTriple, host: &str| triple.runs_on(host.parse().unwrap());
        assert!(!runs(&android, "linux-aarch64"));
        let first: TargetTriple = "arm-unknown-linux-gnueabihf".parse().unwrap();
        assert!(runs(&first, "linux-armv7l") && runs(&first, "linux-armv6l"));
    }

    #[test]
    fn every_architecture_has_a_triple_and_that_triple_has_it() {
        for architecture in Architecture::ALL {
            let tag = format!("linux_{architecture}").parse().unwrap();
            let triple = TargetTriple::of_tag(&tag);
            assert_eq!(triple.and_then(|triple| triple.architecture()), Some(*architecture), "{architecture}");
        }
    }

    proptest! {
        #[test]
        fn display_and_parse_are_inverse(
            text in "(aarch64|x86_64|i686|armv7|arm|s390x|riscv64gc|arm64|wasm32)-((unknown|pc|apple|[a-z]{1,4})-)?(linux|windows|darwin|ios|macosx[0-9.]{0,4})(-(gnu|musl|msvc|gnueabihf|android|androideabi|sim|[a-z]{1,4}))?",
        ) {
            if let Ok(triple) = text.parse::<TargetTriple>() {
                prop_assert_eq!(triple.to_string().parse(), Ok(triple));
            }
        }
    }
}
