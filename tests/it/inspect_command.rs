//! `relkit inspect` as a user meets it: exit codes, text and JSON.

use std::path::Path;

use relkit::check::Severity;
use serde_json::json;

use crate::samples::archive::{archive, entry};
use crate::samples::binary::{AMD64, ARM64, ElfSample, MachSample, fat, glibc_elf, mac, pe, program, static_elf};
use crate::samples::wheel::{linux, linux_with};
use crate::support::check::findings;
use crate::support::{self, relkit, run, text, transcript, write, write_tree};

fn static_program(machine: u16) -> Vec<u8> {
    ElfSample { machine, ..static_elf() }.build()
}

fn inspect(directory: &Path, arguments: &[&str]) -> String {
    transcript(relkit().arg("inspect").args(arguments).current_dir(directory), &[])
}

#[test]
fn a_program_is_described_to_people() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "program", static_program(183));
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
next: relkit init program-product --from program
"
    );
}

#[test]
fn a_program_is_described_to_programs() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "program", static_program(62));
    let output = run(relkit().args(["inspect", "--format", "json", "program"]).current_dir(directory.path()));
    assert_eq!(output.status.code(), Some(0));
    let report = support::json(&output);
    assert_eq!(report["schema_version"], 1);
    let binary = &report["binaries"][0];
    let expected = json!({
        "path": "program", "format": "elf", "architecture": "x86_64", "linkage": "static", "libc": null,
        "minimum_os": null, "signed": false,
        "honest_tags": [
            "manylinux1_x86_64", "manylinux_2_5_x86_64", "manylinux2014_x86_64", "manylinux_2_17_x86_64",
            "musllinux_1_1_x86_64",
        ],
        "next_tag": null,
    });
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&binary[key], value, "{key}");
    }
}

#[test]
fn the_parts_of_a_fat_program_are_told_apart() {
    let directory = tempfile::tempdir().unwrap();
    let lines = |name: &str, intel: MachSample, arm: Vec<u8>| {
        write(directory.path(), name, fat(&[(AMD64, intel.build()), (ARM64, arm)]));
        let shown = inspect(directory.path(), &[name]);
        let line = |label: &str| {
            let found = shown.lines().find_map(|line| line.trim().strip_prefix(label));
            found.map(|rest| rest.trim().to_owned()).unwrap_or_default()
        };
        (line("needs"), line("signature"))
    };
    let (intel, arm) = (mac(AMD64, 10, 12), mac(ARM64, 11, 0).build());
    let unsigned = MachSample { signed: false, ..mac(AMD64, 11, 0) };
    let mut broken = arm.clone();
    broken[32 + 16] ^= 1;
    assert_eq!(
        lines("a", intel.clone(), arm.clone()),
        ("macOS 10.12 (x86_64), 11.0 (aarch64) or later".to_owned(), "present".to_owned())
    );
    assert_eq!(
        lines("b", unsigned.clone(), arm),
        ("macOS 11.0 or later".to_owned(), "none (x86_64), present (aarch64)".to_owned())
    );
    let defect = "broken: a page of the code is not the one that was signed";
    assert_eq!(lines("c", unsigned, broken).1, format!("none (x86_64), {defect} (aarch64)"));
}

#[test]
fn what_cannot_be_read_has_no_honest_tag() {
    let directory = tempfile::tempdir().unwrap();
    let name = "a-1-py3-none-win_amd64.whl";
    let cut = program("x86_64-unknown-linux-musl")[..80].to_vec();
    let wheel = |bytes: &[u8]| write(directory.path(), name, archive(&[entry("a/x", bytes, 0o100755)], b""));
    wheel(&cut);
    assert!(inspect(directory.path(), &[name]).contains("honest tags  none\n"));
    wheel(b"");
    assert!(inspect(directory.path(), &[name]).contains("honest tags  any\n"));
}

