//! Outputs that are devices, FIFOs or links, inputs that are no files, two runs at once, and what killed runs left.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{FileTypeExt as _, symlink};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::samples::binary::{elf, windows_program};
use crate::samples::wheel;
use crate::support::http::{Head, response, serve};
use crate::support::{
    SmallDisk, fifo, mode, names, relkit, repository, run_in_time, set_mode, succeed, text, write, write_tree,
};

fn body() -> Vec<u8> {
    b"0123456789abcdef".repeat(40_000)
}

/// The address of what is fetched, which needs no digest.
fn served() -> String {
    serve(|mut stream| {
        Head::read(&mut stream)?;
        let text = String::from_utf8_lossy(&body()).into_owned();
        stream.write_all(response("200 OK", "etag: \"1\"\r\n", &text).as_bytes())
    }) + "/codex"
}

/// A wheel to be checked, which passes.
fn subject(root: &Path) -> String {
    let good = wheel::linux();
    write(root, &good.file_name, good.build());
    good.file_name
}

fn check(root: &Path, wheel: &str, receipt: &str) -> Command {
    let mut command = relkit();
    command.current_dir(root).args(["check", wheel, "--receipt", receipt]);
    command
}

#[test]
fn an_output_that_is_no_file_is_written_through() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let wheel = subject(root);
    succeed(&mut check(root, &wheel, "reference"));
    let reference = fs::read_to_string(root.join("reference")).unwrap();
    fifo(&root.join("fifo"));
    symlink("fifo", root.join("to-fifo")).unwrap();
    for name in ["fifo", "to-fifo"] {
        let path = root.join("fifo");
        let reader = thread::spawn(move || fs::read_to_string(path).unwrap());
        let output = run_in_time(&mut check(root, &wheel, name));
        assert!(output.status.success(), "{}", text(&output));
        assert_eq!(reader.join().unwrap().len(), reference.len());
        assert!(fs::metadata(root.join("fifo")).unwrap().file_type().is_fifo());
    }
    // A device of our own, where this user may make one: what the null device is made of.
    let device = root.join("device");
    if Command::new("mknod").arg(&device).args(["c", "1", "3"]).output().is_ok_and(|made| made.status.success()) {
        let output = run_in_time(&mut check(root, &wheel, "device"));
        assert!(output.status.success() || text(&output).contains("ermission"), "{}", text(&output));
        assert!(fs::symlink_metadata(&device).unwrap().file_type().is_char_device());
    }
    fs::create_dir(root.join("sub")).unwrap();
    symlink("sub/receipt.json", root.join("link")).unwrap();
    for _ in 0..2 {
        succeed(&mut check(root, &wheel, "link"));
        assert!(root.join("link").is_symlink() && root.join("sub/receipt.json").is_file());
    }
    let left: Vec<_> = names(root).into_iter().filter(|name| name.starts_with('.')).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_fifo_that_nobody_reads_and_a_socket_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let wheel = subject(root);
    fifo(&root.join("fifo"));
    let _listener = std::os::unix::net::UnixListener::bind(root.join("socket")).unwrap();
    for (name, words) in [("fifo", "nobody reads from the FIFO"), ("socket", "not a regular file")] {
        let output = run_in_time(&mut check(root, &wheel, name));
        let said = text(&output);
        assert!(output.status.code() == Some(2) && said.contains(words), "{name} {said}");
        let hint = if name == "fifo" { "let somebody read from it" } else { "give a regular file" };
        assert!(said.contains(hint), "{name} {said}");
        assert!(!fs::symlink_metadata(root.join(name)).unwrap().is_file());
    }
}

#[test]
fn a_download_goes_through_what_is_no_file() {
    let bytes = body();
    let server = served();
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    fifo(&root.join("fifo"));
    symlink("real", root.join("link")).unwrap();
    let fetch = |out: &str| {
        let mut command = relkit();
        command.current_dir(root).args(["fetch", &server, "--no-digest", "--out", out]);
        command
    };
    let path = root.join("fifo");
    let reader = thread::spawn(move || fs::read(path).unwrap());
    let output = run_in_time(&mut fetch("fifo"));
    assert!(output.status.success(), "{}", text(&output));
    assert!(reader.join().unwrap() == bytes);
    let output = run_in_time(&mut fetch("link"));
    assert!(output.status.success() && root.join("link").is_symlink(), "{}", text(&output));
    assert!(fs::read(root.join("real")).unwrap() == bytes);
    assert_eq!(names(root), ["fifo", "link", "real"]);
}

