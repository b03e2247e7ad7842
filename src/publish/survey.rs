//! What an index has of a plan, before and while it is carried out. Nothing here sends.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::{Duration, SystemTime};

use super::error::PublishError;
use super::index::{Index, IndexError, Listing, Presence, presence};
use super::plan::{Phase, Plan, PlannedFile};
use super::wait::backoff;
use crate::wheel::name::DistributionName;

/// An index that says when files were uploaded (PEP 700) takes no new file for a release that is older.
const MAX_RELEASE_AGE: Duration = Duration::from_secs(14 * 24 * 60 * 60);
const MAX_TRIES: u32 = 4;

/// The pages of the projects of a phase.
type Pages<'a> = BTreeMap<&'a DistributionName, Listing>;

/// Planned files in their order, and what the index has under their names.
pub(super) type Found<'a> = Vec<(&'a PlannedFile, Presence)>;

/// What the index has of a plan. After a passing failure it asks again, at first after about `pause`. Other bytes under
/// planned names are an error, all such names at once, and so is a release that is too old for a file that is missing.
pub(super) fn survey<'a>(plan: &'a Plan, index: &Index, pause: Duration) -> Result<Found<'a>, PublishError> {
    let mut found = Vec::new();
    let mut late = None;
    for phase in &plan.phases {
        let pages = pages(phase, index, pause)?;
        let of_phase = look_up(phase, &pages);
        late = late.or(too_late(&of_phase, &pages, SystemTime::now()));
        found.extend(of_phase);
    }
    no_conflict(&found)?;
    late.map_or(Ok(found), Err)
}

/// What the index has of a phase, conflicts or not.
pub(super) fn survey_phase<'a>(phase: &'a Phase, index: &Index, pause: Duration) -> Result<Found<'a>, IndexError> {
    Ok(look_up(phase, &pages(phase, index, pause)?))
}

fn pages<'a>(phase: &'a Phase, index: &Index, pause: Duration) -> Result<Pages<'a>, IndexError> {
    let projects: BTreeSet<_> = phase.files.iter().map(|file| &file.project).collect();
    projects.into_iter().map(|project| Ok((project, listing(index, project, pause)?))).collect()
}

fn look_up<'a>(phase: &'a Phase, pages: &Pages<'_>) -> Found<'a> {
    let of = |file: &PlannedFile| {
        let page = pages.get(&file.project);
        page.map_or(Presence::Absent, |page| presence(page, &file.name, file.sha256))
    };
    phase.files.iter().map(|file| (file, of(file))).collect()
}

/// The files that are missing from a release which is older than an index allows.
fn too_late(found: &Found<'_>, pages: &Pages<'_>, now: SystemTime) -> Option<PublishError> {
    let absent = found.iter().filter(|(_, presence)| *presence == Presence::Absent).map(|(file, _)| file);
    let first = *absent.clone().next()?;
    // Every file of a release begins with the same name and version, but for the spelling of those made elsewhere.
    let stem = format!("{}-{}", first.project.escaped(), first.version);
    let of_the_release = |name: &str| {
        let rest = name.get(..stem.len()).filter(|start| start.eq_ignore_ascii_case(&stem)).and(name.get(stem.len()..));
        rest.is_some_and(|rest| rest.starts_with('-') || rest == ".tar.gz")
    };
    let uploads = pages.get(&first.project)?.iter().filter(|(name, _)| of_the_release(name));
    let times = uploads.filter_map(|(_, listed)| {
        let text = listed.upload_time.as_deref()?;
        humantime::parse_rfc3339(text).ok().map(|time| (time, text))
    });
    let (oldest, since) = times.min()?;
    (now.duration_since(oldest).ok()? > MAX_RELEASE_AGE).then(|| PublishError::Late {
        project: first.project.clone(),
        version: first.version.clone(),
        since: since.to_owned(),
        files: absent.filter(|file| file.project == first.project).map(|file| file.name.clone()).collect(),
    })
}

/// Reads a project's page; an index that fails for a moment is asked again.
fn listing(index: &Index, project: &DistributionName, pause: Duration) -> Result<Listing, IndexError> {
    let mut tries = 0;
    loop {
        tries += 1;
        match index.listing(project) {
            Err(error) if error.is_passing() && tries < MAX_TRIES => thread::sleep(backoff(pause, tries)),
            outcome => return outcome,
        }
    }
}

/// Refuses other bytes under planned names.
pub(super) fn no_conflict(found: &[(&PlannedFile, Presence)]) -> Result<(), PublishError> {
    let conflict = |(file, presence): &(&PlannedFile, Presence)| match presence {
        Presence::Other(listed) => Some((file.name.clone(), file.sha256, Some(*listed))),
        Presence::Unhashed => Some((file.name.clone(), file.sha256, None)),
        Presence::Absent | Presence::Same => None,
    };
    let conflicts: Vec<_> = found.iter().filter_map(conflict).collect();
    if conflicts.is_empty() { Ok(()) } else { Err(PublishError::Conflict { conflicts }) }
}
