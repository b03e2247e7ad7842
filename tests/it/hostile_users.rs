//! Users who may do little: no thread, few processes, nothing of their own that they may read. Each run comes to the exit code
//! that it should, says why, and leaves nothing.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::samples::archive::noise;
use crate::samples::wheel::{Sample, linux_program, linux_with};
use crate::support::http::serve_file;
use crate::support::{isolated, mode, names, run, set_mode, succeed, text, write};

/// Too large for the stack of any thread.
const NO_THREAD: &str = "RUST_MIN_STACK=140737488355328";

/// A user with no process, where root runs the tests.
const NOBODY: &str = "setpriv --reuid=54321 --clear-groups --inh-caps=-all --bounding-set=-all";

fn bash(root: &Path, words: &[&str], line: &str) -> Output {
    let mut command = Command::new(words.first().unwrap_or(&"bash"));
    command.args(words.iter().skip(1)).args((!words.is_empty()).then_some("bash"));
    command.current_dir(root).arg("-c").arg(line);
    isolated(&mut command).env("NO_COLOR", "1").env("TMPDIR", root.join("temporary"));
    run(command.env("RELKIT", env!("CARGO_BIN_EXE_relkit")))
}

/// Runs a line as a user without rights; `None` where there is no such user.
fn without_rights(root: &Path, line: &str) -> Option<Output> {
    let words: Vec<_> = match succeed(Command::new("id").arg("-u")).trim() {
        "0" => NOBODY.split(' ').collect(),
        _ => Vec::new(),
    };
    let probe = Command::new(words.first().unwrap_or(&"env"))
        .args(words.iter().skip(1))
        .arg("test")
        .args(["-x", env!("CARGO_BIN_EXE_relkit")])
        .status();
    probe.is_ok_and(|status| status.success()).then(|| bash(root, &words, line))
}

/// A wheel with a member that is read, hashed and inflated by several threads where there are some, and a program that answers.
fn prepare(root: &Path) -> String {
    set_mode(root, 0o777);
    fs::create_dir(root.join("temporary")).unwrap();
    set_mode(&root.join("temporary"), 0o777);
    let sample: Sample = linux_with([linux_program(), noise(6 << 20)].concat());
    write(root, &sample.file_name, sample.build());
    set_mode(&write(root, "codex", "#!/bin/sh\necho codex-cli 0.163.0\n"), 0o755);
    write(root, "payload", [linux_program(), noise(6 << 20)].concat());
    sample.file_name
}

#[track_caller]
fn expect(output: &Output, code: i32, words: &str) {
    let said = text(output);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.contains(words) && !said.contains("panicked"), "`{words}` is missing: {said}");
}

#[test]
fn where_no_thread_can_be_started_work_is_done_without_or_the_want_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let wheel = prepare(root);
    let served = serve_file(root.join(&wheel));
    let stage = "stage-runtime out payload --codex-version 0.163.0";
    for line in [
        format!("check {wheel}"),
        format!("inspect {wheel}"),
        stage.into(),
        "stage-sdk sdk --codex-version 0.163.0".into(),
        "build out sdk --out-dir dist".into(),
        format!("retag {wheel} --platform-tag musllinux_1_1_x86_64 --out-dir tagged"),
    ] {
        let output = bash(root, &[], &format!("{NO_THREAD} exec \"$RELKIT\" {line}"));
        expect(&output, 0, "");
    }
    // The same bytes as with threads.
    expect(&bash(root, &[], "exec \"$RELKIT\" build out sdk --out-dir other"), 0, "");
    for name in names(&root.join("dist")) {
        assert!(fs::read(root.join("dist").join(&name)).unwrap() == fs::read(root.join("other").join(&name)).unwrap());
    }
    for line in [
        "smoke codex --level version".into(),
        "generate-types --codex-bin codex --sdk sdk".into(),
        "init product --name tool-bin --from payload".into(),
        "demo".into(),
        "release --codex-version 0.163.0 --payload payload --allow-missing all --out-dir all".into(),
        format!("fetch {served} --no-digest --out fetched"),
        format!("check name==1 --index-url {served}"),
        format!("verify dist --codex-version 0.163.0 --only sdk --index-url {served}"),
        format!("publish dist --codex-version 0.163.0 --allow-missing all --upload-url {served}"),
    ] {
        let before = names(root);
        let output = bash(root, &[], &format!("RELKIT_TOKEN=x {NO_THREAD} exec \"$RELKIT\" {line}"));
        expect(&output, 2, "ulimit -u");
        assert_eq!(names(root), before, "{line}");
        assert_eq!(names(&root.join("temporary")), [""; 0], "{line}");
    }
}

#[test]
fn with_few_processes_a_command_ends_well_or_says_what_it_wants() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let wheel = prepare(root);
    for limit in [1, 2, 3, 4, 6, 64] {
        for line in [format!("check {wheel}"), "smoke codex --level version".into()] {
            let output = without_rights(root, &format!("ulimit -u {limit}; exec \"$RELKIT\" {line}"));
            let Some(output) = output else { return };
            let is_enough = line.starts_with("check") || limit == 64;
            // The interpreter of the program itself needs none more.
            match output.status.code() {
                Some(2) if !is_enough => expect(&output, 2, "ulimit -u"),
                _ => expect(&output, 0, ""),
            }
            assert_eq!(names(&root.join("temporary")), [""; 0], "{limit} {line}");
        }
    }
}

