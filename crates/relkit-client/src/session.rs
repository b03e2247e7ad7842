//! A conversation with the server: the handshake, threads, requests in both directions, and the end.

use std::collections::VecDeque;
use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::error::ClientError;
use super::notification::Notification;
use super::rpc::{Calls, Message, OVERLOADED, RequestId, RpcError};
use super::transport::Transport;
use super::turn::Turn;
use crate::process::{Closing, Invocation};

/// How many notifications that nobody asked for yet are kept; beyond it the oldest are forgotten.
const BACKLOG: usize = 10_000;

/// How long an overloaded server is left alone before the first new try; the time doubles with each.
const FIRST_RETRY: Duration = Duration::from_millis(50);

/// Answers the server's requests; the last resort when none is given is a refusal.
pub type Responder = Box<dyn FnMut(&ServerRequest) -> Reply + Send>;

/// How a session introduces itself and how patient it is.
pub struct Options {
    client_name: String,
    client_version: String,
    request_deadline: Duration,
    turn_deadline: Duration,
    capabilities: Value,
    responder: Option<Responder>,
}

impl fmt::Debug for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Options")
            .field("client_name", &self.client_name)
            .field("client_version", &self.client_version)
            .field("request_deadline", &self.request_deadline)
            .field("turn_deadline", &self.turn_deadline)
            .finish_non_exhaustive()
    }
}

impl Options {
    /// A client with this name and version, 30 seconds for a request and 10 minutes for a turn, that refuses every
    /// request of the server. A name without spaces and slashes keeps the server's user agent readable.
    pub fn new(client_name: impl Into<String>, client_version: impl Into<String>) -> Self {
        Self {
            client_name: client_name.into(),
            client_version: client_version.into(),
            request_deadline: Duration::from_secs(30),
            turn_deadline: Duration::from_secs(600),
            capabilities: Value::Null,
            responder: None,
        }
    }

    /// Sets how long an answer is waited for.
    #[must_use]
    pub fn request_deadline(mut self, deadline: Duration) -> Self {
        self.request_deadline = deadline;
        self
    }

    /// Sets how long the end of a turn is waited for. A turn without a network can otherwise go on for ever.
    #[must_use]
    pub fn turn_deadline(mut self, deadline: Duration) -> Self {
        self.turn_deadline = deadline;
        self
    }

    /// Sets the `capabilities` of `initialize`, for instance `{"experimentalApi": true}`.
    #[must_use]
    pub fn capabilities(mut self, capabilities: Value) -> Self {
        self.capabilities = capabilities;
        self
    }

    /// Answers the server's requests, such as approvals.
    #[must_use]
    pub fn responder(mut self, responder: impl FnMut(&ServerRequest) -> Reply + Send + 'static) -> Self {
        self.responder = Some(Box::new(responder));
        self
    }
}

/// A request of the server.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerRequest {
    /// The method, for instance `item/commandExecution/requestApproval`.
    pub method: String,
    /// Its parameters.
    pub params: Value,
}

/// The answer to a request of the server.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// A result, for instance `{"decision": "accept"}`.
    Result(Value),
    /// A refusal with its reason.
    Refuse(String),
}

/// What the server said of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerInfo {
    /// `<client name>/<server version> (<system>) <terminal> (<client name>; <client version>)`.
    pub user_agent: String,
    /// The whole answer to `initialize`.
    pub raw: Value,
    /// The version of the server, as far as the user agent tells.
    pub version: Option<String>,
}

/// A thread: a conversation with the model.
#[derive(Debug, Clone, PartialEq)]
pub struct Thread {
    /// Its id.
    pub id: String,
    /// The version of the server that made it.
    pub cli_version: Option<String>,
    /// The whole answer to `thread/start`.
    pub raw: Value,
}

/// A piece of the input of a turn.
#[derive(Debug, Clone, PartialEq)]
pub struct Input(Value);

impl Input {
    /// Text.
    pub fn text(text: impl Into<String>) -> Self {
        Self(json!({ "type": "text", "text": text.into() }))
    }

    /// An image by its URL; `data:` URLs are fine.
    pub fn image(url: impl Into<String>) -> Self {
        Self(json!({ "type": "image", "url": url.into() }))
    }

    /// An image file on the server's machine.
    pub fn local_image(path: impl Into<String>) -> Self {
        Self(json!({ "type": "localImage", "path": path.into() }))
    }