#[test]
fn an_input_inside_a_directory_that_is_no_file_is_refused_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    write_tree(&root.join("payload/bin"), &[("codex", elf(4000))]);
    fifo(&root.join("payload/bin/pipe"));
    write_tree(&root.join("product/runtime-template"), &[("README.md", "words")]);
    fifo(&root.join("product/runtime-template/pyproject.toml"));
    succeed(relkit().current_dir(root).args(["stage-sdk", "sdk", "--codex-version", "0.163.0"]));
    fs::remove_file(root.join("sdk/pyproject.toml")).unwrap();
    fifo(&root.join("sdk/pyproject.toml"));
    succeed(relkit().current_dir(root).args(["stage-sdk", "hidden", "--codex-version", "0.163.0"]));
    let _ = fs::remove_file(root.join("hidden/.gitignore"));
    fifo(&root.join("hidden/.gitignore"));
    for arguments in [
        &["stage-runtime", "out", "payload", "--codex-version", "0.163.0"][..],
        &["stage-runtime", "out", "payload/bin/codex", "--codex-version", "0.163.0", "--product", "product"],
        &["build", "sdk", "--out-dir", "dist"],
        &["build", "hidden", "--out-dir", "dist"],
    ] {
        let output = run_in_time(relkit().args(arguments).current_dir(root));
        // What is ignored is not read, and what is not read is nobody's trouble.
        let is_read = arguments[1] != "hidden";
        assert!(!is_read || !output.status.success(), "{arguments:?} {}", text(&output));
    }
}

#[test]
fn what_is_no_file_in_a_listed_directory_is_refused_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let schema = |name: &str| format!(r#"{{"title": "{name}", "type": "string"}}"#);
    for odd in ["fifo", "link", "tree"] {
        write_tree(&root.join(odd), &[("A.json", schema("A"))]);
    }
    fifo(&root.join("fifo/B.json"));
    symlink("/dev/zero", root.join("link/B.json")).unwrap();
    symlink("../fifo", root.join("tree/more")).unwrap();
    succeed(relkit().current_dir(root).args(["stage-sdk", "sdk", "--codex-version", "0.163.0"]));
    let wheel = wheel::linux().file_name;
    fs::create_dir(root.join("dist")).unwrap();
    fifo(&root.join("dist").join(&wheel));
    let runtime = fs::read_to_string(repository().join("runtime-template/pyproject.toml")).unwrap();
    for odd in ["p-fifo", "p-file", "p-gone"] {
        write_tree(&root.join(odd).join("runtime-template"), &[("pyproject.toml", &runtime)]);
    }
    fifo(&root.join("p-fifo/sdk-template"));
    write(root, "p-file/sdk-template", "");
    symlink("nowhere", root.join("p-gone/sdk-template")).unwrap();
    write_tree(root, &[("sub/runtime-template/README.md", "")]);
    fifo(&root.join("sub/runtime-template/pyproject.toml"));
    fs::create_dir(root.join("earlier")).unwrap();
    fifo(&root.join("earlier/codex-0.1.0.tar.gz"));
    write(root, "codex", elf(4000));
    let earlier =
        ["release", "--codex-version", "0.163.0", "--out-dir", "o", "--payload", "codex", "--against", "earlier"];
    for (arguments, named) in [
        (&["generate-types", "--sdk", "sdk", "--schema-dir", "fifo"][..], "fifo/B.json"),
        (&["generate-types", "--sdk", "sdk", "--schema-dir", "link"], "link/B.json"),
        (&["generate-types", "--sdk", "sdk", "--schema-dir", "tree"], "tree/more"),
        (&["coverage", "dist"], wheel.as_str()),
        (&["matrix", "--product", "p-fifo"], "p-fifo/sdk-template"),
        (&["matrix", "--product", "p-file"], "p-file/sdk-template"),
        (&["matrix", "--product", "p-gone"], "p-gone/sdk-template"),
        (&["matrix", "--product", "sub"], "runtime-template/pyproject.toml"),
        (&earlier, "codex-0.1.0.tar.gz"),
    ] {
        let output = run_in_time(relkit().args(arguments).current_dir(root));
        let said = text(&output);
        assert!(output.status.code() == Some(2) && said.contains(named), "{arguments:?} {said}");
    }
    // From below, too: a table that cannot be read is not passed over.
    let said = text(&run_in_time(relkit().arg("matrix").current_dir(root.join("sub/runtime-template"))));
    assert!(said.contains("runtime-template/pyproject.toml"), "{said}");
}

