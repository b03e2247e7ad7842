//! Compressed sets of platform tags (PEP 425).

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::platform_tag::{PlatformTag, TagError};
use crate::serde_text::serde_as_text;

/// A compressed set: sorted as the tags' texts sort, without repeats, never empty. Displays joined by dots.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PlatformTagSet(Vec<PlatformTag>);

impl PlatformTagSet {
    /// `None` without a tag.
    pub(crate) fn new(tags: impl IntoIterator<Item = PlatformTag>) -> Option<Self> {
        let sorted: BTreeMap<_, _> = tags.into_iter().map(|tag| (tag.to_string(), tag)).collect();
        (!sorted.is_empty()).then(|| Self(sorted.into_values().collect()))
    }

    pub(crate) fn tags(&self) -> &[PlatformTag] {
        &self.0
    }

    /// The same set in which every manylinux tag that has two names carries both, as old and new installers ask for them.
    pub(crate) fn with_legacy_aliases(self) -> Self {
        let other_name = |tag: &PlatformTag| match tag {
            PlatformTag::ManylinuxLegacy { .. } => Some(tag.canonical()),
            other => other.legacy_alias(),
        };
        let aliases: Vec<_> = self.0.iter().filter_map(other_name).collect();
        let all: BTreeMap<_, _> = self.0.into_iter().chain(aliases).map(|tag| (tag.to_string(), tag)).collect();
        Self(all.into_values().collect())
    }
}

impl fmt::Display for PlatformTagSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tags: Vec<_> = self.0.iter().map(PlatformTag::to_string).collect();
        formatter.write_str(&tags.join("."))
    }
}

impl FromStr for PlatformTagSet {
    type Err = TagError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let tags = text.split('.').map(str::parse).collect::<Result<Vec<_>, _>>()?;
        Self::new(tags).ok_or_else(|| TagError(text.to_owned()))
    }
}

serde_as_text!(PlatformTagSet);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn compressed_sets_are_sorted_and_without_repeats() {
        let set: PlatformTagSet = "musllinux_1_1_x86_64.manylinux_2_17_x86_64.musllinux_1_1_x86_64".parse().unwrap();
        assert_eq!(set.to_string(), "manylinux_2_17_x86_64.musllinux_1_1_x86_64");
        assert!("a..b".parse::<PlatformTagSet>().is_err());
        assert!("".parse::<PlatformTagSet>().is_err());
    }

    #[test]
    fn a_tag_with_two_names_carries_both() {
        for (given, expected) in [
            (
                "manylinux_2_17_x86_64.musllinux_1_1_x86_64",
                "manylinux2014_x86_64.manylinux_2_17_x86_64.musllinux_1_1_x86_64",
            ),
            ("manylinux2010_i686", "manylinux2010_i686.manylinux_2_12_i686"),
            ("manylinux_2_5_x86_64", "manylinux1_x86_64.manylinux_2_5_x86_64"),
            ("manylinux_2_5_aarch64", "manylinux_2_5_aarch64"),
            ("manylinux_2_28_x86_64", "manylinux_2_28_x86_64"),
            ("macosx_11_0_arm64", "macosx_11_0_arm64"),
        ] {
            let set: PlatformTagSet = given.parse().unwrap();
            let all = set.with_legacy_aliases();
            assert_eq!(all.to_string(), expected);
            assert_eq!(all.clone().with_legacy_aliases(), all);
        }
    }

    proptest! {
        #[test]
        fn sets_round_trip(text in "(manylinux|musllinux)_[0-9]{1,2}_[0-9]{1,2}_(x86_64|aarch64)(\\.win_amd64)?") {
            if let Ok(set) = text.parse::<PlatformTagSet>() {
                prop_assert_eq!(set.to_string().parse(), Ok(set));
            }
        }
    }
}
