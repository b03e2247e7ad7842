use crate::digest::Sha256Digest;

use super::*;

fn page(content_type: &str, body: &str) -> Result<Page, String> {
    let url = Url::parse("https://index.example/simple/a/").unwrap();
    Page::parse(content_type, body.as_bytes(), &url, &url.join("..").unwrap(), &|_| true)
}

#[test]
fn both_forms_list_the_same() {
    let digest = Sha256Digest::of(b"x");
    let json = format!(
        r#"{{"meta":{{"api-version":"1.0"}},"name":"a","files":[
        {{"filename":"a-1.tar.gz","url":"../../a-1.tar.gz","hashes":{{"sha256":"{digest}"}}}},
        {{"filename":"b.whl","url":"b.whl","hashes":{{}},"yanked":"bad"}}]}}"#
    );
    let html = format!(
        "<!DOCTYPE html><html><body><a href=\"../../a-1.tar.gz#sha256={digest}\" data-x>a-1.tar.gz</a><br>\n\
         <a href='b.whl' data-yanked=bad> b.whl </a></body></html>"
    );
    let json = page("application/vnd.pypi.simple.v1+json", &json).unwrap();
    let mut html = page("text/html", &html).unwrap();
    html.lists_projects = false;
    if let Some(url) = html.files.get_mut("a-1.tar.gz").and_then(|listed| listed.url.as_mut()) {
        url.set_fragment(None);
    }
    assert_eq!(json, html);
    assert_eq!(json.files["b.whl"].yanked.as_deref(), Some("bad"));
    assert_eq!(json.files["a-1.tar.gz"].url.as_ref().unwrap().as_str(), "https://index.example/a-1.tar.gz");
}

