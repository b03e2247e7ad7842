//! The gate on sets of small wheels, built by relkit for every target: the complete set passes, and every other is
//! refused with its own code and its own words, all problems at once.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use relkit::build::writer::Options;
use relkit::build::{build, read_stages};
use relkit::check::Family;
use relkit::console::Progress;
use relkit::digest::Sha256Digest;
use relkit::fs::Existing;
use relkit::gate::Problem;
use relkit::product::{Accepted, AcceptedOf};
use relkit::stage::{self, stage_runtime, stage_sdk};
use serde_json::{Value, json};

use crate::samples::{
    self,
    binary::{glibc_elf, program},
};
use crate::support::check::{assert_every_rule_has_a_case, projects};
use crate::support::stages::{built_in, release, request};
use crate::support::targets::{TARGETS, others, row};
use crate::support::{self, Tools, digest, names, read_json, relkit, replace, repository, run, succeed, text};

/// The version that the SDK's types were generated from.
const VERSION: &str = "0.163.0";
const LINUX: &str = "manylinux_2_17_x86_64.musllinux_1_1_x86_64";
const LINUX_MUSL: &str = "x86_64-unknown-linux-musl";
const WINDOWS: &str = "x86_64-pc-windows-msvc";
const WINDOWS_ARM: &str = "aarch64-pc-windows-msvc";

fn build_into(dist: &Path, stage: &Path) {
    for staged in read_stages(&[stage.to_owned()]).unwrap() {
        build(&staged, dist, &Options::default(), &Progress::hidden()).unwrap();
    }
}

/// Stages and builds the runtime of one target; `edit` may change the stage in between.
fn runtime(dist: &Path, target: &str, tag: &str, version: &str, program: &[u8], edit: impl Fn(&Path)) {
    let scratch = tempfile::tempdir().unwrap();
    let (payload, out) = (scratch.path().join("codex"), scratch.path().join("stage"));
    fs::write(&payload, program).unwrap();
    let request = stage::runtime::Options {
        release: release(version),
        platform_tag: Some(tag.parse().unwrap()),
        ..request(&out, &payload)
    };
    let staged = stage_runtime(&request, &Progress::hidden()).unwrap();
    assert_eq!(staged.target.unwrap().to_string(), target);
    edit(&out);
    build_into(dist, &out);
}

/// Stages and builds the SDK, wheel and sdist; `edit` may change the stage in between.
fn sdk(dist: &Path, codex: &str, version: &str, edit: impl Fn(&Path)) {
    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().join("stage");
    let release = release(codex);
    let request = stage::sdk::Options {
        sdk: built_in().sdk.as_ref().unwrap(),
        out: out.clone(),
        version: release.sdk_version(version).unwrap(),
        release,
        existing: Existing::Refuse,
    };
    stage_sdk(&request).unwrap();
    edit(&out);
    build_into(dist, &out);
}

/// A set of a release, in a directory of its own.
struct Set {
    root: tempfile::TempDir,
}

impl Set {
    fn of_version(version: &str, types: &str) -> Self {
        let set = Self { root: tempfile::tempdir().unwrap() };
        for (target, tag, _) in TARGETS.iter().copied() {
            runtime(&set.dist(), target, tag, version, &program(target), |_| {});
        }
        sdk(&set.dist(), version, version, |stage| {
            let header = stage.join("src/codex_app_server/generated/__init__.py");
            replace(&header, &format!("RUNTIME_VERSION = \"{VERSION}\""), &format!("RUNTIME_VERSION = \"{types}\""));
        });
        set
    }

    /// A copy of the complete set, which is built once.
    fn complete() -> Self {
        static COMPLETE: OnceLock<Set> = OnceLock::new();
        let complete = COMPLETE.get_or_init(|| Self::of_version(VERSION, VERSION));
        let set = Self { root: tempfile::tempdir().unwrap() };
        fs::create_dir(set.dist()).unwrap();
        for name in complete.names() {
            fs::copy(complete.dist().join(&name), set.dist().join(&name)).unwrap();
        }
        set
    }

    fn dist(&self) -> PathBuf {
        self.root.path().join("dist")
    }

    fn names(&self) -> Vec<String> {
        names(&self.dist())
    }

    fn wheel(&self, tag: &str) -> PathBuf {
        self.dist().join(format!("openai_codex_cli_bin-{VERSION}-py3-none-{tag}.whl"))
    }

    fn without_sdk(&self) {
        for name in self.names().iter().filter(|name| name.contains("sdk")) {
            fs::remove_file(self.dist().join(name)).unwrap();
        }
    }

    /// The SDK with one text of its staged `pyproject.toml` replaced.
    fn with_sdk(self, from: &str, to: &str) -> Self {
        self.without_sdk();
        sdk(&self.dist(), VERSION, VERSION, |stage| replace(&stage.join("pyproject.toml"), from, to));
        self
    }

    /// One passing receipt for each wheel, from a machine of its platform.
    fn receipts(&self) -> PathBuf {
        let directory = self.root.path().join("receipts");
        fs::create_dir_all(&directory).unwrap();
        for (_, tag, platform) in TARGETS.iter().copied() {
            self.receipt(&directory, tag, &json!({ "platform": platform }));
        }
        directory
    }

    fn receipt(&self, directory: &Path, tag: &str, edit: &Value) {
        let path = self.wheel(tag);
        let name = path.file_name().unwrap().to_str().unwrap();
        let sha256 = digest(&path).to_string();
        let mut receipt = json!({
            "schema_version": 1, "outcome": "passed", "level": "turn", "wheel": {"name": name, "sha256": sha256},
            "version": VERSION, "platform": "linux-x86_64", "stderr_tail": "",
            "steps": [{"name": "version", "outcome": "passed", "milliseconds": 3, "detail": "codex-cli 0.163.0"}],
        });
        for (key, value) in edit.as_object().unwrap() {
            receipt[key] = value.clone();
        }
        fs::write(directory.join(format!("{tag}.json")), receipt.to_string()).unwrap();
    }

