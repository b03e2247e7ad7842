//! Asking the index while a plan is carried out: after a lost answer, when a name is taken, and before the next phase.

use std::thread;
use std::time::Instant;

use super::error::PublishError;
use super::event::Event;
use super::index::presence;
use super::plan::{Phase, PlannedFile};
use super::receipt::State;
use super::run::Run;
use super::survey::{no_conflict, survey_phase};
use super::wait::poll_pause;

impl Run<'_> {
    /// Whether the index lists the file after a lost answer; a conflict is an error.
    pub(super) fn is_stored(&mut self, file: &PlannedFile) -> Result<bool, PublishError> {
        let Some(index) = self.options.index else { return Ok(false) };
        // An index that cannot be read right now proves nothing; the upload is tried again.
        let Ok(listing) = index.listing(&file.project) else { return Ok(false) };
        let presence = presence(&listing, &file.name, file.sha256);
        no_conflict(&[(file, presence)])?;
        if !presence.is_same() {
            return Ok(false);
        }
        self.tell(&Event::Stored(file.name.clone()));
        self.record(file, State::Stored)?;
        Ok(true)
    }

    /// The server says that the name is taken: the index must tell by whom.
    pub(super) fn settle_existing(&mut self, file: &PlannedFile) -> Result<(), PublishError> {
        let unknown = || PublishError::Unknown { file: file.name.clone() };
        if self.options.index.is_none() {
            return Err(unknown());
        }
        let started = Instant::now();
        let mut attempt = 0;
        while !self.is_stored(file)? {
            attempt += 1;
            if started.elapsed() >= self.options.pace.visible {
                return Err(unknown());
            }
            thread::sleep(poll_pause(self.options.pace.first_pause, attempt));
        }
        Ok(())
    }

    /// Asks the index until it lists every file of the phase twice in a row: its servers can differ for a while.
    pub(super) fn wait_until_visible(&mut self, phase: &Phase) -> Result<(), PublishError> {
        let Some(index) = self.options.index else { return Ok(()) };
        if phase.files.iter().all(|file| self.receipt.files.iter().any(|row| row.name == file.name && row.visible)) {
            return Ok(());
        }
        let started = Instant::now();
        let (mut hits, mut attempt) = (0, 0);
        loop {
            let found = survey_phase(phase, index, self.options.pace.first_pause);
            let missing: Vec<_> = match &found {
                Ok(found) => {
                    no_conflict(found)?;
                    found.iter().filter(|(_, presence)| !presence.is_same()).map(|(file, _)| *file).collect()
                }
                Err(_) => phase.files.iter().collect(),
            };
            hits = if missing.is_empty() { hits + 1 } else { 0 };
            if hits == 2 {
                self.tell(&Event::Visible(phase.name.clone()));
                for file in &phase.files {
                    self.receipt.update(&file.name, |row| row.visible = true)?;
                }
                return Ok(());
            }
            if started.elapsed() >= self.options.pace.visible {
                let files = missing.iter().map(|file| file.name.clone()).collect();
                let after = self.options.pace.visible;
                return Err(found.map_or_else(Into::into, |_| PublishError::NotVisible { files, after }));
            }
            if attempt == 1 {
                self.tell(&Event::Waiting { phase: phase.name.clone(), missing: missing.len() });
            }
            attempt += 1;
            thread::sleep(poll_pause(self.options.pace.first_pause, attempt));
        }
    }
}
