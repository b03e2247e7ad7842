//! Indexes as the world has them: redirects to others, pages in every legal form, answers of every shape, and what must not
//! be believed. One row for each class.

use std::io::Write as _;
use std::time::Duration;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use relkit::error::{Exit, Explain as _};
use relkit::publish::error::PublishError;
use relkit::publish::receipt::FileState;
use relkit::publish::wait::Pace;

use crate::support::index::{Duplicates, Fault, ScriptedIndex, response};
use crate::support::publish::{Bench, Job, bench, files, quick};

const JSON: &str = "Content-Type: application/vnd.pypi.simple.v1+json\r\n";

/// An index that has the whole release of a bench.
fn full(bench: &Bench) -> ScriptedIndex {
    let index = ScriptedIndex::start();
    for file in files(&bench.dist) {
        index.plant(&file.name, &file.distribution, &file.sha256.to_string());
    }
    index
}

fn impatient(bench: &Bench) -> Job<'_> {
    Job { pace: Pace { visible: Duration::from_millis(200), ..quick() }, ..bench.job() }
}

fn with_type(kind: &str, body: &str) -> String {
    response("200 OK", &format!("Content-Type: {kind}\r\n"), body)
}

/// The page of the runtime in JSON: each file as `row` writes it.
fn json_page(bench: &Bench, row: impl Fn(&str, &str) -> String) -> String {
    let rows: Vec<_> = runtime(bench).iter().map(|(name, digest)| row(name, digest)).collect();
    format!(r#"{{"meta":{{"api-version":"1.0"}},"name":"acme-bin","files":[{}]}}"#, rows.join(","))
}

fn html_page(bench: &Bench, row: impl Fn(&str, &str) -> String) -> String {
    let rows: Vec<_> = runtime(bench).iter().map(|(name, digest)| row(name, digest)).collect();
    format!("<!DOCTYPE html><html><body>{}</body></html>", rows.join("<br>\n"))
}

fn runtime(bench: &Bench) -> Vec<(String, String)> {
    let files = files(&bench.dist).into_iter().filter(|file| file.name.starts_with("acme_bin"));
    files.map(|file| (file.name, file.sha256.to_string())).collect()
}

fn plain_row(name: &str, digest: &str) -> String {
    format!(r#"{{"filename":"{name}","url":"{name}","hashes":{{"sha256":"{digest}"}}}}"#)
}

#[test]
fn what_another_origin_lists_is_not_there() {
    for status in
        ["301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"]
    {
        // Both projects, one of them; for ever.
        for projects in [&["acme-bin", "acme-sdk"][..], &["acme-bin"], &["acme-sdk"]] {
            let bench = bench();
            let other = full(&bench);
            for project in projects {
                let location = format!("Location: {}/simple/{project}/\r\n", other.address);
                bench.index.fixed(&format!("/simple/{project}/"), response(status, &location, ""));
            }
            let run = impatient(&bench).run();
            let said = run.error().to_string();
            assert!(matches!(run.error(), PublishError::NotVisible { .. }), "{status} {projects:?}: {:?}", run.outcome);
            assert!(said.contains(&other.address) && said.contains("not its own"), "{said}");
            assert!(run.events.iter().any(|event| event.contains("redirects to") && event.contains(&other.address)));
            assert!(!bench.index.files().is_empty());
            assert!(other.state.seen.lock().unwrap().lines.is_empty(), "another index was asked");
        }
        // Until it has files itself.
        let bench = bench();
        let other = full(&bench);
        bench.index.fall_back(&format!("{}/simple/", other.address));
        bench.job().run().succeeded();
        bench.assert_complete();
    }
    // It may only lag, but is not given as long as one that lists its own.
    let (bench, other) = (bench(), ScriptedIndex::start());
    bench.index.fall_back(&format!("{}/simple/", other.address));
    bench.index.lag(Duration::from_millis(300));
    bench.job().run().succeeded();
    let bench = self::bench();
    bench.index.fall_back(&format!("{}/simple/", other.address));
    bench.index.lag(Duration::from_secs(3600));
    let started = std::time::Instant::now();
    let run = Job { pace: Pace { visible: Duration::from_secs(600), ..quick() }, ..bench.job() }.run();
    let said = run.error().to_string();
    assert!(matches!(run.error(), PublishError::NotVisible { .. }) && !said.contains("--visible-timeout"), "{said}");
    assert!(
        run.error().hint().unwrap().contains("`--disable-fallback`") && started.elapsed() < Duration::from_secs(300)
    );
    // All of it: an index that only leads to another is none.
    let bench = self::bench();
    let other = full(&bench);
    bench.index.fall_back(&format!("{}/simple/", other.address));
    bench.index.fixed("/simple/", response("302 Found", &format!("Location: {}/simple/\r\n", other.address), ""));
    let run = bench.job().run();
    assert!(matches!(run.error(), PublishError::Index(_)), "{:?}", run.outcome);
    assert!(bench.index.files().is_empty());
}

#[test]
fn redirects_within_the_index_are_followed() {
    let bench = bench();
    for project in ["acme-bin", "acme-sdk"] {
        for (from, to) in [
            (format!("/old/{project}/"), format!("/older/{project}")),
            (format!("/older/{project}"), format!("/simple/{project}/")),
        ] {
            bench.index.fixed(&from, response("302 Found", &format!("Location: {to}\r\n"), ""));
        }
    }
    bench.index.fixed("/old/", with_type("text/html", "<title>Simple index</title>"));
    let job = Job { index_url: Some(format!("{}/old", bench.index.address)), ..bench.job() };
    job.run().succeeded();
    assert_eq!(job.run().succeeded().receipt.count(FileState::PresentSame), 5);
    // Round and round ends at once.
    bench.index.fixed("/older/acme-bin", response("302 Found", "Location: /old/acme-bin/\r\n", ""));
    let run = job.run();
    assert!(run.error().to_string().contains("in a circle"), "{:?}", run.outcome);
}

#[test]
fn inherited_files_are_not_there() {
    let bench = bench();
    let page = |project: &str| {
        let all = files(&bench.dist).into_iter().filter(|file| file.distribution == project);
        let rows: Vec<_> = all
            .map(|file| {
                let (name, digest) = (file.name, file.sha256);
                format!(r#"{{"filename":"{name}","url":"../../../../base/mirror/+f/ab/{name}","hashes":{{"sha256":"{digest}"}}}}"#)
            })
            .collect();
        response("200 OK", JSON, &format!(r#"{{"meta":{{"api-version":"1.0"}},"files":[{}]}}"#, rows.join(",")))
    };
    for project in ["acme-bin", "acme-sdk"] {
        bench.index.fixed(&format!("/up/dev/+simple/{project}/"), page(project));
    }
    let run = Job { index_url: Some(format!("{}/up/dev/+simple/", bench.index.address)), ..impatient(&bench) }.run();
    assert!(run.error().to_string().contains("/base/mirror"), "{:?}", run.outcome);
    assert_eq!(bench.index.files().len(), 3);
}

#[test]
fn an_address_without_an_index_is_no_new_project() {
    const LOGIN: &str =
        "<html><head><title>Sign in</title></head><body><form><input type=password></form></body></html>";
    for (root, page) in [
        (response("404 Not Found", "", ""), None),
        (response("410 Gone", "", ""), None),
        (with_type("text/html", LOGIN), None),
        (with_type("text/html", "<h1>Welcome</h1><a href=https://elsewhere.example/>go</a>"), None),
        (with_type("application/json", r#"{"status":"up"}"#), None),
        (response("200 OK", "", "hello"), None),
        (with_type("text/html", ""), Some(with_type("text/html", LOGIN))),
        (with_type("text/html", ""), Some(with_type("text/html", "<h1>Welcome</h1><a href=/login>Log in</a>"))),
        (with_type("text/html", ""), Some(with_type("text/html", "<div id=app></div><script src=app.js></script>"))),
        (with_type("text/html", ""), Some(response("302 Found", "Location: /login\r\n", ""))),
        (with_type("text/html", ""), Some(with_type("application/json", r#"{"message":"no"}"#))),
    ] {
        let bench = bench();
        bench.index.fixed("/simple/", root.clone()).fixed("/login", with_type("text/html", LOGIN));
        if let Some(page) = &page {
            bench.index.fixed("/simple/acme-bin/", page.clone()).fixed("/simple/acme-sdk/", page.clone());
        }
        let run = bench.job().run();
        assert!(matches!(run.error(), PublishError::Index(_)), "{root} {page:?}: {:?}", run.outcome);
        assert_eq!(run.error().exit(), Exit::Failed);
        assert!(run.error().hint().unwrap().contains("--index-url"));
        assert!(bench.index.state.seen.lock().unwrap().authorizations.is_empty());
    }
    // A page that says nothing at all: the server may have it for every name, or for those that it knows.
    for has_it_for_all in [true, false] {
        let bench = bench();
        let empty = "<html><body></body></html>";
        bench.index.canned("/simple/acme-bin/", [with_type("text/html", empty)]);
        if has_it_for_all {
            let nothing = "/simple/relkit-asks-for-a-project-that-cannot-exist/";
            bench.index.fixed(nothing, with_type("text/html", empty));
        }
        let run = bench.job().run();
        assert_eq!(run.outcome.is_err(), has_it_for_all, "{:?}", run.outcome);
    }
    // What says what it is, is an index, though it lists nothing.
    for root in
        ["<title>Simple index</title>", "<a href=acme/>acme</a>", "<meta name=pypi:repository-version content=1.0>"]
    {
        let bench = bench();
        bench.index.fixed("/simple/", with_type("text/html", root));
        bench.job().run().succeeded();
    }
}

#[test]
fn every_legal_page_is_understood() {
    let bench = bench();
    bench.job().run().succeeded();
    let upper = |digest: &str| digest.to_ascii_uppercase();
    let json = |row: &dyn Fn(&str, &str) -> String| json_page(&bench, row);
    let html = |row: &dyn Fn(&str, &str) -> String| html_page(&bench, row);
    let usual = json(&plain_row);
    let pages = [
        with_type("Application/Vnd.PyPI.Simple.V1+JSON; charset=UTF-8", &usual),
        with_type("application/vnd.pypi.simple.latest+json", &usual),
        with_type("application/json", &usual),
        with_type("text/plain", &usual),
        response("200 OK", "", &usual),
        response("200 OK", JSON, &format!("\u{feff}{usual}")),
        response("200 OK", JSON, &usual.replace("\"1.0\"", "\"1.9\"")),
        response(
            "200 OK",
            JSON,
            &json(&|name, digest| {
                format!(
                    r#"{{"filename":"{name}","url":"{name}","size":null,"upload-time":null,"yanked":false,"requires-python":null,
                "core-metadata":{{"sha256":"x"}},"provenance":null,"new":[1],"hashes":{{"md5":null,"SHA256":"{}"}}}}"#,
                    upper(digest)
                )
            }),
        ),
        with_type("text/html", &html(&|name, digest| format!("<a href=\"{name}#sha256={digest}\">{name}</a>"))),
        with_type(
            "text/html",
            &format!(
                "\u{feff}{}",
                html(&|name, digest| format!("<A HREF='{name}#SHA256={}'>{name}</A>", upper(digest)))
            ),
        ),
        with_type(
            "text/html",
            &html(&|name, digest| {
                format!("<a href=\"../../x/{name}#egg=x&amp;sha256={digest}&size=1\">\n {name}\n</a>")
            }),
        ),
        with_type(
            "text/html",
            &html(&|name, digest| {
                format!("<a href=\"//cdn.example/{}#sha256={digest}\">{name}</a>", name.replace('_', "%5F"))
            }),
        ),
        with_type(
            "application/vnd.pypi.simple.v1+html",
            &html(&|name, digest| format!("<a href={name}?x=1#sha256={digest}>{name}")),
        ),
    ];
    for page in pages {
        bench.index.fixed("/simple/acme-bin/", page.clone());
        let run = bench.job().run();
        assert_eq!(run.succeeded().receipt.count(FileState::PresentSame), 5, "{page}");
    }
    for mark in [u16::to_le_bytes as fn(u16) -> [u8; 2], u16::to_be_bytes] {
        let body: Vec<u8> = format!("\u{feff}{usual}").encode_utf16().flat_map(mark).collect();
        let mut answer = format!("HTTP/1.1 200 OK\r\n{JSON}Content-Length: {}\r\n\r\n", body.len()).into_bytes();
        answer.extend(body);
        bench.index.fixed("/simple/acme-bin/", answer);
        assert_eq!(bench.job().run().succeeded().receipt.count(FileState::PresentSame), 5);
    }
    for (headers, body) in [
        (JSON.to_owned(), usual.clone()),
        (format!("{JSON}Content-Encoding: gzip\r\n"), usual.clone()),
        (
            "Content-Type: text/html\r\n".into(),
            html(&|name, digest| format!("<a href=\"{name}#sha256={digest}\">{name}</a>")),
        ),
    ] {
        let mut packed = GzEncoder::new(Vec::new(), Compression::default());
        packed.write_all(body.as_bytes()).unwrap();
        let packed = packed.finish().unwrap();
        let mut answer = format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {}\r\n\r\n", packed.len()).into_bytes();
        answer.extend(packed);
        bench.index.fixed("/simple/acme-bin/", answer);
        assert_eq!(bench.job().run().succeeded().receipt.count(FileState::PresentSame), 5, "{headers}");
    }
    // Bare deflate, which some call deflate, and what is called so and is not packed.
    let mut bare = DeflateEncoder::new(Vec::new(), Compression::default());
    bare.write_all(usual.as_bytes()).unwrap();
    for body in [bare.finish().unwrap(), usual.clone().into_bytes()] {
        let length = body.len();
        let head = format!("HTTP/1.1 200 OK\r\n{JSON}Content-Encoding: deflate\r\nContent-Length: {length}\r\n\r\n");
        bench.index.fixed("/simple/acme-bin/", [head.into_bytes(), body].concat());
        assert_eq!(bench.job().run().succeeded().receipt.count(FileState::PresentSame), 5);
    }
    // Tens of megabytes.
    let more = (0..150_000).map(|number| plain_row(&format!("acme_bin-0.{number}-py3-none-any.whl"), &"ab".repeat(32)));
    let large = usual.replace("\"files\":[", &format!("\"files\":[{},", more.collect::<Vec<_>>().join(",")));
    assert!(large.len() > 20_000_000, "{}", large.len());
    bench.index.fixed("/simple/acme-bin/", response("200 OK", JSON, &large));
    assert_eq!(bench.job().run().succeeded().receipt.count(FileState::PresentSame), 5);
    // Another version of the API is none that is known.
    for page in [
        with_type("application/vnd.pypi.simple.v2+json", &usual),
        response("200 OK", JSON, &usual.replace("\"1.0\"", "\"2.0\"")),
        with_type(
            "text/html",
            &html(&|name, _| format!("<meta name=pypi:repository-version content=2.0><a href={name}>{name}</a>")),
        ),
    ] {
        bench.index.fixed("/simple/acme-bin/", page.clone());
        let run = bench.job().run();
        assert!(run.error().to_string().contains("version 2"), "{page}: {:?}", run.outcome);
        assert_eq!(run.error().exit(), Exit::Failed);
    }
}

#[test]
fn what_is_text_on_a_page_lists_no_file() {
    for element in ["script", "style", "textarea", "title", "xmp", "iframe"] {
        let bench = bench();
        let rows = html_page(&bench, |name, digest| format!("<a href=\"{name}#sha256={digest}\">{name}</a>"));
        let page = format!("<meta name=pypi:repository-version content=1.0><{element}>{rows}</{element}>");
        // So it is before the first byte; then the index has its own word.
        bench.index.canned("/simple/acme-bin/", [with_type("text/html", &page)]);
        bench.job().run().succeeded();
        bench.assert_complete();
    }
}

#[test]
fn what_an_index_makes_of_the_files_is_told() {
    let bench = bench();
    let rows =
        json_page(&bench, |name, digest| plain_row(name, digest).replace("\"url\"", "\"yanked\":\"held\",\"url\""));
    let more = plain_row("acme_bin-1.2.3-1-py3-none-win_amd64.whl", &"ab".repeat(32));
    let after =
        rows.replacen('{', r#"{"project-status":{"status":"quarantined"},"#, 1).replacen('[', &format!("[{more},"), 1);
    let pages = [r#"{"files":[]}"#.to_owned(), after.clone(), after.clone(), after];
    bench.index.canned("/simple/acme-bin/", pages.map(|body| response("200 OK", JSON, &body)));
    let run = bench.job().run();
    run.succeeded();
    for words in
        ["is yanked at the index (held)", "calls `acme-bin` quarantined", "not in the plan: `acme_bin-1.2.3-1-py3"]
    {
        assert!(run.events.iter().any(|event| event.contains(words)), "{words}: {:?}", run.events);
    }
    // What was said before the first byte is not said again, and a status of no word is none.
    let bench = self::bench();
    let status = |status: &str| format!(r#"{{"project-status":{{"status":{status}}},"files":[]}}"#);
    bench.index.canned("/simple/acme-bin/", [response("200 OK", JSON, &status("null"))]);
    let run = bench.job().run();
    assert!(run.succeeded().events.iter().all(|event| !event.contains("calls")), "{:?}", run.events);
    let bench = self::bench();
    bench.index.plant("acme_bin-1.2.3-1-py3-none-win_amd64.whl", "acme-bin", &"ab".repeat(32));
    let run = bench.job().run();
    let told = run.succeeded().events.iter().filter(|event| event.contains("not in the plan")).count();
    assert_eq!(told, 1, "{:?}", run.events);
}

#[test]
fn where_no_digest_tells_the_file_is_asked() {
    let digests = [
        "null".to_owned(),
        "{}".to_owned(),
        r#"{"md5":"d41d8cd98f00b204e9800998ecf8427e"}"#.to_owned(),
        format!(r#"{{"sha512":"{}"}}"#, "ab".repeat(64)),
        r#"{"sha256":"abcd"}"#.to_owned(),
        r#"{"sha256":null}"#.to_owned(),
    ];
    for hashes in digests {
        let bench = bench();
        bench.job().run().succeeded();
        let page =
            json_page(&bench, |name, _| format!(r#"{{"filename":"{name}","url":"/f/{name}","hashes":{hashes}}}"#));
        bench.index.fixed("/simple/acme-bin/", response("200 OK", JSON, &page));
        let serve = |change: &[u8]| {
            for (name, _) in runtime(&bench) {
                let mut body = std::fs::read(bench.dist.join(&name)).unwrap();
                body.extend(change);
                let mut answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
                answer.extend(body);
                bench.index.fixed(&format!("/f/{name}"), answer);
            }
        };
        // Not there: nothing tells, and nothing is said.
        let run = bench.job().run();
        let said = run.error().to_string();
        assert!(said.contains("nothing tells") && !said.contains("other bytes"), "{said}");
        assert_eq!(run.error().exit(), Exit::NotGood);
        serve(b"");
        assert_eq!(bench.job().run().succeeded().receipt.count(FileState::PresentSame), 5, "{hashes}");
        serve(b"!");
        let run = bench.job().run();
        assert!(run.error().to_string().contains("other bytes under 3"), "{:?}", run.outcome);
    }
}

#[test]
fn what_else_the_index_has_of_the_release_is_named() {
    for (name, is_refused) in [
        ("acme_bin-1.2.3-1-py3-none-win_amd64.whl", false),
        ("acme_bin-1.2.3-py3-none-any.whl", false),
        ("Acme.Bin-1.2.3.0-py3-none-win_arm64.whl", false),
        // `==1.2.3` takes a local version, and before the release itself.
        ("acme_bin-1.2.3+ours-py3-none-win_amd64.whl", false),
        ("acme_bin-1.2.3+ours.tar.gz", true),
        ("acme_bin-1.2.3.tar.gz", true),
        ("acme-bin-1.2.3.zip", true),
        ("Acme-Bin-1.2.3.tar.bz2", true),
    ] {
        let bench = bench();
        bench.index.plant(name, "acme-bin", &"ab".repeat(32));
        bench.index.plant("acme_bin-1.2-py3-none-any.whl", "acme-bin", &"ab".repeat(32));
        bench.index.plant("acme_bin-1.2.30.tar.gz", "acme-bin", &"ab".repeat(32));
        let run = bench.job().run();
        match is_refused {
            true => {
                assert!(matches!(run.error(), PublishError::RuntimeSdist { .. }), "{name}: {:?}", run.outcome);
                assert!(run.error().to_string().contains(name) && run.error().exit() == Exit::NotGood);
                assert_eq!(bench.index.files().len(), 3);
            }
            false => {
                run.succeeded();
                assert!(run.events.iter().any(|event| event.contains(name)), "{:?}", run.events);
            }
        }
        assert!(run.events.iter().all(|event| !event.contains("acme_bin-1.2-py3") && !event.contains("1.2.30")));
    }
}

#[test]
fn yanked_files_and_the_status_of_a_project_are_told() {
    for (key, yanked) in [("\"yanked\":true", ""), ("\"yanked\":\"it is bad\"", "it is bad")] {
        let bench = bench();
        bench.job().run().succeeded();
        let page =
            json_page(&bench, |name, digest| plain_row(name, digest).replace("\"url\"", &format!("{key},\"url\"")));
        bench.index.fixed("/simple/acme-bin/", response("200 OK", JSON, &page));
        let run = bench.job().run();
        assert!(run.succeeded().events.iter().any(|event| event.contains("is yanked") && event.contains(yanked)));
    }
    for (status, is_complete, is_refused) in [
        ("quarantined", true, true),
        ("quarantined", false, true),
        ("archived", false, true),
        ("archived", true, false),
        ("deprecated", false, false),
        ("active", false, false),
    ] {
        let bench = bench();
        if is_complete {
            bench.job().run().succeeded();
        }
        let rows = if is_complete { json_page(&bench, plain_row) } else { r#"{"files":[]}"#.to_owned() };
        let page =
            rows.replacen('{', &format!(r#"{{"project-status":{{"status":"{status}","reason":"so it is"}},"#), 1);
        bench.index.canned("/simple/acme-bin/", [response("200 OK", JSON, &page)]);
        let run = bench.job().run();
        assert_eq!(matches!(run.outcome, Err(PublishError::Closed { .. })), is_refused, "{status}: {:?}", run.outcome);
        assert_eq!(run.outcome.is_err(), is_refused, "{:?}", run.outcome);
        if is_refused {
            let said = run.error().to_string();
            assert!(
                said.contains(status) && said.contains("so it is") && run.error().exit() == Exit::NotGood,
                "{said}"
            );
        } else if status != "active" {
            assert!(run.events.iter().any(|event| event.contains(status)), "{:?}", run.events);
        }
    }
}

#[test]
fn a_refusal_is_held_against_the_index_once() {
    let refusals = [
        ("400 Bad Request", "that is not wanted"),
        ("403 Forbidden", "that is not wanted"),
        ("404 Not Found", ""),
        ("409 Conflict", ""),
        ("409 Conflict", "that is not wanted"),
        ("409 Conflict", "already exists"),
        ("422 Unprocessable Entity", "that is not wanted"),
        ("302 Found", ""),
        // No other try brings what a server cannot do.
        ("501 Not Implemented", "that is not wanted"),
        ("507 Insufficient Storage", "that is not wanted"),
        ("511 Network Authentication Required", "that is not wanted"),
        ("200 OK", "<title>Sign in</title><form></form>"),
    ];
    for (status, words) in refusals {
        // The same bytes are there, other bytes, nothing.
        let same = bench();
        same.index.faults([Fault::answer(status, "", words).stored()]);
        assert_eq!(same.job().run().succeeded().receipt.count(FileState::Stored), 1, "{status} {words}");

        let other = bench();
        other.index.faults([Fault::answer(status, "", words)]);
        let first = "acme_bin-1.2.3-py3-none-win_amd64.whl";
        let listed = format!(r#"{{"files":[{}]}}"#, plain_row(first, &"ab".repeat(32)));
        let nothing = r#"{"files":[]}"#.to_owned();
        other.index.canned("/simple/acme-bin/", [nothing, listed].map(|body| response("200 OK", JSON, &body)));
        let run = other.job().run();
        assert!(matches!(run.error(), PublishError::Conflict { .. }), "{status} {words}: {:?}", run.outcome);

        let absent = bench();
        absent.index.faults([Fault::answer(status, "", words)]);
        let run = absent.job().run();
        assert_eq!(run.error().exit(), Exit::NotGood, "{status} {words}: {:?}", run.outcome);
        assert!(words.starts_with('<') || run.error().to_string().contains(words), "{:?}", run.outcome);
        assert_eq!((absent.index.asked("/simple/acme-bin/"), run.attempts("win_amd64")), (2, 1), "{status} {words}");
    }
    // Whoever is not known is told nothing.
    let unknown = bench();
    unknown.index.faults([Fault::answer("401 Unauthorized", "", "who?")]);
    assert!(unknown.job().run().error().to_string().contains("who?"));
    assert_eq!(unknown.index.asked("/simple/acme-bin/"), 1);
}

#[test]
fn a_page_instead_of_an_answer_is_no_upload() {
    for body in [
        "<html><head><title>Sign in</title></head></html>",
        "<form action=/login></form>",
        // A home page, a program that draws one, a listing, a page in another language, one that sends itself on.
        "<html><body><h1>Welcome to the repository</h1></body></html>",
        "<!DOCTYPE html><title>A manager</title><div id=root></div><script src=app.js></script>",
        "<html><title>Simple index</title><a href=acme-bin/>acme-bin</a></html>",
        "<html><title>Anmelden</title><p>Anmelden mit SSO</p></html>",
        "<html><body onload='document.forms[0].submit()'></body></html>",
        r#"{"success":false,"message":"quota is used up"}"#,
        r#"{"errors":[{"message":"quota is used up"}]}"#,
    ] {
        for index_url in [true, false] {
            let bench = bench();
            bench.index.faults(vec![Fault::answer("200 OK", "", body); 9]);
            let mut job = bench.job();
            job.index_url = job.index_url.filter(|_| index_url);
            let run = job.run();
            assert!(matches!(run.error(), PublishError::Refused { .. }), "{body}: {:?}", run.outcome);
            assert!(!body.contains("quota") || run.error().to_string().contains("quota is used up"));
        }
    }
    for body in ["", "OK", "<html><body>Stored</body></html>", r#"{"message":"201 Created"}"#] {
        let bench = bench();
        bench.index.faults([Fault::answer("201 Created", "", body).stored()]);
        bench.job().run().succeeded();
    }
}

#[test]
fn known_words_for_a_taken_name() {
    for (status, body) in [
        ("409 Conflict", "<pre>Package 'x' already exists!\n\nYou should pass `--overwrite` option.</pre>"),
        ("409 Conflict", "x already exists in non-volatile index"),
        ("400 Bad Request", r#"{"message":{"file_name":["has already been taken"]}}"#),
        ("400 Bad Request", "Repository does not allow updating assets: pypi"),
        (
            "403 Forbidden",
            r#"{"errors":[{"status":403,"message":"Not enough permissions to overwrite artifact 'a'"}]}"#,
        ),
        ("422 Unprocessable Entity", r#"{"detail":"File already exists."}"#),
    ] {
        let bench = bench();
        *bench.index.state.duplicates.lock().unwrap() = Duplicates::Refused;
        bench.index.faults([Fault::answer(status, "", body)]);
        let run = bench.job().run();
        assert!(matches!(run.error(), PublishError::Unknown { .. }), "{body}: {:?}", run.outcome);
        assert_eq!(run.error().exit(), Exit::NotGood);
    }
}

#[test]
fn a_page_that_contradicts_itself_proves_nothing() {
    let bench = bench();
    bench.job().run().succeeded();
    let page = |row: &dyn Fn(&str, &str) -> String| response("200 OK", JSON, &json_page(&bench, row));
    let other = "ab".repeat(32);
    // Twice, with other bytes each time: which of them an installer takes, nobody knows.
    for is_first in [true, false] {
        bench.index.fixed(
            "/simple/acme-bin/",
            page(&|name, digest| {
                let (one, two) = if is_first { (&*other, digest) } else { (digest, &*other) };
                format!("{},{}", plain_row(name, one), plain_row(name, two))
            }),
        );
        let run = bench.job().run();
        assert!(run.error().to_string().contains(&other), "{:?}", run.outcome);
        assert!(
            matches!(run.error(), PublishError::Conflict { conflicts } if conflicts.len() == 3),
            "{:?}",
            run.outcome
        );
    }
    // Twice the same is once; another spelling of the name is the same file.
    for row in [
        &|name: &str, digest: &str| format!("{},{}", plain_row(name, digest), plain_row(name, digest)) as String,
        &|name: &str, digest: &str| plain_row(&name.replace("acme_bin-1.2.3", "Acme.Bin-1.2.3.0"), digest),
    ] as [&dyn Fn(&str, &str) -> String; 2]
    {
        bench.index.fixed("/simple/acme-bin/", page(row));
        let run = bench.job().run();
        assert_eq!(run.succeeded().receipt.count(FileState::PresentSame), 5);
        assert!(run.events.iter().all(|event| !event.contains("not in the plan")), "{:?}", run.events);
    }
    // A length that is not the file's is said; the digest tells.
    bench.index.fixed(
        "/simple/acme-bin/",
        page(&|name, digest| plain_row(name, digest).replace("\"url\"", "\"size\":5,\"url\"")),
    );
    let run = bench.job().run();
    assert!(run.succeeded().events.iter().any(|event| event.contains("has 5 bytes")), "{:?}", run.events);
}

#[test]
fn a_page_that_breaks_off_is_asked_for_again() {
    let bench = bench();
    bench.job().run().succeeded();
    let whole = html_page(&bench, |name, digest| format!("<a href=\"{name}#sha256={digest}\">{name}</a>"));
    let unmeasured = |body: &str| format!("HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n{body}");
    let whole = format!("<html><body>{whole}</body></html>");
    let half = &whole[..whole.len() / 2];
    bench.index.canned("/simple/acme-bin/", [unmeasured(half), unmeasured(&whole)]);
    assert_eq!(bench.job().run().succeeded().receipt.count(FileState::PresentSame), 5);
    bench.index.fixed("/simple/acme-bin/", unmeasured(half));
    let run = bench.job().run();
    assert!(run.error().to_string().contains("cut short"), "{:?}", run.outcome);
    assert_eq!(run.error().exit(), Exit::Failed);
}
