"""The launcher's way on Windows, where a process cannot be replaced: run with the directory that
holds the package, its name, and played on any system by saying that this is Windows."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from typing import Any, ClassVar

sys.path.insert(0, sys.argv[1])
package = importlib.import_module(sys.argv[2])
launcher = importlib.import_module(f"{sys.argv[2]}.__main__")


class Process:
    """A program that ends with a code, after the console has interrupted everybody some times."""

    started: ClassVar[list[list[str]]] = []
    code = 0
    interrupts = 0

    def __init__(self, command: list[str]) -> None:
        self.started.append(command)

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def wait(self, timeout: float | None = None) -> int:
        if Process.interrupts:
            Process.interrupts -= 1
            raise KeyboardInterrupt
        return Process.code


def play(find: Any, code: int = 0, interrupts: int = 0) -> int:
    """Starts the launcher on a system that says that it is Windows."""
    Process.code, Process.interrupts = code, interrupts
    real_popen, name = subprocess.Popen, os.name
    setattr(subprocess, "Popen", Process)  # noqa: B010
    launcher._find = find
    os.name = "nt"
    try:
        return int(launcher.main())
    finally:
        os.name = name
        setattr(subprocess, "Popen", real_popen)  # noqa: B010


def found(name: str) -> str:
    return f"C:\\programs\\{name}.exe"


program = package._EXECUTABLES[0]
for called in (program, f"{program}.exe", f"{program}-script.py", "__main__.py", "something"):
    sys.argv = [called, "a b", "", "\u00fc"]
    assert play(found) == 0
    assert Process.started.pop() == [found(program), "a b", "", "\u00fc"], called
for code, expected in [(0, 0), (3, 3), (255, 255), (0x7FFF_FFFF, 0x7FFF_FFFF)]:
    assert play(found, code) == expected, code
# Python hands `sys.exit` a signed number of 32 bits; these are the same bits.
for code in (0x8000_0000, 0xC000_0005, 0xC000_013A, 0xFFFF_FFFF):
    assert play(found, code) == code - (1 << 32), code
    assert play(found, code) & 0xFFFF_FFFF == code, code
assert play(found, 7, interrupts=3) == 7
assert Process.interrupts == 0


def missing(name: str) -> str:
    raise FileNotFoundError(f"no {name}")


def refused(name: str) -> str:
    raise PermissionError(f"not allowed: {name}")


assert (play(missing), play(refused)) == (127, 126)
print("as expected")
