"""How a connection ends: closed by the client, by the server's death, or by a deadline."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from codex_app_server import AppServerError, Codex, Thread, TransportClosedError, TurnHandle
from codex_app_server.errors import RequestTimeoutError
from harness.world import Twin

from .conftest import ScriptedWorld, descriptors, eventually, own_threads, press_ctrl_c

SILENT_TURN = """
    on("turn/start")(new_turn)
"""


def pid_of(codex: Any) -> int:
    """The process id of a client's server."""
    process_id: int = codex._client._core.live().process.pid
    return process_id


def every_call(codex: Any, thread: Any, handle: Any) -> list[Callable[[], Any]]:
    """Everything that asks something of the server."""
    return [
        codex.models,
        codex.thread_start,
        codex.thread_list,
        lambda: codex.thread_resume("x"),
        lambda: codex.thread_fork("x"),
        lambda: codex.thread_archive("x"),
        lambda: codex.thread_unarchive("x"),
        thread.read,
        thread.compact,
        lambda: thread.set_name("x"),
        lambda: thread.run("x"),
        lambda: thread.turn("x"),
        lambda: handle.steer("x"),
        handle.interrupt,
        handle.run,
    ]


def assert_closed(twin: Twin, call: Callable[[], Any]) -> TransportClosedError:
    started = time.monotonic()
    with pytest.raises(TransportClosedError) as caught:
        twin.wait(call(), timeout=5)
    assert time.monotonic() - started < 2
    return caught.value


def test_every_call_after_close_says_so(twin: Twin) -> None:
    with twin.codex(script=SILENT_TURN) as codex:
        thread = twin.wait(codex.thread_start())
        handle = twin.wait(thread.turn("x"))
        twin.wait(codex.close())
        for call in every_call(codex, thread, handle):
            error = assert_closed(twin, call)
            assert "closed" in str(error)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_every_call_after_the_servers_death_says_so(twin: Twin, number: int) -> None:
    with twin.codex(script=SILENT_TURN) as codex:
        thread = twin.wait(codex.thread_start())
        handle = twin.wait(thread.turn("x"))
        os.kill(pid_of(codex), number)
        for call in every_call(codex, thread, handle):
            error = assert_closed(twin, call)
            assert error.exit_code == -number
        twin.wait(codex.close())
        twin.wait(codex.close())
        assert_closed(twin, codex.models)


@pytest.mark.parametrize("way", ["close", "kill"])
def test_waiting_threads_are_woken(scripted: ScriptedWorld, way: str) -> None:
    script = SILENT_TURN + "    on('model/list')(lambda request: None)"
    errors: list[BaseException] = []

    def expect_end(call: Callable[[], object]) -> None:
        try:
            call()
        except BaseException as error:
            errors.append(error)

    codex = scripted.codex(script)
    with codex:
        thread = codex.thread_start()
        handles = [thread.turn("x") for _ in range(3)]
        client = codex._client
        calls: list[Callable[[], object]] = [
            codex.models,
            handles[0].run,
            lambda: list(handles[1].stream()),
            client.next_notification,
            lambda: client.next_turn_notification("unheard of"),
        ]
        waiting = [threading.Thread(target=expect_end, args=(call,)) for call in calls]
        for one in waiting:
            one.start()
        time.sleep(0.3)
        started = time.monotonic()
        if way == "close":
            codex.close()
        else:
            os.kill(pid_of(codex), signal.SIGKILL)
        for one in waiting:
            one.join(1.0)
        assert time.monotonic() - started < 1.5
        assert len(errors) == len(calls)
        assert all(isinstance(error, TransportClosedError) for error in errors), errors


