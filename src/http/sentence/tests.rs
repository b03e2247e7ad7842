use std::io::Write as _;

use flate2::Compression;
use flate2::write::{DeflateEncoder, ZlibEncoder};
use reqwest::header::{CONTENT_ENCODING, HeaderValue};

use super::*;

fn reason(body: &[u8]) -> String {
    Body::read(body, &HeaderMap::new(), StatusCode::BAD_REQUEST, &Secrets::default()).reason
}

fn verdict(body: &str) -> Verdict {
    Body::read(body.as_bytes(), &HeaderMap::new(), StatusCode::OK, &Secrets::default()).verdict
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
        r#"{"detail":"Something is wrong.","fields":{"package_file":["it is so"]}}"#,
        r#"{"message":"Validation Failed","errors":[{"field":"name","code":"custom","message":"it is so"}]}"#,
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
    for mark in [u16::to_le_bytes as fn(u16) -> [u8; 2], u16::to_be_bytes] {
        let wide: Vec<u8> = "\u{feff}{\"message\":\"é is so\"}".encode_utf16().flat_map(mark).collect();
        assert_eq!(reason(&wide), "é is so");
    }
    assert_eq!(reason("é".repeat(4).as_bytes().split_last().unwrap().1), "ééé");
    assert_eq!(reason(b"\x0b\x02\x80caf\xe9 fehlt\x03"), "");
    assert_eq!(reason(b"x\x9c it is not packed"), "xœ it is not packed");
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
        ("<!DOCTYPE html><title>a.whl</title><p>The file was uploaded.</p>", false),
        ("<html><head></head><body> </body></html>", false),
        ("<?xml version='1.0'?><answer><size>12</size></answer>", false),
        ("<html><body><h1>Welcome to the repository</h1></body></html>", true),
        ("<!DOCTYPE html><title>A Manager</title><script src=a.js></script><div id=root></div>", true),
        ("<!DOCTYPE html><body><app-root></app-root><script src=a.js></script></body>", true),
        ("<html><title>Simple index</title><a href=a/>a</a></html>", true),
        ("<html><title>Anmelden</title><p>Anmelden mit SSO</p></html>", true),
        ("<html><body onload='document.forms[0].submit()'></body></html>", true),
        ("stored for login bob", false),
        (r#"{"status":200,"code":0,"message":"Stored"}"#, false),
        (
            r#"{"success":true,"errors":0,"data":{"status":"stored","error":""},"file":{"status":"failed before"}}"#,
            false,
        ),
        ("500 bytes stored", false),
        ("<html><title>Upload</title><h1>200 OK</h1><p>Error pages are off</p></html>", false),
        (r#"{"message":"fine","code":"200"}"#, false),
        (r#"{"success":false}"#, true),
        (r#"{"Success":false}"#, true),
        (r#"{"status":"fail"}"#, true),
        (r#"{"status":"403"}"#, true),
        (r#"{"result":"error"}"#, true),
        (r#"{"isError":true}"#, true),
        (r#"{"has_errors":1}"#, true),
        (r#"{"data":{"success":false}}"#, true),
        (r#"{"meta":{"status":403}}"#, true),
        (r#"{"message":"Internal Server Error"}"#, true),
        (r#"{"success": false, "message": "quota us"#, true),
        (r#"{"error": "", "ok": true, "message": "st"#, false),
        (r#"{"error": "no", "message": "st"#, true),
        ("\"Forbidden\"", true),
        ("ERROR: quota used up", true),
        ("502 Bad Gateway", true),
        ("HTTP 404", true),
        ("<html><title>404 Not Found</title><p>nginx</p></html>", true),
        ("<html><h1>Error 502</h1></html>", true),
        ("<h1>Down for maintenance</h1>", true),
        ("<meta http-equiv=Refresh content='0; url=/x'>", true),
        ("<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", true),
        ("<s:Envelope><s:Body><s:Fault><faultstring>no</faultstring></s:Fault></s:Body></s:Envelope>", true),
        (r#"{"type":"about:blank","title":"Bad","status":400,"detail":"no wheel"}"#, true),
        (r#"{"code":403,"message":"forbidden for you"}"#, true),
        ("Please log in to continue", true),
        (r#"{"error":"no"}"#, true),
        ("<html><title>Sign in</title></html>", true),
        ("<form action=/login><input name=user></form>", true),
        ("<script src=x></script>You need JavaScript", true),
    ] {
        assert_eq!(verdict(body).is_refusal(), is_refusal, "{body}");
    }
}

#[test]
fn what_a_server_writes_in_older_encodings_is_read_as_far_as_it_is_known() {
    let said = |kind: &'static str, body: &[u8]| {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(kind))]);
        Body::read(body, &headers, StatusCode::BAD_REQUEST, &Secrets::default()).reason
    };
    let quoted = b"\x93acme\x94 isn\x92t free \x96 caf\xe9";
    for kind in [
        "text/plain",
        "text/plain; charset=windows-1252",
        "text/plain;Charset=\"ISO-8859-1\"",
        "text/plain; charset=utf-8",
    ] {
        assert_eq!(said(kind, quoted), "“acme” isn’t free – café", "{kind}");
    }
    // Not what it would be in another encoding.
    assert_eq!(said("text/plain; charset=windows-1251", b"a \xed\xe5\xf2 b"), "a \u{fffd}\u{fffd}\u{fffd} b");
    assert_eq!(said("text/plain; charset=windows-1251", "нет".as_bytes()), "нет");
}

#[test]
fn bare_deflate_is_unpacked_where_a_server_says_so() {
    let said = |packing: &'static str, body: &[u8]| {
        let headers = HeaderMap::from_iter([(CONTENT_ENCODING, HeaderValue::from_static(packing))]);
        Body::read(body, &headers, StatusCode::BAD_REQUEST, &Secrets::default()).reason
    };
    let bare = |body: &[u8]| {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    };
    let long = format!(r#"{{"message":"it is so","trace":"{}"}}"#, "x y z ".repeat(900));
    for body in ["it is so", r#"{"message":"it is so"}"#, "<p>it is so</p>", &long] {
        assert_eq!(said("deflate", &bare(body.as_bytes())), "it is so", "{body}");
        assert_eq!(said(" Deflate", &bare(body.as_bytes())), "it is so", "{body}");
        // Called so, and nothing of the kind.
        assert_eq!(said("deflate", body.as_bytes()), "it is so", "{body}");
    }
    assert_eq!(said("br", &bare(b"it is so")), "");
}

#[test]
fn a_success_that_says_neither_is_told() {
    for (body, expected) in [
        ("", Verdict::Done),
        ("{}", Verdict::Done),
        ("OK", Verdict::Done),
        (r#"{"message":"201 Created"}"#, Verdict::Done),
        (r#"{"ok":true}"#, Verdict::Done),
        (r#"{"data":{"files":["a-1-py3-none-any.whl"]}}"#, Verdict::Done),
        ("<html><body>Stored</body></html>", Verdict::Done),
        ("hello", Verdict::Open),
        ("This file was not stored", Verdict::Open),
        (r#"{"message":"nothing was stored"}"#, Verdict::Open),
        (r#"{"status":"up","version":"7.1"}"#, Verdict::Open),
        (r#"{"session":"abc","task":"/tasks/1/","task_start_time":"2026"}"#, Verdict::Open),
        ("<?xml version='1.0'?><answer><size>12</size></answer>", Verdict::Open),
        (r#"{"ok":false}"#, Verdict::Refused),
        ("<Error><Message>no</Message></Error>", Verdict::Refused),
        ("Please log in", Verdict::ForPeople),
        ("<html><h1>Welcome</h1></html>", Verdict::ForPeople),
    ] {
        assert_eq!(verdict(body), expected, "{body}");
    }
}

proptest::proptest! {
    #[test]
    fn never_panics(body: Vec<u8>, markup in "(<title>|</title>|İ|<pre>|[a-z]|</pre>|<message>|<script>){0,9}") {
        let _ = reason(&body);
        let _ = reason(markup.as_bytes());
    }
}

#[test]
fn a_secret_is_taken_out_before_the_rest_is_cut() {
    let secrets = Secrets::of_text("pypi-a-token-that-is-long");
    for lead in [MAX_REASON - 30, MAX_REASON - 10, MAX_REASON - 1] {
        let text = format!("{} pypi-a-token-that-is-long", "x".repeat(lead));
        for body in [text.clone(), format!(r#"{{"message":"{text}"}}"#), format!("<p>{text}</p>")] {
            let said = Body::read(body.as_bytes(), &HeaderMap::new(), StatusCode::FORBIDDEN, &secrets).reason;
            assert!(!said.contains("pyp") && said.chars().count() <= MAX_REASON, "{said}");
        }
    }
}
