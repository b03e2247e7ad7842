//! One defect, one rule: for every rule a wheel, made in code, that has nothing wrong but what the rule is about; and sound
//! wheels, unusual ones among them, about which no rule says anything that fails.

use std::collections::BTreeSet;

use relkit::check::{Family, rules};

use crate::samples::archive::Defect::{
    self, Central, CentralExtra, Comment, Data, Date, Descriptor, Flags, Gap, Hidden, Local, LocalExtra, Method, Size,
};
use crate::samples::archive::{Entry, entry, noise};
use crate::samples::binary::{
    AMD64, ARM64, ElfSample, MachSample, PeSample, SampleHash, SampleLayout, assembly, fat, glibc_elf,
    mac as mac_sample, pe, static_elf, static_pie, windows_library, windows_program,
};
use crate::samples::dependencies::{MODULES, elf_with, go_inline};
use crate::samples::wheel::{
    DATA, INFO, Sample, linux, linux_program, linux_with, mac, runtime, sha256, sha512, tagged, windows,
};
use crate::support::check::{E, W, assert_every_rule_has_a_case, findings, findings_of, names};
use crate::support::{names as names_in, relkit, run, scratch, text, write};
use relkit::check::Severity;

/// The names of all entries are UTF-8.
const UTF8: Defect = Flags(1 << 11);

/// A document that lacks most of what its format asks for.
const SPDX: &str = r#"{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","packages":[]}"#;

/// A wheel of the latest metadata version.
fn newest() -> Sample {
    linux().metadata("Metadata-Version: 2.4", "Metadata-Version: 2.5")
}

