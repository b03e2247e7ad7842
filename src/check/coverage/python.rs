//! The Pythons that are counted: CPython's versions that get fixes or have lately got them, and their free-threaded builds
//! (PEP 703), with the Python and ABI tags that installers there take, best first (`packaging.tags.cpython_tags`).

use std::fmt;

use serde::{Serialize, Serializer};

/// A CPython of version 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Python {
    minor: u32,
    is_free_threaded: bool,
}

const fn gil(minor: u32) -> Python {
    Python { minor, is_free_threaded: false }
}

const fn free_threaded(minor: u32) -> Python {
    Python { minor, is_free_threaded: true }
}

/// The one that a choice of wheels is shown for, where it gets any.
pub(super) const USUAL: Python = gil(13);

/// All that are counted.
pub(crate) static PYTHONS: [Python; 9] =
    [gil(10), gil(11), gil(12), USUAL, gil(14), gil(15), free_threaded(13), free_threaded(14), free_threaded(15)];

/// From which version on free-threaded builds have a stable ABI (PEP 803).
const FIRST_ABI3T: u32 = 15;

impl Python {
    pub(super) fn minor(self) -> u32 {
        self.minor
    }

    pub(super) fn is_free_threaded(self) -> bool {
        self.is_free_threaded
    }

    /// The Python and ABI tags that it takes with a platform, best first.
    pub(super) fn tags(self) -> Vec<(String, String)> {
        let minor = self.minor;
        let (own, none) = (format!("cp3{minor}"), || "none".to_owned());
        let flag = if self.is_free_threaded { "t" } else { "" };
        let mut pairs = vec![(own.clone(), format!("{own}{flag}"))];
        let stable = match self.is_free_threaded {
            false => Some(("abi3", 2)),
            true => (minor >= FIRST_ABI3T).then_some(("abi3t", FIRST_ABI3T)),
        };
        pairs.extend(stable.map(|(abi, _)| (own.clone(), abi.to_owned())));
        pairs.push((own, none()));
        if let Some((abi, first)) = stable {
            pairs.extend((first..minor).rev().map(|older| (format!("cp3{older}"), abi.to_owned())));
        }
        pairs.push((format!("py3{minor}"), none()));
        pairs.push(("py3".into(), none()));
        pairs.extend((0..minor).rev().map(|older| (format!("py3{older}"), none())));
        pairs
    }
}

impl fmt::Display for Python {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "3.{}{}", self.minor, if self.is_free_threaded { "t" } else { "" })
    }
}

impl Serialize for Python {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
