//! What can go wrong in a conversation with the server, each with what a person needs to find the cause.

use std::fmt;
use std::time::Duration;

use crate::notification::TurnError;
use crate::process::{Ending, ProcessError};
use crate::rpc::RpcError;

/// An error of the client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The server could not be started.
    #[error("the server did not start")]
    Start(#[source] ProcessError),
    /// The conversation is over, and every later call says the same.
    #[error("{0}")]
    Closed(Closed),
    /// No answer came in time. The session stays usable; a late answer is dropped.
    #[error("`{method}` was not answered within {:.1} s", after.as_secs_f64())]
    TimedOut {
        /// The method of the request.
        method: String,
        /// The time it was given.
        after: Duration,
        /// The first line that the server wrote and that is no message, cut short.
        garbage: Option<String>,
        /// The last of the server's standard error.
        stderr_tail: String,
    },
    /// The server refused a request.
    #[error("`{method}` was refused: {} (code {})", error.message, error.code)]
    Refused {
        /// The method of the request.
        method: String,
        /// What the server said.
        error: Box<RpcError>,
    },
    /// The server's answer lacks something that the protocol promises.
    #[error("the answer to `{method}` has no usable `{member}`")]
    Shape {
        /// The method of the request.
        method: String,
        /// The missing member, as a dotted path.
        member: &'static str,
    },
    /// A turn did not come to its end in time; it was interrupted.
    #[error("the turn did not complete within {:.1} s{}", after.as_secs_f64(), last_words(last_error.as_deref()))]
    TurnTimedOut {
        /// The time it was given.
        after: Duration,
        /// The last `error` notification of the turn, such as one about a network that never answers.
        last_error: Option<Box<TurnError>>,
        /// The last of the server's standard error.
        stderr_tail: String,
    },
    /// A turn ended without an answer.
    #[error("the turn {status}{}", last_words(error.as_deref()))]
    TurnFailed {
        /// How it ended: `failed`, `was interrupted` ...
        status: String,
        /// Why.
        error: Option<Box<TurnError>>,
    },
}

fn last_words(error: Option<&TurnError>) -> String {
    error.map_or_else(String::new, |error| format!(": {error}"))
}

impl ClientError {
    /// One sentence that says what to do, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Start(error) => error.hint(),
            Self::TimedOut { .. } => Some("a request that the server cannot read gets no answer at all".into()),
            _ => None,
        }
    }

    /// The last of the server's standard error, where the error came with it.
    #[must_use]
    pub fn stderr_tail(&self) -> Option<&str> {
        match self {
            Self::Closed(closed) => Some(&closed.stderr_tail),
            Self::TimedOut { stderr_tail, .. } | Self::TurnTimedOut { stderr_tail, .. } => Some(stderr_tail),
            Self::Start(ProcessError::TimedOut { stderr_tail, .. }) => Some(stderr_tail),
            _ => None,
        }
    }
}

/// Why a conversation is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// What ended it.
    pub by: ClosedBy,
    /// How the server's process ended, if it did within a moment.
    pub ending: Option<Ending>,
    /// The last of the server's standard error.
    pub stderr_tail: String,
}

/// What ended a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClosedBy {
    /// The server closed its standard output, mostly by ending.
    EndOfOutput,
    /// Too many lines that are no messages; the first of them, cut short.
    Garbage(String),
    /// A line longer than this many bytes.
    LongLine(usize),
    /// A line of more than this many values.
    ManyValues(usize),
    /// More messages than this many, or more than this many bytes of them, while others were waited for.
    Flood {
        /// The number of messages allowed.
        messages: usize,
        /// The number of bytes allowed.
        bytes: usize,
    },
    /// More than this many bytes that were sent to the server and that it did not read.
    Unread(usize),
    /// A turn whose items take more than this many bytes.
    LargeTurn(usize),
}

impl fmt::Display for Closed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.by, self.ending) {
            (ClosedBy::EndOfOutput, Some(ending)) => write!(formatter, "the server ended with {ending}"),
            (ClosedBy::EndOfOutput, None) => formatter.write_str("the server closed its standard output"),
            (ClosedBy::Garbage(line), _) => {
                write!(formatter, "the server writes lines that are no messages, the first: `{line}`")
            }
            (ClosedBy::LongLine(limit), _) => {
                write!(formatter, "the server wrote a line of more than {limit} bytes")
            }
            (ClosedBy::ManyValues(limit), _) => {
                write!(formatter, "the server wrote a line of more than {limit} values")
            }
            (ClosedBy::Flood { messages, bytes }, _) => write!(
                formatter,
                "the server sent more than {messages} messages, or {bytes} bytes of them, that nobody waited for"
            ),
            (ClosedBy::Unread(limit), _) => {
                write!(formatter, "the server left more than {limit} bytes unread that were sent to it")
            }
            (ClosedBy::LargeTurn(limit), _) => {
                write!(formatter, "the items of the turn take more than {limit} bytes")
            }
        }
    }
}
