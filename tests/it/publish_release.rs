//! A whole release, six runtime wheels of real payloads and the SDK, published to real servers on this machine by the
//! command line, installed back by pip and uv, and used: the SDK completes a turn on the runtime that it is pinned to.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::line::{Line, leave_out_others};
use crate::support::servers::{self, Devpi, Index, PASSWORD};
use crate::support::{
    self, Tools, names, python_command, quickstart, relkit, repository, run, scratch, skip, succeed, target_directory,
    text,
};

const VERSION: &str = "0.163.0";
const RUNTIME: &str = "openai-codex-cli-bin";
const SDK: &str = "openai-codex-app-server-sdk";
/// A platform for each of the runtime wheels.
const PLATFORMS: [&str; 6] = [
    "macosx_11_0_arm64",
    "macosx_10_9_x86_64",
    "musllinux_1_1_aarch64",
    "manylinux_2_17_x86_64",
    "win_arm64",
    "win_amd64",
];

/// The distributions of the release: those of the line, but for this machine the wheel of the whole package.
fn dist(directory: &Path) -> Option<PathBuf> {
    let line = Line::made()?;
    let dist = directory.join("dist");
    fs::create_dir(&dist).unwrap();
    let lone = line.wheel("musllinux_1_1_x86_64");
    let others = names(&line.dist()).into_iter().map(|name| line.dist().join(name)).filter(|path| *path != lone);
    for path in others.chain([line.package("x86_64")]) {
        fs::hard_link(&path, dist.join(path.file_name().unwrap())).unwrap();
    }
    Some(dist)
}

/// What the SDK depends on beside its runtime, fetched by name.
fn dependencies() -> Option<PathBuf> {
    let directory = target_directory().join("publish-release-dependencies");
    let pyproject = fs::read_to_string(repository().join("sdk-template/pyproject.toml")).unwrap();
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
}

/// Publishes and returns the report, with the files' states in the order of upload.
fn publish(dist: &Path, index: &Index) -> (Value, Vec<(String, String)>) {
    let mut command = relkit();
    command.arg("publish").arg(dist).args(["--codex-version", VERSION, "--format", "json"]);
    command.args(["--upload-url", &index.upload_url, "--index-url", &index.index_url]).args(leave_out_others());
    let output = run(command.env("RELKIT_TOKEN", PASSWORD));
    assert!(output.status.success(), "{}", text(&output));
    assert!(!text(&output).contains(PASSWORD), "the password is printed");
    let report = support::json(&output);
    let word = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    let files = report["files"].as_array().unwrap().iter().map(|row| (word(row, "name"), word(row, "state"))).collect();
    (report, files)
}

/// Publishes to an index, installs from it with both installers, and runs a turn on what each put down.
fn end_to_end(index: &Index, tools: &Tools, scratch: &Path) {
    let (Some(dist), Some(dependencies)) = (dist(scratch), dependencies()) else { return };
    let (report, files) = publish(&dist, index);
    assert_eq!(report["outcome"], "published");
    assert_eq!(files.len(), 8, "{files:?}");
    assert!(files.iter().all(|(_, state)| state == "uploaded"), "{files:?}");
    assert!(files[..6].iter().all(|(name, _)| name.starts_with("openai_codex_cli_bin-")), "{files:?}");
    // The same command again sends nothing.
    let (_, files) = publish(&dist, index);
    assert!(files.len() == 8 && files.iter().all(|(_, state)| state == "present-same"), "{files:?}");

    // Every platform finds its wheel, byte for byte.
    for platform in PLATFORMS {
        let found = scratch.join("download").join(platform);
        let mut pip = tools.pip("download");
        pip.args(["--no-deps", "--only-binary=:all:", "--implementation=py", "--python-version=3.12", "--index-url"]);
        pip.arg(&index.index_url).args(["--platform", platform, &format!("{RUNTIME}=={VERSION}"), "--dest"]);
        succeed(pip.arg(&found));
        let [name] = names(&found).try_into().unwrap_or_else(|names| panic!("{platform}: {names:?}"));
        assert!(fs::read(found.join(&name)).unwrap() == fs::read(dist.join(&name)).unwrap(), "{platform}");
        fs::remove_file(found.join(name)).unwrap();
    }

    let make_environment = |name: &str| {
        let directory = scratch.join(name);
        succeed(tools.module("venv").arg(&directory));
        (directory.join(if cfg!(windows) { "Scripts/python" } else { "bin/python" }), directory)
    };
    let (python, environment) = make_environment("pip");
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "-q", "--isolated", "--no-cache-dir", "--disable-pip-version-check"]);
    succeed(pip.args(["--index-url", &index.index_url, "--find-links"]).arg(&dependencies).arg(SDK));
    complete(&python, &environment);
    let (python, environment) = make_environment("uv");
    let mut uv = tools.uv();
    uv.args(["--default-index", &index.index_url, "--python"]).arg(&python);
    succeed(uv.arg("--find-links").arg(&dependencies).arg(SDK));
    complete(&python, &environment);
}

/// The environment holds exactly the release, and the README's quickstart completes a turn in it.
fn complete(python: &Path, environment: &Path) {
    let script = "import importlib.metadata as m, sys; print(*map(m.version, sys.argv[1:]))";
    let installed = succeed(Command::new(python).args(["-c", script, SDK, RUNTIME]));
    assert_eq!(installed.trim(), format!("{VERSION} {VERSION}"));
    support::turn(python, &quickstart(), &[], environment, &environment.join("work"));
}

#[test]
#[ignore = "long: a release of real wheels; publish_servers::pypiserver publishes small files to pypiserver"]
fn pypiserver() {
    let Some(tools) = servers::tools() else { return };
    let scratch = scratch();
    let (_server, index) = servers::pypiserver(&tools, scratch.path(), servers::Fallback::Nowhere);
    // A newer runtime, which nothing is pinned to, and which no installer can take.
    let newer = scratch.path().join("packages/openai_codex_cli_bin-0.164.0-py3-none-any.whl");
    fs::write(newer, "not a wheel").unwrap();
    end_to_end(&index, &tools, scratch.path());
}

#[test]
#[ignore = "long: the same release once more; publish_servers::devpi publishes small files to devpi"]
fn devpi() {
    let Some(tools) = servers::tools() else { return };
    let scratch = scratch();
    let devpi = Devpi::start(&tools, scratch.path());
    end_to_end(&devpi.index("stable"), &tools, scratch.path());
}
