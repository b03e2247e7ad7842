//! The whole line on the published payloads of six platforms: six wheels from the six executables under the six tags, one
//! from the package directory of each Linux architecture; installers and checkers as judges, both SDKs as users.

use crate::support;

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use crate::support::{judges, package_directory, relkit, run, succeed, text};
use serde_json::Value;

/// The tag that the payload was published under, and the tag that its executable is released under.
const SIX: [(&str, &str); 6] = [
    ("macosx_11_0_arm64", "macosx_11_0_arm64"),
    ("macosx_10_9_x86_64", "macosx_10_9_x86_64"),
    ("manylinux_2_17_aarch64", "musllinux_1_1_aarch64"),
    ("manylinux_2_17_x86_64", "musllinux_1_1_x86_64"),
    ("win_arm64", "win_arm64"),
    ("win_amd64", "win_amd64"),
];
const TOOLS: [&str; 6] = ["pip", "uv", "installer", "twine", "check-wheel-contents", "pydantic>=2.12,<3"];
const NATIVE: bool = cfg!(all(target_os = "linux", target_arch = "x86_64"));

/// A release of the six executables, made once for every test here; it stays in `target/line` to be looked at.
struct Line {
    root: PathBuf,
    stdout: String,
}

impl Line {
    fn made() -> Option<&'static Self> {
        static LINE: OnceLock<Option<Line>> = OnceLock::new();
        LINE.get_or_init(Self::make).as_ref()
    }

    fn make() -> Option<Self> {
        let root = support::target_directory().join("line");
        let _ = fs::remove_dir_all(&root);
        let mut payloads = Vec::new();
        for (published, tag) in SIX {
            let package = package_directory(published)?;
            let executable = ["codex", "codex.exe"].map(|name| package.join("bin").join(name));
            let executable = executable.into_iter().find(|path| path.is_file()).unwrap();
            payloads.push(format!("{tag}={}", executable.display()));
        }
        fs::create_dir_all(&root).unwrap();
        let mut release = relkit();
        release.args(["release", "--codex-version", "rust-v0.163.0", "--compression", "fast", "--out-dir"]);
        release.arg(root.join("release")).arg("--payload").args(&payloads);
        release.arg("--report").arg(root.join("report.html")).arg("--summary").arg(root.join("summary.md"));
        let stdout = succeed(&mut release);
        for (published, tags) in [
            ("manylinux_2_17_x86_64", None),
            ("manylinux_2_17_aarch64", Some("manylinux_2_17_aarch64.musllinux_1_1_aarch64")),
        ] {
            let stage = root.join("stage").join(published);
            let mut command = relkit();
            command.arg("stage-runtime").arg(&stage).arg(package_directory(published)?);
            command
                .args(["--codex-version", "0.163.0"])
                .args(tags.map(|tags| ["--platform-tag", tags]).into_iter().flatten());
            succeed(&mut command);
            succeed(
                relkit()
                    .arg("build")
                    .arg(&stage)
                    .arg("--out-dir")
                    .arg(root.join("packages"))
                    .args(["--compression", "fast"]),
            );
        }
        Some(Self { root, stdout })
    }

    fn dist(&self) -> PathBuf {
        self.root.join("release/dist")
    }

    fn sdk(&self) -> PathBuf {
        self.dist().join("openai_codex_app_server_sdk-0.163.0-py3-none-any.whl")
    }

    fn wheel(&self, tag: &str) -> PathBuf {
        self.dist().join(wheel_name(tag))
    }

    fn package(&self, architecture: &str) -> PathBuf {
        let tag = format!("manylinux_2_17_{architecture}.musllinux_1_1_{architecture}");
        self.root.join("packages").join(wheel_name(&tag))
    }
}

fn wheel_name(tag: &str) -> String {
    format!("openai_codex_cli_bin-0.163.0-py3-none-{tag}.whl")
}

/// A directory for what installers unpack, beside the build, where there is room for hundreds of megabytes.
fn scratch() -> tempfile::TempDir {
    fs::create_dir_all(support::target_directory()).unwrap();
    tempfile::tempdir_in(support::target_directory()).unwrap()
}

