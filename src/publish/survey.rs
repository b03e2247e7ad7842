//! What an index has of a plan, before and while it is carried out. Nothing here sends.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::{Duration, SystemTime};

use super::error::PublishError;
use super::index::{Index, IndexError, Presence, is_of_release, is_same_name};
use super::page::Page;
use super::plan::{Phase, Plan, PlannedFile};
use super::wait::backoff;
use crate::console::text::{because, quoted};
use crate::http;
use crate::wheel::filename::Claim;
use crate::wheel::name::DistributionName;

/// An index that says when files were uploaded (PEP 700) takes no new file for a release that is older.
const MAX_RELEASE_AGE: Duration = Duration::from_secs(14 * 24 * 60 * 60);
const MAX_TRIES: u32 = 4;

/// The pages of the projects of a phase.
type Pages<'a> = BTreeMap<&'a DistributionName, Page>;

/// By project, the files of the planned release that the plan does not have.
type Foreign<'a> = BTreeMap<&'a DistributionName, Vec<&'a str>>;

/// Planned files in their order, and what the index has under their names.
pub(super) type Found<'a> = Vec<(&'a PlannedFile, Presence)>;

/// What an index has of a plan.
pub(super) struct Survey<'a> {
    pub(super) found: Found<'a>,
    /// What is worth knowing beside it, a sentence each.
    pub(super) notes: Vec<String>,
    refusal: Option<PublishError>,
}

impl Survey<'_> {
    /// The survey, unless it shows that the publish is pointless.
    pub(super) fn allowed(self) -> Result<Self, PublishError> {
        match self.refusal {
            Some(refusal) => Err(refusal),
            None => Ok(self),
        }
    }
}

/// What the index has of a plan. After a passing failure it asks again, at first after about `pause`. Other bytes under
/// planned names are a refusal, all such names at once, and so is whatever makes the publish pointless: a project that takes
/// no files, a release that is too old for a file that is missing, an sdist of the runtime. No index at the address is an
/// error.
pub(super) fn survey<'a>(plan: &'a Plan, index: &Index, pause: Duration) -> Result<Survey<'a>, PublishError> {
    let mut survey = Survey { found: Vec::new(), notes: Vec::new(), refusal: None };
    let mut all_pages = Vec::new();
    for phase in &plan.phases {
        all_pages.push((phase, pages(phase, index, pause)?));
    }
    if !all_pages.iter().any(|(_, pages)| pages.values().any(|page| page.found)) {
        patiently(pause, || index.must_exist())?;
    }
    let mut refusals = Vec::new();
    for (phase, pages) in &all_pages {
        let found = look_up(phase, index, pages);
        let foreign = foreign_of(phase, pages);
        refusals.extend(sdists_of_runtime(phase, &foreign));
        refusals.extend(closed(&found, pages));
        refusals.extend(too_late(&found, pages, SystemTime::now()));
        survey.notes.extend(notes(phase, pages, &foreign));
        survey.notes.extend(unattested(&found, pages));
        survey.found.extend(found);
    }
    let there = |project: &DistributionName| {
        let page = all_pages.iter().find_map(|(_, pages)| pages.get(project));
        let is_planned = |name: &str| plan.names().any(|planned| planned == name);
        let beside = page.into_iter().flat_map(|page| &page.files).filter(|(name, _)| !is_planned(name));
        let kept = beside.filter_map(|(_, listed)| listed.size).fold(0, u64::saturating_add);
        kept.saturating_add(page.map_or(0, |page| page.beside))
    };
    survey.notes.extend(plan.foresight(&there));
    survey.refusal = no_conflict(&survey.found).err().or_else(|| refusals.into_iter().next());
    Ok(survey)
}

/// What the index has of a phase while it is waited for, conflicts or not.
pub(super) struct Look<'a> {
    pub(super) found: Found<'a>,
    /// The other indexes that its pages are from.
    pub(super) elsewhere: Vec<String>,
    /// The projects of which it has no page of its own, but leads to another index's.
    pub(super) led: BTreeSet<&'a DistributionName>,
    /// What is worth knowing beside it, a sentence each.
    pub(super) notes: Vec<String>,
}

