"""Starts the program: `python -m @module@`, and every entry point of this distribution."""

from __future__ import annotations

import os
import sys

from . import _EXECUTABLES, PACKAGE_NAME, _find


def main() -> int:
    """Becomes the program; where a process cannot be replaced, waits for it: its exit code."""
    called = os.path.basename(sys.argv[0])
    for ending in (".exe", "-script.py", ".py"):
        called = called.removesuffix(ending)
    try:
        program = _find(called if called in _EXECUTABLES else _EXECUTABLES[0])
        if os.name == "nt":
            return _wait_for(program)
        os.execv(program, [program, *sys.argv[1:]])
    except OSError as error:
        print(f"{PACKAGE_NAME}: {error}", file=sys.stderr)
        return 127 if isinstance(error, FileNotFoundError) else 126


def _wait_for(program: str) -> int:
    import subprocess

    with subprocess.Popen([program, *sys.argv[1:]]) as process:
        while True:
            try:
                code = process.wait()
            except KeyboardInterrupt:
                # The console has told the program too, and it decides what that means.
                continue
            return code if code < 1 << 31 else code - (1 << 32)


if __name__ == "__main__":
    sys.exit(main())
