//! The steps of a smoke test, one after the other: timed, recorded, and none after the first that failed.

use std::time::Instant;

use super::error::SmokeError;
use super::fault::Fault;
use super::report::Step;
use crate::console::{Progress, text::shortened};
use crate::error::Outcome;

/// A step that did not fail: what it found or why it was skipped, and what the next one needs.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Done<T = ()> {
    outcome: Outcome,
    detail: String,
    value: T,
}

impl Done {
    pub(super) fn passed(detail: impl Into<String>) -> Self {
        Self { outcome: Outcome::Passed, detail: detail.into(), value: () }
    }

    pub(super) fn skipped(why: impl Into<String>) -> Self {
        Self { outcome: Outcome::Skipped, detail: why.into(), value: () }
    }

    pub(super) fn with<T>(self, value: T) -> Done<T> {
        Done { outcome: self.outcome, detail: self.detail, value }
    }
}

pub(super) struct Steps<'a> {
    progress: &'a Progress,
    pub(super) done: Vec<Step>,
    pub(super) stderr_tail: String,
    /// What kept a step from being carried out, which is no fault of the runtime.
    pub(super) obstacle: Option<SmokeError>,
}

impl<'a> Steps<'a> {
    pub(super) fn new(progress: &'a Progress) -> Self {
        Self { progress, done: Vec::new(), stderr_tail: String::new(), obstacle: None }
    }

    pub(super) fn outcome(&self) -> Outcome {
        match self.done.last() {
            Some(step) if step.outcome == Outcome::Failed => Outcome::Failed,
            _ => Outcome::Passed,
        }
    }

    pub(super) fn run<T>(&mut self, name: &str, step: impl FnOnce() -> Result<Done<T>, Fault>) -> Option<T> {
        if self.outcome() == Outcome::Failed {
            return None;
        }
        self.progress.message(name);
        let started = Instant::now();
        let result = step();
        let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (outcome, detail, value) = match result {
            Ok(done) => (done.outcome, done.detail, Some(done.value)),
            Err(fault) => {
                self.obstacle = fault.obstacle(name);
                self.keep_stderr(fault.stderr_tail);
                (Outcome::Failed, fault.sentence, None)
            }
        };
        // A runtime may say anything of any length, and receipts keep it.
        let detail = shortened(&detail).into_owned();
        self.done.push(Step { name: name.to_owned(), outcome, milliseconds, detail });
        value
    }

    /// Ends the test where a step was not carried out.
    pub(super) fn carried_out(&mut self) -> Result<(), SmokeError> {
        self.obstacle.take().map_or(Ok(()), Err)
    }

    /// Keeps the runtime's last words; those of the step that failed come first.
    pub(super) fn keep_stderr(&mut self, tail: String) {
        if self.stderr_tail.is_empty() {
            self.stderr_tail = tail;
        }
    }
}