async def test_waiting_tasks_are_woken(scripted: ScriptedWorld) -> None:
    script = SILENT_TURN + "    on('model/list')(lambda request: None)"
    async with scripted.async_codex(script) as codex:
        thread = await codex.thread_start()
        handles = [await thread.turn("x") for _ in range(8)]
        tasks = [asyncio.create_task(handle.run()) for handle in handles]
        tasks.append(asyncio.create_task(codex.models()))  # type: ignore[arg-type]
        await asyncio.sleep(0.1)
        started = time.monotonic()
        await codex.close()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert time.monotonic() - started < 1.5
        assert all(isinstance(result, TransportClosedError) for result in results), results


@pytest.mark.parametrize(
    ("script", "least", "most"),
    [
        ("", 0.0, 1.0),
        (  # deaf to the end of input, ends when asked
            "signal.signal(signal.SIGTERM, lambda *a: os._exit(0))\n"
            "on('model/list')(lambda request: wait_forever())",
            0.5,
            2.5,
        ),
        (  # deaf to both
            "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
            "on('model/list')(lambda request: wait_forever())",
            0.7,
            3.0,
        ),
    ],
)
def test_close_first_waits_then_asks_then_kills(
    twin: Twin, script: str, least: float, most: float
) -> None:
    with twin.codex(script=script, close_timeout_s=1.0, request_timeout_s=0.2) as codex:
        pid = pid_of(codex)
        if script:
            with pytest.raises(RequestTimeoutError):
                twin.wait(codex.models())
        started = time.monotonic()
        twin.wait(codex.close())
        assert least <= time.monotonic() - started < most
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_what_the_server_leaves_behind_does_not_hold_the_end_up(twin: Twin) -> None:
    script = """
        import subprocess

        @on("model/list")
        def _(request):
            subprocess.Popen(["sleep", "30"])
            os._exit(9)
    """
    with twin.codex(script=script) as codex:
        started = time.monotonic()
        error = assert_closed(twin, codex.models)
        assert time.monotonic() - started < 3
        assert error.exit_code == 9


@pytest.mark.usefixtures("little_grace")
def test_a_server_that_closes_its_output_is_given_up(twin: Twin) -> None:
    script = """
        @on("model/list")
        def _(request):
            os.close(1)
            wait_forever()
    """
    with (
        twin.codex(script=script, close_timeout_s=0.2) as codex,
        pytest.raises(TransportClosedError, match="standard output"),
    ):
        twin.wait(codex.models())


@pytest.mark.usefixtures("little_grace")
def test_a_server_that_closes_its_input_is_given_up(twin: Twin) -> None:
    script = """
        @on("model/list")
        def _(request):
            os.close(0)
            reply(request, {"data": []})
            wait_forever()
    """
    with twin.codex(script=script, close_timeout_s=0.2, request_timeout_s=10) as codex:
        assert twin.wait(codex.models()).data == []
        with pytest.raises(TransportClosedError, match="standard input"):
            twin.wait(codex.models())


def test_what_was_said_before_the_end_is_still_heard(twin: Twin) -> None:
    script = """
        @on("turn/start")
        def _(request):
            turn_id = new_turn(request)
            for n in range(2000):
                delta(turn_id, "x" * 1000)
            completed(turn_id)
            os._exit(0)
    """
    with twin.codex(script=script) as codex:
        thread = twin.wait(codex.thread_start())
        handle = twin.wait(thread.turn("x"))
        time.sleep(0.5)
        assert sum(1 for _ in twin.events(handle.stream())) == 2002


def test_a_request_has_a_deadline(twin: Twin) -> None:
    script = "on('model/list')(lambda request: None)"
    with twin.codex(script=script, request_timeout_s=0.3) as codex:
        for _ in range(3):
            started = time.monotonic()
            with pytest.raises(RequestTimeoutError, match="model/list") as caught:
                twin.wait(codex.models())
            assert 0.25 < time.monotonic() - started < 2
            assert isinstance(caught.value, TimeoutError)
            assert isinstance(caught.value, AppServerError)
        assert codex._client._core.live()._pending == {}
        assert twin.wait(codex.thread_start()).id == "thread-1"


