//! A whole release, six runtime wheels of real payloads and the SDK, published to real servers on this machine by the
//! command line, installed back by pip and uv, and used: the SDK completes a turn on the runtime that it is pinned to.

use crate::publish_support::servers;
use crate::support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::publish_support::servers::{PASSWORD, Server};
use crate::support::{
    package_directory, python_command, quickstart, relkit, run, skip, succeed, target_directory, text,
};
use serde_json::Value;

const VERSION: &str = "0.163.0";
const RUNTIME: &str = "openai-codex-cli-bin";
const SDK: &str = "openai-codex-app-server-sdk";
/// Published wheels, one a target.
const PAYLOADS: [&str; 6] = [
    "macosx_11_0_arm64",
    "macosx_10_9_x86_64",
    "manylinux_2_17_aarch64",
    "manylinux_2_17_x86_64",
    "win_arm64",
    "win_amd64",
];

/// The distributions of the release, made once.
fn dist() -> Option<&'static Path> {
    static DIST: OnceLock<Option<PathBuf>> = OnceLock::new();
    let make = || {
        let root = target_directory().join("publish-release");
        let _ = fs::remove_dir_all(&root);
        let mut command = relkit();
        command.args(["release", "--codex-version", VERSION, "--compression", "fast", "--level", "version"]);
        command.arg("--out-dir").arg(&root).arg("--payload");
        for payload in PAYLOADS {
            command.arg(package_directory(payload)?);
        }
        succeed(&mut command);
        fs::remove_dir_all(root.join("stage")).unwrap();
        Some(root.join("dist"))
    };
    DIST.get_or_init(make).as_deref()
}

/// What the SDK depends on beside its runtime, fetched by name.
fn dependencies() -> Option<&'static Path> {
    static DEPENDENCIES: OnceLock<Option<PathBuf>> = OnceLock::new();
    let fetch = || {
        let directory = target_directory().join("publish-release-dependencies");
        let pyproject = fs::read_to_string("sdk-template/pyproject.toml").unwrap();
        let pyproject: toml::Table = pyproject.parse().unwrap();
        let requirements = pyproject["project"]["dependencies"].as_array().unwrap();
        let requirements = requirements.iter().map(|row| row.as_str().unwrap()).filter(|row| !row.starts_with(RUNTIME));
        let mut pip = Command::new(python_command()?);
        pip.args(["-m", "pip", "download", "-q", "--disable-pip-version-check", "--only-binary=:all:", "--dest"]);
        let fetched = run(pip.arg(&directory).args(requirements));
        if !fetched.status.success() {
            skip(&format!("the SDK's dependencies cannot be fetched: {}", text(&fetched)));
            return None;
        }
        Some(directory)
    };
    DEPENDENCIES.get_or_init(fetch).as_deref()
}

/// Publishes and returns the report, with the files' states in the order of upload.
fn publish(dist: &Path, server: &Server) -> (Value, Vec<(String, String)>) {
    let mut command = relkit();
    command.arg("publish").arg(dist).args(["--codex-version", VERSION, "--format", "json"]);
    command.args(["--upload-url", &server.upload_url, "--index-url", &server.index_url]);
    let output = run(command.env("RELKIT_TOKEN", PASSWORD));
    assert!(output.status.success(), "{}", text(&output));
    assert!(!text(&output).contains(PASSWORD), "the password is printed");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let word = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    let files = report["files"].as_array().unwrap().iter().map(|row| (word(row, "name"), word(row, "state"))).collect();
    (report, files)
}

