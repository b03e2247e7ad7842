//! Sets of files and source distributions, each with one defect, and the complete set without any.

use crate::check_support;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;

use crate::check_support::samples::{AMD64, ARM64, ElfSample, mac, pe, static_elf};
use crate::check_support::{INFO, Sample, entry, linux, runtime};
use relkit::check::{Family, Finding, Options, Selection, Severity, check, rules};
use relkit::product::{RuntimeProject, SdkProject};

const RUNTIME: &str = include_str!("../../runtime-template/pyproject.toml");
const SDK: &str = include_str!("../../sdk-template/pyproject.toml");
const E: Severity = Severity::Error;
const W: Severity = Severity::Warning;

fn findings_of(directory: &Path) -> Vec<Finding> {
    let (runtime, sdk) = (
        RuntimeProject::from_pyproject(RUNTIME, "pyproject.toml").unwrap(),
        SdkProject::from_pyproject(SDK, "pyproject.toml").unwrap(),
    );
    let selection = Selection::all();
    let paths = [directory.to_owned()];
    let report =
        check(&Options { paths: &paths, selection: &selection, runtime: &runtime, sdk: &sdk, release: None }).unwrap();
    report.files.into_iter().flat_map(|file| file.findings).collect()
}

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

/// Six wheels for the template's targets, and the SDK.
fn complete() -> Vec<Sample> {
    let elf = |machine| ElfSample { kind: 3, machine, flags_1: 0x0800_0000, ..static_elf() }.build();
    let both = |name: &str| {
        [format!("manylinux2014_{name}"), format!("manylinux_2_17_{name}"), format!("musllinux_1_1_{name}")]
    };
    let linux = |name: &str, machine, target: &str| {
        let tags = both(name);
        runtime(&tags.each_ref().map(String::as_str), target, "bin/codex", elf(machine))
    };
    vec![
        runtime(&["macosx_11_0_arm64"], "aarch64-apple-darwin", "bin/codex", mac(ARM64, 11, 0).build()),
        runtime(&["macosx_10_12_x86_64"], "x86_64-apple-darwin", "bin/codex", mac(AMD64, 10, 12).build()),
        linux("aarch64", 183, "aarch64-unknown-linux-musl"),
        linux("x86_64", 62, "x86_64-unknown-linux-musl"),
        runtime(&["win_arm64"], "aarch64-pc-windows-msvc", "bin/codex.exe", pe(0xaa64, &["KERNEL32.dll"], true)),
        runtime(&["win_amd64"], "x86_64-pc-windows-msvc", "bin/codex.exe", pe(0x8664, &["KERNEL32.dll"], true)),
        sdk(),
    ]
}

