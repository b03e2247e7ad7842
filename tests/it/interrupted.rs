//! Runs that are ended from outside or cannot say what they found: nothing is left, and nothing is silently lost.

use std::fs::{self, OpenOptions};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::samples::archive::noise;
use crate::support::{interrupts, names, relkit, run, set_mode, stages, succeed, text};

#[test]
fn an_interrupted_build_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let stage = stages::runtime(directory.path(), 0);
    // It does not compress, which takes a while.
    fs::write(stage.join("src/demo_bin/large"), noise(48 << 20)).unwrap();
    let dist = directory.path().join("dist");
    for signal in interrupts() {
        let mut build = relkit();
        build.arg("build").arg(&stage).arg("--out-dir").arg(&dist).args(["--compression", "best", "--jobs", "1"]);
        let mut child = build.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        while names(&dist).is_empty() {
            assert!(Instant::now() < deadline && child.try_wait().unwrap().is_none(), "nothing is begun");
            std::thread::sleep(Duration::from_millis(2));
        }
        succeed(Command::new("kill").args(["-s", signal, &child.id().to_string()]));
        let status = child.wait().unwrap();
        assert_eq!(status.code(), Some(130), "{signal}");
        assert_eq!(names(&dist), Vec::<String>::new(), "{signal}");
    }
}

/// What was built before the interrupt stays, and is named.
#[test]
fn an_interrupted_build_of_several_stages_says_what_is_kept() {
    let directory = tempfile::tempdir().unwrap();
    let (sdk, stage) = (directory.path().join("sdk"), stages::runtime(directory.path(), 0));
    succeed(relkit().arg("stage-sdk").arg(&sdk).args(["--codex-version", "0.163.0"]));
    fs::write(stage.join("src/demo_bin/large"), noise(48 << 20)).unwrap();
    let dist = directory.path().join("dist");
    let mut build = relkit();
    build.arg("build").args([&sdk, &stage]).arg("--out-dir").arg(&dist);
    build.args(["--compression", "best", "--jobs", "1", "--format", "json"]);
    let mut child = build.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while names(&dist).len() < 3 {
        assert!(Instant::now() < deadline && child.try_wait().unwrap().is_none(), "{:?}", names(&dist));
        std::thread::sleep(Duration::from_millis(2));
    }
    succeed(Command::new("kill").args(["-s", "INT", &child.id().to_string()]));
    let output = child.wait_with_output().unwrap();
    let kept = names(&dist);
    assert!(output.status.code() == Some(130) && kept.len() == 2, "{kept:?} {}", text(&output));
    let said = serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap();
    let message = said["error"]["message"].as_str().unwrap();
    assert_eq!(message, "interrupted: 2 distributions are kept, and what was begun after is removed");
    for (name, told) in kept.iter().zip(said["error"]["causes"].as_array().unwrap()) {
        assert!(told.as_str().unwrap().ends_with(name.as_str()), "{said}");
    }
}

#[test]
fn a_result_that_cannot_be_written_is_a_failure() {
    if !Path::new("/dev/full").exists() {
        return eprintln!("skipped: this system has no /dev/full");
    }
    for arguments in
        [&["matrix", "--format", "github"][..], &["completions", "bash"], &["--help"], &["build", "--help"]]
    {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = run(relkit().args(arguments).stdout(full));
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = run(relkit().arg("matrix").stdout(full));
    assert!(text(&output).contains("error: cannot write the result to standard output"), "{}", text(&output));
}

#[test]
fn an_old_stage_that_cannot_be_removed_is_replaced_all_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let stage = directory.path().join("stage");
    let mut command = relkit();
    command.arg("stage-sdk").arg(&stage).args(["--codex-version", "0.163.0"]);
    succeed(&mut command);
    fs::write(stage.join("src/old"), "").unwrap();
    set_mode(&stage.join("src"), 0o555);
    succeed(command.arg("--force"));
    assert!(stage.join("pyproject.toml").is_file() && !stage.join("src/old").exists());
    assert_eq!(names(directory.path()), ["stage"]);
}

#[test]
fn a_release_replaces_only_what_a_release_made() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("out");
    fs::create_dir(&out).unwrap();
    fs::write(out.join("thesis.txt"), "words").unwrap();
    let mut demo = relkit();
    demo.arg("demo").arg("--force").arg("--out-dir").arg(&out);
    let output = run(&mut demo);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    assert!(text(&output).contains("holds `thesis.txt`, which no release made"), "{}", text(&output));
    assert_eq!(names(&out), ["thesis.txt"]);
}
