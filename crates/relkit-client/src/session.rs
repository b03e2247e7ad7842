//! A conversation with the server: the handshake, threads, requests in both directions, and the end.

use std::collections::VecDeque;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::error::{ClientError, ClosedBy};
use crate::notification::Notification;
use crate::options::{Options, Reply, ServerRequest};
use crate::process::{Closing, Invocation};
use crate::rpc::{Message, OVERLOADED, RequestId, RpcError};
use crate::transport::{Transport, Weighed};

/// How many notifications that nobody asked for yet are kept, and how many bytes of memory they may take; beyond it the
/// oldest are forgotten.
const MAX_BACKLOG: usize = 10_000;
const MAX_BACKLOG_BYTES: usize = 64 * 1024 * 1024;

/// How many messages, and how many bytes of memory they take, may come while one that is waited for does not.
const MAX_FLOOD: usize = 100_000;
const MAX_FLOOD_BYTES: usize = 128 * 1024 * 1024;

/// How long an overloaded server is left alone before the first new try; the time doubles with each.
const FIRST_RETRY: Duration = Duration::from_millis(50);

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

/// A conversation with a started server. Dropping it ends the server; [`Session::close`] lets it end by itself.
#[derive(Debug)]
pub struct Session {
    transport: Transport,
    last_call: i64,
    backlog: VecDeque<(Notification, usize)>,
    backlog_bytes: usize,
    flood: Flood,
    options: Options,
    server: ServerInfo,
}

/// What came while something else was waited for.
#[derive(Debug, Default)]
struct Flood {
    messages: usize,
    bytes: usize,
}

impl Session {
    /// Starts the server and introduces the client: `initialize`, then `initialized`.
    ///
    /// # Errors
    /// When the server does not start, ends, does not answer in time, or refuses.
    pub fn start(invocation: &Invocation, options: Options) -> Result<Self, ClientError> {
        let transport = Transport::start(invocation)?;
        let server = ServerInfo { user_agent: String::new(), raw: Value::Null, version: None };
        let mut session = Self {
            transport,
            last_call: 0,
            backlog: VecDeque::new(),
            backlog_bytes: 0,
            flood: Flood::default(),
            options,
            server,
        };
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
        self.flood = Flood::default();
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
        self.last_call += 1;
        let own = RequestId::Number(self.last_call);
        self.transport.send(&Message::Request { id: own.clone(), method: method.to_owned(), params });
        loop {
            match self.transport.receive(deadline)? {
                Some(Weighed { message: Message::Response { id, outcome }, .. }) if id == own => {
                    return Ok(Some(outcome));
                }
                Some(weighed) => self.take(weighed),
                None => return Ok(None),
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
        Ok(self.next_matching(Instant::now() + time, |_| true)?.map(|(notification, _)| notification))
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

    pub(crate) fn turn_deadline(&self) -> Duration {
        self.options.turn_deadline
    }

    /// Ends the conversation, for a reason that every later call says.
    pub(crate) fn close_by(&mut self, by: ClosedBy) {
        self.transport.close_by(by);
    }

    /// The next notification that is wanted, and about how many bytes of memory it takes.
    pub(crate) fn next_matching(
        &mut self,
        deadline: Instant,
        wanted: impl Fn(&Notification) -> bool,
    ) -> Result<Option<(Notification, usize)>, ClientError> {
        self.flood = Flood::default();
        let mut found = self.backlog.iter().position(|(notification, _)| wanted(notification));
        while found.is_none() {
            let Some(weighed) = self.transport.receive(deadline)? else { return Ok(None) };
            self.take(weighed);
            let last = self.backlog.len().checked_sub(1);
            found = last.filter(|last| wanted(&self.backlog[*last].0));
        }
        let taken = found.and_then(|position| self.backlog.remove(position));
        self.backlog_bytes -= taken.as_ref().map_or(0, |(_, weight)| *weight);
        Ok(taken)
    }

    /// Answers a request, keeps a notification, drops an answer that nobody waits for: late, repeated or never asked for.
    fn take(&mut self, Weighed { message, weight }: Weighed) {
        self.flood.messages += 1;
        self.flood.bytes = self.flood.bytes.saturating_add(weight);
        if self.flood.messages > MAX_FLOOD || self.flood.bytes > MAX_FLOOD_BYTES {
            return self.close_by(ClosedBy::Flood { messages: MAX_FLOOD, bytes: MAX_FLOOD_BYTES });
        }
        match message {
            Message::Request { id, method, params } => {
                let request = ServerRequest { method, params };
                let outcome = match (self.options.responder.0)(&request) {
                    Reply::Result(result) => Ok(result),
                    // JSON-RPC 2.0: method not found.
                    Reply::Refuse(message) => Err(RpcError { code: -32601, message, data: None }),
                };
                self.transport.send(&Message::Response { id, outcome });
            }
            Message::Notification { method, params } => {
                self.backlog.push_back((Notification::new(method, params), weight));
                self.backlog_bytes += weight;
                while self.backlog.len() > MAX_BACKLOG
                    || (self.backlog_bytes > MAX_BACKLOG_BYTES && self.backlog.len() > 1)
                {
                    self.backlog_bytes -= self.backlog.pop_front().map_or(0, |(_, weight)| weight);
                }
            }
            Message::Response { .. } => {}
        }
    }
}

/// A text in an answer that the protocol promises.
pub(crate) fn member(value: &Value, method: &str, pointer: &str, name: &'static str) -> Result<String, ClientError> {
    let text = value.pointer(pointer).and_then(Value::as_str);
    text.map(str::to_owned).ok_or_else(|| ClientError::Shape { method: method.to_owned(), member: name })
}
