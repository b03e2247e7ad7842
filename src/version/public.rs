//! A public version (PEP 440), and how programs and their release tags spell one: `0.116.0-alpha.1` is `0.116.0a1`.

use std::fmt;
use std::str::FromStr;

use pep440_rs::{PrereleaseKind, Version};

use crate::error::Explain;
use crate::serde_text::serde_as_text;

/// A version without a local part.
///
/// Displays in PEP 440 normal form; parses that, every other spelling of the specification in which each number is
/// written out, and the semantic spelling of pre-releases; what a user types is read by `typed`. Orders as PEP 440 does: `1.0` and `1` are equal.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PublicVersion(Version);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a public version")]
pub struct VersionError {
    text: String,
}

impl Explain for VersionError {
    fn hint(&self) -> Option<String> {
        Some("a version is such as `1.2.3`, `15`, `1.2.0rc1`, `1.0.post1` (PEP 440), or `1.2.0-rc.1`".into())
    }
}

/// A version is shorter than any file name.
const MAX_LENGTH: usize = 128;

impl PublicVersion {
    /// How the program itself spells it, as semantic versioning does: `0.116.0-alpha.1`. Versions that it has no spelling
    /// for keep the one of PEP 440.
    pub(crate) fn semver(&self) -> String {
        let version = &self.0;
        let plain = version.epoch() == 0 && version.dev().is_none() && version.release().len() == 3;
        let Some(pre) = version.pre().filter(|_| plain) else { return self.to_string() };
        let kind = match pre.kind {
            PrereleaseKind::Alpha => "alpha",
            PrereleaseKind::Beta => "beta",
            PrereleaseKind::Rc => "rc",
        };
        let [major, minor, patch] = [0, 1, 2].map(|index| version.release().get(index).copied().unwrap_or_default());
        let post = version.post().map(|post| format!(".{post}")).unwrap_or_default();
        format!("{major}.{minor}.{patch}-{kind}.{}{post}", pre.number)
    }

    /// What a user calls a version: every public one of PEP 440, in which numbers may be left out (`1.0a` is `1.0a0`, and
    /// `1.0-1` is `1.0.post1`) and letters may be large. What a program prints is not read like that: `1.2.3-5` may be the
    /// fifth commit after `1.2.3`.
    pub(crate) fn typed(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let version = || text.parse::<Version>().ok().filter(|version| !version.is_local()).map(Self);
        text.parse().ok().or_else(|| version().filter(|_| is_plain(&text)))
    }

    /// What a program says of itself, of which build metadata (`1.2.3+dirty`) is no part.
    pub(crate) fn said(text: &str) -> Option<Self> {
        text.split_once('+').map_or(text, |(version, _)| version).parse().ok()
    }

    pub(super) fn is_post_release(&self) -> bool {
        self.0.post().is_some()
    }

    /// The post-release of this version with that number.
    pub(super) fn post(&self, number: u64) -> Self {
        Self(self.0.clone().with_post(Some(number)))
    }

    pub(crate) fn version(&self) -> &Version {
        &self.0
    }
}

impl From<PublicVersion> for Version {
    fn from(version: PublicVersion) -> Self {
        version.0
    }
}

impl fmt::Display for PublicVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl FromStr for PublicVersion {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        read(text).ok_or_else(|| VersionError { text: text.to_owned() })
    }
}

serde_as_text!(PublicVersion);

fn read(text: &str) -> Option<PublicVersion> {
    if !is_plain(text) {
        return None;
    }
    // A respin of a pre-release, `1.2.3-alpha.1.2`, has no spelling of its own in PEP 440.
    let respun = text.split_once('-').and_then(|(release, pre)| {
        let [kind, number, respin] = pre.split('.').collect::<Vec<_>>().try_into().ok()?;
        Some(format!("{release}-{kind}.{number}.post{respin}"))
    });
    let version: Version = text.parse().ok().or_else(|| respun.as_ref()?.parse().ok())?;
    let (given, normal) = (parts(respun.as_deref().unwrap_or(text)), parts(&version.to_string()));
    // PEP 440 also reads numbers that are not there: `1.0-alpha` as `1.0a0`, and `1.0-1` as `1.0.post1`.
    (given == normal).then_some(PublicVersion(version))
}

/// Whether a text is short, and of signs that a version has.
fn is_plain(text: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_!".contains(&byte);
    text.len() <= MAX_LENGTH && text.bytes().all(known)
}