#[test]
fn a_digest_is_found_in_every_legal_form() {
    let digest = Sha256Digest::of(b"x");
    let upper = digest.to_string().to_ascii_uppercase();
    for href in [
        format!("/f/a-1.whl#sha256={digest}"),
        format!("/f/a-1.whl#SHA256={upper}"),
        format!("/f/a-1.whl#egg=a&amp;sha256={digest}&amp;size=1"),
        format!("/f/a-1.whl#md5=00&sha256={digest}"),
        format!("//cdn.example/%61-1.whl?x=1#sha256={digest}"),
        format!("\n a-1.whl#sha256={digest} "),
    ] {
        let page = page("TEXT/HTML; charset=utf-8", &format!("\u{feff}<A HREF=\"{href}\">a-1.whl</A>")).unwrap();
        assert_eq!(page.files["a-1.whl"].sha256, Some(digest), "{href}");
    }
    for hashes in [format!(r#"{{"SHA256":"{upper}"}}"#), format!(r#"{{"md5":null,"sha256":"{digest}"}}"#)] {
        let text = format!(r#"{{"files":[{{"filename":"a-1.whl","url":null,"size":null,"hashes":{hashes}}}]}}"#);
        assert_eq!(page("application/JSON", &text).unwrap().files["a-1.whl"].sha256, Some(digest), "{hashes}");
    }
    for hashes in ["null", "{}", r#"{"sha256":null}"#, r#"{"sha256":"abc"}"#, r#"{"md5":"00"}"#, "[]"] {
        let text = format!(r#"{{"files":[{{"filename":"a-1.whl","hashes":{hashes}}}]}}"#);
        assert_eq!(page("", &text).unwrap().files["a-1.whl"].sha256, None, "{hashes}");
    }
}

#[test]
fn another_major_version_is_refused() {
    for (kind, body) in [
        ("application/vnd.pypi.simple.v2+json", r#"{"files":[]}"#),
        ("application/vnd.pypi.simple.v1+json", r#"{"meta":{"api-version":"2.0"},"files":[]}"#),
        ("application/vnd.pypi.simple.v1+json", r#"{"meta":{"api-version":"2.0"},"things":[]}"#),
        ("text/html", "<meta name=pypi:repository-version content=2.0><a href=a-1.whl>a-1.whl</a>"),
    ] {
        assert!(page(kind, body).unwrap_err().contains("version 2"), "{kind} {body}");
    }
    for (kind, body) in [
        ("application/vnd.pypi.simple.latest+json", r#"{"meta":{"api-version":"1.4"},"files":[]}"#),
        ("application/vnd.pypi.simple.v1+html", "<html></html>"),
        ("text/html", "<meta name=pypi:repository-version content=1.1>"),
    ] {
        assert_eq!(page(kind, body).unwrap().kind, PageKind::Simple, "{kind} {body}");
    }
}

#[test]
fn a_page_for_people_is_no_listing() {
    for (body, kind) in [
        ("<title>Log in</title><form><input type=password></form>", PageKind::ForPeople),
        ("<h1>Welcome</h1><a href=/login>log in</a>", PageKind::ForPeople),
        ("<html><body></body></html>", PageKind::Doubtful),
        ("<title>Links for a</title>", PageKind::Simple),
        ("<a href=/a-1.whl>a-1.whl</a><form></form>", PageKind::Simple),
    ] {
        assert_eq!(page("text/html", body).unwrap().kind, kind, "{body}");
    }
    for body in ["[]", "[[]]", "just text", "", "{}"] {
        assert!(page("", body).is_err(), "{body}");
    }
}

#[test]
fn what_is_inherited_is_not_of_this_index() {
    let at = Url::parse("https://index.example/up/dev/+simple/a/").unwrap();
    let body = br#"{"files":[{"filename":"a-1.whl","url":"../../../../base/mirror/+f/ab/a-1.whl"},
        {"filename":"a-2.whl","url":"../../+f/ab/a-2.whl"}]}"#;
    let page = Page::parse("", body, &at, &at.join("..").unwrap(), &|_| true).unwrap();
    assert_eq!(page.files.keys().collect::<Vec<_>>(), ["a-2.whl"]);
    assert_eq!(page.elsewhere.as_deref(), Some("https://index.example/base/mirror"));
}

#[test]
fn a_status_is_read_in_both_forms() {
    let json = r#"{"files":[],"project-status":{"status":"quarantined","reason":"x"}}"#;
    let html =
        "<meta name='pypi:project-status' content=Quarantined><meta name='pypi:project-status-reason' content=x>";
    for body in [json, html] {
        let status = page("", body).unwrap().status.unwrap();
        assert_eq!((status.word.as_str(), status.reason.as_str()), ("quarantined", "x"));
    }
    // What tells a status is a page of the simple API, though it lists nothing; a status that says nothing is none.
    assert_eq!(page("", html).unwrap().kind, PageKind::Simple);
    for nothing in ["null", "5", "\"\""] {
        let json = format!(r#"{{"files":[],"project-status":{{"status":{nothing},"reason":"x"}}}}"#);
        assert_eq!(page("", &json).unwrap().status, None, "{nothing}");
    }
}

#[test]
fn of_a_large_page_what_is_wanted_is_kept_and_the_rest_counted() {
    let url = Url::parse("https://index.example/up/dev/+simple/a/").unwrap();
    let is_wanted = |name: &str| name.contains("-2-");
    let row = |number: u32, place: &str| {
        format!(r#"{{"filename":"a-{number}-py3-none-any.whl","url":"{place}a-{number}-py3-none-any.whl","size":10}}"#)
    };
    let rows: Vec<_> =
        (0..100).map(|number| row(number, "../../+f/")).chain([row(200, "../../../../base/x/+f/")]).collect();
    let body = format!(r#"{{"files":[{}]}}"#, rows.join(","));
    let page = Page::parse("", body.as_bytes(), &url, &url.join("..").unwrap(), &is_wanted).unwrap();
    let names: Vec<_> = page.files.keys().map(String::as_str).collect();
    assert_eq!(names, ["a-0-py3-none-any.whl", "a-2-py3-none-any.whl"]);
    assert_eq!((page.beside, page.elsewhere.as_deref()), (980, Some("https://index.example/base/x")));

    let link = |number: u32| format!("<a href='../../f/a-{number}-py3-none-any.whl#sha256=x'>a</a>");
    let encoded = "<a href='../../f/%61-2-py3-none-any.whl'>a</a><a href='../../f/%61-77-py3-none-any.whl'>a</a>";
    let body: String = (3..100).map(link).chain([encoded.to_owned()]).collect();
    let page = Page::parse("", body.as_bytes(), &url, &url.join("..").unwrap(), &is_wanted).unwrap();
    let names: Vec<_> = page.files.keys().map(String::as_str).collect();
    assert_eq!(names, ["a-2-py3-none-any.whl", "a-3-py3-none-any.whl"]);
}

#[test]
fn a_file_that_is_listed_twice_is_disputed_where_its_digests_differ() {
    let digest = |byte: &str| byte.repeat(32);
    let row = |hash: &str| format!(r#"{{"filename":"a-1-py3-none-any.whl","url":"x","hashes":{{"sha256":"{hash}"}}}}"#);
    let disputed = |one: &str, other: &str| {
        let page = page("", &format!(r#"{{"files":[{},{}]}}"#, row(one), row(other))).unwrap();
        page.files["a-1-py3-none-any.whl"].disputed
    };
    assert_eq!(disputed(&digest("ab"), &digest("ab")), None);
    assert_eq!(disputed(&digest("ab"), ""), None);
    assert_eq!(disputed(&digest("ab"), &digest("cd")), digest("cd").parse().ok());
}

proptest::proptest! {
    #[test]
    fn never_panics(body: Vec<u8>, markup in "(<a href=\"[?]#sha256=[0-9a-f]{0,64}\">|<base href=x>|</a>|[a-z.]{0,9}|<!--|&amp;){0,12}") {
        let url = Url::parse("https://index.example/simple/a/").unwrap();
        let _ = Page::parse("", &body, &url, &url, &|_| true);
        let _ = Page::parse("application/json", &body, &url, &url, &|_| true);
        let _ = Page::parse("", markup.as_bytes(), &url, &url, &|_| true);
        let _ = is_root("", &body, &url);
    }
}

#[test]
fn what_is_followed_is_told_and_what_lies_there_left_out() {
    let file = |name: &str, url: &str| format!(r#"{{"filename":"{name}","url":"{url}","hashes":{{}}}}"#);
    let files =
        [file("a-1.tar.gz", "https://other.example/f/a-1.tar.gz"), file("a-2.tar.gz", "../../a-2.tar.gz")].join(",");
    let json = format!(
        r#"{{"meta":{{"api-version":"1.2","tracks":["https://me:secret@other.example/simple/a/",7]}},"files":[{files}]}}"#
    );
    // What is none of the specification's is passed over whole.
    assert_eq!(page("application/json", &json).unwrap().tracks, [""; 0]);
    let json = page("application/json", &json.replace(",7]", "]")).unwrap();
    let html = page(
        "text/html",
        "<meta name=pypi:tracks content=' https://me:secret@other.example/simple/a/ '><a href=//other.example/a-1.tar.gz>x</a>\
         <a href=//cdn.example/a-2.tar.gz>x</a>",
    );
    for page in [json, html.unwrap()] {
        assert_eq!(page.tracks, ["https://***@other.example/simple/a/"]);
        assert_eq!(page.files.keys().collect::<Vec<_>>(), ["a-2.tar.gz"]);
        assert!(page.elsewhere.unwrap().contains("other.example"));
    }
}

#[test]
fn the_page_of_one_project_is_no_root_and_a_root_no_project() {
    let url = Url::parse("https://index.example/simple/").unwrap();
    let root = |kind: &str, text: &str| is_root(kind, text.as_bytes(), &url);
    let json = "application/vnd.pypi.simple.v1+json";
    assert_eq!(root(json, r#"{"meta":{},"projects":[{"name":"files"}]}"#), Ok(true));
    assert_eq!(root(json, r#"{"meta":{}}"#), Ok(true));
    assert_eq!(root("text/html", "<title>Simple index</title><a href=a/>a</a>"), Ok(true));
    for (kind, text) in [
        (json, r#"{"meta":{}, "name":"projects", "files" : [{"filename":"a-1.tar.gz"#),
        ("application/json", r#"{"files":[]}"#),
        ("text/html", "<a href=a-1.tar.gz>a-1.tar.gz</a>"),
        ("application/vnd.pypi.simple.v1+html", "<a href=a-1.tar.gz>a-1.tar.gz</a>"),
    ] {
        assert!(root(kind, text).unwrap_err().contains("one project"), "{kind} {text}");
    }
    assert!(page(json, r#"{"meta":{},"projects":[]}"#).unwrap_err().contains("lists projects"));
    for (text, kind) in [
        ("<title>Simple index</title><a href=/simple/b/>b</a>", PageKind::Doubtful),
        ("<title>Links for a</title>", PageKind::Simple),
        ("<meta name=pypi:repository-version content=1.0><a href=x>x</a>", PageKind::Simple),
    ] {
        assert_eq!(page("text/html", text).unwrap().kind, kind, "{text}");
    }
}