/// An unnamed piece of the case table: the rule, the severity, and the wheel.
pub type Case = (&'static str, Severity, Sample);

fn first(entries: &mut [Entry]) -> &mut Entry {
    &mut entries[0]
}

fn archive_cases() -> Vec<Case> {
    let with_command = || linux().and(&format!("{DATA}/scripts/openai-codex-cli-bin"), "#!/bin/sh\n", 0o100755);
    let many = "x".repeat(250);
    let points = format!("{INFO}/entry_points.txt");
    let own = "[console_scripts]\nopenai-codex-cli-bin = codex_cli_bin:main\n";
    let unseen = |text: &str| linux().and(&format!("codex_cli_bin/a{text}b"), "", 0o100644).every(UTF8);
    vec![
        ("zip-readable", E, linux().archive(|bytes| bytes.truncate(40))),
        ("zip-readable", E, linux().archive(|bytes| *bytes = b"this is no archive at all".to_vec())),
        ("zip-readable", E, linux().archive(Vec::clear)),
        ("zip-readable", E, linux().end(|end| end[8] += 1)),
        (
            "zip-readable",
            E,
            linux().end(|end| {
                end[8] += 1;
                end[10] += 1;
            }),
        ),
        ("zip-readable", E, linux().end(|end| end[4] = 1)),
        ("zip-readable", E, linux().end(|end| end[12] += 1)),
        // A second end record in front of the true one.
        ("zip-readable", E, linux().archive(|bytes| bytes.extend_from_within(bytes.len() - 22..))),
        (
            "zip-no-prefix",
            E,
            linux().archive(|bytes| {
                bytes.splice(0..0, *b"#!/bin/sh\n");
            }),
        ),
        ("zip-no-trailing", E, linux().archive(|bytes| bytes.extend(b"more"))),
        ("zip-no-gap", E, linux().first(Gap(b"hidden"))),
        (
            "zip-no-gap",
            E,
            linux().edit(|sample| {
                let hidden = entry("codex_cli_bin/hidden.py", "import os\n", 0o100644).with(Hidden);
                sample.entries.insert(1, hidden);
            }),
        ),
        ("zip-local-central", E, linux().first(Local(|local| local[30] = b'x'))),
        ("zip-local-central", E, linux().first(Local(|local| local[14] ^= 1))),
        ("zip-local-central", E, linux().first(Local(|local| local[18] ^= 1))),
        ("zip-local-central", E, linux().first(Local(|local| local[22] ^= 1))),
        ("zip-local-central", E, linux().first(Local(|local| local[8] = 0))),
        ("zip-local-central", W, linux().first(Local(|local| local[6] |= 2))),
        ("zip-local-central", W, linux().first(Local(|local| local[7] |= 8))),
        ("zip-local-central", E, linux().first(Local(|local| local[6] |= 1))),
        ("zip-local-central", E, linux().first(Local(|local| local[6] |= 1 << 5))),
        ("zip-local-central", W, linux().first(Local(|local| local[12] ^= 2))),
        (
            "zip-unique-name",
            E,
            linux().entries(|all| {
                let copy = all[0].clone();
                all.insert(1, copy);
            }),
        ),
        ("zip-crc", E, linux().first(Method(0)).first(Data(|data| data[0] ^= 1))),
        ("zip-crc", E, linux().first(Data(|data| data.extend(b"leftover")))),
        ("zip-crc", E, linux().first(Data(|data| data.truncate(data.len() - 2)))),
        ("zip-crc", E, linux().first(Size(5))),
        ("zip-crc", E, linux().first(Size(500))),
        ("zip-method", E, linux().first(Method(12))),
        ("zip-method", E, linux().first(Central(|central| central[6] = 64))),
        ("zip-method", E, linux().first(Local(|local| local[4] = 64))),
        ("zip-not-encrypted", E, linux().first(Flags(1))),
        ("zip-no-extra", W, linux().first(CentralExtra(&[0x55, 0x54, 1, 0, 0]))),
        ("zip-no-extra", W, linux().first(LocalExtra(&[0x55, 0x54, 1, 0, 0]))),
        ("zip-no-extra", E, linux().first(CentralExtra(&[0x75, 0x70, 6, 0, 1, 0, 0, 0, 0, b'x']))),
        ("zip-no-extra", E, linux().first(CentralExtra(&[0x55, 0x54, 9, 0, 0]))),
        ("zip-no-extra", E, linux().first(CentralExtra(&[0x55, 0x54, 0, 0, 0x55, 0x54, 0, 0]))),
        ("zip-no-extra", E, linux().first(LocalExtra(&[0x55, 0x54, 0, 0, 0x55, 0x54, 0, 0]))),
        ("zip-no-extra", W, linux().first(CentralExtra(&[0, 0, 0]))),
        ("zip-no-extra", E, linux().first(LocalExtra(&[0, 0, 0]))),
        ("zip-comment", E, linux().edit(|sample| sample.archive_comment = b"see PK\x03\x04".to_vec())),
        ("zip-comment", W, linux().edit(|sample| sample.archive_comment = b"see PK00".to_vec())),
        ("zip-comment", E, linux().first(Comment(b"note"))),
        ("zip-comment", W, linux().edit(|sample| sample.archive_comment = b"note".to_vec())),
        ("zip-data-descriptor", E, linux().first(Descriptor)),
        ("zip-data-descriptor", E, linux().first(Method(0)).first(Descriptor)),
        ("zip64-needless", W, linux().first(CentralExtra(&[1, 0, 0, 0]))),
        ("zip64-needless", W, linux().first(LocalExtra(&[1, 0, 0, 0]))),
        ("zip-readable", E, linux().first(CentralExtra(&[1, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0]))),
        ("zip-readable", E, linux().first(LocalExtra(&[1, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0]))),
        ("zip-ratio", E, linux().and("codex_cli_bin/padding.bin", vec![0; 65 << 20], 0o100644)),
        ("zip-date", W, linux().first(Date(0))),
        ("zip-date", W, linux().first(Date(0x42))),
        ("zip-dir-entry", E, linux().entries(|all| all.insert(0, entry("codex_cli_bin/", "data", 0o040755)))),
        ("zip-dir-entry", W, linux().entries(|all| all.insert(0, entry("codex_cli_bin/", "", 0o040755)))),
        (
            "zip-order",
            W,
            linux().entries(|all| {
                let record = all.pop().unwrap();
                all.insert(4, record);
            }),
        ),
        (
            "zip-order",
            W,
            linux().entries(|all| {
                let first = all.remove(0);
                all.push(first);
            }),
        ),
        ("path-relative", E, linux().and("codex_cli_bin/../../escape.py", "", 0o100644)),
        ("path-relative", E, linux().and("codex_cli_bin\\escape.py", "", 0o100644)),
        ("path-relative", E, linux().and("codex_cli_bin//escape.py", "", 0o100644)),
        ("path-relative", E, linux().and("codex_cli_bin/a\0b", "", 0o100644)),
        ("path-relative", E, linux().and("codex_cli_bin/a\u{7}b", "", 0o100644)),
        ("path-relative", E, unseen("\u{200b}")),
        ("path-relative", E, unseen("\u{ad}")),
        ("path-relative", E, unseen("\u{202e}")),
        ("path-relative", E, unseen("\u{2028}")),
        ("path-relative", E, unseen("\u{2066}")),
        ("path-relative", E, unseen("\u{feff}")),
        ("path-relative", E, unseen("\u{e000}")),
        ("path-relative", E, unseen("\u{ffff}")),
        ("path-relative", E, unseen("\u{e0001}")),
        ("path-utf8", E, linux().and("codex_cli_bin/é.txt", "", 0o100644)),
        (
            "path-collision",
            E,
            linux().and("codex_cli_bin/a.txt", "", 0o100644).and("codex_cli_bin/A.txt", "", 0o100644),
        ),
        ("path-collision", E, linux().and("codex_cli_bin/a", "x", 0o100644).and("codex_cli_bin/a/b", "", 0o100644)),
        (
            "path-collision",
            E,
            linux()
                .and("codex_cli_bin/é.txt", "", 0o100644)
                .and("codex_cli_bin/e\u{301}.txt", "", 0o100644)
                .every(UTF8),
        ),
        ("path-collision", E, linux().and("codex_cli_bin/a", "x", 0o100644).and("codex_cli_bin/A/b", "", 0o100644)),
        ("path-windows", W, linux().and("codex_cli_bin/a?.txt", "", 0o100644)),
        ("path-windows", W, linux().and("codex_cli_bin/dot.", "", 0o100644)),
        ("path-windows", W, mac(mac_sample(ARM64, 11, 0).build()).and("codex_cli_bin/a:b", "", 0o100644)),
        ("path-windows", E, windows(windows_program()).and("codex_cli_bin/a?.txt", "", 0o100644)),
        ("path-windows", E, windows(windows_program()).and("codex_cli_bin/dot.", "", 0o100644)),
        ("path-windows", W, linux().and("codex_cli_bin/aux.txt", "", 0o100644)),
        ("path-windows", E, windows(windows_program()).and("codex_cli_bin/aux.txt", "", 0o100644)),
        ("path-windows", W, linux().and(&format!("codex_cli_bin/{many}"), "", 0o100644)),
        ("path-length", E, linux().and(&format!("codex_cli_bin/{}", "x".repeat(256)), "", 0o100644)),
        ("path-length", E, linux().and(&format!("codex_cli_bin/{}x", "directory/".repeat(410)), "", 0o100644)),
        ("path-windows", W, linux().and(&format!("codex_cli_bin/{}x", "directory/".repeat(400)), "", 0o100644)),
        (
            "path-length",
            E,
            mac(mac_sample(ARM64, 11, 0).build()).and(
                &format!("codex_cli_bin/{}x", "directory/".repeat(100)),
                "",
                0o100644,
            ),
        ),
        (
            "one-destination",
            E,
            linux().and("codex_cli_bin/a.py", "x", 0o100644).and(
                &format!("{DATA}/platlib/codex_cli_bin/a.py"),
                "y",
                0o100644,
            ),
        ),
        (
            "one-destination",
            E,
            linux().and(&format!("{DATA}/scripts/openai-codex-cli-bin"), "#!/bin/sh\n", 0o100755).and(
                &format!("{DATA}/data/bin/openai-codex-cli-bin"),
                "y",
                0o100755,
            ),
        ),
        (
            "one-destination",
            E,
            linux().and("codex_cli_bin/a/b.py", "x", 0o100644).and(
                &format!("{DATA}/platlib/codex_cli_bin/a"),
                "y",
                0o100644,
            ),
        ),
        (
            "one-destination",
            E,
            linux().and("codex_cli_bin/a", "x", 0o100644).and(
                &format!("{DATA}/platlib/codex_cli_bin/a/b.py"),
                "y",
                0o100644,
            ),
        ),
        (
            "one-destination",
            E,
            mac(mac_sample(ARM64, 11, 0).build()).and("codex_cli_bin/a.py", "x", 0o100644).and(
                &format!("{DATA}/platlib/codex_cli_bin/A.py"),
                "y",
                0o100644,
            ),
        ),
        (
            "one-destination",
            E,
            windows(windows_program())
                .and(&format!("{DATA}/scripts/openai-codex-cli-bin"), "#!/bin/sh\n", 0o100755)
                .and(&format!("{DATA}/data/Scripts/OpenAI-codex-cli-bin"), "y", 0o100755),
        ),
        (
            "one-destination",
            E,
            linux().and(&format!("{DATA}/data/bin/openai-codex-cli-bin/x"), "y", 0o100644).and(&points, own, 0o100644),
        ),
        (
            "path-windows",
            E,
            windows(windows_program()).and(&points, format!("{own}aux.txt = codex_cli_bin:main\n"), 0o100644),
        ),
        ("path-length", E, linux().and(&points, format!("{own}{} = codex_cli_bin:main\n", "x".repeat(256)), 0o100644)),
        (
            "path-length",
            E,
            windows(windows_program()).and(
                &points,
                format!("{own}{} = codex_cli_bin:main\n", "x".repeat(252)),
                0o100644,
            ),
        ),
        ("data-place", E, linux().and(&format!("{DATA}/data/pyvenv.cfg"), "", 0o100644)),
        ("data-place", E, linux().and(&format!("{DATA}/data/bin/python3"), "#!/bin/sh\n", 0o100755)),
        ("data-place", W, linux().and(&format!("{DATA}/data/lib/python3.12/site-packages/pip/x.py"), "", 0o100644)),
        ("data-place", E, linux().and(&format!("{DATA}/data/lib/python3.12/json/x.py"), "", 0o100644)),
        ("data-place", E, linux().and(&format!("{DATA}/data/Lib/site-packages/pip-1.dist-info/RECORD"), "", 0o100644)),
        ("data-place", E, linux().and(&format!("{DATA}/data/share/man/man1"), "", 0o100644)),
        ("data-place", E, linux().and(&format!("{DATA}/data/python.exe"), "x", 0o100644)),
        ("data-place", E, with_command().and(&format!("{DATA}/scripts/python3"), "#!/bin/sh\n", 0o100755)),
        ("data-place", E, with_command().and(&format!("{DATA}/scripts/activate"), "#!/bin/sh\n", 0o100755)),
        ("data-place", W, with_command().and(&format!("{DATA}/scripts/pip3"), "#!/bin/sh\n", 0o100755)),
        (
            "data-place",
            E,
            linux().and(
                &format!("{INFO}/entry_points.txt"),
                "[console_scripts]\nopenai-codex-cli-bin = codex_cli_bin:main\npython = codex_cli_bin:main\n",
                0o100644,
            ),
        ),
        ("entry-type", E, linux().and("codex_cli_bin/link", "bin/codex", 0o120777)),
        ("entry-type", E, linux().and("codex_cli_bin/pipe", "", 0o010644)),
        ("entry-type", E, linux().and("codex_cli_bin/directory", "", 0o040755)),
    ]
}

fn name_cases() -> Vec<Case> {
    let linux_tags = "manylinux2014_x86_64.manylinux_2_17_x86_64.musllinux_1_1_x86_64";
    let named = |name: String| linux().renamed(&name);
    let other_info = |name: &str, directory: &'static str, from: &str, to: &str| {
        let mut sample = linux().renamed(name).metadata(from, to);
        sample.info = format!("{directory}.dist-info");
        let package = String::from_utf8(sample.entries[1].data.clone()).unwrap();
        if from.starts_with("Version") {
            let version = to.trim_start_matches("Version: ");
            sample.entries[1].data = package.replace("0.163.0", version).into_bytes();
        }
        sample
    };
    vec![
        ("name-parse", E, linux().edit(|sample| sample.file_name = "openai_codex_cli_bin-0.163.0.whl".into())),
        ("name-parse", E, linux().edit(|sample| sample.file_name = format!("copy of {}", sample.file_name))),
        ("name-normal", E, other_info(&format!("OpenAI_codex_cli_bin-0.163.0-py3-none-{linux_tags}.whl"), "OpenAI_codex_cli_bin-0.163.0", "Name", "Name")),
        ("name-normal", E, other_info(&format!("openai_codex_cli_bin-0.163.0a01-py3-none-{linux_tags}.whl"), "openai_codex_cli_bin-0.163.0a01", "Version: 0.163.0", "Version: 0.163.0a1")),
        ("local-version", E, other_info(&format!("openai_codex_cli_bin-0.163.0+local-py3-none-{linux_tags}.whl"), "openai_codex_cli_bin-0.163.0+local", "Version: 0.163.0", "Version: 0.163.0+local")),
        ("tag-known", E, named("openai_codex_cli_bin-0.163.0-py3-none-manylinx_2_17_x86_64.whl".into())),
        ("tag-known", E, named("openai_codex_cli_bin-0.163.0-py3-nil-musllinux_1_1_x86_64.whl".into())),
        ("tag-linux-bare", E, named("openai_codex_cli_bin-0.163.0-py3-none-linux_x86_64.whl".into())),
        ("tag-known", E, mac(mac_sample(ARM64, 10, 9).build()).renamed("openai_codex_cli_bin-0.163.0-py3-none-macosx_10_9_arm64.whl")),
        ("tag-known", W, mac(mac_sample(ARM64, 10, 9).build()).renamed("openai_codex_cli_bin-0.163.0-py3-none-macosx_10_9_arm64.macosx_11_0_arm64.whl")),
        ("tag-known", E, named("openai_codex_cli_bin-0.163.0-py3-none-musllinux_2_0_x86_64.whl".into())),
        ("tag-known", W, named("openai_codex_cli_bin-0.163.0-py3-none-musllinux_1_1_x86_64.musllinux_2_0_x86_64.whl".into())),
        ("tag-known", E, named("openai_codex_cli_bin-0.163.0-py3-none-manylinux_3_0_x86_64.whl".into())),
        ("tag-known", E, named("openai_codex_cli_bin-0.163.0-py3-none-manylinux_1_17_x86_64.whl".into())),
        ("tag-known", E, named("openai_codex_cli_bin-0.163.0-py3-none-manylinux_2_4_x86_64.musllinux_0_9_x86_64.whl".into())),
        ("tag-known", W, named("openai_codex_cli_bin-0.163.0-py3-none-manylinux_2_99_x86_64.whl".into())),
        ("tag-known", W, named("openai_codex_cli_bin-0.163.0-py3-none-musllinux_1_3_x86_64.whl".into())),
        ("tag-index", E, mac(mac_sample(ARM64, 11, 0).build()).renamed("openai_codex_cli_bin-0.163.0-py3-none-macosx_12_3_arm64.whl")),
        ("tag-index", E, mac(mac_sample(ARM64, 11, 0).build()).renamed("openai_codex_cli_bin-0.163.0-py3-none-macosx_17_0_arm64.whl")),
        ("tag-set-sorted", W, named("openai_codex_cli_bin-0.163.0-py3-none-musllinux_1_1_x86_64.manylinux_2_17_x86_64.manylinux2014_x86_64.whl".into())),
        ("tag-legacy-alias", W, named("openai_codex_cli_bin-0.163.0-py3-none-manylinux_2_17_x86_64.whl".into())),
        ("tag-legacy-alias", W, named("openai_codex_cli_bin-0.163.0-py3-none-manylinux2014_x86_64.whl".into())),
        ("tag-too-narrow", W, named("openai_codex_cli_bin-0.163.0-cp311-none-musllinux_1_1_x86_64.whl".into())),
        ("tag-python", E, named("openai_codex_cli_bin-0.163.0-py2-none-musllinux_1_1_x86_64.whl".into())),
        ("tag-python", E, named("openai_codex_cli_bin-0.163.0-py3-abi3-musllinux_1_1_x86_64.whl".into())),
        ("tag-any-native", E, named("openai_codex_cli_bin-0.163.0-py3-none-any.whl".into())),
        ("wheel-file", E, linux().entries(|all| all.retain(|entry| !entry.name.ends_with(b"/WHEEL"))).record(|record| without(&record, "/WHEEL"))),
        ("wheel-file", E, linux().edit(|sample| sample.wheel = "no field\n".into())),
        ("wheel-version", E, linux().edit(|sample| sample.wheel = sample.wheel.replace("1.0", "2.0"))),
        ("wheel-version", E, linux().edit(|sample| sample.wheel = sample.wheel.replace("Wheel-Version", "wheel-version"))),
        ("wheel-version", W, linux().edit(|sample| sample.wheel = sample.wheel.replace("1.0", "1.9"))),
        ("wheel-purelib", E, linux().edit(|sample| sample.wheel = sample.wheel.replace("false", "true"))),
        ("wheel-purelib", W, linux().edit(|sample| sample.wheel = sample.wheel.replace("Root-Is-Purelib: false\n", ""))),
        ("wheel-purelib", E, linux().and(&format!("{DATA}/purelib/codex_cli_bin/more"), linux_program(), 0o100755)
            .and(&format!("{INFO}/sboms/more.json"), "{}", 0o100644)),
        ("tag-wheel-match", E, linux().edit(|sample| sample.wheel = sample.wheel.replace("Tag: py3-none-musllinux_1_1_x86_64\n", ""))),
        ("tag-wheel-match", E, linux().edit(|sample| sample.wheel += "Tag: py3-none-win_amd64\n")),
        ("tag-wheel-match", W, linux().edit(|sample| {
            let end = sample.wheel.find("Tag: ").unwrap();
            sample.wheel.truncate(end);
            sample.wheel += "Tag: py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.musllinux_1_1_x86_64\n";
        })),
        ("tag-wheel-match", W, linux().edit(|sample| sample.wheel += "Tag: py3-none-musllinux_1_1_x86_64\n")),
        ("build-match", E, linux().edit(|sample| sample.wheel += "Build: 1\n")),
        ("build-match", E, linux().edit(|sample| sample.file_name = sample.file_name.replace("-py3", "-2-py3"))),
    ]
}

/// RECORD without the rows whose path ends so.
fn without(record: &str, end: &str) -> String {
    record
        .lines()
        .filter(|line| !line.split(',').next().unwrap().ends_with(end))
        .map(|line| format!("{line}\n"))
        .collect()
}

/// RECORD with this behind the path of its first row.
fn first_row(record: &str, rest: &str) -> String {
    let row = record.lines().next().unwrap();
    record.replace(row, &format!("codex_cli_bin/__init__.py{rest}"))
}

