//! Publishing to an index that is scripted to misbehave: every known answer, every broken connection, and what the index
//! ends up with.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use relkit::error::{Exit, Explain as _};
use relkit::publish::attestation::Attestations;
use relkit::publish::error::PublishError;
use relkit::publish::receipt::{FileState, PublishOutcome};
use relkit::publish::upload::Patience;
use relkit::publish::wait::Pace;

use crate::support::index::{Duplicates, Fault, Form, ScriptedIndex, Stored, response};
use crate::support::publish::{Bench, Job, TOKEN, bench, dist, files, quick, wheel};
use crate::support::read_json;

#[test]
fn runtime_first_smallest_first_and_the_sdk_once_all_is_visible() {
    let bench = bench();
    bench.index.lag(Duration::from_millis(150));
    let receipt = bench.dist.with_file_name("receipt.json");
    let run = Job { receipt: Some(receipt.clone()), ..bench.job() }.run();
    run.succeeded();
    bench.assert_complete();
    let order: Vec<_> = bench.index.files().into_iter().map(|file| file.name).collect();
    assert_eq!(
        order,
        [
            "acme_bin-1.2.3-py3-none-win_amd64.whl",
            "acme_bin-1.2.3-py3-none-musllinux_1_1_x86_64.whl",
            "acme_bin-1.2.3-py3-none-macosx_11_0_arm64.whl",
            "acme_sdk-1.2.3-py3-none-any.whl",
            "acme_sdk-1.2.3.tar.gz",
        ]
    );
    let written = read_json(&receipt);
    assert_eq!(written["outcome"], "published");
    assert!(
        written["files"].as_array().unwrap().iter().all(|file| file["state"] == "uploaded" && file["visible"] == true)
    );
    let sdk = &bench.index.files()[3];
    let field = |name: &str| sdk.fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    assert_eq!(field(":action"), Some("file_upload"));
    assert_eq!(field("filetype"), Some("bdist_wheel"));
    assert_eq!(field("pyversion"), Some("py3"));
    assert_eq!(field("requires_dist"), Some("acme-bin==1.2.3"));
    assert_eq!(field("summary"), Some("Für den Test — 試験"));
    assert_eq!(field("description"), Some("# Schön\n"));
    assert_eq!(sdk.fields.iter().filter(|(key, _)| key == "attestations").count(), 0);

    // Once more: nothing is sent, and nothing needs to allow it.
    let sent = bench.index.state.seen.lock().unwrap().bytes;
    let run = Job { variables: Vec::new(), ..bench.job() }.run();
    assert_eq!(run.succeeded().receipt.count(FileState::PresentSame), 5);
    assert_eq!(bench.index.state.seen.lock().unwrap().bytes, sent);
}

#[test]
fn the_html_form_serves_as_well() {
    let bench = bench();
    *bench.index.state.form.lock().unwrap() = Form::Html;
    bench.job().run().succeeded();
    bench.assert_complete();
    *bench.index.state.form.lock().unwrap() = Form::HtmlWithoutDigests;
    let run = bench.job().run();
    assert!(matches!(run.error(), PublishError::Conflict { conflicts } if conflicts.len() == 5), "{:?}", run.outcome);
}

#[test]
fn other_bytes_at_the_index_stop_everything_before_the_first_byte() {
    let bench = bench();
    for name in ["acme_bin-1.2.3-py3-none-macosx_11_0_arm64.whl", "acme_sdk-1.2.3.tar.gz"] {
        bench.index.plant(name, if name.starts_with("acme_bin") { "acme-bin" } else { "acme-sdk" }, &"ab".repeat(32));
    }
    let run = bench.job().run();
    assert!(matches!(run.error(), PublishError::Conflict { conflicts } if conflicts.len() == 2), "{:?}", run.outcome);
    assert_eq!((run.error().exit(), run.receipt.outcome), (Exit::NotGood, PublishOutcome::Conflict));
    assert!(bench.index.state.seen.lock().unwrap().authorizations.is_empty());
}

