//! Rules about the runtime that an index has, where the SDK alone is released: its users must get it. They find nothing
//! where the runtime is among the files.

use crate::check::finding::Owner;
use crate::check::rule::{Findings, Rule, Severity, rule};
use crate::check::subject::release::{Half, PublishedFile, Set};
use crate::product::Target;
use crate::version::PublicVersion;
use crate::wheel::filename::{Claim, WheelFileName};

rule!(RUNTIME_PUBLISHED = "runtime-published", Error, Set(runtime_published);
    what: "Where the SDK alone is released, the index has the runtime that it pins: a wheel for every target that may not be missing, with a known SHA-256, the same as a wheel of that name beside the SDK, and no source distribution. Another wheel of that release there is a warning, and so is that no index was asked.",
    why: "An SDK whose runtime is not there cannot be installed, and a published file cannot be taken back.",
    fix: "Publish the runtime first, with `--only runtime`";
    because: [Installer("the pin of the SDK finds no wheel"), Promise("the product has a wheel for each of its targets"), Habit("an SDK may be made before its runtime is published, and a wheel for one more target may be meant")]);

fn runtime_published(set: &Set<'_>, found: &mut Findings) {
    let Some(expected) = set.expected else { return };
    let Some((published, allow_missing)) = expected.published else {
        if expected.half == Some(Half::Sdk) {
            let why = "the runtime that the SDK pins was not looked up, because no index is named";
            let help = "Name the index that has it with `--index-url`; `verify` and `publish` ask for it";
            let finding = found.finding(why).with_severity(Severity::Warning);
            found.put(Owner::Whole, finding.with_help(help));
        }
        return;
    };
    let version = expected.version.distribution();
    let (index, distribution) = (&published.index, &set.runtime.distribution);
    for objection in &published.objections {
        let help = "Mend that at the index, or name the one that has the runtime with `--index-url`";
        found.put(Owner::Whole, found.finding(objection.clone()).with_help(help));
    }
    let serves_any = |file| set.runtime.targets.iter().any(|target| serves(set, file, version, target));
    let is_asked = |target: &Target| !allow_missing.contains(&target.triple);
    if !set.runtime.targets.iter().any(is_asked) && !published.files.iter().any(serves_any) {
        found.whole(format!("`{index}` has no wheel of `{distribution}` {version}"));
    }
    for target in &set.runtime.targets {
        let (triple, tag) = (&target.triple, &target.platform_tag);
        let is_there = published.files.iter().any(|file| serves(set, file, version, target));
        if !is_there && is_asked(target) {
            let message = format!("`{index}` has no wheel of `{distribution}` {version} for `{triple}` (`{tag}`)");
            let help = format!(
                "Publish the runtime first, with `--only runtime`, or go without this target on purpose with \
                 `--allow-missing {triple}`"
            );
            found.put(Owner::Target(triple.clone()), found.finding(message).with_help(help));
        }
    }
    for file in &published.files {
        let name = &file.name;
        let wheel = name.parse::<WheelFileName>();
        if wheel.is_ok_and(|wheel| wheel.build.is_some())
            || (Claim::of(name) == Some(Claim::Wheel) && !serves_any(file))
        {
            let message = format!("`{index}` has a wheel of the runtime that is none of its targets': `{name}`");
            let help =
                "Find out who published it: an installer takes it where its tags fit, and goes by its build number";
            let finding = found.finding(message).with_severity(Severity::Warning);
            found.put(Owner::Whole, finding.with_help(help));
        }
        if Claim::of(name) != Some(Claim::Wheel) {
            let message = format!("`{index}` has an sdist of the runtime: `{name}`");
            let help = "Delete it there: pip would try to build it where no wheel fits";
            found.put(Owner::Whole, found.finding(message).with_help(help));
            continue;
        }
        match (file.sha256, published.beside.get(name)) {
            (None, _) => {
                let message = format!("nothing tells the SHA-256 with which `{index}` has `{name}`");
                let help = "Use an index that tells SHA-256 digests, or whose files can be fetched";
                found.put(Owner::Whole, found.finding(message).with_help(help));
            }
            (Some(there), Some(here)) if there != *here => {
                let message = format!(
                    "`{index}` has other bytes of `{name}` than lie beside the SDK (here {here}, there {there})"
                );
                let help = "Make and test the SDK with the runtime that is published";
                found.put(Owner::Whole, found.finding(message).with_help(help));
            }
            _ => {}
        }
    }
}

rule!(RUNTIME_YANKED = "runtime-yanked", Error, Set(runtime_yanked);
    what: "Where the SDK alone is released, no wheel of the runtime that it pins is yanked at the index.",
    why: "A yanked runtime was taken back; installers warn of it or pass it over.",
    fix: "Release the runtime again in another version, and the SDK with it, or take the yank back";
    because: [Installer("an installer passes a yanked file over, or warns of it")]);

fn runtime_yanked(set: &Set<'_>, found: &mut Findings) {
    let Some((published, _)) = set.expected.and_then(|expected| expected.published) else { return };
    for PublishedFile { name, yanked, .. } in &published.files {
        if let Some(reason) = yanked {
            let because = if reason.trim().is_empty() { String::new() } else { format!(" ({})", reason.trim()) };
            found.whole(format!("`{name}` is yanked at `{}`{because}", published.index));
        }
    }
}

/// Whether a file at the index is the wheel of a target.
fn serves(set: &Set<'_>, file: &PublishedFile, version: &PublicVersion, target: &Target) -> bool {
    let Ok(name) = file.name.parse::<WheelFileName>() else { return false };
    let is_of_release =
        name.distribution.is_same(&set.runtime.distribution) && name.version.parse().as_ref() == Ok(version);
    is_of_release
        && name.tags.platforms().is_ok_and(|tags| tags.iter().any(|tag| set.runtime.target_of_tag(tag) == Some(target)))
}

pub(crate) static RULES: &[&Rule] = &[&RUNTIME_PUBLISHED, &RUNTIME_YANKED];
