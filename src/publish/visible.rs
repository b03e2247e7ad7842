//! Asking the index while a plan is carried out: after a lost answer, when a name is taken, and before the next phase.

use std::thread;
use std::time::Instant;

use super::answer::Answer;
use super::error::{Asked, PublishError, Waited};
use super::event::Event;
use super::plan::{Phase, PlannedFile};
use super::receipt::FileState;
use super::run::Run;
use super::survey::{Look, no_conflict, survey_phase};
use super::wait::poll_pause;

impl Run<'_> {
    /// Whether the index lists the file, asked once after a lost answer or a refusal; a conflict is an error.
    pub(super) fn is_stored(&mut self, file: &PlannedFile) -> Result<bool, PublishError> {
        let Some(index) = self.options.index else { return Ok(false) };
        // An index that cannot be read right now proves nothing.
        let Ok(page) = index.page(&file.project, &file.version) else { return Ok(false) };
        let presence = index.presence(&page, &file.name, file.sha256, file.bytes);
        no_conflict(&[(file, presence)])?;
        if !presence.is_same() {
            return Ok(false);
        }
        self.tell(&Event::Stored(file.name.clone()));
        self.record(file, FileState::Stored)?;
        Ok(true)
    }

    /// The server says that the name is taken: the index must tell by whom. It may lag behind an upload of this run whose
    /// answer was lost; after any other refusal it is asked once.
    pub(super) fn settle_existing(
        &mut self,
        file: &PlannedFile,
        answer: Answer,
        may_be_ours: bool,
    ) -> Result<(), PublishError> {
        let started = Instant::now();
        let mut attempt = 0;
        while !self.is_stored(file)? {
            attempt += 1;
            let is_over = started.elapsed() >= self.options.pace.visible;
            if self.options.index.is_none() || !may_be_ours || is_over {
                let asked = match self.options.index {
                    None => Asked::Nobody,
                    Some(_) if may_be_ours => Asked::IndexFor(self.options.pace.visible),
                    Some(_) => Asked::Index,
                };
                let Answer { status, reason, .. } = answer;
                return Err(PublishError::Unknown { file: file.name.clone(), status, reason, asked });
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
                Ok(Look { found, .. }) => {
                    no_conflict(found)?;
                    found.iter().filter(|(_, presence)| !presence.is_same()).map(|(file, _)| *file).collect()
                }
                Err(_) => phase.files.iter().collect(),
            };
            hits = if missing.is_empty() { hits + 1 } else { 0 };
            if hits == 2 {
                // An index can change its mind about a project once it has the files.
                for note in found.map(|look| look.notes).unwrap_or_default() {
                    if !self.noted.contains(&note) {
                        self.tell(&Event::Warning(note));
                    }
                }
                self.tell(&Event::Visible(phase.name.clone()));
                for file in &phase.files {
                    self.receipt.update(&file.name, |row| row.visible = true)?;
                }
                return Ok(());
            }
            // Who hands out another index's pages does so until it has files itself, or for ever.
            let is_led = |look: &Look<'_>| missing.iter().all(|file| look.led.contains(&file.project));
            let pace = self.options.pace;
            let after = match found.as_ref().is_ok_and(is_led) && pace.elsewhere < pace.visible {
                true => Waited::WhileLed(pace.elsewhere),
                false => Waited::AsAsked(pace.visible),
            };
            if !missing.is_empty() && started.elapsed() >= after.time() {
                let files = missing.iter().map(|file| file.name.clone()).collect();
                return Err(found.map_or_else(Into::into, |Look { elsewhere, .. }| PublishError::NotVisible {
                    files,
                    after,
                    elsewhere,
                }));
            }
            if attempt == 1 {
                self.tell(&Event::Waiting { phase: phase.name.clone(), missing: missing.len() });
            }
            attempt += 1;
            thread::sleep(poll_pause(self.options.pace.first_pause, attempt));
        }
    }
}
