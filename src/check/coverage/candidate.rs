//! What is installed: a wheel as an installer sees it, or a bare tag in its place.

use pep440_rs::{Version, VersionSpecifiers};

use super::python::Python;
use crate::target::PlatformTagSet;
use crate::wheel::filename::WheelFileName;
use crate::wheel::metadata::Metadata;
use crate::wheel::name::DistributionName;
use crate::wheel::tag::TagSet;

/// A wheel, or a bare tag in its place, as an installer sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The wheel's file name, or the tag as it was given.
    pub(crate) label: String,
    /// The distribution, in the form that indexes compare; none for a bare tag.
    pub(crate) distribution: Option<DistributionName>,
    /// The version; none for a bare tag.
    pub(crate) version: Option<Version>,
    /// The number of the build tag, then the rest of it.
    pub(crate) build: Option<(u64, String)>,
    pub(crate) tags: TagSet,
    /// `Requires-Python`, where it is known; installers pass over the wheel with every other Python.
    pub(crate) requires_python: Option<VersionSpecifiers>,
}

impl Candidate {
    pub fn of_wheel(name: &WheelFileName, label: &str) -> Self {
        let build = name.build.as_ref().map(|build| {
            let text = build.as_str();
            let digits = text.len() - text.trim_start_matches(|digit: char| digit.is_ascii_digit()).len();
            (text[..digits].parse().unwrap_or(u64::MAX), text[digits..].to_owned())
        });
        Self {
            label: label.to_owned(),
            distribution: Some(name.distribution.normal()),
            version: name.pep440(),
            build,
            tags: name.tags.clone(),
            requires_python: None,
        }
    }

    /// A bare platform tag, a compressed set of them, or a whole tag such as `py3-none-win_amd64`.
    pub fn of_tag(text: &str) -> Option<Self> {
        let tags = match text.parse::<TagSet>() {
            Ok(tags) => tags.platforms().is_ok().then_some(tags)?,
            Err(_) => {
                let platforms: PlatformTagSet = text.parse().ok()?;
                let platform = platforms.tags().iter().map(ToString::to_string).collect();
                TagSet { python: vec!["py3".into()], abi: vec!["none".into()], platform }
            }
        };
        Some(Self {
            label: text.to_owned(),
            distribution: None,
            version: None,
            build: None,
            tags,
            requires_python: None,
        })
    }

    /// The same with what its metadata requires of Python; what cannot be read there is passed over, as installers do.
    pub(crate) fn requiring(self, metadata: Option<&Metadata>) -> Self {
        let requires_python = metadata.and_then(|metadata| metadata.requires_python().ok().flatten());
        Self { requires_python, ..self }
    }

    /// Whether some release of this Python is one that the wheel requires.
    pub(super) fn allows(&self, python: Python) -> bool {
        const RELEASES: u64 = 30;
        let is_allowed = |required: &VersionSpecifiers| {
            (0..=RELEASES).any(|release| required.contains(&Version::new([3, python.minor().into(), release])))
        };
        self.requires_python.as_ref().is_none_or(is_allowed)
    }

    pub(super) fn is_for_platforms(&self) -> bool {
        !self.tags.platform.iter().any(|tag| tag == "any")
    }
}