    /// Any other input item of the protocol.
    #[must_use]
    pub fn other(item: Value) -> Self {
        Self(item)
    }
}

/// A conversation with a started server. Dropping it ends the server; [`Session::close`] lets it end by itself.
pub struct Session {
    transport: Transport,
    calls: Calls,
    backlog: VecDeque<Notification>,
    options: Options,
    server: ServerInfo,
}

impl fmt::Debug for Session {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Session").field("server", &self.server).finish_non_exhaustive()
    }
}

impl Session {
    /// Starts the server and introduces the client: `initialize`, then `initialized`.
    ///
    /// # Errors
    /// When the server does not start, ends, does not answer in time, or refuses.
    pub fn start(invocation: &Invocation, options: Options) -> Result<Self, ClientError> {
        let transport = Transport::start(invocation)?;
        let server = ServerInfo { user_agent: String::new(), raw: Value::Null, version: None };
        let mut session = Self { transport, calls: Calls::default(), backlog: VecDeque::new(), options, server };
        let mut params = json!({
            "clientInfo": { "name": session.options.client_name, "version": session.options.client_version },
        });
        if !session.options.capabilities.is_null() {
            params["capabilities"] = session.options.capabilities.clone();
        }
        let raw = session.call("initialize", params)?;
        let user_agent = member(&raw, "initialize", "/userAgent", "userAgent")?;
        let version = user_agent
            .strip_prefix(&session.options.client_name)
            .and_then(|rest| rest.strip_prefix('/'))
            .and_then(|rest| rest.split_whitespace().next())
            .map(str::to_owned);
        session.server = ServerInfo { user_agent, raw, version };
        session.notify("initialized", Value::Null);
        Ok(session)
    }

    /// What the server said of itself.
    #[must_use]
    pub fn server(&self) -> &ServerInfo {
        &self.server
    }

    /// Sets how long an answer, and the end of a turn, are waited for from now on.
    pub fn set_deadlines(&mut self, request: Duration, turn: Duration) {
        self.options.request_deadline = request;
        self.options.turn_deadline = turn;
    }

    /// Sends a request and waits for its answer. Requests of the server are answered meanwhile, notifications are kept.
    /// A server that says it is overloaded is asked again until the deadline.
    ///
    /// # Errors
    /// When the conversation is over, no answer comes in time, or the server refuses.
    pub fn call(&mut self, method: &str, params: Value) -> Result<Value, ClientError> {
        self.call_within(method, params, self.options.request_deadline)
    }

    /// [`Session::call`] with a deadline of its own.
    ///
    /// # Errors
    /// As [`Session::call`].
    pub fn call_within(&mut self, method: &str, params: Value, patience: Duration) -> Result<Value, ClientError> {
        let deadline = Instant::now() + patience;
        let mut pause = FIRST_RETRY;
        loop {
            match self.call_once(method, params.clone(), deadline)? {
                Some(Err(error)) if error.code == OVERLOADED && Instant::now() + pause < deadline => {
                    thread::sleep(pause);
                    pause *= 2;
                }
                Some(Err(error)) => {
                    return Err(ClientError::Refused { method: method.to_owned(), error: Box::new(error) });
                }
                Some(Ok(result)) => return Ok(result),
                None => {
                    return Err(ClientError::TimedOut {
                        method: method.to_owned(),
                        after: patience,
                        garbage: self.transport.garbage().first().cloned(),
                        stderr_tail: self.transport.stderr_tail(),
                    });
                }
            }
        }
    }

