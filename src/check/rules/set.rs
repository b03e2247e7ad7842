//! Rules about the files of one release together: versions, targets, the SDK's pin, files that must be alike.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use pep440_rs::{Operator, Version};

use super::{rules, sdist::SdistSubject};
use crate::check::Request;
use crate::check::coverage::{Candidate, Coverage};
use crate::check::finding::{Finding, Findings};
use crate::check::rule::{Check, Documentation, Rule, Severity, rule_of};
use crate::check::subject::wheel::{WheelSubject, is_python};
use crate::digest::Sha256Digest;
use crate::product::{Accepted, RuntimeProject, SdkProject, Target};
use crate::target::PlatformTag;
use crate::version::CodexVersion;
use crate::wheel::metadata::Metadata;
use crate::wheel::name::DistributionName;
use crate::wheel::requirement::{Requirement, RequirementSource};

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distribution {
    /// A wheel.
    Wheel,
    /// A source distribution.
    Sdist,
}

/// What is kept of a checked file: enough to hold it against the others, without its bytes.
#[derive(Debug, Clone)]
pub struct Summary {
    /// The file.
    pub path: PathBuf,
    /// Its digest.
    pub sha256: Sha256Digest,
    /// Its size in bytes.
    pub size: u64,
    /// Wheel or source distribution.
    pub distribution: Distribution,
    /// The name in the file name; none where that cannot be parsed.
    pub name: Option<DistributionName>,
    /// The version in the file name.
    pub version: Option<Version>,
    /// What installers see of a wheel.
    pub candidate: Option<Candidate>,
    /// The platform tags of a wheel.
    pub platforms: Vec<PlatformTag>,
    /// METADATA or PKG-INFO, where it can be read.
    pub metadata: Option<Metadata>,
    /// Every file of a wheel outside of dist-info that could be unpacked, with its digest.
    pub files: BTreeMap<String, Sha256Digest>,
    /// Of every Python file, the digest of its text with lines ended by LF.
    pub python: BTreeMap<String, Sha256Digest>,
    /// The digest of METADATA.
    pub metadata_digest: Option<Sha256Digest>,
}

impl Summary {
    /// What is kept of a wheel.
    #[must_use]
    pub fn of_wheel(wheel: &WheelSubject) -> Self {
        let name = wheel.name.as_ref().ok();
        let info = wheel.dist_info.as_ref().map(|directory| format!("{directory}/")).unwrap_or_default();
        let files = wheel.files().filter(|(member, _)| info.is_empty() || !member.name.starts_with(&info));
        let metadata_digest = wheel.file(&format!("{info}METADATA")).and_then(|(_, scanned)| scanned.sha256);
        Self {
            path: wheel.path.clone(),
            sha256: wheel.sha256,
            size: wheel.archive.size(),
            distribution: Distribution::Wheel,
            name: name.map(|name| name.distribution.clone()),
            version: name.and_then(|name| name.pep440()),
            candidate: name.map(|name| Candidate::of_wheel(name, &wheel.file_name)),
            platforms: wheel.platforms(),
            metadata: wheel.good_metadata().cloned(),
            files: files.filter_map(|(member, scanned)| Some((member.name.clone(), scanned.sha256?))).collect(),
            python: wheel
                .files()
                .filter(|(member, _)| is_python(&member.name))
                .filter_map(|(member, scanned)| Some((member.name.clone(), with_plain_lines(scanned.text.as_ref()?))))
                .collect(),
            metadata_digest,
        }
    }

    /// What is kept of a source distribution.
    #[must_use]
    pub fn of_sdist(sdist: &SdistSubject) -> Self {
        let name = sdist.name.as_ref().ok();
        Self {
            path: sdist.path.clone(),
            sha256: sdist.sha256,
            size: std::fs::metadata(&sdist.path).map_or(0, |metadata| metadata.len()),
            distribution: Distribution::Sdist,
            name: name.map(|name| name.distribution.clone()),
            version: name.and_then(|name| name.pep440()),
            candidate: None,
            platforms: Vec::new(),
            metadata: sdist.metadata.as_ref().and_then(|metadata| metadata.as_ref().ok()).cloned(),
            files: BTreeMap::new(),
            python: BTreeMap::new(),
            metadata_digest: None,
        }
    }

