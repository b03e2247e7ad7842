//! Which well-known platforms can install a set of wheels, and which wheel each of them takes. The tags of a platform and
//! their order are those of `packaging.tags` (PEP 425, 600, 656, 730, 738), for each CPython; so is the choice, as pip makes it.

mod candidate;
mod platform;
mod python;
mod source;

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::console::Shown;
use crate::console::layout::{columns, labelled};
use crate::console::text::visible;
use crate::error::Exit;
use crate::product::PlatformFamily;
use crate::target::Architecture::{self, Aarch64, X86_64};
use crate::wheel::tag::TagSet;

pub use candidate::Candidate;
pub use platform::{PLATFORMS, Platform};
pub(crate) use python::{PYTHONS, Python};
pub(crate) use source::{CoverageError, CoverageProblem, Sources};

/// What every well-known platform takes.
#[derive(Debug, Clone, Serialize)]
pub struct Coverage {
    pub(crate) schema_version: u32,
    pub platforms: Vec<PlatformChoice>,
    /// The platforms that are required and get nothing.
    pub(crate) missing: Vec<&'static str>,
    /// Files that are named as wheels and serve nobody.
    pub(crate) problems: Vec<CoverageProblem>,
}

#[derive(Debug, Clone, Serialize)]
pub struct PlatformChoice {
    pub name: &'static str,
    pub(crate) title: &'static str,
    /// The wheel (or bare tag) that an installer there takes: that of CPython 3.13, or of the newest Python that gets one;
    /// none where no Python does.
    pub wheel: Option<String>,
    /// The platform tag by which it takes it, as the wheel has it.
    pub(crate) tag: Option<String>,
    /// The Pythons that get a wheel.
    pub pythons: Vec<Python>,
    #[serde(skip)]
    pub(crate) platform: &'static Platform,
}

impl PlatformChoice {
    /// Which Pythons get a wheel, where not all do.
    fn some_pythons(&self) -> String {
        if self.pythons.is_empty() || self.pythons.len() == PYTHONS.len() {
            return String::new();
        }
        if PYTHONS.iter().all(|python| self.pythons.contains(python) != python.is_free_threaded()) {
            return "  (no free-threaded Python)".to_owned();
        }
        let named: Vec<_> = self.pythons.iter().map(ToString::to_string).collect();
        format!("  (Python {} only)", named.join(", "))
    }
}

/// A platform family that gets nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gap {
    pub(crate) family: PlatformFamily,
    pub(crate) architecture: Architecture,
    /// One of the platforms that get nothing.
    pub(crate) example: &'static str,
}

impl fmt::Display for Gap {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let family = match self.family {
            PlatformFamily::LinuxGlibc => "glibc Linux",
            PlatformFamily::LinuxMusl => "musl Linux",
            PlatformFamily::Macos => "macOS",
            PlatformFamily::Windows => "Windows",
        };
        write!(formatter, "no {family} on {} gets a wheel, such as {}", self.architecture, self.example)
    }
}

impl Coverage {
    /// The choice of every well-known platform among these wheels. Where some of them are for platforms, pure Python
    /// wheels beside them (an SDK) do not count: everybody can install those.
    pub fn of(candidates: &[Candidate]) -> Self {
        let with_platforms = candidates.iter().any(Candidate::is_for_platforms);
        let named: std::collections::BTreeSet<_> = candidates
            .iter()
            .filter(|candidate| candidate.is_for_platforms())
            .map(|candidate| candidate.distribution.as_ref())
            .collect();
        let counted: Vec<&Candidate> = candidates
            .iter()
            .filter(|candidate| !with_platforms || named.contains(&candidate.distribution.as_ref()))
            .collect();
        let pythons = PYTHONS.map(|python| (python, python.tags()));
        let platforms = PLATFORMS.iter().map(|platform| choose(platform, &pythons, &counted)).collect();
        Self { schema_version: 1, platforms, missing: Vec::new(), problems: Vec::new() }
    }

