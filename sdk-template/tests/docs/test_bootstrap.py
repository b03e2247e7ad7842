"""The examples' bootstrap: the runtime is the one that the SDK pins, installed when missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from harness.runtime import TEMPLATE, pinned_version

PROBE = """
import sys
sys.path.insert(0, "examples")
import _bootstrap
print(_bootstrap.runtime_pin())
_bootstrap.prepare()
import importlib.metadata
print("installed", importlib.metadata.version("openai-codex-cli-bin"))
import codex_app_server
print("source", codex_app_server.__file__)
"""


def checkout(directory: Path, version: str) -> Path:
    """A copy of what the bootstrap reads, with another runtime pinned."""
    shutil.copytree(TEMPLATE / "examples", directory / "examples")
    shutil.copytree(TEMPLATE / "src", directory / "src")
    project = (TEMPLATE / "pyproject.toml").read_text(encoding="utf-8")
    pin = f'"openai-codex-cli-bin=={pinned_version()}"'
    assert pin in project
    project = project.replace(pin, f'"openai-codex-cli-bin=={version}"')
    (directory / "pyproject.toml").write_text(project, encoding="utf-8")
    return directory


def runtime_wheel(directory: Path, version: str) -> None:
    """An empty runtime wheel for pip to find."""
    directory.mkdir()
    info = f"openai_codex_cli_bin-{version}.dist-info"
    members = {
        "codex_cli_bin/__init__.py": "",
        f"{info}/METADATA": (
            f"Metadata-Version: 2.1\nName: openai-codex-cli-bin\nVersion: {version}\n"
        ),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},,\n" for name in [*members, f"{info}/RECORD"])
    path = directory / f"openai_codex_cli_bin-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in {**members, f"{info}/RECORD": record}.items():
            wheel.writestr(name, text)


def run_probe(cwd: Path, target: Path, wheels: Path) -> subprocess.CompletedProcess[str]:
    """Run the bootstrap where pip sees only one directory of wheels and installs into another."""
    environment = {
        **{name: value for name, value in os.environ.items() if name != "CODEX_BIN"},
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(wheels),
        "PIP_TARGET": str(target),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PYTHONPATH": str(target),
    }
    return subprocess.run(
        [sys.executable, "-c", PROBE],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=90,
    )


def test_the_pinned_runtime_is_installed_once(tmp_path: Path) -> None:
    root = checkout(tmp_path / "checkout", "0.0.1")
    runtime_wheel(tmp_path / "wheels", "0.0.1")
    target = tmp_path / "target"
    target.mkdir()

    first = run_probe(root, target, tmp_path / "wheels")
    assert first.returncode == 0, first.stderr
    assert "('openai-codex-cli-bin', '0.0.1')" in first.stdout
    assert "installed 0.0.1" in first.stdout
    assert f"source {root}" in first.stdout
    assert "Installing openai-codex-cli-bin==0.0.1" in first.stderr

    second = run_probe(root, target, tmp_path / "wheels")
    assert second.returncode == 0, second.stderr
    assert "Installing" not in second.stderr


def test_a_runtime_that_cannot_be_installed_is_named(tmp_path: Path) -> None:
    root = checkout(tmp_path / "checkout", "0.0.2")
    (tmp_path / "wheels").mkdir()
    failed = run_probe(root, tmp_path / "target", tmp_path / "wheels")
    assert failed.returncode != 0
    assert "could not install openai-codex-cli-bin==0.0.2" in failed.stderr
    assert "Traceback" not in failed.stderr
