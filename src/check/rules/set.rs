//! Rules about the files of one release together: versions, targets, files that must be alike. Where a release is expected
//! they hold its files against that.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use pep440_rs::Version;

use super::sdk_pin::SDK_PIN;
use crate::check::coverage::{Candidate, Coverage};
use crate::check::finding::Owner;
use crate::check::rule::{Findings, Rule, Severity, rule};
use crate::check::subject::release::{Expected, Set};
use crate::check::subject::summary::{Role, Summary};
use crate::check::subject::wheel::is_python_source;
use crate::digest::Sha256Digest;
use crate::payload::{DESCRIPTOR, Package};
use crate::product::Target;
use crate::version::PublicVersion;
use crate::wheel::metadata::Metadata;
use crate::wheel::name::DistributionName;

/// The wheels of the template's runtime.
fn runtime_wheels<'a>(set: &Set<'a>) -> Vec<&'a Summary> {
    set.members.iter().filter(|member| member.role == Some(Role::RuntimeWheel)).collect()
}

/// The platform wheels of each distribution and version.
fn alike(set: &Set<'_>) -> Vec<Vec<usize>> {
    set.platform_distributions().values().flat_map(|indexes| by_version(set, indexes)).collect()
}

fn by_version(set: &Set<'_>, indexes: &[usize]) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<Option<&Version>, Vec<usize>> = BTreeMap::new();
    for index in indexes {
        groups.entry(set.members[*index].version.as_ref()).or_default().push(*index);
    }
    groups.into_values().collect()
}

rule!(SET_VERSION = "set-version", Error, Set(set_version);
    what: "All files of one distribution have one version; where a release is expected, its version, in the file name, the metadata, the package description and the executable of an app server; what another program is, `relkit smoke` asks it.",
    why: "A machine whose wheel is of another version gets that one, or none once the SDK pins the other.",
    fix: "Build the file again from this release, or remove it from the directory";
    because: [Promise("the files of one release are of one version"), Habit("a collection of several projects may hold several versions")]);

fn set_version(set: &Set<'_>, found: &mut Findings) {
    let misnamed = set.expected.map(|expected| expected_version(set, expected, found)).unwrap_or_default();
    let mut groups: BTreeMap<DistributionName, Vec<usize>> = BTreeMap::new();
    for (index, member) in set.members.iter().enumerate().filter(|(index, _)| !misnamed.contains(index)) {
        if let (Some(name), Some(_)) = (&member.name, &member.version) {
            groups.entry(name.normal()).or_default().push(index);
        }
    }
    // Several versions of several projects are a collection, such as a mirror's, not a release.
    let is_collection = set.platform_distributions().len() > 1 || groups.len() > 2;
    let severity = if is_collection { Severity::Warning } else { Severity::Error };
    for indexes in groups.values() {
        let mut versions: BTreeMap<&Version, usize> = BTreeMap::new();
        for version in indexes.iter().filter_map(|index| set.members[*index].version.as_ref()) {
            *versions.entry(version).or_default() += 1;
        }
        let Some((usual, _)) = versions.iter().max_by_key(|(version, count)| (**count, **version)) else { continue };
        for index in indexes {
            if let Some(version) = set.members[*index].version.as_ref().filter(|version| version != usual) {
                let message =
                    format!("the version is `{version}`, and `{usual}` in the other files of this distribution");
                found.put(Owner::File(*index), found.finding(message).with_severity(severity));
            }
        }
    }
}

