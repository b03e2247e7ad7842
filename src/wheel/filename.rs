//! File names of wheels (PEP 427, "Binary distribution format") and of source distributions (PEP 625), read as they
//! stand: whether a readable name is also in normal form is asked separately.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use pep440_rs::Version;

use super::name::DistributionName;
use super::tag::{TagSet, TagSetError};
use crate::error::Explain;
use crate::serde_text::serde_as_text;

/// The name of a wheel: `NAME-VERSION(-BUILD)?-PYTHON-ABI-PLATFORM.whl`. Displays as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WheelFileName {
    pub(crate) distribution: DistributionName,
    /// The version, as written; valid under PEP 440, maybe not in its normal form.
    pub(crate) version: String,
    pub(crate) build: Option<BuildTag>,
    pub(crate) tags: TagSet,
}

/// A build tag: digits, then anything that stands between two hyphens. Displays as written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct BuildTag(String);

/// The name of a source distribution: `NAME-VERSION.tar.gz`. Displays as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SdistFileName {
    pub(crate) distribution: DistributionName,
    /// The version, as written; valid under PEP 440, maybe not in its normal form.
    pub(crate) version: String,
}

/// The name of a wheel or of a source distribution. Displays as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DistributionFileName {
    Wheel(WheelFileName),
    Sdist(SdistFileName),
}

/// What a file claims to be by the end of its name, in any case of letters. Whether the name is one of that kind is another
/// question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claim {
    Wheel,
    Sdist,
}

impl Claim {
    /// The claim of a file name; none of anything else, the source archives before PEP 625 (`.zip`) among it.
    pub(crate) fn of(name: &str) -> Option<Self> {
        let ends = |ending: &str| {
            name.len()
                .checked_sub(ending.len())
                .and_then(|at| name.get(at..))
                .is_some_and(|end| end.eq_ignore_ascii_case(ending))
        };
        if ends(".whl") { Some(Self::Wheel) } else { ends(".tar.gz").then_some(Self::Sdist) }
    }

    /// The claim of the file at a path.
    pub(crate) fn of_path(path: &Path) -> Option<Self> {
        Self::of(&path.file_name()?.to_string_lossy())
    }
}

/// A file name that is not that of a wheel or source distribution.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is not the file name of a {kind}: {why}")]
pub struct FileNameError {
    name: String,
    /// What it was taken for.
    kind: &'static str,
    why: String,
}

impl FileNameError {
    /// The same of a file that is named beside it.
    pub(crate) fn of_named(&self) -> String {
        format!("its name is not that of a {}: {}", self.kind, self.why)
    }
}

impl Explain for FileNameError {
    fn hint(&self) -> Option<String> {
        Some("wheels are named `name-1.0-py3-none-any.whl`, source distributions `name-1.0.tar.gz`".into())
    }
}

impl WheelFileName {
    /// The name of the wheel of a distribution, in normal form.
    pub(crate) fn new(distribution: &DistributionName, version: &Version, tags: TagSet) -> Self {
        Self { distribution: distribution.of_file(), version: escaped_version(version), build: None, tags }
    }

    /// The version as PEP 440 understands it; `None` never happens for a parsed name.
    pub(crate) fn pep440(&self) -> Option<Version> {
        unescaped_version(&self.version)
    }

    /// Whether name and version are in the normal form that the specification asks of new wheels.
    pub fn is_normal(&self) -> bool {
        self.distribution == self.distribution.of_file()
            && self.pep440().is_some_and(|version| escaped_version(&version) == self.version)
    }

    /// Whether it is of one release with another, for the same Pythons: an installer has the choice between them.
    pub(crate) fn is_beside(&self, other: &Self) -> bool {
        let of = |name: &Self| {
            let Self { distribution, build, tags, .. } = name.clone();
            (distribution.normalized(), name.pep440(), build, tags.python, tags.abi)
        };
        of(self) == of(other)
    }

    /// The `NAME-VERSION` that the dist-info and data directories of this wheel are named by, as the file spells it.
    pub(crate) fn stem(&self) -> String {
        format!("{}-{}", self.distribution, self.version)
    }
}

impl BuildTag {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BuildTag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Display for WheelFileName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}-", self.distribution, self.version)?;
        if let Some(build) = &self.build {
            write!(formatter, "{build}-")?;
        }
        write!(formatter, "{}.whl", self.tags)
    }
}

