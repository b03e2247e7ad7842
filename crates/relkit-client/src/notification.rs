//! What the server tells during a turn, typed as far as a caller needs it. Whatever is not known, or does not have the
//! shape that is known, is [`Event::Unknown`]: a newer server never breaks an older client.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;

/// News from the server.
#[derive(Debug, Clone, PartialEq)]
pub struct Notification {
    /// The thread that it is about.
    pub thread_id: Option<String>,
    /// The turn that it is about.
    pub turn_id: Option<String>,
    /// What happened.
    pub event: Event,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// `thread/started`.
    ThreadStarted,
    /// `thread/status/changed`: `idle`, `active`, `systemError`, `notLoaded`.
    ThreadStatusChanged(String),
    /// `turn/started`.
    TurnStarted,
    /// `turn/completed`, also for a turn that failed or was interrupted.
    TurnCompleted {
        /// How it ended.
        status: TurnStatus,
        /// Why it failed.
        error: Option<TurnError>,
    },
    /// `item/started`: the item as far as it is known yet.
    ItemStarted(Item),
    /// `item/completed`: the whole item.
    ItemCompleted(Item),
    /// `item/agentMessage/delta`: the next piece of an answer.
    AgentMessageDelta {
        /// The item.
        item_id: String,
        /// The piece.
        delta: String,
    },
    /// `thread/tokenUsage/updated`: all turns of the thread together.
    TokenUsageUpdated(TokenUsage),
    /// `error`: something went wrong in a turn.
    Error {
        /// What went wrong.
        error: TurnError,
        /// Whether the server tries again by itself; the turn goes on.
        will_retry: bool,
    },
    /// `warning`, about a thread or about everything.
    Warning(String),
    /// `configWarning`.
    ConfigWarning {
        /// What the server says.
        summary: String,
        /// What else it says.
        details: Option<String>,
    },
    /// Anything else.
    Unknown {
        /// The method.
        method: String,
        /// Its parameters as they came.
        params: Value,
    },
}

/// How a turn stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TurnStatus {
    /// It is done.
    Completed,
    /// It was interrupted.
    Interrupted,
    /// It failed.
    Failed,
    /// It is running.
    InProgress,
    /// A status that is not known.
    Other(String),
}

impl From<String> for TurnStatus {
    fn from(text: String) -> Self {
        match text.as_str() {
            "completed" => Self::Completed,
            "interrupted" => Self::Interrupted,
            "failed" => Self::Failed,
            "inProgress" => Self::InProgress,
            _ => Self::Other(text),
        }
    }
}

/// Why a turn failed.
#[derive(Debug, Clone, PartialEq)]
pub struct TurnError {
    /// What the server says.
    pub message: String,
    /// The name of the cause, such as `usageLimitExceeded` or `httpConnectionFailed`.
    pub code: Option<String>,
    /// What came with the name, such as `{"httpStatusCode":401}`.
    pub code_details: Option<Value>,
    /// What else the server says.
    pub details: Option<String>,
}

impl fmt::Display for TurnError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)?;
        if let Some(code) = &self.code {
            write!(formatter, " ({code})")?;
        }
        match &self.details {
            Some(details) if *details != self.message => write!(formatter, ": {details}"),
            _ => Ok(()),
        }
    }
}

impl TurnError {
    /// Reads the `error` of a turn or of an `error` notification.
    #[must_use]
    pub fn from_json(value: &Value) -> Option<Self> {
        let message = value.get("message")?.as_str()?.to_owned();
        // A text, or an object of one member.
        let (code, code_details) = match value.get("codexErrorInfo") {
            Some(Value::String(name)) => (Some(name.clone()), None),
            Some(Value::Object(object)) => {
                object.iter().next().map(|(name, details)| (name.clone(), details.clone())).unzip()
            }
            _ => (None, None),
        };
        Some(Self { message, code, code_details, details: text(value, "/additionalDetails") })
    }
}

/// A piece of a turn: what was said, done or asked.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Item {
    /// The input of the turn.
    UserMessage {
        /// The item's id.
        id: String,
    },
    /// An answer.
    AgentMessage {
        /// The item's id.
        id: String,
        /// The whole text; empty until the item is completed.
        text: String,
    },
    /// A shell command.
    CommandExecution {
        /// The item's id.
        id: String,
        /// The command line.
        command: String,
        /// `inProgress`, `completed`, `failed`, `declined`.
        status: String,
        /// Its exit code, once it has one.
        exit_code: Option<i64>,
        /// What it wrote.
        output: Option<String>,
    },
    /// Any other item.
    Other {
        /// Its type.
        kind: String,
        /// The item as it came.
        item: Value,
    },
}