/// Holds every place where a version stands against the expected one; returns the files whose names are wrong.
fn expected_version(set: &Set<'_>, expected: &Expected<'_>, found: &mut Findings) -> BTreeSet<usize> {
    let (version, mut misnamed) = (&expected.version, BTreeSet::new());
    for (index, member) in set.members.iter().enumerate() {
        let Some(role) = member.role else { continue };
        let name = member.label();
        let mut put =
            |message: String, help: String| found.put(Owner::File(index), found.finding(message).with_help(help));
        let stated = member.metadata.as_ref().map(|metadata| metadata.fields().get("Version").unwrap_or_default());
        let named = (Some(member.spelled_version.as_str()), "file name");
        for (stated, place) in [named, (stated, if role == Role::RuntimeWheel { "METADATA" } else { "metadata" })] {
            let Some(stated) = stated else { continue };
            if role == Role::RuntimeWheel && stated != version.to_string() {
                put(
                    format!("`{name}` is of version {stated} by its {place}, not {version}"),
                    format!("Build the wheel for {version}, or verify the version that it is of"),
                );
            } else if role != Role::RuntimeWheel && version.sdk_version(stated).is_err() {
                put(
                    format!(
                        "`{name}` is of version {stated} by its {place}, neither {version} nor a post-release of it"
                    ),
                    format!("Stage the SDK with `--release-version {version}`"),
                );
            } else {
                continue;
            }
            if place == "file name" {
                misnamed.insert(index);
            }
        }
        if let Some(text) = &member.package {
            let stated = Package::texts(text).version;
            let stated = stated.as_deref().unwrap_or("none");
            if stated.parse::<PublicVersion>().ok().as_ref() != Some(version.program()) {
                let path = format!("{}/{DESCRIPTOR}", set.runtime.module);
                put(
                    format!(
                        "`{name}` carries a package of version {stated} by its `{path}`, not {}",
                        version.program()
                    ),
                    "Stage the payload of the release".to_owned(),
                );
            }
        }
        // An executable that says nothing is another rule's; one that cannot be read has rules of its own.
        let others = member.mentions.as_ref().filter(|mentions| !mentions.expected).map(|mentions| &mentions.others);
        if let Some(other) = others.and_then(BTreeSet::first) {
            put(
                format!("the executable in `{name}` says that it is {other}, not {}", version.program().semver()),
                "Stage the executable of the release".to_owned(),
            );
        }
    }
    misnamed
}

rule!(SET_TARGETS = "set-targets", Error, Set(set_targets);
    what: "Every target of the runtime template has its wheel, once there is more than one runtime wheel; without the SDK beside them it is a warning. Where a release is expected, every target has one unless it may be missing, and every wheel is for one of them.",
    why: "Machines of a missing target cannot install the SDK's pin, and a later upload completes a release that is public already.",
    fix: "Build the missing wheel and put it into the directory";
    because: [Promise("the product has a wheel for each of its targets"), Habit("without the SDK beside them the set may be a part")]);

fn set_targets(set: &Set<'_>, found: &mut Findings) {
    if let Some(expected) = set.expected {
        return expected_targets(set, expected, found);
    }
    let wheels = runtime_wheels(set);
    // One wheel is what one machine of a release built; `verify` asks for the whole set.
    if wheels.len() < 2 {
        return;
    }
    let severity =
        if set.members.iter().any(|member| is_sdk(set, member)) { Severity::Error } else { Severity::Warning };
    for target in unserved(set, &wheels) {
        let finding = found.finding(format!("there is no wheel for `{}`", target.triple));
        found.put(Owner::Target(target.triple.clone()), finding.with_severity(severity));
    }
}

fn expected_targets(set: &Set<'_>, expected: &Expected<'_>, found: &mut Findings) {
    // What a payload failed at comes first: that its wheel is missing follows from it.
    for failed in expected.failed.iter().filter(|failed| failed.wheel.is_none()) {
        let owner = failed.target.clone().map_or(Owner::Whole, Owner::Target);
        let help = "Give another payload; `relkit inspect` says what a file is";
        let finding = found.finding(failed.sentence());
        found.put(owner, finding.with_help(failed.help.as_deref().unwrap_or(help)));
    }
    // Where something is asked for, its own rule says that it is missing.
    let (served, missing) = (set.served(), expected.may_be_missing());
    let is_asked = |row: &Target| !missing.contains(&row.triple);
    let nothing_asked = set.sdk.is_none() && !set.runtime.targets.iter().any(is_asked);
    if nothing_asked && set.members.iter().all(|member| member.role.is_none()) {
        found.whole("there is no distribution of the release".to_owned());
    }
    for (index, member) in set.of(Role::RuntimeWheel).filter(|(_, member)| set.target(member).is_none()) {
        let finding = found.finding(format!("`{}` is for none of the product's targets", member.label()));
        found.put(Owner::File(index), finding.with_help("Remove it, or add its target to the runtime template"));
    }
    let is_absent = |target: &&Target| !served.contains(&target.platform_tag) && is_asked(target);
    let absent: Vec<_> = set.runtime.targets.iter().filter(is_absent).collect();
    for Target { triple, platform_tag, .. } in &absent {
        let finding = found.finding(format!("there is no wheel for `{triple}` (`{platform_tag}`)"));
        // What is to be done about several is said once.
        let help = match absent.len() {
            1 => format!("Build it, or publish without it on purpose with `--allow-missing {triple}`"),
            _ => "Build them, or publish without them on purpose: `--allow-missing` takes their targets, with commas \
                  between, or `all`"
                .to_owned(),
        };
        found.put(Owner::Target(triple.clone()), finding.with_help(help));
    }
}

