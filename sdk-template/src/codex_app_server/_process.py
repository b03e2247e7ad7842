"""The app server's process: how it is spawned, watched and ended.

Pipes are binary and unbuffered; whoever reads or writes one closes it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from io import FileIO
from typing import cast

from ._logs import log
from .config import AppServerConfig
from .errors import BinaryNotFoundError, LaunchError, visible

_TAIL_LINES = 40
_TAIL_LINE_BYTES = 4000
_CHUNK = 65536
# Of the time `close` has: first the server may end by itself, then it is asked to.
_EOF_SHARE = 0.6
_TERMINATE_SHARE = 0.2
_POLL_S = 0.01


class ServerProcess:
    """A running app server with three pipes, its exit code once it ended, and its last words."""

    def __init__(self, config: AppServerConfig) -> None:
        """Start the server; LaunchError names what could not be found or started."""
        from ._binary import launch_command, launch_environment

        command = launch_command(config)
        cwd = None if config.cwd is None else os.fspath(config.cwd)
        if cwd is not None and not os.path.isdir(cwd):
            raise BinaryNotFoundError(
                f"there is no directory `{cwd}`, which AppServerConfig(cwd=...) names"
            )
        self._popen = _spawn(command, cwd, launch_environment(config))
        try:
            self._attend()
        except BaseException:
            # A Ctrl-C, or no thread to be had: nobody would ever end this process.
            self.discard()
            raise

    def _attend(self) -> None:
        self.stdin = cast("FileIO", self._popen.stdin)
        self.stdout = cast("FileIO", self._popen.stdout)
        self.exited = threading.Event()
        self._stderr = cast("FileIO", self._popen.stderr)
        self._tail: deque[bytes] = deque(maxlen=_TAIL_LINES)
        self._partial = b""
        self._drained = threading.Event()
        self.threads = [
            threading.Thread(target=self._drain, name="codex-app-server-stderr", daemon=True)
        ]
        _running.add(self)
        self.threads[0].start()

    def discard(self) -> None:
        """Kill the process and close its pipes; for one that no thread attends to."""
        self.kill()
        self._popen.wait()
        for pipe in (self._popen.stdin, self._popen.stdout, self._popen.stderr):
            if pipe is not None:
                pipe.close()

    def disown(self) -> None:
        """In a forked process: let go of the pipes, whose other holder alone may end the server."""
        for pipe in (self._popen.stdin, self._popen.stdout, self._popen.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        # It is not a child of this process, which thus has nothing to wait for.
        self._popen.returncode = 0

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._popen.pid

    @property
    def exit_code(self) -> int | None:
        """The exit status, or None while the server runs."""
        return self._popen.returncode if self.exited.is_set() else None

    def stderr_tail(self, wait_s: float = 0.0) -> str:
        """The last lines of standard error, after waiting for its end at most `wait_s` seconds."""
        self._drained.wait(wait_s)
        lines = [*self._tail, self._partial]
        return visible(
            "\n".join(line.decode("utf-8", "replace").rstrip() for line in lines if line.strip())
        )

    def stop(self, timeout: float) -> None:
        """Wait for the server, whose standard input was closed; terminate it, then kill it.

        An interruption of the wait kills the server at once and goes on.
        """
        if sys.is_finalizing():
            self._stop_alone(timeout)
            return
        try:
            if self.exited.wait(timeout * _EOF_SHARE):
                return
            # On Windows terminating is killing, so nothing is gained by asking first.
            if sys.platform != "win32":
                self._signal(signal.SIGTERM)
                if self.exited.wait(timeout * _TERMINATE_SHARE):
                    return
        except BaseException:
            self.kill()
            raise
        self.kill()
        self.exited.wait(max(timeout * (1 - _EOF_SHARE - _TERMINATE_SHARE), 1.0))

    def _stop_alone(self, timeout: float) -> None:
        # An interpreter that ends has stopped the threads that would close the pipe and wait.
        with contextlib.suppress(OSError):
            self.stdin.close()
        deadline = time.monotonic() + timeout * _EOF_SHARE
        while time.monotonic() < deadline and self._seems_alive():
            time.sleep(_POLL_S)
        self.kill()

    def _seems_alive(self) -> bool:
        if sys.platform == "win32":
            return self._popen.poll() is None
        try:
            os.kill(self.pid, 0)
        except OSError:
            return False
        return True

    def kill(self) -> None:
        """End the server and whatever still runs in its process group."""
        if sys.platform == "win32":
            if self._popen.returncode is None:
                with contextlib.suppress(OSError):
                    self._popen.kill()
            return
        # The group outlives its leader while a member holds our pipes open.
        with contextlib.suppress(OSError):
            os.killpg(self.pid, signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if not self.exited.is_set():
            with contextlib.suppress(OSError):
                os.kill(self.pid, number)

    def watch(self, on_exit: Callable[[], None]) -> None:
        """Reap the process when it ends, in a thread of its own, and then call `on_exit` there."""

        def wait() -> None:
            self._popen.wait()
            self.exited.set()
            on_exit()

        thread = threading.Thread(target=wait, name="codex-app-server-exit", daemon=True)
        self.threads.append(thread)
        thread.start()

    def _drain(self) -> None:
        with contextlib.suppress(OSError, ValueError), self._stderr:
            while chunk := self._stderr.read(_CHUNK):
                *lines, rest = (self._partial + chunk).split(b"\n")
                self._tail.extend(line[-_TAIL_LINE_BYTES:] for line in lines[-_TAIL_LINES:])
                self._partial = rest[-_TAIL_LINE_BYTES:]
                for line in lines:
                    log("stderr", "%s", visible(line.decode("utf-8", "replace")).rstrip())
        self._drained.set()


_running: weakref.WeakSet[ServerProcess] = weakref.WeakSet()


def _forked() -> None:
    # As long as a forked process holds the pipes, the server would not see them close.
    for process in list(_running):
        process.disown()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


def _spawn(command: list[str], cwd: str | None, env: dict[str, str]) -> subprocess.Popen[bytes]:
    flags = 0
    if sys.platform == "win32":
        # No console window in graphical programs, and Ctrl-C reaches this process alone.
        flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd=cwd,
            env=env,
            creationflags=flags,
            start_new_session=sys.platform != "win32",
        )
    except FileNotFoundError as error:
        reason = error.strerror
        if os.path.exists(command[0]):
            reason = "the file is there, but not the interpreter or loader that it asks for"
        raise BinaryNotFoundError(f"cannot start `{command[0]}`: {reason}") from error
    except (OSError, ValueError, IndexError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        name = command[0] if command else ""
        raise LaunchError(
            f"cannot start `{name}`: {reason}; AppServerConfig(codex_bin=...) names the executable"
        ) from error
