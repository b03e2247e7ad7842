//! Messages of the app-server protocol as lines of text. No input or output happens here.
//!
//! The shapes are those of JSON-RPC 2.0 without its `jsonrpc` member. The server numbers its own requests from 0, so a
//! message is a request or a response by its `method` member, never by its id.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The id of a request: an integer or a text, echoed as it was sent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RequestId {
    /// An integer.
    Number(i64),
    /// A text.
    Text(String),
}

/// The server asked for a client to try again later.
pub const OVERLOADED: i64 = -32001;

/// The error member of a response.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RpcError {
    /// A number of JSON-RPC 2.0, or [`OVERLOADED`].
    pub code: i64,
    /// What the other side says.
    pub message: String,
    /// Whatever else it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

/// One message, either way.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// A call that wants an answer.
    Request {
        /// The id that the answer must carry.
        id: RequestId,
        /// The method.
        method: String,
        /// Its parameters; `null` where there are none.
        params: Value,
    },
    /// News that wants no answer.
    Notification {
        /// The method.
        method: String,
        /// Its parameters; `null` where there are none.
        params: Value,
    },
    /// The answer to a request.
    Response {
        /// The id of the request.
        id: RequestId,
        /// Its result or the refusal.
        outcome: Result<Value, RpcError>,
    },
}

/// A line that is no message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Undecodable {
    why: String,
}

/// About how many values a JSON text has, at the least, without reading them: each takes memory, however short its text is.
#[must_use]
pub fn values(line: &[u8]) -> usize {
    let (mut count, mut is_text, mut is_escaped) = (1, false, false);
    for byte in line {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            b',' | b'[' | b'{' if !is_text => count += 1,
            _ => {}
        }
    }
    count
}

/// Reads a line, with or without its line ending. Members that are not known are ignored.
///
/// # Errors
/// When the line is not a JSON object of one of the three shapes.
pub fn decode(line: &[u8]) -> Result<Message, Undecodable> {
    let refused = |why: &str| Undecodable { why: why.to_owned() };
    let value: Value = serde_json::from_slice(line).map_err(|error| Undecodable { why: error.to_string() })?;
    let Value::Object(mut object) = value else { return Err(refused("not a JSON object")) };
    let id = object.remove("id").map(RequestId::deserialize);
    match (object.remove("method"), id) {
        (Some(Value::String(method)), None) => {
            Ok(Message::Notification { method, params: object.remove("params").unwrap_or_default() })
        }
        (Some(Value::String(method)), Some(Ok(id))) => {
            Ok(Message::Request { id, method, params: object.remove("params").unwrap_or_default() })
        }
        (None, Some(Ok(id))) => match (object.remove("result"), object.remove("error")) {
            (Some(result), None) => Ok(Message::Response { id, outcome: Ok(result) }),
            (_, Some(error)) => {
                let error = RpcError::deserialize(error).map_err(|_| refused("`error` has no code and message"))?;
                Ok(Message::Response { id, outcome: Err(error) })
            }
            (None, None) => Err(refused("neither `method`, `result` nor `error`")),
        },
        (Some(Value::String(_)) | None, Some(Err(_))) => Err(refused("`id` is neither an integer nor a text")),
        (None, None) => Err(refused("neither `method` nor `id`")),
        (Some(_), _) => Err(refused("`method` is not a text")),
    }
}

/// Writes a message as one line, with its line ending.
#[must_use]
pub fn encode(message: &Message) -> String {
    let object = match message {
        Message::Request { id, method, params } => json!({ "id": id, "method": method, "params": params }),
        Message::Notification { method, params: Value::Null } => json!({ "method": method }),
        Message::Notification { method, params } => json!({ "method": method, "params": params }),
        Message::Response { id, outcome: Ok(result) } => json!({ "id": id, "result": result }),
        Message::Response { id, outcome: Err(error) } => json!({ "id": id, "error": error }),
    };
    object.to_string() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_outside_of_texts() {
        assert_eq!(values(br#"{"a,[{": "\",[", "b": [1, 2]}"#), 5);
        assert_eq!(values(b"7"), 1);
    }
    use proptest::prelude::*;

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    fn any_id() -> impl Strategy<Value = RequestId> {
        prop_oneof![any::<i64>().prop_map(RequestId::Number), any::<String>().prop_map(RequestId::Text)]
    }

    fn any_message() -> impl Strategy<Value = Message> {
        let error = (any::<i64>(), any::<String>(), prop::option::of(any_json()))
            .prop_map(|(code, message, data)| RpcError { code, message, data: data.filter(|data| !data.is_null()) });
        prop_oneof![
            (any_id(), any::<String>(), any_json()).prop_map(|(id, method, params)| Message::Request {
                id,
                method,
                params
            }),
            (any::<String>(), any_json()).prop_map(|(method, params)| Message::Notification { method, params }),
            (any_id(), any_json()).prop_map(|(id, result)| Message::Response { id, outcome: Ok(result) }),
            (any_id(), error).prop_map(|(id, error)| Message::Response { id, outcome: Err(error) }),
        ]
    }

    proptest! {
        #[test]
        fn a_message_is_one_line_and_comes_back(message in any_message()) {
            let line = encode(&message);
            prop_assert_eq!(line.find('\n'), Some(line.len() - 1));
            prop_assert_eq!(decode(line.as_bytes()), Ok(message.clone()));
            prop_assert_eq!(decode(line.replace('\n', "\r\n").as_bytes()), Ok(message));
        }

        #[test]
        fn no_line_panics(line in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&line);
        }

        #[test]
        fn no_json_panics(value in any_json(), id in any_json(), method in any_json()) {
            let _ = decode(value.to_string().as_bytes());
            let _ = decode(json!({ "id": id, "method": method, "error": value }).to_string().as_bytes());
        }
    }

    #[test]
    fn a_request_of_the_server_is_not_an_answer() {
        let line = br#"{"method":"item/fileChange/requestApproval","id":1,"params":{}}"#;
        assert!(matches!(decode(line), Ok(Message::Request { id: RequestId::Number(1), .. })));
    }

    #[test]
    fn unknown_members_are_ignored() {
        let line = br#"{"emittedAtMs":1,"method":"turn/started","params":{"a":1},"trace":null}"#;
        let expected = Message::Notification { method: "turn/started".into(), params: json!({ "a": 1 }) };
        assert_eq!(decode(line), Ok(expected));
    }

    #[test]
    fn what_is_no_message_says_why() {
        for (line, why) in [
            ("{}", "neither `method` nor `id`"),
            ("[]", "not a JSON object"),
            (r#"{"id":1}"#, "neither `method`, `result` nor `error`"),
            (r#"{"id":1.5,"result":1}"#, "`id` is neither an integer nor a text"),
            (r#"{"id":null,"method":"x"}"#, "`id` is neither an integer nor a text"),
            (r#"{"method":5}"#, "`method` is not a text"),
            (r#"{"id":1,"error":"no"}"#, "`error` has no code and message"),
        ] {
            assert_eq!(decode(line.as_bytes()).unwrap_err().to_string(), why, "{line}");
        }
    }
}
