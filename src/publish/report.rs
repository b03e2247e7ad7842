//! What a publish shows: the plan of a dry run, the receipt, and how to go on after a failure.

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use super::error::PublishError;
use super::index::Index;
use super::plan::{Plan, PlannedFile};
use super::receipt::{FileReceipt, FileState, IndexToAsk, NOT_ASKED, Receipt, standing};
use super::survey::{Survey, survey};
use crate::console::Shown;
use crate::console::layout::table;
use crate::console::text::{human_bytes, plural};
use crate::error::{Exit, Explain as _, Failure};
use crate::gate::Release;

/// A plan, and what the index has of it where it was asked.
pub(crate) struct DryRun<'a> {
    plan: &'a Plan,
    survey: Option<Survey<'a>>,
    /// What was worth knowing before the index was asked, a sentence each.
    notes: Vec<String>,
}

impl<'a> DryRun<'a> {
    /// Asks the index, again after about `pause` where it fails for a moment. Sends nothing.
    pub(crate) fn new(
        plan: &'a Plan,
        index: Option<&Index>,
        pause: Duration,
        notes: Vec<String>,
    ) -> Result<Self, PublishError> {
        let survey = index.map(|index| survey(plan, index, pause)?.allowed()).transpose()?;
        Ok(Self { plan, survey, notes })
    }

    /// What the index's answers make worth knowing.
    pub(crate) fn notes_of_index(&self) -> impl Iterator<Item = &String> {
        self.survey.iter().flat_map(|survey| &survey.notes)
    }

    fn state(&self, name: &str) -> Option<&'static str> {
        let (_, presence) = self.survey.as_ref()?.found.iter().find(|(file, _)| file.name == name)?;
        Some(if presence.is_same() { "present" } else { "absent" })
    }
}

impl fmt::Display for DryRun<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, total) = (self.plan.files().count(), self.plan.files().map(|file| file.bytes).sum());
        let (files, total) = (plural(count, "file"), human_bytes(total));
        write!(formatter, "{files}, {total}, to {}; nothing was sent", self.plan.upload_url)?;
        match self.survey {
            Some(_) => Ok(()),
            None => write!(formatter, ", and {NOT_ASKED}"),
        }
    }
}

impl Shown for DryRun<'_> {
    fn text(&self) -> String {
        let rows = self.plan.phases.iter().flat_map(|phase| {
            let row = |file: &PlannedFile| {
                let state = self.state(&file.name).unwrap_or("unknown");
                [phase.name.clone(), file.name.clone(), human_bytes(file.bytes), state.to_owned()]
            };
            phase.files.iter().map(row)
        });
        table(["phase", "file", "size", "at the index"], rows)
    }

    /// The plan with what is known beside it.
    fn json(&self) -> Value {
        let mut value = serde_json::to_value(self.plan).unwrap_or_default();
        value["outcome"] = "planned".into();
        value["plan_sha256"] = self.plan.digest().to_string().into();
        value["notes"] = self.notes.iter().chain(self.notes_of_index()).cloned().collect();
        for phase in value["phases"].as_array_mut().into_iter().flatten() {
            for file in phase["files"].as_array_mut().into_iter().flatten() {
                file["at_index"] = file["name"].as_str().and_then(|name| self.state(name)).into();
            }
        }
        value
    }
}

/// A release that the gate kept back; the failure says why to people.
pub(crate) struct KeptBack<'a>(pub &'a Release);

impl Shown for KeptBack<'_> {
    fn json(&self) -> Value {
        json!({
            "schema_version": 1,
            "outcome": "checks-failed",
            "release_version": self.0.release_version,
            "problems": self.0.problems,
            "files": self.0.files,
        })
    }
}

impl KeptBack<'_> {
    /// What people are told after every problem: that nothing was sent.
    pub(crate) fn failure(&self) -> Failure {
        let problems = plural(self.0.problems.len(), "problem");
        let failure = Failure::new(Exit::NotGood, format!("the release is not good: {problems}, and nothing was sent"));
        match self.0.problems.first() {
            Some(first) => failure.with_hint(format!("`relkit rule {}` says more of the first problem", first.code)),
            None => failure,
        }
    }
}

impl Receipt {
    /// What a publish that is done has done: a verb, and the rest of the sentence.
    pub(crate) fn conclusion(&self) -> (&'static str, String) {
        let (version, upload) = (&self.release_version, &self.upload_url);
        let is_sent = |file: &FileReceipt| file.state != FileState::PresentSame;
        match &self.index_url {
            Some(index) if !self.files.iter().any(is_sent) => (
                "Unchanged",
                format!("{version}: nothing was sent to {upload}, because {index} has every file with these bytes"),
            ),
            _ => ("Published", format!("{version} at {upload}")),
        }
    }

    /// What nobody knows of a publish that is done.
    pub(crate) fn doubt(&self) -> Option<&'static str> {
        self.index_url.is_none().then_some(NOT_ASKED)
    }

    /// The failure with what is up, what is missing, and the command that goes on from there.
    pub(crate) fn failure(&self, error: PublishError, command: &str) -> Failure {
        let mut hint = error.hint().map(|hint| hint + "\n").unwrap_or_default();
        let unlisted = match &error {
            PublishError::NotVisible { files, .. } => files.as_slice(),
            _ => &[],
        };
        hint += &self.standing(unlisted.len());
        let asked = IndexToAsk::of(self.index_url.as_ref());
        for file in self.files.iter().filter(|file| !file.state.is_up() || unlisted.contains(&file.name)) {
            let word = if unlisted.contains(&file.name) { "accepted, and not listed" } else { file.state.word(asked) };
            hint += &format!("\n  {word}: {}", file.name);
        }
        hint += &format!("\nto go on: {command}");
        if asked == IndexToAsk::Nobody {
            hint += &format!("\n{NOT_ASKED}");
        }
        Failure::from(error).with_hint(hint)
    }

    /// How far it came; `unlisted` files were accepted, and the index does not have them.
    fn standing(&self, unlisted: usize) -> String {
        let sent = if self.files.iter().all(|file| file.attempts == 0) { "; nothing was sent" } else { "" };
        let up = self.files.iter().filter(|file| file.state.is_up()).count();
        standing(up.saturating_sub(unlisted), self.count(FileState::Planned), self.files.len()) + sent
    }
}
