//! Small payloads and what stages them, and stages written by hand, so that each file of them is known.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use relkit::console::Progress;
use relkit::error::{Exit, Failure};
use relkit::fs::Existing;
use relkit::product::{Product, ProductChoice};
use relkit::stage::{self, StageError, StagedRuntime, stage_runtime};
use relkit::version::ReleaseVersion;

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

/// The built-in product.
pub fn built_in() -> &'static Product {
    static PRODUCT: OnceLock<Product> = OnceLock::new();
    PRODUCT.get_or_init(|| Product::built_in().unwrap())
}

/// A release of the built-in product.
pub fn release(text: &str) -> ReleaseVersion {
    built_in().runtime.release(text).unwrap()
}

/// The product of two templates.
pub fn product(runtime: &Path, sdk: Option<&Path>) -> Product {
    let choice = ProductChoice { runtime_template: Some(runtime), sdk_template: sdk, ..ProductChoice::default() };
    Product::find(choice, Path::new("/")).unwrap()
}

/// A request with the release and the built-in template.
pub fn request(out: &Path, payload: &Path) -> stage::runtime::Options<'static> {
    stage::runtime::Options {
        product: built_in(),
        out: out.to_owned(),
        payload: payload.to_owned(),
        release: release("0.163.0"),
        platform_tag: None,
        target: None,
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

/// The `pyproject.toml` of a stage, with rows of its own in three places.
fn project(module: &str, kind: &str, version: &str, [project, stage, hatch]: [&str; 3]) -> String {
    let distribution = module.replace('_', "-");
    format!(
        r#"
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "{distribution}"
version = "{version}"
description = "A demo"
readme = "README.md"
requires-python = ">=3.10"
license = "Apache-2.0"
license-files = ["LICENSE"]
{project}
[tool.relkit]
distribution = "{distribution}"
module = "{module}"

[tool.relkit.stage]
kind = "{kind}"
codex-version = "0.116.0a1"
{stage}
[tool.hatch.build.targets.wheel]
packages = ["src/{module}"]
{hatch}"#
    )
}

const RUNTIME: [&str; 3] = [
    r#"keywords = ["demo", "runtime"]
classifiers = ["Intended Audience :: Developers", "Programming Language :: Python :: 3"]
"#,
    r#"platform-tag = "manylinux_2_17_x86_64.musllinux_1_1_x86_64"
executables = ["bin/demo"]
"#,
    r#"
[tool.hatch.build.targets.wheel.hooks.custom]
path = "hatch_build.py"
"#,
];

const SDK: [&str; 3] = [
    r#"authors = [{ name = "A. Author", email = "a@x.example" }]
urls = { Homepage = "https://x.example/" }
dependencies = ["demo-bin==0.116.0a1", "pydantic >= 2.12, < 3"]
scripts = { demo = "demo_sdk:main" }

[project.optional-dependencies]
fast = ["uvloop; sys_platform != 'win32'"]
"#,
    "",
    r#"
[tool.hatch.build.targets.sdist]
include = ["/src", "/README.md", "/LICENSE", "/pyproject.toml"]
"#,
];

const HOOK: &str = r#"
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Hook(BuildHookInterface):
    def initialize(self, version, build_data):
        build_data["pure_python"] = False
        build_data["tag"] = "py3-none-" + self.metadata.config["tool"]["relkit"]["stage"]["platform-tag"]
"#;

/// A staged runtime with a payload of `megabytes` of text that compresses to a fraction.
pub fn runtime(directory: &Path, megabytes: usize) -> PathBuf {
    let line =
        |number: usize| format!("\x7fELF line {number} of the payload, {}\n", number.wrapping_mul(2_654_435_761));
    let payload: String = (0..megabytes * 25_000).map(line).collect();
    let project = project("demo_bin", "runtime", "0.116.0a1", RUNTIME);
    let stage = directory.join("runtime");
    let files: [(&str, &[u8]); 8] = [
        ("pyproject.toml", project.as_bytes()),
        ("LICENSE", b"The licence.\n"),
        ("README.md", b"# Demo\n"),
        ("hatch_build.py", HOOK.as_bytes()),
        ("src/demo_bin/__init__.py", b"PACKAGE_NAME = 'demo-bin'\n"),
        ("src/demo_bin/bin/demo", b"#!/bin/sh\necho demo\n"),
        ("src/demo_bin/codex-resources/payload", payload.as_bytes()),
        ("src/demo_bin/__pycache__/__init__.cpython-311.pyc", b"junk"),
    ];
    write_tree(&stage, &files);
    set_mode(&stage.join("src/demo_bin/bin/demo"), 0o755);
    stage
}

/// A staged SDK.
pub fn sdk(directory: &Path) -> PathBuf {
    let project = project("demo_sdk", "sdk", "0.116.0a1.post1", SDK);
    let stage = directory.join("sdk");
    let files: [(&str, &[u8]); 6] = [
        ("pyproject.toml", project.as_bytes()),
        ("LICENSE", b"The licence.\n"),
        ("README.md", "# Demo\n\nÜber all.\n".as_bytes()),
        ("src/demo_sdk/__init__.py", b"def main():\n    print('demo')\n"),
        ("src/demo_sdk/py.typed", b""),
        ("src/demo_sdk/generated/core.py", b"x = 1\n"),
    ];
    write_tree(&stage, &files);
    stage
}

/// Replaces a text in a stage's `pyproject.toml`.
pub fn edit(stage: &Path, from: &str, to: &str) {
    replace(&stage.join("pyproject.toml"), from, to);
}
