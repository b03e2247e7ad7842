//! Machines that lack something: open files, disk, a home, a working directory, streams. Each run comes to the exit code that it
//! should, says why, and leaves nothing.

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use crate::samples::archive::noise;
use crate::samples::binary::{elf, windows_program};
use crate::samples::wheel::{linux, linux_program, linux_with};
use crate::support::http::{Head, response, serve};
use crate::support::{SmallDisk, isolated, names, publish, relkit, run, set_mode, succeed, text, write, write_tree};

/// Runs relkit as a line of a shell has it, in which `relkit` is the program under test.
fn shell(root: &Path, line: &str) -> Output {
    let mut command = Command::new("bash");
    command.current_dir(root).arg("-c").arg(format!("relkit() {{ command \"$RELKIT\" \"$@\"; }}\n{line}"));
    run(isolated(&mut command).env("RELKIT", env!("CARGO_BIN_EXE_relkit")).env("NO_COLOR", "1"))
}

#[track_caller]
fn expect(output: &Output, code: i32, words: &str) {
    let said = text(output);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.contains(words) && !said.contains("panicked"), "`{words}` is missing: {said}");
}

/// A wheel that passes, and one whose program is too large for memory.
fn wheels(root: &Path) -> (String, String) {
    let (small, large) = (linux(), linux_with([linux_program(), noise(6 << 20)].concat()));
    fs::create_dir(root.join("small")).unwrap();
    fs::create_dir(root.join("large")).unwrap();
    write(root, &format!("small/{}", small.file_name), small.build());
    write(root, &format!("large/{}", large.file_name), large.build());
    (format!("small/{}", small.file_name), format!("large/{}", large.file_name))
}

#[test]
fn a_file_that_is_cut_short_while_it_is_read_ends_no_run_by_a_signal() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let whole = [linux_program(), noise(24 << 20)].concat();
    let program = write(root, "program", &whole);
    set_mode(&program, 0o755);
    write(root, "a-1.0.tar.gz", crate::samples::archive::gzip(&whole));
    for subject in ["program", "a-1.0.tar.gz"] {
        let path = root.join(subject);
        let bytes = fs::read(&path).unwrap();
        for round in 0..6 {
            fs::write(&path, &bytes).unwrap();
            let mut child = relkit()
                .current_dir(root)
                .args(["check", subject])
                .args(["--quiet"])
                .stdout(std::process::Stdio::null())
                .stderr(std::process::Stdio::null())
                .spawn()
                .unwrap();
            std::thread::sleep(std::time::Duration::from_millis(4 * round));
            fs::File::options().write(true).open(&path).unwrap().set_len(4096).unwrap();
            let status = child.wait().unwrap();
            assert!(status.code().is_some_and(|code| code <= 2), "{subject} in round {round}: {status}");
        }
    }
}

#[test]
fn few_open_files_are_enough_or_are_said() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let (small, _) = wheels(root);
    publish::dist(&root.join("dist"), "x");
    fs::create_dir(root.join("many")).unwrap();
    for number in 0..60 {
        let sample = linux().of_version(&format!("0.163.{number}"));
        write(&root.join("many"), &sample.file_name, sample.build());
    }
    expect(&shell(root, &format!("ulimit -n 32; relkit check {small}")), 0, "");
    // They are of many releases, which is all that is wrong with them.
    expect(&shell(root, "ulimit -n 32; relkit check many"), 1, "set-version");
    for limit in [4, 5, 6, 7] {
        let output = shell(root, &format!("ulimit -n {limit}; relkit check {small}"));
        let said = text(&output);
        let code = output.status.code();
        // Below, the loader of the system itself does not come to the program.
        assert!(matches!(code, Some(0 | 2 | 127)), "{limit}: {said}");
        assert!(code != Some(2) || said.contains("ulimit -n"), "{limit}: {said}");
    }
}

