//! The platform tags of a staged wheel: those asked for, or the honest ones, held against the binaries and against what
//! the payload says of itself.

use std::path::Path;

use super::error::{StageError, StageWarning};
use crate::binary::{Inventory, Libc, Weight};
use crate::product::RuntimeProject;
use crate::target::{PlatformTag, PlatformTagSet, TargetTriple};

/// The tags of the wheel, where the machine is right, with what there is to know about them.
pub(super) fn settle(
    asked: Option<&PlatformTagSet>,
    project: &RuntimeProject,
    inventory: &Inventory,
    payload: &Path,
) -> Result<(PlatformTagSet, Vec<StageWarning>), StageError> {
    let rows: Vec<_> = project.targets.iter().map(|target| target.tags().cloned().collect()).collect();
    let tags = match asked {
        Some(tags) => tags.clone(),
        None => inventory.choose_tags(&rows).ok_or_else(|| StageError::NoHonestTag {
            payload: payload.to_owned(),
            reasons: nearest_reasons(&rows, inventory),
        })?,
    };
    let mut warnings = Vec::new();
    for tag in tags.tags() {
        for (member, objection) in inventory.objections(tag) {
            if objection.weight() == Weight::WrongMachine {
                return Err(StageError::WrongMachine {
                    payload: payload.to_owned(),
                    tag: tag.clone().into(),
                    member: member.to_owned(),
                    objection: objection.into(),
                    honest: inventory.honest_tags(),
                });
            }
            warnings.push(StageWarning::of(member, tag, objection));
        }
    }
    Ok((tags, warnings))
}

/// What stands in the way of the tags that come nearest.
fn nearest_reasons(rows: &[Vec<PlatformTag>], inventory: &Inventory) -> String {
    let near = rows.iter().filter_map(|row| row.first()).map(|tag| (tag, inventory.objections(tag)));
    let nearest = near.min_by_key(|(_, objections)| {
        objections.iter().filter(|(_, objection)| objection.weight() == Weight::WrongMachine).count()
    });
    let Some((tag, objections)) = nearest else { return String::new() };
    let broken = objections.iter().filter(|(_, objection)| objection.breaks_promise()).take(3);
    let reasons: Vec<_> = broken.map(|(member, objection)| format!("`{member}` under `{tag}`: {objection}")).collect();
    reasons.join("; ")
}

/// Holds the target that the payload states against the tags.
pub(super) fn check_target(stated: &str, tags: &PlatformTagSet, payload: &Path) -> Result<(), StageError> {
    let triple: Option<TargetTriple> = stated.parse().ok();
    let fits = |tag: &PlatformTag| {
        matches!(tag, PlatformTag::Other(_)) || triple.as_ref().is_some_and(|triple| triple.matches(tag))
    };
    match tags.tags().iter().find(|tag| !fits(tag)) {
        None => Ok(()),
        Some(tag) => {
            Err(StageError::Target { payload: payload.to_owned(), stated: stated.to_owned(), tag: tag.clone() })
        }
    }
}

/// The target of a descriptor that is written here: the template's, with the C library that the executable really has.
pub(super) fn described_target(triple: &TargetTriple, inventory: &Inventory, entrypoint: &str) -> TargetTriple {
    let entry = inventory.get(entrypoint);
    let glibc = entry.is_some_and(|facts| facts.slices.iter().any(|slice| slice.libc == Some(Libc::Glibc)));
    if glibc { triple.on_glibc() } else { triple.clone() }
}
