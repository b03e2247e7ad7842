//! The JSON of every command: alone on standard output, with the keys that the contract fixes.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;

use crate::support::targets::TARGETS;
use crate::support::{self, names, read_json, relkit, run, scratch, target_directory, text};

/// What the demonstration makes on this machine; none where no target of the template runs here.
fn demo() -> Option<&'static PathBuf> {
    static DEMO: OnceLock<Option<PathBuf>> = OnceLock::new();
    DEMO.get_or_init(|| {
        // Tests may be processes of their own: whoever is first makes it, once for every build of relkit.
        let built = fs::metadata(env!("CARGO_BIN_EXE_relkit")).unwrap().modified().unwrap();
        let built = built.duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
        let root = target_directory().join(format!("contract-demo-{built}"));
        for other in names(&target_directory()).iter().filter(|name| name.starts_with("contract-demo")) {
            if target_directory().join(other) != root {
                let _ = fs::remove_dir_all(target_directory().join(other));
            }
        }
        if root.exists() {
            return Some(root);
        }
        let output = run(relkit().args(["demo", "--format", "json", "--out-dir"]).arg(&root));
        if text(&output).contains("no target of the template runs on this machine") {
            return None;
        }
        if text(&output).contains("another run has written") {
            return Some(root);
        }
        assert!(output.status.success(), "{}", text(&output));
        let report = support::json(&output);
        assert_eq!((&report["schema_version"], &report["outcome"]), (&1.into(), &"passed".into()), "{report:#}");
        Some(root)
    })
    .as_ref()
}

fn runtime_wheel(demo: &Path) -> PathBuf {
    let name = names(&demo.join("dist")).into_iter().find(|name| name.contains("cli_bin"));
    demo.join("dist").join(name.unwrap())
}

/// The exit code, and standard output as JSON.
#[track_caller]
fn json(arguments: &[&str]) -> (i32, Value) {
    let output = run(relkit().args(arguments));
    let value = support::json(&output);
    assert_eq!(value["schema_version"], 1, "{arguments:?}");
    (output.status.code().unwrap(), value)
}

#[track_caller]
fn has(value: &Value, keys: &[&str]) {
    let object = value.as_object().unwrap();
    for key in keys {
        assert!(object.contains_key(*key), "{key} is not in {value:#}");
    }
}

#[test]
fn check_has_the_keys_of_the_contract() {
    let Some(demo) = demo() else { return };
    let dist = demo.join("dist");
    let (code, report) = json(&["check", dist.to_str().unwrap(), "--format", "json"]);
    assert_eq!((code, &report["errors"]), (0, &0.into()), "{report:#}");
    let files = report["files"].as_array().unwrap();
    assert_eq!(files.len(), 3);
    let mut warnings = 0;
    for file in files {
        has(file, &["path", "sha256", "findings"]);
        assert_eq!(file["sha256"].as_str().unwrap().len(), 64);
        for finding in file["findings"].as_array().unwrap() {
            has(finding, &["rule", "severity", "member", "message", "help", "accepted"]);
            assert!(["error", "warning"].contains(&finding["severity"].as_str().unwrap()));
            warnings += u64::from(finding["severity"] == "warning");
        }
    }
    assert_eq!(report["warnings"], warnings);
    // A file that claims to be a wheel and is none is a finding.
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("demo-1.0-py3-none-any.whl");
    fs::write(&path, "words").unwrap();
    let (code, report) = json(&["check", path.to_str().unwrap(), "--format", "json"]);
    assert!(code == 1 && report["errors"].as_u64().unwrap() > 0, "{report:#}");
    assert_eq!(report["files"][0]["path"], relkit::fs::portable(&path));
}

