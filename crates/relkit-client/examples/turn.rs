//! One turn: `cargo run --example turn -- path/to/codex`. A model of a few lines answers on 127.0.0.1, so that neither
//! credentials nor a network are needed; with `-- path/to/codex BASE_URL` another provider of the Responses API does.

use std::error::Error;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use relkit_client::process::Invocation;
use relkit_client::{Event, Input, Item, Options, Session};
use serde_json::json;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let executable = arguments.next().ok_or("usage: turn PATH_TO_CODEX [BASE_URL]")?;
    let base_url = arguments.next().map_or_else(start_model, Ok)?;

    // An empty home of its own, gone afterwards. Your program would keep one, with its configuration in it.
    let home = tempfile::tempdir()?;
    let provider = format!("{{name=\"example\",base_url=\"{base_url}\",wire_api=\"responses\"}}");
    let server = Invocation::new(executable)
        .argument("app-server")
        .arguments(["-c", "model=\"example\"", "-c", "model_provider=\"example\""])
        .argument("-c")
        .argument(format!("model_providers.example={provider}"))
        .variable("CODEX_HOME", home.path())
        .inherit("PATH");

    let options = Options::new("turn-example", "1.0").turn_deadline(Duration::from_secs(60));
    let mut session = Session::start(&server, options)?;
    println!("talking to {}", session.server().user_agent);

    let thread = session.start_thread(json!({ "cwd": home.path(), "approvalPolicy": "never" }))?;
    let mut turn = session.start_turn(&thread.id, &[Input::text("Say hello")])?;
    while let Some(notification) = turn.next_notification()? {
        match notification.event {
            Event::ItemCompleted(Item::AgentMessage { text, .. }) => println!("{text}"),
            Event::Error { error, .. } => println!("the server complains: {error}"),
            Event::TurnCompleted { status, .. } => println!("the turn ended: {status:?}"),
            _ => {}
        }
    }

    let (closing, _) = session.close(Duration::from_secs(10));
    println!("the server: {closing:?}");
    Ok(())
}

/// Starts a model that says one sentence to whoever asks, and returns the base URL of its API.
fn start_model() -> std::io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let base_url = format!("http://{}/v1", listener.local_addr()?);
    std::thread::spawn(move || listener.incoming().flatten().try_for_each(answer));
    Ok(base_url)
}

fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut request, mut length) = (String::new(), 0);
    reader.read_line(&mut request)?;
    for line in reader.by_ref().lines() {
        let line = line?.to_ascii_lowercase();
        match line.strip_prefix("content-length:") {
            Some(value) => length = value.trim().parse().unwrap_or(0),
            None if line.is_empty() => break,
            None => {}
        }
    }
    std::io::copy(&mut reader.take(length), &mut std::io::sink())?;
    let status = if request.starts_with("POST /v1/responses ") { "200 OK" } else { "404 Not Found" };
    let head = "content-type: text/event-stream\r\nconnection: close";
    write!(stream, "HTTP/1.1 {status}\r\n{head}\r\ncontent-length: {}\r\n\r\n{EVENTS}", EVENTS.len())
}

/// An answer of the model, as server-sent events.
const EVENTS: &str = r#"event: response.created
data: {"type":"response.created","response":{"id":"r"}}

event: response.output_item.done
data: {"type":"response.output_item.done","output_index":0,"item":{"type":"message","id":"m","role":"assistant","content":[{"type":"output_text","text":"Hello from the script."}]}}

event: response.completed
data: {"type":"response.completed","response":{"id":"r"}}

"#;
