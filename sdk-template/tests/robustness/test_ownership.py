"""Whose server it is: forked processes, signal handlers, dropped clients, an interpreter's end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from pathlib import Path
from typing import Any

import pytest

from codex_app_server import Codex, TransportClosedError
from codex_app_server.client import AppServerClient

from .conftest import ScriptedWorld, descriptors, eventually

DEAF = "import atexit; atexit.register(wait_forever)"
PACKAGE = Path(__file__).resolve().parents[2] / "src"


def fork() -> int:
    """`os.fork`, without the warning of newer Pythons about threads."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def test_closing_in_a_forked_process_leaves_the_server_alone(scripted: ScriptedWorld) -> None:
    with scripted.codex() as codex:
        child = fork()
        if child == 0:
            started = time.monotonic()
            codex.close()
            os._exit(0 if time.monotonic() - started < 1 else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert codex.models().data == []


def test_a_forked_process_does_not_hold_the_pipes(scripted: ScriptedWorld) -> None:
    codex = scripted.codex()
    process: Any = codex._client._core.live().process
    child = fork()
    if child == 0:
        time.sleep(30)
        os._exit(0)
    try:
        codex.close()
        # Ended by the end of its input: neither terminated nor killed.
        assert process.exit_code == 0
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_a_signal_handler_may_close_the_client(scripted: ScriptedWorld) -> None:
    codex = scripted.codex("on('turn/start')(new_turn)")
    before = signal.signal(signal.SIGUSR1, lambda number, frame: codex.close())
    main = threading.main_thread().ident
    assert main is not None
    timer = threading.Timer(0.3, signal.pthread_kill, (main, signal.SIGUSR1))
    try:
        thread = codex.thread_start()
        timer.start()
        with pytest.raises(TransportClosedError):
            thread.run("x")
    finally:
        timer.join()
        signal.signal(signal.SIGUSR1, before)


def test_a_signal_handler_may_close_a_client_that_closes(scripted: ScriptedWorld) -> None:
    codex = scripted.codex(DEAF, close_timeout_s=2)
    before = signal.signal(signal.SIGUSR1, lambda number, frame: codex.close())
    main = threading.main_thread().ident
    assert main is not None
    timer = threading.Timer(0.3, signal.pthread_kill, (main, signal.SIGUSR1))
    try:
        timer.start()
        started = time.monotonic()
        codex.close()
        assert time.monotonic() - started < 10
    finally:
        timer.join()
        signal.signal(signal.SIGUSR1, before)


def test_a_dropped_client_ends_a_deaf_server_too(
    scripted: ScriptedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("codex_app_server._transport._DROPPED_S", 0.5)
    codex: Codex | None = scripted.codex(DEAF)
    assert codex is not None
    process = codex._client._core.live().process
    with pytest.warns(ResourceWarning, match="without `close`"):
        codex = None
    assert eventually(process.exited.is_set)


def test_starting_anew_leaves_nothing_of_the_first_server(scripted: ScriptedWorld) -> None:
    scripted.codex().close()
    before = descriptors()
    script = "on('model/list')(lambda request: (os.close(1), wait_forever()))"
    client = AppServerClient(scripted.config(script))
    client.start()
    client.initialize()
    first = client._core.live().process
    with pytest.raises(TransportClosedError, match="standard output"):
        client.model_list()
    client.start()
    client.initialize()
    client.close()
    assert first.exited.is_set()
    assert descriptors() <= before


def test_no_thread_to_be_had_leaves_no_process(
    scripted: ScriptedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, start = descriptors(), threading.Thread.start
    left = 0

    def scarce(thread: threading.Thread) -> None:
        nonlocal left
        if left == 0:
            raise RuntimeError("can't start new thread")
        left -= 1
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", scarce)
    for allowed in range(4):
        left = allowed
        with pytest.raises(RuntimeError, match="new thread"):
            scripted.codex()
    monkeypatch.undo()
    assert eventually(lambda: descriptors() <= before)
    assert eventually(lambda: not subprocess_of_this_one())


def subprocess_of_this_one() -> list[str]:
    """The running children of this process that are scripted servers."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
            line = (stat.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[1]) == os.getpid() and b"server_script" in line:
            found.append(stat.parent.name)
    return found


def test_closing_at_the_interpreters_end_is_prompt(scripted: ScriptedWorld) -> None:
    program = """
        import os
        import sys
        import time
        from codex_app_server import AppServerConfig, Codex

        class Owner:
            def __init__(self):
                self.codex = Codex(AppServerConfig(launch_args_override=tuple(sys.argv[1:])))
                self.clock, self.write = time.monotonic, os.write

            def __del__(self):
                # By now the interpreter has stopped its threads.
                started = self.clock()
                self.codex.close()
                self.write(1, b"%f" % (self.clock() - started))

        owner = Owner()
        print(owner.codex._client._core.live().process.pid, flush=True)
    """
    command = scripted.config().launch_args_override
    assert command is not None
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", textwrap.dedent(program), *command],
        env={**os.environ, "PYTHONPATH": str(PACKAGE)},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (done.returncode, done.stderr) == (0, "")
    # `close` would otherwise wait for threads that do not run any more, 5 s in all.
    pid, closing = done.stdout.split()
    assert float(closing) < 4.5
    assert eventually(lambda: not os.path.exists(f"/proc/{pid}"))