    /// Not good where a file is no wheel, or a required platform gets none.
    pub(crate) fn exit(&self) -> Exit {
        if self.missing.is_empty() && self.problems.is_empty() { Exit::Good } else { Exit::NotGood }
    }

    pub(crate) fn covered(&self) -> usize {
        self.platforms.iter().filter(|choice| choice.wheel.is_some()).count()
    }

    /// The families, by architecture, of which no platform gets a wheel.
    pub(crate) fn gaps(&self, families: &[PlatformFamily]) -> Vec<Gap> {
        let mut gaps = Vec::new();
        for family in families {
            for architecture in [X86_64, Aarch64] {
                let mut of = self.platforms.iter().filter(|choice| {
                    choice.platform.family == Some(*family) && choice.platform.architecture == Some(architecture)
                });
                let Some(first) = of.next() else { continue };
                if first.wheel.is_none() && of.all(|choice| choice.wheel.is_none()) {
                    gaps.push(Gap { family: *family, architecture, example: first.title });
                }
            }
        }
        gaps
    }

    /// Requires that the named platforms get a wheel.
    pub(crate) fn require(&mut self, required: &[String]) -> Result<(), CoverageError> {
        for name in required {
            let choice = self.platforms.iter().find(|choice| choice.name == name);
            let choice = choice.ok_or_else(|| CoverageError::Platform { name: name.clone() })?;
            if choice.wheel.is_none() {
                self.missing.push(choice.name);
            }
        }
        Ok(())
    }
}

impl Shown for Coverage {
    /// A table, a summary line, and what is required and missing. In a narrow terminal what all names begin with is said
    /// once.
    fn text(&self) -> String {
        let width = self.platforms.iter().map(|choice| choice.name.len()).max().unwrap_or(0) + 2;
        let names: Vec<_> = self.platforms.iter().filter_map(|choice| choice.wheel.as_deref()).collect();
        let longest = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        let is_narrow = columns().is_some_and(|columns| columns < width + longest);
        let common = Some(common_parts(&names)).filter(|common| is_narrow && !common.is_empty());
        let mut text = common.map(|common| labelled("", width, &format!("{common}…"))).unwrap_or_default();
        for choice in &self.platforms {
            let wheel = match (choice.wheel.as_deref(), common) {
                (Some(wheel), Some(common)) => format!("…{}", wheel.strip_prefix(common).unwrap_or(wheel)),
                (wheel, _) => wheel.unwrap_or("none").to_owned(),
            };
            text += &labelled(choice.name, width, &format!("{wheel}{}", choice.some_pythons()));
        }
        text += &format!("\n{} of {} platforms get a wheel\n", self.covered(), self.platforms.len());
        for CoverageProblem { path, message } in &self.problems {
            text += &format!("no installer takes `{}`: {}\n", visible(path), visible(message));
        }
        self.missing.iter().fold(text, |text, name| text + &format!("required, and gets no wheel: {name}\n"))
    }

    fn json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// The parts of file names, each with its hyphen, with which all of them begin.
fn common_parts<'a>(names: &[&'a str]) -> &'a str {
    let Some((first, others)) = names.split_first() else { return "" };
    let ends = first.match_indices('-').map(|(place, _)| &first[..=place]);
    ends.take_while(|start| others.iter().all(|name| name.starts_with(start))).last().unwrap_or("")
}

/// A Python, and the Python and ABI tags that it takes, best first.
type WithTags = (Python, Vec<(String, String)>);

fn choose(platform: &'static Platform, pythons: &[WithTags], candidates: &[&Candidate]) -> PlatformChoice {
    let tags = platform.tags();
    let taken: Vec<_> =
        pythons.iter().filter_map(|(python, own)| Some((*python, take(*python, own, &tags, candidates)?))).collect();
    let usual = taken.iter().find(|(python, _)| *python == python::USUAL);
    let newest = taken.iter().rfind(|(python, _)| !python.is_free_threaded());
    let shown = usual.or(newest).or(taken.last()).map(|(_, (label, tag))| (label.clone(), tag.clone()));
    let (wheel, tag) = shown.unzip();
    let pythons = taken.into_iter().map(|(python, _)| python).collect();
    PlatformChoice { name: platform.name, title: platform.title, wheel, tag, pythons, platform }
}