/// The targets of the template without a wheel.
fn unserved<'a>(set: &Set<'a>, wheels: &[&Summary]) -> Vec<&'a Target> {
    let rows = wheels.iter().flat_map(|wheel| wheel.targets(set.runtime));
    let served: HashSet<_> = rows.map(|target| &target.platform_tag).collect();
    set.runtime.targets.iter().filter(|target| !served.contains(&target.platform_tag)).collect()
}

/// Whether a file is the SDK's, or one that requires the runtime in its place.
fn is_sdk(set: &Set<'_>, member: &Summary) -> bool {
    let requires = |metadata: &Metadata| {
        let mut required = metadata.requires_dist().flatten();
        required.any(|requirement| requirement.name.is_same(&set.runtime.distribution))
    };
    set.sdk.is_some_and(|sdk| member.is_of(&sdk.distribution))
        || !member.is_of(&set.runtime.distribution) && member.metadata.as_ref().is_some_and(requires)
}

rule!(SET_COVERAGE = "set-coverage", Warning, Set(set_coverage);
    what: "Every platform family that the runtime template supports gets a wheel on both architectures. Once there is more than one runtime wheel, and always where a release is expected.",
    why: "Its users are told that there is no matching distribution, although the product promises to serve them.",
    fix: "Add the family's tag to a wheel whose binaries are honest under it (`also` in the template), or build one for it";
    because: [Habit("the product may leave the family out")]);

fn set_coverage(set: &Set<'_>, found: &mut Findings) {
    let (wheels, fewest) = match set.expected {
        Some(_) => (set.of(Role::RuntimeWheel).map(|(_, wheel)| wheel).collect(), 1),
        None => (runtime_wheels(set), 2),
    };
    if wheels.len() < fewest {
        return;
    }
    // What a missing wheel would serve is said once, by the rule about targets; of an expected release each gap counts but
    // those that it has on purpose.
    let may_be_missing = set.expected.map(Expected::may_be_missing);
    let mut left_out = unserved(set, &wheels);
    left_out.retain(|row| may_be_missing.as_ref().is_none_or(|missing| missing.contains(&row.triple)));
    let mut candidates: Vec<Candidate> = wheels.iter().filter_map(|wheel| wheel.candidate.clone()).collect();
    let tags = left_out.into_iter().flat_map(Target::tags);
    candidates.extend(tags.filter_map(|tag| Candidate::of_tag(&tag.to_string())));
    for gap in Coverage::of(&candidates).gaps(&set.runtime.supports) {
        found.whole(format!("{gap}; the product promises to serve it"));
    }
}

rule!(SET_NO_SDIST = "set-no-sdist", Error, Set(set_no_sdist);
    what: "There is no source distribution of a runtime, which consists of wheels for platforms.",
    why: "Where no wheel fits, installers take the source distribution and fail in the middle of a build.",
    fix: "Remove the source distribution; ship the runtime as wheels only";
    because: [Installer("where no wheel fits, the build of the source distribution fails")]);

fn set_no_sdist(set: &Set<'_>, found: &mut Findings) {
    let runtimes = set.platform_distributions();
    for (index, member) in set.members.iter().enumerate().filter(|(_, member)| !member.is_wheel()) {
        let beside_wheels = member.name.as_ref().is_some_and(|name| runtimes.contains_key(&name.normal()));
        if beside_wheels || member.is_of(&set.runtime.distribution) {
            let message = match set.expected {
                Some(_) => format!(
                    "`{}` is an sdist of the runtime: pip would try to build it where no wheel fits",
                    member.label()
                ),
                None => "this is a source distribution of the runtime".to_owned(),
            };
            found.put(Owner::File(index), found.finding(message));
        }
    }
}

rule!(SET_SAME_PYTHON = "set-same-python", Error, Set(set_same_python);
    what: "The Python files and the METADATA of a runtime are the same in all of its wheels; line ends that differ are a warning, and so are other projects' extension modules for several platforms.",
    why: "Code that differs by platform is code that was tested on one of them; indexes show the metadata of any one wheel for all.",
    fix: "Build all wheels from one template and one commit";
    because: [Promise("one release is one program, and its metadata are the same for all"), Habit("another distribution may differ by platform")]);