impl FromStr for WheelFileName {
    type Err = FileNameError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let refused = |why: String| FileNameError { name: name.to_owned(), kind: "wheel", why };
        let stem = name.strip_suffix(".whl").ok_or_else(|| refused("it does not end in `.whl`".into()))?;
        let parts: Vec<_> = stem.split('-').collect();
        let (distribution, version, build, tags) = match *parts.as_slice() {
            [distribution, version, _, _, _] => (distribution, version, None, &parts[2..]),
            [distribution, version, build, _, _, _] => (distribution, version, Some(build), &parts[3..]),
            // Without the number that there is: files that are named wrong alike are told together.
            _ => return Err(refused("not 5 or 6 parts are joined by `-` in it".into())),
        };
        let distribution = distribution.parse().map_err(|error| refused(format!("{error}")))?;
        if unescaped_version(version).is_none() {
            return Err(refused(format!("`{version}` is not a version")));
        }
        let build = match build {
            Some(build) if build.starts_with(|first: char| first.is_ascii_digit()) && is_word(build) => {
                Some(BuildTag(build.to_owned()))
            }
            Some(build) => return Err(refused(format!("build tag `{build}` does not begin with a digit"))),
            None => None,
        };
        let tags = tags.join("-").parse().map_err(|error: TagSetError| refused(error.to_string()))?;
        Ok(Self { distribution, version: version.to_owned(), build, tags })
    }
}

impl SdistFileName {
    /// The name of the source distribution of a distribution, in normal form.
    pub(crate) fn new(distribution: &DistributionName, version: &Version) -> Self {
        Self { distribution: distribution.of_file(), version: version.to_string() }
    }

    /// The version as PEP 440 understands it; `None` never happens for a parsed name.
    pub(crate) fn pep440(&self) -> Option<Version> {
        unescaped_version(&self.version)
    }

    /// Whether name and version are in the normal form of PEP 625.
    pub(crate) fn is_normal(&self) -> bool {
        self.distribution == self.distribution.of_file()
            && self.pep440().is_some_and(|version| version.to_string() == self.version)
    }

    /// `NAME-VERSION`: the directory that every file of the archive is in.
    pub(crate) fn stem(&self) -> String {
        format!("{}-{}", self.distribution, self.version)
    }
}

impl fmt::Display for SdistFileName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}.tar.gz", self.distribution, self.version)
    }
}

impl FromStr for SdistFileName {
    type Err = FileNameError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let refused = |why: String| FileNameError { name: name.to_owned(), kind: "source distribution", why };
        let stem = name.strip_suffix(".tar.gz").ok_or_else(|| refused("it does not end in `.tar.gz`".into()))?;
        let (distribution, version) =
            stem.rsplit_once('-').ok_or_else(|| refused("it has no version after a `-`".into()))?;
        let distribution = distribution.parse().map_err(|error| refused(format!("{error}")))?;
        if unescaped_version(version).is_none() {
            return Err(refused(format!("`{version}` is not a version")));
        }
        Ok(Self { distribution, version: version.to_owned() })
    }
}

serde_as_text!(WheelFileName, DistributionFileName);

impl DistributionFileName {
    pub(crate) fn distribution(&self) -> &DistributionName {
        match self {
            Self::Wheel(name) => &name.distribution,
            Self::Sdist(name) => &name.distribution,
        }
    }

    /// The version, as written.
    pub(crate) fn version(&self) -> &str {
        match self {
            Self::Wheel(name) => &name.version,
            Self::Sdist(name) => &name.version,
        }
    }
}

impl fmt::Display for DistributionFileName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wheel(name) => name.fmt(formatter),
            Self::Sdist(name) => name.fmt(formatter),
        }
    }
}

impl FromStr for DistributionFileName {
    type Err = FileNameError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match Claim::of(name) {
            Some(Claim::Sdist) => name.parse().map(Self::Sdist),
            _ => name.parse().map(Self::Wheel),
        }
    }
}

/// File names may not hold a hyphen inside a part; only local versions could have one, and their normal form has none.
fn escaped_version(version: &Version) -> String {
    version.to_string().replace('-', "_")
}

fn unescaped_version(text: &str) -> Option<Version> {
    is_word(text).then(|| text.replace('_', "-").parse().ok()).flatten()
}

