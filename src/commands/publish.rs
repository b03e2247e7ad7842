//! `relkit publish`: the gate, the plan, and the plan carried out.

use std::io::{IsTerminal as _, Read as _};
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use crate::cli::{Publish, ReportFormat};
use crate::console::text::human_bytes;
use crate::console::{Console, Form};
use crate::error::{Exit, Explain as _, Failure, chain};
use crate::gate::{Release, differences, read_manifest};
use crate::http;
use crate::publish::credentials::{CredentialError, Environment, Source, Token};
use crate::publish::dry_run::DryRun;
use crate::publish::endpoint::Endpoint;
use crate::publish::event::{Event, Listener};
use crate::publish::index::Index;
use crate::publish::plan::Plan;
use crate::publish::receipt::Receipt;
use crate::publish::upload::Patience;
use crate::publish::wait::Pace;
use crate::publish::{Options, publish};

/// The longest token that is read from standard input.
const MAX_TOKEN: u64 = 64 << 10;

/// Runs the command.
pub fn run(arguments: &Publish, console: &Console) -> Result<Exit, Failure> {
    let pace = pace(arguments);
    // Whatever is wrong with the command line ends it before any file is read.
    let upload_url = http::parse_url(&arguments.upload_url)?;
    let endpoint = Endpoint::new(&upload_url)?;
    let index_url = arguments.index_url.as_deref().map(http::parse_url).transpose()?;
    let index = index_url.as_ref().map(|url| Index::new(url, pace.patience.sending)).transpose()?;
    let typed = if arguments.token_stdin && !arguments.dry_run { Some(typed_token()?) } else { None };

    let release = super::verify::gate(&arguments.gate, console)?;
    if let Some(manifest) = &arguments.manifest {
        unchanged(manifest, &release)?;
    }
    for warning in &release.warnings {
        console.warning(format_args!("{} [{}]", warning.message, warning.code));
    }
    if release.exit() != Exit::Good {
        return Ok(show_problems(arguments, &release, console));
    }
    let (shown_upload, shown_index) = (http::shown(&upload_url), index_url.as_ref().map(http::shown));
    let dist = &arguments.gate.dist;
    let mut plan = Plan::new(dist, &release.files, &release.codex_version, &shown_upload, shown_index.as_deref())?;
    plan.attest(dist, arguments.attestations)?;
    if let Some(path) = &arguments.plan {
        if !arguments.dry_run {
            plan.compare(path)?;
        }
        plan.write(path)?;
    }
    if arguments.dry_run {
        return dry_run(&plan, index.as_ref(), pace, arguments.format, console);
    }
    let options = Options {
        plan: &plan,
        dist,
        endpoint: &endpoint,
        index: index.as_ref(),
        attestations: arguments.attestations,
        receipt: arguments.receipt.as_deref(),
        pace,
    };
    carry_out(&options, typed, arguments.format, console)
}

fn pace(arguments: &Publish) -> Pace {
    let usual = Pace::default();
    Pace {
        patience: Patience { sending: Duration::from_secs(arguments.timeout), ..usual.patience },
        deadline: Duration::from_secs(arguments.deadline),
        visible: Duration::from_secs(arguments.visible_timeout),
        ..usual
    }
}

/// Refuses a release that is not the one of the manifest.
fn unchanged(path: &Path, release: &Release) -> Result<(), Failure> {
    let differences = differences(&read_manifest(path)?, release);
    if differences.is_empty() {
        return Ok(());
    }
    let mut failure = Failure::new(Exit::NotGood, format!("the release is not that of `{}`", path.display()));
    failure.chain.extend(differences);
    Err(failure.with_hint(
        "publish the very files that were verified, or write the manifest again with `relkit verify --manifest`",
    ))
}

fn show_problems(arguments: &Publish, release: &Release, console: &Console) -> Exit {
    if arguments.format == ReportFormat::Json {
        console.json(&json!({
            "schema_version": 1,
            "outcome": "checks-failed",
            "codex_version": release.codex_version,
            "problems": release.problems,
            "files": release.files,
        }));
    }
    let count = release.problems.len();
    let plural = if count == 1 { "problem" } else { "problems" };
    let mut failure =
        Failure::new(Exit::NotGood, format!("the release is not good: {count} {plural}, and nothing was sent"));
    failure.chain.extend(release.problems.iter().map(|problem| format!("{} [{}]", problem.message, problem.code)));
    failure = failure.with_hint("`relkit verify` with the same options tells what to do about each");
    console.failure(&failure)
}

