//! A smoke test as `relkit smoke` shows it.

use std::path::Path;

use serde_json::Value;

use super::receipt::Report;
use crate::console::Shown;
use crate::console::annotation::{Annotation, Level};
use crate::fs::portable;

/// A report, and the file that it is about.
pub(crate) struct Tested<'a> {
    pub report: &'a Report,
    pub subject: &'a Path,
}

impl Shown for Tested<'_> {
    fn text(&self) -> String {
        self.report.to_string()
    }

    fn json(&self) -> Value {
        serde_json::to_value(self.report).unwrap_or_default()
    }

    fn annotations(&self) -> String {
        let (level, title, message) = match self.report.failed_step() {
            Some(step) => {
                let message = format!("{}: {}\n{}", step.name, step.detail, self.report.stderr_tail);
                (Level::Error, "smoke test failed", message)
            }
            None => {
                let message = format!("level {} passed on {}", self.report.level, self.report.platform);
                (Level::Notice, "smoke test passed", message)
            }
        };
        let (file, message) = (portable(self.subject), message.trim_end());
        Annotation { level, file: Some(&file), title, message }.to_string() + "\n"
    }
}