fn metadata_cases() -> Vec<Case> {
    let points = format!("{INFO}/entry_points.txt");
    let own = "[console_scripts]\nopenai-codex-cli-bin = codex_cli_bin:main\n";
    let long_summary = format!("Summary: {}", "x".repeat(600));
    vec![
        (
            "distinfo-one",
            E,
            linux().and("demo-1.0.dist-info/METADATA", "", 0o100644).entries(|all| {
                let extra = all.remove(3);
                let at = all.len() - 1;
                all.insert(at, extra);
            }),
        ),
        ("distinfo-name", E, linux().edit(|sample| sample.info = "openai_codex_cli_bin-0.163.dist-info".into())),
        ("distinfo-one", E, linux().and("demo.dist-info", "", 0o100644)),
        ("datadir-key", E, linux().and("demo.data", "", 0o100644)),
        ("datadir-name", E, linux().and("openai_codex_cli_bin-0.163.data/scripts/x", "#!python\n", 0o100755)),
        ("datadir-key", E, linux().and(&format!("{DATA}/script/x"), "#!python\n", 0o100755)),
        ("wheel-version", E, linux().edit(|sample| sample.wheel = sample.wheel.replace("1.0", "01.0"))),
        ("wheel-version", W, linux().edit(|sample| sample.wheel = sample.wheel.replace("1.0", "1.0.0"))),
        (
            "script-shebang",
            E,
            linux().and(&format!("{DATA}/scripts/openai-codex-cli-bin"), "#!/usr/bin/env python3\n", 0o100755),
        ),
        (
            "script-shebang",
            E,
            linux().and(&format!("{DATA}/scripts/openai-codex-cli-bin"), "#!/bin/sh\r\necho\r\n", 0o100755),
        ),
        (
            "script-shebang",
            E,
            linux().and(&format!("{DATA}/scripts/openai-codex-cli-bin"), "\u{feff}#!python\n", 0o100755),
        ),
        ("script-place", E, linux().and(&format!("{DATA}/scripts/more/x"), "#!/bin/sh\n", 0o100755)),
        ("installer-owned", E, linux().and(&format!("{INFO}/INSTALLER"), "pip\n", 0o100644)),
        ("installer-owned", E, linux().and(&format!("{INFO}/direct_url.json"), "{}", 0o100644)),
        (
            "meta-present",
            E,
            linux()
                .entries(|all| all.retain(|entry| !entry.name.ends_with(b"/METADATA")))
                .record(|record| without(&record, "/METADATA")),
        ),
        ("meta-present", E, linux().edit(|sample| sample.metadata = "no field\n".into())),
        ("meta-name", E, linux().metadata("Name: openai-codex-cli-bin", "Name: openai-codex-cli-bin  ")),
        ("meta-extra", E, linux().metadata("Requires-Python", "Provides-Extra: Foo_Bar!\nRequires-Python")),
        (
            "meta-utf8",
            E,
            linux().entries(|all| {
                let place = all.iter().position(|entry| entry.name.ends_with(b"/METADATA")).unwrap();
                all[place].data = [all[place].data.as_slice(), b"\xff"].concat();
                let (digest, size) = (sha256(&all[place].data), all[place].data.len());
                let last = all.len() - 1;
                let record = String::from_utf8(all[last].data.clone()).unwrap();
                all[last].data =
                    (without(&record, "/METADATA") + &format!("{INFO}/METADATA,{digest},{size}\n")).into_bytes();
            }),
        ),
        ("meta-version", E, linux().metadata("Metadata-Version: 2.4", "Metadata-Version: 3.0")),
        ("meta-version", E, linux().metadata("Metadata-Version: 2.4\n", "")),
        ("meta-version", E, linux().metadata("License-File: LICENSE\n", "").metadata("Version: 2.4", "Version: 2.3")),
        ("meta-single", E, linux().metadata("Summary: A program", "Summary: A program\nSummary: Another")),
        ("meta-name", E, linux().metadata("Name: openai-codex-cli-bin", "Name: another")),
        ("meta-name", E, linux().metadata("Name: openai-codex-cli-bin\n", "")),
        ("meta-ver", E, linux().metadata("\nVersion: 0.163.0", "\nVersion: 0.163.1")),
        ("meta-ver", E, linux().metadata("\nVersion: 0.163.0", "\nVersion: latest")),
        ("requires-python", W, linux().metadata("Requires-Python: >=3.10\n", "")),
        ("requires-python", W, linux().metadata(">=3.10", "UNKNOWN")),
        ("requires-python", E, linux().metadata(">=3.10", "3.10 or newer")),
        ("requires-dist", E, linux().metadata("Requires-Python", "Requires-Dist: a b c\nRequires-Python")),
        (
            "requires-dist",
            E,
            linux().metadata("Requires-Python", "Requires-Dist: a @ https://example.org/a.whl\nRequires-Python"),
        ),
        ("licence-spdx", E, linux().metadata("Apache-2.0", "Apache License 2.0")),
        ("licence-spdx", E, linux().metadata("Apache-2.0", "NOASSERTION")),
        ("licence-both", E, linux().metadata("License-File", "License: Apache-2.0\nLicense-File")),
        (
            "licence-both",
            W,
            linux().metadata(
                "License-File",
                "Classifier: License :: OSI Approved :: Apache Software License\nLicense-File",
            ),
        ),
        ("licence-both", W, linux().metadata("License-Expression: Apache-2.0", "License: Apache-2.0")),
        ("licence-file", E, linux().metadata("License-File", "License-File: NOTICE\nLicense-File")),
        ("classifier", E, linux().metadata("Python :: 3", "Pyton :: 3")),
        ("classifier", E, linux().metadata("Programming Language :: Python :: 3", "Private :: Do Not Upload")),
        ("classifier", W, linux().metadata("Python :: 3", "Python :: 3.99")),
        ("description", W, linux().metadata("\n\n# A program\n", "\n")),
        ("description", E, linux().metadata("text/markdown", "text/html")),
        ("description", E, linux().metadata("text/markdown", "text/markdown; variant=gfm")),
        ("description", E, linux().metadata("text/markdown", "text/markdown; variant = Foo")),
        ("description", E, linux().metadata("text/markdown", "text/x-rst").metadata("# A program\n", "A *program\n")),
        ("description", W, linux().metadata("Description-Content-Type: text/markdown\n", "")),
        (
            "description",
            E,
            linux().metadata("text/markdown", "text/x-rst").metadata("# A program\n", "A\n\n.. toctree::\n   a\n"),
        ),
        ("meta-summary", E, linux().metadata("Summary: A program", &long_summary)),
        ("meta-email", E, linux().metadata("Summary", "Author-email: nobody at all\nSummary")),
        ("meta-email", E, linux().metadata("Summary", "Maintainer-email: A <no-reply@host>\nSummary")),
        ("meta-email", W, linux().metadata("Summary", "Author-email: Doe, Jane <a@example.org>\nSummary")),
        ("meta-email", W, linux().metadata("Summary", "Author-email: a@example.org, A <b@host>\nSummary")),
        ("meta-import", E, newest().metadata("Summary", "Import-Name: a-b\nSummary")),
        ("meta-import", E, newest().metadata("Summary", "Import-Namespace: a; public\nSummary")),
        ("meta-import", W, newest().metadata("Summary", "Import-Name: a\nImport-Namespace: a\nSummary")),
        ("meta-version", E, linux().metadata("Metadata-Version: 2.4", "Metadata-Version: 2.4 ")),
        ("classifier", E, linux().metadata("Python :: 3", "Python :: 3\t")),
        ("classifier", E, linux().metadata("Classifier", "Classifier: Development Status :: 8\nClassifier")),
        ("meta-dynamic", E, linux().metadata("Summary", "Dynamic: Keywords \nSummary")),
        ("meta-extra", E, linux().metadata("Summary", "Provides-Extra: fast \nSummary")),
        ("licence-file", E, linux().metadata("License-File: LICENSE", "License-File: LICENSE ")),
        ("meta-summary", E, linux().metadata("Summary: A", "Summary: One\u{2028}A")),
        ("meta-summary", E, linux().metadata("Summary: A", "Summary: One\u{c}A")),
        ("meta-email", E, linux().metadata("Summary", "Author-email: a@example.org\u{a0}\nSummary")),
        ("requires-dist", E, linux().metadata("Summary", "Requires-Dist: a\u{a0}>=1\nSummary")),
        ("meta-version", W, linux().metadata("Summary", "X-Built-By: hand\nSummary")),
        ("meta-url", E, linux().metadata("https://example.org", "example.org")),
        ("meta-url", E, linux().metadata("Source, ", &format!("{}, ", "x".repeat(40)))),
        ("meta-url", E, linux().metadata("Source, ", "Source, https://example.org/a\nProject-URL: Source , ")),
        ("meta-url", E, linux().metadata("https://example.org", "https://example.org/?q=[1]")),
        ("meta-url", E, linux().metadata("https://example.org", "https://example.org:70000")),
        ("meta-url", W, linux().metadata("https://example.org", "https:///docs")),
        ("meta-version", E, linux().metadata("Metadata-Version: 2.4", "Metadata-Version: 2.04")),
        ("meta-single", W, linux().metadata("Summary", "Description: text\nSummary")),
        ("meta-dynamic", E, linux().metadata("Summary", "Dynamic: Name\nSummary")),
        ("meta-dynamic", E, linux().metadata("Summary", "Dynamic: Provides-SetupTools\nSummary")),
        ("requires-dist", E, linux().metadata("Summary", "Provides-Dist: a (1.0)\nSummary")),
        ("requires-dist", E, linux().metadata("Summary", "Obsoletes-Dist: a @ https://example.org/a\nSummary")),
        ("requires-dist", E, linux().metadata("Summary", "Requires-Dist: a; python_version ~= '3'\nSummary")),
        ("licence-spdx", E, linux().metadata("License-Expression: Apache-2.0", "License-Expression: LicenseRef-")),
        ("licence-both", W, linux().metadata("License-File", "License: UNKNOWN\nLicense-File")),
        ("description", E, linux().metadata("text/markdown", "text/markdown; charset")),
        ("description", E, linux().metadata("text/markdown", "text/markdown; charset=UTF-8; charset=UTF-8")),
        ("description", E, linux().metadata("text/markdown", "text/markdown;; charset=UTF-8")),
        ("description", E, linux().metadata("text/markdown", "text/markdown;\n charset=UTF-8")),
        (
            "entry-points",
            E,
            linux().and(
                &format!("{INFO}/entry_points.txt"),
                "[console_scripts]\nopenai-codex-cli-bin = missing:main\n",
                0o100644,
            ),
        ),
        (
            "entry-points",
            W,
            linux().metadata("Requires-Python", "Requires-Dist: PyYAML\nRequires-Python").and(
                &format!("{INFO}/entry_points.txt"),
                "[console_scripts]\nopenai-codex-cli-bin = yaml.cli:main\n",
                0o100644,
            ),
        ),
        (
            "entry-points",
            E,
            linux().metadata("Requires-Python", "Requires-Dist: PyYAML\nRequires-Python").and(
                &format!("{INFO}/entry_points.txt"),
                "[g]\nx = codex_cli_bin.missing:main\n",
                0o100644,
            ),
        ),
        ("entry-points", E, linux().and(&format!("{INFO}/entry_points.txt"), "x = codex_cli_bin:main\n", 0o100644)),
        (
            "entry-points",
            E,
            linux().and(
                &points,
                "[console_scripts]\nx = codex_cli_bin:main []\nopenai-codex-cli-bin = codex_cli_bin:main\n",
                0o100644,
            ),
        ),
        (
            "entry-points",
            E,
            linux().and(&points, "[console_scripts]\nopenai-codex-cli-bin = codex_cli_bin : main\n", 0o100644),
        ),
        ("entry-points", E, linux().and(&points, format!("{own}.. = codex_cli_bin:main\n"), 0o100644)),
        ("entry-points", W, linux().and(&points, format!("{own}[my plug-ins]\nx = codex_cli_bin\n"), 0o100644)),
        ("entry-points", W, linux().and(&points, format!("{own}[g]\nx = codex_cli_bin/data.json\n"), 0o100644)),
        // Some readers take what is indented for more of the value above it, and `;` for the beginning of a name.
        ("entry-points", E, linux().and(&points, format!("{own}  other = codex_cli_bin:main\n"), 0o100644)),
        ("entry-points", E, linux().and(&points, format!("{own}  [gui_scripts]\n"), 0o100644)),
        (
            "entry-points",
            W,
            linux().and(&points, format!("{own}[g]\nx = codex_cli_bin\n y = codex_cli_bin\n"), 0o100644),
        ),
        ("entry-points", E, linux().and(&points, format!("{own}; a remark\n"), 0o100644)),
        ("entry-points", W, linux().and(&points, format!("{own};old = codex_cli_bin:main\n"), 0o100644)),
        // More than is read of any text.
        ("entry-points", E, linux().and(&points, "# a long remark\n".repeat((16 << 16) + 1), 0o100644)),
        (
            "entry-points",
            E,
            linux().and(&points, "[g]\nx = codex_cli_bin:main\n[g]\ny = codex_cli_bin:main\n", 0o100644),
        ),
        ("sbom", W, linux().and("codex_cli_bin/bin/helper", linux_program(), 0o100755)),
        ("sbom", W, linux_with(elf_with(".go.buildinfo", &go_inline("go1.25.1", MODULES)))),
        ("sbom", W, linux_with(elf_with(".dep-v0", b"no list"))),
        ("sbom-valid", E, linux().and(&format!("{INFO}/sboms/rg.cdx.json"), "<bom/>", 0o100644)),
        ("sbom-valid", E, linux().and(&format!("{INFO}/sboms/a/rg.cyclonedx.json"), "{}", 0o100644)),
        ("sbom-valid", E, linux().and(&format!("{INFO}/sboms/rg.spdx.json"), "[]", 0o100644)),
        ("sbom-valid", E, linux().and(&format!("{INFO}/sboms/rg.spdx.sbom.json"), "{}", 0o100644)),
        ("sbom-valid", W, linux().and(&format!("{INFO}/sboms/rg.spdx.json"), SPDX, 0o100644)),
        ("command-name", W, linux().and(&points, "[console_scripts]\ncodex = codex_cli_bin:main\n", 0o100644)),
        ("command-name", W, linux().and(&format!("{DATA}/scripts/codex"), "#!/bin/sh\n", 0o100755)),
        (
            "command-unique",
            E,
            linux()
                .and(&format!("{DATA}/scripts/openai-codex-cli-bin"), "#!/bin/sh\n", 0o100755)
                .and(&points, own, 0o100644),
        ),
        (
            "command-unique",
            E,
            linux().and(&points, format!("{own}[gui_scripts]\nopenai-codex-cli-bin = codex_cli_bin:main\n"), 0o100644),
        ),
        (
            "command-unique",
            E,
            linux()
                .and(&format!("{DATA}/data/bin/openai-codex-cli-bin"), "#!/bin/sh\n", 0o100755)
                .and(&points, own, 0o100644),
        ),
        (
            "command-unique",
            E,
            windows(windows_program())
                .and(&format!("{DATA}/data/Scripts/openai-codex-cli-bin.exe"), "x", 0o100755)
                .and(&points, own, 0o100644),
        ),
        (
            "command-unique",
            E,
            windows(windows_program())
                .and(&format!("{DATA}/scripts/OpenAI-codex-cli-bin.EXE"), "#!/bin/sh\n", 0o100755)
                .and(&points, own, 0o100644),
        ),
        (
            "command-unique",
            E,
            mac(mac_sample(ARM64, 11, 0).build()).and(
                &points,
                format!("{own}tool = codex_cli_bin:main\nTool = codex_cli_bin:main\n"),
                0o100644,
            ),
        ),
        (
            "command-unique",
            E,
            windows(windows_program()).and(
                &points,
                format!("{own}tool = codex_cli_bin:main\ntool.py = codex_cli_bin:other\n"),
                0o100644,
            ),
        ),
        (
            "description-links",
            W,
            linux().metadata("# A program\n", "# A program\n\nSee [the manual](docs/manual.md).\n"),
        ),
        ("description-links", W, linux().metadata("# A program\n", "# A program\n\n<img src=\"logo.png\">\n")),
        (
            "description-links",
            W,
            linux().metadata("text/markdown", "text/x-rst").metadata("# A program\n", ".. image:: logo.png\n"),
        ),
    ]
}

