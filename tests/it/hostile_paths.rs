//! Every path that the command line takes, given what is no file: nothing waits for it, reads it without end, replaces it or
//! leaves anything beside it.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{FileTypeExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;

use clap::{CommandFactory as _, ValueHint};

use crate::samples::binary::elf;
use crate::samples::wheel::linux;
use crate::support::http::{Head, response, serve};
use crate::support::{fifo, names, publish, relkit, run_in_time, set_mode, succeed, text, write};

/// A command line for each path: `IN` is read, `OUT` is written; `WHEEL`, `URL` and the other names are good.
const LINES: [&str; 65] = [
    "stage-sdk OUT --codex-version 0.163.0",
    "stage-sdk new --codex-version 0.163.0 --template IN",
    "stage-sdk new --codex-version 0.163.0 --product IN",
    "stage-runtime OUT payload --codex-version 0.163.0",
    "stage-runtime new IN --codex-version 0.163.0",
    "stage-runtime new payload --codex-version 0.163.0 --template IN",
    "stage-runtime new payload --codex-version 0.163.0 --product IN",
    "build IN",
    "build sdk --out-dir OUT",
    "retag IN --platform-tag musllinux_1_1_x86_64 --out-dir new",
    "retag WHEEL --platform-tag musllinux_1_1_x86_64 --out-dir OUT",
    "inspect IN",
    "check IN",
    "check WHEEL --manifest IN",
    "check tool==1.0 --index-url URL --publish-receipt IN",
    "check WHEEL --template IN",
    "check WHEEL --product IN",
    "check WHEEL --receipt OUT",
    "coverage IN",
    "smoke IN --level version",
    "smoke codex --level version --product IN",
    "smoke codex --level version --receipt OUT",
    "verify IN --codex-version 0.163.0",
    "verify dist --codex-version 0.163.0 --product IN",
    "verify dist --codex-version 0.163.0 --receipts IN",
    "verify dist --codex-version 0.163.0 --template IN",
    "verify dist --codex-version 0.163.0 --sdk-template IN",
    "verify dist --codex-version 0.163.0 --manifest OUT",
    "publish IN --codex-version 0.163.0 --upload-url URL",
    "publish dist --codex-version 0.163.0 --upload-url URL --product IN",
    "publish dist --codex-version 0.163.0 --upload-url URL --receipts IN",
    "publish dist --codex-version 0.163.0 --upload-url URL --template IN",
    "publish dist --codex-version 0.163.0 --upload-url URL --sdk-template IN",
    "publish dist --codex-version 0.163.0 --upload-url URL --manifest OUT",
    "publish dist --codex-version 0.163.0 --upload-url URL --plan OUT",
    "publish dist --codex-version 0.163.0 --upload-url URL --receipt OUT",
    "init OUT --from payload --name tool-bin",
    "init new --from IN --name tool-bin",
    "workflow --product IN",
    "workflow --out OUT",
    "matrix --product IN",
    "matrix --template IN",
    "generate-types --codex-bin IN --sdk sdk",
    "generate-types --wheel IN --sdk sdk",
    "generate-types --schema-dir IN --sdk sdk",
    "generate-types --codex-bin codex --sdk sdk --product IN",
    "generate-types --codex-bin codex --sdk OUT",
    "generate-types --codex-bin codex --sdk sdk --against IN",
    "release --codex-version 0.163.0 --out-dir OUT --payload payload",
    "release --codex-version 0.163.0 --out-dir new --payload IN",
    "release --codex-version 0.163.0 --out-dir new --payload payload --product IN",
    "release --codex-version 0.163.0 --out-dir new --download --download-dir OUT",
    "release --codex-version 0.163.0 --out-dir new --download --checksums IN",
    "release --codex-version 0.163.0 --out-dir new --payload payload --runtime-template IN",
    "release --codex-version 0.163.0 --out-dir new --payload payload --sdk-template IN",
    "release --codex-version 0.163.0 --out-dir new --payload payload --allow-missing all --against IN",
    "release --codex-version 0.163.0 --out-dir new --payload payload --allow-missing all --report OUT",
    "release --codex-version 0.163.0 --out-dir new --payload payload --allow-missing all --summary OUT",
    "fetch URL --no-digest --out OUT",
    "fetch URL --checksums IN --out new",
    "fetch --target x86_64-unknown-linux-musl --release-version 1.0 --product IN --out new",
    "demo --out-dir OUT",
    "demo --report OUT",
    "man --out-dir OUT",
    "completions bash --product IN",
];