/// A source distribution of these files; each with a path, a type and a text (or the target of a link). The licence that
/// a PKG-INFO names lies beside it.
fn sdist(files: &[(&str, tar::EntryType, &str, u32)]) -> Vec<u8> {
    let directory = files.iter().find_map(|(path, ..)| path.strip_suffix("PKG-INFO"));
    let licence = directory.map(|directory| format!("{directory}LICENSE"));
    let licence = licence.as_ref().map(|path| (path.as_str(), F, "A licence\n", 0o644));
    let files: Vec<_> = files.iter().chain(&licence).collect();
    let mut builder = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default()));
    for (path, kind, text, mode) in files {
        let mut header = tar::Header::new_ustar();
        let path = latin_1(path);
        // Set by hand, because the library refuses unsafe paths.
        header.as_old_mut().name[..path.len()].copy_from_slice(&path);
        header.set_entry_type(*kind);
        header.set_mode(*mode);
        let data = if kind.is_file() {
            text.as_bytes()
        } else {
            header.set_link_name(text).unwrap();
            &[]
        };
        header.set_size(data.len() as u64);
        header.set_cksum();
        builder.append(&header, data).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

/// The bytes of a path; a letter outside of ASCII becomes one byte, which is not UTF-8.
fn latin_1(path: &str) -> Vec<u8> {
    path.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect()
}

const F: tar::EntryType = tar::EntryType::Regular;
const TOP: &str = "openai_codex_app_server_sdk-0.163.0";

fn sdk_sdist(with: &[(&str, tar::EntryType, &str, u32)]) -> Vec<u8> {
    let (information, project) = (format!("{TOP}/PKG-INFO"), format!("{TOP}/pyproject.toml"));
    let mut files = vec![(information.as_str(), F, SDK_METADATA, 0o644), (project.as_str(), F, "", 0o644)];
    files.extend(with);
    sdist(&files)
}

fn names(found: &[Finding]) -> BTreeSet<(&'static str, Severity)> {
    found.iter().map(|finding| (finding.rule, finding.severity)).collect()
}

#[test]
fn the_complete_set_has_no_finding_and_every_other_has_its_own() {
    type Edit = fn(&mut Vec<Sample>);
    let cases: Vec<(&str, Severity, &str, Edit)> = vec![
        ("", E, "complete", |_| {}),
        ("set-targets", E, "one wheel missing", |set| {
            set.remove(4);
        }),
        ("set-version", E, "one of another version", |set| {
            let older = &mut set[5];
            older.file_name = older.file_name.replace("0.163.0", "0.162.0");
            older.info = INFO.replace("0.163.0", "0.162.0");
            older.metadata = older.metadata.replace("0.163.0", "0.162.0");
            older.entries[1].data =
                String::from_utf8(older.entries[1].data.clone()).unwrap().replace("0.163.0", "0.162.0").into();
        }),
        ("sdk-pin", E, "a loose pin", |set| set[6].metadata = SDK_METADATA.replace("==0.163.0", ">=0.163.0")),
        ("sdk-pin", E, "a wildcard", |set| set[6].metadata = SDK_METADATA.replace("==0.163.0", "==0.163.*")),
        ("sdk-pin", E, "a range", |set| set[6].metadata = SDK_METADATA.replace("==0.163.0", "==0.163.0,<1")),
        ("sdk-pin", E, "arbitrary equality", |set| set[6].metadata = SDK_METADATA.replace("==0.163.0", "===0.163.0")),
        ("sdk-pin", E, "no version", |set| set[6].metadata = SDK_METADATA.replace("==0.163.0", "")),
        ("sdk-pin", E, "a marker", |set| {
            set[6].metadata = SDK_METADATA.replace("==0.163.0", "==0.163.0 ; sys_platform == 'linux'")
        }),
        ("sdk-pin", E, "another version", |set| set[6].metadata = SDK_METADATA.replace("==0.163.0", "==0.162.0")),
        ("sdk-pin", E, "no pin", |set| {
            set[6].metadata = SDK_METADATA.replace("Requires-Dist: openai-codex-cli-bin==0.163.0\n", "")
        }),
        ("sdk-pin", E, "two pins", |set| {
            set[6].metadata = SDK_METADATA
                .replace("Requires-Python", "Requires-Dist: openai_codex_cli_bin==0.163.0\nRequires-Python");
        }),
        ("sdk-pin", E, "an SDK of another version", |set| {
            set[6].file_name = set[6].file_name.replace("0.163.0", "0.164.0");
            set[6].info = set[6].info.replace("0.163.0", "0.164.0");
            set[6].metadata = SDK_METADATA.replace("\nVersion: 0.163.0", "\nVersion: 0.164.0");
        }),
        ("", E, "a post-release of the SDK", |set| {
            set[6].file_name = set[6].file_name.replace("0.163.0", "0.163.0.post1");
            set[6].info = set[6].info.replace("0.163.0", "0.163.0.post1");
            set[6].metadata = SDK_METADATA.replace("\nVersion: 0.163.0", "\nVersion: 0.163.0.post1");
        }),
        ("set-same-python", W, "line ends that differ", |set| set[3].entries[0].data = b"PATH = 'bin'\r\n".to_vec()),
        ("set-same-python", E, "a module that differs", |set| set[3].entries[0].data = b"PATH = 'lib'\n".to_vec()),
        ("set-same-python", E, "a module that is missing", |set| {
            set[3].entries.remove(0);
        }),
        ("set-same-python", E, "metadata that differs", |set| {
            set[3].metadata = set[3].metadata.replace("A program", "Another")
        }),
        ("set-dup-payload", W, "one payload under two names", |set| {
            let mut copy = set[3].clone();
            let tags = copy.file_name.clone();
            copy = copy.renamed("openai_codex_cli_bin-0.163.0-py3-none-musllinux_1_1_x86_64.whl");
            assert_ne!(copy.file_name, tags);
            set[3] = set[3]
                .clone()
                .renamed("openai_codex_cli_bin-0.163.0-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl");
            set.push(copy);
        }),
        ("set-tag-overlap", W, "one tag on two wheels", |set| {
            let mut copy = set[3].clone().renamed("openai_codex_cli_bin-0.163.0-py3-none-musllinux_1_1_x86_64.whl");
            copy.entries.push(entry("codex_cli_bin/more.txt", "", 0o100644));
            set.push(copy);
        }),
    ];
    let mut wrong = Vec::new();
    for (rule, severity, what, edit) in cases {
        let mut set = complete();
        edit(&mut set);
        let directory = tempfile::tempdir().unwrap();
        for sample in &set {
            std::fs::write(directory.path().join(&sample.file_name), sample.build()).unwrap();
        }
        let found = findings_of(directory.path());
        let expected = if rule.is_empty() { BTreeSet::new() } else { BTreeSet::from([(rule, severity)]) };
        if names(&found) != expected {
            wrong.push(format!("{what}: {found:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_six_published_tags_leave_glibc_out_and_that_is_said() {
    let directory = tempfile::tempdir().unwrap();
    for sample in complete() {
        let name = sample.file_name.clone();
        let alone = match name.find("manylinux2014") {
            None => sample,
            Some(_) => {
                let tag = if name.contains("aarch64") { "musllinux_1_1_aarch64" } else { "musllinux_1_1_x86_64" };
                sample.renamed(&format!("openai_codex_cli_bin-0.163.0-py3-none-{tag}.whl"))
            }
        };
        std::fs::write(directory.path().join(&alone.file_name), alone.build()).unwrap();
    }
    let found = findings_of(directory.path());
    assert_eq!(names(&found), BTreeSet::from([("set-coverage", W)]));
    assert!(found.iter().all(|finding| finding.message.contains("glibc Linux")), "{found:#?}");
}

#[test]
fn a_wheel_alone_is_no_incomplete_set() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join(linux().file_name), linux().build()).unwrap();
    assert_eq!(findings_of(directory.path()), []);
}

#[test]
fn source_distributions_have_their_own_rules() {
    use tar::EntryType as Type;
    let inside = |name: &str| format!("{TOP}/{name}");
    let good = sdk_sdist(&[]);
    let file_name = format!("{TOP}.tar.gz");
    let mut padded = good.clone();
    padded.extend(b"more");
    let mut cut = sdk_sdist(&[]);
    cut.truncate(cut.len() / 2);
    let project = |text: &str| {
        sdist(&[(&inside("PKG-INFO"), F, SDK_METADATA, 0o644), (&inside("pyproject.toml"), F, text, 0o644)])
    };
    let cases: Vec<(&str, Severity, &str, Vec<u8>)> = vec![
        ("", E, &file_name, good.clone()),
        ("", E, &file_name, project("[project]\nname = \"Openai_Codex-app-server-sdk\"\nversion = \"0.163\"\n")),
        ("sdist-readable", E, &file_name, b"not compressed".to_vec()),
        ("sdist-readable", E, &file_name, Vec::new()),
        ("sdist-readable", E, &file_name, padded),
        ("sdist-ratio", E, &file_name, {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            let (path, zeros) = (inside("zeros"), vec![0; 1 << 20]);
            let mut header = tar::Header::new_ustar();
            header.set_path(path).unwrap();
            header.set_size(200 << 20);
            header.set_mode(0o644);
            header.set_cksum();
            encoder.write_all(header.as_bytes()).unwrap();
            (0..200).for_each(|_| encoder.write_all(&zeros).unwrap());
            encoder.finish().unwrap()
        }),
        ("sdist-top", E, &file_name, sdk_sdist(&[("other/file.py", F, "", 0o644)])),
        ("sdist-path", E, &file_name, sdk_sdist(&[("../escape.py", F, "", 0o644)])),
        ("sdist-path", E, &file_name, sdk_sdist(&[("/etc/escape", F, "", 0o644)])),
        ("sdist-path", E, &file_name, sdk_sdist(&[(&inside("PKG-INFO"), F, "", 0o644)])),
        ("sdist-path", E, &file_name, sdk_sdist(&[(&inside("é.py"), F, "", 0o644)])),
        ("sdist-entry", E, &file_name, sdk_sdist(&[(&inside("link"), Type::Symlink, "../../etc", 0o644)])),
        ("sdist-entry", E, &file_name, sdk_sdist(&[(&inside("link"), Type::Link, "etc", 0o644)])),
        ("sdist-entry", E, &file_name, sdk_sdist(&[(&inside("pipe"), Type::Fifo, "x", 0o644)])),
        ("sdist-entry", E, &file_name, sdk_sdist(&[(&inside("a.py"), F, "", 0o666)])),
        ("sdist-pyproject", W, &file_name, sdist(&[(&inside("PKG-INFO"), F, SDK_METADATA, 0o644)])),
        ("sdist-pyproject", E, &file_name, project("[project\n")),
        ("sdist-pyproject", E, &file_name, project("[project]\nversion = \"0.162.0\"\n")),
        ("sdist-pyproject", E, &file_name, project("[project]\nname = \"other\"\n")),
        ("sdist-leftover", E, &file_name, sdk_sdist(&[(&inside("src/__pycache__/a.cpython-311.pyc"), F, "", 0o644)])),
        ("sdist-leftover", E, &file_name, sdk_sdist(&[(&inside("a.pyc"), F, "", 0o644)])),
        ("sdist-leftover", E, &file_name, sdk_sdist(&[(&inside(".env"), F, "TOKEN=x", 0o600)])),
        (
            "licence-file",
            E,
            &file_name,
            sdist(&[
                (
                    &inside("PKG-INFO"),
                    F,
                    &SDK_METADATA.replace("\nRequires-Dist", "\nLicense-File: NOTICE\nRequires-Dist"),
                    0o644,
                ),
                (&inside("pyproject.toml"), F, "", 0o644),
            ]),
        ),
        ("meta-present", E, &file_name, sdist(&[(&inside("pyproject.toml"), F, "", 0o644)])),
        ("name-parse", E, "sdk.tar.gz", good.clone()),
        (
            "sdk-pin",
            E,
            &file_name,
            sdist(&[
                (&inside("PKG-INFO"), F, &SDK_METADATA.replace("==0.163.0", ">=0.163.0"), 0o644),
                (&inside("pyproject.toml"), F, "", 0o644),
            ]),
        ),
    ];
    let mut wrong = Vec::new();
    for (rule, severity, name, bytes) in &cases {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join(name), bytes).unwrap();
        let found = findings_of(directory.path());
        let expected = if rule.is_empty() { BTreeSet::new() } else { BTreeSet::from([(*rule, *severity)]) };
        if names(&found) != expected {
            wrong.push(format!("{rule}: {found:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let tested: BTreeSet<_> = cases.iter().map(|case| case.0).collect();
    assert!(rules().filter(|rule| rule.family == Family::Sdist).all(|rule| tested.contains(rule.name)));
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join(&file_name), cut).unwrap();
    assert!(findings_of(directory.path()).iter().any(|finding| finding.rule == "sdist-readable"));
}

#[test]
fn a_runtime_has_no_source_distribution() {
    let directory = tempfile::tempdir().unwrap();
    let top = "openai_codex_cli_bin-0.163.0";
    let files = [
        (format!("{top}/PKG-INFO"), check_support::METADATA.to_owned()),
        (format!("{top}/pyproject.toml"), String::new()),
    ];
    let files = files.each_ref().map(|(path, text)| (path.as_str(), F, text.as_str(), 0o644));
    std::fs::write(directory.path().join(format!("{top}.tar.gz")), sdist(&files)).unwrap();
    assert_eq!(names(&findings_of(directory.path())), BTreeSet::from([("set-no-sdist", E)]));
}