    /// Whether the file is of that distribution, however the name is spelled.
    #[must_use]
    pub fn is_of(&self, distribution: &DistributionName) -> bool {
        self.name.as_ref().is_some_and(|name| name.is_same(distribution))
    }

    /// The rows of the template that accept findings about this file.
    #[must_use]
    pub fn accepted<'a>(&self, runtime: &'a RuntimeProject) -> Vec<&'a Accepted> {
        if !self.is_of(&runtime.distribution) {
            return Vec::new();
        }
        let targets = self.platforms.iter().filter_map(|tag| runtime.target_of_tag(tag));
        let targets: BTreeSet<_> = targets.map(|target| &target.triple).collect();
        runtime.accepted.iter().filter(|row| targets.contains(&row.target)).collect()
    }

    /// Whether the file is a wheel for some platforms only.
    #[must_use]
    pub fn is_platform_wheel(&self) -> bool {
        self.distribution == Distribution::Wheel
            && !self.platforms.is_empty()
            && !self.platforms.contains(&PlatformTag::Any)
    }

    fn is_wheel(&self) -> bool {
        self.distribution == Distribution::Wheel
    }

    fn label(&self) -> String {
        self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }
}

/// The digest of a text with its lines ended by LF, as Python reads it.
fn with_plain_lines(text: &[u8]) -> Sha256Digest {
    let mut plain = Vec::with_capacity(text.len());
    for (index, byte) in text.iter().enumerate() {
        if *byte != b'\r' || text.get(index + 1) != Some(&b'\n') {
            plain.push(*byte);
        }
    }
    Sha256Digest::of(&plain)
}

/// The files of a release.
pub(crate) struct Set<'a> {
    pub members: &'a [Summary],
    pub runtime: &'a RuntimeProject,
    pub sdk: &'a SdkProject,
}

impl Set<'_> {
    /// Every finding of the selected rules about the set, with the file it belongs to.
    pub(crate) fn findings(&self, request: &Request<'_>) -> Vec<(Option<usize>, Finding)> {
        let mut all = Vec::new();
        for rule in rules().filter(|rule| request.selection.has(rule)) {
            let mut found = Findings::of(rule);
            rule.check_set(self, &mut found);
            all.extend(found.into_owned());
        }
        for (owner, finding) in &mut all {
            let accepted = owner.map(|index| self.members[index].accepted(self.runtime)).unwrap_or_default();
            finding.accepted = accepted.iter().find(|row| row.rule == finding.rule).map(|row| row.reason.clone());
        }
        all
    }

    /// Every distribution with wheels for some platforms only, by its normal name, with the files' places.
    fn platform_distributions(&self) -> BTreeMap<String, Vec<usize>> {
        let mut found: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, member) in self.members.iter().enumerate() {
            if let Some(name) = member.name.as_ref().filter(|_| member.is_platform_wheel()) {
                found.entry(name.normalized()).or_default().push(index);
            }
        }
        found
    }

    /// The wheels of the template's runtime.
    fn runtime_wheels(&self) -> Vec<&Summary> {
        self.members.iter().filter(|member| member.is_wheel() && member.is_of(&self.runtime.distribution)).collect()
    }

    fn is_sdk(&self, member: &Summary) -> bool {
        let requires = |metadata: &Metadata| {
            let mut required = metadata.requires_dist().flatten();
            required.any(|requirement| requirement.name.is_same(&self.runtime.distribution))
        };
        member.is_of(&self.sdk.distribution)
            || !member.is_of(&self.runtime.distribution) && member.metadata.as_ref().is_some_and(requires)
    }
}

