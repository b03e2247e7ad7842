//! `relkit publish` as a user types it: the gate first, the plan, the dry run, the receipt, what is said and what is not.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use crate::support::bench::bench;
use crate::support::index::Fault;
use crate::support::publish::{TOKEN, assert_no_secret};
#[cfg(unix)]
use crate::support::{fifo, run_in_time};
use crate::support::{json, names, read_json, relkit, replace, run, succeed, text};

fn edit(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn from_the_dry_run_to_the_second_run() {
    let bench = bench();
    let dry = bench.run(&["--dry-run", "--plan", "plan.json", "--format", "json"]);
    assert_eq!(dry.status.code(), Some(0), "{}", text(&dry));
    let plan = json(&dry);
    assert_eq!((&plan["schema_version"], &plan["outcome"]), (&1.into(), &"planned".into()));
    let names = |phase: usize| -> Vec<String> {
        let files = plan["phases"][phase]["files"].as_array().unwrap();
        files.iter().map(|file| file["name"].as_str().unwrap().to_owned()).collect()
    };
    assert!(names(0).len() == 1 && names(0)[0].contains("musllinux_1_1_x86_64"));
    assert!(names(1)[0].ends_with(".whl") && names(1)[1].ends_with(".tar.gz"));
    assert_eq!(plan["phases"][0]["files"][0]["at_index"], "absent");
    let shown = bench.run(&["--dry-run"]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.find(&names(0)[0]).unwrap() < shown.find(&names(1)[0]).unwrap(), "{shown}");
    assert_eq!(bench.sent(), 0);

    let done = bench.run(&["--plan", "plan.json", "--receipt", "receipt.json", "--format", "json"]);
    assert_eq!(done.status.code(), Some(0), "{}", text(&done));
    assert_eq!(json(&done)["outcome"], "published");
    let receipt = read_json(&bench.path("receipt.json"));
    assert_eq!(receipt, json(&done));
    assert_eq!(receipt["plan_sha256"], plan["plan_sha256"]);
    assert_eq!(bench.index.files().len(), 3);

    let again = bench.run(&["--plan", "plan.json"]);
    assert_eq!(again.status.code(), Some(0), "{}", text(&again));
    assert!(again.stdout.is_empty() && String::from_utf8_lossy(&again.stderr).contains("Skipped"));
    assert_eq!(bench.sent(), 3);
}

#[test]
fn what_a_server_says_is_kept_in_json_and_shown_in_text() {
    let words = "File \u{1b}[31m\u{9b}2J\u{202e} refused";
    for format in ["json", "text"] {
        let bench = bench();
        bench.index.faults([Fault::answer("400 Bad Request", "", words)]);
        let output = bench.run(&["--receipt", "receipt.json", "--format", format]);
        assert_eq!(output.status.code(), Some(1), "{}", text(&output));
        let detail = |receipt: &serde_json::Value| {
            let files = receipt["files"].as_array().unwrap();
            files.iter().any(|file| file["detail"] == words)
        };
        assert!(detail(&read_json(&bench.path("receipt.json"))), "{}", text(&output));
        let raw = fs::read_to_string(bench.path("receipt.json")).unwrap();
        assert!(raw.contains("\\u001b[31m\\u009b2J\\u202e"), "{raw}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("\\u{1b}[31m\\u{9b}2J\\u{202e}"), "{}", text(&output));
        assert!(format == "text" || detail(&json(&output)), "{}", text(&output));
    }
}

#[test]
fn every_problem_is_told_before_any_byte() {
    let bench = bench();
    fs::write(bench.path("dist/notes.txt"), "").unwrap();
    let mut command = bench.command(&["--format", "json", "--receipts", "receipts"]);
    fs::create_dir(bench.path("receipts")).unwrap();
    let output = run(&mut command);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let report = json(&output);
    assert_eq!(report["outcome"], "checks-failed");
    let codes: Vec<_> =
        report["problems"].as_array().unwrap().iter().map(|problem| problem["code"].as_str().unwrap()).collect();
    assert!(codes.contains(&"unknown-file") && codes.contains(&"receipt-missing"), "{codes:?}");
    assert!(bench.index.state.seen.lock().unwrap().lines.is_empty());
}

#[test]
fn a_plan_or_manifest_that_differs_is_refused() {
    let bench = bench();
    let mut verify = relkit();
    verify.current_dir(bench.directory.path()).args(["verify", "dist", "--codex-version", "0.163.0"]);
    verify.args(["--manifest", "release.json"]);
    verify.args(["--allow-missing", "all"]);
    succeed(&mut verify);
    let plan = bench.run(&["--dry-run", "--plan", "plan.json", "--manifest", "release.json"]);
    assert_eq!(plan.status.code(), Some(0), "{}", text(&plan));
    for file in ["plan.json", "release.json"] {
        let mut text = fs::read_to_string(bench.path(file)).unwrap();
        let at = text.find("\"sha256\": \"").unwrap() + 11;
        let digit = if &text[at..=at] == "0" { "1" } else { "0" };
        text.replace_range(at..=at, digit);
        fs::write(bench.path(&format!("other-{file}")), text).unwrap();
    }
    for options in [["--plan", "other-plan.json"], ["--manifest", "other-release.json"]] {
        let output = bench.run(&options);
        assert_eq!(output.status.code(), Some(1), "{}", text(&output));
        assert!(String::from_utf8_lossy(&output.stderr).contains("changed: its SHA-256 was"), "{}", text(&output));
    }
    // A form of another relkit is not read as if it were known.
    for (file, option, what) in
        [("plan.json", "--plan", "a plan"), ("release.json", "--manifest", "a release manifest")]
    {
        replace(&bench.path(file), "\"schema_version\": 1", "\"schema_version\": 3");
        let output = bench.run(&[option, file]);
        let said = text(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        let words =
            [format!("`{file}` is not {what}"), "schema_version 3, and this relkit reads 1".into(), "hint: ".into()];
        assert!(words.iter().all(|words| said.contains(words)), "{said}");
    }
    fs::write(bench.path("broken.json"), "{").unwrap();
    for options in [["--plan", "broken.json"], ["--manifest", "broken.json"], ["--manifest", "missing.json"]] {
        assert_eq!(bench.run(&options).status.code(), Some(2));
    }
    assert_eq!(bench.sent(), 0);
    // A wheel that is no longer what it was does not pass the gate.
    let wheel = names(&bench.path("dist")).into_iter().find(|name| name.contains("musllinux")).unwrap();
    edit(&bench.path("dist").join(wheel));
    assert_eq!(bench.run(&[]).status.code(), Some(1));
    assert_eq!(bench.sent(), 0);
}

#[cfg(unix)]
#[test]
fn nothing_waits_for_a_fifo() {
    let bench = bench();
    fs::create_dir(bench.path("receipts")).unwrap();
    fifo(&bench.path("receipts/a.json"));
    fifo(&bench.path("fifo"));
    for options in [["--manifest", "fifo"], ["--plan", "fifo"], ["--receipts", "receipts"]] {
        let output = run_in_time(&mut bench.command(&options));
        let said = text(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("not a regular file") && said.contains("hint: give a regular file"), "{said}");
    }
    assert_eq!(bench.sent(), 0);
    // What is no attestation is one thing more that is wrong with the directory.
    let wheel = names(&bench.path("dist")).into_iter().find(|name| name.ends_with(".whl")).unwrap();
    fifo(&bench.path(&format!("dist/{wheel}.publish.attestation")));
    let output = run_in_time(&mut bench.command(&[]));
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let output = run_in_time(relkit().arg("check").arg(bench.path("dist")));
    assert!(text(&output).contains("beside the wheel cannot be read"), "{}", text(&output));
}

#[test]
fn a_failure_says_what_is_up_and_how_to_go_on() {
    let bench = bench();
    let refused = || Fault::answer("400 Bad Request", "", "Only one sdist may be uploaded per release.");
    let publish = |faults: Vec<Fault>| {
        bench.index.faults(faults);
        bench.run(&["--receipt", "receipt.json"])
    };
    let output = publish(vec![refused()]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    for part in
        ["Only one sdist", "0 of 3 files are up", "missing: openai_codex_cli_bin-", "to go on: relkit publish dist"]
    {
        assert!(said.contains(part), "{part} / {said}");
    }
    let receipt = read_json(&bench.path("receipt.json"));
    assert_eq!(receipt["outcome"], "refused");
    assert_eq!(publish(vec![]).status.code(), Some(0));
}

#[test]
fn tokens_come_from_standard_input_or_the_environment_and_are_masked_in_actions_alone() {
    let bench = bench();
    let typed = |options: &[&str], variables: &[(&str, &str)], token: &str| {
        let mut command = bench.command(options);
        command.env_remove("RELKIT_TOKEN").arg("--token-stdin").envs(variables.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(token.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    let plain = typed(&[], &[], &format!("{TOKEN}\n"));
    assert_eq!(plain.status.code(), Some(0), "{}", text(&plain));
    assert_no_secret(&text(&plain), &[]);
    bench.index.state.files.lock().unwrap().clear();
    let report = typed(&["--format", "json"], &[("GITHUB_ACTIONS", "true")], TOKEN);
    assert_eq!(json(&report)["outcome"], "published");
    assert_no_secret(&text(&report), &[]);
    bench.index.state.files.lock().unwrap().clear();
    let masked = typed(&[], &[("GITHUB_ACTIONS", "true")], TOKEN);
    let lines = String::from_utf8_lossy(&masked.stdout).into_owned();
    assert!(lines.starts_with(&format!("::add-mask::{TOKEN}\n")), "{lines}");
    assert!(lines.lines().all(|line| line.starts_with("::add-mask::")), "{lines}");
    assert_no_secret(&String::from_utf8_lossy(&masked.stderr), &[]);
    let empty = typed(&[], &[], " \n");
    assert_eq!(empty.status.code(), Some(2), "{}", text(&empty));
    bench.index.state.files.lock().unwrap().clear();
    let nothing = run(bench.command(&[]).env_remove("RELKIT_TOKEN"));
    assert_eq!(nothing.status.code(), Some(2), "{}", text(&nothing));
    assert!(String::from_utf8_lossy(&nothing.stderr).contains("id-token: write"));
}

#[test]
fn addresses_that_would_leak_are_refused_first() {
    let bench = bench();
    for url in [
        "http://index.example/legacy/",
        "https://user:pypi-secret@index.example/legacy/",
        "ftp://index.example/",
        "index",
    ] {
        let mut command = relkit();
        command.current_dir(bench.directory.path()).env("RELKIT_TOKEN", TOKEN);
        command.args(["publish", "dist", "--codex-version", "0.163.0", "--upload-url", url]);
        let output = run(&mut command);
        assert_eq!(output.status.code(), Some(2), "{url}: {}", text(&output));
        assert!(!text(&output).contains("pypi-secret"), "{}", text(&output));
    }
    // No index is built in.
    let output =
        run(relkit().current_dir(bench.directory.path()).args(["publish", "dist", "--codex-version", "0.163.0"]));
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--upload-url"));
}

#[test]
fn an_index_has_its_urls_or_its_name() {
    let refused = |options: &[&str], variable: Option<&str>, words: &str| {
        let mut publish = relkit();
        publish.args(["publish", "dist", "--release-version", "1.0"]).args(options);
        publish.envs(variable.map(|name| (name, "http://127.0.0.1:9/")));
        let output = run(&mut publish);
        let said = text(&output);
        assert!(output.status.code() == Some(2) && said.contains(words), "{options:?}: {said}");
    };
    let url = "http://127.0.0.1:9/";
    let both = "cannot be used with";
    refused(&["--upload-url", url, "--index", "test"], None, both);
    refused(&["--index-url", url, "--index", "test"], None, both);
    // What is typed goes before a variable.
    let looked_up = "`test` is no index of";
    refused(&["--index", "test"], Some("RELKIT_UPLOAD_URL"), looked_up);
    refused(&["--index", "test"], Some("RELKIT_INDEX_URL"), looked_up);
    let mut verify = relkit();
    verify.args(["verify", "dist", "--release-version", "1.0", "--only", "sdk", "--index", "test"]);
    let said = text(&run(verify.env("RELKIT_INDEX_URL", url)));
    assert!(said.contains(looked_up), "{said}");
    let said = text(&run(verify.args(["--index-url", url])));
    assert!(said.contains(both), "{said}");
    refused(&[], None, "--upload-url <URL>|--index <NAME>");
    refused(&["--index-url", url], None, "--upload-url <URL>|--index <NAME>");
}

#[test]
fn what_is_written_is_apart_from_what_is_read() {
    let bench = bench();
    fs::create_dir(bench.path("receipts")).unwrap();
    let before = names(&bench.path("dist"));
    let slips: [(&str, &[&str], &str); 9] = [
        ("publish", &["--plan", "dist/plan.json"], "`--plan dist/plan.json` is inside"),
        ("publish", &["--receipt", "dist/new/../r.json"], "is inside the directory of the release"),
        (
            "publish",
            &["--receipt", "receipts/r.json", "--receipts", "receipts"],
            "`--receipt receipts/r.json` is inside",
        ),
        ("publish", &["--plan", "receipts/p.json", "--receipts", "./receipts/"], "`--plan receipts/p.json` is inside"),
        ("publish", &["--plan", "one.json", "--receipt", "dist/../one.json"], "`--plan` and `--receipt` both name"),
        ("publish", &["--manifest", "m.json", "--receipt", "m.json"], "`--manifest` and `--receipt` both name"),
        ("verify", &["--manifest", "dist/m.json"], "`--manifest dist/m.json` is inside"),
        (
            "verify",
            &["--manifest", "receipts/m.json", "--receipts", "receipts"],
            "`--manifest receipts/m.json` is inside",
        ),
        ("check", &["a.whl", "--receipt", "dist/../a.whl"], "`--receipt` and `FILE_OR_DIR` both name `a.whl`"),
    ];
    for (verb, options, words) in slips {
        let output = match verb {
            "publish" => bench.run(options),
            "check" => run(relkit().current_dir(bench.directory.path()).args(["check", "dist"]).args(options)),
            _ => run(&mut bench.verb(verb, options)),
        };
        let said = text(&output);
        assert!(
            output.status.code() == Some(2) && said.contains(words) && said.contains("hint: "),
            "{options:?}: {said}"
        );
    }
    assert_eq!(
        (names(&bench.path("dist")), names(&bench.path("receipts")), bench.sent()),
        (before, Vec::<String>::new(), 0)
    );
}
