//! Compatibility tags (PEP 425): single `python-abi-platform` tags and compressed tag sets, read as they stand.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use crate::member_path::Reach;
use crate::target::{PlatformTag, PlatformTagSet, TagError};

/// One compatibility tag, such as `py3-none-win_amd64`. Displays as its text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag {
    pub(crate) python: String,
    pub(crate) abi: String,
    pub(crate) platform: String,
}

impl fmt::Display for Tag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}-{}", self.python, self.abi, self.platform)
    }
}

impl FromStr for Tag {
    type Err = TagSetError;

    /// Refuses compressed sets: a `Tag` line of a WHEEL file holds one expanded tag.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let set: TagSet = text.parse()?;
        match (set.python.as_slice(), set.abi.as_slice(), set.platform.as_slice()) {
            ([python], [abi], [platform]) => {
                Ok(Self { python: python.clone(), abi: abi.clone(), platform: platform.clone() })
            }
            _ => Err(TagSetError::Compressed(text.to_owned())),
        }
    }
}

/// A compressed tag set, in the order in which it was written. Displays as its text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TagSet {
    /// The interpreters; never empty.
    pub(crate) python: Vec<String>,
    /// The ABIs; never empty.
    pub(crate) abi: Vec<String>,
    /// The platforms; never empty. Not checked to be platforms that anyone knows: see [`TagSet::platforms`].
    pub(crate) platform: Vec<String>,
}

/// A text that is no tag or compressed tag set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TagSetError {
    #[error("`{0}` is not a compatibility tag: three parts joined by `-` are expected")]
    Parts(String),
    #[error(
        "`{part}` in `{text}` is not a set of compatibility tags: letters, digits and `_`, joined by `.`, are expected"
    )]
    Part { text: String, part: String },
    #[error("`{0}` is a compressed tag set where one tag is expected")]
    Compressed(String),
}

impl TagSet {
    /// `py3-none-any`: pure Python.
    pub(crate) fn pure() -> Self {
        Self::python3(vec!["any".into()])
    }

    /// `py3-none-PLATFORMS`: a payload that needs no particular Python, sorted as PEP 425 asks.
    pub(crate) fn runtime(platforms: &PlatformTagSet) -> Self {
        Self::python3(platforms.tags().iter().map(ToString::to_string).collect())
    }

    fn python3(platform: Vec<String>) -> Self {
        Self { python: vec!["py3".into()], abi: vec!["none".into()], platform }
    }

    /// How many tags the set stands for, repeats among them.
    pub(crate) fn len(&self) -> usize {
        [&self.python, &self.abi, &self.platform].iter().fold(1, |count, part| count.saturating_mul(part.len()))
    }

    /// Every tag of the set, sorted, without repeats.
    pub(crate) fn expand(&self) -> BTreeSet<Tag> {
        let mut tags = BTreeSet::new();
        for python in &self.python {
            for abi in &self.abi {
                for platform in &self.platform {
                    tags.insert(Tag { python: python.clone(), abi: abi.clone(), platform: platform.clone() });
                }
            }
        }
        tags
    }

    /// Whether every part is sorted and without repeats, as PEP 425 asks.
    pub(crate) fn is_sorted(&self) -> bool {
        [&self.python, &self.abi, &self.platform].iter().all(|part| part.is_sorted_by(|one, next| one < next))
    }

    /// The same set with its tags in order, each once.
    pub(crate) fn sorted(&self) -> Self {
        let sorted = |part: &[String]| {
            let mut part = part.to_vec();
            part.sort_unstable();
            part.dedup();
            part
        };
        Self { python: sorted(&self.python), abi: sorted(&self.abi), platform: sorted(&self.platform) }
    }

    /// Whether Windows installs it. Tags that nobody knows are no Windows.
    pub(crate) fn reach(&self) -> Reach {
        let is_for_windows = |tag: &PlatformTag| matches!(tag, PlatformTag::Any | PlatformTag::Windows(_));
        let platforms = self.platforms().unwrap_or_default();
        if platforms.iter().any(is_for_windows) { Reach::Windows } else { Reach::Elsewhere }
    }

    /// The platform tags that are true of a wheel of these Pythons and ABIs that holds no native code: `any`, which installers
    /// ask for beside no ABI but `none` (`packaging.tags`), or else those that it has.
    pub(crate) fn of_pure(&self) -> Vec<PlatformTag> {
        let own = || self.platform.iter().filter_map(|tag| tag.parse().ok()).collect();
        if self.abi.iter().any(|abi| abi == "none") { vec![PlatformTag::Any] } else { own() }
    }

    /// The platforms as tags that relkit knows.
    pub(crate) fn platforms(&self) -> Result<Vec<PlatformTag>, TagError> {
        self.platform.iter().map(|tag| tag.parse()).collect()
    }
}

impl fmt::Display for TagSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}-{}", self.python.join("."), self.abi.join("."), self.platform.join("."))
    }
}

impl FromStr for TagSet {
    type Err = TagSetError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<_> = text.split('-').collect();
        let &[python, abi, platform] = parts.as_slice() else {
            return Err(TagSetError::Parts(text.to_owned()));
        };
        let split = |part: &str| {
            let tags: Vec<String> = part.split('.').map(str::to_owned).collect();
            let word =
                |tag: &String| !tag.is_empty() && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if tags.iter().all(word) {
                return Ok(tags);
            }
            Err(TagSetError::Part { text: text.to_owned(), part: part.to_owned() })
        };
        Ok(Self { python: split(python)?, abi: split(abi)?, platform: split(platform)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_expands_to_its_product() {
        let set: TagSet = "py2.py3-none-musllinux_1_1_x86_64.manylinux_2_17_x86_64".parse().unwrap();
        let tags: Vec<_> = set.expand().iter().map(ToString::to_string).collect();
        assert_eq!(
            tags,
            [
                "py2-none-manylinux_2_17_x86_64",
                "py2-none-musllinux_1_1_x86_64",
                "py3-none-manylinux_2_17_x86_64",
                "py3-none-musllinux_1_1_x86_64"
            ]
        );
        assert!(!set.is_sorted());
    }

    #[test]
    fn a_runtime_set_is_sorted() {
        let platforms = "musllinux_1_1_x86_64.manylinux_2_17_x86_64".parse().unwrap();
        let set = TagSet::runtime(&platforms);
        assert_eq!(set.to_string(), "py3-none-manylinux_2_17_x86_64.musllinux_1_1_x86_64");
        assert!(set.is_sorted());
        assert_eq!(set.platforms().unwrap(), platforms.tags());
    }

    #[test]
    fn what_is_no_tag_is_refused() {
        for text in ["", "py3", "py3-none", "py3-none-any-x", "py3--any", "py3-none-a..b", "py3-none-a b", "py3-none-é"]
        {
            assert!(text.parse::<TagSet>().is_err(), "{text:?}");
        }
        assert!(matches!("py2.py3-none-any".parse::<Tag>(), Err(TagSetError::Compressed(_))));
    }

    proptest::proptest! {
        #[test]
        fn display_and_parse_are_inverse(text in "[a-z0-9_.]{0,8}-[a-z0-9_.]{0,8}-[a-z0-9_.]{0,12}|.{0,12}") {
            if let Ok(set) = text.parse::<TagSet>() {
                proptest::prop_assert_eq!(set.to_string(), text);
                for tag in set.expand() {
                    proptest::prop_assert_eq!(tag.to_string().parse(), Ok(tag));
                }
            }
        }
    }
}
