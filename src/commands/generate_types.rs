//! `relkit generate-types`: the SDK's types from the pinned runtime's own schema, whether they are stale, or what changed.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::cli::{DriftFormat, GenerateTypes, SchemaSource};
use crate::console::Console;
use crate::error::{Exit, Failure};
use crate::fs::{FsError, portable};
use crate::product::{RuntimeProject, SdkProject};
use crate::typegen::drift::drift;
use crate::typegen::{self, Change, Difference, Generated, Mode, Obtained, Request, Source};

/// The built-in runtime template, for the name of the executable in a wheel.
const RUNTIME: &str = include_str!("../../runtime-template/pyproject.toml");

/// How many differing files are shown in full.
const SHOWN: usize = 20;

/// Runs the command.
pub fn run(arguments: &GenerateTypes, console: &Console) -> Result<Exit, Failure> {
    let executable = RuntimeProject::from_pyproject(RUNTIME, "runtime-template/pyproject.toml")?.executable;
    let source = source(&arguments.source, &executable);
    if let Some(before) = &arguments.against {
        return report_drift(&Source::of_path(before, &executable), &source, arguments.format, console);
    }
    let project_file = arguments.sdk.join("pyproject.toml");
    let text = std::fs::read_to_string(&project_file).map_err(FsError::read(&project_file))?;
    let project = SdkProject::from_pyproject(&text, &project_file.to_string_lossy())?;
    let pin = pin(&text, project.runtime_distribution.as_str());
    let directory = arguments.sdk.join("src").join(&project.module).join("generated");
    let request = Request { source, version: pin.clone(), module: project.module };
    let generated = typegen::generate(&request)?;
    if let Some(pin) = pin.filter(|pin| *pin != generated.runtime_version) {
        console.warning(format_args!(
            "the types are of runtime {}, and `{}` pins {pin}",
            generated.runtime_version,
            project_file.display()
        ));
    }
    if !generated.disagreements.is_empty() {
        console.warning(format_args!(
            "the schema's files disagree about {}; the bundle's definition is used",
            listed(&generated.disagreements)
        ));
    }
    if generated.mode == Mode::Experimental {
        console.warning(format_args!(
            "the schema holds experimental methods and fields, which the runtime hides by default"
        ));
    }
    let differences = typegen::check(&generated, &directory)?;
    if arguments.check {
        return Ok(report_check(&generated, &differences, arguments.format, console));
    }
    typegen::write(&generated, &directory)?;
    report_written(&generated, &directory, &differences, arguments.format, console);
    Ok(Exit::Good)
}

fn source(arguments: &SchemaSource, executable: &str) -> Source {
    match (&arguments.codex_bin, &arguments.wheel, &arguments.schema_dir) {
        (Some(path), _, _) => Source::Executable(path.clone()),
        (_, Some(path), _) => Source::Wheel { path: path.clone(), executable: executable.to_owned() },
        // invariant: clap demands exactly one of the three.
        (_, _, path) => Source::Directory(path.clone().unwrap_or_else(|| PathBuf::from("."))),
    }
}

/// The version that a project pins a distribution to with `==`, where it does.
fn pin(pyproject: &str, distribution: &str) -> Option<String> {
    let project: toml::Table = pyproject.parse().ok()?;
    let dependencies = project.get("project")?.get("dependencies")?.as_array()?;
    dependencies.iter().filter_map(toml::Value::as_str).find_map(|dependency| {
        let (name, version) = dependency.split_once("==")?;
        let version = version.split([';', ',']).next().unwrap_or_default().trim();
        (name.trim() == distribution).then(|| version.to_owned())
    })
}

fn report_written(
    generated: &Generated,
    directory: &Path,
    differences: &[Difference],
    format: DriftFormat,
    console: &Console,
) {
    if matches!(format, DriftFormat::Json) {
        console.json(&summary(generated, "written", differences));
        return;
    }
    let changed = differences.len();
    console.status(
        "Generated",
        format_args!(
            "{} files for runtime {} in {} ({changed} changed)",
            generated.files.len(),
            generated.runtime_version,
            directory.display()
        ),
    );
    report_unexposed(generated, console);
}

fn report_unexposed(generated: &Generated, console: &Console) {
    for unexposed in &generated.unexposed {
        console.detail("Not exposed", format_args!("`{}` of `{}`", unexposed.field, unexposed.method));
    }
    if !generated.unexposed.is_empty() {
        let count = generated.unexposed.len();
        console.status("Note", format_args!("{count} fields of the schema are not keywords (`--verbose` lists them)"));
    }
}