    /// The exit code and the report of `verify`.
    fn verify(&self, version: &str, arguments: &[&str]) -> (i32, Value) {
        let mut command = relkit();
        command.arg("verify").arg(self.dist()).args(["--codex-version", version, "--format", "json"]).args(arguments);
        let output = run(&mut command);
        let report = support::json(&output);
        assert!(output.stderr.is_empty(), "{}", text(&output));
        (output.status.code().unwrap(), report)
    }

    #[track_caller]
    fn passes(&self, version: &str, arguments: &[&str]) -> Value {
        let (code, report) = self.verify(version, arguments);
        assert_eq!((code, &report["outcome"]), (0, &json!("passed")), "{:#}", report["problems"]);
        assert_eq!(report["problems"], json!([]));
        report
    }

    /// Exactly these problems: code and words, in any order.
    #[track_caller]
    fn fails(&self, arguments: &[&str], expected: &[(&str, &str)]) -> Value {
        let (code, report) = self.verify(VERSION, arguments);
        assert_eq!((code, &report["outcome"]), (1, &json!("failed")));
        let problems = report["problems"].as_array().unwrap();
        for (code, words) in expected {
            let found = problems
                .iter()
                .any(|problem| problem["code"] == *code && problem["message"].as_str().unwrap().contains(words));
            assert!(found, "{code}: {words}\n{problems:#?}");
        }
        let unexpected: Vec<_> =
            problems.iter().filter(|problem| !expected.iter().any(|(code, _)| problem["code"] == *code)).collect();
        assert!(unexpected.is_empty(), "{unexpected:#?}");
        for problem in problems {
            // As the rule's page has it: a sentence.
            assert!(problem["help"].as_str().is_some_and(|help| help.starts_with(char::is_uppercase)), "{problem}");
        }
        report
    }
}

#[test]
fn the_complete_set_passes_and_its_manifest_is_the_report() {
    let set = Set::complete();
    let manifest = set.root.path().join("release.json");
    let receipts = set.receipts();
    let arguments = ["--receipts", receipts.to_str().unwrap(), "--manifest", manifest.to_str().unwrap(), "--quiet"];
    let report = set.passes("rust-v0.163.0", &arguments);
    assert_eq!(report["schema_version"], 1);
    assert_eq!(report["codex_version"], VERSION);
    let files = report["files"].as_array().unwrap();
    // The SDK is a wheel and an sdist.
    assert_eq!(files.len(), TARGETS.len() + 2);
    for file in files {
        let path = set.dist().join(file["name"].as_str().unwrap());
        let bytes = fs::read(&path).unwrap();
        assert_eq!(file["sha256"], Sha256Digest::of(&bytes).to_string());
        assert_eq!(file["bytes"], bytes.len());
        assert_eq!(file["version"], VERSION);
        if file["role"] == "runtime-wheel" {
            assert!(TARGETS.iter().any(|(target, ..)| file["target"] == *target), "{file}");
            assert_eq!(file["receipts"].as_array().unwrap().len(), 1, "{file}");
        }
    }
    let floor = files.iter().find(|file| file["target"] == "x86_64-apple-darwin").unwrap();
    let accepted = floor["findings"].as_array().unwrap().iter().find(|finding| finding["rule"] == "macho-minos");
    assert!(accepted.unwrap()["accepted"].as_str().unwrap().contains("published promise"));
    let written = read_json(&manifest);
    assert_eq!(written, report);
    // Read back, it is the release; any other release differs from it.
    let read = relkit::gate::read_manifest(&manifest).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), report);
    assert_eq!(relkit::gate::differences(&read, &read), Vec::<String>::new());
    let mut other = read.clone();
    other.files[0].sha256 = Sha256Digest::of(b"");
    other.files[1].name = "else.whl".into();
    let differences = relkit::gate::differences(&read, &other);
    assert_eq!(differences.len(), 3, "{differences:?}");
}

/// However much a killed run left behind, what does not belong there is found.
#[test]
fn no_number_of_warnings_hides_a_problem() {
    let set = Set::complete();
    for place in 0..60 {
        fs::write(set.dist().join(format!(".x.relkit-1234-1795765668-abcd{place:02}")), "").unwrap();
    }
    fs::write(set.dist().join("zz.exe"), "x").unwrap();
    set.fails(&[], &[("unknown-file", "`zz.exe`")]);
}

#[test]
fn good_sets_of_other_kinds_pass() {
    // A pre-release and a second release of a pre-release, in both spellings of the version.
    let set = Set::of_version("0.116.0a1", "0.116.0a1");
    set.passes("0.116.0a1", &[]);
    set.passes("rust-v0.116.0-alpha.1", &[]);
    let set = Set::of_version("0.154.0a1.post2", "0.154.0a1.post2");
    set.passes("rust-v0.154.0-alpha.1.2", &[]);
    // A post-release of the SDK pins the runtime's release.
    let set = Set::complete();
    set.without_sdk();
    sdk(&set.dist(), VERSION, "0.163.0.post1", |_| {});
    set.passes(VERSION, &[]);
    // Neither the sdist of the SDK nor an attestation is asked for.
    fs::remove_file(set.dist().join("openai_codex_app_server_sdk-0.163.0.post1.tar.gz")).unwrap();
    fs::write(set.dist().join("openai_codex_app_server_sdk-0.163.0.post1-py3-none-any.whl.publish.attestation"), "{}")
        .unwrap();
    set.passes(VERSION, &[]);
    // A build for glibc serves the Linux target too.
    let (target, tag, _) = row(LINUX_MUSL);
    fs::remove_file(set.wheel(tag)).unwrap();
    let program = glibc_elf().build();
    runtime(&set.dist(), target, "manylinux_2_17_x86_64", VERSION, &program, |_| {});
    set.passes(VERSION, &[]);
    // A target that is absent on purpose.
    fs::remove_file(set.wheel("win_arm64")).unwrap();
    set.passes(VERSION, &["--allow-missing", "aarch64-pc-windows-msvc"]);
}

