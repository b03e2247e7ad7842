//! What an interrupted publish says: what is up, what is missing, and how to go on.

use std::collections::BTreeMap;

use super::event::Event;
use super::plan::Plan;
use super::receipt::{FileState, IndexToAsk, NOT_ASKED, standing};
use crate::console::text::visible;
use crate::fs::say_on_interrupt;

/// What is up so far, for whoever interrupts the publish.
pub(crate) struct UpSoFar<'a> {
    plan: &'a Plan,
    /// What is known of the files; of the others nothing is.
    states: BTreeMap<String, FileState>,
    asked: IndexToAsk,
    /// The file that is on its way.
    sending: Option<String>,
    /// The command line that goes on.
    command: String,
}

impl<'a> UpSoFar<'a> {
    pub(crate) fn new(plan: &'a Plan, asked: IndexToAsk, command: String) -> Self {
        let standing = Self { plan, states: BTreeMap::new(), asked, sending: None, command };
        standing.tell();
        standing
    }

    pub(crate) fn begin(&mut self, file: &str) {
        self.sending = Some(file.to_owned());
        self.tell();
    }

    pub(crate) fn hear(&mut self, event: &Event) {
        let (file, state) = match event {
            Event::LookedUp { file, state } => (file, *state),
            Event::Uploaded { file, .. } | Event::Stored(file) => (file, FileState::Uploaded),
            _ => return,
        };
        self.states.insert(file.clone(), state);
        self.sending = None;
        self.tell();
    }

    fn tell(&self) {
        say_on_interrupt(Some(self.words()));
    }

    fn words(&self) -> String {
        let is_sending = |name: &str| self.sending.as_deref() == Some(name);
        let state = |name: &str| match self.states.get(name) {
            Some(state) => *state,
            None if is_sending(name) => FileState::Absent,
            None => FileState::Planned,
        };
        let names: Vec<_> = self.plan.names().collect();
        let (up, rest): (Vec<&str>, Vec<&str>) = names.iter().partition(|name| state(name).is_up());
        let unknown = names.iter().filter(|name| state(name) == FileState::Planned).count();
        let mut words = format!("interrupted: {}", standing(up.len(), unknown, names.len()));
        for name in up.into_iter().chain(rest) {
            let doubt = if is_sending(name) { " (it was on its way, and may be up)" } else { "" };
            words += &format!("\n  {}: {}{doubt}", state(name).word(self.asked), visible(name));
        }
        words += &format!("\nto go on: {}", visible(&self.command));
        if self.asked == IndexToAsk::Nobody {
            words += &format!("\n{NOT_ASKED}");
        }
        words
    }
}