#[test]
fn what_a_runtime_writes_in_place_of_schemas_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    succeed(relkit().current_dir(root).args(["stage-sdk", "sdk", "--codex-version", "0.163.0"]));
    for (program, words) in [
        ("mkfifo \"$4/A.json\"", "wrote `A.json`, which cannot be read"),
        ("ln -s nowhere \"$4/A.json\"", "wrote `A.json`, which cannot be read"),
        ("mkfifo \"$4/pipe\"", "wrote `pipe`, and no `.json` file"),
        (":", "wrote no file"),
    ] {
        let text_of =
            format!("#!/bin/sh\nif [ \"$1\" = --version ]; then echo codex-cli 0.163.0; else {program}; fi\n");
        let codex = write(root, "codex", text_of);
        set_mode(&codex, 0o755);
        let output =
            run_in_time(relkit().args(["generate-types", "--sdk", "sdk", "--codex-bin"]).arg(&codex).current_dir(root));
        let said = text(&output);
        assert!(output.status.code() == Some(2) && said.contains(words), "{program} {said}");
        fs::remove_file(codex).unwrap();
    }
}

#[test]
fn what_a_release_writes_is_apart_from_what_it_reads_and_makes() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    write(root, "codex.exe", windows_program());
    write_tree(&root.join("payload/bin"), &[("codex.exe", windows_program())]);
    write_tree(&root.join("earlier"), &[("notes", "")]);
    let release = |more: &[&str]| {
        let mut command = relkit();
        command.current_dir(root).args(["release", "--codex-version", "0.163.0", "--allow-missing", "all"]);
        command.args(["--out-dir", "out"]).args(more);
        run_in_time(&mut command)
    };
    let file = ["--payload", "win_amd64=codex.exe"];
    let tree = ["--payload", "win_amd64=payload"];
    for (payload, more, words) in [
        (file, &["--report", "r", "--summary", "./r"][..], "`--report` and `--summary` both name `./r`"),
        (file, &["--report", "codex.exe"], "`--payload` and `--report` both name"),
        (file, &["--summary", "codex.exe"], "`--payload` and `--summary` both name"),
        (file, &["--report", "out"], "`--out-dir` and `--report` both name"),
        (file, &["--report", "out/dist/r.html"], "inside the directory of the release"),
        (file, &["--summary", "out/receipts/s.md"], "inside the directory of the receipts"),
        (file, &["--summary", "out/stage/x/s.md"], "inside the directory of the stages"),
        (file, &["--report", "earlier/r.html", "--against", "earlier"], "inside the directory of the earlier release"),
        (tree, &["--report", "payload/r.html"], "inside the directory of the payload"),
    ] {
        let output = release(&[&payload[..], more].concat());
        let said = text(&output);
        assert!(output.status.code() == Some(2) && said.contains(words), "{more:?} {said}");
        assert!(!root.join("out").exists() && fs::read(root.join("codex.exe")).unwrap() == windows_program());
    }
    for (arguments, words) in [
        (&["demo", "--out-dir", "d", "--report", "d"][..], "`--out-dir` and `--report` both name"),
        (&["demo", "--out-dir", "d", "--report", "d/program/dist/r.html"], "the directory of the second release"),
        (&["smoke", "codex.exe", "--receipt", "codex.exe"], "and `--receipt` both name"),
    ] {
        let output = run_in_time(relkit().args(arguments).current_dir(root));
        let said = text(&output);
        assert!(output.status.code() == Some(2) && said.contains(words) && !root.join("d").exists(), "{said}");
    }
    // Beside what is made, and through a device, both may go, and a second run replaces them.
    for force in [&[][..], &["--force"]] {
        let pages = ["--report", "out/report.html", "--summary", "out/summary.md"];
        let output = release(&[&file[..], &pages, force].concat());
        assert!(output.status.success(), "{}", text(&output));
        assert_eq!(names(&root.join("out")), ["dist", "report.html", "stage", "summary.md"]);
    }
    let output = release(&[&file[..], &["--report", "/dev/null", "--summary", "/dev/null", "--force"]].concat());
    let said = text(&output);
    assert!(output.status.code() == Some(2) && said.contains("which no release made"), "{said}");
}

