//! The platform tags of a staged wheel: those asked for, or the honest ones, held against the binaries and against what
//! the payload says of itself.

use std::collections::BTreeSet;
use std::path::Path;

use super::error::{StageError, StageWarning};
use crate::binary::{Inventory, Libc, Weight, reasons};
use crate::product::{RuntimeProject, Target};
use crate::target::{PlatformTag, PlatformTagSet, TargetTriple};

/// What tags are chosen for.
pub(super) struct Subject<'a> {
    pub(crate) payload: &'a Path,
    pub(crate) inventory: &'a Inventory,
    pub(crate) entrypoint: &'a str,
    /// The target that the payload says it is for.
    pub(crate) stated: Option<&'a str>,
    /// The row that it is known to be for.
    pub(crate) target: Option<&'a Target>,
}

/// The tags of the wheel, where the machine is right, with what there is to know about them.
pub(super) fn settle(
    asked: Option<&PlatformTagSet>,
    project: &RuntimeProject,
    subject: &Subject<'_>,
) -> Result<(PlatformTagSet, Vec<StageWarning>), StageError> {
    let (payload, inventory) = (subject.payload, subject.inventory);
    let tags = match asked {
        Some(tags) => tags.clone(),
        None => choose(project, subject).ok_or_else(|| StageError::NoHonestTag {
            payload: payload.to_owned(),
            why: inventory.why_no_tag_or(|| nearest_reasons(project, inventory)),
        })?,
    };
    if let Some(row) = subject.target {
        hold(&row.platform_tag, subject)?;
    }
    let mut warnings = Vec::new();
    let mut told = BTreeSet::new();
    // Two names of one tag promise the same.
    for tag in tags.tags().iter().filter(|tag| told.insert(tag.canonical())) {
        hold(tag, subject)?;
        for (member, objection) in inventory.objections(tag) {
            warnings.push(StageWarning::of(member, tag, objection));
        }
    }
    Ok((tags, warnings))
}

/// Holds the machine of every binary against a tag.
fn hold(tag: &PlatformTag, subject: &Subject<'_>) -> Result<(), StageError> {
    let mut objections = subject.inventory.objections(tag).into_iter();
    match objections.find(|(_, objection)| objection.weight() == Weight::WrongMachine) {
        None => Ok(()),
        Some((member, objection)) => Err(StageError::WrongMachine {
            payload: subject.payload.to_owned(),
            tag: tag.clone().into(),
            member: member.to_owned(),
            objection: objection.into(),
            honest: subject.inventory.honest_tags(),
        }),
    }
}

/// The tags that the payload's own row calls for, without those of another row's wheel, each under every name that
/// installers know it by.
fn choose(project: &RuntimeProject, subject: &Subject<'_>) -> Option<PlatformTagSet> {
    let inventory = subject.inventory;
    let own = row(project, subject);
    let rows: Vec<Vec<PlatformTag>> = match own {
        Some(row) => vec![row.tags().cloned().collect()],
        None => project.targets.iter().map(|target| target.tags().cloned().collect()).collect(),
    };
    let chosen = inventory.choose_tags(&rows)?;
    let Some(own) = own else { return Some(chosen.with_legacy_aliases()) };
    // A wheel of its own for glibc leaves none of its machines to the one for musl.
    let beside_glibc = own.triple.is_musl_beside(project.targets.iter().map(|row| &row.triple));
    let is_free = |tag: &&PlatformTag| {
        let is_left_to_another = project.is_of_another(tag, own) || beside_glibc && tag.is_manylinux();
        !is_left_to_another
    };
    let free = |tags: &[PlatformTag]| PlatformTagSet::new(tags.iter().filter(is_free).cloned());
    free(chosen.tags()).or_else(|| free(&inventory.honest_tags())).map(PlatformTagSet::with_legacy_aliases)
}

/// The row of the payload: the only one for its machine, or the one that its own words, its name, its binaries or its C
/// library tell. A name tells nothing that the binaries do not keep, where they keep another row's tag.
fn row<'a>(project: &'a RuntimeProject, subject: &Subject<'a>) -> Option<&'a Target> {
    if subject.target.is_some() {
        return subject.target;
    }
    let inventory = subject.inventory;
    let fits = |row: &&Target| {
        inventory.objections(&row.platform_tag).iter().all(|(_, found)| found.weight() != Weight::WrongMachine)
    };
    let mut rows: Vec<&Target> = project.targets.iter().filter(fits).collect();
    let name = subject.payload.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let entry = inventory.get(subject.entrypoint);
    let libc = entry.and_then(|facts| facts.slices.first()).and_then(|slice| slice.libc);
    let slices = entry.map_or(0, |facts| facts.slices.len());
    let is_named = |row: &Target| name.contains(&row.triple.to_string());
    let hints: [&dyn Fn(&Target) -> bool; 6] = [
        &|row| subject.stated.is_some_and(|stated| stated == row.triple.to_string()),
        &|row| is_named(row) && inventory.honours(&row.platform_tag),
        &|row| row.platform_tag.architectures().len() == slices,
        &|row| inventory.honours(&row.platform_tag),
        &is_named,
        &|row| row.triple.is_musl() == (libc != Some(Libc::Glibc)),
    ];
    for hint in hints {
        let told: Vec<_> = rows.iter().copied().filter(|row| hint(row)).collect();
        if rows.len() > 1 && !told.is_empty() {
            rows = told;
        }
    }
    match rows[..] {
        [row] => Some(row),
        // Rows of one triple differ in their tags alone: the first whose tag is honest is meant.
        [first, ..] if rows.iter().all(|row| row.triple == first.triple) => {
            rows.into_iter().find(|row| inventory.honours(&row.platform_tag))
        }
        _ => None,
    }
}

/// What stands in the way of the tags that come nearest.
fn nearest_reasons(project: &RuntimeProject, inventory: &Inventory) -> String {
    let near = project.targets.iter().map(|row| (&row.platform_tag, inventory.objections(&row.platform_tag)));
    let nearest = near.min_by_key(|(_, objections)| {
        objections.iter().filter(|(_, objection)| objection.weight() == Weight::WrongMachine).count()
    });
    let Some((tag, objections)) = nearest else { return String::new() };
    let broken = objections.iter().filter(|(_, objection)| objection.breaks_promise());
    reasons(broken.map(|(member, objection)| (tag, *member, objection)))
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