#[test]
fn the_release_of_six_platforms_passes_and_reports() {
    let Some(line) = Line::made() else { return };
    for (published, tag) in SIX {
        assert!(line.wheel(tag).is_file(), "{published}");
    }
    assert!(line.stdout.contains("openai-codex-cli-bin 0.163.0 passed: 6 runtime wheels, 0 errors"), "{}", line.stdout);
    let report = fs::read_to_string(line.root.join("report.html")).unwrap();
    let summary = fs::read_to_string(line.root.join("summary.md")).unwrap();
    for fact in ["x86_64-apple-darwin", "macosx_10_9_x86_64", "rust-v0.163.0", "macho-minos"] {
        assert!(report.contains(fact) && summary.contains(fact), "{fact}");
    }
    for said in [&line.stdout, &summary.replace('\\', ""), &report] {
        assert!(said.contains("no glibc Linux on x86_64 gets a wheel"), "{said}");
    }
    let mut verify = relkit();
    verify.arg("verify").arg(line.dist()).args(["--codex-version", "0.163.0", "--format", "json"]);
    let report: Value = serde_json::from_str(&succeed(&mut verify)).unwrap();
    assert_eq!(report["problems"], serde_json::json!([]));
    // Under these six tags no glibc Linux installs anything.
    let uncovered = report["warnings"].as_array().unwrap().iter().filter(|row| row["code"] == "family-uncovered");
    let uncovered: Vec<_> = uncovered.map(|row| row["message"].as_str().unwrap()).collect();
    assert_eq!(uncovered.len(), 2, "{uncovered:?}");
    assert!(uncovered.iter().all(|message| message.contains("glibc Linux")), "{uncovered:?}");
    let coverage = run(relkit().arg("coverage").arg(line.dist()).args(["--require", "debian-12-x86_64"]));
    assert_eq!(coverage.status.code(), Some(1), "{}", text(&coverage));
    // With receipts asked for, the wheels that only ran elsewhere are missing theirs.
    verify.arg("--receipts").arg(line.root.join("release/receipts"));
    let output = run(&mut verify);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let missing = report["problems"].as_array().unwrap().iter().filter(|row| row["code"] == "receipt-missing").count();
    assert_eq!(missing, if NATIVE { 5 } else { 6 }, "{:#}", report["problems"]);
}

#[test]
fn every_judge_takes_every_wheel() {
    let Some(line) = Line::made() else { return };
    let Some(bin) = judges("line", &TOOLS) else { return };
    let wheels =
        SIX.map(|(_, tag)| line.wheel(tag)).into_iter().chain([line.package("x86_64"), line.package("aarch64")]);
    for wheel in wheels {
        let directory = scratch();
        let name = wheel.file_name().unwrap().to_str().unwrap();
        let tag = name.trim_end_matches(".whl").rsplit('-').next().unwrap().split('.').next().unwrap();
        let python = || Command::new(bin.join("python"));
        let mut pip = python();
        pip.args([
            "-m",
            "pip",
            "download",
            "-q",
            "--no-deps",
            "--no-index",
            "--only-binary=:all:",
            "--implementation=py",
        ]);
        pip.args(["--python-version=3.11", "--platform", tag, "openai-codex-cli-bin==0.163.0", "--find-links"]);
        succeed(pip.arg(wheel.parent().unwrap()).arg("--dest").arg(directory.path().join("pip")));
        assert!(directory.path().join("pip").join(name).is_file(), "pip takes another wheel than {name}");
        let platform = match tag {
            "macosx_11_0_arm64" => "aarch64-apple-darwin",
            "macosx_10_9_x86_64" => "x86_64-apple-darwin",
            "win_arm64" => "aarch64-pc-windows-msvc",
            "win_amd64" => "x86_64-pc-windows-msvc",
            "musllinux_1_1_aarch64" => "aarch64-unknown-linux-musl",
            "musllinux_1_1_x86_64" => "x86_64-unknown-linux-musl",
            "manylinux_2_17_aarch64" => "aarch64-manylinux2014",
            _ => "x86_64-manylinux2014",
        };
        let mut uv = Command::new(bin.join("uv"));
        uv.args([
            "pip",
            "install",
            "-q",
            "--no-deps",
            "--no-index",
            "--no-cache",
            "--python-platform",
            platform,
            "--python",
        ]);
        succeed(uv.arg(bin.join("python")).arg("--target").arg(directory.path().join("uv")).arg(&wheel));
        let mut installer = python();
        installer.args(["-m", "installer", "--validate-record", "all", "--destdir"]);
        succeed(installer.arg(directory.path().join("installer")).arg(&wheel));
        succeed(Command::new(bin.join("twine")).args(["check", "--strict"]).arg(&wheel));
        succeed(Command::new(bin.join("check-wheel-contents")).arg(&wheel));
    }
    succeed(Command::new(bin.join("twine")).args(["check", "--strict"]).arg(line.sdk()));
    succeed(Command::new(bin.join("check-wheel-contents")).arg(line.sdk()));
}

