"""What is particular to asyncio: cancellation, concurrency, a free event loop (92-98, 100)."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest

from codex_app_server import AppServerError
from harness import Gate, Reply, World


async def gate_reached(gate: Gate) -> None:
    """Wait for a gate without blocking the event loop."""
    await asyncio.to_thread(gate.wait_until_reached)


async def test_the_constructor_does_nothing_yet(world: World) -> None:
    codex = world.async_codex(codex_bin="/nowhere/codex")
    with pytest.raises(RuntimeError):
        _ = codex.metadata
    await codex.close()


async def test_the_first_call_starts_the_server(world: World) -> None:
    codex = world.async_codex()
    try:
        assert (await codex.models()).data
        assert codex.metadata.userAgent
    finally:
        await codex.close()


async def test_concurrent_first_calls_start_one_server(world: World) -> None:
    codex = world.async_codex()
    try:
        answers = await asyncio.gather(*(codex.models() for _ in range(5)))
        assert all(answer.data for answer in answers)
        # Only the first start of a second server would change the process.
        assert len({id(codex.metadata) for _ in range(3)}) == 1
    finally:
        await codex.close()


async def test_idle_streams_do_not_delay_other_calls(world: World) -> None:
    gates = [Gate() for _ in range(8)]
    async with world.async_codex() as codex:
        followers = []
        for gate in gates:
            thread = await codex.thread_start()
            world.model.queue(Reply.text("x").gated(gate))
            turn = await thread.turn("x")
            await gate_reached(gate)

            async def follow(turn: Any = turn) -> int:
                return len([event async for event in turn.stream()])

            followers.append(asyncio.create_task(follow()))
        await asyncio.sleep(0.1)
        assert (await asyncio.wait_for(codex.models(), 5)).data
        for gate in gates:
            gate.open()
        assert all(count > 0 for count in await asyncio.gather(*followers))


async def test_the_event_loop_stays_free(world: World) -> None:
    world.model.fallback = Reply.text("hello " * 50, deltas=["hello "] * 50)
    async with world.async_codex() as codex:
        thread = await codex.thread_start()
        await thread.run("load the models first")
        longest_work, longest_pause = 0.0, 0.0
        stop = False

        async def heartbeat() -> None:
            nonlocal longest_work, longest_pause
            while not stop:
                work, pause = time.thread_time(), time.monotonic()
                await asyncio.sleep(0.005)
                longest_work = max(longest_work, time.thread_time() - work)
                longest_pause = max(longest_pause, time.monotonic() - pause)

        beating = asyncio.create_task(heartbeat())
        for _ in range(3):
            await thread.run("x")
        stop = True
        await beating
    # What the loop's thread itself computes at a stretch; the clock alone would also tell how busy
    # the machine is, so it only has to show that nothing waits inside of the loop.
    assert longest_work < 0.05
    assert longest_pause < 2


async def test_a_cancelled_run_interrupts_the_turn(world: World) -> None:
    gate = Gate()
    world.model.queue(Reply.text("never").gated(gate), Reply.text("after"))
    async with world.async_codex() as codex:
        thread = await codex.thread_start()
        running = asyncio.create_task(thread.run("x"))
        await gate_reached(gate)
        started = time.monotonic()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert time.monotonic() - started < 3
        for _ in range(100):
            turns = (await thread.read(include_turns=True)).thread.turns
            if turns and turns[-1].status == "interrupted":
                break
            await asyncio.sleep(0.05)
        assert turns[-1].status == "interrupted"
        assert (await thread.run("y")).final_response == "after"


@pytest.mark.parametrize("pause_s", [0.0, 0.005, 0.02, 0.05])
async def test_a_run_cancelled_at_any_moment_leaves_no_turn_running(
    world: World, pause_s: float
) -> None:
    gate = Gate()
    world.model.fallback = Reply.text("never").gated(gate)
    async with world.async_codex() as codex:
        thread = await codex.thread_start()
        running = asyncio.create_task(thread.run("x"))
        await asyncio.sleep(pause_s)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await asyncio.sleep(0.5)
        for _ in range(100):
            status = (await thread.read()).thread.status.root.type
            if status != "active":
                break
            await asyncio.sleep(0.05)
        assert status != "active"


async def test_a_timeout_around_run_leaves_the_client_usable(world: World) -> None:
    gate = Gate()
    world.model.queue(Reply.text("never").gated(gate), Reply.text("after"))
    async with world.async_codex() as codex:
        thread = await codex.thread_start()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(thread.run("x"), 1.0)
        assert (await thread.run("y")).final_response == "after"


async def test_a_cancelled_call_leaves_no_thread_and_no_waiter(world: World) -> None:
    async with world.async_codex() as codex:
        await codex.models()
        threads = threading.active_count()
        for _ in range(10):
            call = asyncio.create_task(codex.models())
            await asyncio.sleep(0)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
        assert (await codex.models()).data
        assert threading.active_count() <= threads


async def test_a_cancelled_stream_leaves_other_turns_alone(world: World) -> None:
    gate = Gate()
    async with world.async_codex() as codex:
        thread, other = await codex.thread_start(), await codex.thread_start()
        world.model.queue(Reply.text("held").gated(gate))
        turn = await thread.turn("x")
        await gate_reached(gate)

        async def follow() -> None:
            async for _ in turn.stream():
                pass

        following = asyncio.create_task(follow())
        await asyncio.sleep(0.1)
        following.cancel()
        with pytest.raises(asyncio.CancelledError):
            await following
        world.model.queue(Reply.text("fine"))
        assert (await other.run("y")).final_response == "fine"


def test_asyncio_run_ends_promptly_with_a_live_turn(world: World) -> None:
    gate = Gate()
    world.model.queue(Reply.text("never").gated(gate))

    async def main() -> float:
        async with world.async_codex() as codex:
            thread = await codex.thread_start()
            await thread.turn("x")
            await gate_reached(gate)
            return time.monotonic()

    left = asyncio.run(main())
    assert time.monotonic() - left < 3


def test_a_client_belongs_to_one_event_loop(world: World) -> None:
    codex = world.async_codex()
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(codex.models())
        with pytest.raises((AppServerError, RuntimeError), match="loop"):
            asyncio.run(codex.models())  # type: ignore[arg-type]
        loop.run_until_complete(codex.close())
    finally:
        loop.close()


async def test_two_turns_at_once_do_not_mix(world: World) -> None:
    world.model.fallback = Reply.text("same for all", deltas=["same ", "for ", "all"])
    async with world.async_codex() as codex:
        threads = await asyncio.gather(*(codex.thread_start() for _ in range(4)))

        async def follow(thread: Any) -> tuple[str, set[str]]:
            turn = await thread.turn("x")
            text, ids = "", set()
            async for event in turn.stream():
                ids.add(getattr(event.payload, "turn_id", turn.id))
                if event.method == "item/agentMessage/delta":
                    text += event.payload.delta
            return text, ids - {turn.id}

        seen = await asyncio.gather(*(follow(thread) for thread in threads))
    assert seen == [("same for all", set())] * 4
