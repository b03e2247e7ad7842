//! `relkit fetch` against a server that is scripted to misbehave.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use crate::support::{relkit, run, text};

/// What the server does with one request.
enum Answer {
    /// Everything, or the range asked for, with this entity tag.
    Whole(&'static str),
    /// As `Whole`, but the connection is cut after so many bytes of the body.
    Cut(&'static str, usize),
    /// A status without a body.
    Status(&'static str),
    /// A redirect to this path.
    Redirect(&'static str),
}

struct Server {
    address: String,
    requests: Arc<Mutex<Vec<String>>>,
}

/// Serves `body`, one answer per request in order; the last answer is repeated. Ends with the test's process.
fn serve(body: Vec<u8>, answers: Vec<Answer>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&requests);
    thread::spawn(move || {
        for (index, stream) in listener.incoming().take(20).enumerate() {
            let answer = answers.get(index).or(answers.last()).unwrap();
            let mut stream = stream.unwrap();
            let head = read_head(&mut stream);
            respond(&mut stream, &head, &body, answer);
            seen.lock().unwrap().push(head);
        }
    });
    Server { address, requests }
}

fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap().to_ascii_lowercase()
}

fn respond(stream: &mut TcpStream, head: &str, body: &[u8], answer: &Answer) {
    let (tag, cut) = match answer {
        Answer::Whole(tag) => (tag, usize::MAX),
        Answer::Cut(tag, bytes) => (tag, *bytes),
        Answer::Status(status) => {
            let _ = write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            return;
        }
        Answer::Redirect(to) => {
            let _ = write!(
                stream,
                "HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            );
            return;
        }
    };
    let asked =
        head.lines().find_map(|line| line.strip_prefix("range: bytes=")?.trim_end_matches('-').parse::<usize>().ok());
    let same = head.contains(&format!("if-range: {}", tag.to_ascii_lowercase()));
    let start = asked.filter(|start| same && *start < body.len()).unwrap_or(0);
    let rest = &body[start..];
    let status = if start > 0 {
        format!("206 Partial Content\r\ncontent-range: bytes {start}-{}/{}", body.len() - 1, body.len())
    } else {
        "200 OK".to_owned()
    };
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\netag: {tag}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        rest.len()
    );
    let _ = stream.write_all(&rest[..rest.len().min(cut)]);
}

fn body() -> Vec<u8> {
    (0..300_000_u32).flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()).collect()
}

fn digest(bytes: &[u8]) -> String {
    relkit::digest::Sha256Digest::of(bytes).to_string()
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_cut_connection_is_resumed_by_range() {
    let server =
        serve(body(), vec![Answer::Cut("\"v1\"", 500_000), Answer::Cut("\"v1\"", 200_000), Answer::Whole("\"v1\"")]);
    let directory = tempfile::tempdir().unwrap();
    let output = run(relkit()
        .args(["fetch", &format!("{}/codex.tar.gz", server.address), "--sha256", &digest(&body()), "--out"])
        .arg(directory.path()));
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(fs::read(directory.path().join("codex.tar.gz")).unwrap(), body());
    assert_eq!(names(directory.path()), ["codex.tar.gz"]);
    let requests = server.requests.lock().unwrap();
    assert!(
        requests[1].contains("range: bytes=500000-") && requests[2].contains("range: bytes=700000-"),
        "{requests:?}"
    );
}

#[test]
fn an_artefact_that_changed_meanwhile_is_fetched_anew() {
    let server = serve(body(), vec![Answer::Cut("\"v1\"", 500_000), Answer::Whole("\"v2\"")]);
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("named");
    let output = run(relkit().args(["fetch", &server.address, "--no-digest", "--out"]).arg(&out));
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(fs::read(out).unwrap(), body());
}

#[test]
fn an_interrupted_run_goes_on_in_the_next_one() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("codex");
    fs::write(directory.path().join(".codex.relkit-part"), &body()[..400_000]).unwrap();
    fs::write(directory.path().join(".codex.relkit-part-etag"), "\"v1\"").unwrap();
    let server = serve(body(), vec![Answer::Whole("\"v1\"")]);
    let output = run(relkit().args(["fetch", &server.address, "--sha256", &digest(&body()), "--out"]).arg(&out));
    assert!(output.status.success(), "{}", text(&output));
    assert!(server.requests.lock().unwrap()[0].contains("range: bytes=400000-"));
    assert_eq!(fs::read(&out).unwrap(), body());
}

#[test]
fn bad_bytes_of_an_earlier_run_do_not_stay() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("codex");
    fs::write(directory.path().join(".codex.relkit-part"), vec![0; 400_000]).unwrap();
    fs::write(directory.path().join(".codex.relkit-part-etag"), "\"v1\"").unwrap();
    let server = serve(body(), vec![Answer::Whole("\"v1\"")]);
    let output = run(relkit().args(["fetch", &server.address, "--sha256", &digest(&body()), "--out"]).arg(&out));
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(fs::read(&out).unwrap(), body());
}

#[test]
fn a_wrong_digest_leaves_nothing_new_and_nothing_lost() {
    let server = serve(body(), vec![Answer::Whole("\"v1\"")]);
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("codex");
    fs::write(&out, "what was there before").unwrap();
    let output = run(relkit().args(["fetch", &server.address, "--sha256", &digest(b"other"), "--out"]).arg(&out));
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains(&digest(&body())) && text(&output).contains(&digest(b"other")));
    assert_eq!(fs::read_to_string(&out).unwrap(), "what was there before");
    assert_eq!(names(directory.path()), ["codex"]);
}

#[test]
fn refusals_end_at_once_and_overload_does_not() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("codex");
    let refused = serve(body(), vec![Answer::Status("404 Not Found")]);
    let output = run(relkit().args(["fetch", &refused.address, "--no-digest", "--out"]).arg(&out));
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    assert_eq!(refused.requests.lock().unwrap().len(), 1);
    let busy = serve(body(), vec![Answer::Status("503 Busy"), Answer::Redirect("/real"), Answer::Whole("\"v1\"")]);
    let output = run(relkit().args(["fetch", &busy.address, "--no-digest", "--out"]).arg(&out));
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(fs::read(&out).unwrap(), body());
}

#[test]
fn what_must_be_typed() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("codex");
    for arguments in [
        &["fetch", "https://example.invalid/a", "--out"][..],
        &["fetch", "not a url", "--no-digest", "--out"],
        &["fetch", "ftp://example.invalid/a", "--no-digest", "--out"],
        &["fetch", "http://example.invalid/a", "--no-digest", "--out"],
        &["fetch", "https://example.invalid/a", "--sha256", "abc", "--out"],
    ] {
        let output = run(relkit().args(arguments).arg(&out));
        assert_eq!(output.status.code(), Some(2), "{arguments:?} {}", text(&output));
    }
    assert_eq!(names(directory.path()), Vec::<String>::new());
}
