"""Finds the pinned runtime: `CODEX_BIN`, else the installed runtime package."""

from __future__ import annotations

import importlib.util
import os
import re
import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.home import CodexHome

TEMPLATE = Path(__file__).resolve().parents[2]
WHEELS = TEMPLATE.parent / "target" / "payloads"


class RuntimeMissing(RuntimeError):
    """Neither `CODEX_BIN` nor the runtime package leads to an executable."""


def pinned_version() -> str:
    """The runtime version that `pyproject.toml` pins."""
    text = (TEMPLATE / "pyproject.toml").read_text(encoding="utf-8")
    match = re.search(r'"openai-codex-cli-bin==([^"]+)"', text)
    assert match, "pyproject.toml pins no runtime"
    return match.group(1)


def find_runtime() -> Path:
    """The executable to test with; RuntimeMissing says how to provide one."""
    given = os.environ.get("CODEX_BIN")
    if given:
        path = Path(given).resolve()
        if not path.is_file():
            raise RuntimeMissing(f"CODEX_BIN names `{given}`, which is not a file")
        return path
    if importlib.util.find_spec("codex_cli_bin") is None:
        raise RuntimeMissing(
            "no runtime: set CODEX_BIN to a codex executable, or install "
            f"openai-codex-cli-bin=={pinned_version()}"
        )
    from codex_cli_bin import bundled_codex_path

    return Path(bundled_codex_path())


def require_runtime() -> Path:
    """The executable; skips the test where there is none, unless RELKIT_REQUIRE_PAYLOADS is 1."""
    try:
        return find_runtime()
    except RuntimeMissing as error:
        if os.environ.get("RELKIT_REQUIRE_PAYLOADS") == "1":
            pytest.fail(str(error))
        pytest.skip(str(error))


def importable_runtime(scratch: Path) -> Path:
    """A directory for PYTHONPATH from which `codex_cli_bin` and its metadata can be imported.

    Programs under test (examples, the notebook, the README's code) use the runtime package as a
    user would. Where only `CODEX_BIN` is given, a package of one module stands in for the wheel.
    """
    runtime = require_runtime()
    for parent in runtime.parents:
        metadata = parent / f"openai_codex_cli_bin-{pinned_version()}.dist-info"
        if (parent / "codex_cli_bin" / "__init__.py").is_file() and metadata.is_dir():
            return parent
    package = scratch / "codex_cli_bin"
    package.mkdir(parents=True, exist_ok=True)
    (package / "__init__.py").write_text(
        f"from pathlib import Path\n\n\ndef bundled_codex_path() -> Path:\n"
        f"    return Path({str(runtime)!r})\n",
        encoding="utf-8",
    )
    metadata = scratch / f"openai_codex_cli_bin-{pinned_version()}.dist-info"
    metadata.mkdir(exist_ok=True)
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: openai-codex-cli-bin\nVersion: {pinned_version()}\n",
        encoding="utf-8",
    )
    return scratch


@dataclass(frozen=True)
class OlderRuntimes:
    """Runtimes before the pinned one, unpacked from their wheels into a directory of their own."""

    directory: Path

    def executable(self, version: str) -> Path:
        """The executable of a version; skips the test where its wheel is not beside the checks."""
        name = f"openai_codex_cli_bin-{version}-py3-none-manylinux_2_17_x86_64.whl"
        if not (WHEELS / name).is_file():
            if os.environ.get("RELKIT_REQUIRE_PAYLOADS") == "1" and TEMPLATE.name == "sdk-template":
                pytest.fail(f"there is no `{WHEELS / name}`")
            pytest.skip(f"there is no `{name}` beside the checks")
        executable = self.directory / version / "codex"
        if not executable.is_file():
            executable.parent.mkdir(parents=True)
            with zipfile.ZipFile(WHEELS / name) as wheel:
                executable.write_bytes(wheel.read("codex_cli_bin/bin/codex"))
            executable.chmod(executable.stat().st_mode | stat.S_IXUSR)
        return executable

    def settings(self, version: str, home: CodexHome) -> dict[str, Any]:
        """What a client's configuration says to use a version with the settings of `home`."""
        # Databases of a later version are not for it: it begins with a home of its own.
        own = home.path.with_name(f"home-of-{version}")
        own.mkdir()
        (own / "config.toml").write_bytes((home.path / "config.toml").read_bytes())
        return {"codex_bin": self.executable(version), "env": {"CODEX_HOME": str(own)}}