#[test]
fn inspect_has_the_keys_of_the_contract() {
    let Some(demo) = demo() else { return };
    let wheel = runtime_wheel(demo);
    for subject in [wheel.to_str().unwrap(), env!("CARGO_BIN_EXE_relkit")] {
        let (code, report) = json(&["inspect", subject, "--format", "json"]);
        assert_eq!(code, 0);
        let binaries = report["binaries"].as_array().unwrap();
        assert_eq!(binaries.len(), 1);
        let binary = &binaries[0];
        has(
            binary,
            &["path", "format", "architecture", "linkage", "libc", "minimum_os", "signed", "honest_tags", "next_tag"],
        );
        has(binary, &["dependencies"]);
        assert!(["elf", "macho", "pe"].contains(&binary["format"].as_str().unwrap()));
        assert!(["static", "static-pie", "dynamic"].contains(&binary["linkage"].as_str().unwrap()));
        assert!(binary["signed"].is_boolean() && !binary["honest_tags"].as_array().unwrap().is_empty());
    }
}

#[test]
fn coverage_has_the_keys_of_the_contract() {
    let (code, report) = json(&["coverage", "musllinux_1_1_x86_64", "win_amd64", "--format", "json"]);
    assert_eq!(code, 0);
    let platforms = report["platforms"].as_array().unwrap();
    assert!(platforms.len() >= 30);
    platforms.iter().for_each(|platform| has(platform, &["name", "wheel"]));
    let of = |name: &str| &platforms.iter().find(|row| row["name"] == name).unwrap()["wheel"];
    assert!(of("debian-12-x86_64").is_null());
    assert_eq!(of("alpine-3.20-x86_64"), "musllinux_1_1_x86_64");
    let required = ["coverage", "win_amd64", "--format", "json", "--require", "debian-12-x86_64"];
    assert_eq!(json(&required).0, 1);
    let Some(demo) = demo() else { return };
    let (_, report) = json(&["coverage", demo.join("dist").to_str().unwrap(), "--format", "json"]);
    let wheel = runtime_wheel(demo);
    let name = wheel.file_name().unwrap().to_str().unwrap();
    assert!(report["platforms"].as_array().unwrap().iter().any(|row| row["wheel"] == name), "{report:#}");
}

#[test]
fn smoke_and_receipts_have_the_keys_of_the_contract() {
    let Some(demo) = demo() else { return };
    let wheel = runtime_wheel(demo);
    let receipts = tempfile::tempdir().unwrap();
    let receipt = receipts.path().join("new/receipt.json");
    let (wheel, path) = (wheel.to_str().unwrap(), receipt.to_str().unwrap());
    let keys = ["outcome", "level", "wheel", "version", "platform", "steps", "stderr_tail"];
    let (code, report) = json(&["smoke", wheel, "--receipt", path, "--format", "json"]);
    assert_eq!((code, &report["outcome"], &report["level"]), (0, &"passed".into(), &"turn".into()));
    has(&report, &keys);
    has(&report["wheel"], &["name", "sha256"]);
    for step in report["steps"].as_array().unwrap() {
        has(step, &["name", "outcome", "milliseconds", "detail"]);
    }
    let written = read_json(&receipt);
    assert_eq!(written, report);
    let args =
        ["smoke", wheel, "--expect-version", "9.9.9", "--level", "version", "--format", "json", "--receipt", path];
    let (code, report) = json(&args);
    assert_eq!((code, &report["outcome"]), (1, &"failed".into()));
    has(&report, &keys);
    // A failed test leaves its receipt too; the gate refuses it.
    let written = read_json(&receipt);
    assert_eq!(written, report);
    let binary = demo.join("stage/runtime-1/src/codex_cli_bin/bin");
    let binary = fs::read_dir(binary).unwrap().next().unwrap().unwrap().path();
    let (code, report) = json(&["smoke", binary.to_str().unwrap(), "--level", "version", "--format", "json"]);
    assert!(code == 0 && report["wheel"].is_null(), "{report:#}");
}