pub(super) fn survey_phase<'a>(phase: &'a Phase, index: &Index, pause: Duration) -> Result<Look<'a>, IndexError> {
    let pages = pages(phase, index, pause)?;
    let elsewhere = pages.values().filter_map(|page| page.elsewhere.clone()).collect();
    let is_led = |page: &Page| page.elsewhere.is_some() && !page.found;
    let led = pages.iter().filter(|(_, page)| is_led(page)).map(|(project, _)| *project).collect();
    let foreign = foreign_of(phase, &pages);
    let notes = notes(phase, &pages, &foreign);
    Ok(Look { found: look_up(phase, index, &pages), elsewhere, led, notes })
}

fn pages<'a>(phase: &'a Phase, index: &Index, pause: Duration) -> Result<Pages<'a>, IndexError> {
    let projects: BTreeMap<_, _> = phase.files.iter().map(|file| (&file.project, &file.version)).collect();
    let page = |project, version: &str| patiently(pause, || index.page(project, version));
    projects.into_iter().map(|(project, version)| Ok((project, page(project, version)?))).collect()
}

fn look_up<'a>(phase: &'a Phase, index: &Index, pages: &Pages<'_>) -> Found<'a> {
    let of = |file: &PlannedFile| {
        let page = pages.get(&file.project);
        page.map_or(Presence::Absent, |page| index.presence(page, &file.name, file.sha256, file.bytes))
    };
    phase.files.iter().map(|file| (file, of(file))).collect()
}

/// What the pages of a phase tell beside the digests of the planned files.
fn notes(phase: &Phase, pages: &Pages<'_>, foreign: &Foreign<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    for (project, page) in pages {
        match &page.elsewhere {
            Some(there) if page.found => notes.push(format!(
                "the page of `{project}` lists files of `{there}`, which it inherits: another index's files do not count"
            )),
            Some(there) => notes.push(format!(
                "the page of `{project}` redirects to `{there}`: what another server lists is not this index's, and does not \
                 count"
            )),
            None => {}
        }
        for there in &page.tracks {
            notes.push(format!(
                "the page of `{project}` says that it follows `{there}` (PEP 708): what it lists can be that index's"
            ));
        }
        if let Some(status) = page.status.as_ref().filter(|status| status.word != "active") {
            notes.push(format!("the index calls `{project}` {}{}", status.word, because(&status.reason)));
        }
        for file in phase.files.iter().filter(|file| file.project == **project) {
            let size = page.files.get(&file.name).and_then(|listed| Some((listed.sha256?, listed.size?)));
            if let Some((_, size)) = size.filter(|(sha256, size)| *sha256 == file.sha256 && *size != file.bytes) {
                let (name, bytes) = (&file.name, file.bytes);
                notes.push(format!(
                    "the index says that `{name}` has {size} bytes, and with this digest it has {bytes}"
                ));
            }
            if let Some(reason) = page.files.get(&file.name).and_then(|listed| listed.yanked.as_ref()) {
                notes.push(format!(
                    "`{}` is yanked at the index{}: installers pass it over",
                    file.name,
                    because(reason)
                ));
            }
        }
        if let Some(foreign) = foreign.get(project).filter(|names| !names.is_empty()) {
            let yanked = |name: &str| page.files.get(name).is_some_and(|listed| listed.yanked.is_some());
            let names = foreign.iter().map(|name| format!("`{name}`{}", if yanked(name) { " (yanked)" } else { "" }));
            let names = names.collect::<Vec<_>>().join(", ");
            notes.push(format!("the index has files of this release of `{project}` that are not in the plan: {names}"));
        }
    }
    notes
}