#[test]
fn a_set_that_another_tool_built_from_the_stages_passes() {
    if !relkit::fs::KEEPS_MODES {
        return eprintln!("not run: the other tool takes the modes of a wheel from execute bits");
    }
    let Some(tools) = Tools::of_wheels() else { return };
    let set = Set::complete();
    set.without_sdk();
    let python = |stage: &Path, flags: &[&str]| drop(succeed(&mut tools.build(stage, flags, &set.dist())));
    for (target, tag, _) in TARGETS.iter().copied() {
        fs::remove_file(set.wheel(tag)).unwrap();
        let aside = set.root.path().join("aside");
        runtime(&aside, target, tag, VERSION, &program(target), |stage| python(stage, &["--wheel"]));
    }
    sdk(&set.root.path().join("aside"), VERSION, VERSION, |stage| python(stage, &["--wheel", "--sdist"]));
    assert_eq!(set.names().len(), TARGETS.len() + 2);
    set.passes(VERSION, &[]);
}

/// A template of the repository with every text of `names` replaced in its `pyproject.toml`.
fn template(name: &str, to: &Path, names: &[(&str, &str)]) {
    let from = repository().join(name);
    for file in relkit::fs::walk(&from).unwrap() {
        let is_part = file.relative.starts_with("src/") && !file.relative.contains("__pycache__");
        if is_part || !file.relative.contains('/') {
            let target = to.join(&file.relative);
            fs::create_dir_all(target.parent().unwrap()).unwrap();
            fs::copy(&file.path, target).unwrap();
        }
    }
    for (from, to_name) in names {
        replace(&to.join("pyproject.toml"), from, to_name);
    }
}

#[test]
fn a_renamed_product_is_verified_by_its_own_templates() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    let runtime_names = [("openai-codex-cli-bin", "mytool-bin"), ("codex_cli_bin", "mytool_bin")];
    let sdk_names = [("distribution = \"openai-codex-app-server-sdk\"", "distribution = \"mytool-sdk\"")];
    template("runtime-template", &at("runtime-template"), &runtime_names);
    replace(&at("runtime-template/pyproject.toml"), "executable = \"codex\"", "executable = \"mytool\"");
    template("sdk-template", &at("sdk-template"), &[&runtime_names[..], &sdk_names].concat());
    let (target, tag, _) = row(LINUX_MUSL);
    fs::write(at("payload"), program(target)).unwrap();
    let version = ["--codex-version", VERSION];
    let mut stage = relkit();
    stage.arg("stage-runtime").arg(at("runtime")).arg(at("payload")).args(version).args(["--platform-tag", tag]);
    succeed(stage.arg("--template").arg(at("runtime-template")));
    let mut stage = relkit();
    succeed(stage.arg("stage-sdk").arg(at("sdk")).args(version).arg("--template").arg(at("sdk-template")));
    succeed(relkit().arg("build").arg(at("runtime")).arg(at("sdk")).arg("--out-dir").arg(at("dist")));
    let verify = |sdk: Option<&Path>| {
        let mut command = relkit();
        command.arg("verify").arg(at("dist")).args(version).arg("--template").arg(at("runtime-template"));
        command.args(["--allow-missing", &others(target).join(",")]);
        if let Some(sdk) = sdk {
            command.arg("--sdk-template").arg(sdk);
        }
        let output = run(&mut command);
        (output.status.code(), text(&output))
    };
    let (code, text) = verify(Some(&at("sdk-template")));
    assert_eq!(code, Some(0), "{text}");
    let (code, text) = verify(None);
    assert!(code == Some(1) && text.contains("is not of `mytool-bin`"), "{text}");
    assert_eq!(verify(Some(&at("missing"))).0, Some(2));
}

