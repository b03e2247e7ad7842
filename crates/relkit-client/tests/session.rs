//! The client against servers that misbehave in every way the protocol notes tell of; each server is a few lines of shell.

#![cfg(unix)]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use relkit_client::process::{Closing, Ending, Invocation};
use relkit_client::{ClientError, ClosedBy, Event, Input, Notification, Options, Reply, Session, TurnStatus};
use serde_json::{Value, json};

/// Answers `initialize` and swallows `initialized`.
const HANDSHAKE: &str = r#"read -r _; echo '{"id":1,"result":{"userAgent":"tester/1.2.3 (x) y"}}'; read -r _;"#;

/// Answers `thread/start` and `turn/start`.
const TURN: &str = r#"read -r _; echo '{"id":2,"result":{"thread":{"id":"T","cliVersion":"1.2.3"}}}';
    read -r _; echo '{"id":3,"result":{"turn":{"id":"U"}}}';"#;

fn shell(script: &str) -> Invocation {
    Invocation::new("/bin/sh").argument("-c").argument(script).variable("PATH", "/usr/bin:/bin")
}

fn options() -> Options {
    Options::new("tester", "0").request_deadline(Duration::from_secs(20)).turn_deadline(Duration::from_secs(20))
}

fn start(script: &str) -> Result<Session, ClientError> {
    Session::start(&shell(script), options())
}

fn handshaken(rest: &str) -> Session {
    start(&format!("{HANDSHAKE} {rest}")).unwrap()
}

#[test]
fn reads_the_version_off_the_user_agent() {
    let session = handshaken("cat > /dev/null");
    assert_eq!(session.server().version.as_deref(), Some("1.2.3"));
    assert_eq!(session.close(Duration::from_secs(20)).0, Closing::Ended(Ending::Code(0)));
}

#[test]
fn an_early_end_is_told_with_its_code_and_last_words() {
    let error = start("echo first >&2; echo broken home >&2; exit 3").unwrap_err();
    assert_eq!(error.to_string(), "the server ended with exit code 3");
    assert_eq!(error.stderr_tail(), Some("first\nbroken home"));
    let error = start("kill -SEGV $$").unwrap_err();
    assert_eq!(error.to_string(), "the server ended with signal 11 (SIGSEGV)");
}