#[test]
fn few_open_files_leave_nothing_behind_and_blame_no_network() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    fs::create_dir(root.join("tmp")).unwrap();
    set_mode(&write(root, "codex", elf(4000)), 0o755);
    let server = serve(|mut stream| {
        Head::read(&mut stream)?;
        stream.write_all(response("200 OK", "", "bytes").as_bytes())
    });
    for limit in 5..=7 {
        for line in [
            format!("fetch {server}/codex --no-digest --out fetched"),
            format!("check tool==1.0 --index-url {server}/simple/"),
            "release --codex-version 0.163.0 --out-dir out --payload codex --allow-missing all".to_owned(),
            "init product --from codex --name tool-bin".to_owned(),
            "smoke codex --level version".to_owned(),
        ] {
            let began = Instant::now();
            let output = shell(root, &format!("export TMPDIR=\"$PWD/tmp\"; ulimit -n {limit}; relkit {line}"));
            expect(&output, 2, "ulimit -n");
            // With its pauses, six attempts take longer.
            assert!(began.elapsed() < Duration::from_secs(12), "{limit} {line}");
            assert_eq!((names(&root.join("tmp")), names(root)), (vec![], vec!["codex".to_owned(), "tmp".to_owned()]));
        }
    }
}

#[test]
fn a_machine_that_runs_no_program_is_no_fault_of_the_program() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    set_mode(&write(root, "codex", "#!/bin/sh\necho codex-cli 0.163.0\n"), 0o755);
    expect(&shell(root, "relkit smoke codex --level version"), 0, "");
    for limit in 4..16 {
        let output = shell(root, &format!("ulimit -n {limit}; relkit smoke codex --level version"));
        let said = text(&output);
        // Below, the loader of the system itself does not come to the program.
        assert!(matches!(output.status.code(), Some(0 | 2 | 127)), "{limit}: {said}");
        assert!(output.status.code() != Some(2) || said.contains("ulimit -n"), "{limit}: {said}");
    }
    expect(
        &shell(root, "TMPDIR=/nonexistent relkit smoke codex --level version"),
        2,
        "set TMPDIR to one that is there",
    );
    write(root, "payload", elf(4000));
    expect(
        &shell(root, "TMPDIR=/nonexistent relkit init out --name tool-bin --from payload"),
        2,
        "no temporary directory",
    );
    let Some(disk) = SmallDisk::mount(&root.join("disk"), 2) else { return };
    succeed(Command::new("mount").args(["-o", "remount,noexec"]).arg(&disk.0));
    fs::copy(root.join("codex"), disk.0.join("codex")).unwrap();
    let output = shell(root, "relkit smoke disk/codex --level version");
    expect(&output, 2, "it is mounted noexec");
    assert!(!text(&output).contains("FAILED"), "{}", text(&output));
}

#[test]
fn a_file_limit_and_a_full_temporary_directory_are_errors_with_a_cause() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let (_, large) = wheels(root);
    write(root, "payload", [elf(4000), noise(3 << 20)].concat());
    let stage = "relkit stage-runtime out payload --codex-version 0.163.0";
    expect(&shell(root, &format!("ulimit -f 1000; {stage}")), 2, "ulimit -f");
    assert_eq!(names(root), ["large", "payload", "small"]);
    expect(&shell(root, stage), 0, "");
    expect(&shell(root, "ulimit -f 1000; relkit build out --out-dir dist"), 2, "ulimit -f");
    assert_eq!(names(&root.join("dist")), [""; 0]);
    expect(&shell(root, &format!("ulimit -f 1000; relkit check {large}")), 2, "no temporary file can be written");
    expect(&shell(root, &format!("TMPDIR=/nonexistent relkit check {large}")), 2, "/nonexistent");
    expect(&shell(root, &format!("TMPDIR=/nonexistent relkit smoke {large}")), 2, "/nonexistent");
    expect(&shell(root, &format!("TMPDIR=/nonexistent relkit inspect {large}")), 2, "/nonexistent");
    for line in [
        format!("check {large}"),
        format!("inspect {large}"),
        format!("smoke {large}"),
        format!("retag {large} --platform-tag musllinux_1_1_x86_64 --out-dir tagged"),
        format!("stage-runtime other {large} --codex-version 0.163.0"),
        "demo".into(),
    ] {
        for place in ["/nonexistent", "payload"] {
            let output = shell(root, &format!("TMPDIR={place} relkit {line}"));
            expect(&output, 2, "TMPDIR to");
            assert!(text(&output).contains(place) && !text(&output).contains("damaged"), "{}", text(&output));
        }
    }
    // What needs no temporary file needs no place for it.
    expect(&shell(root, "TMPDIR=/nonexistent relkit check small"), 0, "");
}