/// As a file, in a wheel, and where `retag` is asked for tags.
#[test]
fn a_machine_that_no_tag_is_for_is_named() {
    let elf = |machine, class64, big_endian| ElfSample { machine, class64, big_endian, ..static_elf() }.build();
    for (bytes, machine) in [
        (elf(8, false, false), "mips"),
        (elf(8, true, true), "mips"),
        (elf(0x15, true, true), "big-endian powerpc64"),
        (elf(0x2b, true, true), "sparc64"),
        (elf(0x9026, true, false), "machine 0x9026"),
        (mac(7, 10, 6).build(), "32-bit x86 of macOS"),
        (pe(0x1c4, &["KERNEL32.dll"], false), "32-bit arm of Windows"),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let why = format!("is built for {machine}, which no platform tag that can be judged here is for");
        write(directory.path(), "program", &bytes);
        let shown = inspect(directory.path(), &["program"]);
        assert!(
            shown.contains("  honest tags  none\n  next tag     none: `") && shown.contains(&format!("{why}\n")),
            "{shown}"
        );
        let sample = linux_with(bytes).renamed("openai_codex_cli_bin-0.163.0-py3-none-linux_ppc64.whl");
        write(directory.path(), &sample.file_name, sample.build());
        let shown = inspect(directory.path(), &[&sample.file_name]);
        assert!(
            shown.contains("  honest tags  none\n  next tag     none: `") && shown.contains(&format!("{why}\n")),
            "{shown}"
        );
        let mut retag = relkit();
        retag.args(["retag", &sample.file_name, "--honest", "--out-dir", "out"]).current_dir(directory.path());
        let said = transcript(&mut retag, &[]);
        assert!(said.starts_with("exit code: 1") && said.contains(&why), "{said}");
    }
}

/// WebAssembly that Python imports is for no machine that a tag promises, nor for all.
#[test]
fn webassembly_is_no_data() {
    let module = b"\0asm\x01\0\0\0\0\x0f\x08dylink.0".as_slice();
    for (path, tag, is_pure) in [
        ("a/_b.cpython-312-wasm32-emscripten.so", "pyodide_2024_0_wasm32", false),
        ("a/_b.cpython-313-wasm32-emscripten.so", "pyemscripten_2025_0_wasm32", false),
        ("a/_b.so", "emscripten_3_1_58_wasm32", false),
        ("a/_b.abi3.so", "any", false),
        ("a/_b.so", "any", false),
        ("a/_b.so", "manylinux_2_28_x86_64", false),
        ("a/libb.so", "win_amd64", false),
        ("a/b.wasm", "any", true),
        ("a/b.data", "any", true),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let sample = linux().edit(|sample| sample.entries.truncate(1)).and(path, module, 0o100644);
        let sample = sample.renamed(&format!("openai_codex_cli_bin-0.163.0-py3-none-{tag}.whl"));
        write(directory.path(), &sample.file_name, sample.build());
        let shown = inspect(directory.path(), &[&sample.file_name]);
        let expected = if is_pure { "honest tags  any\n" } else { "honest tags  none\n" };
        assert!(shown.contains(expected), "{path} {tag}: {shown}");
        let retagged = |options: &[&str]| {
            let mut retag = relkit();
            retag.args(["retag", &sample.file_name, "--force", "--out-dir", "out"]).args(options);
            run(retag.current_dir(directory.path())).status.success()
        };
        assert_eq!(retagged(&["--honest"]), is_pure, "{path} {tag}");
        let is_of_wasm = tag.ends_with("wasm32");
        assert_eq!(retagged(&["--platform-tag", tag]), is_pure || is_of_wasm, "{path} {tag}");
        let rules = ["binary-format", "tag-any-native", "binary-readable"];
        let errors =
            findings(&sample).into_iter().filter(|it| it.severity == Severity::Error && rules.contains(&it.rule));
        assert_eq!(errors.count(), usize::from(!is_pure && !is_of_wasm), "{path} {tag}");
    }
    let sample = linux().renamed("openai_codex_cli_bin-0.163.0-py3-none-pyodide_2024_0_wasm32.whl");
    assert!(findings(&sample).iter().any(|it| it.rule == "binary-format" && it.severity == Severity::Error));
}

