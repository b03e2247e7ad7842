//! The rule about the SDK's pin of the runtime.

use std::collections::{BTreeMap, BTreeSet};

use pep440_rs::Version;

use crate::check::finding::Owner;
use crate::check::rule::{Findings, rule};
use crate::check::subject::release::{Expected, Set};
use crate::console::text::named;
use crate::version::{PublicVersion, is_of_runtime};
use crate::wheel::metadata::Metadata;
use crate::wheel::name::DistributionName;
use crate::wheel::pin::PinFault;
use crate::wheel::project_file::{RuntimePin, dependencies};
use crate::wheel::requirement::Requirement;

rule!(SDK_PIN = "sdk-pin", Error, Set(sdk_pin);
    what: "The SDK requires the runtime once, exactly (`==VERSION`, no wildcard, no marker), in the version of the wheels beside it and of itself; where a release is expected, in its version, and in the project file of a source distribution too.",
    why: "The SDK speaks the protocol of one runtime; any other fails at a user's, some day after the release.",
    fix: "Stage the SDK with `relkit stage-sdk --release-version VERSION` and build it again";
    because: [Promise("the SDK speaks the protocol of one runtime")]);

fn sdk_pin(set: &Set<'_>, found: &mut Findings) {
    let mut runtimes: BTreeMap<DistributionName, BTreeSet<Version>> = BTreeMap::new();
    runtimes.entry(set.runtime.distribution.normal()).or_default();
    for (name, indexes) in set.platform_distributions() {
        let versions = indexes.iter().filter_map(|index| set.members[*index].version.clone());
        runtimes.entry(name).or_default().extend(versions);
    }
    // Where none is expected, wheels of one platform distribution and one other are a release; more of either are a collection.
    let names: BTreeSet<_> = set.members.iter().filter_map(|member| Some(member.name.as_ref()?.normal())).collect();
    let released = runtimes.values().filter(|versions| !versions.is_empty()).count();
    let with_runtime = released > 0 && set.expected.is_some() || released == 1 && names.len() == 2;
    for (index, member) in set.members.iter().enumerate() {
        let (Some(name), Some(metadata)) = (&member.name, &member.metadata) else { continue };
        if runtimes.contains_key(&name.normal()) {
            continue;
        }
        if let Some(expected) = set.expected.filter(|_| member.role.is_some()) {
            let beside = runtimes.get(&set.runtime.distribution.normal());
            expected_pin(set, expected, index, beside, found);
            continue;
        }
        let mut put = |message: String| found.put(Owner::File(index), found.finding(message));
        let mut pins: Vec<Requirement> = metadata.requires_dist().flatten().collect();
        pins.retain(|pin| runtimes.contains_key(&pin.name.normal()));
        let is_sdk = set.sdk.is_some_and(|sdk| member.is_of(&sdk.distribution));
        // Only the SDK, or what stands beside the runtime in its place, must have one.
        if !(is_sdk || with_runtime || pins.iter().any(|pin| pin.name.is_same(&set.runtime.distribution))) {
            continue;
        }
        let pin = match RuntimePin::only(&pins) {
            Ok(pin) => pin,
            Err(message) => {
                put(message);
                continue;
            }
        };
        let faults = pin.pin_faults().into_iter().filter(|fault| *fault != PinFault::Extras);
        faults.for_each(|fault| put(fault.sentence(pin)));
        let Some(version) = pin.pinned_version() else { continue };
        let released = runtimes.get(&pin.name.normal()).filter(|versions| !versions.contains(version));
        if let Some(message) = released.and_then(|versions| other_wheels(version, versions)) {
            put(message);
        }
        if let Some(own) = &member.version
            && !is_release_of(own, version)
        {
            put(format!("its version is `{own}`, and the runtime it requires is `{version}`"));
        }
    }
}

/// The SDK's pin against the release: in its metadata, and in the project file that whoever builds from an sdist gets.
fn expected_pin(
    set: &Set<'_>,
    expected: &Expected<'_>,
    index: usize,
    beside: Option<&BTreeSet<Version>>,
    found: &mut Findings,
) {
    let member = &set.members[index];
    let (runtime, released) = (&set.runtime.distribution, expected.version.to_string());
    let judged = |requirements: Vec<Requirement>| -> Vec<String> {
        let RuntimePin { requirement, mut faults } = RuntimePin::among(requirements, runtime);
        let Some(pin) = requirement else { return faults };
        let Some(version) = pin.pinned_version() else { return faults };
        let of_release = version.to_string() == released;
        if !of_release {
            faults.push(format!("its pin `{pin}` is of another version than {released}"));
        }
        // Of a pin that is wrong beside wheels that are right, all has been said.
        let others = beside.filter(|versions| !versions.contains(version));
        let others = others.filter(|versions| of_release || versions.iter().any(|one| one.to_string() != released));
        faults.extend(others.and_then(|versions| other_wheels(version, versions)));
        faults
    };
    let in_metadata = judged(member.metadata.iter().flat_map(Metadata::requires_dist).flatten().collect());
    let project_file = member.pyproject.as_deref().and_then(|bytes| std::str::from_utf8(bytes).ok());
    let mut in_project = match project_file.and_then(dependencies) {
        None => Vec::new(),
        Some(Err(message)) => vec![message],
        Some(Ok(requirements)) => judged(requirements),
    };
    in_project.retain(|message| !in_metadata.contains(message));
    let help = format!("Stage the SDK with relkit: it pins `{}=={}`", runtime.normalized(), expected.version);
    for message in in_metadata {
        found.put(Owner::File(index), found.finding(message).with_help(&help));
    }
    for why in in_project {
        let finding = found.finding(format!("{why}; who builds from it gets that")).with_member("pyproject.toml");
        found.put(Owner::File(index), finding.with_help(&help));
    }
}

/// That a pin is of none of the versions of the wheels beside it; nothing where there are no wheels.
fn other_wheels(pinned: &Version, versions: &BTreeSet<Version>) -> Option<String> {
    let are = format!("it requires `{pinned}` of the runtime, and the wheels are {}", named(versions));
    (!versions.is_empty()).then_some(are)
}

/// Whether an SDK's version is the runtime's or a post-release of it.
fn is_release_of(own: &Version, runtime: &Version) -> bool {
    let public = |version: &Version| version.to_string().parse::<PublicVersion>().ok();
    own == runtime || public(own).zip(public(runtime)).is_some_and(|(own, runtime)| is_of_runtime(&own, &runtime))
}
