"""Signing in by browser happens once at a time on a machine."""

from __future__ import annotations

import contextlib
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

#: Longer than any test that holds the lock.
PATIENCE_SECONDS = 120.0


@contextlib.contextmanager
def alone_with_the_sign_in_port() -> Iterator[None]:
    """Keep the sign-ins of other suites on this machine away while the block runs.

    The runtime listens on one fixed port and ends whoever signs in there already, so that two
    suites side by side would cancel each other's. The lock goes with the process that holds it.
    """
    if sys.platform == "win32":
        yield
        return
    import fcntl

    path = Path(tempfile.gettempdir()) / "codex-app-server-sdk-sign-in.lock"
    with path.open("a", encoding="utf-8") as file:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"another suite holds {path}") from None
                time.sleep(0.05)
        yield
