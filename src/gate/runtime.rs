//! The runtime wheels of a release: one for every target, all of the version, in every place where a version stands.

use std::collections::BTreeMap;

use super::dist::{Content, Entry, Set};
use super::release::Role;
use super::verify::{Found, Request};
use crate::check::Mentions;
use crate::payload::{DESCRIPTOR, Package};
use crate::product::Target;
use crate::target::TargetTriple;
use crate::version::CodexVersion;
use crate::wheel::reader::Wheel;

/// Verifies the runtime wheels; notes for each which target it is for.
pub fn verify(request: &Request<'_>, set: &mut Set, found: &mut Found) {
    let mut served: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for entry in set.files.iter_mut().filter(|entry| entry.record.role == Role::RuntimeWheel) {
        version(request, entry, found);
        let Content::Wheel(wheel) = &entry.content else { continue };
        let platforms = wheel.name().tags.platforms().unwrap_or_default();
        let target = platforms.iter().find_map(|tag| request.runtime.target_of_tag(tag)).cloned();
        let name = entry.record.name.clone();
        match &target {
            Some(target) => {
                entry.record.target = Some(target.triple.to_string());
                for tag in &platforms {
                    served.entry(tag.to_string()).or_default().push(name.clone());
                }
            }
            None => found.problem(
                "set-targets",
                Some(&name),
                format!("`{name}` is for none of the product's targets"),
                "remove it, or add its target to the runtime template",
            ),
        }
        descriptor(request, wheel, &name, target.as_ref(), found);
        // An executable that cannot be read is a finding of `check`.
        if let Some(mentions) = &entry.mentions {
            embedded(request, mentions, &name, found);
        }
    }
    for (tag, wheels) in served.iter().filter(|(_, wheels)| wheels.len() > 1) {
        let wheels: Vec<_> = wheels.iter().map(|wheel| format!("`{wheel}`")).collect();
        found.problem(
            "set-targets",
            None,
            format!("{} carry the same platform tag `{tag}`", wheels.join(" and ")),
            "keep one wheel per platform tag: which of them an installer takes is chance",
        );
    }
    complete(request, set, found);
}

fn complete(request: &Request<'_>, set: &Set, found: &mut Found) {
    for target in &request.runtime.targets {
        let triple = target.triple.to_string();
        let is_there = set.runtime_wheels().any(|entry| entry.record.target.as_deref() == Some(&triple));
        if !is_there && !request.allow_missing.contains(&target.triple) {
            found.problem(
                "set-targets",
                None,
                format!("there is no wheel for `{triple}` (`{}`)", target.platform_tag),
                format!("build it, or publish without it on purpose with `--allow-missing {triple}`"),
            );
        }
    }
}

/// The version in the file name and in METADATA.
fn version(request: &Request<'_>, entry: &Entry, found: &mut Found) {
    let name = entry.record.name.as_str();
    let expected = request.codex.to_string();
    let help = format!("build the wheel for {expected}, or verify the version that it is of");
    for (place, version) in [("file name", &entry.named_version), ("METADATA", &entry.record.version)] {
        if *version != expected {
            let message = format!("`{name}` is of version {version} by its {place}, not {expected}");
            found.problem("set-version", Some(name), message, help.clone());
        }
    }
}

/// What `codex-package.json` says, where there is one.
fn descriptor(request: &Request<'_>, wheel: &Wheel, name: &str, target: Option<&Target>, found: &mut Found) {
    let path = format!("{}/{DESCRIPTOR}", request.runtime.module);
    let Some(member) = wheel.find(&path) else { return };
    let package = wheel.read(member, Package::MAX_SIZE).map(|bytes| Package::texts(&bytes)).unwrap_or_default();
    let version = package.version.as_deref().unwrap_or("none");
    if version.parse::<CodexVersion>().ok() != Some(request.codex) {
        let message = format!("`{name}` carries a package of version {version} by its `{path}`, not {}", request.codex);
        found.problem("set-version", Some(name), message, "stage the payload of the release");
    }
    // A build for glibc may serve the Linux target as one for musl does: the tags decide, not the triple's last word.
    let fits = |built: &str| {
        let platforms = wheel.name().tags.platforms().unwrap_or_default();
        built.parse::<TargetTriple>().is_ok_and(|built| platforms.iter().all(|tag| built.matches(tag)))
    };
    if let (Some(target), Some(built)) = (target, &package.target)
        && !fits(built)
    {
        let message = format!("`{name}` is tagged for `{}`, and its `{path}` says `{built}`", target.triple);
        found.problem("payload-json", Some(name), message, "stage the payload of that target");
    }
}

/// The version that the executable holds as text. A static look: only running it proves more.
fn embedded(request: &Request<'_>, mentions: &Mentions, name: &str, found: &mut Found) {
    if mentions.expected {
        return;
    }
    match mentions.others.first() {
        Some(other) => found.problem(
            "set-version",
            Some(name),
            format!("the executable in `{name}` says that it is {other}, not {}", request.codex.semver()),
            "stage the executable of the release",
        ),
        None => found.warning(
            "embedded-version",
            Some(name),
            format!("the executable in `{name}` does not hold the text {}", request.codex.semver()),
            "run it: `relkit smoke --expect-version` asks the executable itself",
        ),
    }
}
