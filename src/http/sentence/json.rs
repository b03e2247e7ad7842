//! What JSON of any shape says to people, whole or cut off, and whether it says so that nothing was done.

use reqwest::StatusCode;
use serde_json::Value;

use super::page;
use super::text::{one_line, tells_of_deed, tells_of_failure};

/// How deep JSON is looked through.
const MAX_DEPTH: u32 = 128;

/// Where servers put their sentence, the best place first: warehouse says it in `code`; then problem documents (RFC 9457),
/// FastAPI, GitLab, Artifactory, CouchDB, OAuth.
const KEYS: [&str; 17] = [
    "code",
    // Cloudsmith's `detail` says only that fields are wrong.
    "fields",
    "message",
    "detail",
    "details",
    "errors",
    "error",
    "error_description",
    "error_message",
    "errormessage",
    "reason",
    "description",
    "msg",
    "text",
    "base",
    "non_field_errors",
    "title",
];
/// What tells nothing to people, whatever text it holds.
const SILENT: [&str; 15] = [
    "type",
    "path",
    "instance",
    "status",
    "timestamp",
    "trace",
    "traceid",
    "trace_id",
    "requestid",
    "request_id",
    "id",
    "loc",
    "documentation_url",
    "help",
    "links",
];
/// Every text for people, the best place first.
pub(super) fn texts(value: &Value, status: StatusCode) -> Vec<String> {
    let mut found = Vec::new();
    collect(value, MAX_DEPTH, status, &mut found);
    found
}

/// Every text for people in JSON that is cut off, or deeper than any real one, the best place first.
pub(super) fn texts_of_broken(text: &str, status: StatusCode) -> Vec<String> {
    let mut found = Vec::new();
    let (mut key, mut rest) = (String::new(), text);
    while let Some((_, after)) = rest.split_once('"') {
        let mut is_escaped = false;
        let end = after.find(|character| {
            let is_end = character == '"' && !is_escaped;
            is_escaped = character == '\\' && !is_escaped;
            is_end
        });
        let raw = &after[..end.unwrap_or(after.len())];
        rest = end.map_or("", |end| &after[end + 1..]);
        let word = serde_json::from_str(&format!("\"{raw}\"")).unwrap_or_else(|_| raw.to_owned());
        if rest.trim_start().starts_with(':') {
            key = word.to_ascii_lowercase();
        } else if !SILENT.contains(&key.as_str()) && (key != "code" || word.trim().contains(char::is_whitespace)) {
            let place = KEYS.iter().position(|known| *known == key).unwrap_or(KEYS.len());
            found.push((place, word));
        }
    }
    found.sort_by_key(|(place, _)| *place);
    let mut texts = Vec::new();
    for (_, word) in found {
        collect(&Value::String(word), 1, status, &mut texts);
    }
    texts
}

fn collect(value: &Value, depth: u32, status: StatusCode, found: &mut Vec<String>) {
    if depth == 0 {
        return;
    }
    match value {
        Value::String(text) if text.trim_start().starts_with('<') => {
            found.push(page::said(text.as_bytes(), status).0);
        }
        Value::String(text) => found.push(one_line(text)),
        Value::Array(values) => values.iter().for_each(|value| collect(value, depth - 1, status, found)),
        Value::Object(object) => {
            let lower = |key: &str| key.to_ascii_lowercase();
            for key in KEYS {
                // A code is a sentence or none.
                let of_key = object.iter().filter(|(name, _)| lower(name) == key);
                for (_, value) in of_key.filter(|(_, value)| key != "code" || is_sentence(value)) {
                    collect(value, depth - 1, status, found);
                }
            }
            let is_other = |name: &str| !KEYS.contains(&name) && !SILENT.contains(&name);
            for (_, value) in object.iter().filter(|(name, _)| is_other(&lower(name))) {
                collect(value, depth - 1, status, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn is_sentence(value: &Value) -> bool {
    value.as_str().is_none_or(|text| text.trim().contains(char::is_whitespace))
}

/// What an answer is wrapped in.
const WRAPPERS: [&str; 6] = ["data", "result", "response", "meta", "status", "body"];

/// Whether an answer says in so many words that it is none of success, whatever its status is.
pub(super) fn denies(value: &Value) -> bool {
    match value {
        Value::String(text) => tells_of_failure(text),
        Value::Object(object) => object.iter().any(|(key, value)| {
            let key = key.to_ascii_lowercase().replace(['_', '-'], "");
            is_denial(&key, value) || (WRAPPERS.contains(&key.as_str()) && value.is_object() && denies(value))
        }),
        _ => false,
    }
}

/// Whether an answer says in so many words that it is one of success, or says nothing at all.
pub(super) fn affirms(value: &Value) -> bool {
    let is_silent = match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Object(object) => object.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    };
    is_silent || tells_of_success(value)
}

fn tells_of_success(value: &Value) -> bool {
    // What is told of a file is told of one that is there.
    const FILES: [&str; 3] = [".whl", ".tar.gz", ".zip"];
    match value {
        Value::String(text) => tells_of_deed(text) || FILES.iter().any(|ending| text.ends_with(ending)),
        Value::Array(values) => values.iter().any(tells_of_success),
        Value::Object(object) => object.iter().any(|(key, value)| {
            let is_good = match (key.to_ascii_lowercase().as_str(), value) {
                ("success" | "ok" | "succeeded", Value::Bool(is_good)) => *is_good,
                ("status" | "code" | "statuscode", Value::Number(number)) => {
                    number.as_u64().is_some_and(|number| (200..300).contains(&number))
                }
                _ => false,
            };
            is_good || tells_of_success(value)
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The same of JSON that is cut off: what it says is read as far as it goes.
pub(super) fn denies_broken(text: &str) -> bool {
    let bare: String = text.chars().filter(|character| !character.is_whitespace()).collect();
    let bare = bare.to_ascii_lowercase();
    const FAILED: [&str; 7] = [
        "\"success\":false",
        "\"ok\":false",
        "\"status\":\"error\"",
        "\"status\":\"fail",
        "\"error\":{\"",
        "\"errors\":[\"",
        "\"errors\":[{\"",
    ];
    FAILED.iter().any(|words| bare.contains(words))
        || bare.split("\"error\":\"").skip(1).any(|rest| !rest.starts_with('"'))
}

/// Whether a value under this key, which is in lower case and bare of its joints, speaks of failure.
fn is_denial(key: &str, value: &Value) -> bool {
    // Some say the status of the answer in its body, and another one in the status line.
    let is_status = |number: u64| (400..600).contains(&number);
    match (key, value) {
        ("success" | "ok" | "succeeded", Value::Bool(is_good)) => !is_good,
        ("error" | "errors" | "failed" | "iserror" | "haserrors", _) => says_something(value),
        ("status" | "code" | "statuscode" | "httpstatus" | "httpcode", Value::Number(number)) => {
            number.as_u64().is_some_and(is_status)
        }
        (
            "status" | "code" | "statuscode" | "httpstatus" | "httpcode" | "result" | "outcome" | "state",
            Value::String(text),
        ) => text.trim().parse().is_ok_and(is_status) || tells_of_failure(text),
        ("message" | "detail" | "title", Value::String(text)) => tells_of_failure(text),
        _ => false,
    }
}

fn says_something(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.is_empty(),
        Value::Array(values) => !values.is_empty(),
        Value::Object(object) => !object.is_empty(),
        Value::Bool(is_so) => *is_so,
        Value::Number(number) => number.as_u64() != Some(0),
        Value::Null => false,
    }
}