/// The numbers and marks of a version, each mark in its normal spelling.
fn parts(text: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut last = None;
    for character in text.trim_start_matches('v').chars() {
        let kind = (character.is_ascii_digit(), character.is_ascii_lowercase());
        match parts.last_mut().filter(|_| last == Some(kind) && kind != (false, false)) {
            Some(part) => part.push(character),
            None if kind != (false, false) => parts.push(character.into()),
            None => {}
        }
        last = Some(kind);
    }
    let normal = |part: String| match part.as_str() {
        "alpha" => "a".to_owned(),
        "beta" => "b".to_owned(),
        "c" | "pre" | "preview" => "rc".to_owned(),
        "rev" | "r" => "post".to_owned(),
        number if number.starts_with('0') => {
            let digits = number.trim_start_matches('0');
            if digits.is_empty() { "0".to_owned() } else { digits.to_owned() }
        }
        _ => part,
    };
    parts.into_iter().map(normal).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_accepted_form() {
        for (text, normal) in [
            ("0.116.0-alpha.1", "0.116.0a1"),
            ("0.116.0-beta.2", "0.116.0b2"),
            ("0.116.0-rc.3", "0.116.0rc3"),
            ("0.116.0-rc3", "0.116.0rc3"),
            ("0.116.0a1", "0.116.0a1"),
            ("0.154.0-alpha.1.2", "0.154.0a1.post2"),
            ("0.154.0a1.post2", "0.154.0a1.post2"),
            ("0.163.0", "0.163.0"),
            ("15", "15"),
            ("1.2", "1.2"),
            ("1.2.3.4", "1.2.3.4"),
            ("1.0.post1", "1.0.post1"),
            ("1.0.dev3", "1.0.dev3"),
            ("1!2.0", "1!2.0"),
            ("2026.01.05", "2026.1.5"),
            ("v3.14.1", "3.14.1"),
        ] {
            assert_eq!(text.parse::<PublicVersion>().unwrap().to_string(), normal, "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let plain = "v 0.116.0-alpha 0.116.0-alpha. 0.116.0-alpha.1.2.3 0.116.0-gamma.1 0.116.0A1 0.116.0a 0.116.0+local \
            0.116.0-alpha.1+build V0.116.0 rust-0.116.0 0.116.0-1 1.0.post 1.0.dev 99999999999999999999.0.0 ٣.1.2 latest";
        for text in plain.split(' ').chain(["", " 0.116.0", "0.116.0\n", &"1.".repeat(200)]) {
            assert!(text.parse::<PublicVersion>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_user_may_type_every_spelling() {
        for (text, normal) in [
            ("0.116.0A1", "0.116.0a1"),
            ("0.116.0-Alpha.1", "0.116.0a1"),
            ("V1.0", "1.0"),
            ("1.0a", "1.0a0"),
            ("1.0-rc", "1.0rc0"),
            ("1.0.post", "1.0.post0"),
            ("1.0-1", "1.0.post1"),
            ("1.0.dev", "1.0.dev0"),
            ("1.0C2", "1.0rc2"),
            ("1!1.0.REV3", "1!1.0.post3"),
            ("0.154.0-alpha.1.2", "0.154.0a1.post2"),
        ] {
            let typed = PublicVersion::typed(text).map(|version| version.to_string());
            assert_eq!(typed.as_deref(), Some(normal), "{text}");
        }
        for text in
            ["", "v", "1.0+local", "1.0-gamma", "1.0-5-gabcdef", " 1.0", "1.0\n", "٣.1", "latest", &"1.".repeat(200)]
        {
            assert_eq!(PublicVersion::typed(text), None, "{text:?}");
        }
    }

    #[test]
    fn build_metadata_of_a_program_is_left_out() {
        assert_eq!(PublicVersion::said("3.54.0+pypi").unwrap().to_string(), "3.54.0");
        assert_eq!(PublicVersion::said("v3.14.1").unwrap().to_string(), "3.14.1");
        assert_eq!(PublicVersion::said("unknown"), None);
    }

    prop_compose! {
        fn any_version()(
            release in proptest::collection::vec(0..99_u64, 1..5),
            pre in proptest::option::of((0..3_usize, 0..99_u64)),
            post in proptest::option::of(0..99_u64),
            dev in proptest::option::of(0..99_u64),
        ) -> PublicVersion {
            let release: Vec<_> = release.iter().map(ToString::to_string).collect();
            let pre = pre.map(|(kind, number)| format!("{}{number}", ["a", "b", "rc"][kind])).unwrap_or_default();
            let post = post.map(|number| format!(".post{number}")).unwrap_or_default();
            let dev = dev.map(|number| format!(".dev{number}")).unwrap_or_default();
            format!("{}{pre}{post}{dev}", release.join(".")).parse().unwrap()
        }
    }

    proptest! {
        #[test]
        fn both_spellings_are_read_back(version in any_version()) {
            prop_assert_eq!(version.to_string().parse(), Ok(version.clone()));
            prop_assert_eq!(version.semver().parse(), Ok(version));
        }

        #[test]
        fn any_text_is_answered(text in "(rust-)?v?[0-9.abrc!_-]{0,16}(alpha|beta|rc|a|b)?[.0-9post-]{0,8}", other: String) {
            if let Ok(version) = text.parse::<PublicVersion>() {
                prop_assert_eq!(version.to_string().parse(), Ok(version));
            }
            let _ = (PublicVersion::said(&text), PublicVersion::said(&other));
        }
    }
}
