//! Inputs that are no good, and runs that are cut short, through the command line: a clear error, the right exit code,
//! nothing half-written, nothing lost.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::samples::archive::{EntryType, TarMember, gzip, noise, tar, tar_of, zip_of};
use crate::samples::binary::elf;
use crate::support::SmallDisk;
#[cfg(target_os = "linux")]
use crate::support::killing::Killing;
use crate::support::stages::package;
use crate::support::{self, names, relkit, run, set_mode, succeed, text, tree, write, write_tree};

fn stage_runtime(root: &Path, payload: &str, arguments: &[&str]) -> Command {
    let mut command = relkit();
    command.current_dir(root).args(["stage-runtime", "out", payload, "--codex-version", "0.163.0"]).args(arguments);
    command
}

#[test]
fn payloads_that_are_no_good() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    write(root, "codex", elf(4000));
    write(root, "empty", b"");
    write(root, "words", b"#! words\n");
    write(root, "short", &elf(4000)[..100]);
    fs::create_dir(root.join("nothing")).unwrap();
    write_tree(&root.join("headless"), &[("README.md", "words"), ("lib/data", "x")]);
    // The member comes first; what follows is a sound package.
    let with = |member: TarMember| {
        let alone = tar(&[member]);
        gzip(&[&alone[..alone.len() - 1024], &tar_of(&package(), "")].concat())
    };
    let link = |target: &str| with(TarMember::special("bin/evil", EntryType::Symlink, target));
    write(root, "escape.tar.gz", with(TarMember::file("../evil", "x")));
    write(root, "absolute.tar.gz", with(TarMember::file("/evil", "x")));
    write(root, "link.tar.gz", link("../../etc/passwd"));
    write(root, "rooted.tar.gz", link("/etc/passwd"));
    let mut files = package();
    files.push(("../evil", b"x".to_vec()));
    write(root, "escape.zip", zip_of(&files, ""));
    let whole = gzip(&tar_of(&package(), ""));
    write(root, "cut.tar.gz", &whole[..whole.len() / 2]);
    write(root, "cut.zip", &zip_of(&package(), "")[..600]);
    let before = names(root);
    for (payload, arguments, code, words) in [
        ("missing", &[][..], 2, "cannot read"),
        ("empty", &[], 1, "empty"),
        ("words", &[], 1, "words"),
        ("short", &[], 1, "short"),
        ("nothing", &[], 1, "nothing"),
        ("headless", &[], 1, "headless"),
        ("escape.tar.gz", &[], 1, "../evil"),
        ("absolute.tar.gz", &[], 1, "/evil"),
        ("escape.zip", &[], 1, "../evil"),
        ("link.tar.gz", &[], 1, "bin/evil"),
        ("rooted.tar.gz", &[], 1, "bin/evil"),
        ("cut.tar.gz", &[], 1, "damaged"),
        ("cut.zip", &[], 1, "cut.zip"),
        ("codex", &["--platform-tag", "win_amd64"], 1, "musllinux_1_1_x86_64"),
        ("codex", &["--platform-tag", "macosx_11_0_arm64"], 1, "musllinux_1_1_x86_64"),
        ("codex", &["--platform-tag", "musllinux_1_1_aarch64"], 1, "musllinux_1_1_x86_64"),
        ("codex", &["--platform-tag", "win amd64"], 2, "win amd64"),
        ("codex", &["--platform-tag", ""], 2, "platform tag"),
        ("codex", &["--platform-tag", "musllinux_1_1_x86_64..win_amd64"], 2, "platform tag"),
    ] {
        let output = run(&mut stage_runtime(root, payload, arguments));
        let said = text(&output);
        assert_eq!(output.status.code(), Some(code), "{payload} {arguments:?}\n{said}");
        assert!(said.contains(words) && said.contains("error: "), "{payload}: {said}");
        assert!(output.stdout.is_empty(), "{said}");
        assert_eq!(names(root), before, "{payload}");
    }
    for version in ["0.163.x", "1.0.0-final", "rust-0.163.0", "0.163.0+local", "", "0.163.0-1-gabcdef", "v"] {
        let mut command = relkit();
        command.current_dir(root).args(["stage-runtime", "out", "codex", "--codex-version", version]);
        let output = run(&mut command);
        let said = text(&output);
        assert!(output.status.code() == Some(2) && said.contains("hint: accepted are"), "{version}\n{said}");
        assert_eq!(names(root), before);
    }
    assert!(!root.parent().unwrap().join("evil").exists());
    // An output that holds something stays as it is.
    write_tree(&root.join("out"), &[("mine", "x")]);
    for force in [&[][..], &["--force"]] {
        assert_ne!(run(&mut stage_runtime(root, "words", force)).status.code(), Some(0));
        assert_eq!(names(&root.join("out")), ["mine"]);
    }
    succeed(&mut stage_runtime(root, "codex", &["--force"]));
    assert!(!root.join("out/mine").exists());
}

