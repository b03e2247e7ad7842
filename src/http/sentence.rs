//! What a server says in the body of an answer: the first sentence for people in JSON of any shape, in a page, in XML, or
//! in plain text; and whether it says so that nothing was done. Nothing here knows what the sentence means.

use std::borrow::Cow;
use std::io::Read as _;

use flate2::read::{GzDecoder, ZlibDecoder};
use html5gum::{Token, Tokenizer};
use reqwest::StatusCode;
use serde_json::Value;

use crate::binary::Magic;

/// How much of a server's sentence is repeated, in characters.
const MAX_REASON: usize = 600;
/// How much a packed body may unpack to.
const MAX_BODY: u64 = 1 << 20;
/// How deep JSON is looked through.
const MAX_DEPTH: u32 = 128;
/// How many paragraphs of a page are repeated.
const MAX_PARAGRAPHS: usize = 4;

/// Where servers put their sentence, the best place first: warehouse says it in `code`; then problem documents (RFC 9457),
/// FastAPI, GitLab, Artifactory, CouchDB, OAuth.
const KEYS: [&str; 16] = [
    "code",
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
/// What a page for people asks for before it does anything.
const LOGIN: [&str; 7] = ["log in", "login", "log on", "sign in", "single sign-on", "password", "authenticat"];

/// What plain text says that asks for it: a word alone can be part of a name.
const ASKS: [&str; 7] = [
    "log in to",
    "please log in",
    "sign in to",
    "please sign in",
    "not logged in",
    "authentication required",
    "access denied",
];

/// The elements that stand within a sentence.
const WITHIN: [&str; 10] = ["a", "b", "i", "em", "strong", "code", "tt", "span", "u", "small"];

/// The body of an answer.
pub(crate) struct Body {
    /// On one line; empty where it says nothing.
    pub(crate) reason: String,
    /// Whether it says that nothing was done.
    pub(crate) is_refusal: bool,
}

impl Body {
    pub(crate) fn read(bytes: &[u8], status: StatusCode) -> Self {
        let unpacked = unpacked(bytes);
        let text = decoded(unpacked.as_deref().unwrap_or(bytes));
        if let Ok(value) = serde_json::from_str::<Value>(&text) {
            let mut found = Vec::new();
            collect(&value, MAX_DEPTH, status, &mut found);
            return Self { reason: best(&found, status), is_refusal: denies(&value) };
        }
        match text.trim_start().chars().next() {
            Some('<') => page(text.as_bytes(), status),
            Some('{' | '[') => match of_broken_json(&text, status) {
                found if found.is_empty() => Self { reason: one_line(&text), is_refusal: false },
                found => Self { reason: best(&found, status), is_refusal: false },
            },
            _ => {
                let reason = one_line(&text);
                let lower = reason.to_ascii_lowercase();
                Self { is_refusal: ASKS.iter().any(|words| lower.contains(words)), reason }
            }
        }
    }
}

/// The text of a body: UTF-8, else what older servers write; nothing where it is none.
fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        // Cut off within a character.
        Err(error) if error.error_len().is_none() => String::from_utf8_lossy(&bytes[..error.valid_up_to()]),
        Err(_) if bytes.iter().any(|byte| byte.is_ascii_control() && !byte.is_ascii_whitespace()) => "".into(),
        Err(_) if !bytes.iter().any(u8::is_ascii_alphanumeric) => String::from_utf8_lossy(bytes),
        // Latin-1: every byte is the character of its number.
        Err(_) => bytes.iter().copied().map(char::from).collect::<String>().into(),
    }
}

