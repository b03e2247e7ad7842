//! A model on 127.0.0.1 that plays a script: the part of the Responses API (server-sent events over HTTP/1.1) that a
//! runtime with a custom provider uses. It keeps every request for the test to look at.

use std::collections::VecDeque;
use std::io::{self, Read, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::{Value, json};

/// The longest head of a request, in bytes.
const MAX_HEAD: usize = 64 * 1024;

/// The longest body of a request, in bytes; a real one is about 40 kB.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// How long a connection of this process to itself may take.
const REACH: Duration = Duration::from_secs(5);

/// How many connections may be open at once.
const MAX_OPEN: usize = 16;

/// How many requests are kept, and how many bytes of them in all. Those that come later are answered and forgotten.
const MAX_REQUESTS: usize = 64;
const MAX_KEPT: usize = 8 * 1024 * 1024;

/// How long a client may take to send its request or read the answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long it waits where a connection cannot be accepted.
const MOMENT: Duration = Duration::from_millis(20);

/// What the model answers when it is asked next.
#[derive(Debug)]
pub(super) enum ModelAnswer {
    /// This text, in two pieces.
    Say(String),
    /// A call of a function of the runtime.
    Call { function: String, arguments: Value },
}

#[derive(Debug, Default)]
struct Played {
    script: VecDeque<ModelAnswer>,
    requests: Vec<Value>,
    /// How many bytes the requests had that are kept.
    kept: usize,
    unexpected: Vec<String>,
    open: usize,
}

#[derive(Debug, Default)]
struct Shared {
    played: Mutex<Played>,
    stopped: AtomicBool,
}

impl Shared {
    fn played(&self) -> MutexGuard<'_, Played> {
        self.played.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running model server; dropping it stops it.
#[derive(Debug)]
pub(super) struct ModelServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
}

impl ModelServer {
    pub(super) fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        // In a sandbox a port can be opened that nothing reaches, and the program would be blamed.
        drop((TcpStream::connect_timeout(&address, REACH)?, listener.accept()?));
        let shared = Arc::new(Shared::default());
        let accepting = Arc::clone(&shared);
        let listener = thread::Builder::new().name("relkit-model".into()).spawn(move || {
            for stream in listener.incoming() {
                if accepting.stopped.load(Ordering::Acquire) {
                    return;
                }
                match stream {
                    Ok(stream) => accept(stream, &accepting),
                    // Most often for want of open files, which is not over at once.
                    Err(_) => thread::sleep(MOMENT),
                }
            }
        })?;
        Ok(Self { address, shared, listener: Some(listener) })
    }

    /// The base URL for the configuration of a provider.
    pub(super) fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Appends to the script; each answer is for one request.
    pub(super) fn play(&self, answers: impl IntoIterator<Item = ModelAnswer>) {
        self.shared.played().script.extend(answers);
    }

    /// The bodies of the requests so far.
    pub(super) fn requests(&self) -> Vec<Value> {
        self.shared.played().requests.clone()
    }

    /// Requests so far that no model server gets, such as `GET /v1/models`.
    pub(super) fn unexpected_requests(&self) -> Vec<String> {
        self.shared.played().unexpected.clone()
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::Release);
        // Wakes the listener from its accept.
        let woken = TcpStream::connect_timeout(&self.address, Duration::from_secs(1)).is_ok();
        if let (true, Some(listener)) = (woken, self.listener.take()) {
            let _ = listener.join();
        }
    }
}

fn accept(stream: TcpStream, shared: &Arc<Shared>) {
    {
        let mut played = shared.played();
        if played.open == MAX_OPEN {
            return;
        }
        played.open += 1;
    }
    let stream = Arc::new(stream);
    let serve = |stream: Arc<TcpStream>, shared: Arc<Shared>| {
        // A client that goes away in the middle of an answer is none of the model's business.
        let _ = serve(&stream, &shared);
        shared.played().open -= 1;
    };
    let (its_stream, its_shared) = (Arc::clone(&stream), Arc::clone(shared));
    if thread::Builder::new().spawn(move || serve(its_stream, its_shared)).is_err() {
        serve(stream, Arc::clone(shared));
    }
}

fn serve(mut stream: &TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    let Some(request) = read_request(&mut stream)? else { return Ok(()) };
    let answer = answer(&request, &mut shared.played());
    stream.write_all(&answer)?;
    stream.shutdown(Shutdown::Write)
}

struct HttpRequest {
    line: String,
    body: Vec<u8>,
}

/// Reads one request; `None` when the client closes without one. Too long or malformed is an error.
fn read_request(stream: &mut impl Read) -> io::Result<Option<HttpRequest>> {
    let malformed = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let mut bytes = Vec::new();
    let mut buffer = [0; 8192];
    let (head, line, length) = loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Ok(None);
        }
        bytes.extend_from_slice(&buffer[..count]);
        let mut headers = [httparse::EMPTY_HEADER; 128];
        let mut request = httparse::Request::new(&mut headers);
        if let httparse::Status::Complete(head) = request.parse(&bytes).map_err(|_| malformed("not HTTP"))? {
            let line = format!("{} {}", request.method.unwrap_or_default(), request.path.unwrap_or_default());
            let header = |name: &str| {
                let found = request.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
                found.and_then(|header| std::str::from_utf8(header.value).ok())
            };
            if header("transfer-encoding").is_some() {
                return Err(malformed("a chunked request"));
            }
            let length = header("content-length").map_or(Ok(0), str::parse::<usize>);
            break (head, line, length.map_err(|_| malformed("content-length"))?);
        }
        if bytes.len() > MAX_HEAD {
            return Err(malformed("the head is too long"));
        }
    };
    if length > MAX_BODY {
        return Err(malformed("the body is too long"));
    }
    let mut body = bytes.split_off(head);
    let missing = length.saturating_sub(body.len());
    stream.take(missing as u64).read_to_end(&mut body)?;
    if body.len() < length {
        return Ok(None);
    }
    body.truncate(length);
    Ok(Some(HttpRequest { line, body }))
}