fn record_cases() -> Vec<Case> {
    vec![
        (
            "record-present",
            E,
            linux().entries(|all| {
                all.pop();
            }),
        ),
        ("record-csv", E, linux().record(|record| record.replacen(",sha256", ";sha256", 1))),
        ("record-csv", E, linux().record(|record| format!("\u{feff}{record}"))),
        ("record-csv", W, linux().record(|record| record.replace('\n', "\r\n"))),
        ("record-self", E, linux().record(|record| without(&record, "/RECORD"))),
        ("record-self", E, linux().record(|record| format!("{record}{INFO}/RECORD,,\n"))),
        ("record-self", E, linux().record(|record| record.replace("/RECORD,,", "/RECORD,,12"))),
        (
            "record-self",
            W,
            linux()
                .and(&format!("{INFO}/RECORD.jws"), "{}", 0o100644)
                .record(|record| without(&record, "/RECORD.jws") + &format!("{INFO}/RECORD.jws,,\n")),
        ),
        ("record-complete", E, linux().record(|record| without(&record, "__init__.py"))),
        (
            "record-complete",
            E,
            linux().record(|record| {
                record + "codex_cli_bin/gone.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n"
            }),
        ),
        ("record-complete", E, linux().record(|record| record + "codex_cli_bin/,,\n")),
        ("record-complete", E, linux().record(|record| record + "codex_cli_bin/bin,,\n")),
        ("record-unique", E, linux().record(|record| record.lines().next().unwrap().to_owned() + "\n" + &record)),
        (
            "record-path",
            E,
            linux().record(|record| record + "../escape.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n"),
        ),
        (
            "record-hash",
            E,
            linux().record(|record| record.replacen("sha256=", "sha256=A", 1).replacen("sha256=A", "sha256=B", 1)),
        ),
        ("record-hash", E, linux().record(|record| first_row(&record, ",,13"))),
        (
            "record-hash",
            E,
            linux().record(|record| first_row(&record, ",sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,13")),
        ),
        ("record-hash", E, linux().record(|record| first_row(&record, ",md5=1B2M2Y8AsgTpgAmY7PhCfg,13"))),
        ("record-hash", W, linux().record(|record| first_row(&record, ",blake2b=1B2M2Y8AsgTpgAmY7PhCfg,13"))),
        ("record-hash", E, linux().entries(|all| first(all).data = b"PATH = 'sbin'".to_vec())),
        ("record-csv", E, linux().record(|record| record + "\n")),
        ("record-csv", E, linux().record(|record| record.replacen('\n', "\n\n", 1))),
        ("record-csv", E, linux().record(|record| record.replace('\n', "\r\n") + "\r\n")),
        ("record-size", E, linux().record(|record| record.replacen(",13\n", ",14\n", 1))),
        ("record-size", E, linux().record(|record| record.replacen(",13\n", ",many\n", 1))),
        ("record-size", W, linux().record(|record| record.replacen(",13\n", ",\n", 1))),
    ]
}

/// With Node.js at a place, and a file beside it.
fn with_node(node: &str, path: &str, data: &str) -> Sample {
    let node = linux().and(&format!("codex_cli_bin/{node}"), linux_program(), 0o100755);
    let beside = node.and(&format!("codex_cli_bin/{path}"), data, 0o100644);
    beside.and(&format!("{INFO}/sboms/more.json"), "{}", 0o100644)
}