#[test]
fn special_files_are_refused_and_never_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    for name in ["x", "x-1.0-py3-none-any.whl", "x-1.0.tar.gz"] {
        support::fifo(&root.join(name));
    }
    std::os::unix::fs::symlink("loop", root.join("loop")).unwrap();
    std::os::unix::fs::symlink("loop.whl", root.join("loop.whl")).unwrap();
    let wheel = "x-1.0-py3-none-any.whl";
    for arguments in [
        &["stage-runtime", "out", "x", "--codex-version", "0.163.0"][..],
        &["inspect", "x"],
        &["inspect", wheel],
        &["check", wheel],
        &["check", "x-1.0.tar.gz"],
        &["check", "loop"],
        &["check", "loop.whl"],
        &["coverage", wheel],
        &["coverage", "x"],
        &["coverage", "loop"],
        &["coverage", "loop.whl"],
        &["smoke", "x"],
        &["smoke", wheel],
        &["verify", "x", "--codex-version", "0.163.0"],
        &["generate-types", "--codex-bin", "x", "--sdk", "."],
        &["generate-types", "--wheel", wheel, "--sdk", "."],
        &["stage-sdk", "x", "--codex-version", "0.163.0"],
        &["stage-sdk", "loop", "--codex-version", "0.163.0", "--force"],
        &["fetch", "http://127.0.0.1:9/x", "--out", "missing/x", "--sha256", "abc"],
    ] {
        let output = support::run_in_time(relkit().args(arguments).current_dir(root));
        let said = text(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?} {said}");
        assert!(said.contains("\nhint: "), "{arguments:?} {said}");
    }
    assert_eq!(names(root).len(), 5);
}

/// A file that is named as a wheel and is none is what coverage is asked to tell.
#[test]
fn coverage_of_what_is_no_wheel_is_a_finding() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let good = crate::samples::wheel::linux();
    write(root, &good.file_name, good.build());
    let coverage = |format: &str| run(relkit().args(["coverage", "--format", format, "."]).current_dir(root));
    assert_eq!(coverage("text").status.code(), Some(0), "{}", text(&coverage("text")));
    let names = ["demo-1.0-py3-none-win_amd64.whl", "demo-1.0-py3-none-win_arm64.whl", "noname.whl"];
    write(root, names[0], "");
    write(root, names[1], "garbage");
    write(root, names[2], good.build());
    let output = coverage("json");
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let report = support::json(&output);
    let problems: Vec<_> =
        report["problems"].as_array().unwrap().iter().map(|row| row["path"].as_str().unwrap()).collect();
    assert_eq!(problems, names.map(|name| format!("./{name}")));
    let rows = report["platforms"].as_array().unwrap();
    assert!(rows.iter().all(|row| row["wheel"].as_str().is_none_or(|wheel| wheel == good.file_name)), "{report:#}");
    let said = text(&coverage("text"));
    assert!(names.iter().all(|name| said.contains(&format!("no installer takes `./{name}`: "))), "{said}");
    // A name that is not UTF-8 is one like any other.
    let name = <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(b"bad/nonutf\xff");
    let output = run(relkit().arg("coverage").arg(name));
    let said = text(&output);
    assert!(output.status.code() == Some(2) && said.contains("`bad/nonutf\u{fffd}`"), "{said}");
}

/// A text is a text however short, and whatever program its first letters could begin.
#[test]
fn short_texts_are_told_from_programs_that_are_cut_short() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    for (name, bytes) in
        [("mz", &b"MZ hello\n"[..]), ("class", b"\xca\xfe\xba\xbe hi"), ("fat", b"\xca\xfe\xba\xbe hello, it is me")]
    {
        write(root, name, bytes);
        let output = run(&mut stage_runtime(root, name, &[]));
        let said = text(&output);
        assert!(output.status.code() == Some(1) && said.contains("is a text file, not an executable"), "{name} {said}");
        let output = run(relkit().args(["inspect", name]).current_dir(root));
        let said = text(&output);
        assert!(
            output.status.code() == Some(1) && said.contains("the file is text, not an executable"),
            "{name} {said}"
        );
    }
}

