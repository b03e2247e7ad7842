//! Small stages for the tests of `relkit build`: a runtime and an SDK, made by hand so that each file is known.

use std::fs;
use std::path::{Path, PathBuf};

/// The `pyproject.toml` of a staged runtime.
pub const RUNTIME: &str = r#"
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "demo-bin"
version = "0.116.0a1"
description = "A demo"
readme = "README.md"
requires-python = ">=3.10"
license = "Apache-2.0"
license-files = ["LICENSE"]
keywords = ["demo", "runtime"]
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

/// The `pyproject.toml` of a staged SDK.
pub const SDK: &str = r#"
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "demo-sdk"
version = "0.116.0a1.post1"
description = "A demo"
readme = "README.md"
requires-python = ">=3.10"
license = "Apache-2.0"
license-files = ["LICENSE"]
authors = [{ name = "A. Author", email = "a@x.example" }]
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

/// Writes files, by path below `directory`.
pub fn write_tree(directory: &Path, files: &[(&str, &[u8])]) {
    for (path, bytes) in files {
        let path = directory.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// A staged runtime with a payload of `megabytes` of text that compresses to a fraction.
pub fn runtime(directory: &Path, megabytes: usize) -> PathBuf {
    let stage = directory.join("runtime");
    let line =
        |number: usize| format!("\x7fELF line {number} of the payload, {}\n", number.wrapping_mul(2_654_435_761));
    let payload: String = (0..megabytes * 25_000).map(line).collect();
    write_tree(
        &stage,
        &[
            ("pyproject.toml", RUNTIME.as_bytes()),
            ("README.md", b"# Demo\n"),
            ("LICENSE", b"The licence.\n"),
            ("hatch_build.py", HOOK.as_bytes()),
            ("src/demo_bin/__init__.py", b"PACKAGE_NAME = 'demo-bin'\n"),
            ("src/demo_bin/bin/demo", b"#!/bin/sh\necho demo\n"),
            ("src/demo_bin/codex-resources/payload", payload.as_bytes()),
            ("src/demo_bin/__pycache__/__init__.cpython-311.pyc", b"junk"),
        ],
    );
    make_executable(&stage.join("src/demo_bin/bin/demo"));
    stage
}

/// A staged SDK.
pub fn sdk(directory: &Path) -> PathBuf {
    let stage = directory.join("sdk");
    write_tree(
        &stage,
        &[
            ("pyproject.toml", SDK.as_bytes()),
            ("README.md", "# Demo\n\nÜber all.\n".as_bytes()),
            ("LICENSE", b"The licence.\n"),
            ("src/demo_sdk/__init__.py", b"def main():\n    print('demo')\n"),
            ("src/demo_sdk/py.typed", b""),
            ("src/demo_sdk/generated/core.py", b"x = 1\n"),
        ],
    );
    stage
}

/// Replaces a text in a stage's `pyproject.toml`.
pub fn edit(stage: &Path, from: &str, to: &str) {
    let path = stage.join("pyproject.toml");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{from}");
    fs::write(path, text.replace(from, to)).unwrap();
}

/// Sets the execute bits, where there are any.
pub fn make_executable(path: &Path) {
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let _ = path;
}

/// The names below a directory, sorted.
pub fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(directory)
        .map(|entries| entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect())
        .unwrap_or_default();
    names.sort();
    names
}