/// Publishes to `server`, installs from it with both installers, and runs a turn on what each put down.
fn end_to_end(server: &Server, bin: &Path, scratch: &Path) {
    let (Some(dist), Some(dependencies)) = (dist(), dependencies()) else { return };
    let (report, files) = publish(dist, server);
    assert_eq!(report["outcome"], "published");
    assert_eq!(files.len(), 8, "{files:?}");
    assert!(files.iter().all(|(_, state)| state == "uploaded"), "{files:?}");
    assert!(files[..6].iter().all(|(name, _)| name.starts_with("openai_codex_cli_bin-")), "{files:?}");
    // The same command again sends nothing.
    let (_, files) = publish(dist, server);
    assert!(files.len() == 8 && files.iter().all(|(_, state)| state == "present-same"), "{files:?}");

    // Every platform finds its wheel, byte for byte.
    for payload in PAYLOADS {
        let found = scratch.join("download").join(payload);
        let mut pip = Command::new(bin.join("python"));
        pip.args(["-m", "pip", "download", "-q", "--isolated", "--no-cache-dir", "--disable-pip-version-check"]);
        pip.args(["--no-deps", "--only-binary=:all:", "--implementation=py", "--python-version=3.12", "--index-url"]);
        pip.arg(&server.index_url).arg("--dest").arg(&found);
        // The tag of the Intel wheel is the one that its code calls for.
        let platform = if payload == "macosx_10_9_x86_64" { "macosx_10_12_x86_64" } else { payload };
        succeed(pip.args(["--platform", platform, &format!("{RUNTIME}=={VERSION}")]));
        let wheels: Vec<_> = fs::read_dir(&found).unwrap().map(|entry| entry.unwrap().path()).collect();
        let [wheel] = wheels.as_slice() else { panic!("{payload}: {wheels:?}") };
        let planned = fs::read(dist.join(wheel.file_name().unwrap())).unwrap();
        assert!(fs::read(wheel).unwrap() == planned, "{payload}");
        fs::remove_file(wheel).unwrap();
    }

    let make_environment = |name: &str| {
        let directory = scratch.join(name);
        succeed(Command::new(bin.join("python")).args(["-m", "venv"]).arg(&directory));
        (directory.join(if cfg!(windows) { "Scripts/python" } else { "bin/python" }), directory)
    };
    let (python, environment) = make_environment("pip");
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "-q", "--isolated", "--no-cache-dir", "--disable-pip-version-check"]);
    pip.args(["--index-url", &server.index_url, "--find-links"]).arg(dependencies).arg(SDK);
    succeed(&mut pip);
    complete(&python, &environment);
    let (python, environment) = make_environment("uv");
    let mut uv = Command::new(bin.join("uv"));
    uv.args(["pip", "install", "-q", "--no-config", "--no-cache", "--default-index", &server.index_url, "--python"]);
    succeed(uv.arg(&python).arg("--find-links").arg(dependencies).arg(SDK));
    complete(&python, &environment);
}

/// The environment holds exactly the release, and the README's quickstart completes a turn in it.
fn complete(python: &Path, environment: &Path) {
    let script = "import importlib.metadata as m, sys; print(*map(m.version, sys.argv[1:]))";
    let installed = succeed(Command::new(python).args(["-c", script, SDK, RUNTIME]));
    assert_eq!(installed.trim(), format!("{VERSION} {VERSION}"));
    support::turn(python, &quickstart(), &[], environment, &environment.join("work"));
}

fn scratch() -> tempfile::TempDir {
    fs::create_dir_all(target_directory()).unwrap();
    tempfile::tempdir_in(target_directory()).unwrap()
}

#[test]
fn pypiserver() {
    let Some(bin) = servers::bin() else { return };
    let scratch = scratch();
    let server = servers::pypiserver(&bin, scratch.path());
    // A newer runtime, which nothing is pinned to, and which no installer can take.
    let newer = scratch.path().join("packages/openai_codex_cli_bin-0.164.0-py3-none-any.whl");
    fs::write(newer, "not a wheel").unwrap();
    end_to_end(&server, &bin, scratch.path());
}

#[test]
fn devpi() {
    let Some(bin) = servers::bin() else { return };
    let scratch = scratch();
    let server = servers::devpi(&bin, scratch.path(), "stable");
    end_to_end(&server, &bin, scratch.path());
}
