"""Finds the program that this distribution carries.

Importing it starts nothing and reads no file; each function looks when it is called.
"""

from __future__ import annotations

import os

# What `typing` has, without the time that its import takes before the program starts.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["PACKAGE_NAME", "executable_path"]

PACKAGE_NAME = "@distribution@"
"""The name of the distribution."""

_EXECUTABLES = (@executables@,)
_COMMAND: str = "@command@"


def executable_path(name: str = "@executable@") -> Path:
    """The path of an executable of this distribution.

    Raises FileNotFoundError where it is missing, as in a damaged installation or where this
    platform's wheel does not have it.
    """
    from pathlib import Path

    return Path(_find(name))


def _find(name: str) -> str:
    if name not in _EXECUTABLES:
        raise FileNotFoundError(f"{PACKAGE_NAME} has no executable {name!r}")
    file = f"{name}.exe" if os.name == "nt" else name
    searched = []
    for directory in _directories():
        path = os.path.join(directory, file)
        if os.path.isfile(path):
            return path
        searched.append(directory)
    places = ", ".join(dict.fromkeys(searched))
    raise FileNotFoundError(
        f"{file} of {PACKAGE_NAME} is in none of {places}; install the distribution again"
    )


def _directories() -> Iterator[str]:
    """Where installers put the program, the places that belong to this very copy first."""
    package = os.path.dirname(os.path.abspath(__file__))
    if _COMMAND != "scripts":
        # Nowhere else: what has its name among the scripts is the entry point that asks.
        yield os.path.join(package, "bin")
        yield package
        return
    site = os.path.dirname(package)
    # PREFIX/lib/python3.X/site-packages, or PREFIX\Lib\site-packages.
    if os.name == "nt":
        yield os.path.join(os.path.dirname(os.path.dirname(site)), "Scripts")
    else:
        yield os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(site))), "bin")
    # `pip install --target` keeps scripts in it.
    yield os.path.join(site, "bin")
    import sys
    import sysconfig

    yield sysconfig.get_path("scripts")
    yield sysconfig.get_path("scripts", vars={"base": sys.base_prefix})
    yield sysconfig.get_path("scripts", scheme=sysconfig.get_preferred_scheme("user"))
