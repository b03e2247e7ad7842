//! Codex versions: the release tag of the program (`rust-v0.116.0-alpha.1`) and the PEP 440 version of its
//! distributions (`0.116.0a1`) name one release. The two spellings are exactly inverse.

use std::fmt;
use std::str::FromStr;

use crate::error::Explain;
use crate::serde_text::serde_as_text;

/// A stage before a final release, in order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum PreRelease {
    Alpha,
    Beta,
    Candidate,
}

impl PreRelease {
    const ALL: [Self; 3] = [Self::Alpha, Self::Beta, Self::Candidate];

    fn semver(self) -> &'static str {
        match self {
            Self::Alpha => "alpha",
            Self::Beta => "beta",
            Self::Candidate => "rc",
        }
    }

    fn pep440(self) -> &'static str {
        match self {
            Self::Alpha => "a",
            Self::Beta => "b",
            Self::Candidate => "rc",
        }
    }
}

/// The version of a release of the program: three numbers, maybe a pre-release with its number, maybe a respin of
/// that pre-release (`-alpha.1.2`, PEP 440 `a1.post2`).
///
/// Displays as the PEP 440 normal form; parses every accepted form; two spellings of one release are equal.
/// Orders as PEP 440 does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CodexVersion {
    release: [u64; 3],
    pre: Option<(PreRelease, u64)>,
    pub(super) post: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a codex version")]
pub struct VersionError {
    text: String,
}

impl Explain for VersionError {
    fn hint(&self) -> Option<String> {
        Some(ACCEPTED.into())
    }
}

const ACCEPTED: &str = "accepted are a release tag (`rust-v0.116.0-alpha.1`, `v0.116.0-beta.2`, `0.116.0-rc.3`, \
                        `0.154.0-alpha.1.2`, `rust-v0.116.0`) and a PEP 440 version (`0.116.0a1`, `0.116.0`)";

impl CodexVersion {
    /// The tag of the release: `rust-v0.116.0-alpha.1`.
    pub fn release_tag(&self) -> String {
        format!("rust-v{}", self.semver())
    }

    /// The spelling of the program itself (`codex --version`, `codex-package.json`): `0.116.0-alpha.1`.
    pub fn semver(&self) -> String {
        let [major, minor, patch] = self.release;
        let mut text = format!("{major}.{minor}.{patch}");
        if let Some((stage, number)) = self.pre {
            text += &format!("-{}.{number}", stage.semver());
        }
        if let Some(post) = self.post {
            text += &format!(".{post}");
        }
        text
    }
}

impl Ord for CodexVersion {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        // A final release sorts after its pre-releases, and a post-release after what it follows.
        let key = |version: &Self| (version.release, version.pre.is_none(), version.pre, version.post);
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for CodexVersion {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for CodexVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.release;
        write!(formatter, "{major}.{minor}.{patch}")?;
        if let Some((stage, number)) = self.pre {
            write!(formatter, "{}{number}", stage.pep440())?;
        }
        self.post.map_or(Ok(()), |post| write!(formatter, ".post{post}"))
    }
}

impl FromStr for CodexVersion {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).ok_or_else(|| VersionError { text: text.to_owned() })
    }
}

serde_as_text!(CodexVersion);

fn parse(text: &str) -> Option<CodexVersion> {
    let tagged = text.strip_prefix("rust-v").or_else(|| text.strip_prefix('v'));
    match (tagged, text.contains('-') || tagged.is_some()) {
        (Some(semver), _) => parse_semver(semver),
        (None, true) => parse_semver(text),
        (None, false) => parse_pep440(text),
    }
}

fn parse_semver(text: &str) -> Option<CodexVersion> {
    let Some((release, suffix)) = text.split_once('-') else {
        return Some(CodexVersion { release: release_numbers(text)?, pre: None, post: None });
    };
    let mut parts = suffix.split('.');
    let label = parts.next()?;
    let stage = PreRelease::ALL.into_iter().find(|stage| stage.semver() == label)?;
    let pre = number(parts.next()?)?;
    let post = parts.next().map(|post| number(post).ok_or(())).transpose().ok()?;
    if parts.next().is_some() {
        return None;
    }
    Some(CodexVersion { release: release_numbers(release)?, pre: Some((stage, pre)), post })
}

