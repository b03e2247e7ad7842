"""Runs the `@executable@` program from Python.

The program comes with the distribution that this one requires, in exactly one version.
"""

from __future__ import annotations

import importlib
import subprocess
from pathlib import Path
from typing import IO, Any

from ._names import RUNTIME_DISTRIBUTION, RUNTIME_MODULE

__all__ = ["executable_path", "run", "start"]


def executable_path() -> Path:
    """The path of the program. Raises FileNotFoundError where the installation is damaged."""
    try:
        runtime = importlib.import_module(RUNTIME_MODULE)
    except ModuleNotFoundError as error:
        raise FileNotFoundError(
            f"{RUNTIME_DISTRIBUTION} is not installed: install this distribution again"
        ) from error
    return Path(runtime.executable_path())


def run(
    *arguments: str,
    input: str | None = None,
    cwd: Path | str | None = None,
    env: dict[str, str] | None = None,
    timeout: float | None = None,
    check: bool = True,
) -> subprocess.CompletedProcess[str]:
    """Runs the program to its end and returns what it printed.

    Raises subprocess.CalledProcessError where it fails and `check` is true, and
    subprocess.TimeoutExpired where it takes longer than `timeout` seconds.
    """
    return subprocess.run(
        [executable_path(), *arguments],
        input=input if input is not None else "",
        cwd=cwd,
        env=env,
        timeout=timeout,
        check=check,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )


def start(
    *arguments: str,
    stdin: int | IO[Any] | None = None,
    stdout: int | IO[Any] | None = None,
    stderr: int | IO[Any] | None = None,
    cwd: Path | str | None = None,
    env: dict[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Starts the program and leaves it running; the caller waits for it."""
    return subprocess.Popen(
        [executable_path(), *arguments],
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        cwd=cwd,
        env=env,
    )
