"""The scripted server in the place of the runtime, seen through both clients."""

from __future__ import annotations

import gc
import os
import signal
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from codex_app_server import AppServerConfig, AsyncCodex, Codex, _transport

SCRIPT = Path(__file__).with_name("server_script.py")


class ScriptedWorld:
    """Clients of a server that follows a snippet (see server_script.py)."""

    def config(self, script: str = "", *arguments: str, **settings: Any) -> AppServerConfig:
        """A configuration whose command line is the scripted server's."""
        command = (sys.executable, "-I", str(SCRIPT), textwrap.dedent(script), *arguments)
        return AppServerConfig(launch_args_override=command, **settings)

    def codex(self, script: str = "", *arguments: str, **settings: Any) -> Codex:
        """A started sync client."""
        return Codex(self.config(script, *arguments, **settings))

    def async_codex(self, script: str = "", *arguments: str, **settings: Any) -> AsyncCodex:
        """An async client, not yet started."""
        return AsyncCodex(self.config(script, *arguments, **settings))


@pytest.fixture
def scripted() -> ScriptedWorld:
    """The scripted server."""
    return ScriptedWorld()


@pytest.fixture
def world(scripted: ScriptedWorld) -> ScriptedWorld:
    """The scripted server in the place of the runtime; the twins see it instead."""
    return scripted


@pytest.fixture
def little_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hardly wait for a server that closed a pipe to end as well."""
    monkeypatch.setattr(_transport, "_EXIT_GRACE_S", 0.2)
    monkeypatch.setattr(_transport, "_DRAIN_GRACE_S", 0.1)


def own_threads() -> list[str]:
    """The names of the SDK's threads that run now."""
    return [
        thread.name
        for thread in threading.enumerate()
        if thread.name.startswith("codex-app-server")
    ]


def press_ctrl_c() -> None:
    """Send SIGINT to the main thread, as a terminal does."""
    main = threading.main_thread().ident
    assert main is not None
    signal.pthread_kill(main, signal.SIGINT)


def descriptors() -> int:
    """How many file descriptors this process holds."""
    return len(os.listdir("/proc/self/fd"))


def eventually(condition: Callable[[], bool], within_s: float = 5.0) -> bool:
    """Whether `condition` becomes true in time."""
    end = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """No test may leave a thread of the SDK behind."""
    yield
    gc.collect()
    assert eventually(lambda: not own_threads()), own_threads()