const fn rule(
    name: &'static str,
    severity: Severity,
    documentation: Documentation,
    check: fn(&Set<'_>, &mut Findings),
) -> Rule {
    rule_of(name, severity, documentation, Check::Set(check))
}

pub(crate) static RULES: &[&Rule] = &[
    &rule(
        "set-version",
        Severity::Error,
        Documentation {
            what: "All files of one distribution have one version.",
            why: "A machine whose wheel is of another version gets that one, or none once the SDK pins the other.",
            fix: "Build the file again from this release, or remove it from the directory",
        },
        one_version,
    ),
    &rule(
        "set-targets",
        Severity::Error,
        Documentation {
            what: "Every target of the runtime template has its wheel, once there is more than one runtime wheel; without the SDK beside them it is a warning.",
            why: "Machines of a missing target cannot install the SDK's pin, and a later upload completes a release that is public already.",
            fix: "Build the missing wheel and put it into the directory",
        },
        targets,
    ),
    &rule(
        "set-coverage",
        Severity::Warning,
        Documentation {
            what: "Every platform family that the runtime template supports gets a wheel on both architectures.",
            why: "Its users are told that there is no matching distribution.",
            fix: "Add the family's tag to a wheel whose binaries are honest under it (`also` in the template), or build one for it",
        },
        coverage,
    ),
    &rule(
        "set-no-sdist",
        Severity::Error,
        Documentation {
            what: "There is no source distribution of a runtime, which consists of wheels for platforms.",
            why: "Where no wheel fits, installers take the source distribution and fail in the middle of a build.",
            fix: "Remove the source distribution; ship the runtime as wheels only",
        },
        no_sdist,
    ),
    &rule(
        "sdk-pin",
        Severity::Error,
        Documentation {
            what: "The SDK requires the runtime once, exactly (`==VERSION`, no wildcard, no marker), in the version of the wheels beside it and of itself.",
            why: "The SDK speaks the protocol of one runtime; any other fails at a user's, some day after the release.",
            fix: "Stage the SDK with `relkit stage-sdk --codex-version VERSION` and build it again",
        },
        pin,
    ),
    &rule(
        "set-same-python",
        Severity::Error,
        Documentation {
            what: "The Python files and the METADATA of a runtime are the same in all of its wheels; line ends that differ are a warning.",
            why: "Code that differs by platform is code that was tested on one of them; indexes show the metadata of any one wheel for all.",
            fix: "Build all wheels from one template and one commit",
        },
        same_python,
    ),
    &rule(
        "set-dup-payload",
        Severity::Warning,
        Documentation {
            what: "No two wheels of one distribution hold the same files under different tags.",
            why: "Every copy is uploaded and stored; one wheel with a compressed tag set serves both.",
            fix: "Build one wheel with both tags: `--platform-tag TAG.TAG`, or `also` in the template",
        },
        |set, found| {
            for (one, other) in pairs(set) {
                let (first, second) = (&set.members[one], &set.members[other]);
                if first.files == second.files && !first.files.is_empty() {
                    found.file(
                        Severity::Warning,
                        Some(other),
                        None,
                        format!("the files are those of `{}`", first.label()),
                    );
                }
            }
        },
    ),
    &rule(
        "set-tag-overlap",
        Severity::Warning,
        Documentation {
            what: "No two wheels of one distribution and version carry the same platform tag.",
            why: "Which one a machine gets depends on its installer.",
            fix: "Remove one of the wheels, or take the tag off it",
        },
        |set, found| {
            for (one, other) in pairs(set) {
                let (first, second) = (&set.members[one], &set.members[other]);
                let shared = first.platforms.iter().find(|tag| second.platforms.contains(tag));
                if let Some(tag) = shared {
                    found.file(
                        Severity::Warning,
                        Some(other),
                        None,
                        format!("`{}` carries `{tag}` too", first.label()),
                    );
                }
            }
        },
    ),
];

/// Pairs of platform wheels of one distribution and version.
fn pairs(set: &Set<'_>) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for indexes in set.platform_distributions().values() {
        for (at, one) in indexes.iter().enumerate() {
            for other in &indexes[at + 1..] {
                if set.members[*one].version == set.members[*other].version {
                    found.push((*one, *other));
                }
            }
        }
    }
    found
}

