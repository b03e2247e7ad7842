//! What a publish is asked to do, and where it stands.

use std::path::Path;

use super::attestation::Attestations;
use super::endpoint::Endpoint;
use super::event::{Event, Listener};
use super::index::{Index, Presence};
use super::plan::{Plan, PlannedFile};
use super::receipt::{FileState, Receipt};
use super::survey::Found;
use super::wait::Pace;
use crate::fs::FsError;

pub struct Options<'a> {
    pub plan: &'a Plan,
    /// The directory that holds the files.
    pub dist: &'a Path,
    pub endpoint: &'a Endpoint,
    /// Where published files are looked up, if anywhere.
    pub index: Option<&'a Index>,
    /// Whether the plan's attestations are sent.
    pub attestations: Attestations,
    /// Where the receipt is kept.
    pub receipt: Option<&'a Path>,
    pub pace: Pace,
}

/// A publish that goes on.
pub(super) struct Run<'a> {
    pub(super) options: &'a Options<'a>,
    pub(super) listener: &'a Listener<'a>,
    pub(super) receipt: &'a mut Receipt,
    /// What was said of the index before the first byte.
    pub(super) noted: Vec<String>,
}

impl Run<'_> {
    pub(super) fn tell(&self, event: &Event) {
        (self.listener.event)(event);
    }

    /// Keeps what the index has of each file before the first is sent.
    pub(super) fn found(&mut self, found: &Found<'_>) -> Result<(), FsError> {
        for (file, presence) in found {
            let state = match presence {
                Presence::Same => FileState::PresentSame,
                Presence::Absent => FileState::Absent,
                Presence::Other(_) | Presence::Unhashed => FileState::Taken,
            };
            self.receipt.set(&file.name, state);
            self.tell(&Event::LookedUp { file: file.name.clone(), state });
        }
        self.receipt.write()
    }

    /// Keeps what became of a file; whatever is seen at the index is visible.
    pub(super) fn record(&mut self, file: &PlannedFile, state: FileState) -> Result<(), FsError> {
        self.receipt.set(&file.name, state);
        self.receipt.write()
    }
}
