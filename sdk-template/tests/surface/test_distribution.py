"""The wheel that the template builds: the package, its typed marker, its pin, and nothing else."""

from __future__ import annotations

import email
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import codex_app_server

TEMPLATE = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built by the project's own backend."""
    pytest.importorskip("hatchling")
    directory = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(directory)]
    done = subprocess.run(command, cwd=TEMPLATE, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr
    (path,) = directory.glob("*.whl")
    return zipfile.ZipFile(path)


def test_the_wheel_holds_the_package_and_its_typed_marker(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    assert "codex_app_server/py.typed" in names
    assert "codex_app_server/generated/v2_all.py" in names
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"codex_app_server"}
    assert not [name for name in names if "__pycache__" in name]


def test_the_metadata_names_version_pin_and_readme(wheel: zipfile.ZipFile) -> None:
    (name,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    metadata = email.message_from_bytes(wheel.read(name))
    version = codex_app_server.__version__
    assert metadata["Name"] == "openai-codex-app-server-sdk"
    assert metadata["Version"] == version
    assert metadata["Requires-Python"] == ">=3.10"
    required = [
        item
        for item in metadata.get_all("Requires-Dist", [])
        if "extra ==" not in item and "==" in item
    ]
    assert len(required) == 1
    assert required[0].startswith("openai-codex-cli-bin==")
    assert "## Quickstart" in metadata.get_payload()
    links = dict(link.split(", ") for link in metadata.get_all("Project-URL", []))
    assert {"Homepage", "Repository", "Issues", "Documentation"} <= set(links)