/// What an installer of one Python takes, and the platform tag by which it does.
fn take(
    python: Python,
    pythons: &[(String, String)],
    tags: &[String],
    candidates: &[&Candidate],
) -> Option<(String, String)> {
    let best = candidates
        .iter()
        .filter(|candidate| candidate.allows(python))
        .filter_map(|candidate| {
            let (rank, tag) = rank(&candidate.tags, pythons, tags)?;
            Some((candidate, rank, tag))
        })
        // The newest version, then the best tag, then the highest build; of equals the first by name.
        .max_by(|(one, rank, _), (other, against, _)| {
            one.version
                .cmp(&other.version)
                .then(against.cmp(rank))
                .then(one.build.cmp(&other.build))
                .then(other.label.cmp(&one.label))
        });
    best.map(|(candidate, _, tag)| (candidate.label.clone(), tag))
}

/// The place of the best tag of a set in the order of an installer, and its platform tag.
fn rank(set: &TagSet, pythons: &[(String, String)], platforms: &[String]) -> Option<(usize, String)> {
    let mut best: Option<(usize, String)> = None;
    for (class, (python, abi)) in pythons.iter().enumerate() {
        if !set.python.contains(python) || !set.abi.contains(abi) {
            continue;
        }
        for tag in &set.platform {
            let place = match platforms.iter().position(|platform| platform == tag) {
                Some(place) => class * (platforms.len() + 1) + place,
                // Whatever is for any platform comes after everything that is for this one.
                None if tag == "any" && abi == "none" => (pythons.len() + class) * (platforms.len() + 1),
                None => continue,
            };
            if best.as_ref().is_none_or(|(other, _)| place < *other) {
                best = Some((place, tag.clone()));
            }
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wheel::metadata::Metadata;

    fn of(tags: &[&str]) -> Coverage {
        Coverage::of(&tags.iter().map(|tag| Candidate::of_tag(tag).unwrap()).collect::<Vec<_>>())
    }

    fn taken<'a>(coverage: &'a Coverage, name: &str) -> Option<&'a str> {
        coverage.platforms.iter().find(|choice| choice.name == name).unwrap().wheel.as_deref()
    }

    const SIX: [&str; 6] = [
        "macosx_11_0_arm64",
        "macosx_10_9_x86_64",
        "musllinux_1_1_aarch64",
        "musllinux_1_1_x86_64",
        "win_arm64",
        "win_amd64",
    ];

    #[test]
    fn the_six_tags_leave_every_glibc_linux_out() {
        let coverage = of(&SIX);
        assert!(
            coverage
                .platforms
                .iter()
                .all(|choice| choice.platform.family != Some(PlatformFamily::LinuxGlibc) || choice.wheel.is_none())
        );
        let families =
            [PlatformFamily::LinuxGlibc, PlatformFamily::LinuxMusl, PlatformFamily::Macos, PlatformFamily::Windows];
        let gaps: Vec<_> = coverage.gaps(&families).iter().map(|gap| (gap.family, gap.architecture)).collect();
        assert_eq!(gaps, [(PlatformFamily::LinuxGlibc, X86_64), (PlatformFamily::LinuxGlibc, Aarch64)]);
        assert_eq!(taken(&coverage, "macos-15-arm64-rosetta"), Some("macosx_10_9_x86_64"));
        assert_eq!(taken(&coverage, "windows-11-arm64-x64-python"), Some("win_amd64"));
        assert_eq!(taken(&coverage, "windows-32-bit-python"), None);
    }

    #[test]
    fn a_compressed_set_serves_both_kinds_of_linux() {
        let mut tags = SIX.to_vec();
        tags[2] = "manylinux_2_17_aarch64.musllinux_1_1_aarch64";
        tags[3] = "manylinux_2_17_x86_64.musllinux_1_1_x86_64";
        let coverage = of(&tags);
        assert_eq!(taken(&coverage, "debian-12-x86_64"), Some(tags[3]));
        assert_eq!(taken(&coverage, "alpine-3.12-x86_64"), Some(tags[3]));
        assert_eq!(taken(&coverage, "centos-6-x86_64"), None);
        assert!(coverage.gaps(&[PlatformFamily::LinuxGlibc, PlatformFamily::LinuxMusl]).is_empty());
    }

    #[test]
    fn the_best_tag_is_taken() {
        let coverage = of(&["manylinux_2_17_x86_64", "manylinux_2_28_x86_64", "linux_x86_64"]);
        assert_eq!(taken(&coverage, "ubuntu-24.04-x86_64"), Some("linux_x86_64"));
        let coverage = of(&["manylinux_2_17_x86_64", "manylinux_2_28_x86_64", "py3-none-any"]);
        assert_eq!(taken(&coverage, "ubuntu-24.04-x86_64"), Some("manylinux_2_28_x86_64"));
        assert_eq!(taken(&coverage, "centos-7-x86_64"), Some("manylinux_2_17_x86_64"));
        // Bare tags belong to one distribution, so the pure one is a fallback.
        assert_eq!(taken(&coverage, "centos-6-x86_64"), Some("py3-none-any"));
    }

    #[test]
    fn platforms_off_the_main_road_take_their_own_tags() {
        let tags = [
            "android_24_arm64_v8a",
            "android_34_x86_64",
            "ios_13_0_arm64_iphoneos",
            "ios_17_4_arm64_iphonesimulator",
            "linux_armv6l",
            "manylinux_2_17_armv7l",
            "manylinux_2_36_loongarch64",
            "musllinux_1_2_armv7l",
        ];
        let coverage = of(&tags);
        for (platform, tag) in [
            ("android-13-arm64", Some("android_24_arm64_v8a")),
            ("android-13-x86_64", None),
            ("ios-13-arm64", Some("ios_13_0_arm64_iphoneos")),
            ("ios-18-arm64-simulator", Some("ios_17_4_arm64_iphonesimulator")),
            ("raspberry-pi-zero-armv6l", Some("linux_armv6l")),
            ("raspberry-pi-os-armv7l", Some("manylinux_2_17_armv7l")),
            ("openeuler-24.03-loongarch64", Some("manylinux_2_36_loongarch64")),
            ("alpine-3.20-armv7l", Some("musllinux_1_2_armv7l")),
        ] {
            assert_eq!(taken(&coverage, platform), tag, "{platform}");
        }
    }

    #[test]
    fn pythons_get_the_wheels_of_their_own_tags() {
        let served = |tags: &[&str]| {
            let coverage = of(tags);
            let choice = coverage.platforms.iter().find(|choice| choice.name == "debian-12-x86_64").unwrap();
            let pythons: Vec<_> = choice.pythons.iter().map(ToString::to_string).collect();
            (choice.wheel.clone().unwrap_or_default(), pythons.join(" "))
        };
        let any = "3.10 3.11 3.12 3.13 3.14 3.15 3.13t 3.14t 3.15t";
        for (tag, expected) in [
            ("py3-none-manylinux_2_17_x86_64", any),
            ("py3-none-any", any),
            ("py311-none-any", "3.11 3.12 3.13 3.14 3.15 3.13t 3.14t 3.15t"),
            ("cp311-cp311-manylinux_2_17_x86_64", "3.11"),
            ("cp311-none-manylinux_2_17_x86_64", "3.11"),
            ("cp313-none-manylinux_2_17_x86_64", "3.13 3.13t"),
            ("cp39-cp39-manylinux_2_17_x86_64", ""),
            ("cp312-abi3-manylinux_2_17_x86_64", "3.12 3.13 3.14 3.15"),
            ("cp314-cp314t-manylinux_2_17_x86_64", "3.14t"),
            ("cp315-abi3t-manylinux_2_17_x86_64", "3.15t"),
            ("cp315-abi3.abi3t-manylinux_2_17_x86_64", "3.15 3.15t"),
            ("cp311-abi3-win_amd64", ""),
            ("pp311-pypy311_pp73-manylinux_2_17_x86_64", ""),
        ] {
            let wheel = if expected.is_empty() { "" } else { tag };
            assert_eq!(served(&[tag]), (wheel.to_owned(), expected.to_owned()), "{tag}");
        }
        let two = ["cp311-cp311-manylinux_2_17_x86_64", "cp312-cp312-manylinux_2_17_x86_64"];
        assert_eq!(served(&two), (two[1].to_owned(), "3.11 3.12".to_owned()));
        assert!(of(&two[..1]).text().contains("cp311-cp311-manylinux_2_17_x86_64  (Python 3.11 only)\n"));
        let stable = "cp36-abi3-manylinux_2_17_x86_64";
        assert!(of(&[stable]).text().contains(&format!("{stable}  (no free-threaded Python)\n")));
    }

    #[test]
    fn a_python_that_the_wheel_does_not_require_passes_it_over() {
        let wheel = |name: &str, required: &str| {
            let text = format!("Metadata-Version: 2.1\nName: demo\nVersion: 1\nRequires-Python: {required}\n");
            let metadata = Metadata::parse(text.as_bytes()).unwrap();
            Candidate::of_wheel(&name.parse().unwrap(), name).requiring(Some(&metadata))
        };
        let (old, new) = ("demo-1.0-py3-none-win_amd64.whl", "demo-2.0-py3-none-win_amd64.whl");
        for (required, expected) in [
            (">=3.14", [Some(old), Some(old), Some(old), Some(old), Some(new), Some(new)]),
            (">=3.12.4,<3.14", [Some(old), Some(old), Some(new), Some(new), Some(old), Some(old)]),
            (">=3.8", [Some(new); 6]),
            ("UNKNOWN", [Some(new); 6]),
            ("<3", [Some(old); 6]),
        ] {
            let candidates = [wheel(old, ">=3"), wheel(new, required)];
            let taken = PYTHONS[..6].iter().map(|python| {
                let found = take(*python, &python.tags(), &["win_amd64".to_owned()], &candidates.each_ref());
                found.map(|(label, _)| label)
            });
            assert_eq!(taken.collect::<Vec<_>>(), expected.map(|name| name.map(str::to_owned)), "{required}");
        }
        let late = Coverage::of(&[wheel(new, ">=3.14")]);
        assert!(late.text().contains(&format!("{new}  (Python 3.14, 3.15, 3.14t, 3.15t only)\n")), "{}", late.text());
    }

    #[test]
    fn builds_and_versions_decide_between_equal_tags() {
        let wheel = |name: &str| Candidate::of_wheel(&name.parse().unwrap(), name);
        let names = [
            "demo-1.0-py3-none-win_amd64.whl",
            "demo-1.0-2-py3-none-win_amd64.whl",
            "demo-1.0-10-py3-none-win_amd64.whl",
            "sdk-1.0-py3-none-any.whl",
        ];
        let coverage = Coverage::of(&names.map(wheel));
        assert_eq!(taken(&coverage, "windows-x86_64"), Some(names[2]));
        assert_eq!(taken(&coverage, "debian-12-x86_64"), None);
    }

    #[test]
    fn a_required_platform_is_known_or_refused() {
        let missing = |names: &[&str]| {
            let mut coverage = of(&SIX);
            let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
            coverage.require(&names).map(|()| coverage.missing.len())
        };
        assert_eq!(missing(&["windows-x86_64", "debian-12-x86_64"]).unwrap(), 1);
        assert!(missing(&["debian"]).is_err());
        let names: std::collections::BTreeSet<_> = PLATFORMS.iter().map(|platform| platform.name).collect();
        assert_eq!(names.len(), PLATFORMS.len());
    }
}