/// Every text for people in JSON that is cut off, or deeper than any real one, the best place first.
fn of_broken_json(text: &str, status: StatusCode) -> Vec<String> {
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

/// A body that a server packed without being asked to.
fn unpacked(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    // What is cut off still has its start.
    match bytes {
        _ if Magic::of(bytes) == Magic::Gzip => _ = GzDecoder::new(bytes).take(MAX_BODY).read_to_end(&mut body),
        // The two bytes of a zlib stream (RFC 1950), whose sum no text has by its nature: `x` and a control character or two.
        [first @ 0x78, second, ..] if (u16::from(*first) * 256 + u16::from(*second)).is_multiple_of(31) => {
            _ = ZlibDecoder::new(bytes).take(MAX_BODY).read_to_end(&mut body);
            if body.is_empty() {
                return None;
            }
        }
        _ => return None,
    }
    Some(body)
}

/// Every text for people, the best place first.
fn collect(value: &Value, depth: u32, status: StatusCode, found: &mut Vec<String>) {
    if depth == 0 {
        return;
    }
    match value {
        Value::String(text) if text.trim_start().starts_with('<') => {
            found.push(page(text.as_bytes(), status).reason);
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

/// The first sentence, else the first word, else what only repeats the status.
fn best(found: &[String], status: StatusCode) -> String {
    let telling = || found.iter().filter(|text| !text.is_empty() && !is_status(text, status));
    let sentence = telling().find(|text| text.contains(' ')).or_else(|| telling().next());
    sentence.or_else(|| found.iter().find(|text| !text.is_empty())).cloned().unwrap_or_default()
}

/// Whether a text only repeats the status: `400 Bad Request`, `Error: 409 Conflict`.
fn is_status(text: &str, status: StatusCode) -> bool {
    let lower = text.to_ascii_lowercase();
    let bare = lower.trim_start_matches(|character: char| !character.is_ascii_alphanumeric());
    let bare = bare.trim_start_matches("http").trim_start_matches("error").trim_start_matches("status");
    let bare = bare.trim_matches(|character: char| !character.is_ascii_alphabetic());
    let canonical = status.canonical_reason().unwrap_or_default().to_ascii_lowercase();
    bare.is_empty() || bare == canonical || bare == "error"
}

/// Whether an answer says in so many words that it is none of success.
fn denies(value: &Value) -> bool {
    let Value::Object(object) = value else { return false };
    let is = |key: &str, wanted: &Value| object.get(key) == Some(wanted);
    let says_something = |key: &str| match object.get(key) {
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(values)) => !values.is_empty(),
        Some(Value::Object(object)) => !object.is_empty(),
        Some(Value::Bool(is_error)) => *is_error,
        _ => false,
    };
    // Some say the status of the answer in its body, and another one in the status line.
    let is_status = |key: &str| object.get(key).and_then(Value::as_u64).is_some_and(|code| (400..600).contains(&code));
    let status = ["status", "code", "statuscode", "statusCode", "status_code"].iter().any(|key| is_status(key));
    let failed = ["success", "ok"].iter().any(|key| is(key, &Value::Bool(false)));
    let words = ["error", "failed", "failure"].iter().any(|word| is("status", &Value::from(*word)));
    failed || status || words || says_something("error") || says_something("errors")
}

/// The text of a page or of XML, and whether the page asks people for something.
fn page(bytes: &[u8], status: StatusCode) -> Body {
    let mut blocks: Vec<(String, String)> = vec![(String::new(), String::new())];
    let (mut is_silent, mut asks, mut runs) = (false, false, false);
    for Ok(token) in Tokenizer::new(bytes) {
        match token {
            Token::StartTag(tag) => {
                let name = String::from_utf8_lossy(&tag.name).into_owned();
                match name.as_str() {
                    "script" | "style" => {
                        is_silent = !tag.self_closing;
                        runs |= name == "script";
                    }
                    "form" | "input" => asks = true,
                    within if WITHIN.contains(&within) => {}
                    _ => blocks.push((name, String::new())),
                }
            }
            Token::EndTag(tag) => match &*String::from_utf8_lossy(&tag.name) {
                "script" | "style" => is_silent = false,
                within if WITHIN.contains(&within) => {}
                _ => blocks.push((String::new(), String::new())),
            },
            Token::String(text) if !is_silent => {
                if let Some((_, block)) = blocks.last_mut() {
                    block.push_str(&String::from_utf8_lossy(&text));
                }
            }
            _ => {}
        }
    }
    let blocks: Vec<_> = blocks.into_iter().map(|(name, text)| (name, one_line(&text))).collect();
    let whole = blocks.iter().map(|(_, text)| text.to_ascii_lowercase()).collect::<Vec<_>>().join(" ");
    let is_refusal = asks || (runs && whole.contains("javascript")) || LOGIN.iter().any(|words| whole.contains(words));
    Body { reason: of_blocks(&blocks, status), is_refusal }
}

fn of_blocks(blocks: &[(String, String)], status: StatusCode) -> String {
    let telling: Vec<_> = blocks.iter().filter(|(_, text)| !text.is_empty() && !is_status(text, status)).collect();
    // XML has a name for its sentence, and frameworks put theirs in `pre`.
    for name in ["message", "detail", "faultstring", "reason", "description", "pre"] {
        if let Some((_, text)) = telling.iter().find(|(element, _)| element == name) {
            return text.clone();
        }
    }
    let mut said: Vec<&str> = Vec::new();
    for (_, text) in telling {
        if said.len() < MAX_PARAGRAPHS && !said.iter().any(|before| before.contains(text.as_str())) {
            said.push(text);
        }
    }
    if said.is_empty() {
        let first = blocks.iter().find(|(_, text)| !text.is_empty());
        return first.map(|(_, text)| text.clone()).unwrap_or_default();
    }
    one_line(&said.join("; "))
}

/// A text on one line, cut.
pub(crate) fn one_line(text: &str) -> String {
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    joined.chars().take(MAX_REASON).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;

    use super::*;

    fn reason(body: &[u8]) -> String {
        Body::read(body, StatusCode::BAD_REQUEST).reason
    }

    #[test]
    fn the_sentence_is_found_in_every_form() {
        for (body, sentence) in [
            (
                &br#"{"message": "x", "code": "400 File already exists", "title": "Bad Request"}"#[..],
                "400 File already exists",
            ),
            (b"<html><head><title>403 Invalid\n API Token</title></head></html>", "403 Invalid API Token"),
            (b"<html><body><h1>Conflict</h1></body></html>", "Conflict"),
            (b"plain\nwords", "plain words"),
            (b"", ""),
            (b"{}", ""),
            // What cannot be seen is shown by whoever prints it; a receipt keeps it.
            (b"File \x1b[31m", "File \u{1b}[31m"),
            (b"\xff\xfe", "\u{fffd}\u{fffd}"),
        ] {
            assert_eq!(reason(body), sentence);
        }
    }

    #[test]
    fn every_shape_of_json_is_read() {
        for body in [
            r#"{"message":"it is so"}"#,
            r#"{"message":{"error":"it is so"}}"#,
            r#"{"message":{"base":["it is so"]}}"#,
            r#"{"message":{"file_name":["it is so"]}}"#,
            r#"{"errors":[{"status":403,"message":"it is so"}]}"#,
            r#"{"errors":["it is so"]}"#,
            r#"{"errors":{"name":["it is so"]}}"#,
            r#"{"detail":"it is so"}"#,
            r#"{"detail":[{"loc":["body","content"],"msg":"it is so","type":"value error here"}]}"#,
            r#"{"error":{"code":"E_NO","message":"it is so"}}"#,
            r#"{"error":"invalid_token","error_description":"it is so"}"#,
            r#"{"error":"Bad Request","reason":"it is so"}"#,
            r#"{"type":"about the thing","title":"Bad Request","status":400,"detail":"it is so"}"#,
            r#"{"type":"about:blank","title":"it is so","status":400}"#,
            r#"{"timestamp":"2026 01 01","status":400,"error":"Bad Request","message":"it is so","path":"/a b"}"#,
            r#"{"code":"NAME_UNKNOWN","message":"it is so"}"#,
            r#"{"Message":"it is so"}"#,
            r#"{"result":{"inner":[{"deep":{"message":"it is so"}}]}}"#,
            r#"{"content":["it is so"]}"#,
            r#"["it is so"]"#,
            r#""it is so""#,
            "\u{feff}{\"message\":\"it\\n is   so\"}",
            r#"{"message":"<p>it is so</p>"}"#,
            "<html><title>400 Bad Request</title><h1>Bad Request</h1><p>it is so</p></html>",
            "<html><title>Error: 400 Bad Request</title><p>Sorry, it failed</p><pre>it is so</pre></html>",
            "<!DOCTYPE html><body><style>p {}</style>it <b>is</b> so</body>",
            "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>it is so</Message><Key>a b</Key></Error>",
        ] {
            assert_eq!(reason(body.as_bytes()), "it is so", "{body}");
        }
        let page = "<html><title>Upload refused</title><h1>Upload refused</h1><p>Policy 7 forbids it.</p></html>";
        assert_eq!(reason(page.as_bytes()), "Upload refused; Policy 7 forbids it.");
        assert_eq!(reason(br#"{"error":"forbidden"}"#), "forbidden");
        // Deep, and deeper than a parser goes; cut off; in an older encoding; packed in ways that nobody asked for.
        let nested = |depth| format!("{}{{\"message\":\"it is so\"}}{}", "[".repeat(depth), "]".repeat(depth));
        let cut = format!(r#"{{"id":"x y","errors":[{{"message":"it is \u0073o"}}],"trace":"{}"#, "z ".repeat(2000));
        let packed = |body: &[u8]| {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(body).unwrap();
            encoder.finish().unwrap()
        };
        for body in [nested(20).as_bytes(), nested(1000).as_bytes(), cut.as_bytes(), &packed(b"it is so")] {
            assert_eq!(reason(body), "it is so", "{}", String::from_utf8_lossy(body));
        }
        assert_eq!(reason(b"caf\xe9 fehlt"), "café fehlt");
        assert_eq!(reason(b"{\"message\":\"caf\xe9 fehlt\"}"), "café fehlt");
        assert_eq!(reason("é".repeat(4).as_bytes().split_last().unwrap().1), "ééé");
        assert_eq!(reason(b"\x0b\x02\x80caf\xe9 fehlt\x03"), "");
        assert_eq!(reason(b"x\x9c it is not packed"), "x\u{9c} it is not packed");
        assert_eq!(reason("x".repeat(5000).as_bytes()).len(), MAX_REASON);
    }

    #[test]
    fn a_success_that_is_none_is_told() {
        for (body, is_refusal) in [
            ("", false),
            ("OK", false),
            ("warning: an error was found", false),
            (r#"{"message":"201 Created"}"#, false),
            (r#"{"success":true,"errors":[],"error":null}"#, false),
            ("<html><body>Stored</body></html>", false),
            ("stored for login bob", false),
            (r#"{"status":200,"code":0,"message":"Stored"}"#, false),
            (r#"{"success":false}"#, true),
            (r#"{"type":"about:blank","title":"Bad","status":400,"detail":"no wheel"}"#, true),
            (r#"{"code":403,"message":"forbidden for you"}"#, true),
            ("Please log in to continue", true),
            (r#"{"error":"no"}"#, true),
            ("<html><title>Sign in</title></html>", true),
            ("<form action=/login><input name=user></form>", true),
            ("<script src=x></script>You need JavaScript", true),
        ] {
            assert_eq!(Body::read(body.as_bytes(), StatusCode::OK).is_refusal, is_refusal, "{body}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(body: Vec<u8>, markup in "(<title>|</title>|İ|<pre>|[a-z]|</pre>|<message>|<script>){0,9}") {
            let _ = reason(&body);
            let _ = reason(markup.as_bytes());
        }
    }
}