#[test]
fn passing_failures_are_tried_again() {
    for status in [
        "408 Request Timeout",
        "425 Too Early",
        "429 Too Many Requests",
        "499 Client Closed Request",
        "500 Internal Server Error",
        "502 Bad Gateway",
        "503 Service Unavailable",
        "504 Gateway Timeout",
        "520 Whatever",
    ] {
        let bench = bench();
        bench.index.faults([Fault::answer(status, "", "<html><h1>busy</h1></html>"), Fault::answer(status, "", "")]);
        let run = bench.job().run();
        assert_eq!(run.succeeded().attempts("win_amd64"), 3, "{status}");
        bench.assert_complete();
    }
}

#[test]
fn a_server_may_ask_for_a_pause() {
    for header in ["Retry-After: 1\r\n", "RateLimit: \"default\";r=0;t=1\r\n"] {
        let bench = bench();
        bench.index.faults([Fault::answer("429 Too Many Requests", header, "")]);
        let started = Instant::now();
        bench.job().run().succeeded();
        assert!(started.elapsed() >= Duration::from_secs(1), "{header}");
    }
    // A `Retry-After` beyond the deadline ends the publish.
    let bench = bench();
    bench.index.faults([Fault::answer("503 Service Unavailable", "Retry-After: 200\r\n", "Maintenance")]);
    let run = bench.job().run();
    assert!(matches!(run.error(), PublishError::Transient { attempts: 1, .. }), "{:?}", run.outcome);
    let said = run.error().to_string();
    assert!(said.contains("in 1 attempt: ") && said.contains("Maintenance; the next try, 200 s later,"), "{said}");
}

#[test]
fn a_server_that_never_recovers_is_given_up() {
    let bench = bench();
    bench.index.faults(vec![Fault::answer("503 Service Unavailable", "", "busy"); 20]);
    let run = bench.job().run();
    assert!(matches!(run.error(), PublishError::Transient { attempts: 6, .. }), "{:?}", run.outcome);
    assert_eq!((run.error().exit(), run.receipt.outcome), (Exit::Failed, PublishOutcome::Transient));
    assert!(bench.index.files().is_empty());
    // What it says may ask for more than another try.
    bench.index.state.faults.lock().unwrap().clear();
    bench.index.faults(vec![Fault::answer("429 Too Many Requests", "", "Too many new projects created"); 6]);
    let run = bench.job().run();
    assert!(run.error().hint().unwrap().contains("create the project first"), "{:?}", run.outcome);
}

