//! A plan as a dry run shows it, with what the index has of it.

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use super::error::PublishError;
use super::index::{Index, Presence};
use super::plan::Plan;
use super::survey::survey;
use crate::console::Shown;
use crate::console::text::{human_bytes, table};

pub struct DryRun<'a> {
    plan: &'a Plan,
    /// What the index has, where one was asked.
    present: Option<Vec<(String, Presence)>>,
}

impl<'a> DryRun<'a> {
    /// Asks the index, again after about `pause` where it fails for a moment. Sends nothing.
    pub(crate) fn new(plan: &'a Plan, index: Option<&Index>, pause: Duration) -> Result<Self, PublishError> {
        Ok(Self { plan, present: index.map(|index| survey(plan, index, pause)).transpose()? })
    }

    fn at_index(&self, name: &str) -> Option<&'static str> {
        let (_, presence) = self.present.as_ref()?.iter().find(|(file, _)| file == name)?;
        Some(if presence.is_same() { "present" } else { "absent" })
    }
}

impl fmt::Display for DryRun<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, total) = (self.plan.files().count(), self.plan.files().map(|file| file.bytes).sum());
        write!(formatter, "{count} files, {}, to {}; nothing was sent", human_bytes(total), self.plan.upload_url)
    }
}

impl Shown for DryRun<'_> {
    fn text(&self) -> String {
        let rows = self.plan.phases.iter().flat_map(|phase| {
            phase.files.iter().map(|file| {
                let state = self.at_index(&file.name).unwrap_or("unknown").to_owned();
                [phase.name.clone(), file.name.clone(), human_bytes(file.bytes), state]
            })
        });
        table(["phase", "file", "size", "at the index"], rows)
    }

    /// The plan itself, with an outcome, its digest and a state for every file.
    fn json(&self) -> Value {
        let mut value = serde_json::to_value(self.plan).unwrap_or_default();
        value["outcome"] = "planned".into();
        value["plan_sha256"] = json!(self.plan.digest());
        for (phase, rows) in self.plan.phases.iter().enumerate() {
            for (file, row) in rows.files.iter().enumerate() {
                value["phases"][phase]["files"][file]["at_index"] = self.at_index(&row.name).into();
            }
        }
        value
    }
}
