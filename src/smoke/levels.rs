//! The levels of a smoke test, each on top of the one before: `--version`, the handshake, a turn.

use std::fmt;
use std::time::{Duration, Instant};

use relkit_client::process::Closing;
use relkit_client::{ClientError, Input, Session, TurnOutcome};

use super::fault::{self, Fault, Subject};
use super::home::{Home, server_arguments};
use super::model_server::{Answer, ModelServer};
use super::options::Options;
use super::runner::Runner;
use super::steps::{Done, Steps};
use super::tools;
use super::unpack::Runtime;
use crate::error::Outcome;
use crate::product::Level;
use crate::version::PublicVersion;

/// The name that the client introduces itself by.
const CLIENT: &str = "relkit";

/// How long a step may take by itself, and with a runner.
const STEP_TIME: Duration = Duration::from_secs(30);
const STEP_TIME_WITH_RUNNER: Duration = Duration::from_secs(120);

/// The least that the end of the runtime is given.
const MIN_GRACE: Duration = Duration::from_secs(2);

/// How much of what the runtime says is repeated, in characters.
const MAX_SHOWN: usize = 200;

/// A runtime on trial.
pub(super) struct Trial<'a> {
    pub(super) options: &'a Options<'a>,
    pub(super) home: &'a Home,
    pub(super) model: &'a ModelServer,
    pub(super) runtime: &'a Runtime,
    /// The version in the wheel's name.
    pub(super) release: Option<String>,
    /// When all steps must be over.
    pub(super) deadline: Option<Instant>,
}