fn is_word(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.+!".contains(&byte);
    !text.is_empty() && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_wheel_name() {
        let name: WheelFileName =
            "openai_codex_cli_bin-0.163.0-1a-py3-none-manylinux_2_17_x86_64.musllinux_1_1_x86_64.whl".parse().unwrap();
        assert_eq!(name.distribution.as_str(), "openai_codex_cli_bin");
        assert_eq!(name.version, "0.163.0");
        assert_eq!(name.build.as_ref().map(BuildTag::as_str), Some("1a"));
        assert_eq!(name.tags.platform.len(), 2);
        assert_eq!(name.stem(), "openai_codex_cli_bin-0.163.0");
        assert!(name.is_normal());
    }

    #[test]
    fn a_readable_name_may_not_be_normal() {
        for text in [
            "Demo-1.0-py3-none-any.whl",
            "demo.bin-1.0-py3-none-any.whl",
            "demo-1.0.0-alpha.1-py3-none-any.whl",
            "demo-1.0a01-py3-none-any.whl",
        ] {
            let normal = text.parse::<WheelFileName>().map(|name| name.is_normal());
            assert_ne!(normal, Ok(true), "{text}");
        }
    }

    #[test]
    fn new_names_are_normal() {
        let (name, version) = ("Demo.Bin".parse().unwrap(), "1.0-alpha1".parse().unwrap());
        let wheel = WheelFileName::new(&name, &version, TagSet::pure());
        assert_eq!(wheel.to_string(), "demo_bin-1.0a1-py3-none-any.whl");
        assert_eq!(SdistFileName::new(&name, &version).to_string(), "demo_bin-1.0a1.tar.gz");
        assert!(wheel.is_normal());
    }

    #[test]
    fn what_is_no_wheel_name_is_refused() {
        for text in [
            "",
            "demo.whl",
            "demo-1.0.whl",
            "demo-1.0-py3-none.whl",
            "demo-1.0-py3-none-any.zip",
            "demo-1.0-py3-none-any.WHL",
            "demo-x.y-py3-none-any.whl",
            "demo--py3-none-any.whl",
            "-1.0-py3-none-any.whl",
            "demo-1.0-build-py3-none-any.whl",
            "demo-1.0-1-2-py3-none-any.whl",
            "demo-1.0-py3-none-any .whl",
            "dir/demo-1.0-py3-none-any.whl",
        ] {
            assert!(text.parse::<WheelFileName>().is_err(), "{text:?}");
        }
        for text in ["", "demo.tar.gz", "demo-1.0.zip", "demo-.tar.gz", "-1.0.tar.gz", "demo-x.tar.gz"] {
            assert!(text.parse::<SdistFileName>().is_err(), "{text:?}");
        }
        assert!("legacy-name-1.0.tar.gz".parse::<SdistFileName>().is_ok_and(|name| !name.is_normal()));
    }

    #[test]
    fn a_name_claims_by_its_end() {
        for (name, claim) in [
            ("a-1-py3-none-any.whl", Some(Claim::Wheel)),
            ("A.WHL", Some(Claim::Wheel)),
            ("a-1.tar.gz", Some(Claim::Sdist)),
            ("A-1.TAR.GZ", Some(Claim::Sdist)),
            ("a-1.zip", None),
            ("a.whl.asc", None),
            ("é", None),
            ("whl", None),
            ("", None),
        ] {
            assert_eq!(Claim::of(name), claim, "{name}");
        }
        assert_eq!(Claim::of_path(Path::new("dist/a-1.tar.gz")), Some(Claim::Sdist));
        assert_eq!(Claim::of_path(Path::new("a.whl/..")), None);
    }

    proptest::proptest! {
        #[test]
        fn display_and_parse_are_inverse(
            text in "[a-zA-Z0-9._]{1,6}-[0-9.abrcpostdev+!_]{1,9}(-[0-9][a-z0-9]{0,3})?-[a-z0-9.]{1,7}-[a-z0-9.]{1,5}-[a-z0-9_.]{1,20}\\.whl|.{0,20}\\.whl"
        ) {
            if let Ok(name) = text.parse::<WheelFileName>() {
                proptest::prop_assert_eq!(name.to_string(), text);
                let version = name.pep440();
                proptest::prop_assert!(version.is_some());
                let normal = WheelFileName::new(&name.distribution, &version.unwrap(), name.tags.clone());
                proptest::prop_assert!(normal.is_normal());
                proptest::prop_assert_eq!(normal.to_string().parse(), Ok(normal));
            }
        }

        #[test]
        fn sdist_display_and_parse_are_inverse(text in "[a-zA-Z0-9._-]{1,9}-[0-9.abrcpostdev+!]{1,9}\\.tar\\.gz|.{0,20}") {
            if let Ok(name) = text.parse::<SdistFileName>() {
                proptest::prop_assert_eq!(name.to_string(), text);
                proptest::prop_assert!(name.pep440().is_some());
            }
        }
    }
}