fn set_same_python(set: &Set<'_>, found: &mut Findings) {
    let distributions = set.platform_distributions();
    for (name, indexes) in &distributions {
        // Of a collection of other projects' wheels nothing says that they are one program.
        let is_runtime = name.is_same(&set.runtime.distribution);
        let is_plain = |index: &usize| set.members[*index].label().contains("-py3-none-");
        let is_release = is_runtime || distributions.len() == 1 && indexes.iter().all(is_plain);
        for indexes in by_version(set, indexes) {
            let (first, others) = (&set.members[indexes[0]], &indexes[1..]);
            for index in others {
                same_python(first, &set.members[*index], |severity, member, message| {
                    let severity = if is_release { severity } else { Severity::Warning };
                    let finding = found.finding(message).with_severity(severity);
                    found.put(Owner::File(*index), finding.with_member(member));
                });
            }
        }
    }
}

fn same_python(first: &Summary, other: &Summary, mut put: impl FnMut(Severity, &str, String)) {
    let python = |wheel: &Summary| -> BTreeMap<String, Sha256Digest> {
        wheel
            .files
            .iter()
            .filter(|(path, _)| is_python_source(path))
            .map(|(path, digest)| (path.clone(), *digest))
            .collect()
    };
    let (one, two, reference) = (python(first), python(other), first.label());
    let paths: BTreeSet<&String> = one.keys().chain(two.keys()).collect();
    for path in paths.into_iter().filter(|path| one.get(*path) != two.get(*path)) {
        let (severity, how) = if !two.contains_key(path) {
            (Severity::Error, "is missing, unlike in")
        } else if first.python.contains_key(path) && first.python.get(path) == other.python.get(path) {
            (Severity::Warning, "has other line ends than that of")
        } else {
            (Severity::Error, "differs from that of")
        };
        put(severity, path, format!("the file {how} `{reference}`"));
    }
    if let (Some([lines, one]), Some([other_lines, two])) = (first.metadata_digests, other.metadata_digests)
        && one != two
    {
        let (severity, how) = match lines == other_lines {
            true => (Severity::Warning, "has other line ends than that of"),
            false => (Severity::Error, "differs from that of"),
        };
        put(severity, "METADATA", format!("the file {how} `{reference}`"));
    }
}

rule!(SET_DUP_PAYLOAD = "set-dup-payload", Warning, Set(set_dup_payload);
    what: "No two wheels of one distribution hold the same files under different tags.",
    why: "Every copy is uploaded and stored; one wheel with a compressed tag set serves both.",
    fix: "Build one wheel with both tags: `--platform-tag TAG.TAG`, or `also` in the template";
    because: [Habit("the copies only cost")]);

fn set_dup_payload(set: &Set<'_>, found: &mut Findings) {
    for indexes in alike(set) {
        let mut firsts = BTreeMap::new();
        for index in indexes.into_iter().filter(|index| !set.members[*index].files.is_empty()) {
            let first = *firsts.entry(&set.members[index].files).or_insert(index);
            if first != index {
                let message = format!("the files are those of `{}`", set.members[first].label());
                found.put(Owner::File(index), found.finding(message));
            }
        }
    }
}

rule!(SET_TAG_OVERLAP = "set-tag-overlap", Warning, Set(set_tag_overlap);
    what: "No two wheels of one distribution and version carry the same platform tag; where a release is expected, that is an error.",
    why: "Which one a machine gets depends on its installer.",
    fix: "Remove one of the wheels, or take the tag off it";
    because: [Habit("every machine finds one of them"), Promise("one release has one wheel for a machine")]);

fn set_tag_overlap(set: &Set<'_>, found: &mut Findings) {
    let severity = if set.expected.is_some() { Severity::Error } else { Severity::Warning };
    for indexes in alike(set) {
        let mut firsts = HashMap::new();
        for index in indexes {
            let mut said = HashSet::new();
            for tag in &set.members[index].platforms {
                let first = *firsts.entry(tag).or_insert(index);
                if first != index && said.insert(first) {
                    let finding = found.finding(format!("`{}` carries `{tag}` too", set.members[first].label()));
                    found.put(Owner::File(index), finding.with_severity(severity));
                }
            }
        }
    }
}

pub(crate) static RULES: &[&Rule] = &[
    &SET_VERSION,
    &SET_TARGETS,
    &SET_COVERAGE,
    &SET_NO_SDIST,
    &SDK_PIN,
    &SET_SAME_PYTHON,
    &SET_DUP_PAYLOAD,
    &SET_TAG_OVERLAP,
];
