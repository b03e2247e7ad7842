"""Runs documentation programs (examples, README code, notebooks) as a reader would run them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.home import CodexHome


@dataclass(frozen=True)
class Programs:
    """The environment of a reader who has a checkout and the runtime package."""

    environment: dict[str, str]
    directory: Path

    @staticmethod
    def create(directory: Path, home: CodexHome, *import_paths: Path) -> Programs:
        """An environment with this home, and these directories to import from."""
        inherited = {
            name: value for name, value in os.environ.items() if name not in ("CODEX_BIN", "HOME")
        }
        # The user's own home stays out of reach, too.
        directory.mkdir(parents=True, exist_ok=True)
        added = {
            **home.environment,
            "HOME": str(directory),
            "PYTHONPATH": os.pathsep.join(map(str, import_paths)),
            "PYTHONUNBUFFERED": "1",
            "PYTHONWARNINGS": "error::ResourceWarning",
        }
        return Programs({**inherited, **added}, directory)

    def run(self, *arguments: str | Path, stdin: str = "", timeout: float = 90.0) -> str:
        """What a Python program prints; fails the test, with its errors, when it fails."""
        done = self.attempt(arguments, stdin, timeout)
        if done.returncode != 0:
            pytest.fail(
                f"{' '.join(map(str, arguments))} ended with {done.returncode}\n"
                f"--- stdout\n{done.stdout}\n--- stderr\n{done.stderr}"
            )
        return done.stdout

    def attempt(
        self, arguments: Sequence[str | Path], stdin: str = "", timeout: float = 90.0
    ) -> subprocess.CompletedProcess[str]:
        """The finished Python program, successful or not."""
        return subprocess.run(
            [sys.executable, *map(str, arguments)],
            input=stdin,
            capture_output=True,
            text=True,
            cwd=self.directory,
            env=self.environment,
            timeout=timeout,
        )
