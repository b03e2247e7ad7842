//! The machines that programs run on, this one among them, as targets see them.

use std::env::consts::{ARCH, OS};
use std::str::FromStr;

use super::architecture::Architecture;

/// The operating systems whose machines targets are built for and tested on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum System {
    Linux,
    Macos,
    Windows,
}

/// A machine. Read from `linux-x86_64`, in the words of Rust or of the machine's own tools, in any case of letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Host {
    pub(crate) system: System,
    pub(crate) architecture: Architecture,
}

/// A text that names no machine that a target is built for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no machine: an operating system and an architecture are expected, as in `linux-x86_64`")]
pub(crate) struct HostError(String);

impl Host {
    pub(crate) fn new(system: System, architecture: Architecture) -> Self {
        Self { system, architecture }
    }

    /// The machine that relkit runs on, where a target can be built for it.
    pub(crate) fn here() -> Option<Self> {
        format!("{OS}-{ARCH}").parse().ok()
    }
}

impl FromStr for Host {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let lower = text.trim().to_ascii_lowercase();
        let parse = |(system, architecture): (&str, &str)| {
            let system = match system {
                "linux" => System::Linux,
                "macos" | "darwin" => System::Macos,
                "windows" => System::Windows,
                _ => return None,
            };
            let architecture = match architecture {
                "amd64" => Architecture::X86_64,
                "arm64" => Architecture::Aarch64,
                "x86" | "i386" | "i586" => Architecture::I686,
                other => other.parse().ok()?,
            };
            Some(Self { system, architecture })
        };
        lower.split_once('-').and_then(parse).ok_or_else(|| HostError(text.to_owned()))
    }
}

/// The architecture of this machine, where a tag can name it.
pub(crate) fn architecture_here() -> Option<Architecture> {
    Host::here().map(|host| host.architecture)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_have_several_names() {
        let host = |text: &str| text.parse::<Host>().ok().map(|host| (host.system, host.architecture));
        for (text, system, architecture) in [
            ("linux-x86_64", System::Linux, Architecture::X86_64),
            ("Windows-AMD64", System::Windows, Architecture::X86_64),
            ("darwin-arm64", System::Macos, Architecture::Aarch64),
            ("linux-x86", System::Linux, Architecture::I686),
            (" linux-armv7l ", System::Linux, Architecture::Armv7),
        ] {
            assert_eq!(host(text), Some((system, architecture)), "{text}");
        }
        for text in ["", "linux", "linux-", "plan9-x86_64", "linux-x86_64 via wine", "linux-x86_64-musl"] {
            assert_eq!(host(text), None, "{text}");
        }
    }
}