/// Tokens that were counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TokenUsage {
    /// All of them.
    pub total_tokens: u64,
    /// Those of the input.
    pub input_tokens: u64,
    /// Those of the input that were cached.
    pub cached_input_tokens: u64,
    /// Those of the answer.
    pub output_tokens: u64,
    /// Those of the answer that were spent on reasoning.
    pub reasoning_output_tokens: u64,
}

impl Notification {
    /// Types a notification.
    #[must_use]
    pub fn new(method: String, params: Value) -> Self {
        let id = |flat, nested| text(&params, flat).or_else(|| text(&params, nested));
        let (thread_id, turn_id) = (id("/threadId", "/thread/id"), id("/turnId", "/turn/id"));
        let event = known(&method, &params).unwrap_or(Event::Unknown { method, params });
        Self { thread_id, turn_id, event }
    }
}

fn text(value: &Value, pointer: &str) -> Option<String> {
    value.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
}

fn known(method: &str, params: &Value) -> Option<Event> {
    let text = |pointer| text(params, pointer);
    Some(match method {
        "thread/started" => Event::ThreadStarted,
        "thread/status/changed" => Event::ThreadStatusChanged(text("/status/type")?),
        "turn/started" => Event::TurnStarted,
        "turn/completed" => Event::TurnCompleted {
            status: text("/turn/status")?.into(),
            error: params.pointer("/turn/error").and_then(TurnError::from_json),
        },
        "item/started" => Event::ItemStarted(item(params.get("item")?)?),
        "item/completed" => Event::ItemCompleted(item(params.get("item")?)?),
        "item/agentMessage/delta" => Event::AgentMessageDelta { item_id: text("/itemId")?, delta: text("/delta")? },
        "thread/tokenUsage/updated" => {
            Event::TokenUsageUpdated(TokenUsage::deserialize(params.pointer("/tokenUsage/total")?).ok()?)
        }
        "error" => Event::Error {
            error: TurnError::from_json(params.get("error")?)?,
            will_retry: params.get("willRetry").and_then(Value::as_bool).unwrap_or(false),
        },
        "warning" => Event::Warning(text("/message")?),
        "configWarning" => Event::ConfigWarning { summary: text("/summary")?, details: text("/details") },
        _ => return None,
    })
}

fn item(value: &Value) -> Option<Item> {
    let text = |pointer| text(value, pointer);
    let kind = text("/type")?;
    let typed = match kind.as_str() {
        "userMessage" => text("/id").map(|id| Item::UserMessage { id }),
        "agentMessage" => text("/id").zip(text("/text")).map(|(id, text)| Item::AgentMessage { id, text }),
        "commandExecution" => text("/id").zip(text("/command")).map(|(id, command)| Item::CommandExecution {
            id,
            command,
            status: text("/status").unwrap_or_default(),
            exit_code: value.get("exitCode").and_then(Value::as_i64),
            output: text("/aggregatedOutput"),
        }),
        _ => None,
    };
    Some(typed.unwrap_or_else(|| Item::Other { kind, item: value.clone() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_shape_that_is_not_known_is_kept() {
        for (method, params) in [
            ("turn/completed", json!({ "threadId": "t", "turn": {} })),
            ("item/completed", json!({ "threadId": "t", "turnId": "u", "item": 5 })),
            ("brand/new", json!(null)),
        ] {
            let notification = Notification::new(method.into(), params.clone());
            assert_eq!(notification.event, Event::Unknown { method: method.into(), params });
        }
    }

    #[test]
    fn the_cause_of_a_failure_is_a_text_or_an_object() {
        let error = |info: Value| TurnError::from_json(&json!({ "message": "m", "codexErrorInfo": info })).unwrap();
        assert_eq!(error(json!("serverOverloaded")).code.as_deref(), Some("serverOverloaded"));
        let detailed = error(json!({ "httpConnectionFailed": { "httpStatusCode": 401 } }));
        assert_eq!(detailed.code.as_deref(), Some("httpConnectionFailed"));
        assert_eq!(detailed.code_details, Some(json!({ "httpStatusCode": 401 })));
        assert_eq!(error(json!(null)).code, None);
    }

    #[test]
    fn ids_are_found_in_what_is_not_known() {
        let notification = Notification::new("item/x".into(), json!({ "threadId": "t", "turnId": "u" }));
        assert_eq!((notification.thread_id.as_deref(), notification.turn_id.as_deref()), (Some("t"), Some("u")));
    }
}