#[test]
fn verify_and_matrix_have_the_keys_of_the_contract() {
    let (_, matrix) = json(&["matrix", "--format", "json"]);
    let output = run(relkit().args(["matrix", "--format", "github"]));
    let line = String::from_utf8(output.stdout).unwrap();
    assert_eq!(line.lines().count(), 1);
    let github: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(github["include"], matrix["include"]);
    assert_eq!(github.as_object().unwrap().len(), 1);
    let rows = github["include"].as_array().unwrap();
    let expected = [
        ("aarch64-apple-darwin", "macosx_11_0_arm64", "codex"),
        ("x86_64-apple-darwin", "macosx_10_9_x86_64", "codex"),
        ("aarch64-unknown-linux-musl", "musllinux_1_1_aarch64", "codex"),
        ("x86_64-unknown-linux-musl", "musllinux_1_1_x86_64", "codex"),
        ("aarch64-pc-windows-msvc", "win_arm64", "codex.exe"),
        ("x86_64-pc-windows-msvc", "win_amd64", "codex.exe"),
    ];
    // The contract's six in their order, beside whatever else the template lists.
    let of_contract = |row: &&Value| expected.iter().any(|(target, ..)| row["target"] == *target);
    let known: Vec<_> = rows.iter().filter(of_contract).collect();
    assert_eq!((rows.len(), known.len()), (TARGETS.len(), expected.len()));
    for (row, (target, tag, executable)) in known.into_iter().zip(expected) {
        assert_eq!((&row["target"], &row["platform_tag"]), (&target.into(), &tag.into()));
        assert_eq!(row["executable"], executable);
        assert!(row["runner"].is_string());
    }
    let Some(demo) = demo() else { return };
    let dist = demo.join("dist");
    let (code, report) = json(&["verify", dist.to_str().unwrap(), "--codex-version", "0.163.0", "--format", "json"]);
    assert_eq!((code, &report["outcome"]), (1, &"failed".into()));
    has(&report, &["outcome", "problems", "files"]);
    report["problems"].as_array().unwrap().iter().for_each(|problem| has(problem, &["code", "message", "help"]));
    assert_eq!(report["files"].as_array().unwrap().len(), 3);
}

