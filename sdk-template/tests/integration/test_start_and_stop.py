"""Starting, closing and losing the runtime (14-15, 18, 22-30, 32-36)."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import codex_app_server
from codex_app_server import AppServerError, Codex, TransportClosedError, __version__
from harness import CodexHome, Gate, Reply, Twin, World
from harness.model_server import wait_until
from harness.runtime import pinned_version

#: Where programs of their own process find the package under test.
SOURCE = Path(codex_app_server.__file__).parents[1]
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def processes(home: Path) -> list[int]:
    """The live processes whose environment leads to this home."""
    wanted = f"CODEX_HOME={home}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            if (entry / "stat").read_text().rpartition(")")[2].split()[0] == "Z":
                continue
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def test_a_started_client_knows_the_server(twin: Twin) -> None:
    with twin.codex() as codex:
        metadata = codex.metadata
    assert metadata.userAgent
    assert metadata.serverInfo.name
    assert metadata.serverInfo.version == pinned_version()
    assert metadata.platformFamily
    assert metadata.platformOs


def test_the_first_start_in_a_home_is_as_any_other(world: World, new_home: CodexHome) -> None:
    world.model.queue(Reply.text("hi"))
    with world.codex(env=new_home.environment) as codex:
        assert codex.thread_list().data == []
        assert codex.thread_start().run("x").final_response == "hi"


def test_the_server_learns_the_clients_name_and_version(twin: Twin) -> None:
    with twin.codex(client_name="my_tool", client_version="1.2.3") as codex:
        assert codex.metadata.userAgent.startswith("my_tool/")
        assert "my_tool; 1.2.3" in codex.metadata.userAgent
    with twin.codex() as codex:
        assert f"codex_python_sdk; {__version__}" in codex.metadata.userAgent


def test_a_missing_executable_is_named(twin: Twin, tmp_path: Path) -> None:
    missing = tmp_path / "no" / "codex"
    with pytest.raises(FileNotFoundError) as caught, twin.codex(codex_bin=str(missing)):
        pass
    assert str(missing) in str(caught.value)
    assert "codex_bin" in str(caught.value)


def test_a_missing_directory_is_named(twin: Twin, tmp_path: Path) -> None:
    missing = tmp_path / "gone"
    with pytest.raises(FileNotFoundError) as caught, twin.codex(cwd=str(missing)):
        pass
    assert str(missing) in str(caught.value)
    assert "cwd" in str(caught.value)


@linux
def test_a_runtime_that_refuses_to_start_says_why(twin: Twin, tmp_path: Path) -> None:
    missing = tmp_path / "no home"
    with (
        pytest.raises(TransportClosedError) as caught,
        twin.codex(env={"CODEX_HOME": str(missing)}),
    ):
        pass
    error: Any = caught.value
    assert error.exit_code == 1
    assert "does not exist" in str(error)
    assert processes(missing) == []


def test_config_overrides_keep_their_order(twin: Twin) -> None:
    twin.world.model.queue(Reply.text("x"))
    overrides = ('model="early-model"', 'model="late-model"')
    with twin.codex(config_overrides=overrides) as codex:
        twin.wait(twin.wait(codex.thread_start()).run("x"))
    assert twin.world.model.last_request.body["model"] == "late-model"


def test_the_configs_environment_wins(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODEX_HOME", "/nowhere")
    twin.world.model.queue(Reply.text("x"))
    with twin.codex() as codex:
        assert twin.wait(twin.wait(codex.thread_start()).run("x")).final_response == "x"


def test_a_whole_command_line_is_used_as_it_is(twin: Twin) -> None:
    twin.world.model.queue(Reply.text("x"))
    line = (str(twin.world.runtime), "-c", 'model="given"', "app-server", "--listen", "stdio://")
    with twin.codex(codex_bin=None, launch_args_override=line) as codex:
        twin.wait(twin.wait(codex.thread_start()).run("x"))
    assert twin.world.model.last_request.body["model"] == "given"


@linux
@pytest.mark.parametrize("error", [None, ValueError, KeyboardInterrupt])
def test_the_block_ends_the_server(twin: Twin, error: type[BaseException] | None) -> None:
    home = twin.world.home.path
    expected = pytest.raises(error) if error else contextlib.nullcontext()
    with expected, twin.codex():
        assert len(processes(home)) >= 1
        if error is not None:
            raise error
    wait_until(lambda: not processes(home), 2, "the end of the server")


@linux
def test_close_leaves_no_process_thread_or_descriptor(twin: Twin) -> None:
    for _ in range(2):  # the first round may load modules and start lasting threads
        with twin.codex() as codex:
            twin.wait(codex.models())
    threads, descriptors = threading.active_count(), len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        with twin.codex() as codex:
            twin.wait(codex.models())
    wait_until(lambda: threading.active_count() <= threads, 2, "the end of the threads")
    assert len(os.listdir("/proc/self/fd")) <= descriptors
    assert processes(twin.world.home.path) == []


def test_close_is_idempotent_and_every_later_call_says_closed(twin: Twin) -> None:
    twin.world.model.queue(Reply.text("x"))
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start())
        turn = twin.wait(thread.turn("x"))
        twin.wait(turn.run())
        twin.wait(codex.close())
        twin.wait(codex.close())
        calls: list[Any] = [
            lambda: codex.models(),
            lambda: codex.thread_start(),
            lambda: codex.thread_list(),
            lambda: thread.run("y"),
            lambda: thread.turn("y"),
            lambda: thread.read(),
            lambda: turn.steer("y"),
            lambda: turn.interrupt(),
        ]
        for call in calls:
            with pytest.raises(TransportClosedError):
                twin.wait(call())


def test_close_wakes_the_consumer_of_a_stream(world: World) -> None:
    gate = Gate()
    world.model.queue(Reply.text("x").gated(gate))
    ended: list[tuple[float, BaseException]] = []
    with world.codex() as codex:
        turn = codex.thread_start().turn("x")

        def follow() -> None:
            try:
                list(turn.stream())
            except BaseException as error:
                ended.append((time.monotonic(), error))

        consumer = threading.Thread(target=follow)
        consumer.start()
        gate.wait_until_reached()
        started = time.monotonic()
        codex.close()
        consumer.join(5)
    assert len(ended) == 1
    when, error = ended[0]
    assert isinstance(error, TransportClosedError)
    assert when - started < 1.5


@linux
def test_a_killed_server_ends_pending_and_later_calls(twin: Twin) -> None:
    gate = Gate()
    twin.world.model.queue(Reply.text("x").gated(gate))
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start())
        turn = twin.wait(thread.turn("x"))
        gate.wait_until_reached()
        for pid in processes(twin.world.home.path):
            os.kill(pid, signal.SIGKILL)
        with pytest.raises(TransportClosedError) as caught:
            list(twin.events(turn.stream()))
        for call in (lambda: codex.models(), lambda: thread.run("y")):
            with pytest.raises(TransportClosedError):
                twin.wait(call())
    error: Any = caught.value
    assert error.exit_code == -signal.SIGKILL


@linux
def test_close_ends_a_command_that_the_turn_is_running(twin: Twin, tmp_path: Path) -> None:
    marker = tmp_path / "running"
    twin.world.model.queue(Reply.shell(f"touch {marker}; exec sleep 321"))
    with twin.codex() as codex:
        thread = twin.wait(
            codex.thread_start(sandbox="danger-full-access", approval_policy="never")
        )
        twin.wait(thread.turn("x"))
        wait_until(marker.exists, 20, "the command")
    wait_until(lambda: not processes(twin.world.home.path), 5, "the end of the command")


def test_two_clients_share_a_home(twin: Twin) -> None:
    twin.world.model.queue(Reply.text("one"), Reply.text("two"))
    # The runtime cannot start twice at once in a fresh home, so the first one warms it.
    with twin.codex() as first, twin.codex() as second:
        one = twin.wait(twin.wait(first.thread_start()).run("x"))
        two = twin.wait(twin.wait(second.thread_start()).run("y"))
    assert (one.final_response, two.final_response) == ("one", "two")


PROGRAM = textwrap.dedent(
    """
    import sys, time
    from codex_app_server import AppServerConfig, Codex
    codex = Codex(config=AppServerConfig(codex_bin=sys.argv[1]))
    thread = codex.thread_start()
    print("started", flush=True)
    if sys.argv[2] == "wait":
        time.sleep(300)
    """
)


def start_program(world: World, mode: str) -> subprocess.Popen[str]:
    """A program that starts a client and never closes it."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(world.runtime), mode],
        env={**os.environ, **world.home.environment, "PYTHONPATH": str(SOURCE)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    return process


@linux
def test_the_interpreters_end_ends_an_unclosed_server(world: World) -> None:
    with start_program(world, "leave") as process:
        assert process.wait(20) == 0
    wait_until(lambda: not processes(world.home.path), 5, "the end of the server")


@linux
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_client_takes_the_server_with_it(world: World, number: int) -> None:
    with start_program(world, "wait") as process:
        assert len(processes(world.home.path)) >= 2
        process.send_signal(number)
        process.wait(20)
    wait_until(lambda: not processes(world.home.path), 5, "the end of the server")


@linux
def test_a_client_that_is_dropped_ends_its_server(world: World) -> None:
    import gc
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        codex = Codex(config=world.config())
        assert processes(world.home.path)
        del codex
        gc.collect()
        wait_until(lambda: not processes(world.home.path), 5, "the end of the server")


def test_errors_of_a_start_are_documented_ones(twin: Twin, tmp_path: Path) -> None:
    plain = tmp_path / "not-executable"
    plain.write_text("nothing", encoding="utf-8")
    with pytest.raises(AppServerError) as caught, twin.codex(codex_bin=str(plain)):
        pass
    assert str(plain) in str(caught.value)
