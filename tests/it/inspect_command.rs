//! `relkit inspect` as a user meets it: exit codes, text and JSON.

use crate::support;

use std::fs;
use std::path::Path;

use crate::support::{relkit, run, transcript};

/// The smallest ELF program that a kernel loads: a static one with nothing in it.
fn static_program(machine: u16) -> Vec<u8> {
    let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
    bytes.resize(16, 0);
    for half in [2, machine, 1, 0] {
        bytes.extend(half.to_le_bytes());
    }
    for long in [0x40_0078_u64, 64, 0] {
        bytes.extend(long.to_le_bytes());
    }
    bytes.extend([0; 4]);
    for half in [64_u16, 56, 1, 0, 0, 0] {
        bytes.extend(half.to_le_bytes());
    }
    bytes.extend(1_u32.to_le_bytes());
    bytes.extend(5_u32.to_le_bytes());
    for long in [0, 0x40_0000, 0x40_0000, 120, 120, 0x1000_u64] {
        bytes.extend(long.to_le_bytes());
    }
    bytes
}

fn inspect(directory: &Path, arguments: &[&str]) -> String {
    transcript(relkit().arg("inspect").args(arguments).current_dir(directory), &[])
}

#[test]
fn a_program_is_described_to_people() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("program"), static_program(183)).unwrap();
    assert_eq!(
        inspect(directory.path(), &["program"]),
        "exit code: 0
--- stdout
program
  format       ELF, executable
  architecture aarch64
  linkage      static
  libc         needs none
  honest tags  manylinux2014_aarch64, manylinux_2_17_aarch64, musllinux_1_1_aarch64
--- stderr
"
    );
}

#[test]
fn a_program_is_described_to_programs() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("program"), static_program(62)).unwrap();
    let output = run(relkit().args(["inspect", "--format", "json", "program"]).current_dir(directory.path()));
    assert_eq!(output.status.code(), Some(0));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["schema_version"], 1);
    let binary = &report["binaries"][0];
    let expected = serde_json::json!({
        "path": "program", "format": "elf", "architecture": "x86_64", "linkage": "static", "libc": null,
        "minimum_os": null, "signed": false,
        "honest_tags": ["manylinux2014_x86_64", "manylinux_2_17_x86_64", "musllinux_1_1_x86_64"],
    });
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&binary[key], value, "{key}");
    }
}

#[test]
fn what_is_no_program_is_a_finding_and_the_others_are_still_described() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("program"), static_program(62)).unwrap();
    fs::write(directory.path().join("cut"), &static_program(62)[..100]).unwrap();
    fs::write(directory.path().join("text"), "#!/bin/sh\n").unwrap();
    fs::write(directory.path().join("empty"), "").unwrap();
    fs::write(directory.path().join("not_a_wheel-1-py3-none-any.whl"), "hello").unwrap();
    let files = ["cut", "text", "empty", "not_a_wheel-1-py3-none-any.whl", "program"];
    let output = run(relkit().args(["inspect", "--format", "json"]).args(files).current_dir(directory.path()));
    assert_eq!(output.status.code(), Some(1), "{}", support::text(&output));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["binaries"].as_array().unwrap().len(), 1);
    let problems: Vec<_> =
        report["problems"].as_array().unwrap().iter().map(|problem| problem["path"].clone()).collect();
    assert_eq!(problems, files[..4]);
}

#[test]
fn an_unreadable_file_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let missing = inspect(directory.path(), &["missing"]);
    assert!(missing.starts_with("exit code: 2\n--- stdout\n--- stderr\nerror: cannot read `missing`\n"), "{missing}");
    let folder = inspect(directory.path(), &["."]);
    assert!(folder.starts_with("exit code: 2\n--- stdout\n--- stderr\nerror: cannot read `.`\n"), "{folder}");
    let wheel = inspect(directory.path(), &["missing-1-py3-none-any.whl"]);
    assert!(wheel.starts_with("exit code: 2\n"), "{wheel}");
}
