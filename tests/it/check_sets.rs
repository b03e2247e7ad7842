//! Sets of files and source distributions, each with one defect, and the complete set without any.

use std::collections::BTreeSet;

use relkit::check::{Family, Severity};

use crate::samples::archive::{EntryType, TarMember, entry, gzip, tar};
use crate::samples::binary::program;
use crate::samples::wheel::{METADATA, Sample, linux, runtime};
use crate::support::check::{E, W, assert_every_rule_has_a_case, findings_in, names};
use crate::support::targets::TARGETS;
use crate::support::{json, relkit, run, text, write};

const SDK_METADATA: &str = "Metadata-Version: 2.4\nName: openai-codex-app-server-sdk\nVersion: 0.163.0\nSummary: An SDK\n\
    License-Expression: Apache-2.0\nLicense-File: LICENSE\nRequires-Python: >=3.10\n\
    Requires-Dist: openai-codex-cli-bin==0.163.0\nDescription-Content-Type: text/markdown\n\n# An SDK\n";

fn sdk() -> Sample {
    Sample {
        file_name: "openai_codex_app_server_sdk-0.163.0-py3-none-any.whl".into(),
        info: "openai_codex_app_server_sdk-0.163.0.dist-info".into(),
        metadata: SDK_METADATA.into(),
        wheel: "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n".into(),
        entries: vec![entry("codex_app_server/__init__.py", "", 0o100644)],
        ..linux()
    }
}

/// Wheels for the template's targets, the six that tests name first, and the SDK at place 6.
fn complete() -> Vec<Sample> {
    let wheel = |tags: &[&str], target: &str| {
        let executable = if target.contains("windows") { "bin/codex.exe" } else { "bin/codex" };
        runtime(tags, target, executable, program(target))
    };
    let linux = |name: &str| {
        let tags = ["manylinux2014", "manylinux_2_17", "musllinux_1_1"].map(|floor| format!("{floor}_{name}"));
        wheel(&tags.each_ref().map(String::as_str), &format!("{name}-unknown-linux-musl"))
    };
    let mut set = vec![
        wheel(&["macosx_11_0_arm64"], "aarch64-apple-darwin"),
        wheel(&["macosx_10_12_x86_64"], "x86_64-apple-darwin"),
        linux("aarch64"),
        linux("x86_64"),
        wheel(&["win_arm64"], "aarch64-pc-windows-msvc"),
        wheel(&["win_amd64"], "x86_64-pc-windows-msvc"),
        sdk(),
    ];
    for (target, tags, _) in TARGETS.iter() {
        if set.iter().all(|sample| !sample.is_for(target)) {
            set.push(wheel(&tags.split('.').collect::<Vec<_>>(), target));
        }
    }
    set
}

/// The complete set, changed.
fn set(edit: impl Fn(&mut Vec<Sample>)) -> Vec<Sample> {
    let mut set = complete();
    edit(&mut set);
    set
}

/// Rules that only the gate holds find nothing here, which must not look like a distribution without fault.
#[test]
fn rules_of_the_gate_alone_are_no_check() {
    let directory = tempfile::tempdir().unwrap();
    let sample = linux();
    std::fs::write(directory.path().join(&sample.file_name), sample.build()).unwrap();
    let check = |rules: &str| run(relkit().arg("check").arg(directory.path()).args(["--select", rules]));
    for rules in ["release", "receipt", "receipt-missing", "embedded-version", "release,receipt", "sdk-one,sdk-types"] {
        let output = check(rules);
        let said = text(&output);
        assert!(output.status.code() == Some(2) && output.stdout.is_empty(), "{rules}: {said}");
        assert!(said.contains("hint: ") && said.contains("`relkit verify"), "{rules}: {said}");
    }
    for rules in ["release,archive", "sdk-pin"] {
        assert_eq!(check(rules).status.code(), Some(0), "{rules}");
    }
}

/// The files of a set.
fn built(set: &[Sample]) -> Vec<(&str, Vec<u8>)> {
    set.iter().map(|sample| (sample.file_name.as_str(), sample.build())).collect()
}

const TOP: &str = "openai_codex_app_server_sdk-0.163.0";

fn file(path: &str, text: &str) -> TarMember {
    TarMember::file(path, text)
}

/// A file inside the top directory of the SDK.
fn inside(name: &str, text: &str) -> TarMember {
    file(&format!("{TOP}/{name}"), text)
}

