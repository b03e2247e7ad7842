"""Many faults at random moments: no hang, no leak, and always a documented exception.

`CODEX_SDK_ALL_FAULTS=1` asks for every round; without it there are enough for each commit.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import threading
import time

import pytest

from codex_app_server import AppServerError, TransportClosedError

from .conftest import ScriptedWorld, descriptors, eventually, own_threads

SEED = 20260163
ALL = os.environ.get("CODEX_SDK_ALL_FAULTS") == "1"
KILLS = 200 if ALL else 40
CANCELLATIONS = 200 if ALL else 40
CYCLES = 50 if ALL else 20
INTERRUPTIONS = 40 if ALL else 15
LONGEST_S = 5.0

BUSY = """
    on("turn/start")(lambda request: threading.Thread(target=work, args=(request,)).start())

    def work(request):
        turn_id = new_turn(request)
        for n in range(100):
            delta(turn_id, "x" * 100)
            time.sleep(0.0005)
        message(turn_id, "done")
        completed(turn_id)
"""


def children() -> set[int]:
    """The processes that this one started and that are not reaped."""
    found: set[int] = set()
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError), open(f"/proc/{name}/stat") as stat:
                if int(stat.read().rsplit(")", 1)[1].split()[1]) == os.getpid():
                    found.add(int(name))
    return found


def assert_no_leak(before: int, other: set[int]) -> None:
    assert eventually(lambda: not own_threads()), own_threads()
    assert eventually(lambda: descriptors() <= before)
    assert eventually(lambda: children() <= other)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_random_kills_under_threads(scripted: ScriptedWorld) -> None:
    moments = random.Random(SEED)
    before, other = descriptors(), children()
    outcomes: dict[str, int] = {}
    for _ in range(KILLS // 2):
        began = time.monotonic()
        killer = None
        try:
            with scripted.codex(BUSY) as codex:
                process = codex._client._core.live().process
                killer = threading.Timer(moments.uniform(0, 0.12), process.kill)
                killer.start()
                thread = codex.thread_start()
                while True:
                    thread.run("x")
                    codex.models()
        except AppServerError as error:
            outcomes[type(error).__name__] = outcomes.get(type(error).__name__, 0) + 1
        finally:
            if killer is not None:
                killer.join()
        assert time.monotonic() - began < LONGEST_S
    assert outcomes == {"TransportClosedError": KILLS // 2}
    assert_no_leak(before, other)


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_random_kills_under_a_loop(scripted: ScriptedWorld) -> None:
    moments = random.Random(SEED + 1)
    before, other = descriptors(), children()
    for number in range(KILLS // 2):
        began = time.monotonic()
        async with scripted.async_codex(BUSY) as codex:
            process = codex._client._core.live().process
            asyncio.get_running_loop().call_later(moments.uniform(0, 0.12), process.kill)

            async def work() -> None:
                thread = await codex.thread_start()
                while True:
                    await thread.run("x")

            results = await asyncio.gather(*[work() for _ in range(3)], return_exceptions=True)
            assert all(isinstance(one, TransportClosedError) for one in results), (number, results)
        assert time.monotonic() - began < LONGEST_S
    assert_no_leak(before, other)


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_random_cancellations(scripted: ScriptedWorld) -> None:
    moments = random.Random(SEED + 2)
    async with scripted.async_codex(BUSY) as codex:
        thread = await codex.thread_start()
        await thread.run("x")
        before, threads = descriptors(), sorted(own_threads())
        cancelled = 0
        for _ in range(CANCELLATIONS):
            run = asyncio.create_task(thread.run("x"))
            await asyncio.sleep(moments.uniform(0, 0.1))
            began = time.monotonic()
            run.cancel()
            try:
                assert (await run).final_response == "done"
            except asyncio.CancelledError:
                cancelled += 1
            assert time.monotonic() - began < 1
        assert cancelled > CANCELLATIONS // 2
        assert (await thread.run("x")).final_response == "done"
        await asyncio.sleep(0.3)
        router = codex._client._core.router
        assert not router._unclaimed
        assert not router._early
        assert all(ref() is None for refs in router._boxes.values() for ref in refs)
        assert codex._client._core.live()._pending == {}
        assert descriptors() <= before
        assert sorted(own_threads()) == threads


@pytest.mark.slow
@pytest.mark.timeout(200)
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_many_openings_and_closings(scripted: ScriptedWorld, kind: str) -> None:
    scripted.codex().close()
    before, other, threads = descriptors(), children(), threading.active_count()

    async def cycle() -> None:
        async with scripted.async_codex() as codex:
            await codex.models()

    for _ in range(CYCLES):
        began = time.monotonic()
        if kind == "sync":
            with scripted.codex() as codex:
                codex.models()
        else:
            asyncio.run(cycle())
        assert time.monotonic() - began < LONGEST_S
    assert_no_leak(before, other)
    assert threading.active_count() <= threads


@pytest.mark.slow
@pytest.mark.timeout(200)
def test_random_interruptions_of_the_main_thread(scripted: ScriptedWorld) -> None:
    moments = random.Random(SEED + 3)
    before, other = descriptors(), children()
    main = threading.main_thread().ident
    assert main is not None
    with scripted.codex(BUSY) as codex:
        thread = codex.thread_start()
        for _ in range(INTERRUPTIONS):
            timer = threading.Timer(
                moments.uniform(0.005, 0.1), signal.pthread_kill, (main, signal.SIGINT)
            )
            began = time.monotonic()
            with contextlib.suppress(KeyboardInterrupt):
                timer.start()
                while time.monotonic() - began < LONGEST_S:
                    thread.run("x")
            timer.join()
            assert time.monotonic() - began < LONGEST_S
        assert thread.run("x").final_response == "done"
    assert_no_leak(before, other)
