//! The well-known platforms, and the platform tags that installers on them take, best first: those of `packaging.tags`
//! (PEP 425, 600, 656, 730, 738).

use crate::product::PlatformFamily;
use crate::target::Architecture;

/// A platform that people install on.
#[derive(Debug, Clone, Copy)]
pub struct Platform {
    pub name: &'static str,
    pub(crate) title: &'static str,
    /// The family that a template may promise to serve; none for platforms off the main road.
    pub(crate) family: Option<PlatformFamily>,
    /// The architecture of the Python that runs there, where a target can be built for it.
    pub(crate) architecture: Option<Architecture>,
    system: System,
}

/// What decides the tags of a platform.
#[derive(Debug, Clone, Copy)]
enum System {
    Glibc(u16, Architecture),
    /// For which no tag with a floor exists.
    BareLinux(Architecture),
    Musl(u16, Architecture),
    Macos(u16, u16, &'static str),
    Windows(&'static str),
    Android(u16, &'static str),
    Ios(u16, u16, &'static str),
    Emscripten(&'static str),
}

const fn glibc(name: &'static str, title: &'static str, minor: u16, architecture: Architecture) -> Platform {
    let family = Some(PlatformFamily::LinuxGlibc);
    Platform { name, title, family, architecture: Some(architecture), system: System::Glibc(minor, architecture) }
}

const fn bare_linux(name: &'static str, title: &'static str, architecture: Architecture) -> Platform {
    let family = Some(PlatformFamily::LinuxGlibc);
    Platform { name, title, family, architecture: Some(architecture), system: System::BareLinux(architecture) }
}

const fn musl(name: &'static str, title: &'static str, minor: u16, architecture: Architecture) -> Platform {
    let family = Some(PlatformFamily::LinuxMusl);
    Platform { name, title, family, architecture: Some(architecture), system: System::Musl(minor, architecture) }
}

const fn macos(name: &'static str, title: &'static str, major: u16, minor: u16, arm: Architecture) -> Platform {
    let machine = if matches!(arm, Architecture::Aarch64) { "arm64" } else { "x86_64" };
    let system = System::Macos(major, minor, machine);
    Platform { name, title, family: Some(PlatformFamily::Macos), architecture: Some(arm), system }
}

const fn windows(name: &'static str, title: &'static str, tag: &'static str, architecture: Architecture) -> Platform {
    let family = Some(PlatformFamily::Windows);
    Platform { name, title, family, architecture: Some(architecture), system: System::Windows(tag) }
}

const fn other(name: &'static str, title: &'static str, system: System) -> Platform {
    Platform { name, title, family: None, architecture: None, system }
}

use Architecture::{Aarch64, Armv6, Armv7, I686, Loongarch64, Ppc64le, Riscv64, S390x, X86_64};

/// The well-known platforms, in the order in which they are shown.
pub static PLATFORMS: &[Platform] = &[
    glibc("debian-12-x86_64", "Debian 12, x86_64 (glibc 2.36)", 36, X86_64),
    glibc("debian-12-aarch64", "Debian 12, aarch64 (glibc 2.36)", 36, Aarch64),
    glibc("ubuntu-24.04-x86_64", "Ubuntu 24.04, x86_64 (glibc 2.39)", 39, X86_64),
    glibc("ubuntu-24.04-aarch64", "Ubuntu 24.04, aarch64 (glibc 2.39)", 39, Aarch64),
    glibc("ubuntu-20.04-x86_64", "Ubuntu 20.04, x86_64 (glibc 2.31)", 31, X86_64),
    glibc("rhel-9-x86_64", "RHEL 9 and its like, x86_64 (glibc 2.34)", 34, X86_64),
    glibc("rhel-8-x86_64", "RHEL 8 and its like, x86_64 (glibc 2.28)", 28, X86_64),
    glibc("amazon-linux-2023-aarch64", "Amazon Linux 2023, aarch64 (glibc 2.34)", 34, Aarch64),
    glibc("amazon-linux-2-x86_64", "Amazon Linux 2, x86_64 (glibc 2.26)", 26, X86_64),
    glibc("centos-7-x86_64", "CentOS 7, x86_64 (glibc 2.17)", 17, X86_64),
    glibc("centos-7-aarch64", "CentOS 7, aarch64 (glibc 2.17)", 17, Aarch64),
    glibc("centos-6-x86_64", "CentOS 6, x86_64 (glibc 2.12)", 12, X86_64),
    glibc("raspberry-pi-os-aarch64", "Raspberry Pi OS, 64 bits (glibc 2.36)", 36, Aarch64),
    glibc("raspberry-pi-os-armv7l", "Raspberry Pi OS, 32 bits (glibc 2.36)", 36, Armv7),
    bare_linux("raspberry-pi-zero-armv6l", "Raspberry Pi Zero and 1, 32 bits", Armv6),
    glibc("ubuntu-18.04-i686", "Ubuntu 18.04, i686 (glibc 2.27)", 27, I686),
    glibc("ubuntu-24.04-ppc64le", "Ubuntu 24.04, ppc64le (glibc 2.39)", 39, Ppc64le),
    glibc("ubuntu-24.04-s390x", "Ubuntu 24.04, s390x (glibc 2.39)", 39, S390x),
    glibc("ubuntu-24.04-riscv64", "Ubuntu 24.04, riscv64 (glibc 2.39)", 39, Riscv64),
    glibc("openeuler-24.03-loongarch64", "openEuler 24.03, loongarch64 (glibc 2.38)", 38, Loongarch64),
    musl("alpine-3.20-x86_64", "Alpine 3.20, x86_64 (musl 1.2)", 2, X86_64),
    musl("alpine-3.20-aarch64", "Alpine 3.20, aarch64 (musl 1.2)", 2, Aarch64),
    musl("alpine-3.12-x86_64", "Alpine 3.12, x86_64 (musl 1.1)", 1, X86_64),
    musl("alpine-3.20-armv7l", "Alpine 3.20, armv7l (musl 1.2)", 2, Armv7),
    macos("macos-26-arm64", "macOS 26, Apple silicon", 26, 0, Aarch64),
    macos("macos-15-arm64", "macOS 15, Apple silicon", 15, 0, Aarch64),
    macos("macos-11-arm64", "macOS 11, Apple silicon", 11, 0, Aarch64),
    macos("macos-15-arm64-rosetta", "macOS 15, Apple silicon, x86_64 Python (Rosetta)", 15, 0, X86_64),
    macos("macos-15-x86_64", "macOS 15, Intel", 15, 0, X86_64),
    macos("macos-12-x86_64", "macOS 12, Intel", 12, 0, X86_64),
    macos("macos-10.12-x86_64", "macOS 10.12, Intel", 10, 12, X86_64),
    macos("macos-10.9-x86_64", "macOS 10.9, Intel", 10, 9, X86_64),
    windows("windows-x86_64", "Windows 10 and 11, x64", "win_amd64", X86_64),
    windows("windows-11-arm64", "Windows 11, Arm", "win_arm64", Aarch64),
    windows("windows-11-arm64-x64-python", "Windows 11, Arm, x64 Python", "win_amd64", X86_64),
    windows("windows-32-bit-python", "Windows, 32-bit Python", "win32", I686),
    other("android-13-arm64", "Android 13, arm64 (Termux)", System::Android(33, "arm64_v8a")),
    other("android-13-x86_64", "Android 13, x86_64 (emulator)", System::Android(33, "x86_64")),
    other("ios-13-arm64", "iOS 13, device", System::Ios(13, 0, "arm64_iphoneos")),
    other("ios-18-arm64-simulator", "iOS 18, simulator on Apple silicon", System::Ios(18, 0, "arm64_iphonesimulator")),
    other("pyodide-2025", "Pyodide 2025", System::Emscripten("2025_0")),
];

impl Platform {
    /// The platform tags that an installer there takes, best first.
    pub fn tags(&self) -> Vec<String> {
        match self.system {
            System::Glibc(minor, architecture) => glibc_tags(minor, architecture),
            System::BareLinux(architecture) => vec![format!("linux_{architecture}")],
            System::Musl(minor, architecture) => {
                let tag = |minor| format!("musllinux_1_{minor}_{architecture}");
                std::iter::once(format!("linux_{architecture}")).chain((0..=minor).rev().map(tag)).collect()
            }
            System::Macos(major, minor, machine) => macos_tags(major, minor, machine),
            System::Windows(tag) => vec![tag.to_owned()],
            System::Android(level, abi) => (16..=level).rev().map(|level| format!("android_{level}_{abi}")).collect(),
            System::Ios(major, minor, machine) => {
                let own = (0..=minor).rev().map(|minor| (major, minor));
                let older = (12..major).rev().flat_map(|major| (0..=9).rev().map(move |minor| (major, minor)));
                own.chain(older).map(|(major, minor)| format!("ios_{major}_{minor}_{machine}")).collect()
            }
            System::Emscripten(version) => {
                vec![format!("pyemscripten_{version}_wasm32"), format!("pyodide_{version}_wasm32")]
            }
        }
    }
}

fn glibc_tags(minor: u16, architecture: Architecture) -> Vec<String> {
    let mut tags = vec![format!("linux_{architecture}")];
    let oldest = if matches!(architecture, X86_64 | I686) { 5 } else { 17 };
    for minor in (oldest..=minor).rev() {
        tags.push(format!("manylinux_2_{minor}_{architecture}"));
        let alias = match minor {
            17 => "manylinux2014",
            12 => "manylinux2010",
            5 => "manylinux1",
            _ => continue,
        };
        tags.push(format!("{alias}_{architecture}"));
    }
    tags
}

fn macos_tags(major: u16, minor: u16, machine: &str) -> Vec<String> {
    let mut tags = Vec::new();
    let mut push = |major: u16, minor: u16, formats: &[&str]| {
        tags.extend(formats.iter().map(|format| format!("macosx_{major}_{minor}_{format}")));
    };
    let intel: &[&str] = &["x86_64", "intel", "fat64", "fat3", "universal2", "universal"];
    let before_64_bits: &[&str] = &[];
    if major == 10 {
        for minor in (0..=minor).rev() {
            push(10, minor, if minor < 4 { before_64_bits } else { intel });
        }
        return tags;
    }
    let arm = machine == "arm64";
    for major in (11..=major).rev() {
        push(major, 0, if arm { &["arm64", "universal2"] } else { intel });
    }
    for minor in (4..=16).rev() {
        push(10, minor, if arm { &["universal2"] } else { intel });
    }
    tags
}
