//! The levels of a smoke test, each on top of the one before: the version, the product's commands, the handshake, a turn.

use super::conversation::Conversation;
use super::error::SmokeError;
use super::model_server::ModelServer;
use super::report::ENTRY_POINT;
use super::steps::Steps;
use super::trial::Trial;
use crate::product::Level;

impl Trial<'_> {
    /// Runs the steps of the level. Returns the version that the executable reports.
    pub(super) fn run(&self, steps: &mut Steps<'_>) -> Result<Option<String>, SmokeError> {
        let subject = self.subject();
        let Some(answer) = steps.run("version", || self.version(&subject)) else {
            return Ok(self.reported.get().cloned());
        };
        if let Some(point) = &self.runtime.entry_point {
            steps.run(ENTRY_POINT, || self.entry_point(point, &answer.stdout));
        }
        if self.options.level >= Level::Command {
            self.commands(steps)?;
        }
        if self.options.level >= Level::Handshake {
            // invariant: a table of an app server that tells no version is refused where it is read.
            let Some(version) = &answer.version else { return Ok(None) };
            let model = ModelServer::start().map_err(SmokeError::ModelServer)?;
            Conversation { trial: self, model: &model, subject, version }.hold(steps);
        }
        Ok(answer.version.map(|version| version.to_string()))
    }
}
