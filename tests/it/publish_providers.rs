//! Trusted publishing from the services that are not asked over a URL of the job, as a user's job has them.

use std::fs;
use std::path::Path;

use crate::support::bench::{Bench, bench};
use crate::support::http::{response, serve};
use crate::support::publish::assert_no_secret;
use crate::support::{names, read_json, run, text};

const IDENTITY: &str = "e30.e30.c2lnbmF0dXJl";

/// A program of an agent, which keeps what it was asked and says this.
#[cfg(unix)]
fn agent(bench: &Bench, name: &str, says: &str) {
    let directory = bench.path("bin");
    fs::create_dir_all(&directory).unwrap();
    let script = format!("#!/bin/sh\necho \"$*\" >> {}\n{says}\n", directory.join("asked").display());
    fs::write(directory.join(name), script).unwrap();
    crate::support::set_mode(&directory.join(name), 0o755);
}

impl Bench {
    fn by_identity(&self, variables: &[(&str, &str)], options: &[&str]) -> std::process::Output {
        // An identity serves for one mint, and there are two projects.
        self.index.state.seen.lock().unwrap().identities = vec![IDENTITY.to_owned(); 2];
        let path = format!("{}:{}", self.path("bin").display(), std::env::var("PATH").unwrap_or_default());
        let mut command = self.command(options);
        command.env_remove("RELKIT_TOKEN").env("PATH", path).envs(variables.iter().copied());
        let output = run(&mut command);
        assert_no_secret(&text(&output), &[IDENTITY.to_owned()]);
        output
    }
}

#[cfg(unix)]
#[test]
fn agents_are_asked_for_each_project() {
    let asked = [
        ("BUILDKITE", "buildkite-agent", "oidc request-token --audience scripted-index"),
        ("CIRCLECI", "circleci", "run oidc get --root-issuer --claims {\"aud\":\"scripted-index\"}"),
    ];
    for (variable, program, words) in asked {
        let bench = bench();
        agent(&bench, program, &format!("echo {IDENTITY}"));
        let output = bench.by_identity(&[(variable, "true")], &["--receipt", "receipt.json"]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
        assert_eq!(bench.index.minted(), 2);
        let lines = fs::read_to_string(bench.path("bin/asked")).unwrap();
        assert_eq!(lines.lines().collect::<Vec<_>>(), [words; 2]);
        assert!(!fs::read_to_string(bench.path("receipt.json")).unwrap().contains(IDENTITY));
    }
}

#[cfg(unix)]
#[test]
fn an_agent_that_says_nothing_good_is_told() {
    for (says, words) in [("exit 3", "does not say who this job is"), ("echo no", "is no identity")] {
        let bench = bench();
        agent(&bench, "buildkite-agent", says);
        let output = bench.by_identity(&[("BUILDKITE", "true")], &["--format", "json"]);
        assert_eq!(output.status.code(), Some(2), "{}", text(&output));
        assert!(text(&output).contains(words) && text(&output).contains("RELKIT_TOKEN"), "{}", text(&output));
        assert_eq!((crate::support::json(&output)["outcome"].clone(), bench.sent()), ("unauthorised".into(), 0));
    }
    let bench = bench();
    let output = bench.by_identity(&[("BUILDKITE", "true"), ("PATH", "/nonexistent")], &[]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
}

#[test]
fn a_machine_of_google_is_asked_at_its_metadata_server() {
    let bench = bench();
    let address = serve(|mut stream| {
        use std::io::Write as _;
        let head = crate::support::http::Head::read(&mut stream)?;
        let path = "/computeMetadata/v1/instance/service-accounts/default/identity?audience=scripted-index&format=full";
        let is_right = head.line.split(' ').nth(1) == Some(path) && head.header("metadata-flavor") == "Google";
        let answer = if is_right { response("200 OK", "", IDENTITY) } else { response("403 Forbidden", "", "no") };
        stream.write_all(answer.as_bytes())
    });
    let host = address.trim_start_matches("http://");
    let output = bench.by_identity(&[("GCE_METADATA_HOST", host)], &["--receipt", "receipt.json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert_eq!(bench.index.minted(), 2);
    assert_eq!(read_json(&bench.path("receipt.json"))["outcome"], "published");
}

/// Every file that a publish leaves, searched for the secrets that it used.
#[test]
fn no_file_of_a_publish_holds_a_secret() {
    let bench = bench();
    let with_login = |url: &str| url.replace("http://", "http://reader:pa%24s-of-the-reader@");
    for options in [
        &["--dry-run", "--plan", "plan.json", "--format", "json"][..],
        &["--plan", "plan.json", "--receipt", "receipt.json", "--format", "json"],
        &["--plan", "plan.json", "--receipt", "receipt.json"],
    ] {
        let (upload, simple) = (format!("{}/legacy/", bench.index.address), with_login(&bench.simple()));
        let mut command = bench.verb("publish", &["--upload-url", &upload, "--index-url", &simple]);
        command.args(["--allow-missing", "all"]).args(options);
        let output = run(command.env("RELKIT_INDEX_TOKEN", "index-token-of-the-reader"));
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
        secretless(&text(&output));
    }
    let output = run(&mut bench.verb("verify", &["--allow-missing", "all", "--manifest", "release.json"]));
    secretless(&text(&output));
    let left: Vec<_> = names(bench.directory.path()).into_iter().filter(|name| name.ends_with(".json")).collect();
    assert_eq!(left, ["plan.json", "receipt.json", "release.json"]);
    for name in left {
        secretless(&fs::read_to_string(Path::new(&bench.path(&name))).unwrap());
    }
}

#[track_caller]
fn secretless(text: &str) {
    let secrets = ["pa%24s-of-the-reader", "pa$s-of-the-reader", "index-token-of-the-reader"].map(str::to_owned);
    assert_no_secret(text, &secrets);
}