fn content_cases() -> Vec<Case> {
    let json = |from: &'static str, to: &'static str| {
        let mut sample = linux();
        let text = String::from_utf8(sample.entries[1].data.clone()).unwrap();
        assert!(text.contains(from));
        sample.entries[1].data = text.replace(from, to).into_bytes();
        sample
    };
    vec![
        ("mode-exec", E, linux().edit(|sample| sample.entries[2].mode = 0o100644)),
        ("mode-exec", W, linux().edit(|sample| sample.entries[2].mode = 0o100700)),
        ("mode-exec", W, windows(windows_program()).edit(|sample| sample.entries[2].mode = 0o100644)),
        ("mode-exec", E, linux().and(&format!("{DATA}/scripts/openai-codex-cli-bin"), "#!/bin/sh\n", 0o100644)),
        ("mode-ifreg", E, linux().edit(|sample| sample.entries[2].mode = 0o755)),
        ("mode-ifreg", W, linux().edit(|sample| sample.entries[0].mode = 0o755)),
        ("mode-safe", E, linux().edit(|sample| sample.entries[2].mode = 0o104755)),
        ("mode-safe", W, linux().edit(|sample| sample.entries[0].mode = 0o100666)),
        ("mode-safe", W, linux().entries(|all| all.iter_mut().for_each(|entry| entry.mode |= 0o666))),
        ("mode-safe", E, linux().edit(|sample| sample.entries[0].mode = 0o100000)),
        ("no-bytecode", W, linux().and("codex_cli_bin/__pycache__/a.cpython-311.pyc", "x", 0o100644)),
        ("no-junk", E, linux().and("codex_cli_bin/.DS_Store", "x", 0o100644)),
        ("no-junk", E, linux().and("codex_cli_bin/._a", [0, 5, 22, 7, 0, 2], 0o100644)),
        ("no-junk", W, linux().and("codex_cli_bin/.gitignore", "x", 0o100644)),
        ("no-junk", W, linux().and("codex_cli_bin/node_modules/.bin/x", "x", 0o100644)),
        ("no-junk", W, with_node("node_modules/x/bin/node", "node_modules/x/index.js", "x")),
        ("no-junk", W, with_node("bin/node", "node_modules/.cache/x.json", "x")),
        ("no-junk", W, with_node("bin/node", "node_modules/x/.gitignore", "x")),
        ("no-junk", E, with_node("bin/node", "node_modules/x/.git/config", "x")),
        ("no-junk", W, with_node("bin/node", "node_modules/npm/.npmrc", "x")),
        ("no-junk", W, linux().and("codex_cli_bin/Template.pfx", "x", 0o100644)),
        ("no-junk", W, linux().and("codex_cli_bin/a.js.orig", "x", 0o100644)),
        ("no-junk", W, linux().and("codex_cli_bin/tests/key.pem", "-----BEGIN RSA PRIVATE KEY-----\n", 0o100644)),
        ("no-junk", W, linux().and("codex_cli_bin/mock/key.pem", "-----BEGIN RSA PRIVATE KEY-----\n", 0o100644)),
        ("no-junk", E, linux().and("codex_cli_bin/docs/key.pem", "-----BEGIN RSA PRIVATE KEY-----\n", 0o100644)),
        ("no-junk", E, linux().and("codex_cli_bin/.git/config", "x", 0o100644)),
        ("no-junk", E, linux().and("codex_cli_bin/.env", "TOKEN=x", 0o100644)),
        ("no-junk", E, linux().and("codex_cli_bin/key", "-----BEGIN OPENSSH PRIVATE KEY-----\n", 0o100644)),
        ("no-pth", W, linux().and("codex.pth", "import os\n", 0o100644).entries(|all| all.rotate_left(0))),
        ("no-pth", W, linux().and(&format!("{DATA}/purelib/codex.pth"), "import os\n", 0o100644)),
        ("one-toplevel", W, linux().and("tests/__init__.py", "", 0o100644)),
        (
            "dup-content",
            W,
            linux().and("codex_cli_bin/a.bin", noise(1 << 20), 0o100644).and(
                "codex_cli_bin/b.bin",
                noise(1 << 20),
                0o100644,
            ),
        ),
        ("payload-json", E, json("0.163.0", "0.162.0")),
        ("payload-json", E, json("x86_64-unknown-linux-musl", "aarch64-apple-darwin")),
        ("payload-json", E, json("x86_64-unknown-linux-musl", "x86_64")),
        ("payload-json", E, json("bin/codex", "bin/codex.exe")),
        ("payload-json", E, json("{", "[")),
        ("payload-json", E, json("\"version\"", "\"vers\"")),
        ("payload-json", E, json("\"layoutVersion\":1", "\"layoutVersion\":99")),
        ("payload-json", E, json("{", "{\"resourcesDir\":\"../../x\",")),
        ("payload-json", E, json("{", "{\"pathDir\":\"/usr/bin\",")),
        ("payload-json", E, json("bin/codex", "bin/other").and("codex_cli_bin/bin/other", "text\n", 0o100755)),
        (
            "payload-executable",
            E,
            linux().edit(|sample| {
                sample.entries.remove(2);
                sample.entries.remove(1);
            }),
        ),
        ("payload-executable", E, linux_with(b"text, not a program\n".to_vec())),
        ("payload-executable", E, linux_with(b"#!/bin/sh\nexec true\n".to_vec())),
        ("payload-executable", E, linux_with(vec![7, 0, 9, 1])),
        (
            "payload-executable",
            E,
            linux_with(ElfSample { kind: 3, flags_1: 0, soname: Some("libcodex.so"), ..static_elf() }.build()),
        ),
        ("payload-executable", E, mac(MachSample { kind: 6, ..mac_sample(ARM64, 11, 0) }.build())),
        ("payload-executable", E, windows(b"MZ is how this text begins\n".repeat(4))),
        ("payload-executable", E, windows(windows_library())),
        ("payload-executable", E, runtime(&["win_amd64"], "x86_64-pc-windows-msvc", "bin/codex", windows_program())),
        (
            "payload-executable",
            E,
            runtime(&["musllinux_1_1_x86_64"], "x86_64-unknown-linux-musl", "bin/codex.exe", linux_program()),
        ),
        (
            "lfs-pointer",
            E,
            linux().and(
                "codex_cli_bin/model.bin",
                "version https://git-lfs.github.com/spec/v1\noid sha256:00\n",
                0o100644,
            ),
        ),
        ("payload-empty", W, linux().and("codex_cli_bin/bin/more", "", 0o100755)),
        ("payload-empty", E, linux().and("codex_cli_bin/more.so", "", 0o100644)),
        ("payload-empty", E, linux().edit(|sample| sample.entries[2].data.clear())),
        (
            "size-limit",
            W,
            linux().edit(|sample| {
                // Stored and incompressible, so that the archive is large and nothing is a bomb.
                sample.entries.push(entry("codex_cli_bin/noise.bin", noise(101 << 20), 0o100644).with(Method(0)));
            }),
        ),
    ]
}

fn binary_cases() -> Vec<Case> {
    const MUSL: &str = "musllinux_1_1_x86_64";
    const GNU: [&str; 2] = ["manylinux2014_x86_64", "manylinux_2_17_x86_64"];
    let elf = |edit: &dyn Fn(&mut ElfSample)| {
        let mut sample = static_pie(62);
        edit(&mut sample);
        sample.build()
    };
    let gnu = |edit: &dyn Fn(&mut ElfSample)| {
        let mut sample = glibc_elf();
        edit(&mut sample);
        tagged(&GNU, sample.build())
    };
    let apple = |edit: &dyn Fn(&mut MachSample)| {
        let mut sample = mac_sample(ARM64, 11, 0);
        edit(&mut sample);
        mac(sample.build())
    };
    let musl = |edit: &dyn Fn(&mut ElfSample)| {
        tagged(
            &[MUSL],
            elf(&|sample| {
                sample.interpreter = Some("/lib/ld-musl-x86_64.so.1");
                sample.needed = vec!["libc.so"];
                edit(sample);
            }),
        )
    };
    let mut broken_pe = windows_program();
    broken_pe[64 + 24 + 144..64 + 24 + 148].copy_from_slice(&0x00ff_ffff_u32.to_le_bytes());
    let mut driver = windows_program();
    driver[64 + 24 + 68] = 1;
    vec![
        ("binary-readable", E, linux_with(linux_program()[..80].to_vec())),
        ("binary-readable", W, object("codex_cli_bin/plugin.cpp.o")),
        ("binary-readable", E, object("codex_cli_bin/plugin.so")),
        ("binary-readable", W, object("codex_cli_bin/race_linux.syso")),
        ("binary-readable", E, with_file("codex_cli_bin/more", object_file(), 0o100755)),
        ("binary-readable", W, with_file("codex_cli_bin/testdata/cut", linux_program()[..80].to_vec(), 0o100644)),
        ("binary-readable", E, with_file("codex_cli_bin/data/cut", linux_program()[..80].to_vec(), 0o100644)),
        // What a name claims.
        ("binary-readable", E, with_file("codex_cli_bin/more.abi3.so", b"hello".to_vec(), 0o100755)),
        ("binary-readable", E, with_file("codex_cli_bin/more.cpython-312-x86_64-linux-gnu.so", vec![7, 0], 0o100644)),
        ("binary-readable", E, with_file("codex_cli_bin/more.so", b"<html>404".to_vec(), 0o100644)),
        ("binary-readable", E, with_file("codex_cli_bin/deep/more.so", b"PK\x03\x04".to_vec(), 0o100644)),
        ("binary-readable", E, with_file(&format!("{DATA}/platlib/codex_cli_bin/a.so"), b"hello".to_vec(), 0o100644)),
        ("binary-readable", E, windows(windows_program()).and("codex_cli_bin/more.pyd", "hello", 0o100644)),
        ("binary-readable", W, windows(windows_program()).and("codex_cli_bin/more.so", "hello", 0o100644)),
        ("binary-readable", W, with_file("codex_cli_bin/more.pyd", b"hello".to_vec(), 0o100644)),
        ("binary-readable", W, with_file("codex_cli_bin/tests/more.abi3.so", b"hello".to_vec(), 0o100644)),
        ("binary-readable", W, with_file("codex_cli_bin/some-data/more.so", b"hello".to_vec(), 0o100644)),
        ("binary-readable", W, with_file("codex_cli_bin/libmore.so", b"libmore.so.1".to_vec(), 0o100644)),
        ("binary-readable", W, with_file("codex_cli_bin/libmore.so.1", b"hello".to_vec(), 0o100644)),
        ("binary-readable", W, with_file("codex_cli_bin/more.so", b"/* GNU ld script */\n".to_vec(), 0o100644)),
        ("binary-readable", W, with_file("codex_cli_bin/more.so", b"INPUT(-lmore)\n".to_vec(), 0o100644)),
        (
            "lfs-pointer",
            E,
            with_file("codex_cli_bin/more.so", b"version https://git-lfs.github.com/spec/v1\n".to_vec(), 0o100644),
        ),
        // What begins as a binary and is data.
        ("binary-readable", W, with_file("codex_cli_bin/elf.sig", b"\x7fELF".to_vec(), 0o100644)),
        ("binary-readable", E, with_file("codex_cli_bin/elf.sig", b"\x7fELF".to_vec(), 0o100755)),
        ("binary-readable", E, with_file("codex_cli_bin/elf.so", b"\x7fELF".to_vec(), 0o100644)),
        ("binary-readable", W, with_file("codex_cli_bin/fat.sig", b"\xca\xfe\xba\xbe\0\0\0\x01".to_vec(), 0o100644)),
        // A copy that stopped.
        ("binary-readable", E, with_file("codex_cli_bin/more.so", stopped(), 0o100644)),
        ("binary-format", W, with_file("codex_cli_bin/testdata/more", windows_library(), 0o100644)),
        ("binary-format", E, with_file("codex_cli_bin/testdata/more", windows_library(), 0o100755)),
        ("binary-system", W, with_file("codex_cli_bin/testdata/more", foreign(), 0o100644)),
        ("binary-readable", E, debug_symbols("codex_cli_bin/more.so")),
        ("debug-info", W, debug_symbols("codex_cli_bin/more.so.dSYM/Contents/Resources/DWARF/more.so")),
        ("binary-format", E, linux_with(windows_program())),
        ("binary-format", E, mac(linux_program())),
        ("binary-system", E, linux_with(elf(&|sample| sample.os_abi = 9))),
        ("elf-arch", E, linux_with(elf(&|sample| sample.machine = 183))),
        ("macho-arch", E, mac(mac_sample(AMD64, 10, 12).build())),
        (
            "macho-arch",
            E,
            runtime(&["macosx_11_0_universal2"], "aarch64-apple-darwin", "bin/codex", mac_sample(ARM64, 11, 0).build()),
        ),
        ("pe-arch", E, windows(pe(0xaa64, &["KERNEL32.dll"], true))),
        // A runtime that was copied along, and one that a library asks for.
        ("pe-arch", W, with_runtime("vccorlib140.dll", "KERNEL32.dll")),
        ("pe-arch", E, with_runtime("msvcr120.dll", "MSVCR120.dll")),
        ("pe-arch", E, with_runtime("more.dll", "KERNEL32.dll")),
        // With native code, and for processors of 32 bits.
        ("pe-arch", E, with_assembly(0)),
        ("pe-arch", E, with_assembly(3)),
        (
            "manylinux-libc",
            E,
            tagged(
                &GNU,
                elf(&|sample| {
                    sample.interpreter = Some("/lib/ld-musl-x86_64.so.1");
                    sample.needed = vec!["libc.so"];
                }),
            ),
        ),
        ("musllinux-libc", E, tagged(&[MUSL], glibc_elf().build())),
        ("musllinux-libc", E, musl(&|sample| sample.undefined = vec![("__printf_chk", false)])),
        ("musllinux-libc", E, with_file("codex_cli_bin/more.so", for_both("__printf_chk", "libm.so.6"), 0o100644)),
        ("musllinux-libc", E, with_file("codex_cli_bin/more.so", for_both("memcpy", "libanl.so.1"), 0o100644)),
        ("musllinux-libc", E, with_file("codex_cli_bin/more.so", for_both("", "libm.so.6"), 0o100644)),
        ("binary-readable", E, linux_with(elf(&|sample| sample.skew = 0x100))),
        ("debug-info", W, linux_with(elf(&|sample| sample.sections = vec![(".symtab", 240), (".strtab", 80)]))),
        ("debug-info", W, linux_with(elf(&|sample| sample.sections = vec![(".debug_frame", 64)]))),
        (
            "debug-info",
            W,
            linux_with([elf(&|sample| sample.sections = vec![(".symtab", 240)]), b"archive".to_vec()].concat()),
        ),
        ("elf-interp", E, gnu(&|sample| sample.interpreter = Some("/nix/store/glibc/lib/ld-linux-x86-64.so.2"))),
        (
            "manylinux-floor",
            E,
            gnu(&|sample| sample.versions = vec![("libc.so.6", "GLIBC_2.34", false, vec![("memcpy", false)])]),
        ),
        (
            "manylinux-floor",
            E,
            gnu(&|sample| sample.versions = vec![("libc.so.6", "GLIBC_2.34", false, vec![("memcpy", true)])]),
        ),
        (
            "manylinux-floor",
            W,
            gnu(&|sample| sample.versions = vec![("libc.so.6", "GLIBC_2.34", true, vec![("memcpy", true)])]),
        ),
        (
            "manylinux-floor",
            E,
            gnu(&|sample| {
                sample.relr = true;
                sample.versions = Vec::new();
            }),
        ),
        ("musllinux-floor", E, musl(&|sample| sample.undefined = vec![("gettid", false)])),
        ("musllinux-floor", E, musl(&|sample| sample.relr = true)),
        (
            "elf-pages",
            W,
            runtime(
                &["manylinux2014_aarch64", "manylinux_2_17_aarch64"],
                "aarch64-unknown-linux-gnu",
                "bin/codex",
                ElfSample { skew: 0x1000, ..static_pie(183) }.build(),
            ),
        ),
        (
            "elf-pages",
            E,
            runtime(
                &["manylinux2014_ppc64le", "manylinux_2_17_ppc64le"],
                "powerpc64le-unknown-linux-gnu",
                "bin/codex",
                ElfSample { skew: 0x1000, flags: 2, ..static_pie(21) }.build(),
            ),
        ),
        ("elf-isa", E, gnu(&|sample| sample.x86_levels = Some(4))),
        ("elf-needed", E, gnu(&|sample| sample.needed = vec!["libc.so.6", "libssl.so.3"])),
        (
            "elf-needed",
            W,
            gnu(&|sample| {
                sample.needed = vec!["libc.so.6", "libQt6Core.so.6"];
                sample.runpath = Some("$ORIGIN/../Qt6/lib");
            })
            .metadata("Requires-Python", "Requires-Dist: PyQt6-Qt6\nRequires-Python"),
        ),
        (
            "elf-needed",
            E,
            gnu(&|sample| {
                sample.needed = vec!["libc.so.6", "libQt6Core.so.6"];
                sample.runpath = Some("$ORIGIN/../Qt6/lib");
            })
            .metadata("Requires-Python", "Requires-Dist: click\nRequires-Python"),
        ),
        ("elf-needed", W, sibling("openai-codex-cli-bin-core==0.162.0", Some("$ORIGIN"))),
        ("elf-needed", W, sibling("codex-core==0.163.0", Some("$ORIGIN"))),
        ("elf-needed", E, sibling("openai-codex-cli-bin-core==0.163.0", None)),
        ("elf-needed", E, sibling("openai-codex-cli-bin-core>=0.163.0", Some("$ORIGIN"))),
        ("elf-needed", E, sibling("click==8.1.7", Some("$ORIGIN"))),
        ("elf-needed", W, with_library("torch>=2.4", "libc10.so")),
        ("elf-needed", W, with_library("torch>=2.4", "libcudart.so.13")),
        ("elf-needed", W, with_library("tensorflow<2.22,>=2.21", "libtensorflow_framework.so.2")),
        ("elf-needed", E, with_library("torch>=2.4", "libavutil.so.56")),
        ("elf-needed", E, with_library("click", "libc10.so")),
        // A program begins with nothing loaded.
        ("elf-needed", E, sibling("more>=1", Some("$ORIGIN"))),
        ("elf-needed", W, module("import ctypes\n")),
        ("elf-needed", E, module("")),
        ("elf-runpath", E, linux_with(elf(&|sample| sample.runpath = Some("/home/builder/lib")))),
        ("elf-runpath", E, linux_with(elf(&|sample| sample.runpath = Some("$ORIGIN/../_solib_k8/voice")))),
        ("elf-runpath", E, gnu(&|sample| sample.runpath = Some("/usr/local/lib"))),
        ("elf-runpath", E, musl(&|sample| sample.runpath = Some("/usr/local/lib/more"))),
        ("macho-rpath", W, apple(&|sample| sample.rpaths = vec!["/opt/homebrew/lib"])),
        ("elf-execstack", W, linux_with(elf(&|sample| sample.stack_flags = 7))),
        (
            "elf-execstack",
            E,
            linux()
                .and(
                    "codex_cli_bin/lib/libmore.so",
                    ElfSample { kind: 3, flags_1: 0, soname: Some("libmore.so"), stack_flags: 7, ..static_elf() }
                        .build(),
                    0o100644,
                )
                .and(&format!("{INFO}/sboms/more.json"), "{}", 0o100644),
        ),
        ("elf-pie", W, linux_with(static_elf().build())),
        ("macho-minos", E, apple(&|sample| sample.build = Some((1, 14, 0)))),
        ("macho-no-minos", E, apple(&|sample| sample.build = None)),
        ("android-api", E, android("android_21_arm64_v8a", Some(24))),
        ("android-api", E, android("android_21_arm64_v8a", None)),
        ("binary-system", E, runtime(&["android_24_x86_64"], "x86_64-linux-android", "bin/codex", linux_program())),
        ("macho-signed", E, apple(&|sample| sample.signed = false)),
        (
            "macho-signed",
            W,
            runtime(
                &["macosx_10_12_x86_64"],
                "x86_64-apple-darwin",
                "bin/codex",
                MachSample { signed: false, ..mac_sample(AMD64, 10, 12) }.build(),
            ),
        ),
        ("macho-dylibs", E, apple(&|sample| sample.dylibs.push(("/opt/homebrew/lib/libssl.3.dylib", false)))),
        ("macho-dylibs", W, with_dylib("torch>=2.4", "@rpath/libc10.dylib")),
        ("macho-dylibs", E, with_dylib("torch>=2.4", "@rpath/libavutil.56.dylib")),
        ("macho-dylibs", W, mac_sibling("@rpath/libmore.dylib")),
        ("macho-dylibs", E, mac_sibling("/opt/homebrew/lib/libmore.dylib")),
        ("pe-imports", E, windows(pe(0x8664, &["KERNEL32.dll", "libssl-3-x64.dll"], true))),
        (
            "pe-imports",
            W,
            windows(pe(0x8664, &["KERNEL32.dll", "libmore.dll"], true))
                .metadata("Requires-Python", "Requires-Dist: codex-core==0.163.0\nRequires-Python"),
        ),
        ("pe-signed", E, windows(broken_pe)),
        ("pe-subsystem", W, windows(driver)),
        (
            "signed-alike",
            W,
            windows(windows_program())
                .and("codex_cli_bin/bin/rg.exe", pe(0x8664, &["KERNEL32.dll"], false), 0o100755)
                .and(&format!("{INFO}/sboms/rg.json"), "{}", 0o100644),
        ),
    ]
}

