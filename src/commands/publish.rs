//! `relkit publish`: the gate, the plan, and the plan carried out.

use std::cell::RefCell;
use std::io::Read as _;
use std::time::Duration;

use url::Url;

use super::{index, next, verify};
use crate::check::listing::listing;
use crate::cli::Publish;
use crate::console::text::human_bytes;
use crate::console::{Console, OutputForm};
use crate::error::{Exit, Failure};
use crate::fs::say_on_interrupt;
use crate::gate::must_be_of_manifest;
use crate::http;
use crate::product::RuntimeProject;
use crate::publish::attestation::Attestations;
use crate::publish::credentials::{CredentialError, CredentialSource, Environment, Token};
use crate::publish::endpoint::{Endpoint, unlike_hosts};
use crate::publish::event::{Event, Listener};
use crate::publish::plan::Plan;
use crate::publish::receipt::IndexToAsk;
use crate::publish::standing::UpSoFar;
use crate::publish::upload::Patience;
use crate::publish::wait::Pace;
use crate::publish::{DryRun, KeptBack, Options, publish};

/// The longest token that is read from standard input.
const MAX_TOKEN: u64 = 64 << 10;

pub(super) fn run(arguments: &Publish, console: &Console) -> Result<Exit, Failure> {
    let (pace, format) = (pace(arguments), arguments.output.format);
    // Whatever is wrong with the command line ends it before any file is read.
    let product = verify::product_of(&arguments.gate)?;
    let (upload_url, index_url) = urls(arguments, &product.runtime)?;
    let endpoint = Endpoint::new(&upload_url)?;
    let written = verify::directories(&arguments.gate).input("--manifest", arguments.manifest.as_ref());
    let written = written.file("--plan", arguments.plan.as_ref()).file("--receipt", arguments.receipt.as_ref());
    written.must_be_apart()?;
    let index = index_url.as_ref().map(|url| index::reader(url, pace.patience.sending)).transpose()?;
    let typed = if arguments.token_stdin && !arguments.dry_run { Some(typed_token()?) } else { None };

    let release = verify::gate(&arguments.gate, &product, index.as_ref(), console)?;
    if let Some(manifest) = &arguments.manifest {
        must_be_of_manifest(manifest, &release)?;
    }
    console.told(&listing(release.problems().chain(release.warnings())));
    if release.exit() != Exit::Good {
        if format == OutputForm::Json {
            console.show(&KeptBack(&release), format);
        }
        return Err(KeptBack(&release).failure());
    }
    let (shown_upload, shown_index) = (http::shown(&upload_url), index_url.as_ref().map(http::shown));
    let dist = &arguments.gate.dist;
    let mut plan = Plan::new(dist, &release.files, &release.release_version, &shown_upload, shown_index.as_deref())?;
    plan.attest(dist, arguments.attestations)?;
    if let Some(path) = &arguments.plan {
        if !arguments.dry_run {
            plan.compare(path)?;
        }
        plan.write(path)?;
    }
    let doubt =
        index_url.as_ref().filter(|_| arguments.index.is_none()).and_then(|index| unlike_hosts(&upload_url, index));
    let mut notes: Vec<_> = doubt.into_iter().collect();
    // An index tells what it has of each project beside the plan.
    if index.is_none() {
        notes.extend(plan.foresight(&|_| 0));
    }
    let is_auto = arguments.attestations == Attestations::Auto;
    if arguments.dry_run && is_auto && !Environment::of_process().offers_identity() {
        notes.extend(plan.unsent_attestations(&|_| true));
    }
    // Said first: what the index answers can end the run.
    notes.iter().for_each(|note| console.warning(note));
    if arguments.dry_run {
        let planned = DryRun::new(&plan, index.as_ref(), pace.first_pause, notes)?;
        planned.notes_of_index().for_each(|note| console.warning(note));
        console.show(&planned, format);
        if format == OutputForm::Text {
            console.status("Planned", planned);
            console.next(next::own_command(Some("--dry-run")));
        }
        return Ok(Exit::Good);
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
    carry_out(&options, typed, format, console)
}

/// The URLs that were typed, or those of the index that was named.
fn urls(arguments: &Publish, runtime: &RuntimeProject) -> Result<(Url, Option<Url>), Failure> {
    if let Some(name) = &arguments.index {
        let row = runtime.named_index(name)?.clone();
        return Ok((row.upload_url, row.index_url));
    }
    let typed = |text: &Option<String>| text.as_deref().map(http::parse_url).transpose();
    // invariant: clap demands one of the two.
    let upload = typed(&arguments.upload_url)?
        .ok_or_else(|| Failure::new(Exit::Failed, "neither `--upload-url` nor `--index` is given"))?;
    Ok((upload, typed(&arguments.index_url)?))
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

fn carry_out(
    options: &Options<'_>,
    typed: Option<Token>,
    format: OutputForm,
    console: &Console,
) -> Result<Exit, Failure> {
    let environment = Environment::of_process();
    // In a workflow the line is taken out of the log, and masks the secret from then on; anywhere else, and in a report
    // on standard output, it would be the leak itself.
    let can_mask = environment.is_github_actions() && format == OutputForm::Text;
    let mask = |secret: &str| {
        if can_mask {
            console.result(format_args!("::add-mask::{secret}\n"));
        }
    };
    let told = |event: &Event| match event {
        Event::Warning(text) => console.warning(text),
        // What is up is said where its turn comes, and what is missing by sending it.
        Event::LookedUp { .. } => {}
        // The bar says so already.
        Event::Sending { .. } if console.draws() => {}
        event => console.status(event.verb(), event),
    };
    let standing =
        RefCell::new(UpSoFar::new(options.plan, IndexToAsk::of(options.index.as_ref()), next::own_command(None)));
    let event = |event: &Event| {
        told(event);
        standing.borrow_mut().hear(event);
    };
    let progress = |file: &str, bytes: u64| {
        standing.borrow_mut().begin(file);
        console.detail("Sending", format_args!("`{file}` ({})", human_bytes(bytes)));
        console.progress("Sending", bytes)
    };
    let listener = Listener { event: &event, progress: &progress, mask: &mask };
    let source = || CredentialSource::choose(typed, &environment, &options.endpoint.url, &mask);
    let (receipt, outcome) = publish(options, source, &listener);
    say_on_interrupt(None);
    console.show(&receipt, format);
    outcome.map_err(|error| receipt.failure(error, &next::own_command(None)))?;
    let (verb, sentence) = receipt.conclusion();
    console.status(verb, sentence);
    // Also with `--quiet`: an upload that was accepted is less than a file that is listed.
    receipt.doubt().into_iter().for_each(|doubt| console.warning(doubt));
    next::say(next::of_publish(&receipt, options.receipt), format, console);
    Ok(Exit::Good)
}

fn typed_token() -> Result<Token, Failure> {
    let mut text = String::new();
    let read = std::io::stdin().lock().take(MAX_TOKEN).read_to_string(&mut text);
    read.map_err(|_| Failure::from(CredentialError::Unreadable))?;
    Ok(Token::new(&text)?)
}
