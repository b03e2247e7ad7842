//! Programs that leave processes behind when they are smoke-tested: those are ended too, and none holds the test.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{interrupts, isolated, names, relkit, run_in_time, set_mode, succeed, text, write};

/// Smoke-tests a program that does something and then answers; says what was said and how long it took.
fn smoke(root: &Path, deed: &str) -> (String, Duration) {
    let script =
        format!("#!/bin/sh\nPATH=/usr/bin:/bin\nif [ \"$1\" = --version ]; then {deed}\necho codex-cli 0.163.0; fi\n");
    set_mode(&write(root, "codex", script), 0o755);
    let began = Instant::now();
    let output = run_in_time(relkit().current_dir(root).args(["smoke", "codex", "--level", "version"]));
    let said = text(&output);
    assert!(output.status.success(), "{deed}: {said}");
    (said, began.elapsed())
}

/// Whether a process runs whose command line has these words.
fn runs(words: &str) -> bool {
    let commands = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| {
        fs::read(entry.path().join("cmdline")).ok().map(|bytes| String::from_utf8_lossy(&bytes).replace('\0', " "))
    });
    commands.into_iter().any(|command| command.contains(words))
}

#[test]
fn what_leaves_its_session_and_clears_its_environment_ends_with_the_test() {
    let directory = tempfile::tempdir().unwrap();
    let seconds = 100_000 + std::process::id();
    let sleep = format!("/bin/sleep {seconds}");
    let quiet = "</dev/null >/dev/null 2>&1";
    for (deed, count) in [
        (format!("( setsid env -i {sleep} {quiet} & ); sleep 0.2"), "1 process running"),
        (
            format!("( setsid env -i /bin/sh -c '( setsid {sleep} & ) ; exec {sleep}' {quiet} & ); sleep 0.2"),
            "2 processes",
        ),
        // It holds standard output as well.
        (format!("( setsid env -i {sleep} & ); sleep 0.2"), "1 process running"),
    ] {
        let (said, time) = smoke(directory.path(), &deed);
        assert!(said.contains(&format!("it left {count}")) && said.contains("ended after it"), "{deed}: {said}");
        assert!(!runs(&sleep), "{deed} left something");
        assert!(time < Duration::from_secs(10), "{deed}: {time:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn without_a_list_of_processes_what_left_the_session_ends_all_the_same() {
    let hidden = "mount --make-rprivate / 2>/dev/null; umount -l /proc || exit 77; exec \"$@\"";
    let unlisted = || {
        let mut command = Command::new("unshare");
        command.args(["-m", "sh", "-c", hidden, "sh"]);
        command
    };
    if !unlisted().arg("true").output().is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: this user cannot unmount /proc");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let sleep = format!("/bin/sleep {}", 500_000 + std::process::id());
    for (deed, words) in [
        (format!("( setsid env -i {sleep} & ); sleep 0.2"), "it left 1 process running, ended after it"),
        (
            format!("( setsid env -i /bin/sh -c '( setsid {sleep} & ) ; exec {sleep}' & ); sleep 0.2"),
            "it left 2 processes",
        ),
        (String::new(), "passed"),
    ] {
        let script = format!(
            "#!/bin/sh\nPATH=/usr/bin:/bin\nif [ \"$1\" = --version ]; then {deed}\necho codex-cli 0.163.0; fi\n"
        );
        set_mode(&write(root, "codex", script), 0o755);
        let mut command = unlisted();
        command.current_dir(root).arg(env!("CARGO_BIN_EXE_relkit")).args(["smoke", "codex", "--level", "version"]);
        let output = run_in_time(isolated(&mut command));
        let said = text(&output);
        assert!(output.status.success() && said.contains(words), "{deed}: {said}");
        assert!(!runs(&sleep), "{deed} left something");
    }
}

#[test]
fn what_a_program_started_ends_with_an_interrupted_test() {
    let directory = tempfile::tempdir().unwrap();
    let (root, temporary) = (directory.path(), tempfile::tempdir().unwrap());
    let seconds = 300_000 + std::process::id();
    let sleep = format!("/bin/sleep {seconds}");
    let quiet = "</dev/null >/dev/null 2>&1";
    let script = format!(
        "#!/bin/sh\nPATH=/usr/bin:/bin\n( setsid {sleep} {quiet} & )\n( setsid env -i {sleep} {quiet} & )\n\
         sleep 0.2; : > '{}'; exec {sleep}\n",
        root.join("ready").display()
    );
    set_mode(&write(root, "codex", script), 0o755);
    for signal in interrupts() {
        let _ = fs::remove_file(root.join("ready"));
        let mut command = relkit();
        command.current_dir(root).env("TMPDIR", temporary.path()).args(["smoke", "codex", "--level", "version"]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        while !root.join("ready").exists() {
            assert!(Instant::now() < deadline, "it does not start");
            std::thread::sleep(Duration::from_millis(10));
        }
        succeed(Command::new("kill").args(["-s", signal, &child.id().to_string()]));
        let output = child.wait_with_output().unwrap();
        let said = text(&output);
        assert_eq!(output.status.code(), Some(130), "{signal}: {said}");
        assert!(said.contains("interrupted:") && !said.contains("FAILED"), "{signal}: {said}");
        assert!(!runs(&sleep), "{signal} left something");
        assert_eq!(names(temporary.path()), [""; 0], "{signal}");
    }
}

#[test]
fn a_flood_ends_the_test_within_its_memory() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    for (message, words) in [
        (r#"{"method":"n","params":{}}"#, "wrote more than 100000 messages, or 134.2 MB of them"),
        (r#"{"method":"ask","id":1}"#, ""),
        (r#"{"id":7,"result":[0,0,0,0]}"#, "wrote more than 100000 messages, or 134.2 MB of them"),
    ] {
        let script = format!(
            "#!/bin/sh\nPATH=/usr/bin:/bin\n[ \"$1\" != --version ] || exec echo codex-cli 0.163.0\nexec yes '{message}'\n"
        );
        set_mode(&write(root, "codex", script), 0o755);
        let mut command = Command::new("sh");
        // So many kibibytes: threads reserve far more than they use.
        command.args([
            "-c",
            "ulimit -v 2000000; exec \"$0\" smoke codex --level handshake",
            env!("CARGO_BIN_EXE_relkit"),
        ]);
        let output = run_in_time(isolated(&mut command).current_dir(root));
        let said = text(&output);
        assert_eq!(output.status.code(), Some(1), "{message}: {said}");
        assert!(said.contains("handshake") && said.contains(words) && !said.contains("hangs"), "{message}: {said}");
    }
}

#[test]
fn what_ends_with_its_program_is_not_spoken_of() {
    let directory = tempfile::tempdir().unwrap();
    for deed in ["", "/bin/sleep 0.1", "( /bin/true & )"] {
        let (said, _) = smoke(directory.path(), deed);
        assert!(!said.contains("running") && !said.contains("holds"), "{deed}: {said}");
    }
}
