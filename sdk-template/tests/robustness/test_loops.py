"""Event loops of every kind: the client asks for nothing but `call_soon_threadsafe`."""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Callable

import pytest

from .conftest import ScriptedWorld


def selector_loop() -> asyncio.AbstractEventLoop:
    """A selector loop, the kind that has no subprocess support on Windows."""
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


def uvloop_loop() -> asyncio.AbstractEventLoop:
    """A loop of uvloop, where that is installed."""
    uvloop = pytest.importorskip("uvloop")
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


async def talk(scripted: ScriptedWorld) -> list[str | None]:
    async with scripted.async_codex() as codex:
        thread = await codex.thread_start()
        results = await asyncio.gather(*[thread.run("x") for _ in range(5)])
        return [result.final_response for result in results]


@pytest.mark.parametrize("make", [selector_loop, uvloop_loop])
def test_any_kind_of_loop_will_do(
    scripted: ScriptedWorld, make: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    loop = make()
    try:
        assert loop.run_until_complete(talk(scripted)) == ["hello"] * 5
    finally:
        loop.close()


async def test_idle_streams_cost_no_thread(scripted: ScriptedWorld) -> None:
    import threading

    async with scripted.async_codex('on("turn/start")(new_turn)') as codex:
        thread = await codex.thread_start()
        handles = [await thread.turn("x") for _ in range(64)]
        before = threading.active_count()
        tasks = [asyncio.create_task(handle.run()) for handle in handles]
        await asyncio.sleep(0.1)
        assert threading.active_count() == before
        started = time.monotonic()
        await codex.models()
        assert time.monotonic() - started < 1
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
