//! The levels `handshake` and `turn`: what an app server says in its protocol, and a whole turn against a model server.

use std::time::Duration;

use relkit_client::process::Closing;
use relkit_client::{ClientError, Input, Session, TurnOutcome};

use super::fault::{self, Fault, Subject};
use super::home::server_arguments;
use super::model_server::{ModelAnswer, ModelServer};
use super::report::{COMMAND, SANDBOX_HELPER, SEARCH_TOOL};
use super::steps::{Done, Steps};
use super::tools;
use super::trial::Trial;
use super::version::{Reported, shown};
use crate::error::Outcome;
use crate::product::Level;

/// The name that the client introduces itself by.
const CLIENT: &str = "relkit";

/// The least that the end of the runtime is given.
const MIN_GRACE: Duration = Duration::from_secs(2);

/// A runtime that is talked to.
pub(super) struct Conversation<'a> {
    pub(super) trial: &'a Trial<'a>,
    pub(super) model: &'a ModelServer,
    pub(super) subject: Subject<'a>,
    /// What the executable reports.
    pub(super) version: &'a Reported,
}

impl Conversation<'_> {
    pub(super) fn hold(&self, steps: &mut Steps<'_>) {
        let Some(mut session) = steps.run("handshake", || self.handshake()) else { return };
        if self.trial.options.level == Level::Turn
            && let Some(thread) = steps.run("turn", || self.turn(&mut session))
        {
            self.tools(steps, &mut session, &thread);
        }
        let stderr_tail = match steps.outcome() {
            // How it would have ended is of no interest any more; dropping the session ends it.
            Outcome::Failed => session.stderr_tail(),
            _ => steps.run("exit", || self.exit(session)).unwrap_or_default(),
        };
        steps.keep_stderr(stderr_tail);
    }

    fn handshake(&self) -> Result<Done<Session>, Fault> {
        let time = self.trial.step_time();
        let options = relkit_client::Options::new(CLIENT, env!("CARGO_PKG_VERSION"));
        let server = self.trial.invocation(self.subject.path);
        let server = server.arguments(server_arguments(&self.model.base_url()));
        let session = Session::start(&server, options.request_deadline(time).turn_deadline(time))
            .map_err(|error| self.subject.client_fault(&error, "`initialize`"))?;
        no_garbage(&session, &self.subject)?;
        let told = session.server();
        match &told.version {
            Some(other) => Reported::exactly(other).must_be(self.version, "the user agent", "`--version`")?,
            None if self.trial.options.expected.is_some() => {
                return Err(format!("the user agent `{}` names no version", shown(&told.user_agent)).into());
            }
            None => {}
        }
        Ok(Done::passed(&told.user_agent).with(session))
    }

    /// A turn whose answer only the model can have given. Returns the thread.
    fn turn(&self, session: &mut Session) -> Result<Done<String>, Fault> {
        let failed = |doing: &'static str| move |error: ClientError| self.subject.client_fault(&error, doing);
        session.set_deadlines(self.trial.step_time(), self.trial.step_time());
        let params = serde_json::json!({ "cwd": self.trial.home.work() });
        let thread = session.start_thread(params).map_err(failed("`thread/start`"))?;
        if let Some(other) = &thread.cli_version {
            Reported::exactly(other).must_be(self.version, "the thread", "`--version`")?;
        }
        let word = || format!("{:016x}", fastrand::u64(..));
        let (question, answer) = (word(), word());
        self.model.play([ModelAnswer::Say(answer.clone())]);
        let turn = session
            .start_turn(&thread.id, &[Input::text(format!("Say the word for {question}."))])
            .map_err(failed("`turn/start`"))?;
        let outcome = turn.finish().map_err(failed("the turn"))?;
        no_garbage(session, &self.subject)?;
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
            detail += &format!("; the runtime also sent `{}`", shown(unexpected));
        }
        Ok(Done::passed(detail).with(thread.id))
    }

    fn exit(&self, session: Session) -> Result<Done<String>, Fault> {
        let (name, time) = (self.subject.name, self.trial.step_time().max(MIN_GRACE));
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
        Err(Fault::with_tail(sentence, stderr_tail))
    }

    fn tools(&self, steps: &mut Steps<'_>, session: &mut Session, thread_id: &str) {
        let runner = self.trial.options.runner.as_ref();
        let Some(package) = &self.trial.runtime.package else { return };
        for (name, tool) in [(SEARCH_TOOL, package.search_tool()), (SANDBOX_HELPER, package.sandbox_helper())] {
            if let Some(tool) = tool {
                steps.run(name, || tools::runs_alone(self.trial.home, &tool, runner, self.trial.step_time()));
            }
        }
        steps.run(COMMAND, || {
            if runner.is_some() {
                return Ok(Done::skipped("what the runtime starts by itself is not started by the runner"));
            }
            session.set_deadlines(self.trial.step_time(), self.trial.step_time());
            tools::inside_a_turn(session, thread_id, self.model, self.trial.home, package, &self.subject)
        });
    }
}

fn no_garbage(session: &Session, subject: &Subject<'_>) -> Result<(), Fault> {
    match session.garbage().first() {
        Some(line) => Err(Fault::with_tail(fault::garbage(subject.name, line), session.stderr_tail())),
        None => Ok(()),
    }
}