#[test]
fn the_end_is_sticky() {
    let mut session = handshaken("exit 0");
    for _ in 0..2 {
        match session.call("model/list", json!({})) {
            Err(ClientError::Closed(closed)) => {
                assert_eq!((closed.by, closed.ending), (ClosedBy::EndOfOutput, Some(Ending::Code(0))));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_silent_server_is_given_up_and_ended() {
    let started = Instant::now();
    let options = options().request_deadline(Duration::from_millis(300));
    let error = Session::start(&shell("echo waiting >&2; exec sleep 600"), options).unwrap_err();
    assert!(matches!(&error, ClientError::TimedOut { method, .. } if method == "initialize"), "{error:?}");
    assert_eq!(error.stderr_tail(), Some("waiting"));
    assert!(started.elapsed() < Duration::from_secs(60));
}

#[test]
fn a_server_that_never_reads_cannot_hold_the_caller() {
    let mut session = handshaken("exec sleep 600");
    session.set_deadlines(Duration::from_millis(300), Duration::from_millis(300));
    let large = "x".repeat(8 << 20);
    let error = session.start_turn("T", &[Input::text(large)]).unwrap_err();
    assert!(matches!(error, ClientError::TimedOut { .. }), "{error:?}");
}

#[test]
fn late_answers_are_dropped() {
    let mut session = handshaken(
        r#"read -r _; read -r _; echo '{"id":2,"result":"late"}'; echo '{"id":99,"result":"stray"}';
           echo '{"id":3,"result":"right"}'; cat > /dev/null"#,
    );
    let late = session.call_within("slow", json!({}), Duration::from_millis(200));
    assert!(matches!(late, Err(ClientError::TimedOut { .. })));
    assert_eq!(session.call("quick", json!({})).unwrap(), "right");
}

#[test]
fn garbage_is_put_up_with_and_remembered_until_there_is_too_much() {
    let mut session = handshaken(r#"echo 'not json'; echo; read -r _; echo '{"id":2,"result":5}'; cat > /dev/null"#);
    assert_eq!(session.call("model/list", json!({})).unwrap(), 5);
    assert_eq!(session.garbage(), ["not json"]);
    let error = start("while :; do echo '<html>'; done").unwrap_err();
    assert_eq!(error.to_string(), "the server writes lines that are no messages, the first: `<html>`");
}

#[test]
fn an_overloaded_server_is_asked_again() {
    let mut session = handshaken(
        r#"read -r _; echo '{"error":{"code":-32001,"message":"Server overloaded; retry later."},"id":2}';
           read -r _; echo '{"error":{"code":-32001,"message":"Server overloaded; retry later."},"id":3}';
           read -r _; echo '{"id":4,"result":"at last"}'; cat > /dev/null"#,
    );
    assert_eq!(session.call("model/list", json!({})).unwrap(), "at last");
}

#[test]
fn a_refusal_is_told_as_it_is() {
    let mut session =
        handshaken(r#"read -r _; echo '{"error":{"code":-32600,"message":"thread not found: T"},"id":2}'; cat"#);
    let error = session.call("thread/read", json!({ "threadId": "T" })).unwrap_err();
    assert_eq!(error.to_string(), "`thread/read` was refused: thread not found: T (code -32600)");
}

#[test]
fn requests_of_the_server_are_refused_by_default_and_answered_by_a_responder() {
    // The server's ids begin at 0 and collide with those of the client; its answer quotes ours.
    let script = format!(
        r#"{HANDSHAKE} read -r _; echo '{{"method":"item/tool/call","id":2,"params":{{"a":1}}}}'; read -r answer;
           echo "{{\"id\":2,\"result\":$answer}}"; cat > /dev/null"#
    );
    let mut session = start(&script).unwrap();
    let answer = session.call("turn/start", json!({})).unwrap();
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(2), &json!(-32601)));

    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    let options = options().responder(move |request| {
        kept.lock().unwrap().push(request.clone());
        Reply::Result(json!({ "decision": "accept" }))
    });
    let mut session = Session::start(&shell(&script), options).unwrap();
    let answer = session.call("turn/start", json!({})).unwrap();
    assert_eq!(answer, json!({ "id": 2, "result": { "decision": "accept" } }));
    let seen = seen.lock().unwrap();
    assert_eq!((seen[0].method.as_str(), &seen[0].params), ("item/tool/call", &json!({ "a": 1 })));
}

fn turn(rest: &str) -> (Session, String) {
    let mut session = handshaken(&format!("{TURN} {rest}"));
    let thread = session.start_thread(json!({})).unwrap();
    (session, thread.id)
}

#[test]
fn a_turn_is_told_by_its_id_even_before_its_answer() {
    let script = r#"read -r _; echo '{"id":2,"result":{"thread":{"id":"T"}}}'; read -r _;
        echo '{"method":"turn/completed","params":{"threadId":"T","turn":{"id":"OTHER","status":"completed"}}}';
        echo '{"method":"turn/started","emittedAtMs":1,"params":{"threadId":"T","turn":{"id":"U"}}}';
        echo '{"id":3,"result":{"turn":{"id":"U"}}}';
        echo '{"method":"item/completed","params":{"threadId":"T","turnId":"U","item":{"type":"agentMessage","id":"m","text":"hello"}}}';
        echo '{"method":"turn/completed","params":{"threadId":"T","turn":{"id":"U","status":"completed","items":[]}}}';
        cat > /dev/null"#;
    let mut session = handshaken(script);
    let thread = session.start_thread(json!({})).unwrap();
    let mut turn = session.start_turn(&thread.id, &[Input::text("hi")]).unwrap();
    let first = turn.next_notification().unwrap().unwrap();
    let (thread_id, turn_id) = (Some("T".into()), Some("U".into()));
    assert_eq!(first, Notification { thread_id, turn_id, event: Event::TurnStarted });
    let outcome = turn.finish().unwrap();
    assert_eq!((outcome.status.clone(), outcome.answer.as_deref()), (TurnStatus::Completed, Some("hello")));
    // What was said of another turn is still there for who asks.
    let other = session.next_notification(Duration::ZERO).unwrap().unwrap();
    assert_eq!(other.turn_id.as_deref(), Some("OTHER"));
}

#[test]
fn a_failed_turn_has_its_cause() {
    let (mut session, thread) = turn(
        r#"echo '{"method":"error","params":{"threadId":"T","turnId":"U","willRetry":true,"error":{"message":"Reconnecting... 1/2"}}}';
        echo '{"method":"turn/completed","params":{"threadId":"T","turn":{"id":"U","status":"failed","error":{"message":"no key","codexErrorInfo":{"httpConnectionFailed":{"httpStatusCode":401}},"additionalDetails":null}}}}';
        cat > /dev/null"#,
    );
    let outcome = session.start_turn(&thread, &[Input::text("hi")]).unwrap().finish().unwrap();
    let error = outcome.error.clone().unwrap();
    assert_eq!(error.code.as_deref(), Some("httpConnectionFailed"));
    assert_eq!(error.code_details, Some(json!({ "httpStatusCode": 401 })));
    assert_eq!(outcome.into_answer().unwrap_err().to_string(), "the turn failed: no key (httpConnectionFailed)");
}

#[test]
fn an_endless_turn_is_interrupted_at_its_deadline() {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("log");
    let (mut session, thread) = turn(&format!(
        r#"echo '{{"method":"error","params":{{"threadId":"T","turnId":"U","willRetry":true,"error":{{"message":"waiting for network"}}}}}}';
        read -r line; echo "$line" > '{}'; echo '{{"id":4,"result":{{}}}}';
        echo '{{"method":"turn/completed","params":{{"threadId":"T","turn":{{"id":"U","status":"interrupted","error":null}}}}}}';
        cat > /dev/null"#,
        log.display()
    ));
    session.set_deadlines(Duration::from_secs(20), Duration::from_millis(400));
    let error = session.start_turn(&thread, &[Input::text("hi")]).unwrap().finish().unwrap_err();
    assert_eq!(error.to_string(), "the turn did not complete within 0.4 s: waiting for network");
    let sent: Value = serde_json::from_slice(&std::fs::read(&log).unwrap()).unwrap();
    assert_eq!(sent["method"], "turn/interrupt");
    assert_eq!(sent["params"], json!({ "threadId": "T", "turnId": "U" }));
}

#[test]
fn a_server_that_ignores_the_end_of_its_input_is_killed() {
    let session = handshaken("exec sleep 600");
    assert_eq!(session.close(Duration::from_millis(200)).0, Closing::Killed);
}

#[test]
fn what_is_not_there_does_not_start() {
    let error = Session::start(&Invocation::new("/nonexistent/codex"), options()).unwrap_err();
    assert!(matches!(error, ClientError::Start(_)), "{error:?}");
}

/// Prints a message again and again, whose parameters are a text of a megabyte.
fn flood(message: &str) -> String {
    format!("x=$(head -c 1000000 /dev/zero | tr '\\0' x); while :; do {message}; done")
}

fn patient() -> Options {
    let long = Duration::from_secs(300);
    Options::new("tester", "0").request_deadline(long).turn_deadline(long)
}

#[test]
fn a_flood_of_notifications_ends_the_conversation() {
    let script = flood(r#"echo "{\"method\":\"n\",\"params\":\"$x\"}""#);
    let error = Session::start(&shell(&script), patient()).unwrap_err();
    assert!(error.to_string().contains("messages, or 134217728 bytes of them, that nobody waited for"), "{error}");
    // Nor may what is told of another turn go on for ever.
    let script = flood(r#"echo "{\"method\":\"n\",\"params\":{\"turnId\":\"OTHER\",\"x\":\"$x\"}}""#);
    let mut session = Session::start(&shell(&format!("{HANDSHAKE} {TURN} {script}")), patient()).unwrap();
    let thread = session.start_thread(json!({})).unwrap();
    let error = session.start_turn(&thread.id, &[]).unwrap().finish().unwrap_err();
    assert!(matches!(&error, ClientError::Closed(closed) if matches!(closed.by, ClosedBy::Flood { .. })), "{error}");
}

#[test]
fn requests_of_a_server_that_reads_no_answers_end_the_conversation() {
    let script = flood(r#"echo "{\"method\":\"ask\",\"id\":\"$x\"}""#);
    let error = Session::start(&shell(&script), patient()).unwrap_err();
    assert_eq!(error.to_string(), "the server left more than 67108864 bytes unread that were sent to it");
}

#[test]
fn a_turn_of_endless_items_ends_the_conversation() {
    let item = r#"{\"type\":\"agentMessage\",\"id\":\"m\",\"text\":\"$x\"}"#;
    let item = format!(
        r#"echo "{{\"method\":\"item/completed\",\"params\":{{\"threadId\":\"T\",\"turnId\":\"U\",\"item\":{item}}}}}""#
    );
    let mut session = Session::start(&shell(&format!("{HANDSHAKE} {TURN} {}", flood(&item))), patient()).unwrap();
    let thread = session.start_thread(json!({})).unwrap();
    let error = session.start_turn(&thread.id, &[]).unwrap().finish().unwrap_err();
    assert_eq!(error.to_string(), "the items of the turn take more than 268435456 bytes");
}

#[cfg(target_os = "linux")]
#[test]
fn nothing_that_the_server_started_outlives_the_session() {
    let directory = tempfile::tempdir().unwrap();
    let pids = directory.path().join("pids");
    // One child in the server's session, one that left it and whose parent is gone.
    let script = format!(
        r#"{HANDSHAKE} sleep 600 & echo $! >> '{0}'; (setsid sh -c 'echo $$ >> "{0}"; exec sleep 600' &)
           while [ "$(wc -l < '{0}')" -lt 2 ]; do sleep 0.02; done; read -r _; echo '{{"id":2,"result":1}}'; cat > /dev/null"#,
        pids.display()
    );
    for end in ["close", "drop"] {
        let _ = std::fs::remove_file(&pids);
        let mut session = start(&script).unwrap();
        session.call("ready", json!({})).unwrap();
        match end {
            "close" => assert_eq!(session.close(Duration::from_secs(20)).0, Closing::Ended(Ending::Code(0))),
            _ => drop(session),
        }
        let listed = std::fs::read_to_string(&pids).unwrap();
        let running = |pid: &str| {
            let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            !status.is_empty() && !status.contains(") Z ")
        };
        let deadline = Instant::now() + Duration::from_secs(10);
        while listed.split_whitespace().any(running) {
            assert!(Instant::now() < deadline, "after {end}: {listed}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
