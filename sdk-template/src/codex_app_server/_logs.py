"""The loggers below `codex_app_server`, for programs that log at all."""

from __future__ import annotations

import sys


def log(name: str, message: str, *values: object) -> None:
    """Log at DEBUG; a program that never loaded `logging` has nothing to see and pays nothing."""
    logging = sys.modules.get("logging")
    get = getattr(logging, "getLogger", None)  # it may be about to be loaded
    if get is not None:
        get(f"codex_app_server.{name}").debug(message, *values)