#[test]
fn the_tag_that_the_fewest_files_object_to_comes_next() {
    let directory = tempfile::tempdir().unwrap();
    let name = "a-1-py3-none-manylinux_2_17_x86_64.whl";
    let other = ElfSample { needed: vec!["libc.so.6", "libnowhere.so"], ..glibc_elf() }.build();
    let members = [entry("a/x", glibc_elf().build(), 0o100755), entry("a/y", other, 0o100755)];
    write(directory.path(), name, archive(&members, b""));
    let shown = inspect(directory.path(), &[name]);
    let why = "`manylinux_2_17_x86_64` is out: `y` needs `libnowhere.so`, which neither the tag's platforms nor the wheel have";
    assert!(shown.contains(&format!("  honest tags  none\n  next tag     {why}\n")), "{shown}");
}

#[test]
fn what_rules_a_better_tag_out_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let versions = vec![("libc.so.6", "GLIBC_2.28", false, vec![("fcntl64", false)])];
    write(directory.path(), "_rust.abi3.so", ElfSample { versions, ..glibc_elf() }.build());
    let because = "`_rust.abi3.so` needs `GLIBC_2.28` for `fcntl64`, and the tag promises glibc 2.17, whose `libc.so.6` does \
                   not have it";
    let shown = inspect(directory.path(), &["_rust.abi3.so"]);
    assert!(shown.contains(&format!("  next tag     `manylinux_2_17_x86_64` is out: {because}\n")), "{shown}");
    let output = run(relkit().args(["inspect", "--format", "json", "_rust.abi3.so"]).current_dir(directory.path()));
    let next = json!({"tag": "manylinux_2_17_x86_64", "because": because});
    assert_eq!(support::json(&output)["binaries"][0]["next_tag"], next);
}

#[test]
fn what_is_no_program_is_a_finding_and_the_others_are_still_described() {
    let directory = tempfile::tempdir().unwrap();
    let program = static_program(62);
    write_tree(directory.path(), &[("program", &program[..]), ("cut", &program[..100])]);
    write_tree(
        directory.path(),
        &[("text", "#!/bin/sh\n"), ("empty", ""), ("not_a_wheel-1-py3-none-any.whl", "hello")],
    );
    let files = ["cut", "text", "empty", "not_a_wheel-1-py3-none-any.whl", "program"];
    let output = run(relkit().args(["inspect", "--format", "json"]).args(files).current_dir(directory.path()));
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let report = support::json(&output);
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

#[test]
fn the_samples_are_programs_of_their_targets() {
    let directory = tempfile::tempdir().unwrap();
    for (triple, tag) in [
        ("aarch64-apple-darwin", "macosx_11_0_arm64"),
        ("x86_64-apple-darwin", "macosx_10_12_x86_64"),
        ("aarch64-pc-windows-msvc", "win_arm64"),
        ("x86_64-pc-windows-msvc", "win_amd64"),
        ("i686-pc-windows-msvc", "win32"),
        ("aarch64-unknown-linux-musl", "musllinux_1_1_aarch64"),
        ("x86_64-unknown-linux-musl", "musllinux_1_1_x86_64"),
        ("i686-unknown-linux-musl", "musllinux_1_1_i686"),
        ("armv7-unknown-linux-musleabihf", "manylinux_2_17_armv7l"),
        ("arm-unknown-linux-musleabihf", "linux_armv6l"),
        ("riscv64gc-unknown-linux-musl", "manylinux_2_31_riscv64"),
        ("powerpc64le-unknown-linux-musl", "manylinux_2_17_ppc64le"),
        ("s390x-unknown-linux-musl", "manylinux_2_17_s390x"),
        ("loongarch64-unknown-linux-musl", "manylinux_2_36_loongarch64"),
    ] {
        write(directory.path(), triple, program(triple));
        let output = run(relkit().args(["inspect", "--format", "json", triple]).current_dir(directory.path()));
        let tags = &support::json(&output)["binaries"][0]["honest_tags"];
        assert!(tags.as_array().unwrap().iter().any(|honest| honest == tag), "{triple}: {tags}");
    }
}