#[test]
fn a_umask_that_takes_all_keeps_no_command_from_its_own_files() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let wheel = prepare(root);
    for line in [
        format!("check {wheel} --receipt receipt.json"),
        format!("smoke {wheel} --level version --receipt smoke.json"),
        "smoke codex --level version".into(),
        "stage-runtime out payload --codex-version 0.163.0".into(),
        "build out --out-dir dist".into(),
        format!("retag {wheel} --platform-tag musllinux_1_1_x86_64 --out-dir tagged"),
        "init product --name tool-bin --from payload".into(),
    ] {
        let output = without_rights(root, &format!("umask 0777; exec \"$RELKIT\" {line}"));
        let Some(output) = output else { return };
        expect(&output, if line.starts_with(&format!("smoke {wheel}")) { 1 } else { 0 }, "");
        assert_eq!(names(&root.join("temporary")), [""; 0], "{line}");
    }
    for made in ["receipt.json", "smoke.json"] {
        assert_eq!(mode(&root.join(made)), 0o600);
    }
    assert!(names(root).iter().all(|name| !name.starts_with('.')), "{:?}", names(root));
}

#[test]
fn what_a_program_finds_no_more_of_is_no_fault_of_the_program() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    prepare(root);
    let program = |last: &str| {
        let script = format!("#!/bin/sh\necho 'a warning' >&2\n{last}\n");
        set_mode(&write(root, "codex", script), 0o755);
    };
    let (processes, temporary) = ("ulimit -u", "set TMPDIR");
    for (last, hint) in [
        ("echo 'codex: fork: Resource temporarily unavailable' >&2; exit 254", processes),
        ("echo '/bin/sh: 3: Cannot fork' >&2; exit 2", processes),
        ("echo 'codex: fork: retry: Resource temporarily unavailable' >&2", processes),
        ("echo 'cat: write error: No space left on device' >&2; exit 1", temporary),
        ("echo 'error: Too many open files (os error 24)' >&2; exit 1", "ulimit -n"),
        ("kill -s XCPU $$", "ulimit -t"),
        ("kill -s XFSZ $$", "ulimit -f"),
    ] {
        program(last);
        for line in ["smoke codex --level version --receipt receipt.json", "smoke codex --level handshake"] {
            let output = bash(root, &[], &format!("exec \"$RELKIT\" {line}"));
            expect(&output, 2, hint);
            assert!(text(&output).contains("the step `version` could not be carried out"), "{last}: {}", text(&output));
            assert!(!root.join("receipt.json").exists(), "{last}");
        }
    }
    for (last, words) in [
        ("echo 'error: no such option' >&2; exit 2", "ended early with exit code 2"),
        ("kill -s KILL $$", "and not the system for want of memory"),
        ("echo 'memory allocation of 99 bytes failed' >&2; kill -s ABRT $$", "SIGABRT"),
    ] {
        program(last);
        let words = if Path::new("/proc/vmstat").exists() { words } else { "" };
        expect(&bash(root, &[], "exec \"$RELKIT\" smoke codex --level version"), 1, words);
    }
    // Where memory is limited, the same words say that it was too little.
    let limited = bash(root, &[], "ulimit -v 4000000; exec \"$RELKIT\" smoke codex --level version");
    expect(&limited, 2, "ulimit -v");
}

#[test]
fn a_limit_of_memory_ends_a_run_with_a_sentence_or_not_at_all() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let wheel = prepare(root);
    let large = linux_with([linux_program(), noise(48 << 20)].concat());
    fs::create_dir(root.join("large")).unwrap();
    fs::write(root.join("large").join(&wheel), large.build()).unwrap();
    write(root, "many.json", format!("{{\"a\":[{}0]}}", "[],".repeat(1_500_000)));
    let mut refused = 0;
    for limit in [160_000, 190_000, 220_000, 260_000, 320_000] {
        for line in [
            format!("check large/{wheel}"),
            format!("inspect large/{wheel}"),
            format!("retag large/{wheel} --platform-tag musllinux_1_1_x86_64 --out-dir tagged --force"),
            format!("stage-runtime stage large/{wheel} --codex-version 0.163.0 --force"),
            "publish . --codex-version 0.163.0 --upload-url http://127.0.0.1:9/ --plan many.json".into(),
        ] {
            let output = bash(root, &[], &format!("ulimit -v {limit}; exec \"$RELKIT\" {line}"));
            let said = text(&output);
            assert!(matches!(output.status.code(), Some(0..=2)), "{limit} {line}: {said}");
            if said.contains("memory") {
                expect(&output, 2, "ulimit -v");
                assert!(!said.contains("TMPDIR"), "{limit} {line}: {said}");
                refused += 1;
            }
        }
    }
    assert!(refused > 0, "no limit was low enough");
}