#[test]
fn a_set_that_is_not_the_release_is_refused() {
    let set = Set::complete();
    fs::remove_file(set.wheel("win_arm64")).unwrap();
    let report = set.fails(&[], &[("set-targets", "no wheel for `aarch64-pc-windows-msvc`")]);
    assert!(report["problems"][0]["help"].as_str().unwrap().contains("--allow-missing aarch64-pc-windows-msvc"));

    fs::remove_file(set.wheel("win_amd64")).unwrap();
    let (target, tag, _) = row(WINDOWS);
    runtime(&set.dist(), target, tag, "0.162.0", &program(target), |_| {});
    set.fails(
        &["--allow-missing", "aarch64-pc-windows-msvc"],
        &[
            ("set-version", "by its file name, not 0.163.0"),
            ("set-version", "by its METADATA"),
            ("set-version", "package of"),
        ],
    );

    let set = Set::complete();
    let report = set.verify("0.164.0", &[]).1;
    let messages = report["problems"].to_string();
    for words in ["is of version 0.163.0", "is of another version than 0.164.0", "generated from the runtime 0.163.0"] {
        assert!(messages.contains(words), "{words}\n{messages}");
    }

    let set = Set::complete();
    fs::write(set.dist().join("openai_codex_cli_bin-0.163.0.tar.gz"), b"x").unwrap();
    fs::write(set.dist().join("notes.txt"), b"x").unwrap();
    fs::write(set.dist().join("other-1.0-py3-none-any.whl"), b"x").unwrap();
    fs::create_dir(set.dist().join("more")).unwrap();
    fs::write(set.dist().join("more/a.whl"), b"x").unwrap();
    let report = set.verify(VERSION, &[]).1;
    let messages = report["problems"].to_string();
    for words in [
        "is an sdist of the runtime",
        "`notes.txt` is neither a wheel nor an sdist",
        "`other-1.0-py3-none-any.whl` is of neither",
        "`more/a.whl` does not belong",
    ] {
        assert!(messages.contains(words), "{words}\n{messages}");
    }

    let set = Set::complete();
    let (target, tag, _) = row(LINUX_MUSL);
    fs::remove_file(set.wheel(tag)).unwrap();
    runtime(&set.dist(), target, tag, VERSION, &program(target), |stage| {
        replace(&stage.join("src/codex_cli_bin/__init__.py"), "PACKAGE_NAME", "PACKAGE_NAMES");
    });
    set.fails(&[], &[("set-same-python", "codex_cli_bin/__init__.py")]);

    // A package of another release, and an executable that says so itself.
    let set = Set::complete();
    fs::remove_file(set.wheel(tag)).unwrap();
    let older = [program(target), b"\0codex-doctor/0.162.0\0".to_vec()].concat();
    runtime(&set.dist(), target, tag, VERSION, &older, |stage| {
        replace(&stage.join("src/codex_cli_bin/codex-package.json"), VERSION, "0.161.0");
    });
    set.fails(
        &[],
        &[
            ("set-version", "carries a package of version 0.161.0"),
            ("set-version", "says that it is 0.162.0"),
            ("payload-json", "0.161.0"),
        ],
    );

    // A wheel that is none, beside everything else.
    let set = Set::complete();
    fs::write(set.wheel(tag), b"PK\x03\x04 no more").unwrap();
    let report = set.verify(VERSION, &[]).1;
    assert_eq!(report["outcome"], "failed");
    assert!(report["problems"].as_array().unwrap().iter().any(|problem| problem["code"] == "unreadable"));
}

#[test]
fn a_pin_that_is_not_exact_is_refused() {
    let pin = "\"openai-codex-cli-bin==0.163.0\"";
    for (written, words) in [
        ("\"openai-codex-cli-bin>=0.163.0\"", "is a range"),
        ("\"openai-codex-cli-bin~=0.163.0\"", "is a range"),
        ("\"openai-codex-cli-bin==0.163.*\"", "is a wildcard"),
        ("\"openai-codex-cli-bin===0.163.0\"", "compares text"),
        ("\"openai-codex-cli-bin==0.163.0,<1\"", "several clauses"),
        ("\"openai-codex-cli-bin\"", "pins no version"),
        ("\"openai-codex-cli-bin==0.162.0\"", "another version than 0.163.0"),
        ("\"openai-codex-cli-bin==0.163.0.post1\"", "another version than 0.163.0"),
        ("\"openai-codex-cli-bin[all]==0.163.0\"", "asks for extras"),
        ("\"openai-codex-cli-bin==0.163.0; sys_platform != 'win32'\"", "holds only where"),
        ("\"openai-codex-cli-bin==0.163.0\", \"openai_codex_cli_bin==0.163.0\"", "2 times"),
        ("\"pydantic\"", "does not require"),
    ] {
        let report = Set::complete().with_sdk(pin, written).fails(&[], &[("sdk-pin", words)]);
        let about = report["problems"].as_array().unwrap().iter().filter(|problem| problem["code"] == "sdk-pin");
        // Once for the wheel, once for the sdist.
        assert_eq!(about.count(), 2, "{written}\n{:#}", report["problems"]);
    }
    // The wheel is right and the sdist is not.
    let set = Set::complete();
    let wheel = set.dist().join("openai_codex_app_server_sdk-0.163.0-py3-none-any.whl");
    let kept = fs::read(&wheel).unwrap();
    let set = set.with_sdk(pin, "\"openai-codex-cli-bin>=0.163.0\"");
    fs::write(&wheel, kept).unwrap();
    set.fails(&[], &[("sdk-pin", "tar.gz"), ("sdk-agree", "differ in their version or requirements")]);
}

#[test]
fn a_pin_that_is_not_of_the_wheels_beside_it_is_refused() {
    let set = Set::complete();
    TARGETS.iter().for_each(|(_, tag, _)| fs::remove_file(set.wheel(tag)).unwrap());
    let (target, tag, _) = TARGETS[3];
    runtime(&set.dist(), target, tag, "0.164.0", &program(target), |_| {});
    let words = "it requires `0.163.0` of the runtime, and the wheels are `0.164.0`";
    let report = set.fails(&["--allow-missing", "all"], &[("sdk-pin", words), ("set-version", "0.164.0")]);
    let about = report["problems"].as_array().unwrap().iter().filter(|problem| problem["code"] == "sdk-pin");
    assert_eq!(about.count(), 2, "{report:#}");
    // Against a release that both are of, only the version is wrong.
    let report = Set::complete().verify("0.164.0", &[]).1;
    assert!(!report["problems"].to_string().contains("of the runtime, and the wheels"), "{report:#}");
}

/// The SDK's sdist with the bytes of one file replaced.
fn rewrite_sdist(dist: &Path, suffix: &str, edit: impl Fn(&str) -> String) {
    let path = dist.join("openai_codex_app_server_sdk-0.163.0.tar.gz");
    let bytes = fs::read(&path).unwrap();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
    let gzip = flate2::write::GzEncoder::new(fs::File::create(&path).unwrap(), flate2::Compression::fast());
    let (mut written, mut edited) = (tar::Builder::new(gzip), 0);
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let (mut header, name) = (entry.header().clone(), entry.path().unwrap().into_owned());
        let mut content = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut content).unwrap();
        if name.to_string_lossy().ends_with(suffix) {
            content = edit(&String::from_utf8(content).unwrap()).into_bytes();
            edited += 1;
        }
        header.set_size(content.len() as u64);
        written.append_data(&mut header, name, content.as_slice()).unwrap();
    }
    assert_eq!(edited, 1);
    written.into_inner().unwrap().finish().unwrap();
}