fn parse_pep440(text: &str) -> Option<CodexVersion> {
    let (text, post) = match text.split_once(".post") {
        Some((text, post)) => (text, Some(number(post)?)),
        None => (text, None),
    };
    let Some(start) = text.find(|character: char| character.is_ascii_alphabetic()) else {
        // A post-release of a final release is never a release of the program, only of the SDK.
        return (post.is_none()).then_some(CodexVersion { release: release_numbers(text)?, pre: None, post: None });
    };
    let (release, suffix) = text.split_at(start);
    let (stage, pre) =
        PreRelease::ALL.into_iter().find_map(|stage| Some((stage, number(suffix.strip_prefix(stage.pep440())?)?)))?;
    Some(CodexVersion { release: release_numbers(release)?, pre: Some((stage, pre)), post })
}

fn release_numbers(text: &str) -> Option<[u64; 3]> {
    let mut parts = text.split('.').map(number);
    let release = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(release)
}

/// A decimal number in its only spelling: digits without a sign or a leading zero.
pub(super) fn number(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_accepted_form() {
        for (text, pep440) in [
            ("rust-v0.116.0-alpha.1", "0.116.0a1"),
            ("v0.116.0-beta.2", "0.116.0b2"),
            ("0.116.0-rc.3", "0.116.0rc3"),
            ("0.116.0a1", "0.116.0a1"),
            ("0.154.0-alpha.1.2", "0.154.0a1.post2"),
            ("0.154.0a1.post2", "0.154.0a1.post2"),
            ("0.137.0-alpha.4", "0.137.0a4"),
            ("rust-v0.163.0", "0.163.0"),
            ("v0.163.0", "0.163.0"),
            ("0.163.0", "0.163.0"),
        ] {
            let version: CodexVersion = text.parse().unwrap();
            assert_eq!(version.to_string(), pep440, "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "v",
            "rust-v",
            "0.116",
            "0.116.0.0",
            "0.116.0-alpha",
            "0.116.0-alpha.",
            "0.116.0-alpha.1.2.3",
            "0.116.0-alpha.01",
            "00.116.0",
            "0.116.0-gamma.1",
            "0.116.0A1",
            "0.116.0a",
            "0.116.0.post1",
            "0.116.0.dev1",
            "0.116.0+local",
            "0.116.0-alpha.1+build",
            " 0.116.0",
            "0.116.0\n",
            "rust-v0.116.0a1",
            "v0.116.0a1",
            "V0.116.0",
            "rust-0.116.0",
            "0.116.0-1",
            "0.116.0rc-3",
            "1!0.116.0",
            "0.116.0-alpha.-1",
            "99999999999999999999.0.0",
            "٣.1.2",
            "0.116.0a1.post",
            "0.116.0c1",
        ] {
            assert!(text.parse::<CodexVersion>().is_err(), "{text:?}");
        }
    }

    prop_compose! {
        fn any_version()(release: [u64; 3], stage in proptest::option::of(0..3_usize), pre: u64, post: Option<u64>) -> CodexVersion {
            let pre = stage.map(|stage| (PreRelease::ALL[stage], pre));
            CodexVersion { release, pre, post: post.filter(|_| pre.is_some()) }
        }
    }

    proptest! {
        #[test]
        fn tag_and_version_are_inverse(version in any_version()) {
            prop_assert_eq!(version.to_string().parse(), Ok(version));
            prop_assert_eq!(version.release_tag().parse(), Ok(version));
            prop_assert_eq!(version.semver().parse(), Ok(version));
        }

        #[test]
        fn orders_as_pep_440(one in any_version(), other in any_version()) {
            let pep440 = |version: &CodexVersion| version.to_string().parse::<pep440_rs::Version>().unwrap();
            prop_assert_eq!(one.cmp(&other), pep440(&one).cmp(&pep440(&other)));
        }

        #[test]
        fn what_parses_is_one_of_its_own_spellings(text in "(rust-)?v?[0-9.abrc-]{0,16}(alpha|beta|rc|a|b)?[.0-9post-]{0,8}") {
            if let Ok(version) = text.parse::<CodexVersion>() {
                let tag = version.release_tag();
                let spellings = [version.to_string(), version.semver(), tag[5..].to_owned(), tag];
                prop_assert!(spellings.contains(&text), "{}", text);
            }
        }
    }
}