fn report_check(generated: &Generated, differences: &[Difference], format: DriftFormat, console: &Console) -> Exit {
    let exit = if differences.is_empty() { Exit::Good } else { Exit::NotGood };
    if matches!(format, DriftFormat::Json) {
        let outcome = if differences.is_empty() { "fresh" } else { "stale" };
        console.json(&summary(generated, outcome, differences));
        return exit;
    }
    if differences.is_empty() {
        console.status(
            "Fresh",
            format_args!("{} files are those of runtime {}", generated.files.len(), generated.runtime_version),
        );
        report_unexposed(generated, console);
        return exit;
    }
    for difference in differences.iter().take(SHOWN) {
        console.result(format_args!("{}\n", described(difference)));
    }
    if differences.len() > SHOWN {
        console.result(format_args!("... and {} more files\n", differences.len() - SHOWN));
    }
    console.warning(format_args!(
        "{} generated files are stale for runtime {}",
        differences.len(),
        generated.runtime_version
    ));
    console.hint("run the same command without `--check`, and commit what it writes");
    exit
}

/// A difference as a short diff.
fn described(difference: &Difference) -> String {
    let path = difference.path.display();
    match &difference.change {
        Change::Missing => format!("{path}: missing"),
        Change::Extra => format!("{path}: not generated any more"),
        Change::Line { number, found, expected, lines } => {
            let mut text = format!("{path}:{number}: {lines} lines differ");
            for (sign, line) in [("-", found), ("+", expected)] {
                if let Some(line) = line {
                    text.push_str(&format!("\n  {sign} {line}"));
                }
            }
            text
        }
    }
}

fn summary(generated: &Generated, outcome: &str, differences: &[Difference]) -> Value {
    let differences: Vec<Value> = differences
        .iter()
        .map(|difference| {
            let (change, line) = match &difference.change {
                Change::Missing => ("missing", None),
                Change::Extra => ("extra", None),
                Change::Line { number, .. } => ("changed", Some(*number)),
            };
            json!({"path": portable(&difference.path), "change": change, "line": line})
        })
        .collect();
    let unexposed: Vec<Value> =
        generated.unexposed.iter().map(|one| json!({"method": one.method, "field": one.field})).collect();
    json!({
        "schema_version": 1,
        "outcome": outcome,
        "runtime_version": generated.runtime_version,
        "schema_sha256": generated.schema_sha256,
        "schema_mode": generated.mode.word(),
        "files": generated.files.keys().collect::<Vec<_>>(),
        "differences": differences,
        "not_exposed": unexposed,
    })
}

fn report_drift(before: &Source, after: &Source, format: DriftFormat, console: &Console) -> Result<Exit, Failure> {
    let (old, new) = (typegen::obtain(before)?, typegen::obtain(after)?);
    let name = |source: &Source, obtained: &Obtained| {
        let directory = source.path().file_name().map(|name| name.to_string_lossy().into_owned());
        obtained.version.clone().or(directory).unwrap_or_else(|| source.path().display().to_string())
    };
    let (from, to) = (name(before, &old), name(after, &new));
    let (from_mode, to_mode) = (old.schema.mode(), new.schema.mode());
    if from_mode != to_mode {
        let (from_mode, to_mode) = (from_mode.word(), to_mode.word());
        console.warning(format_args!(
            "the schema of {from} is {from_mode} and that of {to} {to_mode}: part of what changed is only that"
        ));
    }
    let drift = drift((&from, &old.schema), (&to, &new.schema))?;
    match format {
        DriftFormat::Json => console.json(&drift.json()),
        DriftFormat::Markdown => console.result(format_args!("{}\n", drift.markdown().trim_end())),
        DriftFormat::Text => console.result(format_args!("{}\n", drift.to_string().trim_end())),
    }
    Ok(Exit::Good)
}

fn listed(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(5).map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(shown.len());
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_exact_pin() {
        let project = "[project]\ndependencies = [\"pydantic>=2\", \"a-runtime == 1.2.3 ; python_version > '3'\"]\n";
        assert_eq!(pin(project, "a-runtime").as_deref(), Some("1.2.3"));
        assert_eq!(pin(project, "pydantic"), None);
        assert_eq!(pin("[project]\n", "a-runtime"), None);
    }
}
