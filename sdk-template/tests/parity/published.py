"""The published SDK of the same runtime, whose wheel lies beside the others that checks fetch."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

import codex_app_server
from harness.runtime import TEMPLATE, pinned_version

PUBLISHED = "openai_codex"
OURS = codex_app_server.__name__
SOURCE = Path(codex_app_server.__file__).parents[1]


def published_wheel() -> Path:
    """The wheel of the published SDK; skips the test where it was not fetched."""
    if PUBLISHED == OURS:
        pytest.skip("this SDK has the name of the published one")
    wheel = TEMPLATE.parent / "target/payloads" / f"{PUBLISHED}-{pinned_version()}-py3-none-any.whl"
    if wheel.is_file() and importlib.util.find_spec("packaging") is not None:
        return wheel
    reason = f"there is no `{wheel}`, or no `packaging`, which it needs"
    if os.environ.get("RELKIT_REQUIRE_PAYLOADS") == "1" and TEMPLATE.name == "sdk-template":
        pytest.fail(reason)
    pytest.skip(reason)


def output(path: Path, *arguments: str, env: Mapping[str, str] | None = None) -> str:
    """What a Python program prints that imports from `path` first."""
    done = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        timeout=90,
        env={**os.environ, "PYTHONPATH": str(path), **(env or {})},
    )
    assert done.returncode == 0, f"{path.name}:\n{done.stdout}\n{done.stderr}"
    return done.stdout
