"""The SDK's version: a source tree's `pyproject.toml`, else the installed distribution's metadata.

Reading distribution metadata is slow, so nothing here runs at import; the result is kept.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path

UNKNOWN_VERSION = "0.0.0+unknown"


@functools.cache
def package_version() -> str:
    """The version of this package; `0.0.0+unknown` where neither source of it exists."""
    package = Path(__file__).resolve().parent
    return _source_tree_version(package) or _installed_version(package) or UNKNOWN_VERSION


def _source_tree_version(package: Path) -> str | None:
    pyproject = package.parents[1] / "pyproject.toml"
    if package.parent.name != "src" or not pyproject.is_file():
        return None
    # tomllib came with Python 3.11, and one line is all that is wanted.
    text = pyproject.read_text(encoding="utf-8")
    project = re.search(r"^\[project\]\s*$(.*?)(?=^\[|\Z)", text, re.MULTILINE | re.DOTALL)
    if project is None:
        return None
    version = re.search(r"""^version\s*=\s*["']([^"']+)["']""", project[1], re.MULTILINE)
    return version[1] if version else None


def _installed_version(package: Path) -> str | None:
    # Only a distribution beside the package can have brought it. Its name most likely holds the
    # module's, so those come first; RECORD decides. (Loading importlib.metadata for this would
    # cost more time and memory than the rest of the client.)
    beside = sorted(
        package.parent.glob("*.dist-info"), key=lambda path: package.name not in path.name
    )
    for directory in beside:
        try:
            record = (directory / "RECORD").read_text("utf-8", "replace")
        except OSError:  # another distribution's, which has none or keeps it to itself
            continue
        if f"{package.name}/_version.py" in record:
            # The directory is called name-version.dist-info.
            return directory.stem.partition("-")[2] or None
    return None
