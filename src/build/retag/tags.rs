//! The tags that a wheel gets: those asked for where they are honest, or the honest ones, and why not others.

use std::collections::BTreeSet;
use std::path::Path;

use super::error::RetagError;
use super::report::Reason;
use crate::binary::{Inventory, Objection, Weight, reasons as said_against};
use crate::target::{PlatformTag, PlatformTagSet};
use crate::wheel::filename::WheelFileName;

/// Which tags the wheels are to carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// These, where every binary keeps their promise.
    Tags(PlatformTagSet),
    /// Of each family of tags the one with the lowest floor whose promise every binary keeps.
    Honest,
}

pub(super) struct ChosenTags {
    pub(crate) platforms: PlatformTagSet,
    /// What keeps the next better tags, and those that the wheel had, from being honest.
    pub(crate) reasons: Vec<Reason>,
    pub(crate) warnings: Vec<String>,
}

pub(super) fn choose(
    path: &Path,
    name: &WheelFileName,
    wanted: &Wanted,
    inventory: &Inventory,
) -> Result<ChosenTags, RetagError> {
    let had: Vec<PlatformTag> = name.tags.platform.iter().filter_map(|tag| tag.parse().ok()).collect();
    match wanted {
        Wanted::Tags(platforms) => {
            hold(path, platforms, inventory)?;
            let warnings = reservations(platforms, &had, inventory);
            Ok(ChosenTags { platforms: platforms.clone(), reasons: Vec::new(), warnings })
        }
        Wanted::Honest => {
            let honest =
                if inventory.is_pure() { PlatformTagSet::new([PlatformTag::Any]) } else { inventory.choose_tags(&[]) };
            let honest = match honest {
                Some(platforms) if platforms.tags() == [PlatformTag::Any] => PlatformTagSet::new(name.tags.of_pure()),
                other => other,
            };
            let Some(platforms) = honest else {
                let why = inventory.why_no_tag_or(|| nearest(&had, inventory));
                return Err(RetagError::NoHonestTag { path: path.to_owned(), why });
            };
            let platforms = lowered(platforms, &had, inventory).with_legacy_aliases();
            let reasons = reasons(&platforms, &had, inventory);
            let warnings = reservations(&platforms, &had, inventory);
            Ok(ChosenTags { platforms, reasons, warnings })
        }
    }
}

/// The tags, each with the floor that the wheel had where that is lower and honest: a program without a libc runs on older
/// systems than are asked for by default, and whoever could install the wheel still can.
fn lowered(platforms: PlatformTagSet, had: &[PlatformTag], inventory: &Inventory) -> PlatformTagSet {
    let had = had.iter().filter(|tag| tag.is_manylinux() || tag.is_musllinux()).map(PlatformTag::canonical);
    let had: Vec<_> = had.filter(|tag| tag.taken_by_nobody().is_none() && inventory.honours(tag)).collect();
    let lower = |tag: &PlatformTag| had.iter().filter(|had| had.is_lower_than(tag)).min().unwrap_or(tag).clone();
    let tags: BTreeSet<_> = platforms.tags().iter().map(PlatformTag::canonical).map(|tag| lower(&tag)).collect();
    PlatformTagSet::new(tags).unwrap_or(platforms)
}

/// Refuses the first tag that is not honest.
fn hold(path: &Path, platforms: &PlatformTagSet, inventory: &Inventory) -> Result<(), RetagError> {
    let native = inventory.binaries().first();
    for tag in platforms.tags() {
        if let (PlatformTag::Other(_), Some((member, _))) = (tag, native) {
            let (path, tag, member) = (path.to_owned(), tag.clone(), member.clone());
            return Err(RetagError::Unjudged { path, tag, member, honest: inventory.honest_tags() });
        }
    }
    let all: Vec<_> = platforms.tags().iter().map(|tag| (tag, inventory.promise_breakers(tag))).collect();
    let Some((tag, member, objection)) =
        all.iter().find_map(|(tag, found)| found.first().map(|(member, objection)| (*tag, *member, objection)))
    else {
        return Ok(());
    };
    let objecting: BTreeSet<_> = all.iter().flat_map(|(_, found)| found).map(|(member, _)| *member).collect();
    Err(RetagError::Dishonest {
        path: path.to_owned(),
        tag: tag.clone(),
        member: member.to_owned(),
        objection: Box::new(objection.clone()),
        more: objecting.len() - 1,
        honest: inventory.honest_tags(),
    })
}

/// What a binary says against a new tag without breaking its promise, and did not say against the tags before.
fn reservations(platforms: &PlatformTagSet, had: &[PlatformTag], inventory: &Inventory) -> Vec<String> {
    let before: Vec<(&str, Objection)> = had.iter().flat_map(|tag| inventory.counted(tag)).collect();
    let mut said: Vec<(&str, Objection)> = Vec::new();
    let mut warnings = Vec::new();
    for tag in platforms.tags() {
        warnings.extend(tag.reservation());
        for found in inventory.counted(tag) {
            if !before.contains(&found) && !said.contains(&found) {
                warnings.push(format!("`{}` under `{tag}`: {}", found.0, found.1));
                said.push(found);
            }
        }
    }
    warnings
}

fn reasons(platforms: &PlatformTagSet, had: &[PlatformTag], inventory: &Inventory) -> Vec<Reason> {
    let next = inventory.ruled_out().into_iter().filter(|(.., objection)| objection.weight() != Weight::WrongMachine);
    let left = had.iter().filter(|tag| !platforms.tags().contains(tag)).filter_map(|tag| {
        let (member, objection) = inventory.ruled_out_by(tag)?;
        Some((tag.clone(), member, objection))
    });
    let mut reasons: Vec<Reason> = Vec::new();
    for (tag, member, objection) in left.chain(next) {
        if !reasons.iter().any(|known| known.tag.canonical() == tag.canonical()) {
            reasons.push(Reason { tag, member: member.to_owned(), because: objection.to_string() });
        }
    }
    reasons
}

/// What stands in the way of the tags that the wheel had, and of those that come nearest.
fn nearest(had: &[PlatformTag], inventory: &Inventory) -> String {
    let kept = had.iter().filter_map(|tag| inventory.ruled_out_by(tag).map(|(member, it)| (tag.clone(), member, it)));
    let all = kept.chain(inventory.ruled_out());
    let all: Vec<_> = all.collect();
    said_against(all.iter().map(|(tag, member, it)| (tag, *member, it)))
}