#[test]
fn what_is_staged_and_built_is_said_as_json() {
    let directory = tempfile::tempdir().unwrap();
    let stage = directory.path().join("stage");
    let (out, dist) = (stage.to_str().unwrap(), directory.path().join("dist"));
    let (_, staged) = json(&["stage-sdk", out, "--codex-version", "rust-v0.163.0-alpha.2", "--format", "json"]);
    has(&staged, &["out", "distribution", "version", "pin"]);
    assert_eq!(staged["version"], "0.163.0a2");
    let (_, built) = json(&["build", out, "--out-dir", dist.to_str().unwrap(), "--format", "json"]);
    let files = built["files"].as_array().unwrap();
    assert_eq!(files.len(), 2);
    files.iter().for_each(|file| assert!(PathBuf::from(file["path"].as_str().unwrap()).is_file()));
    let (_, rules) = json(&["rule", "--format", "json"]);
    assert!(rules.to_string().contains("macho-minos"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_that_is_not_utf_8_is_no_panic() {
    use std::os::unix::ffi::OsStrExt as _;
    let directory = tempfile::tempdir().unwrap();
    let stage = directory.path().join(std::ffi::OsStr::from_bytes(b"stage\xff"));
    let dist = directory.path().join(std::ffi::OsStr::from_bytes(b"dist\xff"));
    let mut commands = [relkit(), relkit(), relkit(), relkit()];
    commands[0].arg("stage-sdk").arg(&stage).args(["--codex-version", "0.163.0"]);
    commands[1].arg("build").arg(&stage).arg("--out-dir").arg(&dist);
    commands[2].arg("check").arg(&dist);
    commands[3].arg("inspect").arg(dist.join("openai_codex_app_server_sdk-0.163.0-py3-none-any.whl"));
    for mut command in commands {
        let output = run(command.args(["--format", "json"]));
        let value = support::json(&output);
        assert!(value.to_string().contains('\u{fffd}'), "{value:#}");
    }
}

#[test]
fn what_cannot_be_carried_out_is_json_too() {
    let directory = scratch();
    let missing = directory.path().join("missing");
    let missing = missing.to_str().unwrap();
    for arguments in [
        vec!["check", missing, "--format", "json"],
        vec!["inspect", missing, "--format=json"],
        vec!["verify", missing, "--codex-version", "0.163.0", "--format", "json"],
        vec!["build", missing, "--out-dir", missing, "--format", "json"],
        vec!["stage-runtime", "out", missing, "--codex-version", "0.163.0", "--format", "json"],
        vec!["smoke", missing, "--format", "json"],
        vec!["rule", "no-such-rule", "--format", "json"],
        vec!["coverage", "no-such-tag", "--format", "json"],
        vec!["retag", missing, "--honest", "--out-dir", missing, "--format", "json"],
        vec!["matrix", "--product", missing, "--format", "json"],
        vec![
            "publish",
            missing,
            "--codex-version",
            "0.163.0",
            "--upload-url",
            "http://127.0.0.1:1/",
            "--format",
            "json",
        ],
        vec!["check", "--no-such-option", "--format", "json"],
        vec!["no-such-command", "--format", "json"],
    ] {
        let output = run(relkit().args(&arguments).current_dir(directory.path()));
        let value = support::json(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert_eq!((&value["schema_version"], &value["error"]["exit_code"]), (&1.into(), &2.into()), "{arguments:?}");
        let message = value["error"]["message"].as_str().unwrap();
        assert!(!message.is_empty() && !message.starts_with("error"), "{arguments:?}: {message}");
        // The same for people.
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("error"), "{arguments:?}: {said}");
    }
}

#[test]
fn every_command_with_a_format_answers_in_json_whatever_happens() {
    let help = String::from_utf8(run(relkit().arg("--help")).stdout).unwrap();
    let commands = help.split("Commands:").nth(1).unwrap().split("Options:").next().unwrap();
    let commands = commands.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let directory = tempfile::tempdir().unwrap();
    let mut count = 0;
    for name in commands.filter(|name| !name.is_empty()) {
        let page = String::from_utf8(run(relkit().args([name, "--help"])).stdout).unwrap();
        if !page.contains("--format <") {
            continue;
        }
        count += 1;
        // What is wrong is the command line, and then (but for the demonstration, which needs nothing) all that is left out.
        for rest in [&["--no-such-option"][..], &[]].into_iter().filter(|rest| name != "demo" || !rest.is_empty()) {
            let output = run(relkit().current_dir(&directory).args([name, "--format", "json"]).args(rest));
            let value = support::json(&output);
            assert_eq!(value["schema_version"], 1, "{name} {rest:?}");
            if output.status.code() == Some(2) {
                assert!(value["error"]["message"].is_string(), "{name} {rest:?}: {value:#}");
            }
        }
    }
    assert!(count >= 14, "{count}");
}

/// A workflow run shows what could not be carried out as it shows findings; the matrix in that form is the value of a variable.
#[test]
fn what_cannot_be_carried_out_is_annotated_too() {
    let directory = tempfile::tempdir().unwrap();
    for (line, annotation) in [
        ("check missing", "::error title=relkit cannot go on::cannot read `missing`%0A"),
        (
            "check . --select elf-pi",
            "::error title=relkit cannot go on::there is no rule and no family of rules called `elf-pi`%0Ahint: ",
        ),
        ("verify missing --codex-version 0.163.0", "::error title=relkit cannot go on::cannot read `missing`%0A"),
        (
            "check",
            "::error title=relkit cannot go on::the following required arguments were not provided: <FILE_OR_DIR>...%0Ahint: ",
        ),
        (
            "smoke a --level nope",
            "::error title=relkit cannot go on::invalid value 'nope' for '--level <LEVEL>' [possible values: ",
        ),
        ("smoke missing", "::error title=relkit cannot go on::cannot read `missing`%0A"),
        ("matrix --product missing", ""),
    ] {
        let output = run(relkit().args(line.split(' ')).args(["--format", "github"]).current_dir(directory.path()));
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(2), "{line}");
        assert!(said.starts_with(annotation) && said.is_empty() == annotation.is_empty(), "{line}: {said}");
        assert!(
            said.lines().count() <= 1 && String::from_utf8_lossy(&output.stderr).contains("error: "),
            "{line}: {said}"
        );
    }
}