fn answer(request: &HttpRequest, played: &mut Played) -> Vec<u8> {
    let body = match (request.line.as_str(), serde_json::from_slice::<Value>(&request.body)) {
        ("POST /v1/responses", Ok(body)) => body,
        _ => {
            if played.unexpected.len() < MAX_REQUESTS {
                played.unexpected.push(request.line.chars().take(200).collect());
            }
            return http(404, "application/json", r#"{"error":{"message":"not found"}}"#);
        }
    };
    if played.requests.len() < MAX_REQUESTS && played.kept + request.body.len() <= MAX_KEPT {
        played.kept += request.body.len();
        played.requests.push(body);
    }
    let number = played.requests.len();
    match played.script.pop_front() {
        Some(ModelAnswer::Say(text)) => http(200, "text/event-stream", &said(&text, number)),
        Some(ModelAnswer::Call { function, arguments }) => {
            http(200, "text/event-stream", &called(&function, &arguments, number))
        }
        None => http(500, "application/json", r#"{"error":{"message":"the script is over"}}"#),
    }
}

fn http(status: u16, content_type: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} Scripted\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n{body}"
    )
    .into_bytes()
}

/// The events of an answer of text.
fn said(text: &str, number: usize) -> String {
    let id = format!("message-{number}");
    let message = |content: Value, status: &str| json!({ "type": "message", "id": id, "role": "assistant", "status": status, "content": content });
    let middle = text.char_indices().map(|(index, _)| index).nth(text.chars().count() / 2).unwrap_or(0);
    let (first, second) = text.split_at(middle);
    let delta = |piece: &str| json!({ "type": "response.output_text.delta", "item_id": id, "output_index": 0, "content_index": 0, "delta": piece });
    let whole = message(json!([{ "type": "output_text", "text": text, "annotations": [] }]), "completed");
    events(
        number,
        [
            json!({ "type": "response.output_item.added", "output_index": 0, "item": message(json!([]), "in_progress") }),
            delta(first),
            delta(second),
            json!({ "type": "response.output_item.done", "output_index": 0, "item": whole }),
        ],
    )
}

/// The events of a function call.
fn called(function: &str, arguments: &Value, number: usize) -> String {
    let item = json!({
        "type": "function_call",
        "id": format!("function-{number}"),
        "call_id": format!("call-{number}"),
        "name": function,
        "arguments": arguments.to_string(),
    });
    events(number, [json!({ "type": "response.output_item.done", "output_index": 0, "item": item })])
}

fn events(number: usize, middle: impl IntoIterator<Item = Value>) -> String {
    let id = format!("response-{number}");
    let usage = json!({ "input_tokens": 1, "output_tokens": 1, "total_tokens": 2 });
    let created = json!({ "type": "response.created", "response": { "id": id } });
    let completed = json!({ "type": "response.completed", "response": { "id": id, "usage": usage } });
    let mut text = String::new();
    for event in [created].into_iter().chain(middle).chain([completed]) {
        text += &format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap_or_default());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(server: &ModelServer, request: &str) -> String {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn post(server: &ModelServer, body: &str) -> String {
        let length = body.len();
        ask(server, &format!("POST /v1/responses HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{body}"))
    }

    #[test]
    fn plays_its_script_and_keeps_the_requests() {
        let server = ModelServer::start().unwrap();
        server.play([ModelAnswer::Say("häl lo".into())]);
        let answer = post(&server, r#"{"model":"m"}"#);
        assert!(answer.contains(r#""delta":"häl""#) && answer.contains(r#""delta":" lo""#), "{answer}");
        assert!(answer.contains("event: response.completed\n"), "{answer}");
        let over = post(&server, "{}");
        assert!(over.starts_with("HTTP/1.1 500 ") && over.contains("the script is over"), "{over}");
        assert_eq!(server.requests(), [json!({ "model": "m" }), json!({})]);
    }

    #[test]
    fn unexpected_requests_and_nonsense_do_no_harm() {
        let server = ModelServer::start().unwrap();
        assert!(ask(&server, "GET /v1/models HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404 "));
        assert_eq!(ask(&server, "\0\0\0\0\r\n\r\n"), "");
        assert_eq!(ask(&server, "POST /v1/responses HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n"), "");
        assert!(post(&server, "not json").starts_with("HTTP/1.1 404 "));
        assert_eq!(server.unexpected_requests(), ["GET /v1/models", "POST /v1/responses"]);
        assert!(server.requests().is_empty());
    }

    #[test]
    fn a_flood_of_large_requests_is_answered_and_not_kept() {
        let server = ModelServer::start().unwrap();
        let large = format!("\"{}\"", "x".repeat(MAX_BODY / 2));
        for _ in 0..6 {
            assert!(post(&server, &large).contains("the script is over"));
        }
        assert_eq!(server.requests().len(), MAX_KEPT / (MAX_BODY / 2) - 1);
    }
}
