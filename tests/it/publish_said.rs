//! What a publish says that does not end as it was meant to, and what it says before the first byte.

use std::time::{Duration, Instant};

use crate::support::bench::{Bench, bench};
use crate::support::index::{Fault, response};
use crate::support::publish::{TOKEN, assert_no_secret, attestation};
use crate::support::{json, names, run, text};

#[cfg(unix)]
#[test]
fn an_interrupted_publish_says_what_is_up_and_how_to_go_on() {
    use std::process::{Command, Stdio};
    for signal in ["INT", "TERM"] {
        let bench = bench();
        bench.index.faults([Fault::slow(Duration::ZERO), Fault::hang(1000, Duration::from_secs(60))]);
        let mut command = bench.command(&["--receipt", "receipt.json", "--format", "json"]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        while bench.sent() < 2 {
            assert!(Instant::now() < deadline, "nothing is sent");
            std::thread::sleep(Duration::from_millis(5));
        }
        crate::support::succeed(Command::new("kill").args(["-s", signal, &child.id().to_string()]));
        let output = child.wait_with_output().unwrap();
        let said = text(&output);
        assert_eq!(output.status.code(), Some(130), "{said}");
        assert_no_secret(&said, &[]);
        let (up, missing) =
            (said.find("interrupted: 1 of 3 files are up"), said.find("missing: openai_codex_app_server"));
        assert!(up.is_some() && missing.is_some(), "{said}");
        for words in
            ["  up: openai_codex_cli_bin-", "(it was on its way, and may be up)", "to go on: relkit publish dist"]
        {
            assert!(said.contains(words), "{words}: {said}");
        }
        let error = &json(&output)["error"];
        let message = error["message"].as_str().unwrap();
        assert!(message.starts_with("interrupted: 1 of 3 files are up") && error["exit_code"] == 130, "{error}");
        assert!(error["causes"][0].as_str().unwrap().starts_with("up: openai_codex_cli_bin-"), "{error}");
        assert_eq!(bench.run(&[]).status.code(), Some(0));
    }
}

#[cfg(unix)]
#[test]
fn what_was_not_looked_at_is_not_called_missing() {
    use std::net::TcpListener;
    use std::process::Stdio;
    // An index that takes the question and says nothing.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("http://{}/simple/?token=sesame", listener.local_addr().unwrap());
    let bench = bench();
    let upload = format!("{}/legacy/", bench.index.address);
    let options = ["--upload-url", &upload, "--allow-missing", "all", "--index-url", &silent];
    let mut command = bench.verb("publish", &options);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let _asked = listener.accept().unwrap();
    crate::support::succeed(std::process::Command::new("kill").args(["-s", "INT", &child.id().to_string()]));
    let said = text(&child.wait_with_output().unwrap());
    assert!(said.contains("interrupted: 0 of 3 files are known to be up"), "{said}");
    assert!(said.contains("  not looked at: openai_codex_cli_bin-") && !said.contains("missing:"), "{said}");
    assert!(said.contains("/simple/?***") && !said.contains("sesame"), "{said}");

    // It ends by itself where the index says who may not ask.
    let refused = response("403 Forbidden", "", "");
    for project in ["openai-codex-cli-bin", "openai-codex-app-server-sdk"] {
        bench.index.fixed(&format!("/simple/{project}/"), refused.clone());
    }
    let said = text(&bench.run(&[]));
    assert!(said.contains("0 of 3 files are known to be up; nothing was sent"), "{said}");
    assert!(said.contains("not looked at: openai_codex_app_server") && !said.contains("missing:"), "{said}");
}

#[test]
fn an_index_that_refuses_to_be_read_says_why_and_repeats_no_secret() {
    let bench = bench();
    let password = "open-sesame";
    let body = format!(r#"{{"errors":[{{"status":403,"message":"{password} may read nothing\\u001b[2J here"}}]}}"#);
    for project in ["openai-codex-cli-bin", "openai-codex-app-server-sdk"] {
        bench.index.fixed(&format!("/simple/{project}/"), response("403 Forbidden", "", &body));
    }
    let index = bench.index.address.replacen("://", &format!("://reader:{password}@"), 1) + "/simple/";
    let upload = format!("{}/legacy/", bench.index.address);
    let options = ["--upload-url", &upload, "--index-url", &index, "--allow-missing", "all"];
    for more in [&["--dry-run"][..], &[]] {
        let said = text(&run(bench.verb("publish", &options).args(more)));
        assert!(said.contains("answered 403 Forbidden: … may read nothing"), "{said}");
        assert!(!said.contains(password) && !said.contains('\u{1b}'), "{said}");
    }
}

#[test]
fn notes_are_said_though_the_index_refuses() {
    let bench = bench();
    attested(&bench);
    for project in ["openai-codex-cli-bin", "openai-codex-app-server-sdk"] {
        bench.index.fixed(&format!("/simple/{project}/"), response("403 Forbidden", "", "members only"));
    }
    let said = text(&bench.run(&["--dry-run"]));
    assert!(said.contains("1 attestation is not sent") && said.contains("403 Forbidden: members only"), "{said}");
}

#[test]
fn what_is_not_up_is_called_by_what_is_known_of_it() {
    let bench = bench();
    let dry = json(&bench.run(&["--dry-run", "--format", "json"]));
    let (name, project) = (&dry["phases"][0]["files"][0]["name"], &dry["phases"][0]["files"][0]["project"]);
    bench.index.plant(name.as_str().unwrap(), project.as_str().unwrap(), &"0".repeat(64));
    let output = bench.run(&["--receipt", "receipt.json"]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("taken: openai_codex_cli_bin-") && said.contains("missing: openai_codex_app_server"),
        "{said}"
    );
    let receipt = crate::support::read_json(&bench.path("receipt.json"));
    let states: Vec<_> = receipt["files"].as_array().unwrap().iter().map(|file| file["state"].clone()).collect();
    assert_eq!(states, ["taken", "absent", "absent"]);

    let bench = self::bench();
    bench.index.faults([Fault::answer("400 Bad Request", "", "no")]);
    let lines = bench.blind(&[]);
    assert!(lines.iter().any(|line| line.contains("missing: openai_codex_cli_bin-")), "{lines:?}");
    assert!(lines.iter().any(|line| line.contains("not sent: openai_codex_app_server")), "{lines:?}");
}

#[test]
fn what_the_index_has_of_a_project_counts_against_its_limit() {
    let page = |size: &str| {
        let old =
            format!(r#"{{"filename":"openai_codex_cli_bin-0.1-py3-none-any.whl","url":"x","hashes":{{}}{size}}}"#);
        let page = format!(r#"{{"meta":{{"api-version":"1.1"}},"name":"openai-codex-cli-bin","files":[{old}]}}"#);
        response("200 OK", "Content-Type: application/vnd.pypi.simple.v1+json\r\n", &page)
    };
    for (size, is_said) in
        [(",\"size\":10737418240", true), (",\"size\":1000", false), (",\"size\":null", false), ("", false)]
    {
        let bench = bench();
        bench.index.fixed("/simple/openai-codex-cli-bin/", page(size));
        let output = bench.run(&["--dry-run", "--format", "json"]);
        let notes = json(&output)["notes"].to_string();
        assert_eq!(notes.contains("with the 10.74 GB that the index has already"), is_said, "{size}: {notes}");
        assert_eq!(text(&output).contains("unless they raised its limit"), is_said);
    }
}

#[test]
fn a_redirect_of_an_upload_says_where_it_leads() {
    for status in ["301 Moved Permanently", "302 Found", "303 See Other"] {
        let bench = bench();
        let location = "Location: /login?next=%2Flegacy%2F&token=sesame\r\n";
        bench.index.faults([Fault::answer(status, location, "<a href=/login>log in</a>")]);
        let output = bench.run(&[]);
        let said = text(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(&format!("it redirects to `{}/login`", bench.index.address)), "{said}");
        assert!(said.contains("a login stands before the server") && !said.contains("sesame"), "{said}");
    }
}

#[test]
fn a_bound_says_what_it_did() {
    let bench = bench();
    bench.index.faults([Fault::hang(0, Duration::from_secs(120))]);
    let started = Instant::now();
    let output = bench.run(&["--deadline", "2"]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("the deadline of 2 s (`--deadline`)"), "{said}");
    assert!(started.elapsed() < Duration::from_secs(60));

    let bench = self::bench();
    bench.index.lag(Duration::from_secs(3600));
    let output = bench.run(&["--visible-timeout", "1"]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    // What the index does not list is not up, whatever the upload API said.
    for words in
        ["within 1 s (`--visible-timeout`)", "0 of 3 files are up", "accepted, and not listed: openai_codex_cli"]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
}

impl Bench {
    /// The publish without an index to look at.
    fn blind(&self, options: &[&str]) -> Vec<String> {
        let upload = format!("{}/legacy/", self.index.address);
        let output = run(self.verb("publish", &["--upload-url", &upload, "--allow-missing", "all"]).args(options));
        assert_no_secret(&text(&output), &[]);
        String::from_utf8_lossy(&output.stderr).lines().map(str::to_owned).collect()
    }
}

#[test]
fn without_an_index_the_last_line_says_that_nothing_was_looked_up() {
    let bench = bench();
    let refused = || Fault::answer("400 Bad Request", "", "no");
    for (fault, options) in [
        (None, &["--dry-run"][..]),
        (Some(refused()), &[]),
        (Some(refused()), &["--quiet"]),
        (None, &["--quiet"]),
        (None, &[]),
    ] {
        bench.index.faults(fault);
        let lines = bench.blind(options);
        // The command that comes next stands below what was said.
        let is_said = |line: &&String| !line.trim().is_empty() && !line.starts_with("next: ");
        let last = lines.iter().rfind(is_said).unwrap_or_else(|| panic!("{options:?} says nothing"));
        assert!(last.contains("nothing was looked up"), "{lines:?}");
        assert_eq!(lines.iter().filter(|line| line.contains("no index")).count(), 1, "said once: {lines:?}");
    }
}

/// Lays an attestation beside the first wheel.
fn attested(bench: &Bench) {
    let wheel = names(&bench.path("dist")).into_iter().find(|name| name.contains("musllinux")).unwrap();
    let sha256 = json(&bench.run(&["--dry-run", "--format", "json"]))["phases"][0]["files"][0]["sha256"].clone();
    let object = attestation(&wheel, sha256.as_str().unwrap());
    std::fs::write(bench.path(&format!("dist/{wheel}.publish.attestation")), object.to_string()).unwrap();
}

#[test]
fn attestations_that_are_not_sent_are_said() {
    let bench = bench();
    attested(&bench);
    let words = "1 attestation is not sent";
    for options in [&["--dry-run"][..], &["--receipt", "receipt.json"]] {
        let output = bench.run(options);
        assert!(output.status.code() == Some(0) && text(&output).contains(words), "{}", text(&output));
    }
    let receipt = crate::support::read_json(&bench.path("receipt.json"));
    assert_eq!(receipt["files"][0]["attestations"], 0);
    bench.index.state.files.lock().unwrap().clear();
    for when in ["off", "require"] {
        let output = bench.run(&["--attestations", when]);
        assert!(!text(&output).contains("not sent"), "{}", text(&output));
    }
}

/// What an upload API accepts without saying so is called accepted, and no more.
#[test]
fn an_answer_that_says_neither_is_told_where_no_index_is_asked() {
    let doubt = "does not say that it has the file";
    for (body, is_doubtful) in [
        (r#"{"status":"up","version":"7"}"#, true),
        (r#"{"message":"the file was not stored"}"#, true),
        ("hello", true),
        ("", false),
        (r#"{"message":"201 Created"}"#, false),
    ] {
        let bench = bench();
        bench.index.faults(vec![Fault::answer("200 OK", "", body).stored(); 3]);
        let said = bench.blind(&[]).join("\n");
        assert_eq!(said.contains(doubt), is_doubtful, "{body}: {said}");
        let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap();
        assert!(last.contains("nothing was looked up"), "{said}");
        // An index tells.
        bench.index.state.files.lock().unwrap().clear();
        bench.index.faults(vec![Fault::answer("200 OK", "", body).stored(); 3]);
        let said = text(&bench.run(&[]));
        assert!(!said.contains(doubt) && said.contains("Published"), "{said}");
    }
}

#[test]
fn a_refusal_with_200_says_what_the_server_says() {
    for (body, words) in [
        (r#"{"success":false,"message":"quota is used up"}"#, "says itself that it did not take the file"),
        ("<Error><Message>quota is used up</Message></Error>", "says itself that it did not take the file"),
        ("<html><form>quota is used up</form></html>", "no upload API"),
    ] {
        let bench = bench();
        bench.index.faults([Fault::answer("200 OK", "", body)]);
        let said = text(&bench.run(&[]));
        assert!(said.contains(words) && said.contains("quota is used up"), "{body}: {said}");
    }
}

#[test]
fn attestations_of_files_that_are_there_are_said() {
    let bench = bench();
    assert_eq!(bench.run(&[]).status.code(), Some(0));
    attested(&bench);
    let words = "lists no attestation of it";
    for options in [&["--dry-run"][..], &[], &["--attestations", "require", "--only", "runtime"]] {
        let output = bench.run(options);
        assert!(output.status.code() == Some(0) && text(&output).contains(words), "{}", text(&output));
    }
    assert!(!text(&bench.run(&["--attestations", "off"])).contains(words));
    // What goes up now is another matter.
    assert!(!text(&bench.run(&[])).contains("1 attestation is not sent"));
    // The index has one of it.
    let file = bench.index.files()[0].clone();
    let row = serde_json::json!({
        "filename": file.name, "url": file.name, "hashes": {"sha256": file.sha256}, "provenance": "provenance",
    });
    let page = serde_json::json!({"meta": {"api-version": "1.3"}, "files": [row]}).to_string();
    bench.index.fixed("/simple/openai-codex-cli-bin/", response("200 OK", "", &page));
    assert!(!text(&bench.run(&[])).contains("lists no attestation"));
}

/// A machine that has no more of what a connection needs is no server that fails.
#[cfg(target_os = "linux")]
#[test]
fn a_machine_that_can_open_no_more_is_told_at_once() {
    let mut was_told = false;
    // Where the last file is opened differs from build to build.
    for limit in 5..24 {
        let bench = bench();
        let publish = bench.command(&["--allow-missing", "all"]);
        let mut command = std::process::Command::new("sh");
        command.args(["-c", &format!("ulimit -n {limit}; exec \"$@\""), "sh"]).arg(publish.get_program());
        command.args(publish.get_args()).current_dir(bench.directory.path()).env("RELKIT_TOKEN", TOKEN);
        let output = run(&mut command);
        let said = text(&output);
        match output.status.code() {
            Some(0) => break,
            Some(2) => assert!(!said.contains("attempts") && said.contains("hint:"), "{limit}: {said}"),
            code => panic!("{limit}: {code:?} {said}"),
        }
        was_told |= said.contains("cannot be sent") && said.contains("ulimit -n");
    }
    assert!(was_told);
}

/// What is stored is up, though no receipt of it can be kept.
#[test]
fn a_receipt_that_cannot_be_kept_takes_nothing_back() {
    use std::process::Stdio;
    let bench = bench();
    bench.index.faults([Fault { hang: Duration::from_secs(1), ..Fault::slow(Duration::ZERO) }]);
    let kept = bench.path("kept");
    std::fs::create_dir(&kept).unwrap();
    let mut command = bench.command(&["--receipt", "kept/receipt.json"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while bench.sent() < 1 {
        assert!(Instant::now() < deadline, "nothing is sent");
        std::thread::sleep(Duration::from_millis(5));
    }
    std::fs::remove_dir_all(&kept).unwrap();
    std::fs::write(&kept, "in the way").unwrap();
    let output = child.wait_with_output().unwrap();
    let said = text(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("cannot keep the receipt") && said.contains("1 of 3 files are up"), "{said}");
    assert_eq!(bench.index.files().len(), 1);
}