/// A wheel that has another distribution installed beside it, and a program that needs a library of neither.
fn sibling(requirement: &str, runpath: Option<&'static str>) -> Sample {
    let program = ElfSample { needed: vec!["libc.so.6", "libmore.so"], runpath, ..glibc_elf() };
    tagged(&["manylinux2014_x86_64", "manylinux_2_17_x86_64"], program.build())
        .metadata("Requires-Python", &format!("Requires-Dist: {requirement}\nRequires-Python"))
}

/// A wheel for Linux with another file.
fn with_file(name: &str, bytes: Vec<u8>, mode: u32) -> Sample {
    linux().and(name, bytes, mode).and(&format!("{INFO}/sboms/more.json"), "{}", 0o100644)
}

/// A library for glibc with all that keeps it from being loaded.
fn lacking() -> Vec<u8> {
    let base =
        ElfSample { kind: 3, interpreter: None, flags_1: 0, soname: Some("more"), stack_flags: 7, ..glibc_elf() };
    let versions = vec![("libc.so.6", "GLIBC_2.34", false, vec![("dlopen", false)])];
    ElfSample { needed: vec!["libc.so.6", "libnowhere.so"], runpath: Some("/home/me/lib"), versions, ..base }.build()
}

/// A library for FreeBSD.
fn foreign() -> Vec<u8> {
    ElfSample { kind: 3, os_abi: 9, soname: Some("more"), ..static_elf() }.build()
}

/// A library that names glibc's parts and is bound to none of its versions.
fn for_both(function: &'static str, library: &'static str) -> Vec<u8> {
    let undefined = if function.is_empty() { Vec::new() } else { vec![(function, false)] };
    let needed = vec![library, "libc.so.6"];
    ElfSample { kind: 3, needed, undefined, hash: SampleHash::SysV, soname: Some("more.so"), ..static_elf() }.build()
}

/// A wheel for Windows with a library for processors of 32 bits, and one for the tag's that needs this one.
fn with_runtime(name: &str, import: &'static str) -> Sample {
    let strange = PeSample { machine: 0x14c, imports: &[], is_library: true, ..PeSample::default() }.build();
    let imports = &[import];
    let other = PeSample { machine: 0x8664, imports, is_library: true, ..PeSample::default() }.build();
    windows(windows_program())
        .and(&format!("codex_cli_bin/{name}"), strange, 0o100644)
        .and("codex_cli_bin/other.dll", other, 0o100644)
        .and(&format!("{INFO}/sboms/more.json"), "{}", 0o100644)
}

/// A wheel that requires another distribution, and a library that needs one of the other's.
fn with_library(requirement: &str, needed: &'static str) -> Sample {
    let library = ElfSample { interpreter: None, flags_1: 0, soname: Some("libmore.so"), ..glibc_elf() };
    let library = ElfSample { needed: vec!["libc.so.6", needed], ..library };
    tagged(&["manylinux2014_x86_64", "manylinux_2_17_x86_64"], static_pie(62).build())
        .and("codex_cli_bin/libmore.so", library.build(), 0o100644)
        .and(&format!("{INFO}/sboms/more.json"), "{}", 0o100644)
        .metadata("Requires-Python", &format!("Requires-Dist: {requirement}\nRequires-Python"))
}

/// The same for macOS.
fn with_dylib(requirement: &str, needed: &'static str) -> Sample {
    let mut library = MachSample { kind: 6, ..mac_sample(ARM64, 11, 0) };
    library.dylibs.push((needed, false));
    mac(mac_sample(ARM64, 11, 0).build())
        .and("codex_cli_bin/libmore.dylib", library.build(), 0o100644)
        .and(&format!("{INFO}/sboms/more.json"), "{}", 0o100644)
        .metadata("Requires-Python", &format!("Requires-Dist: {requirement}\nRequires-Python"))
}

/// The same for macOS, by what name it needs the library.
fn mac_sibling(library: &'static str) -> Sample {
    let mut program = mac_sample(ARM64, 11, 0);
    program.dylibs.push((library, false));
    program.rpaths = vec!["@loader_path"];
    mac(program.build()).metadata("Requires-Python", "Requires-Dist: codex-core==0.163.0\nRequires-Python")
}

