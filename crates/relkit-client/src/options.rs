//! How a session introduces itself, how patient it is, and who answers what the server asks.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

/// Answers what the server asks.
pub(crate) struct Responder(pub(crate) Box<dyn FnMut(&ServerRequest) -> Reply + Send>);

impl fmt::Debug for Responder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Responder")
    }
}

/// How a session introduces itself and how patient it is.
#[derive(Debug)]
pub struct Options {
    pub(crate) client_name: String,
    pub(crate) client_version: String,
    pub(crate) request_deadline: Duration,
    pub(crate) turn_deadline: Duration,
    pub(crate) capabilities: Value,
    pub(crate) responder: Responder,
}

impl Options {
    /// A client with this name and version, 30 seconds for a request and 10 minutes for a turn, that refuses every
    /// request of the server. A name without spaces and slashes keeps the server's user agent readable.
    pub fn new(client_name: impl Into<String>, client_version: impl Into<String>) -> Self {
        let client_name = client_name.into();
        let refusal = format!("{client_name} answers no requests");
        Self {
            client_name,
            client_version: client_version.into(),
            request_deadline: Duration::from_secs(30),
            turn_deadline: Duration::from_secs(600),
            capabilities: Value::Null,
            responder: Responder(Box::new(move |_| Reply::Refuse(refusal.clone()))),
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
        self.responder = Responder(Box::new(responder));
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