#[test]
fn a_file_that_is_replaced_keeps_its_mode_and_a_summary_begins_on_its_own_line() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let subject = subject(root);
    for kept in [0o600, 0o664, 0o444] {
        let receipt = write(root, "receipt.json", "old");
        set_mode(&receipt, kept);
        succeed(&mut check(root, &subject, "receipt.json"));
        assert_eq!(mode(&receipt), kept);
        assert!(fs::read_to_string(&receipt).unwrap().starts_with('{'));
        fs::remove_file(receipt).unwrap();
    }
    let server = served();
    set_mode(&write(root, "fetched", "old"), 0o640);
    succeed(relkit().current_dir(root).args(["fetch", &server, "--no-digest", "--out", "fetched"]));
    assert!(mode(&root.join("fetched")) == 0o640 && fs::read(root.join("fetched")).unwrap() == body());

    write(root, "codex.exe", windows_program());
    let release = ["release", "--codex-version", "0.163.0", "--allow-missing", "all", "--out-dir", "out"];
    let release = [&release[..], &["--payload", "win_amd64=codex.exe", "--summary", "s.md", "--force"]].concat();
    write(root, "s.md", "no end");
    succeed(relkit().current_dir(root).args(&release));
    let first = fs::read_to_string(root.join("s.md")).unwrap();
    assert!(first.starts_with("no end\n#") && first.ends_with('\n'), "{first}");
    set_mode(&root.join("out"), 0o700);
    succeed(relkit().current_dir(root).args(&release));
    assert!(fs::read_to_string(root.join("s.md")).unwrap().starts_with(&format!("{first}#")));
    assert_eq!(mode(&root.join("out")), 0o700);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_keeps_nothing_of_what_did_not_fit() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    write(root, "codex.exe", windows_program());
    succeed(relkit().current_dir(root).args(["stage-sdk", "sdk", "--codex-version", "0.163.0"]));
    let Some(disk) = SmallDisk::mount(&root.join("disk"), 1) else { return };
    // To the last byte of its page but ten.
    write(&disk.0, "s.md", "x".repeat(4086));
    let mut filler = fs::File::create(disk.0.join("filler")).unwrap();
    while filler.write_all(&[1; 4096]).is_ok() {}
    let release = ["release", "--codex-version", "0.163.0", "--allow-missing", "all", "--out-dir", "out"];
    let summary = ["--payload", "win_amd64=codex.exe", "--summary", "disk/s.md"];
    for arguments in [
        &[&release[..], &summary].concat()[..],
        &["man", "--out-dir", "disk/man/deep"],
        &["build", "sdk", "--out-dir", "disk/dist/deep"],
    ] {
        let output = run_in_time(relkit().current_dir(root).args(arguments));
        let said = text(&output);
        assert!(output.status.code() == Some(2) && said.contains("free space"), "{arguments:?} {said}");
        assert_eq!(names(&disk.0), ["filler", "s.md"], "{arguments:?}");
    }
    assert_eq!(fs::read_to_string(disk.0.join("s.md")).unwrap(), "x".repeat(4086));
    // Room for some of the pages, and not for all.
    let length = filler.metadata().unwrap().len();
    filler.set_len(length - 40 * 1024).unwrap();
    let output = run_in_time(relkit().current_dir(root).args(["man", "--out-dir", "disk/man"]));
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    assert_eq!(names(&disk.0), ["filler", "s.md"]);
}