#[test]
fn refusals_are_final_and_explained() {
    for (status, words, advice) in [
        (
            "400 Bad Request",
            "This filename was previously used by a file that has since been deleted.",
            "another version",
        ),
        ("400 Bad Request", "Uploading new files to releases older than 14 days is not allowed.", "another version"),
        ("400 Bad Request", "Only one sdist may be uploaded per release.", "sdist"),
        ("400 Bad Request", "File too large. Limit for project 'acme-bin' is 100 MB.", "raise"),
        ("400 Bad Request", "Project size too large. Limit for project is 10 GB", "quota"),
        ("400 Bad Request", "Non-user identities cannot create new projects.", "pending publisher"),
        ("400 Bad Request", "Invalid distribution file. ZIP archive not accepted: Trailing data", ""),
        ("400 Bad Request", "Invalid attestations supplied during upload: x", ""),
        ("403 Forbidden", "Invalid or non-existent authentication information.", "check the token"),
        ("403 Forbidden", "Invalid API Token: token is expired", "token"),
        ("403 Forbidden", "The given token isn't allowed to upload to project 'acme-bin'.", "another project"),
        ("403 Forbidden", "Read-only mode: be back soon", "later"),
        ("401 Unauthorized", "", "check the token"),
        ("301 Moved Permanently", "", "`--upload-url` names the upload API"),
        ("302 Found", "", "`--upload-url` names the upload API"),
        ("404 Not Found", "", "--upload-url"),
        ("405 Method Not Allowed", "", "`--upload-url` names the upload API"),
        ("410 Gone", "", ""),
        ("413 Content Too Large", "", "limits the size"),
        ("422 Unprocessable Entity", "", ""),
    ] {
        let bench = bench();
        // As JSON, as a page, and in the status line alone.
        let json = serde_json::json!({"message": "x", "code": format!("400 {words}")}).to_string();
        let line = if words.is_empty() { status.to_owned() } else { format!("{} {words}", &status[..3]) };
        for fault in [
            Fault::answer(status, "", &json),
            Fault::answer(
                status,
                "Location: /simple/\r\n",
                &format!("<html><head><title>{words}</title></head></html>"),
            ),
            Fault::answer(&line, "", ""),
        ] {
            bench.index.faults([fault]);
            let run = bench.job().run();
            let (error, hint) = (run.error(), run.error().hint().unwrap_or_default());
            assert!(matches!(error, PublishError::Refused { .. } | PublishError::Unauthorised { .. }), "{error:?}");
            assert_eq!(error.exit(), Exit::NotGood);
            assert!(error.to_string().contains(words) && hint.contains(advice), "{error} / {hint} / {advice}");
            assert!(!error.to_string().ends_with([':', ' ']), "{error}");
            assert_eq!(run.attempts("win_amd64"), 1, "{words}");
            assert_eq!(run.receipt.count(FileState::Failed), 1);
        }
        assert!(bench.index.files().is_empty());
    }
}

#[test]
fn bytes_that_were_garbled_on_their_way_are_sent_once_more() {
    let garbled = || {
        Fault::answer(
            "400 Bad Request",
            "",
            "The digest supplied does not match a digest calculated from the uploaded file.",
        )
    };
    let bench = bench();
    bench.index.faults([garbled()]);
    assert_eq!(bench.job().run().succeeded().attempts("win_amd64"), 2);
    bench.index.state.files.lock().unwrap().clear();
    bench.index.faults([garbled(), garbled()]);
    assert!(matches!(bench.job().run().error(), PublishError::Refused { .. }));
}

#[test]
fn a_release_that_is_too_old_for_new_files_is_left_alone() {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    for (days, is_too_old) in [(13, false), (15, true)] {
        let bench = bench();
        let uploaded = humantime::format_rfc3339_micros(SystemTime::now() - DAY * days).to_string();
        let first = files(&bench.dist).into_iter().find(|file| file.name.contains("macosx")).unwrap();
        bench.index.plant(&first.name, "acme-bin", &first.sha256.to_string());
        // Another release of any age, and a file of this one that came later, say nothing.
        bench.index.plant("acme_bin-1.2-py3-none-any.whl", "acme-bin", &"ab".repeat(32));
        bench.index.plant("acme_bin-1.2.3-1-py3-none-linux_armv7l.whl", "acme-bin", &"cd".repeat(32));
        let times = [uploaded.clone(), "2020-01-01T00:00:00Z".into(), "3020-01-01T00:00:00.5Z".into()];
        for (file, time) in bench.index.state.files.lock().unwrap().iter_mut().zip(times) {
            file.upload_time = Some(time);
        }
        let run = bench.job().run();
        if !is_too_old {
            assert_eq!(run.succeeded().receipt.count(FileState::PresentSame), 1);
            continue;
        }
        let PublishError::Late { since, files, .. } = run.error() else { panic!("{:?}", run.outcome) };
        assert_eq!((since, files.len()), (&uploaded, 2), "{files:?}");
        assert_eq!(run.error().exit(), Exit::NotGood);
        assert_eq!(bench.index.state.seen.lock().unwrap().bytes, 0);
        // With every runtime file there, nothing of it is missing: the SDK has a release of its own.
        for file in files_of_runtime(&bench.dist) {
            bench.index.plant(&file.0, "acme-bin", &file.1);
        }
        let run = bench.job().run();
        assert_eq!(run.succeeded().receipt.count(FileState::Uploaded), 2);
    }
}