#[test]
fn a_full_temporary_disk_and_one_that_is_read_only_are_errors_with_a_cause() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let (small, large) = wheels(root);
    let Some(disk) = SmallDisk::mount(&root.join("disk"), 2) else { return };
    for command in ["check", "inspect"] {
        expect(
            &shell(root, &format!("TMPDIR=disk relkit {command} {large}")),
            2,
            "no temporary file can be written in `disk`",
        );
    }
    expect(&shell(root, &format!("TMPDIR=disk relkit smoke {large}")), 2, "free space");
    assert_eq!(names(&disk.0), [""; 0]);
    fs::write(disk.0.join("there"), "").unwrap();
    succeed(Command::new("mount").args(["-o", "remount,ro"]).arg(&disk.0));
    write(root, "payload", elf(4000));
    for line in [
        format!("relkit check {small} --receipt disk/receipt.json"),
        "relkit stage-runtime disk/out payload --codex-version 0.163.0".into(),
        format!("relkit retag {small} --platform-tag musllinux_1_1_x86_64 --out-dir disk/out"),
        "relkit init disk/product --name tool-bin --from payload".into(),
        "relkit workflow --out disk/workflow.yml".into(),
    ] {
        expect(&shell(root, &line), 2, "Read-only file system");
    }
    assert_eq!(names(&disk.0), ["there"]);
}

#[test]
fn without_a_home_a_working_directory_or_streams() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let (small, _) = wheels(root);
    let absolute = root.join(&small).display().to_string();
    expect(&shell(root, &format!("env -u HOME \"$RELKIT\" check {small}")), 0, "");
    expect(&shell(root, &format!("env -i \"$RELKIT\" check {small}")), 0, "");
    expect(&shell(root, &format!("HOME=/nonexistent relkit smoke {small} --level version")), 1, "");
    let gone = "mkdir gone; cd gone; rmdir ../gone;";
    expect(&shell(root, &format!("{gone} relkit check {absolute}")), 0, "");
    expect(&shell(root, &format!("{gone} relkit check {small}")), 2, "cannot read");
    expect(&shell(root, &format!("{gone} relkit check {absolute} --receipt receipt.json")), 2, "cannot write");
    expect(
        &shell(root, &format!("{gone} relkit retag {absolute} --platform-tag musllinux_1_1_x86_64 --out-dir out")),
        2,
        "the working directory is gone",
    );
    for line in [
        "workflow",
        "init product --name tool-bin",
        "init . --name tool-bin",
        "stage-sdk sdk --codex-version 0.163.0",
        "smoke codex",
        "inspect codex",
        "build stage",
        "release --codex-version 0.163.0 --payload codex --out-dir out",
        "verify dist --codex-version 0.163.0",
    ] {
        expect(&shell(root, &format!("{gone} relkit {line}")), 2, "the working directory is gone");
    }
    for line in ["--help", "--version", "matrix", "workflow", "man", "completions bash", "rule"] {
        let output = shell(root, &format!("relkit {line} > /dev/full"));
        expect(&output, 2, "cannot write the result to standard output");
        expect(&shell(root, &format!("relkit {line} | true; exit ${{PIPESTATUS[0]}}")), 0, "");
    }
    for closed in ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"] {
        expect(&shell(root, &format!("relkit check {small} --receipt receipt.json {closed}")), 0, "");
        expect(&shell(root, &format!("relkit check none {closed}")), 2, "");
        assert_eq!(names(root).len(), 3, "{closed}");
        fs::remove_file(root.join("receipt.json")).unwrap();
    }
    expect(&shell(root, &format!("relkit check {small} | true; exit ${{PIPESTATUS[0]}}")), 0, "");
    expect(&shell(root, &format!("relkit inspect {small} 2>&1 | true; exit ${{PIPESTATUS[0]}}")), 0, "");
    expect(&shell(root, "relkit check none 2>&1 | true; exit ${PIPESTATUS[0]}"), 2, "");
}

