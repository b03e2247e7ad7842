//! The levels of a smoke test, each on top of the one before: `--version`, the handshake, a turn.

use std::time::{Duration, Instant};

use crate::version::CodexVersion;
use relkit_client::process::{Closing, Invocation};
use relkit_client::{ClientError, Input, Options, Session, TurnOutcome};

use super::fault::{self, Fault, Subject};
use super::home::{Home, server_arguments};
use super::model_server::{ModelServer, Step};
use super::unpack::Runtime;
use super::{Level, Request, Runner, Steps, Verdict, tools};

/// The largest output of `--version` that is read, in bytes.
const LARGEST_OUTPUT: usize = 64 * 1024;

/// The name that the client introduces itself by.
const CLIENT: &str = "relkit";

/// A runtime on trial.
pub struct Trial<'a> {
    pub request: &'a Request<'a>,
    pub home: &'a Home,
    pub model: &'a ModelServer,
    pub runtime: &'a Runtime,
    /// The version in the wheel's name.
    pub release: Option<String>,
    /// When all steps must be over.
    pub deadline: Option<Instant>,
}

/// How long a step may take by itself, and with a runner.
const STEP_TIME: Duration = Duration::from_secs(30);
const STEP_TIME_WITH_RUNNER: Duration = Duration::from_secs(120);

/// The least that the end of the runtime is given.
const LEAST_GRACE: Duration = Duration::from_secs(2);