/// The runtime wheels but the first: names and digests.
fn files_of_runtime(dist: &Path) -> Vec<(String, String)> {
    let wheels =
        files(dist).into_iter().filter(|file| file.name.starts_with("acme_bin") && !file.name.contains("macosx"));
    wheels.map(|file| (file.name, file.sha256.to_string())).collect()
}

#[test]
fn a_lost_answer_is_not_a_failure() {
    for fault in [
        Fault::cut(u64::MAX).stored(),
        Fault::answer("502 Bad Gateway", "", "").stored(),
        Fault::answer("504 Gateway Timeout", "", "").stored(),
        // Another publisher was quicker, with the same bytes.
        Fault::answer("409 Conflict", "", "<h1>already exists!</h1>").stored(),
        Fault::answer("400 Bad Request", "", r#"{"code":"400 File already exists ('x')"}"#).stored(),
        Fault::answer("403 Forbidden", "", "Not allowed to overwrite artifact").stored(),
    ] {
        let bench = bench();
        *bench.index.state.duplicates.lock().unwrap() = Duplicates::Refused;
        bench.index.faults([fault.clone()]);
        let run = bench.job().run();
        assert_eq!(run.succeeded().receipt.count(FileState::Stored), 1, "{fault:?}");
        assert_eq!(run.attempts("win_amd64"), 1);
        bench.assert_complete();
    }
}

#[test]
fn a_file_that_exists_is_waited_for_until_its_digest_is_known() {
    let bench = bench();
    *bench.index.state.duplicates.lock().unwrap() = Duplicates::Refused;
    bench.index.lag(Duration::from_millis(300));
    bench.index.faults([Fault::cut(u64::MAX).stored()]);
    bench.job().run().succeeded();
    bench.assert_complete();
    // Never listed: nothing tells with which bytes.
    let other = self::bench();
    other.index.lag(Duration::from_secs(3600));
    other.index.faults([Fault::answer("409 Conflict", "", "already exists").stored()]);
    let pace = Pace { visible: Duration::from_millis(200), ..quick() };
    let run = Job { pace, ..other.job() }.run();
    assert!(matches!(run.error(), PublishError::Unknown { .. }), "{:?}", run.outcome);
    // Without an index nothing can be compared.
    let blind = self::bench();
    blind.index.faults([Fault::answer("409 Conflict", "", "already exists")]);
    let run = Job { index_url: None, ..blind.job() }.run();
    assert!(matches!(run.error(), PublishError::Unknown { .. }), "{:?}", run.outcome);
    assert!(run.error().hint().unwrap().contains("--index-url"));
    Job { index_url: None, ..blind.job() }.run().succeeded();
    assert_eq!(blind.index.files().len(), 5);
}

#[test]
fn the_sdk_is_held_back_while_a_runtime_file_is_not_visible() {
    let bench = bench();
    bench.index.lag(Duration::from_secs(3600));
    let pace = Pace { visible: Duration::from_millis(200), ..quick() };
    let run = Job { pace, ..bench.job() }.run();
    assert!(matches!(run.error(), PublishError::NotVisible { files, .. } if files.len() == 3), "{:?}", run.outcome);
    assert_eq!((run.receipt.outcome, run.error().exit()), (PublishOutcome::NotVisible, Exit::Failed));
    assert!(bench.index.files().iter().all(|file| file.project == "acme-bin"));
    // The same command goes on, and the server stores nothing twice.
    bench.index.lag(Duration::ZERO);
    bench.job().run().succeeded();
    bench.assert_complete();
}

#[test]
fn redirects_are_followed_on_the_same_server_only() {
    for (status, location) in
        [("308 Permanent Redirect", "/elsewhere"), ("307 Temporary Redirect", "http://SELF/elsewhere")]
    {
        let bench = bench();
        let location = location.replace("http://SELF", &bench.index.address);
        bench.index.faults([Fault::answer(status, &format!("Location: {location}\r\n"), "")]);
        let run = bench.job().run();
        assert_eq!(run.succeeded().attempts("win_amd64"), 1);
        bench.assert_complete();
    }
    let (bench, other) = (bench(), ScriptedIndex::start());
    let location = format!("Location: {}/legacy/?secret=1\r\n", other.address);
    bench.index.faults([Fault::answer("308 Permanent Redirect", &location, "")]);
    let run = bench.job().run();
    assert!(run.error().to_string().contains(&format!("{}/legacy/`", other.address)), "{:?}", run.outcome);
    assert!(other.state.seen.lock().unwrap().lines.is_empty());
    // Round and round.
    bench.index.faults(vec![Fault::answer("307 Temporary Redirect", "Location: /legacy/\r\n", ""); 9]);
    let run = bench.job().run();
    assert!(
        matches!(run.error(), PublishError::Refused { reason, .. } if reason.contains("leads nowhere")),
        "{:?}",
        run.outcome
    );
    assert_eq!(run.attempts("win_amd64"), 1);
}

/// A runtime wheel that is much larger than what sockets hold.
fn large(bench: &Bench, bytes: usize) {
    fs::remove_dir_all(&bench.dist).unwrap();
    fs::create_dir(&bench.dist).unwrap();
    wheel(&bench.dist, "acme-bin", "win_amd64", &[], vec![7; bytes]);
}

#[test]
fn early_answers_are_heard() {
    for round in 0..4 {
        for (status, words, read) in [
            ("403 Forbidden", "Invalid or non-existent authentication information.", 0),
            ("400 Bad Request", "Uploading new files to releases older than 14 days is not allowed.", 4096),
            // In the middle of the file only the status is certain to be heard.
            ("413 Payload Too Large", "413", 1 << 20),
        ] {
            let bench = bench();
            large(&bench, 12 << 20);
            // The connection is closed with bytes unread, which resets it. A server that refuses does so every time.
            bench.index.faults(vec![Fault::answer(status, "", words).early(read); 6]);
            let run = bench.job().run();
            assert!(
                run.error().to_string().contains(words),
                "round {round}, {status}: {:?}\n{:?}",
                run.outcome,
                run.events
            );
            assert!(bench.index.state.seen.lock().unwrap().bytes < 12 << 20);
        }
    }
}

#[test]
fn an_answer_that_stays_open_ends_the_sending() {
    let bench = bench();
    large(&bench, 40 << 20);
    // The server answers and reads no further, and keeps the connection for a while.
    let address = bench.index.address.clone();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let upload = format!("http://{}/legacy/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        for mut stream in listener.incoming().flatten() {
            let mut buffer = [0; 4096];
            let _ = stream.read(&mut buffer);
            let _ = stream.write_all(response("403 Forbidden", "", "no").as_bytes());
            std::thread::sleep(Duration::from_secs(300));
        }
    });
    let started = Instant::now();
    let run = Job { upload_url: upload, index_url: Some(format!("{address}/simple/")), ..bench.job() }.run();
    assert!(matches!(run.error(), PublishError::Unauthorised { .. }), "{:?}", run.outcome);
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}

