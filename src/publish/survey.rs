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
const RELEASE_TAKES_FILES: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// The pages of the projects of a phase.
type Pages<'a> = BTreeMap<&'a DistributionName, Listing>;

/// What the index has of a plan, file by file in its order. After a passing failure it asks again, at first after about
/// `pause`. Other bytes under planned names are an error, all such names at once, and so is a release that is too old for
/// a file that is missing.
pub(crate) fn survey(plan: &Plan, index: &Index, pause: Duration) -> Result<Vec<(String, Presence)>, PublishError> {
    let mut found = Vec::new();
    let mut late = None;
    for phase in &plan.phases {
        let pages = pages(phase, index, pause)?;
        let presences = presences(phase, &pages);
        late = late.or(too_late(phase, &pages, &presences, SystemTime::now()));
        found.extend(presences);
    }
    conflicts(plan, &found)?;
    late.map_or(Ok(found), Err)
}

pub(super) fn phase_presence(
    phase: &Phase,
    index: &Index,
    pause: Duration,
) -> Result<Vec<(String, Presence)>, PublishError> {
    Ok(presences(phase, &pages(phase, index, pause)?))
}

fn pages<'a>(phase: &'a Phase, index: &Index, pause: Duration) -> Result<Pages<'a>, IndexError> {
    let projects: BTreeSet<_> = phase.files.iter().map(|file| &file.project).collect();
    projects.into_iter().map(|project| Ok((project, listing(index, project, pause)?))).collect()
}

fn presences(phase: &Phase, pages: &Pages<'_>) -> Vec<(String, Presence)> {
    let of = |file: &PlannedFile| {
        let page = pages.get(&file.project);
        page.map_or(Presence::Absent, |page| presence(page, &file.name, file.sha256))
    };
    phase.files.iter().map(|file| (file.name.clone(), of(file))).collect()
}

/// The files that are missing from a release which is older than an index allows.
fn too_late(
    phase: &Phase,
    pages: &Pages<'_>,
    presences: &[(String, Presence)],
    now: SystemTime,
) -> Option<PublishError> {
    let is_absent = |file: &&PlannedFile| presences.contains(&(file.name.clone(), Presence::Absent));
    let first = phase.files.iter().find(is_absent)?;
    let missing = phase.files.iter().filter(is_absent).filter(|file| file.project == first.project);
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
    (now.duration_since(oldest).ok()? > RELEASE_TAKES_FILES).then(|| PublishError::Late {
        project: first.project.clone(),
        version: first.version.clone(),
        since: since.to_owned(),
        files: missing.map(|file| file.name.clone()).collect(),
    })
}

/// Reads a project's page; an index that fails for a moment is asked again.
fn listing(index: &Index, project: &DistributionName, pause: Duration) -> Result<Listing, IndexError> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        match index.listing(project) {
            Err(error) if error.is_passing() && attempt < 4 => thread::sleep(backoff(pause, attempt)),
            outcome => return outcome,
        }
    }
}

pub(super) fn conflicts(plan: &Plan, found: &[(String, Presence)]) -> Result<(), PublishError> {
    let conflict = |(name, presence): &(String, Presence)| {
        let planned = plan.files().find(|file| file.name == *name)?.sha256;
        match presence {
            Presence::Other(listed) => Some((name.clone(), planned, Some(*listed))),
            Presence::Unhashed => Some((name.clone(), planned, None)),
            Presence::Absent | Presence::Same => None,
        }
    };
    let conflicts: Vec<_> = found.iter().filter_map(conflict).collect();
    if conflicts.is_empty() { Ok(()) } else { Err(PublishError::Conflict { conflicts }) }
}