impl Trial<'_> {
    /// Runs the steps of the level. Returns the version that the executable reports.
    pub(super) fn run(&self, steps: &mut Steps<'_>) -> Option<String> {
        let label = self.options.runner.as_ref().map(Runner::name);
        let subject = Subject { path: &self.runtime.executable, name: &self.runtime.name, runner: label.as_deref() };
        let version = steps.run("version", || self.version(&subject))?;
        if self.options.level >= Level::Handshake
            && let Some(session) = steps.run("handshake", || self.handshake(&subject, &version))
        {
            self.converse(steps, session, &subject, &version);
        }
        Some(version.to_string())
    }

    fn converse(&self, steps: &mut Steps<'_>, mut session: Session, subject: &Subject<'_>, version: &Reported) {
        if self.options.level == Level::Turn
            && let Some(thread) = steps.run("turn", || self.turn(&mut session, subject, version))
        {
            self.tools(steps, &mut session, &thread, subject);
        }
        let stderr_tail = match steps.outcome() {
            // How it would have ended is of no interest any more; dropping the session ends it.
            Outcome::Failed => session.stderr_tail(),
            _ => steps.run("exit", || self.exit(session, subject)).unwrap_or_default(),
        };
        steps.keep_stderr(stderr_tail);
    }

    /// How long the next step may take.
    fn step_time(&self) -> Duration {
        let whole = if self.options.runner.is_some() { STEP_TIME_WITH_RUNNER } else { STEP_TIME };
        self.deadline.map_or(whole, |deadline| deadline.saturating_duration_since(Instant::now()))
    }

    fn version(&self, subject: &Subject<'_>) -> Result<Done<Reported>, Fault> {
        let doing = "`--version`";
        let finished = self
            .home
            .ask_version(&self.runtime.executable, self.options.runner.as_ref(), self.step_time())
            .map_err(|error| subject.process_fault(&error, doing))?;
        if !finished.ending.is_success() {
            let sentence = subject.early_end(finished.ending, doing);
            return Err(Fault { sentence, stderr_tail: finished.stderr_tail });
        }
        let text = String::from_utf8_lossy(&finished.stdout).trim().to_owned();
        // One line: the name of the program, then its version.
        let mut words = text.split_whitespace();
        let (Some(_), Some(version), None) = (words.next(), words.next(), words.next()) else {
            let (name, shown) = (subject.name, shown(&text));
            let sentence = format!("`{name}` answers {doing} with `{shown}`, not with its name and version");
            return Err(Fault { sentence, stderr_tail: finished.stderr_tail });
        };
        let version = Reported::new(version);
        if let Some(expected) = &self.options.expect_version {
            version.must_be(&Reported::Known(expected.clone()), doing, "--expect-version")?;
        }
        let descriptor = self.runtime.package.as_ref().map(|package| &package.descriptor);
        if let Some(packaged) = descriptor.and_then(|descriptor| descriptor.version.as_deref()) {
            Reported::new(packaged).must_be(&version, "the package manifest", doing)?;
        }
        let mut detail = text.clone();
        if let Some(release) = self.release.as_deref().filter(|release| Reported::new(release) != version) {
            detail += &format!("; the wheel calls itself {release}");
        }
        Ok(Done::passed(detail).with(version))
    }

    fn handshake(&self, subject: &Subject<'_>, version: &Reported) -> Result<Done<Session>, Fault> {
        let time = self.step_time();
        let options = relkit_client::Options::new(CLIENT, env!("CARGO_PKG_VERSION"));
        let server = self.home.invocation(&self.runtime.executable, self.options.runner.as_ref());
        let server = server.arguments(server_arguments(&self.model.base_url()));
        let session = Session::start(&server, options.request_deadline(time).turn_deadline(time))
            .map_err(|error| subject.client_fault(&error, "`initialize`"))?;
        no_garbage(&session, subject)?;
        let told = session.server();
        match &told.version {
            Some(other) => Reported::new(other).must_be(version, "the user agent", "`--version`")?,
            None if self.options.expect_version.is_some() => {
                return Err(format!("the user agent `{}` names no version", told.user_agent.escape_debug()).into());
            }
            None => {}
        }
        Ok(Done::passed(&told.user_agent).with(session))
    }

    /// A turn whose answer only the model can have given. Returns the thread.
    fn turn(&self, session: &mut Session, subject: &Subject<'_>, version: &Reported) -> Result<Done<String>, Fault> {
        let failed = |doing: &'static str| move |error: ClientError| subject.client_fault(&error, doing);
        session.set_deadlines(self.step_time(), self.step_time());
        let params = serde_json::json!({ "cwd": self.home.work() });
        let thread = session.start_thread(params).map_err(failed("`thread/start`"))?;
        if let Some(other) = &thread.cli_version {
            Reported::new(other).must_be(version, "the thread", "`--version`")?;
        }
        let word = || format!("{:016x}", fastrand::u64(..));
        let (question, answer) = (word(), word());
        self.model.play([Answer::Say(answer.clone())]);
        let turn = session
            .start_turn(&thread.id, &[Input::text(format!("Say the word for {question}."))])
            .map_err(failed("`turn/start`"))?;
        let outcome = turn.finish().map_err(failed("the turn"))?;
        no_garbage(session, subject)?;
        let said = TurnOutcome::into_answer(outcome).map_err(failed("the turn"))?;
        let requests = self.model.requests();
        if requests.is_empty() {
            return Err("the turn completed, and the model was never asked".into());
        }
        if !requests.iter().any(|request| request.to_string().contains(&question)) {
            return Err("the model was asked without the input of the turn".into());
        }
        if said != answer {
            return Err(format!("the model said `{answer}`, and the turn answered `{}`", shown(&said)).into());
        }
        let mut detail = "the model's answer came back".to_owned();
        if let Some(unexpected) = self.model.unexpected_requests().first() {
            detail += &format!("; the runtime also sent `{}`", unexpected.escape_debug());
        }
        Ok(Done::passed(detail).with(thread.id))
    }

    fn exit(&self, session: Session, subject: &Subject<'_>) -> Result<Done<String>, Fault> {
        let (name, time) = (subject.name, self.step_time().max(MIN_GRACE));
        let (closing, stderr_tail) = session.close(time);
        let sentence = match closing {
            Closing::Ended(ending) if ending.is_success() => {
                return Ok(Done::passed("it ended by itself when its input was closed").with(stderr_tail));
            }
            Closing::Ended(ending) => format!("`{name}` ended with {ending} when its input was closed"),
            Closing::Killed => format!(
                "`{name}` did not end within {:.1} s of its input being closed, and was killed",
                time.as_secs_f64()
            ),
        };
        Err(Fault { sentence, stderr_tail })
    }

    fn tools(&self, steps: &mut Steps<'_>, session: &mut Session, thread_id: &str, subject: &Subject<'_>) {
        let runner = self.options.runner.as_ref();
        let Some(package) = &self.runtime.package else { return };
        for (name, tool) in [("search-tool", package.search_tool()), ("sandbox-helper", package.sandbox_helper())] {
            if let Some(tool) = tool {
                steps.run(name, || tools::runs_alone(self.home, &tool, runner, self.step_time()));
            }
        }
        steps.run("command", || {
            if runner.is_some() {
                return Ok(Done::skipped("what the runtime starts by itself is not started by the runner"));
            }
            session.set_deadlines(self.step_time(), self.step_time());
            tools::inside_a_turn(session, thread_id, self.model, self.home, package, subject)
        });
    }
}

fn no_garbage(session: &Session, subject: &Subject<'_>) -> Result<(), Fault> {
    match session.garbage().first() {
        Some(line) => Err(Fault { sentence: fault::garbage(subject.name, line), stderr_tail: session.stderr_tail() }),
        None => Ok(()),
    }
}

/// The start of a text of the runtime.
fn shown(text: &str) -> String {
    text.chars().take(MAX_SHOWN).collect::<String>().escape_debug().to_string()
}

/// A version as some part of the runtime reports it; two spellings of one release are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Reported {
    Known(PublicVersion),
    Other(String),
}

impl Reported {
    fn new(text: &str) -> Self {
        text.parse().map_or_else(|_| Self::Other(text.to_owned()), Self::Known)
    }

    fn must_be(&self, other: &Self, source: &str, other_source: &str) -> Result<(), Fault> {
        if self == other {
            return Ok(());
        }
        Err(format!("{source} reports version {self}, and {other_source} says {other}").into())
    }
}

impl fmt::Display for Reported {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(version) => version.fmt(formatter),
            Self::Other(text) => text.escape_debug().fmt(formatter),
        }
    }
}
