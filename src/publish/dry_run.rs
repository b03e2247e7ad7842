//! A plan as a dry run shows it, with what the index has of it.

use std::time::Duration;

use serde_json::{Value, json};

use super::error::PublishError;
use super::index::Index;
use super::plan::Plan;
use super::survey::{Found, survey};
use crate::console::Shown;
use crate::console::text::{human_bytes, table};

pub struct DryRun<'a> {
    plan: &'a Plan,
    /// What the index has, where one was asked.
    present: Option<Found<'a>>,
}

impl<'a> DryRun<'a> {
    /// Asks the index, again after about `pause` where it fails for a moment. Sends nothing.
    pub(crate) fn new(plan: &'a Plan, index: Option<&Index>, pause: Duration) -> Result<Self, PublishError> {
        Ok(Self { plan, present: index.map(|index| survey(plan, index, pause)).transpose()? })
    }

    fn at_index(&self, name: &str) -> Option<&'static str> {
        let (_, presence) = self.present.as_ref()?.iter().find(|(file, _)| file.name == name)?;
        Some(if presence.is_same() { "present" } else { "absent" })
    }
}

impl Shown for DryRun<'_> {
    fn text(&self) -> String {
        let rows: Vec<_> = self
            .plan
            .phases
            .iter()
            .flat_map(|phase| {
                phase.files.iter().map(|file| {
                    let state = self.at_index(&file.name).unwrap_or("unknown").to_owned();
                    [phase.name.clone(), file.name.clone(), human_bytes(file.bytes), state]
                })
            })
            .collect();
        table(&["phase", "file", "size", "at the index"].map(str::to_owned), &rows)
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
