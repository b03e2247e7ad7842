//! The tags that are well formed and that no installer takes, on whichever machine (`packaging.tags`), and those of systems that
//! nobody has yet.

use super::architecture::{Architecture, MacosArchitecture};
use super::os_version::OsVersion;
use super::platform_tag::PlatformTag;

/// The newest versions that are known here; later ones are no mistake once they exist.
const NEWEST_GLIBC: OsVersion = OsVersion::new(2, 44);
const NEWEST_MUSL: OsVersion = OsVersion::new(1, 2);

impl PlatformTag {
    /// Why no installer takes it, where that is so.
    pub(crate) fn taken_by_nobody(&self) -> Option<&'static str> {
        match self {
            Self::Macos { minimum: OsVersion { major: 0..=10, .. }, architecture: MacosArchitecture::Arm64 } => {
                Some("macOS runs on arm64 from 11 on")
            }
            Self::Macos { minimum: OsVersion { major: 10, minor: 0..=3 }, .. } => {
                Some("they ask for nothing that is older than macOS 10.4")
            }
            Self::Macos { minimum: OsVersion { major: 10, minor: 17.. }, .. } => {
                Some("after macOS 10.16, which is another name of 11, the major version counts")
            }
            Self::Manylinux { glibc, architecture } => {
                let is_x86 = matches!(architecture, Architecture::X86_64 | Architecture::I686);
                of_glibc(*glibc, is_x86)
            }
            // Of machines that no rule speaks of.
            Self::Other(text) => {
                let mut version = text.strip_prefix("manylinux_")?.split('_').map_while(|part| part.parse().ok());
                of_glibc(OsVersion::new(version.next()?, version.next()?), false)
            }
            Self::Musllinux { musl, .. } if musl.major != NEWEST_MUSL.major => Some("every musl is of version 1"),
            Self::Android { api_level: 0..=15, .. } => Some("they ask for nothing below API level 16 of Android"),
            Self::Ios { minimum: OsVersion { major: 0..=11, .. }, .. } => {
                Some("they ask for nothing that is older than iOS 12")
            }
            _ => None,
        }
    }

    /// Whether it is `linux_*`, which says nothing about the libc, and if so whether the public index takes it all the same.
    pub(crate) fn bare_linux(&self) -> Option<bool> {
        match self {
            Self::Linux(architecture) => Some(matches!(architecture, Architecture::Armv6 | Architecture::Armv7)),
            _ => None,
        }
    }

    /// Why the public index does not take it, or may not where the system is not known here yet, with whether that is sure.
    /// Of `linux_*` [`PlatformTag::bare_linux`] speaks.
    pub(crate) fn refused_by_index(&self) -> Option<(String, bool)> {
        const REFUSED: [&str; 10] =
            ["freebsd", "openbsd", "netbsd", "solaris", "dragonfly", "aix", "cygwin", "emscripten", "wasi", "pyodide"];
        // Of the architectures of Linux the index has those of the images that wheels are built in.
        let is_unserved = |machine: &Architecture| matches!(machine, Architecture::Armv6 | Architecture::Loongarch64);
        match self {
            Self::Macos { minimum: OsVersion { major: major @ 11.., minor: 1.. }, .. } => {
                Some((format!("`{self}` has a minor version, and indexes take `macosx_{major}_0_*` only"), true))
            }
            // macOS numbers skip from 15 to 26; later ones have come yearly.
            Self::Macos { minimum: OsVersion { major: 0..=9 | 16..=25, .. }, .. } => {
                Some((format!("`{self}` names a version of macOS that does not exist"), true))
            }
            Self::Macos { minimum: OsVersion { major: 27.., .. }, .. } => {
                Some((format!("`{self}` names a version of macOS that is not known here"), false))
            }
            Self::ManylinuxLegacy { .. } if self.canonical().legacy_alias().is_none_or(|alias| alias != *self) => {
                Some((format!("`{self}` was never defined, and indexes take no wheels for it"), true))
            }
            Self::Manylinux { architecture, .. } | Self::Musllinux { architecture, .. }
                if is_unserved(architecture) =>
            {
                Some((format!("indexes take no wheels for `{self}`"), true))
            }
            Self::Other(text) if REFUSED.iter().any(|name| text.starts_with(name)) => {
                Some((format!("indexes take no wheels for `{self}`"), true))
            }
            _ => None,
        }
    }

    /// What is to be said of it whatever a wheel holds: that installers or the index do not take it.
    pub(crate) fn reservation(&self) -> Option<String> {
        let nobody = || Some(format!("no installer takes `{self}`: {}", self.taken_by_nobody()?));
        let future = || Some(self.unknown_version(self.future_libc()?));
        let bare = || {
            let end = if self.bare_linux()? { "" } else { ", and indexes refuse it" };
            Some(format!("{}{end}", self.without_libc()))
        };
        nobody().or_else(future).or_else(bare).or_else(|| Some(self.refused_by_index()?.0))
    }

    /// The sentence about a tag that is `linux_*`.
    pub(crate) fn without_libc(&self) -> String {
        format!("`{self}` says nothing about the libc that the wheel needs")
    }

    /// The sentence about a tag of a libc that nobody has yet.
    pub(crate) fn unknown_version(&self, libc: &str) -> String {
        format!("`{self}` names a version of {libc} that is not known here")
    }

    /// The C library that it names in a version that is not known here.
    pub(crate) fn future_libc(&self) -> Option<&'static str> {
        match self {
            Self::Manylinux { glibc, .. } if *glibc > NEWEST_GLIBC => Some("glibc"),
            Self::Musllinux { musl, .. } if *musl > NEWEST_MUSL => Some("musl"),
            _ => None,
        }
    }
}