/// A wheel with a module whose library lies where nothing leads, and this Python code.
fn module(python: &str) -> Sample {
    let library = ElfSample { interpreter: None, flags_1: 0, soname: Some("libmore.so"), ..glibc_elf() };
    let (needed, defined) = (vec!["libc.so.6", "libmore.so"], vec!["PyInit_more"]);
    let module = ElfSample { needed, defined, hash: SampleHash::SysV, soname: None, ..library.clone() };
    tagged(&["manylinux2014_x86_64", "manylinux_2_17_x86_64"], static_pie(62).build())
        .and("codex_cli_bin/more.cpython-312-x86_64-linux-gnu.so", module.build(), 0o100644)
        .and("codex_cli_bin/lib/libmore.so", library.build(), 0o100644)
        .and("codex_cli_bin/load.py", python, 0o100644)
        .and(&format!("{INFO}/sboms/more.json"), "{}", 0o100644)
}

/// A wheel whose program was patched after it had been linked.
fn patched(layout: SampleLayout) -> Sample {
    let program = ElfSample { layout, hash: SampleHash::Gnu, defined: vec!["main"], ..glibc_elf() };
    tagged(&["manylinux2014_x86_64", "manylinux_2_17_x86_64"], program.build())
}

/// A wheel with a file of debugging symbols of that name.
fn debug_symbols(name: &str) -> Sample {
    let symbols = MachSample { kind: 10, ..mac_sample(ARM64, 11, 0) };
    mac(mac_sample(ARM64, 11, 0).build()).and(name, symbols.build(), 0o100644)
}

/// A wheel with an object file of that name.
fn object(name: &str) -> Sample {
    linux().and(name, object_file(), 0o100644)
}

/// A library of which the header was written and zeros for all the rest.
fn stopped() -> Vec<u8> {
    let mut bytes = linux_program();
    bytes[64..].fill(0);
    bytes
}

fn object_file() -> Vec<u8> {
    ElfSample { kind: 1, ..static_elf() }.build()
}

/// A wheel with a library of .NET that has these flags.
fn with_assembly(flags: u32) -> Sample {
    windows(windows_program()).and("codex_cli_bin/lib/More.dll", assembly(flags), 0o100644).and(
        &format!("{INFO}/sboms/more.json"),
        "{}",
        0o100644,
    )
}

/// A wheel for every platform, with one file more and no program.
fn of_no_platform(member: &str, bytes: Vec<u8>) -> Sample {
    let sample = linux().entries(|all| all.retain(|entry| !entry.name.ends_with(b"/bin/codex")));
    let sample = sample.record(|record| without(&record, "/bin/codex")).and(member, bytes, 0o100644);
    let sample = sample.renamed("openai_codex_cli_bin-0.163.0-py3-none-any.whl");
    sample.edit(|sample| sample.wheel = sample.wheel.replace("false", "true"))
}

/// A wheel for Android, with a program of this API level.
fn android(tag: &str, android_api: Option<u32>) -> Sample {
    let program = ElfSample {
        interpreter: Some("/system/bin/linker64"),
        needed: vec!["libc.so", "liblog.so"],
        android_api,
        ..static_pie(183)
    };
    runtime(&[tag], "aarch64-linux-android", "bin/codex", program.build())
}

/// Rules that are tested elsewhere: they need a second file, or an input that samples cannot make.
const ELSEWHERE: [&str; 6] =
    ["abi3-symbols", "attestation", "elf-tls", "extension-start", "extension-suffix", "manylinux-blacklist"];

pub fn cases() -> Vec<Case> {
    [archive_cases(), name_cases(), metadata_cases(), record_cases(), content_cases(), binary_cases()]
        .into_iter()
        .flatten()
        .collect()
}

#[test]
fn nothing_that_tests_read_is_an_error() {
    let linux_rules = ["elf-execstack", "elf-needed", "elf-runpath", "manylinux-floor", "musllinux-libc"];
    for (path, mode, bytes, severity, expected) in [
        ("tests/more", 0o100644, lacking(), W, &linux_rules[..]),
        ("tests/deep/more", 0o100644, lacking(), W, &linux_rules),
        ("test_data/more", 0o100644, lacking(), W, &linux_rules),
        ("tests/more", 0o100755, lacking(), E, &linux_rules),
        ("tests/more.so", 0o100644, lacking(), E, &linux_rules),
        ("data/more", 0o100644, lacking(), E, &linux_rules),
        // Starters for Windows are data to other systems, other programs are not.
        ("t64.exe", 0o100644, windows_program(), W, &["binary-format"]),
        ("more.exe", 0o100644, windows_program(), E, &["binary-format"]),
    ] {
        let found = findings(&with_file(&format!("codex_cli_bin/{path}"), bytes, mode));
        for rule in expected {
            let of: BTreeSet<_> = found.iter().filter(|it| it.rule == *rule).map(|it| it.severity).collect();
            assert_eq!(of, BTreeSet::from([severity]), "{rule} {path} {mode:o}: {found:#?}");
        }
        let errors = found.iter().filter(|finding| finding.severity == E).count();
        assert_eq!(errors > 0, severity == E, "{path} {mode:o}: {found:#?}");
    }
}

/// A rule that names `relkit retag` is right where retag writes a wheel.
#[test]
fn what_a_rule_names_a_command_for_is_mended_by_it() {
    let is_told = |(rule, severity, _): &Case| {
        rules()
            .any(|known| (known.name, known.severity) == (rule, *severity) && !known.documentation.remedies.is_empty())
    };
    let mut mended = BTreeSet::new();
    for (rule, _, sample) in cases().iter().filter(|case| is_told(case)) {
        let directory = scratch();
        let wheel = write(directory.path(), &sample.file_name, sample.build());
        let out_dir = directory.path().join("honest");
        run(relkit().arg("retag").arg(wheel).args(["--honest", "--out-dir"]).arg(&out_dir));
        let written = names_in(&out_dir);
        if !written.is_empty() {
            let left: Vec<_> = findings_of(&out_dir).into_iter().filter(|finding| finding.rule == *rule).collect();
            assert_eq!(left, [], "{rule}: {} became {written:?}", sample.file_name);
            mended.insert(*rule);
        }
    }
    let told = rules().filter(|rule| !rule.documentation.remedies.is_empty()).map(|rule| rule.name);
    assert_eq!(told.filter(|name| !mended.contains(name)).collect::<Vec<_>>(), [""; 0], "no case of them is mended");
}