#[test]
fn broken_connections_are_tried_again() {
    let bench = bench();
    large(&bench, 3 << 20);
    bench.index.faults([Fault::cut(0), Fault::cut(1000), Fault::cut(2 << 20)]);
    let run = bench.job().run();
    assert_eq!(run.succeeded().attempts("win_amd64"), 4, "{:?}", run.events);
    bench.assert_complete();
    // Nobody listens.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    bench.index.state.files.lock().unwrap().clear();
    let run = Job { upload_url: format!("http://{nobody}/legacy/"), ..bench.job() }.run();
    assert!(matches!(run.error(), PublishError::Transient { attempts: 6, .. }), "{:?}", run.outcome);
}

#[test]
fn slow_is_fine_and_silent_is_not() {
    let bench = bench();
    large(&bench, 4 << 20);
    let patience = Patience { sending: Duration::from_secs(3), answering: Duration::from_secs(3) };
    let pace = Pace { patience, ..quick() };
    // Sockets hold the whole file, so that most of this is waiting for the answer.
    bench.index.faults([Fault::slow(Duration::from_millis(20))]);
    let started = Instant::now();
    let run = bench.job().run();
    assert_eq!(run.succeeded().attempts("win_amd64"), 1);
    assert!(started.elapsed() > Duration::from_millis(500));
    bench.index.state.files.lock().unwrap().clear();
    for read in [100_000, u64::MAX] {
        bench.index.faults([Fault::hang(read, Duration::from_secs(30))]);
        let run = Job { pace, ..bench.job() }.run();
        assert_eq!(run.succeeded().attempts("win_amd64"), 2, "{read}");
        assert!(run.events.iter().any(|event| event.contains("silent")), "{:?}", run.events);
        bench.index.state.files.lock().unwrap().clear();
    }
}