/// A command and the argument that the path stands at.
fn place(line: &str) -> (String, String) {
    let words: Vec<_> = line.split(' ').collect();
    let at = words.iter().position(|word| ["IN", "OUT"].contains(word)).unwrap();
    let option = words[at - 1].strip_prefix("--").filter(|_| at > 1);
    (words[0].to_owned(), option.unwrap_or("its own").to_owned())
}

/// Whatever the command line declares as a path has a line above.
#[test]
fn every_path_of_the_command_line_is_tried() {
    let tried: BTreeSet<_> = LINES.iter().map(|line| place(line)).collect();
    for command in relkit::cli::Cli::command().get_subcommands() {
        for argument in command.get_arguments() {
            let hint = argument.get_value_hint();
            if !matches!(
                hint,
                ValueHint::AnyPath | ValueHint::FilePath | ValueHint::DirPath | ValueHint::ExecutablePath
            ) {
                continue;
            }
            let option = argument.get_long().unwrap_or("its own").to_owned();
            let place = (command.get_name().to_owned(), option);
            assert!(tried.contains(&place), "no line for {place:?}");
        }
    }
}

#[test]
fn a_path_that_is_no_file_is_refused_at_once_and_stays() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let server = serve(|mut stream| {
        Head::read(&mut stream)?;
        stream.write_all(response("200 OK", "", "bytes").as_bytes())
    });
    let wheel = linux();
    write(root, &wheel.file_name, wheel.build());
    write(root, "payload", elf(4000));
    set_mode(&write(root, "codex", "#!/bin/sh\necho codex-cli 0.163.0\n"), 0o755);
    publish::dist(&root.join("dist"), "x");
    succeed(relkit().current_dir(root).args(["stage-sdk", "sdk", "--codex-version", "0.163.0"]));
    fifo(&root.join("fifo"));
    let _listener = UnixListener::bind(root.join("socket")).unwrap();
    symlink("/dev/zero", root.join("zero")).unwrap();
    symlink("/dev/full", root.join("full")).unwrap();
    let before = names(root);
    for line in LINES {
        let is_read = line.contains("IN");
        for odd in if is_read { ["fifo", "socket", "zero"] } else { ["socket", "full", "socket"] } {
            let words = line.split(' ').map(|word| match word {
                "IN" | "OUT" => odd,
                "WHEEL" => &wheel.file_name,
                "URL" => &server,
                word => word,
            });
            let output = run_in_time(relkit().current_dir(root).args(words).env("RELKIT_TOKEN", "secret"));
            let said = text(&output);
            assert!(matches!(output.status.code(), Some(1 | 2)), "{line} of {odd}: {said}");
            assert!(!said.contains("panicked") && !said.contains("unexpected argument"), "{line} of {odd}: {said}");
            // A full disk is met at the end: what it takes no report of is made all the same.
            if odd == "full" && line.starts_with("release") {
                let _ = fs::remove_dir_all(root.join("new"));
            }
            let now = names(root);
            assert_eq!(now, before, "{line} of {odd} leaves something: {said}");
            is_what_it_was(root);
        }
    }
}

#[track_caller]
fn is_what_it_was(root: &Path) {
    let kind = |name: &str| fs::symlink_metadata(root.join(name)).unwrap().file_type();
    assert!(kind("fifo").is_fifo() && kind("socket").is_socket());
    assert!(kind("zero").is_symlink() && kind("full").is_symlink());
}
