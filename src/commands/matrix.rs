//! `relkit matrix`: the targets of the runtime template, for people, programs and GitHub Actions.

use serde_json::{Value, json};

use crate::cli::{Matrix, MatrixFormat};
use crate::console::Console;
use crate::console::text::table;
use crate::error::{Exit, Failure};
use crate::product::{RuntimeProject, Target};

/// Runs the command.
pub fn run(arguments: &Matrix, console: &Console) -> Result<Exit, Failure> {
    let project = super::runtime_project(arguments.template.as_deref())?;
    let rows: Vec<_> = project.targets.iter().map(|target| row(&project, target)).collect();
    match arguments.format {
        MatrixFormat::Text => console.result(text(&project)),
        MatrixFormat::Json => console.json(&json!({ "schema_version": 1, "include": rows })),
        MatrixFormat::Github => console.result(format_args!("{}\n", json!({ "include": rows }))),
    }
    Ok(Exit::Good)
}

fn row(project: &RuntimeProject, target: &Target) -> Value {
    json!({
        "target": target.triple,
        "platform_tag": target.platform_tag,
        "runner": target.runner,
        "executable": target.triple.executable_name(&project.executable),
    })
}

fn text(project: &RuntimeProject) -> String {
    let cells: Vec<[String; 4]> = project
        .targets
        .iter()
        .map(|target| {
            let tags: Vec<_> = target.tags().map(ToString::to_string).collect();
            let executable = target.triple.executable_name(&project.executable);
            [target.triple.to_string(), tags.join(" + "), target.runner.clone(), executable]
        })
        .collect();
    table(&["target", "platform tag", "runner", "executable"].map(str::to_owned), &cells)
}