fn one_version(set: &Set<'_>, found: &mut Findings) {
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, member) in set.members.iter().enumerate() {
        if let (Some(name), Some(_)) = (&member.name, &member.version) {
            groups.entry(name.normalized()).or_default().push(index);
        }
    }
    for indexes in groups.values() {
        let mut versions: BTreeMap<&Version, usize> = BTreeMap::new();
        for version in indexes.iter().filter_map(|index| set.members[*index].version.as_ref()) {
            *versions.entry(version).or_default() += 1;
        }
        let Some((usual, _)) = versions.iter().max_by_key(|(version, count)| (**count, **version)) else { continue };
        for index in indexes {
            if let Some(version) = set.members[*index].version.as_ref().filter(|version| version != usual) {
                found.file(
                    Severity::Error,
                    Some(*index),
                    None,
                    format!("the version is `{version}`, and `{usual}` in the other files of this distribution"),
                );
            }
        }
    }
}

/// The targets of the template without a wheel.
fn unserved<'a>(set: &Set<'a>, wheels: &[&Summary]) -> Vec<&'a Target> {
    let served: BTreeSet<String> = wheels
        .iter()
        .flat_map(|wheel| &wheel.platforms)
        .filter_map(|tag| set.runtime.target_of_tag(tag))
        .map(|target| target.triple.to_string())
        .collect();
    set.runtime.targets.iter().filter(|target| !served.contains(&target.triple.to_string())).collect()
}

fn targets(set: &Set<'_>, found: &mut Findings) {
    let wheels = set.runtime_wheels();
    let with_sdk = set.members.iter().any(|member| set.is_sdk(member));
    // One wheel is what one machine of a release built; `verify` asks for the whole set.
    if wheels.len() < 2 {
        return;
    }
    let severity = if with_sdk { Severity::Error } else { Severity::Warning };
    for target in unserved(set, &wheels) {
        found.file(severity, None, None, format!("there is no wheel for `{}`", target.triple));
    }
}

fn coverage(set: &Set<'_>, found: &mut Findings) {
    let wheels = set.runtime_wheels();
    if wheels.len() < 2 {
        return;
    }
    let mut candidates: Vec<Candidate> = wheels.iter().filter_map(|wheel| wheel.candidate.clone()).collect();
    // What a missing wheel would serve is said once, by the rule about targets.
    let missing = unserved(set, &wheels).into_iter().flat_map(Target::tags).map(ToString::to_string);
    candidates.extend(missing.filter_map(|tag| Candidate::of_tag(&tag)));
    for gap in Coverage::of(&candidates).gaps(&set.runtime.supports) {
        found.file(Severity::Warning, None, None, gap.to_string());
    }
}

fn no_sdist(set: &Set<'_>, found: &mut Findings) {
    let runtimes = set.platform_distributions();
    for (index, member) in set.members.iter().enumerate() {
        let beside_wheels = member.name.as_ref().is_some_and(|name| runtimes.contains_key(&name.normalized()));
        if !member.is_wheel() && (beside_wheels || member.is_of(&set.runtime.distribution)) {
            found.file(Severity::Error, Some(index), None, "this is a source distribution of the runtime");
        }
    }
}

