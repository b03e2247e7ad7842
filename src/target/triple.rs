//! Rust target triples, as releases name their builds.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use target_lexicon::{Architecture as Lexicon, Environment, OperatingSystem};

use super::architecture::Architecture;
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
            Lexicon::Arm(_) => Architecture::Armv7,
            Lexicon::Riscv64(_) => Architecture::Riscv64,
            Lexicon::Powerpc64le => Architecture::Ppc64le,
            Lexicon::S390x => Architecture::S390x,
            Lexicon::LoongArch64 => Architecture::Loongarch64,
            _ => return None,
        })
    }

    /// The usual target of binaries that keep a tag's promise.
    pub(crate) fn of_tag(tag: &PlatformTag) -> Option<Self> {
        let architecture = *tag.architectures().first()?;
        let name = match architecture {
            Architecture::Armv7 => "armv7".to_owned(),
            Architecture::Ppc64le => "powerpc64le".to_owned(),
            Architecture::Riscv64 => "riscv64gc".to_owned(),
            other => other.to_string(),
        };
        let hard_float = if architecture == Architecture::Armv7 { "eabihf" } else { "" };
        let text = match tag {
            PlatformTag::Macos { .. } => format!("{name}-apple-darwin"),
            PlatformTag::Windows(_) => format!("{name}-pc-windows-msvc"),
            PlatformTag::Musllinux { .. } => format!("{name}-unknown-linux-musl{hard_float}"),
            PlatformTag::Manylinux { .. } | PlatformTag::ManylinuxLegacy { .. } | PlatformTag::Linux(_) => {
                format!("{name}-unknown-linux-gnu{hard_float}")
            }
            PlatformTag::Any | PlatformTag::Other(_) => return None,
        };
        text.parse().ok()
    }

    pub(crate) fn is_windows(&self) -> bool {
        self.0.operating_system == OperatingSystem::Windows
    }

    pub(crate) fn is_macos(&self) -> bool {
        matches!(self.0.operating_system, OperatingSystem::Darwin(_) | OperatingSystem::MacOSX(_))
    }

    pub(crate) fn is_linux(&self) -> bool {
        self.0.operating_system == OperatingSystem::Linux
    }

    pub(crate) fn is_musl(&self) -> bool {
        matches!(self.0.environment, Environment::Musl | Environment::Musleabi | Environment::Musleabihf)
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
    pub fn matches(&self, tag: &PlatformTag) -> bool {
        let system = match tag {
            PlatformTag::Any | PlatformTag::Other(_) => false,
            PlatformTag::Macos { .. } => self.is_macos(),
            PlatformTag::Windows(_) => self.is_windows(),
            _ => self.is_linux(),
        };
        system && self.architecture().is_some_and(|architecture| tag.architectures().contains(&architecture))
    }

    /// Whether a machine runs its builds by itself; `system` and `architecture` as Rust or the machine's own tools name
    /// them.
    pub(crate) fn runs_on(&self, system: &str, architecture: &str) -> bool {
        let system = match system {
            "linux" => self.is_linux(),
            "macos" | "darwin" => self.is_macos(),
            "windows" => self.is_windows(),
            _ => false,
        };
        let architecture = match architecture {
            "amd64" => Some(Architecture::X86_64),
            "arm64" => Some(Architecture::Aarch64),
            other => other.parse().ok(),
        };
        system && architecture.is_some() && architecture == self.architecture()
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
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn triples_match_their_tags() {
        let musl: TargetTriple = "x86_64-unknown-linux-musl".parse().unwrap();
        assert!(musl.matches(&"musllinux_1_1_x86_64".parse().unwrap()));
        assert!(musl.matches(&"manylinux_2_17_x86_64".parse().unwrap()));
        assert!(!musl.matches(&"musllinux_1_1_aarch64".parse().unwrap()));
        assert!(musl.runs_on("linux", "amd64") && !musl.runs_on("macos", "x86_64"));
        let windows: TargetTriple = "aarch64-pc-windows-msvc".parse().unwrap();
        assert_eq!(windows.executable_name("codex"), "codex.exe");
        assert_eq!((musl.on_glibc().to_string().as_str(), windows.on_glibc()), ("x86_64-unknown-linux-gnu", windows));
        assert!("nonsense".parse::<TargetTriple>().is_err());
    }

    proptest! {
        #[test]
        fn display_and_parse_are_inverse(
            text in "(aarch64|x86_64|i686|armv7|s390x|riscv64gc|arm64|wasm32)-((unknown|pc|apple|[a-z]{1,4})-)?(linux|windows|darwin|macosx[0-9.]{0,4})(-(gnu|musl|msvc|gnueabihf|[a-z]{1,4}))?",
        ) {
            if let Ok(triple) = text.parse::<TargetTriple>() {
                prop_assert_eq!(triple.to_string().parse(), Ok(triple));
            }
        }
    }
}
