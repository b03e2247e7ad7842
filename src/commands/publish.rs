//! `relkit publish`: the gate, the plan, and the plan carried out.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Read as _};
use std::path::Path;
use std::time::Duration;

use url::Url;

use super::{index, verify};
use crate::cli::Publish;
use crate::console::text::{human_bytes, plural, shell_word, visible};
use crate::console::{Console, Form};
use crate::error::{Exit, Failure};
use crate::fs::say_on_interrupt;
use crate::gate::{Release, differences, read_manifest};
use crate::http;
use crate::product::RuntimeProject;
use crate::publish::attestation::Attestations;
use crate::publish::credentials::{CredentialError, Environment, Source, Token};
use crate::publish::endpoint::Endpoint;
use crate::publish::event::{Event, Listener};
use crate::publish::plan::Plan;
use crate::publish::receipt::{NOT_ASKED, State, standing};
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
    for (option, path) in [("--plan", &arguments.plan), ("--receipt", &arguments.receipt)] {
        outside(option, path.as_deref(), &arguments.gate.dist)?;
    }
    let index = index_url.as_ref().map(|url| index::reader(url, pace.patience.sending)).transpose()?;
    let typed = if arguments.token_stdin && !arguments.dry_run { Some(typed_token()?) } else { None };

    let release = verify::gate(&arguments.gate, &product, index.as_ref(), console)?;
    if let Some(manifest) = &arguments.manifest {
        unchanged(manifest, &release)?;
    }
    for warning in &release.warnings {
        console.warning(format_args!("{} [{}]", warning.message, warning.code));
    }
    if release.exit() != Exit::Good {
        if format == Form::Json {
            console.show(&KeptBack(&release), format);
        }
        return Err(kept_back(&release));
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
    let doubt = index_url.as_ref().filter(|_| arguments.index.is_none()).and_then(|index| doubt(&upload_url, index));
    let mut notes: Vec<_> = doubt.into_iter().collect();
    // An index tells what it has of each project beside the plan.
    if index.is_none() {
        notes.extend(plan.foresight(&|_| 0));
    }
    let is_auto = arguments.attestations == Attestations::Auto;
    if arguments.dry_run && is_auto && !Environment::of_process().offers_identity() {
        notes.extend(plan.unsent_attestations());
    }
    // Said first: what the index answers can end the run.
    notes.iter().for_each(|note| console.warning(note));
    if arguments.dry_run {
        let planned = DryRun::new(&plan, index.as_ref(), pace.first_pause, notes)?;
        planned.notes_of_index().for_each(|note| console.warning(note));
        console.show(&planned, format);
        if format == Form::Text {
            console.status("Planned", planned);
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
        let row = index::named(name, runtime)?;
        return Ok((row.upload_url, row.index_url));
    }
    let typed = |text: &Option<String>| text.as_deref().map(http::parse_url).transpose();
    // invariant: clap demands one of the two.
    let upload = typed(&arguments.upload_url)?
        .ok_or_else(|| Failure::new(Exit::Failed, "neither `--upload-url` nor `--index` is given"))?;
    Ok((upload, typed(&arguments.index_url)?))
}

/// Refuses a path inside the directory that is published: the next run would find a file there that is none of the release.
fn outside(option: &str, path: Option<&Path>, dist: &Path) -> Result<(), Failure> {
    let Some(path) = path else { return Ok(()) };
    let Ok(dist) = dist.canonicalize() else { return Ok(()) };
    // The file need not exist yet, nor the directory that it goes into.
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let real = whole.ancestors().skip(1).find_map(|directory| directory.canonicalize().ok());
    let is_inside = real.is_some_and(|directory| directory.starts_with(&dist)) || whole.starts_with(&dist);
    if !is_inside {
        return Ok(());
    }
    let message = format!("`{option} {}` is inside the directory that is published", path.display());
    Err(Failure::new(Exit::Failed, message)
        .with_hint("name a file outside of it: what is in there is the release alone"))
}

/// What to ask about a pair of URLs whose hosts have no parent in common.
fn doubt(upload: &Url, index: &Url) -> Option<String> {
    let (one, other) = (upload.host_str()?, index.host_str()?);
    let common = one.rsplit('.').zip(other.rsplit('.')).take_while(|(one, other)| one == other).count();
    // `co.uk` and its like belong to nobody.
    let short = |label: Option<&str>| label.is_some_and(|label| label.len() <= 3);
    let needed = if one.rsplit('.').next().is_some_and(|label| label.len() == 2) && short(one.rsplit('.').nth(1)) {
        3
    } else {
        2
    };
    let is_name = matches!(upload.host(), Some(url::Host::Domain(_)));
    if one == other || (is_name && common >= needed) {
        return None;
    }
    Some(format!(
        "the upload URL is at `{one}` and the index URL at `{other}`: are they of one index? What is uploaded to one is never \
         listed by another"
    ))
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

fn kept_back(release: &Release) -> Failure {
    let problems = plural(release.problems.len(), "problem");
    let mut failure = Failure::new(Exit::NotGood, format!("the release is not good: {problems}, and nothing was sent"));
    failure.chain.extend(release.problems.iter().map(|problem| format!("{} [{}]", problem.message, problem.code)));
    failure.with_hint("`relkit verify` with the same options tells what to do about each")
}

fn carry_out(options: &Options<'_>, typed: Option<Token>, format: Form, console: &Console) -> Result<Exit, Failure> {
    let environment = Environment::of_process();
    // In a workflow the line is taken out of the log, and masks the secret from then on; anywhere else, and in a report
    // on standard output, it would be the leak itself.
    let can_mask = environment.is_github_actions() && format == Form::Text;
    let mask = |secret: &str| {
        if can_mask {
            console.result(format_args!("::add-mask::{secret}\n"));
        }
    };
    let is_terminal = std::io::stderr().is_terminal();
    let told = |event: &Event| match event {
        Event::Warning(text) => console.warning(text),
        // What is up is said where its turn comes, and what is missing by sending it.
        Event::LookedUp { .. } => {}
        // The bar of a terminal says so already.
        Event::Sending { .. } if is_terminal => {}
        event => console.status(event.verb(), event),
    };
    let standing = RefCell::new(Standing::new(options.plan, options.index.is_some()));
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
    let source = || Source::choose(typed, &environment, &options.endpoint.url, &mask);
    let (receipt, outcome) = publish(options, source, &listener);
    say_on_interrupt(None);
    console.show(&receipt, format);
    outcome.map_err(|error| receipt.failure(error, &own_command()))?;
    let (verb, sentence) = receipt.conclusion();
    console.status(verb, sentence);
    Ok(Exit::Good)
}

/// What is up so far, for whoever interrupts the publish.
struct Standing<'a> {
    plan: &'a Plan,
    /// What is known of the files; of the others nothing is.
    states: BTreeMap<String, State>,
    is_asked: bool,
    /// The file that is on its way.
    sending: Option<String>,
}

impl<'a> Standing<'a> {
    fn new(plan: &'a Plan, is_asked: bool) -> Self {
        let standing = Self { plan, states: BTreeMap::new(), is_asked, sending: None };
        standing.tell();
        standing
    }

    fn begin(&mut self, file: &str) {
        self.sending = Some(file.to_owned());
        self.tell();
    }

    fn hear(&mut self, event: &Event) {
        let (file, state) = match event {
            Event::LookedUp { file, state } => (file, *state),
            Event::Uploaded { file, .. } | Event::Stored(file) => (file, State::Uploaded),
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
            None if is_sending(name) => State::Absent,
            None => State::Planned,
        };
        let names: Vec<_> = self.plan.names().collect();
        let (up, rest): (Vec<&str>, Vec<&str>) = names.iter().partition(|name| state(name).is_up());
        let unknown = names.iter().filter(|name| state(name) == State::Planned).count();
        let mut words = format!("interrupted: {}", standing(up.len(), unknown, names.len()));
        for name in up.into_iter().chain(rest) {
            let doubt = if is_sending(name) { " (it was on its way, and may be up)" } else { "" };
            words += &format!("\n  {}: {}{doubt}", state(name).word(self.is_asked), visible(name));
        }
        words += &format!("\nto go on: {}", visible(&own_command()));
        if !self.is_asked {
            words += &format!("\n{NOT_ASKED}");
        }
        words
    }
}

/// The command line as it was typed, but for what can be secret in a URL.
fn own_command() -> String {
    let words = std::env::args_os().skip(1).map(|word| shell_word(&http::without_secrets(&word.to_string_lossy())));
    std::iter::once("relkit".to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}

fn typed_token() -> Result<Token, Failure> {
    let mut text = String::new();
    let read = std::io::stdin().lock().take(MAX_TOKEN).read_to_string(&mut text);
    read.map_err(|_| Failure::from(CredentialError::Unreadable))?;
    Ok(Token::new(&text)?)
}
