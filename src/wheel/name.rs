//! Names of distributions: the syntax of PEP 508, and the two normal forms that indexes (PEP 503) and file names
//! (PEP 427, PEP 625) use.

use std::fmt;
use std::str::FromStr;

use crate::error::Explain;
use crate::serde_text::serde_as_text;

/// The name of a distribution as its metadata spells it. Displays as written; equality is that of the text, so compare
/// `normalized` forms where two spellings may name one distribution.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DistributionName(String);

/// A text that is not the name of a distribution.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the name of a distribution")]
pub struct NameError(String);

impl Explain for NameError {
    fn hint(&self) -> Option<String> {
        Some("names are ASCII letters, digits, `-`, `_` and `.`, with a letter or digit at both ends".into())
    }
}

impl DistributionName {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The form that indexes compare: lower case, runs of `-`, `_` and `.` as one `-` (PEP 503).
    pub(crate) fn normalized(&self) -> String {
        normalize(&self.0, '-')
    }

    /// The name in the form that indexes compare: of two spellings of one distribution the same.
    pub(crate) fn normal(&self) -> Self {
        Self(self.normalized())
    }

    /// The form of file names: as [`normalized`](Self::normalized), with `_` for `-`.
    pub(crate) fn escaped(&self) -> String {
        normalize(&self.0, '_')
    }

    /// The name in the form of file names.
    pub(super) fn of_file(&self) -> Self {
        Self(self.escaped())
    }

    /// Whether both spellings name one distribution.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.normalized() == other.normalized()
    }
}

fn normalize(name: &str, separator: char) -> String {
    let mut normal = String::with_capacity(name.len());
    for character in name.chars() {
        if !matches!(character, '-' | '_' | '.') {
            normal.push(character.to_ascii_lowercase());
        } else if !normal.ends_with(separator) {
            normal.push(separator);
        }
    }
    normal
}

impl fmt::Display for DistributionName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for DistributionName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = text.as_bytes();
        let ends = |end: Option<&u8>| end.is_some_and(u8::is_ascii_alphanumeric);
        let inner = bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte));
        if inner && ends(bytes.first()) && ends(bytes.last()) {
            return Ok(Self(text.to_owned()));
        }
        Err(NameError(text.to_owned()))
    }
}

serde_as_text!(DistributionName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_normal_forms() {
        let name: DistributionName = "Openai.Codex--CLI_bin".parse().unwrap();
        assert_eq!(
            (name.normalized().as_str(), name.escaped().as_str()),
            ("openai-codex-cli-bin", "openai_codex_cli_bin")
        );
        assert!(name.is_same(&"openai-codex-cli-bin".parse().unwrap()));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in ["", "-a", "a-", "a b", "é", "a/b", "a\n", "_a", "a."] {
            assert!(text.parse::<DistributionName>().is_err(), "{text:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn display_and_parse_are_inverse(text in "[A-Za-z0-9._-]{0,12}|.{0,8}") {
            if let Ok(name) = text.parse::<DistributionName>() {
                proptest::prop_assert_eq!(name.to_string(), text);
                let normal: DistributionName = name.normalized().parse().unwrap();
                proptest::prop_assert_eq!(normal.normalized(), name.normalized());
                proptest::prop_assert!(normal.is_same(&name));
            }
        }
    }
}
