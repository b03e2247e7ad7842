//! What the server tells during a turn, typed as far as a caller needs it. Whatever is not known, or does not have the
//! shape that is known, is [`Notification::Unknown`]: a newer server never breaks an older client.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;

/// News from the server.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Notification {
    /// `thread/started`.
    ThreadStarted {
        /// The thread.
        thread_id: String,
    },
    /// `thread/status/changed`: `idle`, `active`, `systemError`, `notLoaded`.
    ThreadStatusChanged {
        /// The thread.
        thread_id: String,
        /// Its status.
        status: String,
    },
    /// `turn/started`.
    TurnStarted {
        /// The thread.
        thread_id: String,
        /// The turn.
        turn_id: String,
    },
    /// `turn/completed`, also for a turn that failed or was interrupted.
    TurnCompleted {
        /// The thread.
        thread_id: String,
        /// The turn.
        turn_id: String,
        /// How it ended.
        status: TurnStatus,
        /// Why it failed.
        error: Option<TurnError>,
    },
    /// `item/started`.
    ItemStarted {
        /// The thread.
        thread_id: String,
        /// The turn.
        turn_id: String,
        /// The item as far as it is known yet.
        item: Item,
    },
    /// `item/completed`.
    ItemCompleted {
        /// The thread.
        thread_id: String,
        /// The turn.
        turn_id: String,
        /// The whole item.
        item: Item,
    },
    /// `item/agentMessage/delta`: the next piece of an answer.
    AgentMessageDelta {
        /// The thread.
        thread_id: String,
        /// The turn.
        turn_id: String,
        /// The item.
        item_id: String,
        /// The piece.
        delta: String,
    },
    /// `thread/tokenUsage/updated`.
    TokenUsageUpdated {
        /// The thread.
        thread_id: String,
        /// The turn.
        turn_id: String,
        /// All turns of the thread together.
        total: TokenUsage,
    },
    /// `error`: something went wrong in a turn.
    Error {
        /// The thread.
        thread_id: String,
        /// The turn.
        turn_id: String,
        /// What went wrong.
        error: TurnError,
        /// Whether the server tries again by itself; the turn goes on.
        will_retry: bool,
    },
    /// `warning`, about a thread or about everything.
    Warning {
        /// The thread, if it is about one.
        thread_id: Option<String>,
        /// What the server says.
        message: String,
    },
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
        let info = value.get("codexErrorInfo");
        // A text, or an object of one member.
        let (code, code_details) = match info {
            Some(Value::String(name)) => (Some(name.clone()), None),
            Some(Value::Object(object)) => match object.iter().next() {
                Some((name, details)) => (Some(name.clone()), Some(details.clone())),
                None => (None, None),
            },
            _ => (None, None),
        };
        let details = value.get("additionalDetails").and_then(Value::as_str).map(str::to_owned);
        Some(Self { message, code, code_details, details })
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
        known(&method, &params).unwrap_or(Self::Unknown { method, params })
    }

    /// The thread that it is about.
    #[must_use]
    pub fn thread_id(&self) -> Option<&str> {
        match self {
            Self::ThreadStarted { thread_id }
            | Self::ThreadStatusChanged { thread_id, .. }
            | Self::TurnStarted { thread_id, .. }
            | Self::TurnCompleted { thread_id, .. }
            | Self::ItemStarted { thread_id, .. }
            | Self::ItemCompleted { thread_id, .. }
            | Self::AgentMessageDelta { thread_id, .. }
            | Self::TokenUsageUpdated { thread_id, .. }
            | Self::Error { thread_id, .. } => Some(thread_id),
            Self::Warning { thread_id, .. } => thread_id.as_deref(),
            Self::ConfigWarning { .. } => None,
            Self::Unknown { params, .. } => params.get("threadId").and_then(Value::as_str),
        }
    }

    /// The turn that it is about.
    #[must_use]
    pub fn turn_id(&self) -> Option<&str> {
        match self {
            Self::TurnStarted { turn_id, .. }
            | Self::TurnCompleted { turn_id, .. }
            | Self::ItemStarted { turn_id, .. }
            | Self::ItemCompleted { turn_id, .. }
            | Self::AgentMessageDelta { turn_id, .. }
            | Self::TokenUsageUpdated { turn_id, .. }
            | Self::Error { turn_id, .. } => Some(turn_id),
            Self::Unknown { params, .. } => params.get("turnId").and_then(Value::as_str),
            _ => None,
        }
    }
}

fn known(method: &str, params: &Value) -> Option<Notification> {
    let text = |path: &str| params.pointer(path).and_then(Value::as_str).map(str::to_owned);
    let thread_id = text("/threadId");
    let turn_id = text("/turnId");
    Some(match method {
        "thread/started" => Notification::ThreadStarted { thread_id: text("/thread/id")? },
        "thread/status/changed" => {
            Notification::ThreadStatusChanged { thread_id: thread_id?, status: text("/status/type")? }
        }
        "turn/started" => Notification::TurnStarted { thread_id: thread_id?, turn_id: text("/turn/id")? },
        "turn/completed" => Notification::TurnCompleted {
            thread_id: thread_id?,
            turn_id: text("/turn/id")?,
            status: text("/turn/status")?.into(),
            error: params.pointer("/turn/error").and_then(TurnError::from_json),
        },
        "item/started" => {
            Notification::ItemStarted { thread_id: thread_id?, turn_id: turn_id?, item: item(params.get("item")?)? }
        }
        "item/completed" => {
            Notification::ItemCompleted { thread_id: thread_id?, turn_id: turn_id?, item: item(params.get("item")?)? }
        }
        "item/agentMessage/delta" => Notification::AgentMessageDelta {
            thread_id: thread_id?,
            turn_id: turn_id?,
            item_id: text("/itemId")?,
            delta: text("/delta")?,
        },
        "thread/tokenUsage/updated" => Notification::TokenUsageUpdated {
            thread_id: thread_id?,
            turn_id: turn_id?,
            total: TokenUsage::deserialize(params.pointer("/tokenUsage/total")?).ok()?,
        },
        "error" => Notification::Error {
            thread_id: thread_id?,
            turn_id: turn_id?,
            error: TurnError::from_json(params.get("error")?)?,
            will_retry: params.get("willRetry").and_then(Value::as_bool).unwrap_or(false),
        },
        "warning" => Notification::Warning { thread_id, message: text("/message")? },
        "configWarning" => Notification::ConfigWarning { summary: text("/summary")?, details: text("/details") },
        _ => return None,
    })
}

fn item(value: &Value) -> Option<Item> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let kind = text("type")?;
    let typed = match kind.as_str() {
        "userMessage" => text("id").map(|id| Item::UserMessage { id }),
        "agentMessage" => text("id").zip(text("text")).map(|(id, text)| Item::AgentMessage { id, text }),
        "commandExecution" => text("id").zip(text("command")).map(|(id, command)| Item::CommandExecution {
            id,
            command,
            status: text("status").unwrap_or_default(),
            exit_code: value.get("exitCode").and_then(Value::as_i64),
            output: text("aggregatedOutput"),
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
            assert_eq!(notification, Notification::Unknown { method: method.into(), params });
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
        assert_eq!((notification.thread_id(), notification.turn_id()), (Some("t"), Some("u")));
    }
}
