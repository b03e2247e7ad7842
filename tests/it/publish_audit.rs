//! A published release as the input of `check` and `coverage`: fetched from the index, held against its page and the
//! manifest, and judged by the same rules.

use std::fs;
use std::process::Output;

use relkit::check::Family;
use serde_json::{Value, json};
use sha2::Digest as _;

use crate::support::bench::{Bench, bench};
use crate::support::check::assert_every_rule_has_a_case;
use crate::support::index::{Form, ScriptedIndex, response};
use crate::support::{json, names, relkit, run, text};

const RUNTIME: &str = "openai-codex-cli-bin==0.163.0";
const SDK: &str = "openai-codex-app-server-sdk==0.163.0";

/// A release that is published, and whose files the index hands out.
fn published() -> Bench {
    let bench = bench();
    let output = bench.run(&[]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    for file in bench.index.files() {
        bench.index.serve(&file.project, &bench.path("dist").join(&file.name));
    }
    let output = run(&mut bench.verb("verify", &["--allow-missing", "all", "--manifest", "release.json"]));
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    bench
}

impl Bench {
    fn judge(&self, command: &str, options: &[&str]) -> Output {
        let mut relkit = relkit();
        relkit.current_dir(self.directory.path()).args([command, "--index-url", &self.simple(), "--format", "json"]);
        run(relkit.args(options))
    }

    /// The page of the runtime, with one file as it is but for what `more` says.
    fn retold(&self, more: &Value) {
        let file = self.index.files().into_iter().find(|file| file.name.contains("musllinux")).unwrap();
        let mut row = json!({"filename": file.name, "url": file.name, "hashes": {"sha256": file.sha256}});
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let page = json!({"meta": {"api-version": "1.3"}, "name": file.project, "files": [row]}).to_string();
        let headers = "Content-Type: application/vnd.pypi.simple.v1+json\r\n";
        self.index.fixed(&format!("/simple/{}/", file.project), response("200 OK", headers, &page));
    }
}

/// The rules and severities of what was found, but for those of the wheels themselves.
fn of_index(output: &Output) -> Vec<(String, String, String)> {
    let report = json(output);
    let word = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let files = report["files"].as_array().unwrap().iter();
    let findings = files.flat_map(|file| file["findings"].as_array().unwrap());
    let of_index = findings.filter(|finding| finding["rule"].as_str().unwrap().starts_with("index-"));
    of_index.map(|found| (word(found, "rule"), word(found, "severity"), word(found, "message"))).collect()
}

#[test]
fn a_published_release_is_judged_as_its_files_are() {
    let bench = published();
    let here = json(&run(relkit().current_dir(bench.directory.path()).args(["check", "dist", "--format", "json"])));
    let there = bench.judge("check", &[RUNTIME, SDK]);
    let there = json(&there);
    let rows = |report: &Value| -> Vec<(String, Value, Value)> {
        let files = report["files"].as_array().unwrap().iter().filter(|file| !file["sha256"].is_null());
        let name = |file: &Value| file["path"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        let mut rows: Vec<_> =
            files.map(|file| (name(file), file["sha256"].clone(), file["findings"].clone())).collect();
        rows.sort_by_key(|row| row.0.clone());
        rows
    };
    assert_eq!(rows(&here), rows(&there));
    assert!(there["files"][0]["path"].as_str().unwrap().starts_with("openai_codex"), "{there}");
    // Other spellings of name and version are the same release.
    let output = bench.judge("check", &["OpenAI.Codex_cli.bin==v0.163", "--select", "index"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));

    let here = json(&run(relkit().current_dir(bench.directory.path()).args(["coverage", "dist", "--format", "json"])));
    let there = bench.judge("coverage", &[RUNTIME]);
    assert_eq!((there.status.code(), json(&there)["platforms"].clone()), (Some(0), here["platforms"].clone()));
}

#[test]
fn the_index_is_held_against_the_manifest() {
    let bench = published();
    let audit = |options: &[&str]| {
        let usual = [RUNTIME, SDK, "--select", "index", "--manifest", "release.json"];
        let output = bench.judge("check", &[&usual[..], options].concat());
        let found = of_index(&output);
        assert_eq!(output.status.code(), Some(i32::from(!found.is_empty())), "{}", text(&output));
        found
    };
    assert_eq!(audit(&[]), []);
    // A file that is not there, and one that nobody planned.
    let gone = bench.index.state.files.lock().unwrap().pop().unwrap();
    let found = audit(&[]);
    assert!(found.len() == 1 && found[0].2.contains(&format!("does not list `{}`", gone.name)), "{found:?}");
    bench.index.plant("openai_codex_app_server_sdk-0.163.0-1-py3-none-any.whl", &gone.project, &"0".repeat(64));
    let found = audit(&[]);
    assert!(found.iter().any(|(rule, _, message)| rule == "index-files" && message.contains("not in the manifest")));
    assert!(found.iter().any(|(_, _, message)| message.contains("cannot be had from")), "{found:?}");
    bench.index.state.files.lock().unwrap().pop();
    bench.index.state.files.lock().unwrap().push(gone.clone());
    assert_eq!(audit(&[]), []);
    // Other bytes behind the link of a file.
    let other = bench.path(&gone.name);
    fs::write(&other, "other bytes").unwrap();
    bench.index.serve(&gone.project, &other);
    let found = audit(&[]);
    assert!(found.len() == 2 && found.iter().all(|(rule, severity, _)| rule == "index-digest" && severity == "error"));
    bench.index.serve(&gone.project, &bench.path("dist").join(&gone.name));
    // Attestations that are asked for and not there.
    let found = audit(&["--attestations", "require"]);
    assert!(found.len() == 3 && found.iter().all(|(rule, ..)| rule == "index-attestation"), "{found:?}");
    // Those that were sent with one must have it, and no other.
    let receipt = |rows: &Value| {
        fs::write(bench.path("sent.json"), json!({"schema_version": 1, "files": rows}).to_string()).unwrap()
    };
    let row = |name: &str, attestations: u32| json!({"name": name, "attestations": attestations, "state": "uploaded"});
    receipt(&json!([row(&gone.name, 1), row("openai_codex_app_server_sdk-0.163.0.tar.gz", 0)]));
    let found = audit(&["--publish-receipt", "sent.json"]);
    assert!(found.len() == 1 && found[0].0 == "index-attestation" && found[0].2.contains(&gone.name), "{found:?}");
    assert_eq!(audit(&["--publish-receipt", "sent.json", "--attestations", "require"]).len(), 3);
    receipt(&json!([row(&gone.name, 0)]));
    assert_eq!(audit(&["--publish-receipt", "sent.json"]), []);
    receipt(&json!({}));
    let output = bench.judge("check", &[RUNTIME, "--publish-receipt", "sent.json"]);
    let said = text(&output);
    assert!(output.status.code() == Some(2) && said.contains("`sent.json` is not the receipt of a publish"), "{said}");
    bench.retold(&json!({"yanked": "broken"}));
    let found = audit(&[]);
    assert!(found.len() == 1 && found[0].0 == "index-yanked" && found[0].2.ends_with("(broken)"), "{found:?}");
    let cases = ["index-files", "index-digest", "index-attestation", "index-yanked"];
    assert_every_rule_has_a_case(&[Family::Index], cases.into_iter());
}

#[test]
fn what_a_page_says_of_a_file_is_held_against_it() {
    let bench = published();
    let found = |bench: &Bench, options: &[&str]| {
        let output = bench.judge("check", &[&[RUNTIME, "--select", "index"][..], options].concat());
        (output.status.code().unwrap(), of_index(&output))
    };
    bench.retold(&json!({"hashes": {"sha256": "0".repeat(64)}}));
    let (code, rows) = found(&bench, &[]);
    assert!(code == 1 && rows.len() == 1 && rows[0].2.contains("tells the SHA-256 0000"), "{rows:?}");
    let output = bench.judge("coverage", &[RUNTIME]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(json(&output)["problems"][0]["message"].as_str().unwrap().contains("its bytes have"));
    // More than it tells is not read.
    bench.retold(&json!({"size": 10}));
    let (code, rows) = found(&bench, &[]);
    assert!(code == 1 && rows.len() == 1 && rows[0].2.contains("it is longer than 10 B"), "{rows:?}");
    // Where it tells none, or is yanked, it is a warning without a manifest.
    for more in [json!({"hashes": null}), json!({"yanked": true})] {
        bench.retold(&more);
        let (code, rows) = found(&bench, &[]);
        assert!(code == 0 && rows.len() == 1 && rows[0].1 == "warning", "{rows:?}");
    }
    assert!(text(&bench.judge("coverage", &[RUNTIME])).contains("is yanked at"));

    // An attestation of another file, of this one, and what is none.
    let file = bench.index.files().into_iter().find(|file| file.name.contains("musllinux")).unwrap();
    let attestation = |sha256: &str| crate::support::publish::attestation(&file.name, sha256);
    bench.retold(&json!({"provenance": "/provenance"}));
    for (object, code) in [
        (json!({"version": 1, "attestation_bundles": [{"attestations": [attestation(&file.sha256)]}]}), 0),
        (json!({"version": 1, "attestation_bundles": [{"attestations": [attestation(&"0".repeat(64))]}]}), 1),
        (json!({"version": 1, "attestation_bundles": []}), 1),
        (json!([]), 1),
    ] {
        bench.index.fixed("/provenance", response("200 OK", "Content-Type: application/json\r\n", &object.to_string()));
        let (exit, rows) = found(&bench, &["--attestations", "require"]);
        assert_eq!(exit, code, "{object} {rows:?}");
        assert!(rows.iter().all(|(rule, ..)| rule == "index-attestation"), "{rows:?}");
    }
    assert_eq!(found(&bench, &["--attestations", "off"]).0, 0);
}

#[test]
fn what_is_no_release_of_the_index_is_told() {
    let bench = published();
    let fails = |command: &str, options: &[&str], words: &str| {
        let output = bench.judge(command, options);
        assert_eq!(output.status.code(), Some(2), "{options:?}: {}", text(&output));
        assert!(text(&output).contains(words), "{options:?} {words}: {}", text(&output));
    };
    for command in ["check", "coverage"] {
        fails(command, &["openai-codex-cli-bin==0.162.0"], "has no file of");
        fails(command, &["nobody==1.0"], "has no file of");
        fails(command, &["openai-codex-cli-bin==latest"], "`==latest` is not a set of version specifiers");
        fails(command, &["--", "-x==1.0"], "`-x` is not the name of a distribution");
        // What is no exact pin is told in the words of the rules about pins.
        fails(command, &["nobody===1.0"], "`nobody===1.0` compares text with `===`");
        fails(command, &["nobody==1.*"], "`nobody==1.*` is a wildcard");
        fails(command, &["nobody>=1.0"], "`nobody>=1.0` is a range");
        fails(command, &["nobody[x]==1.0"], "asks for extras");
        fails(command, &["nobody==1.0; os_name == 'nt'"], "holds only where `os_name == 'nt'`");
        fails(command, &["nobody==1.0+local"], "names no public version");
        fails(command, &[RUNTIME, "dist"], "not judged together");
    }
    fails("check", &["openai-codex-cli-bin"], "`openai-codex-cli-bin==VERSION`");
    fails("coverage", &["openai-codex-cli-bin"], "`NAME==VERSION`");
    fails("check", &["none.whl"], "cannot read `none.whl`");
    fails("check", &[RUNTIME, "--manifest", "none.json"], "none.json");
    fails("check", &["dist", "--manifest", "release.json"], "for published releases");
    let output = run(relkit().args(["check", RUNTIME]));
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    assert!(text(&output).contains("--index-url"), "{}", text(&output));
    // A workflow gives an empty variable where nothing is set.
    let output = run(relkit().args(["check", "nobody==1.0"]).env("RELKIT_INDEX_URL", ""));
    assert!(text(&output).contains("no index is named for `nobody==1.0`"), "{}", text(&output));
    let nowhere = format!("{}/smiple/", bench.index.address);
    let output = run(relkit().args(["check", "nobody==1.0", "--index-url", &nowhere]));
    assert!(output.status.code() == Some(2) && text(&output).contains("no index is at"), "{}", text(&output));
    // A fallback is another index, and a name that leads out of the directory is no file of a release.
    let other = ScriptedIndex::start();
    other.plant("nobody-1.0-py3-none-any.whl", "nobody", &"0".repeat(64));
    bench.index.fall_back(&format!("{}/simple/", other.address));
    fails("check", &["nobody==1.0"], "what another index has is not its own");
    let before = names(bench.directory.path());
    bench.index.plant("../../evil-1.0-py3-none-any.whl", "evil", &"0".repeat(64));
    fails("check", &["evil==1.0"], "has no file of");
    assert_eq!(names(bench.directory.path()), before);
    *bench.index.state.form.lock().unwrap() = Form::Html;
    let output = bench.judge("check", &[SDK, "--select", "index"]);
    let said = text(&output);
    assert!(said.contains("cannot be had from") && said.contains(" Fetched 0 of 2 files of "), "{said}");
}

/// Who gave credentials is told which were taken, and who gave none how to give some.
#[test]
fn a_refusal_to_be_read_says_what_to_do_about_credentials() {
    let index = ScriptedIndex::start();
    let simple = format!("{}/simple/", index.address);
    let with_user = simple.replacen("://", "://reader:not-it@", 1);
    for (url, hint) in [
        (&simple, "hint: to read this index, set RELKIT_INDEX_TOKEN"),
        (&with_user, "hint: correct the credentials that were sent: those of the URL, else RELKIT_INDEX_TOKEN"),
    ] {
        index.canned("/simple/nobody/", [response("401 Unauthorized", "", "")]);
        let output = run(relkit().args(["check", "nobody==1.0", "--index-url", url]).env("NETRC", "/nowhere"));
        let said = text(&output);
        assert!(output.status.code() == Some(2) && said.contains(hint) && !said.contains("not-it"), "{said}");
    }
}

#[test]
fn a_file_comes_through_failures_that_pass_and_redirects_that_end() {
    let bench = published();
    let file = bench.index.files().into_iter().find(|file| file.name.contains("musllinux")).unwrap();
    let path = format!("/simple/{}/{}", file.project, file.name);
    bench.index.canned(&path, [response("503 Service Unavailable", "", "")]);
    assert_eq!(bench.judge("check", &[RUNTIME, "--select", "index"]).status.code(), Some(0));
    bench.index.canned(&path, (0..20).map(|_| response("302 Found", &format!("Location: {path}\r\n"), "")));
    let output = bench.judge("check", &[RUNTIME, "--select", "index"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains("redirects in a circle"), "{}", text(&output));
    assert!(bench.index.asked(&path) < 20);
}

/// Installers hold a file against whatever digest the page tells.
#[test]
fn every_digest_that_the_page_tells_is_held_against_the_file() {
    let bench = published();
    let file = bench.index.files().into_iter().find(|file| file.name.contains("musllinux")).unwrap();
    let bytes = fs::read(bench.path("dist").join(&file.name)).unwrap();
    let sha512 = sha2::Sha512::digest(&bytes).iter().map(|byte| format!("{byte:02X}")).collect::<String>();
    for (hashes, expected) in [
        (json!({"md5": "0".repeat(32)}), Some("the md5 000")),
        (json!({"sha256": file.sha256, "sha512": "0".repeat(128)}), Some("the sha512 000")),
        (json!({"BLAKE2B": "0".repeat(128)}), Some("the blake2b 000")),
        (json!({"sha384": "0".repeat(96)}), Some("the sha384 000")),
        (json!({"sha256": file.sha256, "SHA512": sha512}), None),
        // What no installer knows, and what is no digest.
        (json!({"sha256": file.sha256, "crc32": "00000000", "md5": "none", "sha512": null}), None),
    ] {
        bench.retold(&json!({"hashes": hashes}));
        let output = bench.judge("check", &[RUNTIME]);
        let errors: Vec<_> = of_index(&output).into_iter().filter(|(_, severity, _)| severity == "error").collect();
        match expected {
            Some(words) => assert!(errors.len() == 1 && errors[0].2.contains(words), "{hashes}: {errors:?}"),
            None => assert!(errors.is_empty(), "{hashes}: {errors:?}"),
        }
        assert_eq!(output.status.code(), Some(expected.map_or(0, |_| 1)), "{hashes}: {}", text(&output));
    }
}