impl Trial<'_> {
    /// Runs the steps of the level. Returns the version that the executable reports.
    pub fn run(&self, steps: &mut Steps<'_>) -> Option<String> {
        let label = self.request.runner.as_ref().map(Runner::name);
        let subject = Subject { path: &self.runtime.executable, name: &self.runtime.name, runner: label.as_deref() };
        let version = steps.run("version", || self.version(&subject))?;
        let reported = version.to_string();
        if self.request.level == Level::Version {
            return Some(reported);
        }
        let Some(mut session) = steps.run("handshake", || self.handshake(&subject, &version)) else {
            return Some(reported);
        };
        if self.request.level == Level::Turn {
            let thread = steps.run("turn", || self.turn(&mut session, &subject, &version));
            if let Some(thread) = thread {
                self.tools(steps, &mut session, &thread, &subject);
            }
        }
        if steps.failed {
            // How it would have ended is of no interest any more; dropping the session ends it.
            steps.keep_stderr(session.stderr_tail());
            return Some(reported);
        }
        let stderr_tail = steps.run("exit", || self.exit(session, &subject));
        steps.keep_stderr(stderr_tail.unwrap_or_default());
        Some(reported)
    }

    /// How long the next step may take.
    fn step_time(&self) -> Duration {
        let whole = if self.request.runner.is_some() { STEP_TIME_WITH_RUNNER } else { STEP_TIME };
        self.deadline.map_or(whole, |deadline| deadline.saturating_duration_since(Instant::now()))
    }

    fn invocation(&self) -> Invocation {
        self.home.invocation(&self.runtime.executable, self.request.runner.as_ref())
    }

    fn version(&self, subject: &Subject<'_>) -> Result<(Verdict, Reported), Fault> {
        let doing = "`--version`";
        let finished = self
            .invocation()
            .argument("--version")
            .run(self.step_time(), LARGEST_OUTPUT)
            .map_err(|error| subject.process_fault(&error, doing))?;
        if !finished.ending.is_success() {
            let sentence = subject.early_end(finished.ending, doing);
            return Err(Fault { sentence, stderr_tail: finished.stderr_tail });
        }
        let text = String::from_utf8_lossy(&finished.stdout).trim().to_owned();
        // One line: the name of the program, then its version.
        let mut words = text.split_whitespace();
        let version = match (words.next(), words.next(), words.next()) {
            (Some(_), Some(version), None) => Reported::new(version),
            _ => {
                let shown: String = text.chars().take(200).collect();
                let sentence = format!(
                    "`{}` answers {doing} with `{}`, not with its name and version",
                    subject.name,
                    shown.escape_debug()
                );
                return Err(Fault { sentence, stderr_tail: finished.stderr_tail });
            }
        };
        if let Some(expected) = self.request.expect_version {
            version.must_be(&Reported::from(expected), doing, "--expect-version")?;
        }
        let package = self.runtime.package.as_ref().and_then(|package| package.manifest.as_ref());
        if let Some(packaged) = package.and_then(|manifest| manifest.version.as_deref()) {
            Reported::new(packaged).must_be(&version, "the package manifest", doing)?;
        }
        let mut detail = text;
        if let Some(release) = self.release.as_deref().filter(|release| Reported::new(release) != version) {
            detail += &format!("; the wheel calls itself {release}");
        }
        Ok((Verdict::Passed(detail), version))
    }

    fn handshake(&self, subject: &Subject<'_>, version: &Reported) -> Result<(Verdict, Session), Fault> {
        let time = self.step_time();
        let options = Options::new(CLIENT, env!("CARGO_PKG_VERSION")).request_deadline(time).turn_deadline(time);
        let server = self.invocation().arguments(server_arguments(&self.model.base_url()));
        let session = Session::start(&server, options).map_err(|error| subject.client_fault(&error, "`initialize`"))?;
        no_garbage(&session, subject)?;
        let told = session.server();
        match &told.version {
            Some(other) => Reported::new(other).must_be(version, "the user agent", "`--version`")?,
            None if self.request.expect_version.is_some() => {
                return Err(format!("the user agent `{}` names no version", told.user_agent.escape_debug()).into());
            }
            None => {}
        }
        Ok((Verdict::Passed(told.user_agent.clone()), session))
    }

    fn turn(
        &self,
        session: &mut Session,
        subject: &Subject<'_>,
        version: &Reported,
    ) -> Result<(Verdict, String), Fault> {
        let failed = |doing: &'static str| move |error: ClientError| subject.client_fault(&error, doing);
        session.set_deadlines(self.step_time(), self.step_time());
        let params = serde_json::json!({ "cwd": self.home.work() });
        let thread = session.start_thread(params).map_err(failed("`thread/start`"))?;
        if let Some(other) = &thread.cli_version {
            Reported::new(other).must_be(version, "the thread", "`--version`")?;
        }
        let (question, answer) = (super::nonce(), super::nonce());
        self.model.play([Step::Say(answer.clone())]);
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
            let shown: String = said.chars().take(200).collect();
            return Err(format!("the model said `{answer}`, and the turn answered `{}`", shown.escape_debug()).into());
        }
        let mut detail = "the model's answer came back".to_owned();
        if let Some(stranger) = self.model.strangers().first() {
            detail += &format!("; the runtime also sent `{}`", stranger.escape_debug());
        }
        Ok((Verdict::Passed(detail), thread.id))
    }

    fn exit(&self, session: Session, subject: &Subject<'_>) -> Result<(Verdict, String), Fault> {
        let (name, time) = (subject.name, self.step_time().max(LEAST_GRACE));
        let (closing, stderr_tail) = session.close(time);
        let sentence = match closing {
            Closing::Ended(ending) if ending.is_success() => {
                let detail = "it ended by itself when its input was closed";
                return Ok((Verdict::Passed(detail.into()), stderr_tail));
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
        let runner = self.request.runner.as_ref();
        let Some(package) = &self.runtime.package else { return };
        for (name, tool) in [("search-tool", package.search_tool()), ("sandbox-helper", package.sandbox_helper())] {
            if let Some(tool) = tool {
                steps.run(name, || {
                    tools::runs_alone(self.home, &tool, runner, self.step_time()).map(|verdict| (verdict, ()))
                });
            }
        }
        steps.run("command", || {
            if runner.is_some() {
                let why = "what the runtime starts by itself is not started by the runner";
                return Ok((Verdict::Skipped(why.into()), ()));
            }
            session.set_deadlines(self.step_time(), self.step_time());
            tools::inside_a_turn(session, thread_id, self.model, self.home, package, subject)
                .map(|verdict| (verdict, ()))
        });
    }
}

fn no_garbage(session: &Session, subject: &Subject<'_>) -> Result<(), Fault> {
    match session.garbage().first() {
        Some(line) => Err(Fault { sentence: fault::garbage(subject.name, line), stderr_tail: session.stderr_tail() }),
        None => Ok(()),
    }
}

/// A version as some part of the runtime reports it; two spellings of one release are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Reported {
    Known(CodexVersion),
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

impl From<CodexVersion> for Reported {
    fn from(version: CodexVersion) -> Self {
        Self::Known(version)
    }
}

impl std::fmt::Display for Reported {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Known(version) => version.fmt(formatter),
            Self::Other(text) => text.escape_debug().fmt(formatter),
        }
    }
}