    fn call_once(
        &mut self,
        method: &str,
        params: Value,
        deadline: Instant,
    ) -> Result<Option<Result<Value, RpcError>>, ClientError> {
        let number = self.calls.open(method);
        let id = RequestId::Number(number);
        self.transport.send(&Message::Request { id, method: method.to_owned(), params });
        loop {
            match self.transport.receive(deadline) {
                Ok(Some(Message::Response { id, outcome })) => match self.calls.settle(&id) {
                    Some((settled, _)) if settled == number => return Ok(Some(outcome)),
                    _ => {}
                },
                Ok(Some(message)) => self.take(message),
                Ok(None) => {
                    self.calls.abandon(number);
                    return Ok(None);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Sends a notification.
    pub fn notify(&mut self, method: &str, params: Value) {
        self.transport.send(&Message::Notification { method: method.to_owned(), params });
    }

    /// The next notification; `None` when there is none within `time`.
    ///
    /// # Errors
    /// When the conversation is over.
    pub fn next_notification(&mut self, time: Duration) -> Result<Option<Notification>, ClientError> {
        self.next_matching(Instant::now() + time, |_| true)
    }

    /// Starts a thread with the parameters of `thread/start`, for instance `{"cwd": "/srv/project"}`.
    ///
    /// # Errors
    /// As [`Session::call`], and when the answer names no thread.
    pub fn start_thread(&mut self, params: Value) -> Result<Thread, ClientError> {
        let raw = self.call("thread/start", params)?;
        let id = member(&raw, "thread/start", "/thread/id", "thread.id")?;
        let cli_version = raw.pointer("/thread/cliVersion").and_then(Value::as_str).map(str::to_owned);
        Ok(Thread { id, cli_version, raw })
    }

    /// Starts a turn and returns the stream of its notifications.
    ///
    /// # Errors
    /// As [`Session::call`], and when the answer names no turn.
    pub fn start_turn(&mut self, thread_id: &str, input: &[Input]) -> Result<Turn<'_>, ClientError> {
        let input: Vec<_> = input.iter().map(|item| item.0.clone()).collect();
        self.start_turn_with(thread_id, json!({ "threadId": thread_id, "input": input }))
    }

    /// Starts a turn with all parameters of `turn/start`.
    ///
    /// # Errors
    /// As [`Session::start_turn`].
    pub fn start_turn_with(&mut self, thread_id: &str, params: Value) -> Result<Turn<'_>, ClientError> {
        let deadline = self.options.turn_deadline;
        let raw = self.call("turn/start", params)?;
        let turn_id = member(&raw, "turn/start", "/turn/id", "turn.id")?;
        Ok(Turn::new(self, thread_id.to_owned(), turn_id, deadline))
    }

    /// Interrupts a turn.
    ///
    /// # Errors
    /// As [`Session::call`]; the server refuses where no such turn is running.
    pub fn interrupt(&mut self, thread_id: &str, turn_id: &str) -> Result<(), ClientError> {
        self.call("turn/interrupt", json!({ "threadId": thread_id, "turnId": turn_id })).map(drop)
    }

    /// Lines of the server's standard output so far that were no messages, each cut short.
    #[must_use]
    pub fn garbage(&self) -> &[String] {
        self.transport.garbage()
    }

    /// The last of the server's standard error.
    #[must_use]
    pub fn stderr_tail(&self) -> String {
        self.transport.stderr_tail()
    }

    /// Closes the server's standard input and gives it `grace` to end by itself. Returns how its end came about and the
    /// last of its standard error.
    #[must_use]
    pub fn close(self, grace: Duration) -> (Closing, String) {
        self.transport.close(grace)
    }

    pub(super) fn next_matching(
        &mut self,
        deadline: Instant,
        wanted: impl Fn(&Notification) -> bool,
    ) -> Result<Option<Notification>, ClientError> {
        if let Some(position) = self.backlog.iter().position(&wanted) {
            return Ok(self.backlog.remove(position));
        }
        loop {
            match self.transport.receive(deadline)? {
                Some(message) => self.take(message),
                None => return Ok(None),
            }
            if self.backlog.back().is_some_and(&wanted) {
                return Ok(self.backlog.pop_back());
            }
        }
    }

    /// Answers a request, keeps a notification, drops an answer that nobody waits for.
    fn take(&mut self, message: Message) {
        match message {
            Message::Request { id, method, params } => {
                let request = ServerRequest { method, params };
                let reply = match &mut self.options.responder {
                    Some(responder) => responder(&request),
                    None => Reply::Refuse(format!("{} answers no requests", self.options.client_name)),
                };
                let outcome = match reply {
                    Reply::Result(result) => Ok(result),
                    // JSON-RPC 2.0: method not found.
                    Reply::Refuse(message) => Err(RpcError { code: -32601, message, data: None }),
                };
                self.transport.send(&Message::Response { id, outcome });
            }
            Message::Notification { method, params } => {
                if self.backlog.len() == BACKLOG {
                    self.backlog.pop_front();
                }
                self.backlog.push_back(Notification::new(method, params));
            }
            Message::Response { id, .. } => drop(self.calls.settle(&id)),
        }
    }
}

fn member(value: &Value, method: &str, pointer: &str, name: &'static str) -> Result<String, ClientError> {
    let text = value.pointer(pointer).and_then(Value::as_str);
    text.map(str::to_owned).ok_or_else(|| ClientError::Shape { method: method.to_owned(), member: name })
}