#[test]
fn what_installers_put_down_runs() {
    if !NATIVE {
        return eprintln!("skipped: this machine does not run the x86_64 Linux executable");
    }
    let Some(line) = Line::made() else { return };
    let Some(bin) = judges("line", &TOOLS) else { return };
    let directory = scratch();
    let (by_pip, by_uv, by_installer) =
        (directory.path().join("pip"), directory.path().join("uv"), directory.path().join("installer"));
    let wheel = line.package("x86_64");
    let python = bin.join("python");
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "-q", "--no-deps", "--no-index", "--no-compile", "--target"]);
    succeed(pip.arg(&by_pip).arg(&wheel));
    let mut uv = Command::new(bin.join("uv"));
    uv.args(["pip", "install", "-q", "--no-deps", "--no-index", "--no-cache", "--python"]).arg(&python);
    succeed(uv.arg("--target").arg(&by_uv).arg(&wheel));
    let mut installer = Command::new(&python);
    installer.args(["-m", "installer", "--prefix", "/p", "--destdir"]).arg(&by_installer).arg(&wheel);
    succeed(&mut installer);
    let installed = relkit::fs::walk(&by_installer).unwrap();
    let installed = installed.iter().find(|file| file.relative.ends_with("codex_cli_bin/bin/codex")).unwrap();
    for executable in
        [by_pip.join("codex_cli_bin/bin/codex"), by_uv.join("codex_cli_bin/bin/codex"), installed.path.clone()]
    {
        let version = succeed(Command::new(&executable).arg("--version").env("CODEX_HOME", directory.path()));
        assert_eq!(version, "codex-cli 0.163.0\n", "{}", executable.display());
    }

    // Both SDKs complete a turn: the published one on our wheel, ours on the published wheel and on ours.
    let published_sdk = directory.path().join("published-sdk");
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps", "--target"]);
    let fetched = run(pip.arg(&published_sdk).args(["openai-codex==0.163.0", "packaging>=26.2"]));
    if !fetched.status.success() {
        return support::skip(&format!("the published SDK cannot be installed: {}", text(&fetched)));
    }
    let our_sdk = directory.path().join("our-sdk");
    let mut uv = Command::new(bin.join("uv"));
    uv.args(["pip", "install", "-q", "--no-deps", "--no-index", "--no-cache", "--python"]).arg(&python);
    succeed(uv.arg("--target").arg(&our_sdk).arg(line.sdk()));
    let Some(published) = support::published_wheel("manylinux_2_17_x86_64") else { return };
    let by_uv_published = directory.path().join("published");
    let mut uv = Command::new(bin.join("uv"));
    uv.args(["pip", "install", "-q", "--no-deps", "--no-index", "--no-cache", "--python"]).arg(&python);
    succeed(uv.arg("--target").arg(&by_uv_published).arg(published));

    let ours = support::quickstart();
    let theirs = "from openai_codex import Codex\nwith Codex() as codex:\n    print(codex.thread_start().run('Hello').final_response)\n";
    for (name, sdk, program, runtime) in [
        ("published SDK on our wheel", &published_sdk, theirs, &by_uv),
        ("our SDK on our wheel", &our_sdk, &ours, &by_pip),
        ("our SDK on the published wheel", &our_sdk, &ours, &by_uv_published),
    ] {
        let work = directory.path().join(name.replace(' ', "-"));
        support::turn(&python, program, &[sdk, runtime], runtime, &work);
    }
}

#[test]
fn a_stage_is_built_to_the_same_bytes_everywhere() {
    let Some(line) = Line::made() else { return };
    let Some(package) = package_directory("win_arm64") else { return };
    let directory = scratch();
    let reference = fs::read(line.wheel("win_arm64")).unwrap();
    for (jobs, mask, place) in [("1", "077", "one"), ("4", "002", "other/deeper")] {
        let place = directory.path().join(place);
        fs::create_dir_all(&place).unwrap();
        let script = format!(
            "umask {mask} && \"$RELKIT\" stage-runtime stage \"$PAYLOAD\" --codex-version 0.163.0 --platform-tag win_arm64 \
             && \"$RELKIT\" build stage --jobs {jobs} --compression fast"
        );
        let mut shell = Command::new("sh");
        shell.args(["-c", &script]).current_dir(&place).env_remove("SOURCE_DATE_EPOCH");
        succeed(shell.env("RELKIT", env!("CARGO_BIN_EXE_relkit")).env("PAYLOAD", package.join("bin/codex.exe")));
        assert!(fs::read(place.join("dist").join(wheel_name("win_arm64"))).unwrap() == reference, "{jobs} jobs");
    }
}