/// What cannot be made good: attestations that lie beside files which the index has without any.
fn unattested(found: &Found<'_>, pages: &Pages<'_>) -> Option<String> {
    let has_none = |file: &PlannedFile| {
        let listed = pages.get(&file.project).and_then(|page| page.files.get(&file.name));
        listed.is_some_and(|listed| listed.provenance.is_none())
    };
    let late = found.iter().filter(|(file, presence)| presence.is_same() && !file.attestations.is_empty());
    let names: Vec<_> = late.filter(|(file, _)| has_none(file)).map(|(file, _)| &file.name).collect();
    (!names.is_empty()).then(|| {
        format!(
            "the index has {} already and lists no attestation of {}: those that lie here are not sent, because an index takes \
             them with the file and not later",
            quoted(&names),
            if names.len() == 1 { "it" } else { "them" }
        )
    })
}

fn foreign_of<'a>(phase: &Phase, pages: &'a Pages<'_>) -> Foreign<'a> {
    pages.iter().map(|(project, page)| (*project, foreign(phase, project, page))).collect()
}

/// The files of the planned release of a project that the plan does not have.
fn foreign<'a>(phase: &Phase, project: &DistributionName, page: &'a Page) -> Vec<&'a str> {
    let of_project = || phase.files.iter().filter(|file| file.project == *project);
    let Some(version) = of_project().next().map(|file| &file.version) else { return Vec::new() };
    let names = page.files.keys().map(String::as_str).filter(|name| is_of_release(name, project, version));
    let is_planned = |name: &str, file: &PlannedFile| {
        let is_listed = || page.files.get(name).is_some_and(|listed| listed.sha256 == Some(file.sha256));
        file.name == name || (is_same_name(name, &file.name) && is_listed())
    };
    names.filter(|name| !of_project().any(|file| is_planned(name, file))).collect()
}

/// Refuses a release of whose runtime the index has an sdist: an installer without a wheel for its machine builds it.
fn sdists_of_runtime(phase: &Phase, foreign: &Foreign<'_>) -> Option<PublishError> {
    if !phase.is_runtime() {
        return None;
    }
    let is_sdist = |name: &&str| Claim::of(name) != Some(Claim::Wheel) && !name.ends_with(".egg");
    foreign.iter().find_map(|(project, names)| {
        let files: Vec<_> = names.iter().copied().filter(is_sdist).map(str::to_owned).collect();
        (!files.is_empty()).then(|| PublishError::RuntimeSdist { project: (*project).clone(), files })
    })
}

/// Refuses a project that takes no files, or of which nothing is offered (PEP 792).
fn closed(found: &Found<'_>, pages: &Pages<'_>) -> Option<PublishError> {
    pages.iter().find_map(|(project, page)| {
        let status = page.status.as_ref()?;
        let is_complete = found.iter().all(|(file, presence)| file.project != **project || presence.is_same());
        let is_closed = status.word == "quarantined" || (status.word == "archived" && !is_complete);
        is_closed.then(|| PublishError::Closed {
            project: (*project).clone(),
            status: status.word.clone(),
            reason: status.reason.clone(),
        })
    })
}

/// The files that are missing from a release which is older than an index allows.
fn too_late(found: &Found<'_>, pages: &Pages<'_>, now: SystemTime) -> Option<PublishError> {
    let absent = found.iter().filter(|(_, presence)| *presence == Presence::Absent).map(|(file, _)| file);
    let first = *absent.clone().next()?;
    let uploads = pages.get(&first.project)?.files.iter();
    let uploads = uploads.filter(|(name, _)| is_of_release(name, &first.project, &first.version));
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

/// Asks again where an index fails for a moment.
pub(super) fn patiently<T>(pause: Duration, mut ask: impl FnMut() -> Result<T, IndexError>) -> Result<T, IndexError> {
    let mut tries = 0;
    loop {
        tries += 1;
        match ask() {
            Err(error) if error.is_passing() && tries < MAX_TRIES && error.asked() <= http::MAX_ASKED => {
                thread::sleep(backoff(pause, tries).max(error.asked()));
            }
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