/// Whatever major version a system has, installers go down to the first of 2 that they know.
fn of_glibc(version: OsVersion, is_x86: bool) -> Option<&'static str> {
    match version {
        OsVersion { major, .. } if major != NEWEST_GLIBC.major => Some("every glibc is of version 2"),
        OsVersion { minor: 0..=4, .. } if is_x86 => Some("they ask for nothing that is older than glibc 2.5"),
        OsVersion { minor: 0..=16, .. } if !is_x86 => {
            Some("on processors other than x86 they ask for nothing that is older than glibc 2.17")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `packaging.tags` 26.4 and uv 0.13 have it.
    #[test]
    fn tags_that_no_machine_has() {
        for (tags, is_taken) in [
            ("manylinux_2_5_x86_64 manylinux_2_5_i686 manylinux_2_6_x86_64 manylinux1_x86_64", true),
            ("manylinux_2_4_x86_64 manylinux_2_0_i686 manylinux_1_17_x86_64 manylinux_0_17_x86_64", false),
            ("manylinux_2_17_aarch64 manylinux_2_17_riscv64 manylinux_2_17_ppc64 manylinux2014_ppc64", true),
            ("manylinux_2_16_aarch64 manylinux_2_5_s390x manylinux_2_12_ppc64 manylinux_3_0_ppc64", false),
            ("manylinux_3_0_x86_64 manylinux_3_17_aarch64 manylinux_4_0_x86_64", false),
            ("musllinux_1_0_x86_64 musllinux_1_1_x86_64 musllinux_1_2_armv6l musllinux_1_9_x86_64", true),
            ("musllinux_2_0_x86_64 musllinux_2_17_x86_64 musllinux_0_9_i686", false),
            ("macosx_10_4_x86_64 macosx_10_16_x86_64 macosx_10_4_universal2 macosx_11_0_arm64", true),
            ("macosx_10_3_x86_64 macosx_10_17_x86_64 macosx_10_0_universal2 macosx_10_16_arm64", false),
            ("android_16_x86 android_21_arm64_v8a ios_12_0_arm64_iphoneos ios_17_4_arm64_iphonesimulator", true),
            ("android_15_x86 ios_11_4_arm64_iphoneos ios_9_0_x86_64_iphonesimulator", false),
            ("any win32 win_amd64 win_arm64 linux_x86_64 macosx_10_6_intel pyodide_2025_0_wasm32", true),
        ] {
            for tag in tags.split(' ') {
                let parsed: PlatformTag = tag.parse().unwrap();
                assert_eq!(parsed.taken_by_nobody().is_none(), is_taken, "{tag}");
            }
        }
        let future = |tag: &str| tag.parse::<PlatformTag>().unwrap().future_libc();
        assert_eq!((future("manylinux_2_44_x86_64"), future("manylinux_2_45_x86_64")), (None, Some("glibc")));
        assert_eq!((future("musllinux_1_2_x86_64"), future("musllinux_1_3_x86_64")), (None, Some("musl")));
    }
}