#[test]
fn an_sdist_whose_sources_are_not_the_wheels_is_refused() {
    let set = Set::complete();
    rewrite_sdist(&set.dist(), "/pyproject.toml", |text| text.replace("bin==0.163.0", "bin>=0.163.0"));
    let report = set.fails(&[], &[("sdk-pin", "`pyproject.toml`: its pin `openai-codex-cli-bin>=0.163.0` is a range")]);
    assert_eq!(report["problems"].as_array().unwrap().len(), 1);
    let set = Set::complete();
    rewrite_sdist(&set.dist(), "/codex_app_server/__init__.py", |text| format!("{text}\nmore = 1\n"));
    set.fails(&[], &[("sdk-agree", "differ in their package: `codex_app_server/__init__.py`")]);
    // One that ends too early is a release that is not good, not a run that failed.
    let set = Set::complete();
    let path = set.dist().join("openai_codex_app_server_sdk-0.163.0.tar.gz");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    assert_eq!(set.verify(VERSION, &[]).0, 1);
}

#[test]
fn types_of_another_runtime_and_a_missing_sdk_are_refused() {
    let set = Set::complete();
    set.without_sdk();
    set.fails(&[], &[("sdk-missing", "no wheel of the SDK")]);
    sdk(&set.dist(), VERSION, VERSION, |stage| {
        let header = stage.join("src/codex_app_server/generated/__init__.py");
        replace(&header, "RUNTIME_VERSION = \"0.163.0\"", "RUNTIME_VERSION = \"0.162.0\"");
    });
    set.fails(&[], &[("sdk-types", "generated from the runtime 0.162.0, not 0.163.0")]);
}

