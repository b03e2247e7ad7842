//! What an index has of a plan, before and while it is carried out. Nothing here sends.

use std::thread;
use std::time::Duration;

use super::error::PublishError;
use super::index::{Index, IndexError, Listing, Presence, presence};
use super::plan::{Phase, Plan};
use super::wait::backoff;
use crate::wheel::name::DistributionName;

/// What the index has of a plan, file by file in its order. Sends nothing. After a passing failure it asks again, at first
/// after about `pause`.
///
/// # Errors
/// When the index cannot be read, or has other bytes under a planned name: all such names at once.
pub fn survey(plan: &Plan, index: &Index, pause: Duration) -> Result<Vec<(String, Presence)>, PublishError> {
    let mut found = Vec::new();
    for phase in &plan.phases {
        found.extend(phase_presence(phase, index, pause)?);
    }
    conflicts(plan, &found)?;
    Ok(found)
}

pub(super) fn phase_presence(
    phase: &Phase,
    index: &Index,
    pause: Duration,
) -> Result<Vec<(String, Presence)>, PublishError> {
    let mut found = Vec::new();
    let mut project: Option<(&str, Listing)> = None;
    for file in &phase.files {
        let listing = match &project {
            Some((name, listing)) if *name == file.project => listing,
            _ => {
                let name: DistributionName = file.project.parse()?;
                &project.insert((&file.project, listing(index, &name, pause)?)).1
            }
        };
        found.push((file.name.clone(), presence(listing, &file.name, file.sha256)));
    }
    Ok(found)
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