def test_a_server_that_does_not_read_cannot_hold_a_caller(twin: Twin) -> None:
    script = "on('model/list')(lambda request: time.sleep(30))"
    with twin.codex(script=script, request_timeout_s=0.3, close_timeout_s=0.2) as codex:
        thread = twin.wait(codex.thread_start())
        for call in (codex.models, lambda: thread.run("x" * 5_000_000)):
            started = time.monotonic()
            with pytest.raises(RequestTimeoutError):
                twin.wait(call())
            assert time.monotonic() - started < 10


def test_a_turn_may_have_a_deadline(twin: Twin) -> None:
    script = """
        on("turn/start")(new_turn)

        @on("thread/read")
        def _(request):
            interrupted = [m["params"]["turnId"] for m in seen]
            reply(request, {"thread": {**thread(), "preview": " ".join(interrupted)}})

        seen = []

        @on("turn/interrupt")
        def _(request):
            seen.append(request)
            reply(request, {})
            completed(request["params"]["turnId"], status="interrupted")
    """
    with twin.codex(script=script, turn_timeout_s=0.4) as codex:
        thread = twin.wait(codex.thread_start())
        with pytest.raises(RequestTimeoutError, match="turn-1"):
            twin.wait(thread.run("x"))
        handle = twin.wait(thread.turn("x"))
        with pytest.raises(RequestTimeoutError, match="turn-2"):
            for _ in twin.events(handle.stream()):
                pass
        assert twin.wait(thread.read()).thread.preview == "turn-1 turn-2"


def test_closing_and_dropping_keep_counts_flat(scripted: ScriptedWorld) -> None:
    scripted.codex().close()
    before = descriptors()
    for _ in range(10):
        with scripted.codex() as codex:
            codex.thread_start().run("x")
    assert descriptors() <= before
    assert own_threads() == []


def test_a_dropped_client_ends_its_server(scripted: ScriptedWorld) -> None:
    before = descriptors()
    codex: Codex | None = scripted.codex()
    pid = pid_of(codex)
    with pytest.warns(ResourceWarning, match="without `close`"):
        codex = None
    assert eventually(lambda: not os.path.exists(f"/proc/{pid}"))
    assert eventually(lambda: descriptors() <= before)


def test_a_forked_child_gets_an_error_and_no_hang(scripted: ScriptedWorld) -> None:
    with scripted.codex() as codex:
        child = os.fork()
        if child == 0:
            try:
                codex.models()
            except TransportClosedError:
                os._exit(0)
            finally:
                os._exit(1)
        assert os.waitpid(child, 0)[1] == 0
        assert codex.models().data == []


def test_a_sync_block_cannot_be_entered_after_close(scripted: ScriptedWorld) -> None:
    with scripted.codex() as codex:
        pass
    with pytest.raises(TransportClosedError, match="closed"):
        codex.__enter__()


def test_close_from_several_threads_at_once(scripted: ScriptedWorld) -> None:
    codex = scripted.codex()
    threads = [threading.Thread(target=codex.close) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
        assert not thread.is_alive()


def test_an_interrupted_close_still_ends_the_server(
    scripted: ScriptedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = "on('model/list')(lambda request: wait_forever())"
    codex = scripted.codex(script, request_timeout_s=0.5)
    with pytest.raises(TimeoutError):
        codex.models()
    process = codex._client._core.live().process
    timer = threading.Timer(0.3, press_ctrl_c)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        codex.close()
    assert eventually(process.exited.is_set)
    codex.close()


def test_a_client_that_was_never_started_says_so() -> None:
    from codex_app_server.client import AppServerClient

    client = AppServerClient()
    for call in (
        lambda: client.model_list(),
        lambda: client.next_notification(),
        lambda: client.next_turn_notification("t"),
        lambda: Thread(client, "t").run("x"),
        lambda: TurnHandle(client, "t", "u").run(),
    ):
        with pytest.raises(TransportClosedError, match="not started"):
            call()
    client.close()
