//! The files of a release as the rules see them together, and what the release is expected to be.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::summary::{Role, Summary};
use crate::digest::Sha256Digest;
use crate::fs::{FileKind, FsError, from_json, from_object, is_temporary, json_value, read, walk};
use crate::product::{RuntimeProject, SdkProject, Target};
use crate::smoke;
use crate::target::{PlatformTag, TargetTriple};
use crate::version::ReleaseVersion;
use crate::wheel::attestation;
use crate::wheel::filename::{Claim, DistributionFileName, WheelFileName};
use crate::wheel::name::DistributionName;

/// The files that were named together; a release where it is said what they are to be.
pub(crate) struct Set<'a> {
    pub(crate) members: &'a [Summary],
    pub(crate) runtime: &'a RuntimeProject,
    pub(crate) sdk: Option<&'a SdkProject>,
    pub(crate) expected: Option<&'a Expected<'a>>,
}

/// What a release is expected to be, and what lies beside its distributions. With it the rules about sets are strict.
#[derive(Debug)]
pub struct Expected<'a> {
    pub(crate) version: &'a ReleaseVersion,
    /// Targets that may be absent.
    pub(crate) allow_missing: &'a [TargetTriple],
    pub(crate) dist: &'a Dist,
    /// The smoke receipts that every runtime wheel is asked for.
    pub(crate) receipts: Option<&'a Receipts>,
    /// What failed before the files were looked at.
    pub(crate) failed: &'a [FailedStep],
    /// The half that is released, where it is not all.
    pub(crate) half: Option<Half>,
    /// Where the SDK alone is released and an index was asked, the runtime that it has, and the targets that it may be without.
    pub(crate) published: Option<(&'a Published, &'a [TargetTriple])>,
}

/// A step at which a payload, or the wheel made of it, failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedStep {
    /// The payload or its target, as it is shown.
    pub(crate) title: String,
    pub(crate) target: Option<TargetTriple>,
    /// The wheel that failed its smoke test; none where there is no wheel.
    pub(crate) wheel: Option<WheelFileName>,
    pub(crate) detail: String,
    /// What to do, where more is known than the rule says.
    pub(crate) help: Option<String>,
}

impl FailedStep {
    /// What it is and what it failed at, as a finding says it.
    pub(crate) fn sentence(&self) -> String {
        format!("`{}`: {}", self.title, self.detail)
    }
}

/// One half of a release that is made or published without the other: the runtime first, the SDK when it is ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Half {
    /// The runtime's wheels
    Runtime,
    /// The SDK, whose runtime the index must have already
    Sdk,
}

/// What an index lists of the runtime of a release.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Published {
    /// The index, as it may be printed.
    pub(crate) index: String,
    pub(crate) files: Vec<PublishedFile>,
    /// What is wrong with the project there, a sentence each.
    pub(crate) objections: Vec<String>,
    /// The runtime's wheels beside the SDK, which are not published: they must be those of the index.
    pub(crate) beside: BTreeMap<String, Sha256Digest>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PublishedFile {
    pub(crate) name: String,
    /// None where nothing tells it.
    pub(crate) sha256: Option<Sha256Digest>,
    /// Why it is yanked, if it is; the reason may be empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) yanked: Option<String>,
}

/// A directory of distributions.
#[derive(Debug)]
pub(crate) struct Dist {
    pub(crate) directory: PathBuf,
    /// Every wheel and source distribution in it, sorted by name.
    pub(crate) distributions: Vec<PathBuf>,
    /// Distributions of the half of the release that is not asked for, which are left alone.
    pub(crate) left_alone: Vec<PathBuf>,
    /// Everything else, by its path in the directory.
    pub(crate) strays: Vec<(String, Stray)>,
}

/// What does not belong in a directory of distributions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stray {
    /// Left behind by a run that was killed.
    Temporary,
    /// A directory, something in one, or no regular file.
    Misplaced,
    /// An attestation whose subject is not there.
    Attestation,
    /// Neither a wheel nor a source distribution.
    Other,
}

#[derive(Debug)]
pub(crate) struct Receipts {
    /// Each with its path in the directory.
    reports: Vec<Receipt>,
    /// Their places by the bytes and by the name of the wheel that they say they are of.
    by_digest: HashMap<Sha256Digest, Vec<usize>>,
    by_name: HashMap<String, usize>,
    /// What is no receipt, and why.
    pub(crate) unreadable: Vec<(PathBuf, String)>,
}

/// A smoke receipt, and its path in the directory of receipts.
pub(crate) type Receipt = (String, smoke::Report);

impl Expected<'_> {
    /// The targets that may be absent, to be asked for many.
    pub(crate) fn may_be_missing(&self) -> HashSet<&TargetTriple> {
        self.allow_missing.iter().collect()
    }
}