#[test]
fn every_wheel_needs_a_receipt_of_its_own() {
    let set = Set::complete();
    let (_, tag, _) = row(LINUX_MUSL);
    let verify = |edit: Option<&Value>, expected: &[(&str, &str)]| {
        let receipts = set.receipts();
        match edit {
            Some(edit) => set.receipt(&receipts, tag, edit),
            None => fs::remove_file(receipts.join(format!("{tag}.json"))).unwrap(),
        }
        set.fails(&["--receipts", receipts.to_str().unwrap()], expected);
        fs::remove_dir_all(receipts).unwrap();
    };
    verify(None, &[("receipt-missing", "has no smoke receipt")]);
    let failed = json!({
        "outcome": "failed",
        "steps": [{"name": "handshake", "outcome": "failed", "milliseconds": 3, "detail": "it said nothing"}],
    });
    verify(Some(&failed), &[("receipt-failed", "failed at `handshake`: it said nothing")]);
    let name = set.wheel(tag).file_name().unwrap().to_str().unwrap().to_owned();
    let other = json!({"wheel": {"name": name, "sha256": "0".repeat(64)}});
    verify(Some(&other), &[("receipt-hash", "is of other bytes")]);
    verify(Some(&json!({"platform": "macos-aarch64"})), &[("receipt-platform", "is from `macos-aarch64`")]);
    verify(Some(&json!({"platform": "linux-aarch64"})), &[("receipt-platform", "is from `linux-aarch64`")]);
    verify(Some(&json!({"version": "0.162.0"})), &[("receipt-version", "reported version 0.162.0")]);
    verify(Some(&json!({"version": null})), &[("receipt-version", "does not say that the binary reported")]);
    verify(Some(&json!({"schema_version": 2})), &[("receipt-schema", "has schema_version 2")]);
    verify(Some(&json!({"steps": []})), &[("receipt-failed", "says of no step that it passed")]);
    let step = |name: &str, outcome: &str| json!({"name": name, "outcome": outcome, "milliseconds": 3, "detail": "x"});
    let steps = json!({"steps": [step("version", "passed"), step("turn", "failed")]});
    verify(Some(&steps), &[("receipt-failed", "failed at `turn`: x")]);
    let steps = json!({"steps": [step("version", "passed"), step("turn", "skipped")]});
    verify(Some(&steps), &[("receipt-failed", "`turn` was skipped")]);
    let steps = json!({"steps": [step("command", "skipped")]});
    verify(Some(&steps), &[("receipt-failed", "says of no step that it passed")]);
    let sha256 = digest(&set.wheel(tag)).to_string();
    let named = json!({"wheel": {"name": "other-1-py3-none-any.whl", "sha256": sha256}});
    verify(Some(&named), &[("receipt-wheel", "says that it is of `other-1-py3-none-any.whl`")]);
    verify(Some(&json!({"wheel": null})), &[("receipt-missing", "has no smoke receipt")]);
    verify(Some(&json!({"steps": 3})), &[("receipt-missing", ""), ("receipt-unreadable", "is not a smoke receipt")]);

    // Through a named runner any machine may speak, and a failed attempt beside a passing one does no harm.
    let receipts = set.receipts();
    set.receipt(
        &receipts,
        row("aarch64-unknown-linux-musl").1,
        &json!({"platform": "linux-x86_64 via qemu-aarch64-static"}),
    );
    let again = receipts.join("again");
    fs::create_dir(&again).unwrap();
    set.receipt(&again, tag, &failed);
    // Receipts of checks lie there too.
    fs::write(receipts.join("check.json"), r#"{"schema_version":1,"files":[],"errors":0,"warnings":0}"#).unwrap();
    let skipped = json!({"steps": [step("version", "passed"), step("command", "skipped"), step("exit", "passed")]});
    set.receipt(&receipts, row(WINDOWS_ARM).1, &json!({"platform": row(WINDOWS_ARM).2, "steps": skipped["steps"]}));
    let report = set.passes(VERSION, &["--receipts", receipts.to_str().unwrap()]);
    assert!(!report["warnings"].to_string().contains("receipt-level"), "{:#}", report["warnings"]);
    set.receipt(&receipts, row(WINDOWS).1, &json!({"platform": row(WINDOWS).2, "level": "version"}));
    let report = set.passes(VERSION, &["--receipts", receipts.to_str().unwrap()]);
    assert!(report["warnings"].to_string().contains("receipt-level"), "{:#}", report["warnings"]);
}

#[test]
fn a_family_without_a_wheel_is_a_warning() {
    // The six tags as they were first chosen: no glibc Linux gets any of them.
    let set = Set::complete();
    for (target, tag, _) in [row("aarch64-unknown-linux-musl"), row(LINUX_MUSL)] {
        fs::remove_file(set.wheel(tag)).unwrap();
        runtime(&set.dist(), target, tag.split('.').nth(1).unwrap(), VERSION, &program(target), |_| {});
    }
    let report = set.passes(VERSION, &[]);
    let warnings = report["warnings"].as_array().unwrap();
    let uncovered: Vec<_> = warnings
        .iter()
        .filter(|warning| warning["code"] == "set-coverage")
        .map(|row| row["message"].as_str().unwrap())
        .collect();
    assert_eq!(uncovered.len(), 2, "{uncovered:#?}");
    assert!(uncovered.iter().all(|message| message.contains("glibc")), "{uncovered:#?}");
    // What is left out on purpose is no gap; what is there under another tag than promised still is one.
    let left = Set::complete();
    fs::remove_file(left.wheel("win_arm64")).unwrap();
    fs::remove_file(left.wheel("macosx_11_0_arm64")).unwrap();
    let report = left.passes(VERSION, &["--allow-missing", "all"]);
    assert!(!report["warnings"].to_string().contains("set-coverage"), "{:#}", report["warnings"]);
    let report = set.passes(VERSION, &["--allow-missing", "all"]);
    assert_eq!(report["warnings"].to_string().matches("set-coverage").count(), 2, "{:#}", report["warnings"]);
    // With the tags that relkit chooses itself every family is served.
    let report = Set::complete().passes(VERSION, &[]);
    assert!(!report["warnings"].to_string().contains("set-coverage"), "{:#}", report["warnings"]);
}

#[test]
fn everything_is_said_at_once_in_every_form() {
    let set = Set::complete().with_sdk("==0.163.0\"", ">=0.163.0\"");
    fs::remove_file(set.wheel("win_arm64")).unwrap();
    fs::write(set.dist().join("notes.txt"), b"x").unwrap();
    let receipts = set.root.path().join("receipts");
    fs::create_dir(&receipts).unwrap();
    let arguments = ["--receipts", receipts.to_str().unwrap()];
    let codes = [("set-targets", ""), ("unknown-file", ""), ("sdk-pin", ""), ("receipt-missing", "")];
    set.fails(&arguments, &codes);
    for (format, sign) in [("text", "problem["), ("github", "::error ")] {
        let mut command = relkit();
        command.arg("verify").arg(set.dist()).args(["--codex-version", VERSION, "--format", format]).args(arguments);
        let output = run(&mut command);
        let said = String::from_utf8(output.stdout.clone()).unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", text(&output));
        if format == "github" {
            let path = relkit::fs::portable(&set.dist().join("notes.txt"));
            let escaped = path.replace(':', "%3A").replace(',', "%2C");
            assert!(said.contains(&format!("::error file={escaped},title=unknown-file::")), "{said}");
        }
        assert!(said.contains(sign) && codes.iter().all(|(code, _)| said.contains(code)), "{said}");
    }
}

#[test]
fn what_cannot_be_read_is_an_error_of_the_run() {
    let set = Set::complete();
    let file = set.wheel("win_amd64");
    let missing = set.root.path().join("missing");
    for (dist, arguments, words) in [
        (missing.as_path(), &[][..], "cannot read"),
        (file.as_path(), &[], "not a directory"),
        (&set.dist(), &["--receipts", missing.to_str().unwrap()], "cannot read"),
        (&set.dist(), &["--allow-missing", "x86_64-linux"], "is not a target of `openai-codex-cli-bin`"),
        (&set.dist(), &["--template", missing.to_str().unwrap()], "cannot read"),
    ] {
        let output = run(relkit().arg("verify").arg(dist).args(["--codex-version", VERSION]).args(arguments));
        let text = text(&output);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{text}");
        assert!(text.contains(words) && text.contains("hint: "), "{text}");
    }
}

fn of(name: &str) -> AcceptedOf {
    match name {
        "sdk" => AcceptedOf::Sdk,
        "release" => AcceptedOf::Release,
        triple => AcceptedOf::Target(triple.parse().unwrap()),
    }
}

/// The release and all its findings, where the template accepts `accepted` of one scope.
fn judged(set: &Set, receipts: Option<&Path>, accepted: Option<(&str, &str)>) -> relkit::gate::Release {
    let (mut runtime, sdk) = projects().clone();
    runtime.accepted.extend(accepted.map(|(rule, target)| Accepted {
        rule: rule.to_owned(),
        of: of(target),
        reason: "we know".into(),
        at: None,
    }));
    let dist = &set.dist();
    let options = relkit::gate::Options {
        dist,
        version: &release(VERSION),
        receipts,
        allow_missing: &[],
        runtime: &runtime,
        sdk: Some(&sdk),
        part: relkit::gate::ReleasePart::Whole,
        failed: &[],
    };
    relkit::gate::verify(&options, &relkit::console::Progress::hidden()).unwrap().0
}

#[test]
fn every_rule_about_a_release_fires_and_can_be_accepted() {
    type Edit = fn(&Set);
    // The rule, the scope whose row accepts what it finds, and the defect.
    let (linux, arm) = (LINUX_MUSL, WINDOWS_ARM);
    let cases: [(&str, &str, Edit); 14] = [
        ("unknown-file", "release", |set| fs::write(set.dist().join("notes.txt"), b"x").unwrap()),
        ("unreadable", linux, |set| fs::write(set.wheel(LINUX), b"PK\x03\x04 no more").unwrap()),
        ("module-name", linux, |set| {
            fs::write(set.wheel(LINUX), wheel_of_another_module()).unwrap();
        }),
        ("embedded-version", linux, |_| {}),
        ("set-coverage", "release", |set| fs::remove_file(set.wheel("win_arm64")).unwrap()),
        ("sdk-missing", "sdk", Set::without_sdk),
        ("sdk-one", "sdk", |set| {
            let name = |version: &str| format!("openai_codex_app_server_sdk-{version}-py3-none-any.whl");
            fs::copy(set.dist().join(name(VERSION)), set.dist().join(name("0.163.0.post1"))).map(drop).unwrap();
        }),
        ("sdk-agree", "sdk", |set| {
            rewrite_sdist(&set.dist(), "/codex_app_server/__init__.py", |text| format!("{text}\nmore = 1\n"));
        }),
        ("sdk-types", "sdk", |set| {
            rewrite_sdist(&set.dist(), "/generated/__init__.py", |text| text.replace(VERSION, "0.162.0"));
        }),
        ("sdk-pin", "sdk", |set| {
            rewrite_sdist(&set.dist(), "/PKG-INFO", |text| text.replace("bin==0.163.0", "bin>=0.163.0"));
        }),
        ("set-targets", arm, |set| fs::remove_file(set.wheel("win_arm64")).unwrap()),
        ("set-no-sdist", "release", |set| {
            fs::write(set.dist().join("openai_codex_cli_bin-0.163.0.tar.gz"), b"x").unwrap();
        }),
        ("set-version", linux, |set| {
            let other = [program(LINUX_MUSL), b"\0codex-doctor/0.162.0\0".to_vec()].concat();
            fs::remove_file(set.wheel(LINUX)).unwrap();
            runtime(&set.dist(), LINUX_MUSL, LINUX, VERSION, &other, |_| {});
        }),
        ("set-tag-overlap", linux, |set| {
            fs::copy(set.wheel(LINUX), set.wheel("musllinux_1_1_x86_64")).map(drop).unwrap();
        }),
    ];
    for (rule, target, edit) in cases {
        let set = Set::complete();
        edit(&set);
        assert_fires_and_is_accepted(&set, None, rule, target);
    }
    // What the index has of the runtime is asked where the SDK is released alone; see `publish_halves`.
    let of_index = ["runtime-published", "runtime-yanked"];
    assert_every_rule_has_a_case(&[Family::Release], cases.iter().map(|case| case.0).chain(of_index));
}

#[test]
fn every_rule_about_receipts_fires_and_can_be_accepted() {
    let set = Set::complete();
    let name = set.wheel(LINUX).file_name().unwrap().to_str().unwrap().to_owned();
    let cases = [
        ("receipt-missing", json!({"wheel": null})),
        ("receipt-hash", json!({"wheel": {"name": name, "sha256": "0".repeat(64)}})),
        ("receipt-wheel", json!({"wheel": {"name": "a-1-py3-none-any.whl", "sha256": digest(&set.wheel(LINUX))}})),
        ("receipt-schema", json!({"schema_version": 2})),
        ("receipt-failed", json!({"outcome": "failed"})),
        ("receipt-version", json!({"version": "0.162.0"})),
        ("receipt-platform", json!({"platform": "macos-aarch64"})),
        ("receipt-level", json!({"level": "version"})),
        ("receipt-unreadable", json!({"steps": 3})),
    ];
    for (rule, edit) in &cases {
        let receipts = set.receipts();
        set.receipt(&receipts, LINUX, edit);
        let of = if *rule == "receipt-unreadable" { "release" } else { LINUX_MUSL };
        assert_fires_and_is_accepted(&set, Some(&receipts), rule, of);
        // What is wrong with one wheel's receipt is not accepted by a row of another target.
        let release = judged(&set, Some(&receipts), Some((rule, WINDOWS_ARM)));
        let kept = release.problems.iter().any(|problem| problem.code == *rule);
        assert_eq!(kept, *rule != "receipt-level", "{rule}");
    }
    assert_every_rule_has_a_case(&[Family::Receipt], cases.iter().map(|case| case.0));
}

/// The rule finds something; where it is an error it keeps the release back, unless the template accepts it.
#[track_caller]
fn assert_fires_and_is_accepted(set: &Set, receipts: Option<&Path>, rule: &str, target: &str) {
    let of_rule =
        |problems: &[Problem]| problems.iter().filter(|problem| problem.code == rule).cloned().collect::<Vec<_>>();
    let release = judged(set, receipts, None);
    let (problems, warnings) = (of_rule(&release.problems), of_rule(&release.warnings));
    assert!(!problems.is_empty() || !warnings.is_empty(), "{rule} finds nothing");
    let release = judged(set, receipts, Some((rule, target)));
    assert_eq!(of_rule(&release.problems), [], "{rule} is not accepted");
    let is_accepted = |problem: &Problem| problem.help == "accepted: we know";
    let accepted: Vec<_> = of_rule(&release.warnings).into_iter().filter(is_accepted).collect();
    // Of a warning, what is of another target stays one.
    assert!(accepted.len() >= problems.len().max(1), "{rule} is accepted and not shown: {:#?}", release.warnings);
    // And of nothing else does the same row accept it.
    let other = if target == "release" { LINUX_MUSL } else { "release" };
    let elsewhere = of_rule(&judged(set, receipts, Some((rule, other))).warnings);
    assert!(!elsewhere.iter().any(|problem| accepted.contains(problem)), "{rule}: {elsewhere:#?}");
}

/// A wheel of the Linux target whose import package is not the template's.
fn wheel_of_another_module() -> Vec<u8> {
    let mut sample = samples::wheel::tagged(&LINUX.split('.').collect::<Vec<_>>(), program(LINUX_MUSL));
    for entry in &mut sample.entries {
        entry.name = String::from_utf8_lossy(&entry.name).replace("codex_cli_bin/", "other_bin/").into_bytes();
    }
    sample.build()
}

#[test]
fn a_wheel_that_cannot_be_used_says_what_is_wrong_with_which_file() {
    use samples::wheel::Sample;
    let lost = |sample: Sample, edit: fn(&mut Vec<samples::archive::Entry>)| sample.entries(edit);
    let set = Set::complete();
    let sound = || samples::wheel::tagged(&LINUX.split('.').collect::<Vec<_>>(), program(TARGETS[3].0));
    for (sample, words) in [
        (Sample { edit_record: |_| "a,b\n".into(), ..sound() }, "RECORD` cannot be used: row 1 has 2 columns, not 3"),
        (
            Sample { edit_record: |text| format!("\u{feff}{text}"), ..sound() },
            "RECORD` cannot be used: it begins with a byte",
        ),
        (Sample { wheel: "no field\n".into(), ..sound() }, "WHEEL` cannot be used: it is not a WHEEL file: line 1"),
        (
            Sample { metadata: "no field\n".into(), ..sound() },
            "METADATA` cannot be used: it is not a metadata file: line 1",
        ),
        (lost(sound(), |all| all.retain(|entry| !entry.name.ends_with(b"/WHEEL"))), "it has no `"),
        (lost(sound(), |all| all.retain(|entry| !entry.name.ends_with(b"/RECORD"))), "it has no `"),
        (lost(sound(), |all| all.retain(|entry| !entry.name.ends_with(b"/METADATA"))), "it has no `"),
    ] {
        fs::write(set.wheel(LINUX), sample.build()).unwrap();
        let release = judged(&set, None, None);
        let about: Vec<_> = release.problems.iter().filter(|problem| problem.code == "unreadable").collect();
        assert!(about.len() == 1 && about[0].message.contains(words), "{words}: {about:#?}");
    }
}

#[test]
fn no_problem_hides_another() {
    // One defect in two files is two problems, of every rule that sees it.
    let set = Set::complete();
    for tag in ["win_amd64", "win_arm64"] {
        fs::write(set.wheel(tag), [fs::read(set.wheel(tag)).unwrap(), b"more".to_vec()].concat()).unwrap();
    }
    let release = judged(&set, None, None);
    for rule in ["unreadable", "zip-no-trailing", "set-targets"] {
        let files: Vec<_> = release.problems.iter().filter(|problem| problem.code == rule).collect();
        assert_eq!(files.len(), 2, "{rule}: {:#?}", release.problems);
    }
    // A rule that speaks of the SDK's pin does not keep quiet about what else lies beside the runtime.
    let set = Set::complete();
    rewrite_sdist(&set.dist(), "/pyproject.toml", |text| text.replace("bin==0.163.0", "bin>=0.163.0"));
    let mut other = samples::wheel::linux().renamed("other-1.0-py3-none-any.whl");
    other.metadata = other.metadata.replace("openai-codex-cli-bin", "other").replace("0.163.0", "1.0");
    other.info = "other-1.0.dist-info".into();
    fs::write(set.dist().join("other-1.0-py3-none-any.whl"), other.build()).unwrap();
    let release = judged(&set, None, None);
    let about: Vec<_> = release.problems.iter().filter(|problem| problem.code == "sdk-pin").collect();
    let files: Vec<_> = about.iter().map(|problem| problem.file.as_deref().unwrap()).collect();
    assert_eq!(files, ["openai_codex_app_server_sdk-0.163.0.tar.gz", "other-1.0-py3-none-any.whl"], "{about:#?}");
    // The same fact is not said twice.
    let mut said = std::collections::BTreeSet::new();
    for problem in &release.problems {
        assert!(said.insert((&problem.code, &problem.file, &problem.message)), "{problem:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn every_file_is_opened_once() {
    use rustix::fs::inotify;
    let set = Set::complete();
    let receipts = set.receipts();
    let watch = inotify::init(inotify::CreateFlags::NONBLOCK | inotify::CreateFlags::CLOEXEC).unwrap();
    for directory in [&set.dist(), &receipts] {
        inotify::add_watch(&watch, directory, inotify::WatchFlags::OPEN).unwrap();
    }
    set.passes(VERSION, &["--receipts", receipts.to_str().unwrap()]);
    let mut opened = std::collections::BTreeMap::new();
    let mut buffer = [std::mem::MaybeUninit::uninit(); 1 << 16];
    let mut events = inotify::Reader::new(&watch, &mut buffer);
    while let Ok(event) = events.next() {
        if let Some(name) = event.file_name() {
            *opened.entry(name.to_str().unwrap().to_owned()).or_insert(0) += 1;
        }
    }
    let expected = set.names().into_iter().chain(names(&receipts)).map(|name| (name, 1)).collect();
    assert_eq!(opened, expected);
}
