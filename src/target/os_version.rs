//! Versions of systems and C libraries, as tags have them.

use std::fmt;
use std::str::FromStr;

use crate::serde_text::serde_as_text;

/// A version of macOS, iOS, Windows, glibc or musl, as far as tags tell versions apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OsVersion {
    pub(crate) major: u16,
    pub(crate) minor: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a version: two numbers joined by a dot are expected")]
pub struct OsVersionError(String);

impl OsVersion {
    pub(crate) const fn new(major: u16, minor: u16) -> Self {
        Self { major, minor }
    }
}

impl fmt::Display for OsVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.major, self.minor)
    }
}

impl FromStr for OsVersion {
    type Err = OsVersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split_once('.').and_then(|(major, minor)| Some(Self::new(number(major)?, number(minor)?)));
        parts.ok_or_else(|| OsVersionError(text.to_owned()))
    }
}

/// A number in its only spelling: digits without a sign or a leading zero.
pub(super) fn number(text: &str) -> Option<u16> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    plain.then(|| text.parse().ok()).flatten()
}

serde_as_text!(OsVersion);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn versions_round_trip(major: u16, minor: u16, text in "[0-9.]{0,8}") {
            let version = OsVersion { major, minor };
            prop_assert_eq!(version.to_string().parse(), Ok(version));
            if let Ok(version) = text.parse::<OsVersion>() {
                prop_assert_eq!(version.to_string(), text);
            }
        }
    }
}