#[test]
fn names_that_are_not_utf_8_are_read_or_refused_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let (small, _) = wheels(root);
    let odd = root.join(OsStr::from_bytes(b"d\xff"));
    let wheel = small.split_once('/').unwrap().1;
    fs::create_dir(&odd).unwrap();
    fs::copy(root.join(&small), odd.join(wheel)).unwrap();
    fs::copy(root.join(&small), root.join(OsStr::from_bytes(b"\xff-1.0-py3-none-any.whl"))).unwrap();
    for (line, code, words) in [
        ("relkit check d?", 0, ""),
        ("relkit check d?/*.whl --format json --receipt d?/receipt.json", 0, ""),
        ("relkit inspect d?/*.whl", 0, ""),
        ("relkit smoke d?/*.whl --level version", 1, ""),
        ("relkit check ?-1.0*.whl", 1, ""),
        ("relkit coverage ?-1.0*.whl", 1, ""),
        ("relkit verify d? --codex-version 0.163.0 --receipts d?", 1, ""),
        ("relkit retag d?/*.whl --platform-tag musllinux_1_1_x86_64 --out-dir d?/out", 0, ""),
        ("relkit stage-runtime d?/stage none --codex-version 0.163.0", 2, "cannot read"),
    ] {
        // A pattern of the shell gives the name as it is.
        let line = line.replace("d?/receipt.json", "$(echo d?)/receipt.json").replace("d?/out", "$(echo d?)/out");
        expect(&shell(root, &line), code, words);
    }
    let tree = root.join("tree");
    write_tree(&tree, &[("bin/codex", elf(4000))]);
    fs::write(tree.join(OsStr::from_bytes(b"x\xff")), "").unwrap();
    expect(&shell(root, "relkit stage-runtime out tree --codex-version 0.163.0"), 2, "UTF-8");
    assert!(!root.join("out").exists());
}

#[test]
fn a_payload_of_any_name_is_taken_and_the_next_command_names_it() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    fs::create_dir(root.join(OsStr::from_bytes(b"nu\xff"))).unwrap();
    fs::write(root.join(OsStr::from_bytes(b"nu\xff/codex.exe")), windows_program()).unwrap();
    let release = "relkit release --codex-version 0.163.0 --allow-missing all --out-dir $'nu\\xff/out' \
                   --payload win_amd64=$'nu\\xff/codex.exe'";
    expect(&shell(root, release), 0, "");
    let again = "relkit verify $'nu\\377/out/dist' --codex-version 0.163.0 --allow-missing all";
    expect(&shell(root, again), 0, r"$'nu\377/out/dist'");
    expect(&shell(root, "relkit smoke codex --runner $'\\xff'"), 2, "must be UTF-8, and is not: `\u{fffd}`");
}

#[test]
fn a_hangup_ends_no_run_under_nohup() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let script = format!(
        "#!/bin/sh\n: > '{0}/ready'\nwhile [ ! -e '{0}/go' ]; do /bin/sleep 0.01; done\necho codex-cli 0.163.0\n",
        root.display()
    );
    set_mode(&write(root, "codex", script), 0o755);
    let line = "trap '' HUP; relkit smoke codex --level version & \
                while [ ! -e ready ]; do sleep 0.01; done; kill -s HUP $!; : > go; wait $!";
    expect(&shell(root, line), 0, "passed");
}