fn dry_run(
    plan: &Plan,
    index: Option<&Index>,
    pace: Pace,
    format: ReportFormat,
    console: &Console,
) -> Result<Exit, Failure> {
    console.show(&DryRun::new(plan, index, pace.first_pause)?, form(format));
    if format == ReportFormat::Text {
        let total = human_bytes(plan.files().map(|file| file.bytes).sum());
        let count = plan.files().count();
        console.status("Planned", format_args!("{count} files, {total}, to {}; nothing was sent", plan.upload_url));
    }
    Ok(Exit::Good)
}

fn form(format: ReportFormat) -> Form {
    match format {
        ReportFormat::Text => Form::Text,
        ReportFormat::Json => Form::Json,
    }
}

fn carry_out(
    options: &Options<'_>,
    typed: Option<Token>,
    format: ReportFormat,
    console: &Console,
) -> Result<Exit, Failure> {
    let environment = Environment::of_process();
    // In a workflow the line is taken out of the log, and masks the secret from then on; anywhere else, and in a report
    // on standard output, it would be the leak itself.
    let can_mask = environment.is_github_actions() && format == ReportFormat::Text;
    let mask = |secret: &str| {
        if can_mask {
            console.result(format_args!("::add-mask::{secret}\n"));
        }
    };
    let is_terminal = std::io::stderr().is_terminal();
    let event = |event: &Event| match event {
        Event::Warning(text) => console.warning(text),
        // The bar of a terminal says so already.
        Event::Sending { .. } if is_terminal => {}
        event => console.status(event.verb(), event),
    };
    let progress = |file: &str, bytes: u64| {
        console.detail("Sending", format_args!("`{file}` ({})", human_bytes(bytes)));
        console.progress("Sending", bytes)
    };
    let listener = Listener { event: &event, progress: &progress, mask: &mask };
    let source = || Source::choose(typed, &environment, &options.endpoint.url, &mask);
    let (receipt, outcome) = publish(options, source, &listener);
    console.show(&receipt, form(format));
    match outcome {
        Ok(()) => {
            console.status("Published", format_args!("{} at {}", receipt.codex_version, receipt.upload_url));
            Ok(Exit::Good)
        }
        Err(error) => Err(failure(&error, &receipt)),
    }
}

/// The failure with what is up, what is missing, and the command that goes on from there.
fn failure(error: &crate::publish::error::PublishError, receipt: &Receipt) -> Failure {
    let (exit, hint, chain) = (error.exit(), error.hint(), chain(error));
    let (up, missing): (Vec<_>, Vec<_>) = receipt.files.iter().partition(|file| file.state.is_up());
    let mut text = hint.unwrap_or_default();
    if !text.is_empty() {
        text.push('\n');
    }
    text += &format!("{} of {} files are up", up.len(), receipt.files.len());
    for file in missing {
        text += &format!("\n  missing: {}", file.name);
    }
    text += &format!("\nto go on: {}", own_command());
    Failure { chain, hint: Some(text), exit }
}

/// The command line as it was typed; no option takes a secret, and a URL with a password was refused before.
fn own_command() -> String {
    let plain = |text: &str| {
        text.chars().all(|character| character.is_ascii_alphanumeric() || "-_./:=,@%+".contains(character))
    };
    let quoted = |text: String| {
        if plain(&text) && !text.is_empty() { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
    };
    let words = std::env::args_os().skip(1).map(|word| quoted(word.to_string_lossy().into_owned()));
    std::iter::once("relkit".to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}

fn typed_token() -> Result<Token, Failure> {
    let mut text = String::new();
    let read = std::io::stdin().lock().take(MAX_TOKEN).read_to_string(&mut text);
    read.map_err(|_| Failure::from(CredentialError::Unreadable))?;
    Ok(Token::new(&text)?)
}
