//! Children as Unix runs them; those of Windows are tested beside its Job Objects.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::invocation::MARK;
use super::*;

const LONG: Duration = Duration::from_secs(30);

fn shell(script: &str) -> Invocation {
    Invocation::new("/bin/sh").argument("-c").argument(script)
}

#[test]
fn keeps_all_output_and_the_tail_of_errors() {
    let script = "echo out; i=0; while [ $i -lt 3000 ]; do echo line $i >&2; i=$((i+1)); done; exit 4";
    let finished = shell(script).run(LONG, 1000).unwrap();
    assert_eq!((finished.ending, finished.stdout.as_slice()), (Ending::Code(4), b"out\n".as_slice()));
    assert!(finished.stderr_tail.len() <= MAX_STDERR_TAIL);
    assert!(finished.stderr_tail.ends_with("line 2998\nline 2999"), "{}", finished.stderr_tail);
}

#[test]
fn colour_is_taken_off_the_tail() {
    let finished = shell("printf '\\033[31mERROR\\033[0m here\\n' >&2").run(LONG, 10).unwrap();
    assert_eq!(finished.stderr_tail, "ERROR here");
}

#[test]
fn time_and_output_are_bounded() {
    let started = Instant::now();
    let late = shell("echo soon >&2; exec /bin/sleep 600").run(Duration::from_millis(300), 10);
    assert!(matches!(late, Err(ProcessError::TimedOut { stderr_tail, .. }) if stderr_tail == "soon"));
    let much = shell("while :; do echo more; done").run(LONG, 100);
    assert!(matches!(much, Err(ProcessError::TooMuchOutput { limit: 100, .. })));
    assert!(started.elapsed() < LONG);
}

#[test]
fn the_environment_is_clear() {
    let finished = Invocation::new("/usr/bin/env").variable("ONE", "1").run(LONG, 10_000).unwrap();
    let text = String::from_utf8(finished.stdout).unwrap();
    let names: Vec<_> = text.lines().filter_map(|line| line.split('=').next()).collect();
    assert_eq!(names, ["ONE", MARK]);
}

#[test]
fn what_is_left_behind_does_not_hold_the_pipes() {
    let finished = shell("/bin/sleep 600 & echo done").run(LONG, 100).unwrap();
    assert_eq!(finished.stdout, b"done\n");
}

#[test]
fn endings_are_described() {
    assert_eq!(Ending::Signal(11).to_string(), "signal 11 (SIGSEGV)");
    assert_eq!(Ending::Signal(63).to_string(), "signal 63");
    assert_eq!(Ending::Code(1).to_string(), "exit code 1");
    assert_eq!(Ending::Code(0xc000_0005_u32.cast_signed()).to_string(), "exit code 0xc0000005 (access violation)");
    assert_eq!(shell("kill -9 $$").run(LONG, 10).unwrap().ending, Ending::Signal(9));
}

#[test]
fn a_file_of_no_known_format_is_not_given_to_a_shell() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("text");
    std::fs::write(&path, "exit 0\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    match Invocation::new(&path).run(LONG, 10) {
        Err(ProcessError::Start { source, .. }) => assert_eq!(source.raw_os_error(), Some(libc::ENOEXEC)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn programs_are_found_as_a_shell_finds_them() {
    assert!(find_program(OsStr::new("sh")).is_some_and(|path| path.is_absolute()));
    assert!(Invocation::new("true").directory("/").run(LONG, 10).unwrap().ending.is_success());
    assert_eq!(find_program(OsStr::new("/bin/sh")), Some(PathBuf::from("/bin/sh")));
    assert_eq!(find_program(OsStr::new("no-such-program-anywhere")), None);
}