#[test]
fn a_server_may_take_nothing_for_a_while() {
    take_nothing_for(Duration::from_secs(4));
}

#[test]
#[ignore = "long: waits for 42 s; a_server_may_take_nothing_for_a_while is the short form"]
fn a_server_may_take_nothing_for_as_long_as_it_is_allowed() {
    // Longer than the HTTP client and the kernel would wait by themselves (30 s).
    take_nothing_for(Duration::from_secs(42));
}

fn take_nothing_for(time: Duration) {
    let bench = bench();
    large(&bench, 24 << 20);
    let patience = Patience { sending: Duration::from_secs(60), answering: Duration::from_secs(60) };
    bench.index.faults([Fault::hang(100_000, time)]);
    let started = Instant::now();
    let run = Job { pace: Pace { patience, ..quick() }, ..bench.job() }.run();
    // The server closes the connection then; the next try is taken.
    assert_eq!(run.succeeded().attempts("win_amd64"), 2, "{:?}", run.events);
    assert!(started.elapsed() >= time, "{:?}: {:?}", started.elapsed(), run.events);
    bench.assert_complete();
}

#[test]
fn an_index_that_fails_for_a_moment_is_asked_again() {
    let bench = bench();
    bench.index.canned(
        "/simple/acme-bin/",
        [response("503 Service Unavailable", "", ""), response("502 Bad Gateway", "", "")],
    );
    bench.job().run().succeeded();
    bench.assert_complete();
    // A server that tells no length can break off unseen.
    let cut =
        "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.pypi.simple.v1+json\r\nConnection: close\r\n\r\n{\"files\":[";
    let asked = bench.index.asked("/simple/acme-bin/");
    bench.index.canned("/simple/acme-bin/", [cut.to_owned()]);
    bench.job().run().succeeded();
    assert_eq!(bench.index.asked("/simple/acme-bin/"), asked + 2);
    bench.index.canned("/simple/acme-bin/", [response("403 Forbidden", "", "")]);
    let run = bench.job().run();
    assert!(matches!(run.error(), PublishError::Index(_)), "{:?}", run.outcome);
    assert_eq!(run.error().exit(), Exit::Failed);
}

