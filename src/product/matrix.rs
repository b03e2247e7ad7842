//! The targets of a product, as the matrix of a workflow.

use serde_json::{Value, json};

use super::runtime::RuntimeProject;
use super::target::Target;
use crate::console::Shown;
use crate::console::layout::table;
use crate::console::text::{plural, visible_json};

pub(crate) struct Matrix<'a>(pub &'a RuntimeProject);

impl Matrix<'_> {
    fn executable(&self, target: &Target) -> String {
        target.triple.executable_name(self.0.executable())
    }

    fn rows(&self) -> Vec<Value> {
        let row = |target: &Target| {
            json!({
                "target": target.triple,
                "platform_tag": target.platform_tag,
                "runner": target.runner,
                "executable": self.executable(target),
            })
        };
        self.0.targets.iter().map(row).collect()
    }
}

impl Shown for Matrix<'_> {
    fn text(&self) -> String {
        let row = |target: &Target| {
            let tags: Vec<_> = target.tags().map(ToString::to_string).collect();
            [target.triple.to_string(), tags.join(" + "), target.runner.to_string(), self.executable(target)]
        };
        let rows = table(["target", "platform tag", "runner", "executable"], self.0.targets.iter().map(row));
        format!("{rows}\n{} of {}\n", plural(self.0.targets.len(), "target"), self.0.distribution)
    }

    fn json(&self) -> Value {
        json!({ "schema_version": 1, "product": self.0.distribution, "include": self.rows() })
    }

    /// One line, fit for `$GITHUB_OUTPUT`.
    fn annotations(&self) -> String {
        visible_json(&format!("{}\n", json!({ "include": self.rows() })))
    }
}