#[test]
fn a_file_that_may_not_be_read_is_an_error_of_the_run() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    set_mode(root, 0o777);
    for name in ["codex", "demo-1.0-py3-none-any.whl"] {
        set_mode(&write(root, name, elf(500)), 0o000);
    }
    let is_root = fs::read(root.join("codex")).is_ok();
    let program = root.join("relkit");
    if is_root {
        // The administrator may read everything: another user runs a copy that this user can reach.
        fs::copy(env!("CARGO_BIN_EXE_relkit"), &program).unwrap();
    }
    for arguments in [
        &["stage-runtime", "out", "codex", "--codex-version", "0.163.0"][..],
        &["inspect", "codex"],
        &["check", "demo-1.0-py3-none-any.whl"],
        &["smoke", "codex"],
    ] {
        let mut command = relkit();
        if is_root {
            use std::os::unix::process::CommandExt as _;
            command = Command::new(&program);
            command.uid(65_534).gid(65_534);
        }
        command.args(arguments).current_dir(root).env("HOME", root);
        let Ok(output) = command.output() else {
            return eprintln!("skipped: no other user can run a program here");
        };
        let said = text(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?} {said}");
        assert!(said.contains("cannot read") && said.contains("ermission"), "{arguments:?} {said}");
        assert!(!root.join("out").exists());
    }
}

#[test]
fn killed_at_any_moment_a_run_leaves_no_partial_output() {
    kill_runs(8);
}

#[test]
#[ignore = "long: 50 moments; killed_at_any_moment_a_run_leaves_no_partial_output is the short form"]
fn killed_at_many_moments_a_run_leaves_no_partial_output() {
    kill_runs(50);
}

fn kill_runs(rounds: u32) {
    let rounds = support::kills(rounds);
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let mut files = package();
    files[0].1.extend(noise(24 << 20));
    write(root, "payload.tar.gz", gzip(&tar_of(&files, "")));
    let start = |arguments: &[&str]| {
        let mut command = relkit();
        command.current_dir(root).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let timed = |arguments: &[&str]| {
        let began = Instant::now();
        assert!(start(arguments).wait().unwrap().success(), "{arguments:?}");
        began.elapsed()
    };
    let stage = ["stage-runtime", "out", "payload.tar.gz", "--codex-version", "0.163.0", "--force"];
    let whole = timed(&stage);
    let reference = tree(&root.join("out"));
    let mut killing = Killing::of(rounds, whole);
    for round in 0..rounds {
        // Every second run finds no stage there.
        if round % 2 == 1 {
            fs::remove_dir_all(root.join("out")).unwrap();
        }
        killing.kill(start(&stage));
        if root.join("out").exists() {
            assert_eq!(tree(&root.join("out")), reference, "round {round}");
        } else {
            assert!(round % 2 == 1, "round {round} lost the stage that was there");
            timed(&stage);
            assert_eq!(tree(&root.join("out")), reference, "round {round}");
        }
    }
    killing.hit();

    let build = ["build", "out", "--out-dir", "dist"];
    let whole = timed(&build);
    let wheel = names(&root.join("dist")).remove(0);
    let reference = fs::read(root.join("dist").join(&wheel)).unwrap();
    let mut killing = Killing::of(rounds, whole);
    for round in 0..rounds {
        if round % 2 == 1 {
            fs::remove_dir_all(root.join("dist")).unwrap();
        }
        killing.kill(start(&build));
        let path = root.join("dist").join(&wheel);
        if path.exists() {
            assert!(fs::read(&path).unwrap() == reference, "round {round}");
        } else {
            assert!(round % 2 == 1, "round {round} lost the wheel that was there");
            timed(&build);
            assert!(fs::read(&path).unwrap() == reference, "round {round}");
        }
        // Whatever a killed run leaves has no name that an uploader or an installer would take.
        for name in names(&root.join("dist")) {
            assert!(name == wheel || name.starts_with('.'), "round {round} left {name}");
        }
    }
    killing.hit();
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_what_was_there() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let Some(disk) = SmallDisk::mount(&root.join("disk"), 6) else { return };
    write(root, "large", [elf(4000), noise(12 << 20)].concat());
    write(root, "small", elf(4000));
    succeed(&mut stage_runtime(root, "small", &[]));
    let at_root = |arguments: &[&str]| {
        let mut command = relkit();
        command.current_dir(root).args(arguments);
        command
    };
    let build = ["build", "out", "--out-dir", "disk/dist"];
    succeed(&mut at_root(&build));
    let before = tree(&disk.0);
    succeed(&mut stage_runtime(root, "large", &["--force"]));
    let stage = ["stage-runtime", "disk/out", "large", "--codex-version", "0.163.0"];
    for mut command in [at_root(&build), at_root(&stage)] {
        let output = run(&mut command);
        let said = text(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("cannot write") || said.contains("cannot build"), "{said}");
        assert!(said.contains("free space"), "{said}");
        assert_eq!(tree(&disk.0), before);
        assert_eq!(names(&disk.0), ["dist"]);
    }
}
