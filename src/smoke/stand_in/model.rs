//! One request of the stand-in to its model: a POST and the server-sent events of the answer, as they come. It speaks
//! HTTP/1.0, to which no server answers in chunks (RFC 9112, section 7.1).

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

/// How long the model may be silent.
const PATIENCE: Duration = Duration::from_secs(60);

/// The longest head of an answer and the longest event, in bytes.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// What the model says.
#[derive(Debug, PartialEq)]
pub(super) enum ModelEvent {
    /// A message with this id begins.
    Added(String),
    /// The next piece of the message with this id.
    Delta(String, String),
    /// The message with this id is whole.
    Done(String, String),
    /// The answer is over; the tokens it took.
    Completed(Value),
}

/// Posts to `BASE_URL/responses` and hands every event to `take`; an error is a sentence for the client.
pub(super) fn post(base_url: &str, body: &Value, take: impl FnMut(ModelEvent)) -> Result<(), String> {
    let url = format!("{}/responses", base_url.trim_end_matches('/'));
    let parsed = url::Url::parse(&url).map_err(|error| format!("`{url}`: {error}"))?;
    if parsed.scheme() != "http" {
        return Err(format!("`{url}`: the stand-in speaks plain HTTP only"));
    }
    let body = body.to_string();
    let request = format!(
        "POST {} HTTP/1.0\r\nHost: {}\r\nContent-Type: application/json\r\nAccept: text/event-stream\r\n\
         Content-Length: {}\r\n\r\n{body}",
        parsed.path(),
        parsed.authority(),
        body.len()
    );
    let stream = parsed.socket_addrs(|| None).and_then(|addresses| {
        let mut stream = TcpStream::connect(addresses.as_slice())?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(request.as_bytes())?;
        Ok(stream)
    });
    let stream = stream.map_err(|error| format!("stream disconnected before completion: {error}"))?;
    read_answer(BufReader::new(stream), &url, take)
}

fn read_answer(mut reader: impl BufRead, url: &str, take: impl FnMut(ModelEvent)) -> Result<(), String> {
    let closed = || "stream disconnected before completion: stream closed before response.completed".to_owned();
    let mut head = Vec::new();
    loop {
        let count = reader.by_ref().take(MAX_BYTES as u64).read_until(b'\n', &mut head).map_err(|_| closed())?;
        if count == 0 || head.len() >= MAX_BYTES {
            return Err(closed());
        }
        if head.ends_with(b"\r\n\r\n") || head.ends_with(b"\n\n") {
            break;
        }
    }
    let mut headers = [httparse::EMPTY_HEADER; 128];
    let mut response = httparse::Response::new(&mut headers);
    response.parse(&head).map_err(|error| format!("`{url}` does not speak HTTP: {error}"))?;
    let status = response.code.unwrap_or(0);
    if !(200..300).contains(&status) {
        return Err(format!("unexpected status {status} {}, url: {url}", response.reason.unwrap_or_default()));
    }
    read_events(reader, take)
}

fn read_events(mut reader: impl BufRead, mut take: impl FnMut(ModelEvent)) -> Result<(), String> {
    let disconnected = |why: &str| format!("stream disconnected before completion: {why}");
    let mut line = Vec::new();
    loop {
        line.clear();
        let count = reader.by_ref().take(MAX_BYTES as u64).read_until(b'\n', &mut line);
        if count.map_err(|error| disconnected(&error.to_string()))? == 0 {
            return Err(disconnected("stream closed before response.completed"));
        }
        // A line of data that is no JSON is skipped, as the real runtime does.
        let Some(event) = line.strip_prefix(b"data:") else { continue };
        let Ok(event) = serde_json::from_slice::<Value>(event) else { continue };
        let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let is_message = event.pointer("/item/type").is_some_and(|kind| kind == "message");
        match event["type"].as_str().unwrap_or_default() {
            "response.output_item.added" if is_message => take(ModelEvent::Added(text("/item/id"))),
            "response.output_text.delta" => take(ModelEvent::Delta(text("/item_id"), text("/delta"))),
            "response.output_item.done" if is_message => {
                let parts = event.pointer("/item/content").and_then(Value::as_array);
                let said = parts.into_iter().flatten().filter_map(|part| part["text"].as_str()).collect();
                take(ModelEvent::Done(text("/item/id"), said));
            }
            "response.completed" => {
                take(ModelEvent::Completed(event.pointer("/response/usage").cloned().unwrap_or_default()));
                return Ok(());
            }
            "response.failed" => return Err(disconnected(&text("/response/error/message"))),
            "response.incomplete" => {
                let reason = text("/response/incomplete_details/reason");
                return Err(format!("Incomplete response returned, reason: {reason}"));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(answer: &str) -> (Vec<ModelEvent>, Result<(), String>) {
        let mut events = Vec::new();
        let result = read_answer(answer.as_bytes(), "http://x/responses", |event| events.push(event));
        (events, result)
    }

    #[test]
    fn events_are_read_and_nonsense_is_skipped() {
        let data = "data: {\"type\":\"response.output_text.delta\",\"item_id\":\"m\",\"delta\":\"hi\"}\n\n\
                    data: nonsense\ndata: {\"type\":\"response.completed\",\"response\":{}}\n\n";
        let (events, result) = read(&format!("HTTP/1.0 200 OK\r\n\r\n{data}"));
        assert_eq!(events, [ModelEvent::Delta("m".into(), "hi".into()), ModelEvent::Completed(Value::Null)]);
        assert_eq!(result, Ok(()));
    }

    #[test]
    fn what_ends_early_or_refuses_is_told() {
        let (_, cut) = read("HTTP/1.1 200 OK\r\n\r\ndata: {}\n");
        assert_eq!(cut.unwrap_err(), "stream disconnected before completion: stream closed before response.completed");
        let (_, refused) = read("HTTP/1.1 503 Busy\r\n\r\n");
        assert_eq!(refused.unwrap_err(), "unexpected status 503 Busy, url: http://x/responses");
        assert!(read("").1.is_err());
    }
}