#[test]
fn a_file_that_changes_while_it_is_sent_is_not_stored() {
    let bench = bench();
    // Much more than sockets hold.
    large(&bench, 40 << 20);
    let path = bench.dist.join("acme_bin-1.2.3-py3-none-win_amd64.whl");
    bench.index.faults([Fault::slow(Duration::from_millis(3))]);
    let writer = std::thread::spawn({
        let (path, state) = (path.clone(), Arc::clone(&bench.index.state));
        move || {
            while state.seen.lock().unwrap().authorizations.is_empty() {
                std::thread::sleep(Duration::from_millis(1));
            }
            use std::io::{Seek as _, Write as _};
            let mut file = fs::OpenOptions::new().write(true).open(path).unwrap();
            file.seek(std::io::SeekFrom::End(-200_000)).unwrap();
            file.write_all(b"other bytes").unwrap();
        }
    });
    let run = bench.job().run();
    writer.join().unwrap();
    assert!(matches!(run.error(), PublishError::File { .. }), "{:?}", run.outcome);
    assert_eq!((run.error().exit(), run.receipt.outcome), (Exit::NotGood, PublishOutcome::Changed));
    assert!(bench.index.files().is_empty());
}

#[test]
fn two_publishers_race() {
    for (salt, both_win) in [("salt", true), ("other", false)] {
        let one = bench();
        let directory = tempfile::tempdir().unwrap();
        let twin = directory.path().join("dist");
        dist(&twin, salt);
        let address = one.index.address.clone();
        let index = Arc::new(ScriptedIndex { address, state: Arc::clone(&one.index.state) });
        let (twin_path, twin_index) = (twin.clone(), Arc::clone(&index));
        let racer = std::thread::spawn(move || Job::new(&twin_path, &twin_index).run().outcome);
        let mine = one.job().run().outcome;
        let theirs = racer.join().unwrap();
        if both_win {
            assert!(mine.is_ok() && theirs.is_ok(), "{mine:?} {theirs:?}");
            one.assert_complete();
        } else {
            assert!(mine.is_ok() != theirs.is_ok() || (mine.is_err() && theirs.is_err()));
            for error in [mine, theirs].into_iter().filter_map(Result::err) {
                assert!(matches!(error, PublishError::Conflict { .. }), "{error:?}");
            }
            let names: std::collections::HashSet<_> = index.files().into_iter().map(|file| file.name).collect();
            assert_eq!(names.len(), index.files().len());
        }
    }
}

#[test]
fn a_server_that_repeats_the_token_does_not_get_it_printed() {
    let bench = bench();
    bench.index.faults([Fault::answer("400 Bad Request", "", &format!("you sent {TOKEN}, did you?"))]);
    // The job's own search finds a leak.
    let run = bench.job().run();
    assert!(run.error().to_string().contains("you sent …"), "{:?}", run.outcome);
}

#[test]
fn attestations_are_sent_where_they_are_taken() {
    use base64::Engine as _;
    let bench = bench();
    for file in files(&bench.dist) {
        let statement = serde_json::json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": file.name, "digest": {"sha256": file.sha256.to_string()}}],
            "predicateType": "https://index.example/attestations/publish/v1",
            "predicate": null,
        });
        let attestation = serde_json::json!({
            "version": 1,
            "verification_material": {"certificate": "AAAA", "transparency_entries": [{}]},
            "envelope": {"statement": base64::engine::general_purpose::STANDARD.encode(statement.to_string()), "signature": "AAAA"},
        });
        fs::write(bench.dist.join(format!("{}.publish.attestation", file.name)), attestation.to_string()).unwrap();
    }
    let sent = || {
        let files = bench.index.files();
        let field =
            |file: &Stored| file.fields.iter().find(|(key, _)| key == "attestations").map(|(_, value)| value.clone());
        let sent: Vec<_> = files.iter().filter_map(field).collect();
        bench.index.state.files.lock().unwrap().clear();
        sent
    };
    bench.job().run().succeeded();
    assert_eq!(sent().len(), 0);
    Job { variables: bench.index.job(), ..bench.job() }.run().succeeded();
    let attestations = sent();
    assert_eq!(attestations.len(), 5);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&attestations[0]).unwrap()[0]["version"], 1);
    Job { attestations: Attestations::Require, ..bench.job() }.run().succeeded();
    assert_eq!(sent().len(), 5);
    Job { attestations: Attestations::Off, variables: bench.index.job(), ..bench.job() }.run().succeeded();
    assert_eq!(sent().len(), 0);
}