fn pin(set: &Set<'_>, found: &mut Findings) {
    let mut runtimes: BTreeMap<String, BTreeSet<Version>> = BTreeMap::new();
    runtimes.entry(set.runtime.distribution.normalized()).or_default();
    for (name, indexes) in set.platform_distributions() {
        let versions = indexes.iter().filter_map(|index| set.members[*index].version.clone());
        runtimes.entry(name).or_default().extend(versions);
    }
    let with_runtime = runtimes.values().any(|versions| !versions.is_empty());
    for (index, member) in set.members.iter().enumerate() {
        let Some(name) = &member.name else { continue };
        let (Some(metadata), false) = (&member.metadata, runtimes.contains_key(&name.normalized())) else { continue };
        let mut problem = |message: String| found.file(Severity::Error, Some(index), None, message);
        let pins: Vec<Requirement> = metadata
            .requires_dist()
            .flatten()
            .filter(|requirement| runtimes.contains_key(&requirement.name.normalized()))
            .collect();
        let pin = match pins.as_slice() {
            // Only the SDK, or what stands beside the runtime in its place, must have one.
            [] if member.is_of(&set.sdk.distribution) || with_runtime => {
                problem("it does not require the runtime".into());
                continue;
            }
            [] => continue,
            [pin] => pin,
            _ => {
                problem(format!("it requires the runtime {} times", pins.len()));
                continue;
            }
        };
        if let Some(marker) = &pin.marker {
            problem(format!("the runtime is required only where `{}`", marker.as_str()));
        }
        let RequirementSource::Index(specifiers) = &pin.source else {
            problem(format!("`{pin}` is not an exact version"));
            continue;
        };
        let exact: Vec<_> = specifiers.iter().collect();
        let version = match exact.as_slice() {
            [one] if *one.operator() == Operator::Equal => one.version(),
            _ => {
                problem(format!("`{pin}` is not an exact version"));
                continue;
            }
        };
        let released = runtimes.get(&pin.name.normalized()).filter(|versions| !versions.is_empty());
        if let Some(versions) = released.filter(|versions| !versions.contains(version)) {
            let versions: Vec<_> = versions.iter().map(|version| format!("`{version}`")).collect();
            problem(format!("it requires `{version}` of the runtime, and the wheels are {}", versions.join(", ")));
        }
        if let Some(own) = &member.version
            && !is_release_of(own, version)
        {
            problem(format!("its version is `{own}`, and the runtime it requires is `{version}`"));
        }
    }
}

/// Whether an SDK's version is the runtime's or a post-release of it.
fn is_release_of(own: &Version, runtime: &Version) -> bool {
    let codex: Result<CodexVersion, _> = runtime.to_string().parse();
    own == runtime || codex.is_ok_and(|codex| codex.sdk_version(&own.to_string()).is_ok())
}

fn same_python(set: &Set<'_>, found: &mut Findings) {
    for indexes in set.platform_distributions().values() {
        let mut by_version: BTreeMap<Option<&Version>, Vec<usize>> = BTreeMap::new();
        for index in indexes {
            by_version.entry(set.members[*index].version.as_ref()).or_default().push(*index);
        }
        for indexes in by_version.values() {
            let python = |index: usize| -> BTreeMap<&str, &Sha256Digest> {
                let files = set.members[index].files.iter().map(|(path, digest)| (path.as_str(), digest));
                files.filter(|(path, _)| is_python(path)).collect()
            };
            let first = python(indexes[0]);
            for index in &indexes[1..] {
                let other = python(*index);
                let paths: BTreeSet<&str> = first.keys().chain(other.keys()).copied().collect();
                for path in paths.into_iter().filter(|path| first.get(path) != other.get(path)) {
                    let reference = set.members[indexes[0]].label();
                    let plain = |index: usize| set.members[index].python.get(path);
                    let (severity, how) = if !other.contains_key(path) {
                        (Severity::Error, "is missing, unlike in")
                    } else if plain(indexes[0]).is_some() && plain(indexes[0]) == plain(*index) {
                        (Severity::Warning, "has other line ends than that of")
                    } else {
                        (Severity::Error, "differs from that of")
                    };
                    found.file(severity, Some(*index), Some(path), format!("the file {how} `{reference}`"));
                }
                let digests = (set.members[indexes[0]].metadata_digest, set.members[*index].metadata_digest);
                if let (Some(one), Some(other)) = digests
                    && one != other
                {
                    let reference = set.members[indexes[0]].label();
                    found.file(
                        Severity::Error,
                        Some(*index),
                        Some("METADATA"),
                        format!("the file differs from that of `{reference}`"),
                    );
                }
            }
        }
    }
}