#[test]
fn every_rule_fires_on_its_own_defect_and_on_nothing_else() {
    let cases = cases();
    let mut wrong = Vec::new();
    for (index, (rule, severity, sample)) in cases.iter().enumerate() {
        let found = findings(sample);
        if names(&found) != BTreeSet::from([(*rule, *severity)]) {
            let shown: Vec<_> = found
                .iter()
                .map(|finding| (finding.rule, finding.severity, &finding.member, &finding.message))
                .collect();
            wrong.push(format!("case {index} of {rule} ({severity}): {shown:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    for (name, severity) in cases.iter().map(|(rule, severity, _)| (*rule, *severity)) {
        let rule = rules().find(|rule| rule.name == name).unwrap();
        let reasons = rule.documentation.because.iter();
        assert!(
            reasons.map(|reason| reason.severity()).any(|of| of == severity),
            "{name} has no reason for {severity}: say one in its `because`"
        );
    }
    let is_here = |family: &Family| {
        !matches!(family, Family::Sdist | Family::Set | Family::Release | Family::Receipt | Family::Index)
    };
    let families: Vec<_> = rules().map(|rule| rule.family()).filter(is_here).collect();
    assert_every_rule_has_a_case(&families, cases.iter().map(|(rule, ..)| *rule).chain(ELSEWHERE));
}

/// An error is what an index, an installer or a loader refuses, or what breaks a promise; the first reason of a rule is that
/// of its own severity.
/// `strip` writes what headers describe, and nothing behind it.
#[test]
fn nobody_is_told_to_strip_what_stripping_destroys() {
    let program = ElfSample { sections: vec![(".symtab", 240), (".strtab", 80)], ..static_pie(62) }.build();
    for (data, is_cut_off) in [(&b""[..], false), (&[0; 64], false), (b"d3n0l4nd, and a script", true)] {
        let found = findings(&linux_with([&program[..], data].concat()));
        let [finding] = &found[..] else { panic!("{found:#?}") };
        assert_eq!((finding.rule, finding.severity), ("debug-info", W));
        let shown = serde_json::to_value(finding).unwrap();
        assert_eq!(shown["help"].as_str().unwrap().starts_with("Do not strip"), is_cut_off, "{finding:#?}");
        assert_eq!(finding.message.ends_with("that stripping would cut off"), is_cut_off, "{finding:#?}");
    }
}

#[test]
fn every_rule_has_the_reason_of_its_severity() {
    for rule in rules() {
        let reasons = rule.documentation.because;
        let first = reasons.first().map(|reason| reason.severity());
        assert_eq!(first, Some(rule.severity), "{}: `because` begins with a reason of that severity", rule.name);
        for reason in reasons {
            let text = reason.to_string();
            let why = text.split_once(" (").and_then(|(_, why)| why.strip_suffix(')'));
            assert!(why.is_some_and(|why| why.len() > 10 && !why.ends_with('.')), "{}: {text}", rule.name);
        }
    }
}

#[test]
fn sound_wheels_have_no_finding() {
    let points = format!("{INFO}/entry_points.txt");
    let own = "[console_scripts]\nopenai-codex-cli-bin = codex_cli_bin:main\n";
    let universal = fat(&[(AMD64, mac_sample(AMD64, 10, 12).build()), (ARM64, mac_sample(ARM64, 11, 0).build())]);
    for (what, sample) in [
        ("linux", linux()),
        ("mac", mac(mac_sample(ARM64, 11, 0).build())),
        ("windows", windows(windows_program())),
        ("universal", runtime(&["macosx_10_12_universal2"], "aarch64-apple-darwin", "bin/codex", universal)),
        ("gnu", tagged(&["manylinux2014_x86_64", "manylinux_2_17_x86_64"], glibc_elf().build())),
        ("patched", patched(SampleLayout::Patched)),
        ("strings in two segments", patched(SampleLayout::Split(4096))),
        ("strings that end in the last page of their segment", patched(SampleLayout::Overrun)),
        ("android", android("android_24_arm64_v8a", Some(24))),
        ("build tag", linux().renamed(&linux().file_name.replace("-py3", "-7-py3"))),
        (
            "a library for both C libraries",
            with_file("codex_cli_bin/more.so", for_both("memcpy", "libm.so.6"), 0o100644),
        ),
        ("packages of Node.js beside it", with_node("bin/node", "node_modules/x/tests/.travis.yml", "x")),
        ("npm", with_node("bin/node", "lib/node_modules/npm/node_modules/.bin/x", "x")),
        ("settings that are empty", with_node("bin/node", "lib/node_modules/npm/.npmrc", "")),
        ("a command of the distribution's name", linux().and(&points, own, 0o100644)),
        (
            "links to places and addresses",
            linux().metadata("# A program\n", "[a](#a) [b](https://example.org/) `[c](d)`\n"),
        ),
        (
            "the runtime's description",
            linux().metadata("# A program\n", include_str!("../../runtime-template/README.md")),
        ),
        ("the SDK's description", linux().metadata("# A program\n", include_str!("../../sdk-template/README.md"))),
        (
            "addresses with names and commas",
            linux()
                .metadata("Summary", "Author-email: \"Doe, Jane\" <a@example.org>, B (x, y) <b@example.org>\nSummary"),
        ),
        (
            "names to import",
            newest().metadata("Summary", "Import-Name: a\nImport-Name: _b; private\nImport-Namespace: c.d\nSummary"),
        ),
        ("nothing to import", newest().metadata("Summary", "Import-Name:\nSummary")),
        ("text in UTF-8", linux().and("codex_cli_bin/é.txt", "", 0o100644).every(UTF8)),
    ] {
        assert_eq!(findings(&sample), [], "{what}");
    }
}

#[test]
fn unusual_wheels_have_no_error() {
    let mut system = static_pie(62);
    system.runpath = Some("/usr/lib64");
    let local = ElfSample {
        interpreter: Some("/lib/ld-musl-x86_64.so.1"),
        needed: vec!["libc.so"],
        runpath: Some("/usr/local/lib/"),
        ..static_pie(62)
    };
    let scripts = linux().edit(|sample| {
        let program = sample.entries.pop().unwrap();
        sample.entries.pop();
        sample.entries.push(entry(&format!("{DATA}/scripts/codex"), program.data, 0o100755));
    });
    for (what, sample) in [
        ("sha512", linux().digest(sha512)),
        ("scripts", scripts),
        ("modes as Windows writes them", windows(windows_program()).entries(|all| all.iter_mut().for_each(|entry| entry.mode = 0o100_666))),
        (
            "a licence file of before PEP 639",
            linux()
                .metadata("Metadata-Version: 2.4", "Metadata-Version: 2.1")
                .metadata("License-Expression: Apache-2.0\n", "")
                .metadata("License-File", "License-File: NOTICE\nLicense-File"),
        ),
        ("libraries as meson puts them", linux().and(".codex.mesonpy.libs/README", "text", 0o100644)),
        ("an empty package file that may be executed", linux().and("codex_cli_bin/more/__init__.py", "", 0o100755)),
        ("well packed", linux().and("codex_cli_bin/zeros.bin", vec![0; 3 << 20], 0o100644)),
        ("one program in scripts and pure otherwise", linux().edit(|sample| {
            let program = sample.entries.pop().unwrap();
            sample.entries.pop();
            sample.entries.push(entry(&format!("{DATA}/scripts/codex"), program.data, 0o100755));
            sample.wheel = sample.wheel.replace("false", "true");
        })),
        ("compressed set", linux().renamed("openai_codex_cli_bin-0.163.0-py2.py3-none-manylinux_2_12_x86_64.manylinux2010_x86_64.musllinux_1_1_x86_64.whl")),
        ("stored", linux().every(Method(0))),
        ("made on FAT", linux().every(Central(|central| central[5] = 0))),
        ("quoted name in RECORD", linux().and("codex_cli_bin/a,b.txt", "text", 0o100644)),
        ("dist-info without file type", linux().entries(|all| all.iter_mut().rev().take(4).for_each(|entry| entry.mode = 0o644))),
        ("no modes for data", linux().entries(|all| all[0].mode = 0)),
        ("shell script", linux().and(&format!("{DATA}/scripts/x"), "#!/bin/sh\n", 0o100755)),
        ("end signature in data", linux().and("codex_cli_bin/zip.txt", b"PK\x05\x06 in the middle".to_vec(), 0o100644)
            .every(Method(0))),
        ("libraries beside the package", linux().and("openai_codex_cli_bin.libs/README", "text", 0o100644)),
        ("ignorable but written", linux().and("codex_cli_bin/中\u{fe0f}\u{fffd}.txt", "text", 0o100644)
            .every(UTF8)),
        ("a licence that is deprecated, in small letters", linux().metadata("Apache-2.0", "gpl-3.0")),
        ("commands that differ in case, on Linux alone", linux().and(&format!("{INFO}/entry_points.txt"), "[console_scripts]\nopenai-codex-cli-bin = codex_cli_bin:main\nOpenAI-codex-cli-bin = codex_cli_bin:main\ncon = codex_cli_bin:main\n", 0o100644)),
        ("one command under two names of Windows", windows(windows_program()).and(&format!("{INFO}/entry_points.txt"), "[console_scripts]\nopenai-codex-cli-bin = codex_cli_bin:main\nopenai-codex-cli-bin.py = codex_cli_bin:main\nopenai-codex-cli-bin.exe = codex_cli_bin:main\n", 0o100644)),
        ("a program in the place of each system", windows(windows_program()).and(&format!("{DATA}/data/bin/x"), "#!/bin/sh\n", 0o100755).and(&format!("{DATA}/data/Scripts/x"), "x", 0o100644)),
        ("a directory of nothing beside the wheel's own", linux().entries(|all| all.insert(0, entry("other.data/", "", 0o040755)))),
        ("the marker of setuptools", linux().metadata("Requires-Python", "Requires-Dist: a; python_implementation == 'CPython'\nRequires-Python")),
        ("a content type with a comment", linux().metadata("text/markdown", "text/markdown; charset=\"UTF-8\" (as usual); variant=GFM;")),
        ("a licence that is left out", linux().metadata("License-File", "License:\nLicense-File")),
        ("a comma behind the last specifier", linux().metadata(">=3.10", ">=3.10,")),
        ("a plugin that is an object without a colon", linux().and(&format!("{INFO}/entry_points.txt"), "[fsspec.specs]\nx = codex_cli_bin.System\n", 0o100644)),
        ("an entry point into the standard library", linux().and(&format!("{INFO}/entry_points.txt"), "[g]\nx = json.tool:main\n", 0o100644)),
        ("a second name that is the first", linux().first(CentralExtra(b"\x75\x70\x1e\0\x01\0\0\0\0codex_cli_bin/__init__.py"))),
        ("a run path that musl's loader has anyway", tagged(&["musllinux_1_1_x86_64"], local.build())),
        ("a run path that the loader has anyway", linux_with(system.build())),
        ("a library of .NET", linux().and("codex_cli_bin/lib/More.dll", assembly(9), 0o100644)),
        ("one that prefers 32 bits", with_assembly(0x2_0003)),
        ("a script of Windows lines that installers rewrite", linux().and(&format!("{DATA}/scripts/x"), "#!python\r\n", 0o100755)),
        ("small but well packed", linux().and("codex_cli_bin/zeros.bin", vec![0; 900_000], 0o100644)),
    ] {
        let errors: Vec<_> = findings(&sample).into_iter().filter(|finding| finding.severity == E).collect();
        assert_eq!(errors, [], "{what}");
    }
}

#[test]
fn libraries_of_net_are_data_to_every_platform() {
    let verdict = |member: &str, bytes: Vec<u8>| {
        let found = findings(&of_no_platform(member, bytes));
        let own: Vec<_> = found.into_iter().filter(|finding| finding.rule == "tag-any-native").collect();
        own.first().map(|finding| finding.severity)
    };
    assert_eq!(verdict("codex_cli_bin/dlls/x86/More.dll", assembly(2)), Some(W));
    assert_eq!(verdict("codex_cli_bin/dlls/More.dll", assembly(9)), None);
    assert_eq!(verdict("codex_cli_bin/more.pyd", assembly(2)), Some(E));
    assert_eq!(verdict("codex_cli_bin/more.dll", windows_library()), Some(E));
}

#[test]
fn what_another_loader_takes_by_its_name_is_data_beside_what_is_right() {
    let verdict = |name: &str, bytes: Vec<u8>| {
        let found = findings(&linux().and(&format!("codex_cli_bin/{name}"), bytes, 0o100644));
        let own = found.into_iter().find(|finding| finding.rule == "binary-format");
        own.map(|finding| finding.severity)
    };
    assert_eq!(verdict("libs/more.dll", windows_library()), Some(W));
    assert_eq!(verdict("libs/more.pyd", windows_library()), Some(E));
    assert_eq!(verdict("libs/more.exe", windows_program()), Some(E));
    assert_eq!(verdict("libs/more.dll", windows_program()), Some(E));
}

#[test]
fn an_extension_module_has_a_suffix_that_a_python_of_the_tags_looks_for() {
    let told = |modules: &[&str]| -> Vec<_> {
        let tags = "cp312-cp312-manylinux2014_x86_64.manylinux_2_17_x86_64.musllinux_1_1_x86_64";
        let sample = linux().renamed(&format!("openai_codex_cli_bin-0.163.0-{tags}.whl"));
        let sample = modules
            .iter()
            .fold(sample, |sample, name| sample.and(&format!("codex_cli_bin/{name}"), linux_program(), 0o100755));
        let found = findings(&sample).into_iter().filter(|finding| finding.rule == "extension-suffix");
        found.map(|finding| (finding.severity, finding.member.unwrap_or_default())).collect()
    };
    let (right, wrong) = ("a.cpython-312-x86_64-linux-gnu.so", "b.cpython-311-x86_64-linux-gnu.so");
    assert_eq!(told(&[right, "b.abi3.so", "c.so"]), []);
    assert_eq!(told(&[wrong]), [(E, format!("codex_cli_bin/{wrong}"))]);
    assert_eq!(told(&[right, wrong]), [(W, format!("codex_cli_bin/{wrong}"))]);
    assert_eq!(told(&["b.cpython-312-x86_64-linux-gnu.so", wrong]), []);
}

#[test]
fn a_row_of_a_directory_is_called_one() {
    for (row, message) in [
        ("codex_cli_bin/,,", "RECORD lists a directory, and only files have rows"),
        ("codex_cli_bin/bin,,", "RECORD lists a directory, and only files have rows"),
        ("empty/,,", "RECORD lists a directory, and only files have rows"),
        ("codex_cli_bin/bi,,", "RECORD lists a file that is not in the wheel"),
    ] {
        let sample = linux().edit(|sample| sample.entries.insert(0, entry("empty/", "", 0o040_755)));
        let directory = scratch();
        let rows = sample.record(match row {
            "codex_cli_bin/,," => |record| record + "codex_cli_bin/,,\n",
            "codex_cli_bin/bin,," => |record| record + "codex_cli_bin/bin,,\n",
            "empty/,," => |record| record + "empty/,,\n",
            _ => |record| record + "codex_cli_bin/bi,,\n",
        });
        let found: Vec<_> = findings(&rows).into_iter().filter(|it| it.rule == "record-complete").collect();
        assert_eq!(found.iter().map(|it| it.message.as_str()).collect::<Vec<_>>(), [message], "{row}");
        let wheel = write(directory.path(), &rows.file_name, rows.build());
        let mut retag = relkit();
        let said =
            text(&run(retag.arg("retag").arg(wheel).args(["--honest", "--out-dir"]).arg(directory.path().join("out"))));
        assert_eq!(said.contains("it is a directory"), message.contains("directory"), "{said}");
    }
}

#[test]
fn an_attestation_must_be_about_the_file_beside_it() {
    use base64::Engine as _;
    let directory = tempfile::tempdir().unwrap();
    let sample = linux();
    let bytes = sample.build();
    std::fs::write(directory.path().join(&sample.file_name), &bytes).unwrap();
    let beside = directory.path().join(format!("{}.publish.attestation", sample.file_name));
    let attest = |digest: &str| {
        let statement =
            format!("{{\"subject\":[{{\"name\":\"{}\",\"digest\":{{\"sha256\":\"{digest}\"}}}}]}}", sample.file_name);
        let statement = base64::engine::general_purpose::STANDARD.encode(statement);
        std::fs::write(&beside, format!("{{\"envelope\":{{\"statement\":\"{statement}\"}}}}")).unwrap();
        findings_of(directory.path()).iter().map(|finding| finding.rule).collect::<Vec<_>>()
    };
    assert_eq!(attest(&relkit::digest::Sha256Digest::of(&bytes).to_string()), Vec::<&str>::new());
    assert_eq!(attest(&"0".repeat(64)), ["attestation"]);
}
