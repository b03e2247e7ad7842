"""Finds the executable that this distribution carries, and the directories beside it.

Importing it starts nothing and reads no file; each function looks when it is called.
"""

from __future__ import annotations

import os
from pathlib import Path

__all__ = [
    "PACKAGE_NAME",
    "bundled_codex_path",
    "bundled_package_dir",
    "bundled_path_dir",
]

PACKAGE_NAME = "@distribution@"
"""The name of the distribution."""

_DESCRIPTOR = "codex-package.json"
_EXECUTABLES = (@executables@,)


def bundled_package_dir() -> Path:
    """The directory with the package descriptor, `bin` and the directories beside it.

    Raises FileNotFoundError where the descriptor is missing, as in a damaged installation.
    """
    directory = Path(__file__).resolve().parent
    _require(directory / _DESCRIPTOR, "package descriptor")
    return directory


def bundled_codex_path() -> Path:
    """The executable. Raises FileNotFoundError where it is missing."""
    return Path(_find(_EXECUTABLES[0]))


def bundled_path_dir() -> Path | None:
    """The directory of tools that the program wants on its PATH; None where there are none."""
    directory = bundled_package_dir() / "codex-path"
    return directory if directory.is_dir() else None


def _find(name: str) -> str:
    path = bundled_package_dir() / "bin" / (f"{name}.exe" if os.name == "nt" else name)
    _require(path, "executable")
    return str(path)


def _require(path: Path, what: str) -> None:
    if not path.is_file():
        raise FileNotFoundError(
            f"the {what} of {PACKAGE_NAME} is not at {path}; install the distribution again"
        )
