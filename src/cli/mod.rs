//! Every command, flag and help sentence; no behaviour. The contract of what users type stands in this room alone: the list of the
//! commands here, each with its arguments in the file of its kind.

mod judge;
mod make;
mod options;
mod product;
mod publish;
mod release;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand};

use crate::console::Color;
use crate::console::layout::HELP_COLUMNS;

pub(crate) use judge::{Check, Coverage, Inspect, Rule, Smoke};
pub(crate) use make::{Build, GenerateTypes, Retag, SchemaSource, StageRuntime, StageSdk};
pub(crate) use options::{AnnotatedFormatOptions, IndexSource, ProductOptions, PublishedSource, ReleaseOptions};
pub(crate) use product::{Completions, Init, Man, Matrix, Workflow};
pub(crate) use publish::{ExpectedDigest, Fetch, GateOptions, Publish, Verify};
pub(crate) use release::{Demo, Release};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Ship a compiled program to Python users: per-platform runtime wheels, and an SDK pinned exactly to them.
#[derive(Debug, Parser)]
#[command(name = "relkit", version, styles = STYLES, max_term_width = HELP_COLUMNS, arg_required_else_help = true)]
#[command(after_help = "Start with `relkit demo`: the whole line on a stand-in runtime, offline, in seconds.")]
pub struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) verbosity: Verbosity,
}

#[derive(Debug, Args)]
pub(crate) struct Verbosity {
    /// Print errors, warnings and results only
    #[arg(long, short, global = true, conflicts_with = "verbose", help_heading = "Output")]
    pub(crate) quiet: bool,
    /// Print the details of every step
    #[arg(long, short, global = true, help_heading = "Output")]
    pub(crate) verbose: bool,
    /// When to use colour (the variable NO_COLOR turns it off)
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = "Output")]
    pub(crate) color: Color,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Stage the SDK: its version set, its runtime pinned exactly
    StageSdk(StageSdk),
    /// Stage the runtime: the template with a payload in it
    StageRuntime(StageRuntime),
    /// Build staged trees into wheels (and, for the SDK alone, an sdist)
    Build(Build),
    /// Write wheels under another platform tag, and refuse one that is not honest
    Retag(Retag),
    /// Say what an executable or a wheel is, and which platform tags it can honestly carry
    Inspect(Inspect),
    /// Hold every rule against each distribution
    Check(Check),
    /// Explain a rule, or list them all
    Rule(Rule),
    /// Say which well-known platforms can install a set of wheels
    Coverage(Coverage),
    /// Run a packaged binary: unpack it as an installer would, start it and talk to it
    Smoke(Smoke),
    /// The gate before a publish: complete, consistent, clean and smoke-tested
    Verify(Verify),
    /// Verify, then upload: runtime wheels first, the SDK last
    Publish(Publish),
    /// Write a product: its templates, a README and the release workflow
    Init(Init),
    /// Print the release workflow of a product
    Workflow(Workflow),
    /// Print the targets, their tags and their runners
    Matrix(Matrix),
    /// Generate the SDK's protocol types from the pinned runtime's own schema
    GenerateTypes(GenerateTypes),
    /// Do it all on one machine: stage, build, check, smoke, verify, report
    Release(Release),
    /// Run `release` on an embedded stand-in runtime, offline
    Demo(Demo),
    /// Download a release artefact: streamed, resumed, verified, whole or absent
    Fetch(Fetch),
    /// Print a completion script for a shell
    Completions(Completions),
    /// Print the manual page, or write one page per command
    Man(Man),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_argument_and_every_value_of_ours_has_its_sentence() {
        let commands: Vec<clap::Command> = Cli::command().get_subcommands().cloned().collect();
        for (command, argument) in
            commands.iter().flat_map(|command| command.get_arguments().map(move |one| (command, one)))
        {
            let place = format!("{} {}", command.get_name(), argument.get_id());
            assert!(argument.get_help().is_some(), "{place}");
            // The shells are another crate's, and say it all by their names.
            let values = argument.get_possible_values().into_iter().filter(|_| argument.get_id() != "shell");
            for value in values.filter(|_| argument.get_action().takes_values()) {
                assert!(value.get_help().is_some(), "{place}: {}", value.get_name());
            }
        }
    }
}
