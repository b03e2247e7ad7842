//! One short file per command: arguments, a request, the step, the console. The only floor that sees the whole line.

mod build;
mod check;
mod fetch;
mod generate_types;
mod inspect;
mod matrix;
mod pages;
mod publish;
mod release;
mod smoke;
mod stage;
mod verify;

use std::path::Path;

use crate::cli::{Cli, Command};
use crate::console::{Console, Volume};
use crate::digest::Sha256Digest;
use crate::error::{Exit, Failure};
use crate::product::{RuntimeProject, SdkProject};
use crate::stage::Template;
use crate::target::TargetTriple;

/// Runs a parsed command line and returns the process's exit code; every failure has been shown.
#[must_use]
pub fn run(cli: Cli) -> Exit {
    let volume = match (cli.voice.quiet, cli.voice.verbose) {
        (true, _) => Volume::Quiet,
        (_, true) => Volume::Verbose,
        _ => Volume::Normal,
    };
    let console = Console::new(volume, cli.voice.color);
    let exit = dispatch(cli.command, &console).unwrap_or_else(|failure| console.failure(&failure));
    console.finish(exit)
}

fn dispatch(command: Command, console: &Console) -> Result<Exit, Failure> {
    match command {
        Command::StageSdk(arguments) => stage::sdk(&arguments, console),
        Command::StageRuntime(arguments) => stage::runtime(&arguments, console),
        Command::Release(arguments) => release::run(&arguments, console),
        Command::Demo(arguments) => release::demo(&arguments, console),
        Command::Check(arguments) => check::run(&arguments, console),
        Command::Rule(arguments) => check::rule(&arguments, console),
        Command::Coverage(arguments) => check::coverage(&arguments, console),
        Command::Verify(arguments) => verify::run(&arguments, console),
        Command::Smoke(arguments) => smoke::run(&arguments, console),
        Command::Matrix(arguments) => matrix::run(&arguments, console),
        Command::Build(arguments) => build::run(&arguments, console),
        Command::GenerateTypes(arguments) => generate_types::run(&arguments, console),
        Command::Publish(arguments) => publish::run(&arguments, console),
        Command::Fetch(arguments) => fetch::run(&arguments, console),
        Command::Inspect(arguments) => inspect::run(&arguments, console),
        Command::Completions(arguments) => pages::completions(&arguments, console),
        Command::Man(arguments) => pages::man(&arguments, console),
    }
}

/// Reads a digest that was typed.
fn digest(text: &str) -> Result<Sha256Digest, Failure> {
    text.parse().map_err(|error: crate::digest::DigestError| Failure::new(Exit::Failed, error.to_string()))
}

/// The project table of the runtime template: the built-in one, or that of a directory.
fn runtime_project(directory: Option<&Path>) -> Result<RuntimeProject, Failure> {
    let template = Template::runtime(directory)?;
    Ok(RuntimeProject::from_pyproject(template.pyproject()?, &template.pyproject_origin())?)
}

/// The project table of the SDK template: the built-in one, or that of a directory.
fn sdk_project(directory: Option<&Path>) -> Result<SdkProject, Failure> {
    let template = Template::sdk(directory)?;
    Ok(SdkProject::from_pyproject(template.pyproject()?, &template.pyproject_origin())?)
}

/// Targets of the runtime that were typed.
fn targets(texts: &[String], runtime: &RuntimeProject) -> Result<Vec<TargetTriple>, Failure> {
    texts.iter().map(|text| target(text, runtime)).collect()
}

/// One target of the runtime that was typed.
fn target(text: &str, runtime: &RuntimeProject) -> Result<TargetTriple, Failure> {
    let rows = || runtime.targets.iter().map(|row| &row.triple);
    match text.parse::<TargetTriple>() {
        Ok(triple) if rows().any(|known| *known == triple) => Ok(triple),
        _ => {
            let known: Vec<_> = rows().map(ToString::to_string).collect();
            Err(Failure::new(Exit::Failed, format!("`{text}` is not a target of `{}`", runtime.distribution))
                .with_hint(format!("its targets are {}", known.join(", "))))
        }
    }
}