#[test]
fn a_network_namespace_without_a_loopback_is_no_fault_of_the_program() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let unshare = "unshare --net true 2>/dev/null && unshare --net --";
    if !shell(root, &unshare.replace("&& unshare --net --", "")).status.success() {
        return;
    }
    let script = "#!/bin/sh\necho codex-cli 0.163.0\n";
    set_mode(&write(root, "codex", script), 0o755);
    let (small, _) = wheels(root);
    for (line, code, words) in [
        ("smoke codex --level version".to_owned(), 0, "passed"),
        (format!("check {small}"), 0, ""),
        (format!("inspect {small}"), 0, ""),
        ("smoke codex --level turn".into(), 2, "loopback"),
    ] {
        expect(&shell(root, &format!("{unshare} \"$RELKIT\" {line}")), code, words);
    }
}

/// Runs the rest of its arguments under rules that answer the system calls of the first, `number:errno,…`, with those errors.
#[cfg(target_arch = "x86_64")]
const SANDBOX: &str = r#"
import ctypes, os, struct, sys
rows = [(0x20, 0, 0, 0)]
for rule in sys.argv[1].split(","):
    number, error = map(int, rule.split(":"))
    rows += [(0x15, 0, 1, number), (0x06, 0, 0, 0x00050000 | error)]
rows.append((0x06, 0, 0, 0x7FFF0000))
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *row) for row in rows))
class Program(ctypes.Structure):
    _fields_ = [("count", ctypes.c_ushort), ("rules", ctypes.c_void_p)]
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(Program(len(rows), ctypes.addressof(code))), 0, 0) == 0
os.execvp(sys.argv[2], sys.argv[2:])
"#;

/// seccomp(2), as containers and build services use it.
#[test]
#[cfg(target_arch = "x86_64")]
fn a_sandbox_that_forbids_calls_is_lived_with_or_named() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let (small, _) = wheels(root);
    set_mode(&write(root, "codex", "#!/bin/sh\necho codex-cli 0.163.0\n"), 0o755);
    write(root, "payload", elf(4000));
    let Some(python) = crate::support::python_command() else { return };
    let sandboxed = |rules: &str, line: &str| {
        let mut command = Command::new(python);
        command.current_dir(root).args(["-c", SANDBOX, rules, env!("CARGO_BIN_EXE_relkit")]).args(line.split(' '));
        run(isolated(&mut command).env("NO_COLOR", "1"))
    };
    // unshare, setns, mount, ptrace, clone3, renameat2, copy_file_range, memfd_create, pidfd_open, statx, prlimit64,
    // io_uring_setup, prctl, socket.
    let usual = "272:1,308:1,165:1,101:1,435:38,316:38,326:38,319:38,434:38,332:38,302:1,425:38,157:1,41:1";
    for line in [
        &*format!("check {small} --receipt receipt.json"),
        &format!("inspect {small}"),
        "smoke codex --level version",
        "stage-runtime stage payload --codex-version 0.163.0",
        "build stage --out-dir dist",
        "stage-sdk sdk --codex-version 0.163.0",
        "init product --name tool-bin --from payload",
    ] {
        expect(&sandboxed(usual, line), 0, "");
    }
    // The same calls, answered as forbidden; what is there already is replaced.
    for line in ["stage-runtime stage payload --codex-version 0.163.0 --force", "build stage --out-dir dist"] {
        expect(&sandboxed("316:1,326:1,319:1,332:38", line), 0, "");
    }
    // Without a call that starting a program takes, it is not the program that is at fault.
    for error in ["112:1", "112:38"] {
        let output = sandboxed(error, "smoke codex --level version");
        expect(&output, 2, "this machine forbids what starting `codex` takes");
        expect(&output, 2, "outside of the sandbox");
    }
}