/// A source distribution of these members; the licence that a PKG-INFO names lies beside it.
fn sdist(members: &[TarMember]) -> Vec<u8> {
    let directory = members.iter().find_map(|member| member.name.strip_suffix(b"PKG-INFO"));
    let licence = directory.map(|directory| TarMember::file([directory, b"LICENSE"].concat(), "A licence\n"));
    gzip(&tar(&members.iter().cloned().chain(licence).collect::<Vec<_>>()))
}

/// The SDK's, with this PKG-INFO and pyproject.toml.
fn sdist_of(information: &str, project: &str) -> Vec<u8> {
    sdist(&[inside("PKG-INFO", information), inside("pyproject.toml", project)])
}

/// The SDK's, with one member more.
fn sdist_with(member: TarMember) -> Vec<u8> {
    sdist(&[inside("PKG-INFO", SDK_METADATA), inside("pyproject.toml", ""), member])
}

/// Fails with every case in which another rule speaks than the one that is named; none speaks where none is.
fn assert_each_is_found<'a>(cases: impl Iterator<Item = (&'static str, Severity, &'a str, Vec<(&'a str, Vec<u8>)>)>) {
    let mut wrong = Vec::new();
    for (rule, severity, what, files) in cases {
        let found = findings_in(&files);
        let expected = if rule.is_empty() { BTreeSet::new() } else { BTreeSet::from([(rule, severity)]) };
        if names(&found) != expected {
            wrong.push(format!("{rule}, {what}: {found:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Warnings stand first in each, more of them than are listed.
#[test]
fn no_number_of_warnings_hides_an_error() {
    let many = 60;
    let link = |name: &str, target: &str| TarMember::special(format!("{TOP}/{name}"), EntryType::Symlink, target);
    let links = (0..many).map(|place| link(&format!("near-{place:02}"), "README.md"));
    let sdist = sdist(
        &[inside("PKG-INFO", SDK_METADATA)]
            .into_iter()
            .chain(links)
            .chain([link("z", "../../../etc/passwd")])
            .collect::<Vec<_>>(),
    );
    let wheel =
        (0..many).fold(linux(), |wheel, place| wheel.and(&format!("codex_cli_bin/bin/a{place:02}"), "", 0o100755));
    let wheel = wheel.and("codex_cli_bin/lib.so", "", 0o100644);
    for (rule, files) in [
        ("sdist-entry", vec![("openai_codex_app_server_sdk-0.163.0.tar.gz", sdist)]),
        ("payload-empty", vec![(wheel.file_name.as_str(), wheel.build())]),
    ] {
        let found = findings_in(&files);
        let of = |severity| found.iter().filter(move |finding| (finding.rule, finding.severity) == (rule, severity));
        assert_eq!((of(E).count(), of(W).count()), (1, 50), "{rule}: {found:#?}");
        assert!(
            of(W).any(|finding| finding.message.ends_with("(and 10 more findings of this rule)")),
            "{rule}: {found:#?}"
        );
    }
}

#[test]
fn the_complete_set_has_no_finding_and_every_other_has_its_own() {
    let pinned = |from: &str, to: &str| set(|set| set[6].metadata = SDK_METADATA.replace(from, to));
    let pin = |to: &str| pinned("==0.163.0", to);
    let sdk_of = |version: &str| {
        set(|set| {
            set[6].file_name = set[6].file_name.replace("0.163.0", version);
            set[6].info = set[6].info.replace("0.163.0", version);
            set[6].metadata = SDK_METADATA.replace("\nVersion: 0.163.0", &format!("\nVersion: {version}"));
        })
    };
    let python = |text: &str| set(|set| set[3].entries[0].data = text.into());
    let cases = [
        ("", E, "complete", complete()),
        ("set-targets", E, "one wheel missing", set(|set| drop(set.remove(4)))),
        ("set-version", E, "one of another version", set(|set| set[5] = set[5].clone().of_version("0.162.0"))),
        ("sdk-pin", E, "a loose pin", pin(">=0.163.0")),
        ("sdk-pin", E, "a wildcard", pin("==0.163.*")),
        ("sdk-pin", E, "a range", pin("==0.163.0,<1")),
        ("sdk-pin", E, "arbitrary equality", pin("===0.163.0")),
        ("sdk-pin", E, "no version", pin("")),
        ("sdk-pin", E, "a marker", pin("==0.163.0 ; sys_platform == 'linux'")),
        ("sdk-pin", E, "another version", pin("==0.162.0")),
        ("sdk-pin", E, "no pin", pinned("Requires-Dist: openai-codex-cli-bin==0.163.0\n", "")),
        (
            "sdk-pin",
            E,
            "two pins",
            pinned("Requires-Python", "Requires-Dist: openai_codex_cli_bin==0.163.0\nRequires-Python"),
        ),
        ("sdk-pin", E, "an SDK of another version", sdk_of("0.164.0")),
        ("", E, "a post-release of the SDK", sdk_of("0.163.0.post1")),
        ("set-same-python", W, "line ends that differ", python("PATH = 'bin'\r\n")),
        ("set-same-python", E, "a module that differs", python("PATH = 'lib'\n")),
        ("set-same-python", E, "a module that is missing", set(|set| drop(set[3].entries.remove(0)))),
        (
            "set-same-python",
            E,
            "metadata that differs",
            set(|set| set[3].metadata = set[3].metadata.replace("A program", "Another")),
        ),
        (
            "set-same-python",
            W,
            "metadata with other line ends",
            set(|set| set[3].metadata = set[3].metadata.replace('\n', "\r\n")),
        ),
        (
            "set-dup-payload",
            W,
            "one payload under two names",
            set(|set| {
                let tagged =
                    |tags: &str| set[3].clone().renamed(&format!("openai_codex_cli_bin-0.163.0-py3-none-{tags}.whl"));
                let (one, other) =
                    (tagged("manylinux2014_x86_64.manylinux_2_17_x86_64"), tagged("musllinux_1_1_x86_64"));
                set[3] = one;
                set.push(other);
            }),
        ),
        (
            "set-tag-overlap",
            W,
            "one tag on two wheels",
            set(|set| {
                let copy = set[3].clone().renamed("openai_codex_cli_bin-0.163.0-py3-none-musllinux_1_1_x86_64.whl");
                set.push(copy.and("codex_cli_bin/more.txt", "", 0o100644));
            }),
        ),
    ];
    assert_each_is_found(cases.iter().map(|(rule, severity, what, set)| (*rule, *severity, *what, built(set))));
    // These have tests of their own below.
    let elsewhere = ["set-coverage", "set-no-sdist"];
    assert_every_rule_has_a_case(&[Family::Set], cases.iter().map(|case| case.0).chain(elsewhere));
}

#[test]
fn the_six_published_tags_leave_glibc_out_and_that_is_said() {
    let alone = complete().into_iter().map(|sample| match sample.file_name.find("manylinux2014") {
        None => sample,
        Some(at) => {
            let architecture = if sample.file_name[at..].contains("aarch64") { "aarch64" } else { "x86_64" };
            sample.renamed(&format!("openai_codex_cli_bin-0.163.0-py3-none-musllinux_1_1_{architecture}.whl"))
        }
    });
    let found = findings_in(&built(&alone.collect::<Vec<_>>()));
    assert_eq!(names(&found), BTreeSet::from([("set-coverage", W)]));
    assert!(found.iter().all(|finding| finding.message.contains("glibc Linux")), "{found:#?}");
}

#[test]
fn a_wheel_alone_is_no_incomplete_set() {
    assert_eq!(findings_in(&built(&[linux()])), []);
}

#[test]
fn source_distributions_have_their_own_rules() {
    let good = sdist_of(SDK_METADATA, "");
    let file_name = format!("{TOP}.tar.gz");
    let link = |kind, target: &str| sdist_with(TarMember::special(format!("{TOP}/link"), kind, target));
    let mode = |name: &str, mode| sdist_with(TarMember { mode, ..inside(name, "TOKEN=x") });
    let zeros = TarMember::file(format!("{TOP}/zeros"), vec![0; 200 << 20]);
    let unnamed = SDK_METADATA.replace("\nRequires-Dist", "\nLicense-File: NOTICE\nRequires-Dist");
    let cases = [
        ("", E, good.clone()),
        ("", E, sdist_of(SDK_METADATA, "[project]\nname = \"Openai_Codex-app-server-sdk\"\nversion = \"0.163\"\n")),
        ("sdist-readable", E, b"not compressed".to_vec()),
        ("sdist-readable", E, Vec::new()),
        ("sdist-readable", E, [&good[..], b"more"].concat()),
        // Its end is missing too, so that only the ratio can be found.
        ("sdist-ratio", E, gzip(&tar(&[zeros])[..(200 << 20) + 512])),
        ("sdist-top", E, sdist_with(file("other/file.py", ""))),
        ("sdist-path", E, sdist_with(file("../escape.py", ""))),
        ("sdist-path", E, sdist_with(file("/etc/escape", ""))),
        ("sdist-path", E, sdist_with(inside("PKG-INFO", ""))),
        // One byte outside of ASCII is not UTF-8.
        ("sdist-path", E, sdist_with(TarMember::file([TOP.as_bytes(), b"/\xe9.py"].concat(), ""))),
        ("sdist-entry", E, link(EntryType::Symlink, "../../etc")),
        ("sdist-entry", E, link(EntryType::Link, "etc")),
        ("sdist-entry", E, link(EntryType::Fifo, "x")),
        ("sdist-entry", W, mode("a.py", 0o666)),
        ("sdist-entry", W, link(EntryType::Symlink, "pyproject.toml")),
        ("sdist-path", E, sdist_with(inside("a\u{1b}[31mb.py", ""))),
        ("sdist-path", E, sdist_with(inside("a\u{202e}b.py", ""))),
        ("sdist-path", E, sdist_with(inside("a\u{200b}b.py", ""))),
        ("sdist-pyproject", E, sdist(&[inside("PKG-INFO", SDK_METADATA)])),
        ("sdist-pyproject", W, sdist(&[inside("PKG-INFO", SDK_METADATA), inside("setup.py", "")])),
        ("sdist-pyproject", E, sdist_of(SDK_METADATA, "[project\n")),
        ("sdist-pyproject", E, sdist_of(SDK_METADATA, "[project]\nversion = \"0.162.0\"\n")),
        ("sdist-pyproject", E, sdist_of(SDK_METADATA, "[project]\nname = \"other\"\n")),
        ("sdist-leftover", W, sdist_with(inside("src/__pycache__/a.cpython-311.pyc", ""))),
        ("sdist-leftover", W, sdist_with(inside("a.pyc", ""))),
        ("sdist-leftover", E, mode(".env", 0o600)),
        ("licence-file", E, sdist_of(&unnamed, "")),
        ("meta-present", E, sdist(&[inside("pyproject.toml", "")])),
        ("sdk-pin", E, sdist_of(&SDK_METADATA.replace("==0.163.0", ">=0.163.0"), "")),
    ];
    let named = cases.iter().map(|(rule, severity, bytes)| (*rule, *severity, file_name.as_str(), bytes));
    let all = named.chain([("name-parse", E, "sdk.tar.gz", &good)]);
    assert_each_is_found(all.map(|(rule, severity, name, bytes)| (rule, severity, name, vec![(name, bytes.clone())])));
    assert_every_rule_has_a_case(&[Family::Sdist], cases.iter().map(|case| case.0));
    let found = findings_in(&[(&file_name, good[..good.len() / 2].to_vec())]);
    assert!(found.iter().any(|finding| finding.rule == "sdist-readable"));
}

#[test]
fn a_runtime_has_no_source_distribution() {
    let top = "openai_codex_cli_bin-0.163.0";
    let members = [file(&format!("{top}/PKG-INFO"), METADATA), file(&format!("{top}/pyproject.toml"), "")];
    let found = findings_in(&[(&format!("{top}.tar.gz"), sdist(&members))]);
    assert_eq!(names(&found), BTreeSet::from([("set-no-sdist", E)]));
}

/// However it is spelled, one file is one.
#[cfg(unix)]
#[test]
fn a_file_of_several_paths_is_checked_once() {
    let directory = tempfile::tempdir().unwrap();
    let dist = directory.path().join("dist");
    std::fs::create_dir(&dist).unwrap();
    std::os::unix::fs::symlink("dist", directory.path().join("link")).unwrap();
    let sample = linux();
    let whole = write(&dist, &sample.file_name, sample.build());
    let spelled = ["dist/", "./dist/", "dist/../dist/", "link/"].map(|place| format!("{place}{}", sample.file_name));
    let mut check = relkit();
    check.arg("check").args(&spelled).arg(&whole).args(["dist", "--format", "json"]).current_dir(directory.path());
    let report = json(&run(&mut check));
    assert_eq!(report["files"].as_array().unwrap().len(), 1, "{report:#}");
    assert_eq!(report["files"][0]["path"], *spelled[0], "{report:#}");
}
