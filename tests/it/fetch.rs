//! `relkit fetch` against a server that is scripted to misbehave.

use std::fs;
use std::io::{self, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Output;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::http::{self, Head, response};
use crate::support::{names, relkit, run, text};

/// What the server does with one request.
enum Answer {
    /// Everything, or the range asked for, with this entity tag.
    Whole(&'static str),
    /// As `Whole`, but the connection is cut after so many bytes of the body.
    Cut(&'static str, usize),
    /// A part of these bytes up to one before the end, whatever version was asked for.
    Part(&'static str, usize),
    /// Nothing, for so long.
    Silence(Duration),
    /// A byte now and then, without end.
    Drip,
    /// A status without a body.
    Status(&'static str),
    /// A redirect to this path.
    Redirect(&'static str),
}

struct Server {
    address: String,
    /// The range that each request asked for.
    ranges: Arc<Mutex<Vec<String>>>,
}

/// What the server says with a status.
const SAID: &str = r#"{"message":"nothing is kept here"}"#;

/// Serves `body`, one answer per request in order; the last answer is repeated.
fn serve(answers: Vec<Answer>) -> Server {
    let ranges = Arc::new(Mutex::new(Vec::<String>::new()));
    let seen = Arc::clone(&ranges);
    let address = http::serve(move |mut stream| {
        let head = Head::read(&mut stream)?;
        let index = seen.lock().unwrap().len();
        seen.lock().unwrap().push(head.header("range").to_owned());
        respond(&mut stream, &head, &body(), answers.get(index).or(answers.last()).unwrap())
    });
    Server { address, ranges }
}

fn respond(stream: &mut TcpStream, head: &Head, body: &[u8], answer: &Answer) -> io::Result<()> {
    let (tag, cut) = match answer {
        Answer::Whole(tag) => (tag, usize::MAX),
        Answer::Cut(tag, bytes) => (tag, *bytes),
        Answer::Silence(long) => {
            std::thread::sleep(*long);
            return Ok(());
        }
        Answer::Drip => {
            write!(stream, "HTTP/1.1 200 OK\r\netag: \"v1\"\r\ncontent-length: {}\r\n\r\n", body.len())?;
            loop {
                stream.write_all(b"x")?;
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        Answer::Part(tag, end) => {
            let range = head.header("range").strip_prefix("bytes=").unwrap_or("0-");
            let start: usize = range.trim_end_matches('-').parse().unwrap();
            let (length, last, total) = (end - start, end - 1, body.len());
            write!(stream, "HTTP/1.1 206 Partial Content\r\netag: {tag}\r\ncontent-length: {length}\r\n")?;
            write!(stream, "content-range: bytes {start}-{last}/{total}\r\nconnection: close\r\n\r\n")?;
            return stream.write_all(&body[start..*end]);
        }
        Answer::Status(status) => return stream.write_all(response(status, "", SAID).as_bytes()),
        Answer::Redirect(to) => {
            return stream.write_all(response("302 Found", &format!("location: {to}\r\n"), "").as_bytes());
        }
    };
    let asked = head.header("range").strip_prefix("bytes=").and_then(|range| range.trim_end_matches('-').parse().ok());
    let start = asked.filter(|start| head.header("if-range") == *tag && *start < body.len()).unwrap_or(0);
    let rest = &body[start..];
    let status = if start > 0 {
        format!("206 Partial Content\r\ncontent-range: bytes {start}-{}/{}", body.len() - 1, body.len())
    } else {
        "200 OK".to_owned()
    };
    let length = rest.len();
    write!(stream, "HTTP/1.1 {status}\r\netag: {tag}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n")?;
    stream.write_all(&rest[..length.min(cut)])
}

fn body() -> Vec<u8> {
    (0..300_000_u32).flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()).collect()
}

fn digest(bytes: &[u8]) -> String {
    relkit::digest::Sha256Digest::of(bytes).to_string()
}

/// `relkit fetch` of the file at `url`, which must have the digest of these bytes, where any are given.
fn fetch(url: &str, bytes: Option<&[u8]>, out: &Path) -> Output {
    let expected = bytes.map(|bytes| ["--sha256".to_owned(), digest(bytes)]);
    let mut command = relkit();
    command.args(["fetch", url]).args(expected.into_iter().flatten());
    run(command.args(bytes.is_none().then_some("--no-digest")).arg("--out").arg(out))
}

#[track_caller]
fn assert_fetched(output: &Output, out: &Path) {
    assert!(output.status.success(), "{}", text(output));
    assert!(fs::read(out).unwrap() == body());
}

#[test]
fn a_cut_connection_is_resumed_by_range() {
    let server = serve(vec![Answer::Cut("\"v1\"", 500_000), Answer::Cut("\"v1\"", 200_000), Answer::Whole("\"v1\"")]);
    let directory = tempfile::tempdir().unwrap();
    let output = fetch(&format!("{}/codex.tar.gz", server.address), Some(&body()), directory.path());
    assert_fetched(&output, &directory.path().join("codex.tar.gz"));
    assert_eq!(names(directory.path()), ["codex.tar.gz"]);
    assert_eq!(server.ranges.lock().unwrap()[1..], ["bytes=500000-", "bytes=700000-"]);
}

#[test]
fn a_server_that_sends_hardly_anything_is_given_up() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("artefact");
    let server = serve(vec![Answer::Drip]);
    let mut command = relkit();
    command.args(["fetch", &server.address, "--no-digest", "--timeout", "1", "--out"]).arg(&out);
    let output = crate::support::run_in_time(&mut command);
    let said = text(&output);
    assert!(
        output.status.code() == Some(2) && said.contains("after 2 attempts") && said.contains("bytes came in"),
        "{said}"
    );
    // One that was slow once, and is not any more, brings the file.
    let server = serve(vec![Answer::Drip, Answer::Whole("\"v2\"")]);
    let mut command = relkit();
    command.args(["fetch", &server.address, "--sha256", &digest(&body()), "--timeout", "1", "--out"]).arg(&out);
    assert_fetched(&run(&mut command), &out);
}

#[test]
fn an_artefact_that_changed_meanwhile_is_fetched_anew() {
    let server = serve(vec![Answer::Cut("\"v1\"", 500_000), Answer::Whole("\"v2\"")]);
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("named");
    assert_fetched(&fetch(&server.address, None, &out), &out);
}

#[test]
fn a_part_of_other_bytes_or_not_the_whole_rest_is_not_gone_on_with() {
    // A server that sends the rest of another version all the same, and one that sends less than the rest.
    for part in [Answer::Part("\"v2\"", body().len()), Answer::Part("\"v1\"", 600_000)] {
        let server = serve(vec![Answer::Cut("\"v1\"", 500_000), part, Answer::Whole("\"v2\"")]);
        let directory = tempfile::tempdir().unwrap();
        let out = directory.path().join("named");
        // Without a digest nothing else would tell.
        assert_fetched(&fetch(&server.address, None, &out), &out);
        assert_eq!(*server.ranges.lock().unwrap(), ["", "bytes=500000-", ""]);
    }
}

#[cfg(unix)]
#[test]
fn an_interrupt_before_the_first_byte_leaves_nothing() {
    use std::process::{Command, Stdio};
    let server = serve(vec![Answer::Silence(Duration::from_secs(30))]);
    let directory = tempfile::tempdir().unwrap();
    let mut command = relkit();
    command.args(["fetch", &format!("{}/codex", server.address), "--no-digest", "--out", "a/b/"]);
    command.current_dir(directory.path()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    for _ in 0..2000 {
        if !server.ranges.lock().unwrap().is_empty() {
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(directory.path().join("a/b").is_dir());
    crate::support::succeed(Command::new("kill").args(["-s", "TERM", &child.id().to_string()]));
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(names(directory.path()), Vec::<String>::new());
}

#[test]
fn an_interrupted_run_goes_on_in_the_next_one_and_bad_bytes_of_it_do_not_stay() {
    for part in [&body()[..400_000], &vec![0; 400_000]] {
        let directory = tempfile::tempdir().unwrap();
        let out = directory.path().join("codex");
        fs::write(directory.path().join(".codex.relkit-part"), part).unwrap();
        fs::write(directory.path().join(".codex.relkit-part-etag"), "\"v1\"").unwrap();
        let server = serve(vec![Answer::Whole("\"v1\"")]);
        assert_fetched(&fetch(&server.address, Some(&body()), &out), &out);
        assert_eq!(server.ranges.lock().unwrap()[0], "bytes=400000-");
    }
}

#[test]
fn a_wrong_digest_leaves_nothing_new_and_nothing_lost() {
    let server = serve(vec![Answer::Whole("\"v1\"")]);
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("codex");
    fs::write(&out, "what was there before").unwrap();
    let output = fetch(&server.address, Some(b"other"), &out);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains(&digest(&body())) && text(&output).contains(&digest(b"other")));
    assert_eq!(fs::read_to_string(&out).unwrap(), "what was there before");
    assert_eq!(names(directory.path()), ["codex"]);
}

#[test]
fn refusals_end_at_once_and_overload_does_not() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("codex");
    let refused = serve(vec![Answer::Status("404 Not Found")]);
    let output = fetch(&refused.address, None, &out);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    assert!(text(&output).contains("answered 404 Not Found: nothing is kept here"), "{}", text(&output));
    assert_eq!(refused.ranges.lock().unwrap().len(), 1);
    let busy = serve(vec![Answer::Status("503 Busy"), Answer::Redirect("/real"), Answer::Whole("\"v1\"")]);
    assert_fetched(&fetch(&busy.address, None, &out), &out);
}

#[test]
fn a_circle_of_redirects_ends_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("codex");
    let server = serve(vec![Answer::Redirect("/a"), Answer::Redirect("/b"), Answer::Redirect("/a")]);
    let output = fetch(&server.address, Some(&body()), &out);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    assert!(text(&output).contains("redirected in a circle"), "{}", text(&output));
    assert!(server.ranges.lock().unwrap().len() <= 4);
    assert_eq!(names(directory.path()), Vec::<String>::new());
}

#[test]
fn two_processes_on_one_file_work_apart() {
    for expected in [Some(body()), None] {
        let server = serve(vec![Answer::Cut("\"v1\"", 500_000), Answer::Whole("\"v1\"")]);
        let directory = tempfile::tempdir().unwrap();
        let (url, out) = (format!("{}/codex", server.address), directory.path().join("codex"));
        let outputs: Vec<_> = std::thread::scope(|scope| {
            let one = || scope.spawn(|| fetch(&url, expected.as_deref(), &out));
            [one(), one()].into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        outputs.iter().for_each(|output| assert_fetched(output, &out));
        assert_eq!(names(directory.path()), ["codex"]);
    }
}

#[test]
fn what_cannot_be_written_is_told_by_the_name_that_was_given() {
    let server = serve(vec![Answer::Whole("\"v1\"")]);
    let directory = tempfile::tempdir().unwrap();
    let url = format!("{}/codex.tar.gz", server.address);
    // A directory of the file's name is seen before anything is asked for.
    fs::create_dir(directory.path().join("codex.tar.gz")).unwrap();
    for out in [directory.path().to_owned(), directory.path().join("codex.tar.gz/")] {
        fs::create_dir_all(directory.path().join("codex.tar.gz/codex.tar.gz")).unwrap();
        let output = fetch(&url, None, &out);
        let said = text(&output);
        assert!(output.status.code() == Some(2) && said.contains("codex.tar.gz`") && said.contains("hint: "), "{said}");
    }
    assert_eq!(server.ranges.lock().unwrap().len(), 0);
    assert_eq!(names(directory.path()), ["codex.tar.gz"]);
    // A name too long for the file system, and one below a file.
    fs::write(directory.path().join("file"), "").unwrap();
    for out in ["a".repeat(300), "file/codex".to_owned()] {
        let output = fetch(&url, None, &directory.path().join(&out));
        let said = text(&output);
        assert!(output.status.code() == Some(2) && said.contains("hint: "), "{said}");
        assert!(said.contains("cannot fetch to `") && said.contains(&format!("{out}`")), "{said}");
        assert!(!said.contains("relkit-part"), "{said}");
    }
    assert_eq!(names(directory.path()), ["codex.tar.gz", "file"]);
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
        let usage = String::from_utf8_lossy(&output.stderr).contains("Usage: ");
        assert!(usage || String::from_utf8_lossy(&output.stderr).contains("\nhint: "), "{}", text(&output));
    }
    assert_eq!(names(directory.path()), Vec::<String>::new());
}