fn start(root: &Path, arguments: &[&str]) -> Child {
    let mut command = relkit();
    command.current_dir(root).args(arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Runs four at once onto one new output: one goes well, and the others say what kept them from it.
#[track_caller]
fn one_wins(root: &Path, arguments: &[&str], round: &str) {
    let runs: Vec<_> = (0..4).map(|_| start(root, arguments)).collect();
    let outputs: Vec<_> = runs.into_iter().map(|run| run.wait_with_output().unwrap()).collect();
    let won = outputs.iter().filter(|output| output.status.success()).count();
    assert_eq!(won, 1, "{round}: {:?}", outputs.iter().map(text).collect::<Vec<_>>());
    for output in outputs.iter().filter(|output| !output.status.success()) {
        let said = text(output);
        let is_told = said.contains("meanwhile") || said.contains("exists and is not empty");
        assert!(output.status.code() == Some(2) && is_told, "{said}");
    }
}

#[test]
fn of_two_stages_at_once_one_wins() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    write(root, "codex", [elf(4000), crate::samples::archive::noise(4 << 20)].concat());
    for round in 0..4 {
        let stage = ["stage-runtime", "out", "codex", "--codex-version", "0.163.0"];
        one_wins(root, &stage, &format!("round {round}"));
        assert_eq!(names(root), ["codex", "out"]);
        // Where each may replace, each does, and one of them stays.
        let forced = [&stage[..], &["--force"]].concat();
        let runs: Vec<_> = (0..4).map(|_| start(root, &forced)).collect();
        for run in runs {
            let output = run.wait_with_output().unwrap();
            assert!(output.status.success(), "round {round}: {}", text(&output));
        }
        assert!(root.join("out/pyproject.toml").is_file());
        assert_eq!(names(root), ["codex", "out"]);
        fs::remove_dir_all(root.join("out")).unwrap();
    }
}

#[test]
fn of_two_releases_at_once_one_wins_and_is_whole() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    // No machine that runs these tests can run it, so nothing of it is tried.
    write(root, "codex.exe", windows_program());
    for round in 0..3 {
        let release = ["release", "--codex-version", "0.163.0", "--out-dir", "out", "--allow-missing", "all"];
        one_wins(root, &[&release[..], &["--payload", "win_amd64=codex.exe"]].concat(), &format!("round {round}"));
        assert_eq!(names(root), ["codex.exe", "out"]);
        succeed(
            relkit()
                .current_dir(root)
                .args(["verify", "out/dist", "--codex-version", "0.163.0"])
                .args(["--allow-missing", "all"]),
        );
        fs::remove_dir_all(root.join("out")).unwrap();
    }
}

#[test]
fn downloads_and_builds_into_one_directory_at_once() {
    let bytes = body();
    let server = served();
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    for _ in 0..4 {
        let fetch = ["fetch", server.as_str(), "--no-digest", "--out", "dist/codex"];
        let runs: Vec<_> = (0..4).map(|_| start(root, &fetch)).collect();
        for run in runs {
            let output = run.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", text(&output));
        }
        assert!(fs::read(root.join("dist/codex")).unwrap() == bytes);
        assert_eq!(names(&root.join("dist")), ["codex"]);
        fs::remove_file(root.join("dist/codex")).unwrap();
    }
    succeed(relkit().current_dir(root).args(["stage-sdk", "sdk", "--codex-version", "0.163.0"]));
    let runs: Vec<_> = (0..4).map(|_| start(root, &["build", "sdk", "--out-dir", "dist"])).collect();
    for run in runs {
        let output = run.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
    }
    assert!(names(&root.join("dist")).iter().all(|name| !name.starts_with('.')), "{:?}", names(&root.join("dist")));
}

#[test]
fn what_a_killed_run_left_goes_with_the_next() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    write(root, "codex", [elf(4000), crate::samples::archive::noise(48 << 20)].concat());
    let stage = ["stage-runtime", "out", "codex", "--codex-version", "0.163.0", "--force"];
    let left = || names(root).into_iter().filter(|name| name.starts_with('.')).collect::<Vec<_>>();
    let mut littered = 0;
    for round in 0..40 {
        let mut run = start(root, &stage);
        // As soon as there is something to be left.
        for _ in 0..2000 {
            if !left().is_empty() || run.try_wait().unwrap().is_some() {
                break;
            }
            thread::sleep(Duration::from_micros(500));
        }
        run.kill().unwrap();
        run.wait().unwrap();
        littered += left().len();
        if littered >= 3 || round == 39 {
            break;
        }
    }
    assert!(littered > 0, "no run left anything");
    // What is not ours stays, whatever it is called.
    write(root, ".notes.relkit-x", "mine");
    succeed(relkit().current_dir(root).args(stage));
    assert_eq!(left(), [".notes.relkit-x"]);
}