impl Set<'_> {
    /// The files of one role that can be read, with their places.
    pub(crate) fn of(&self, role: Role) -> impl Iterator<Item = (usize, &Summary)> {
        let members = self.members.iter().enumerate();
        members.filter(move |(_, member)| member.refusal.is_none() && member.role == Some(role))
    }

    /// Every distribution with wheels for some platforms only, by its normal name, with the files' places.
    pub(crate) fn platform_distributions(&self) -> BTreeMap<DistributionName, Vec<usize>> {
        let mut found: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (index, member) in self.members.iter().enumerate() {
            if let Some(name) = member.name.as_ref().filter(|_| member.is_platform_wheel()) {
                found.entry(name.normal()).or_default().push(index);
            }
        }
        found
    }

    /// The target that a runtime wheel is for.
    pub(crate) fn target(&self, member: &Summary) -> Option<&Target> {
        member.targets(self.runtime).into_iter().next()
    }

    /// The targets that have a wheel, by the tag that stands in their row alone.
    pub(crate) fn served(&self) -> HashSet<&PlatformTag> {
        let wheels = self.of(Role::RuntimeWheel);
        wheels.filter_map(|(_, member)| Some(&self.target(member)?.platform_tag)).collect()
    }
}

impl Dist {
    pub(crate) fn list(directory: &Path) -> Result<Self, FsError> {
        let (mut distributions, mut strays) = (Vec::new(), Vec::new());
        let entries = walk(directory)?;
        let names: HashSet<&str> = entries.iter().map(|entry| entry.relative.as_str()).collect();
        for entry in &entries {
            let name = entry.relative.as_str();
            let orphan = |subject: &str| !names.contains(subject);
            let stray = match attestation::subject(name) {
                _ if is_temporary(name) => Stray::Temporary,
                _ if entry.kind != FileKind::File || name.contains('/') => Stray::Misplaced,
                Some(subject) if orphan(subject) => Stray::Attestation,
                Some(_) => continue,
                None if Claim::of(name).is_some() => {
                    distributions.push(entry.path.clone());
                    continue;
                }
                None => Stray::Other,
            };
            strays.push((name.to_owned(), stray));
        }
        Ok(Self { directory: directory.to_owned(), distributions, left_alone: Vec::new(), strays })
    }

    /// Leaves the distributions of the other half alone, whatever they are.
    pub(crate) fn keep(&mut self, half: Half, runtime: &RuntimeProject, sdk: &SdkProject) {
        let other = match half {
            Half::Runtime => &sdk.distribution,
            Half::Sdk => &runtime.distribution,
        };
        let is_other = |path: &PathBuf| distribution(path).is_some_and(|name| name.is_same(other));
        (self.left_alone, self.distributions) = self.distributions.drain(..).partition(is_other);
    }
}

impl Receipts {
    /// Reads every smoke receipt of a directory. Receipts of other kinds are left alone.
    pub(crate) fn read(directory: &Path) -> Result<Self, FsError> {
        let (mut reports, mut unreadable) = (Vec::new(), Vec::new());
        for file in walk(directory)?.into_iter().filter(|file| file.relative.ends_with(".json")) {
            let bytes = read(&file.path)?;
            let value = json_value(&bytes);
            let of_smoke = |value: &serde_json::Value| value.get("steps").is_some() || value.get("level").is_some();
            if value.as_ref().is_ok_and(|value| !of_smoke(value)) {
                continue;
            }
            // Read again from its bytes, so that what is wrong has a place.
            match value.and_then(|_| from_object(&bytes)) {
                Ok(report) => reports.push((file.relative, report)),
                // What cannot be read because it is of a later form is told so.
                Err(error) => {
                    let form = from_json::<serde_json::Value>(&bytes, smoke::SCHEMA_VERSION).err();
                    unreadable.push((file.path, form.map_or_else(|| error.to_string(), |form| form.to_string())));
                }
            }
        }
        Ok(Self::of_reports(reports, unreadable))
    }

    /// Those that were read, each with its path, and what is none.
    pub(crate) fn of_reports(reports: Vec<Receipt>, unreadable: Vec<(PathBuf, String)>) -> Self {
        let (mut by_digest, mut by_name) = (HashMap::<_, Vec<usize>>::new(), HashMap::new());
        for (place, (_, report)) in reports.iter().enumerate() {
            if let Some(wheel) = &report.wheel {
                by_digest.entry(wheel.sha256).or_default().push(place);
                by_name.entry(wheel.name.clone()).or_insert(place);
            }
        }
        Self { reports, by_digest, by_name, unreadable }
    }

    /// The receipts of exactly these bytes, whatever they call them: a wrong name is an objection of its own.
    pub(crate) fn of(&self, digest: Sha256Digest) -> impl Iterator<Item = &Receipt> {
        let places = self.by_digest.get(&digest).into_iter().flatten();
        places.filter_map(|place| self.reports.get(*place))
    }

    /// The first receipt that says it is of a wheel of this name, whatever its bytes.
    pub(crate) fn named(&self, name: &str) -> Option<&Receipt> {
        self.reports.get(*self.by_name.get(name)?)
    }
}

/// The distribution that a file is of by its name.
fn distribution(path: &Path) -> Option<DistributionName> {
    let name = path.file_name()?.to_str()?;
    Some(name.parse::<DistributionFileName>().ok()?.distribution().clone())
}
