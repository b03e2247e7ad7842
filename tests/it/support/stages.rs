//! Small payloads and what stages them, and stages written by hand, so that each file of them is known.

use std::path::{Path, PathBuf};

use relkit::console::Progress;
use relkit::error::{Exit, Failure};
use relkit::fs::Existing;
use relkit::stage::{self, StageError, StagedRuntime, stage_runtime};

use super::{replace, set_mode, write_tree};
use crate::samples::binary::elf;

pub const DESCRIPTOR: &str = r#"{
  "layoutVersion": 1,
  "version": "0.163.0",
  "target": "x86_64-unknown-linux-musl",
  "entrypoint": "bin/codex",
  "unknownKey": [1, 2],
  "resourcesDir": "codex-resources",
  "pathDir": "codex-path"
}
"#;

/// The files of a small package directory.
pub fn package() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("bin/codex", elf(4000)),
        ("bin/codex-host", elf(500)),
        ("codex-package.json", DESCRIPTOR.into()),
        ("codex-path/rg", elf(600)),
        ("codex-resources/bwrap", elf(700)),
        ("codex-resources/notes/NOTICE.md", b"notice".to_vec()),
        ("codex-resources/run.sh", b"#!/bin/sh\n".to_vec()),
    ]
}

/// A request with the release and the built-in template.
pub fn request(out: &Path, payload: &Path) -> stage::runtime::Options {
    stage::runtime::Options {
        out: out.to_owned(),
        payload: payload.to_owned(),
        codex_version: "0.163.0".parse().unwrap(),
        platform_tag: None,
        template: None,
        existing: Existing::Refuse,
    }
}

pub fn stage(out: &Path, payload: &Path) -> Result<StagedRuntime, StageError> {
    stage_runtime(&request(out, payload), &Progress::hidden())
}

/// An error with its causes and hint as one text.
pub fn told(error: StageError) -> (String, Exit) {
    let failure = Failure::from(error);
    (failure.render(), failure.exit)
}

const BUILD: &str = r#"
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
"#;

const PROJECT: &str = r#"description = "A demo"
readme = "README.md"
requires-python = ">=3.10"
license = "Apache-2.0"
license-files = ["LICENSE"]
"#;

const RUNTIME: &str = r#"keywords = ["demo", "runtime"]
classifiers = ["Intended Audience :: Developers", "Programming Language :: Python :: 3"]

[tool.relkit]
distribution = "demo-bin"
module = "demo_bin"

[tool.relkit.stage]
kind = "runtime"
platform-tag = "manylinux_2_17_x86_64.musllinux_1_1_x86_64"
codex-version = "0.116.0a1"
executables = ["bin/demo"]

[tool.hatch.build.targets.wheel]
packages = ["src/demo_bin"]

[tool.hatch.build.targets.wheel.hooks.custom]
path = "hatch_build.py"
"#;

const SDK: &str = r#"authors = [{ name = "A. Author", email = "a@x.example" }]
urls = { Homepage = "https://x.example/" }
dependencies = ["demo-bin==0.116.0a1", "pydantic >= 2.12, < 3"]
scripts = { demo = "demo_sdk:main" }

[project.optional-dependencies]
fast = ["uvloop; sys_platform != 'win32'"]

[tool.relkit]
distribution = "demo-sdk"
module = "demo_sdk"

[tool.relkit.stage]
kind = "sdk"
codex-version = "0.116.0a1"

[tool.hatch.build.targets.wheel]
packages = ["src/demo_sdk"]

[tool.hatch.build.targets.sdist]
include = ["/src", "/README.md", "/LICENSE", "/pyproject.toml"]
"#;

const HOOK: &str = r#"
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Hook(BuildHookInterface):
    def initialize(self, version, build_data):
        build_data["pure_python"] = False
        build_data["tag"] = "py3-none-" + self.metadata.config["tool"]["relkit"]["stage"]["platform-tag"]
"#;

/// A directory `name` with a `pyproject.toml` of this distribution and version, and files.
fn staged(directory: &Path, name: &str, version: &str, rest: &str, files: &[(&str, &[u8])]) -> PathBuf {
    let stage = directory.join(name);
    let head = format!("name = \"demo-{name}\"\nversion = \"{version}\"\n").replace("demo-runtime", "demo-bin");
    write_tree(&stage, &[("pyproject.toml", format!("{BUILD}{head}{PROJECT}{rest}"))]);
    write_tree(&stage, &[("LICENSE", "The licence.\n")]);
    write_tree(&stage, files);
    stage
}

/// A staged runtime with a payload of `megabytes` of text that compresses to a fraction.
pub fn runtime(directory: &Path, megabytes: usize) -> PathBuf {
    let line =
        |number: usize| format!("\x7fELF line {number} of the payload, {}\n", number.wrapping_mul(2_654_435_761));
    let payload: String = (0..megabytes * 25_000).map(line).collect();
    let files: [(&str, &[u8]); 6] = [
        ("README.md", b"# Demo\n"),
        ("hatch_build.py", HOOK.as_bytes()),
        ("src/demo_bin/__init__.py", b"PACKAGE_NAME = 'demo-bin'\n"),
        ("src/demo_bin/bin/demo", b"#!/bin/sh\necho demo\n"),
        ("src/demo_bin/codex-resources/payload", payload.as_bytes()),
        ("src/demo_bin/__pycache__/__init__.cpython-311.pyc", b"junk"),
    ];
    let stage = staged(directory, "runtime", "0.116.0a1", RUNTIME, &files);
    set_mode(&stage.join("src/demo_bin/bin/demo"), 0o755);
    stage
}

/// A staged SDK.
pub fn sdk(directory: &Path) -> PathBuf {
    let files: [(&str, &[u8]); 4] = [
        ("README.md", "# Demo\n\nÜber all.\n".as_bytes()),
        ("src/demo_sdk/__init__.py", b"def main():\n    print('demo')\n"),
        ("src/demo_sdk/py.typed", b""),
        ("src/demo_sdk/generated/core.py", b"x = 1\n"),
    ];
    staged(directory, "sdk", "0.116.0a1.post1", SDK, &files)
}

/// Replaces a text in a stage's `pyproject.toml`.
pub fn edit(stage: &Path, from: &str, to: &str) {
    replace(&stage.join("pyproject.toml"), from, to);
}
