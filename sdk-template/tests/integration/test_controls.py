"""Steering and interrupting (46, 54-56)."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from typing import Any

import pytest

from codex_app_server import AppServerError, AsyncTurnHandle, InvalidRequestError, TurnHandle
from harness import Gate, Reply, Twin, World
from harness.model_server import wait_until


def test_steer_adds_input_to_the_running_turn(twin: Twin) -> None:
    gate = Gate()
    twin.world.model.queue(Reply.text("first").gated(gate), Reply.text("steered"))
    with twin.codex() as codex:
        turn = twin.wait(twin.wait(codex.thread_start()).turn("begin"))
        gate.wait_until_reached()
        assert twin.wait(turn.steer("change course")).turn_id == turn.id
        gate.open()
        completed = twin.wait(turn.run())
    assert (completed.id, completed.status) == (turn.id, "completed")
    last = twin.world.model.wait_for_requests(2)[-1]
    assert [text for text in last.texts() if text in ("begin", "change course")] == [
        "begin",
        "change course",
    ]


def test_steer_of_a_finished_turn_is_an_invalid_request(twin: Twin) -> None:
    twin.world.model.queue(Reply.text("x"))
    with twin.codex() as codex:
        turn = twin.wait(twin.wait(codex.thread_start()).turn("x"))
        twin.wait(turn.run())
        with pytest.raises(InvalidRequestError):
            twin.wait(turn.steer("too late"))


def test_interrupt_ends_the_stream_with_status_interrupted(twin: Twin) -> None:
    gate = Gate()
    reply = Reply.text("never whole", deltas=["never ", "whole"]).gated(gate, after=3)
    twin.world.model.queue(reply)
    with twin.codex() as codex:
        turn = twin.wait(twin.wait(codex.thread_start()).turn("x"))
        gate.wait_until_reached()
        twin.wait(turn.interrupt())
        events = list(twin.events(turn.stream()))
    assert events[-1].method == "turn/completed"
    assert events[-1].payload.turn.status == "interrupted"


def kept_turn_id(thread: Any) -> str | None:
    """The id of the thread's last turn once the server has its first message."""
    turns = thread.thread.turns
    items = [item.root for item in turns[-1].items] if turns else []
    return turns[-1].id if any(item.type == "agentMessage" for item in items) else None


def half_said() -> tuple[Gate, Reply]:
    """A reply that is held after one whole message and a part of the second."""
    gate = Gate()
    return gate, Reply.text("kept").and_text("lost", deltas=["lo", "st"]).gated(gate, after=4)


def test_run_gives_what_an_interrupted_turn_had_collected(world: World) -> None:
    gate, reply = half_said()
    world.model.queue(reply)
    with world.codex() as codex:
        thread = codex.thread_start()

        def interrupt() -> None:
            gate.wait_until_reached()
            wait_until(lambda: kept_turn_id(thread.read(include_turns=True)), 10, "the message")
            turn_id = kept_turn_id(thread.read(include_turns=True))
            assert turn_id is not None
            TurnHandle(thread._client, thread.id, turn_id).interrupt()

        other = threading.Thread(target=interrupt)
        other.start()
        result = thread.run("x")
        other.join(20)
    assert result.status == "interrupted"
    assert result.final_response == "kept"
    assert result.items[0].root.type == "userMessage"


async def test_async_run_gives_what_an_interrupted_turn_had_collected(world: World) -> None:
    gate, reply = half_said()
    world.model.queue(reply)
    async with world.async_codex() as codex:
        thread = await codex.thread_start()
        running = asyncio.create_task(thread.run("x"))
        await asyncio.to_thread(gate.wait_until_reached)
        turn_id = None
        while turn_id is None:
            turn_id = kept_turn_id(await thread.read(include_turns=True))
        await AsyncTurnHandle(codex, thread.id, turn_id).interrupt()
        result = await running
    assert result.status == "interrupted"
    assert result.final_response == "kept"


def test_interrupt_of_a_completed_turn_is_an_invalid_request(twin: Twin) -> None:
    twin.world.model.queue(Reply.text("x"))
    with twin.codex() as codex:
        turn = twin.wait(twin.wait(codex.thread_start()).turn("x"))
        twin.wait(turn.run())
        with pytest.raises(InvalidRequestError):
            twin.wait(turn.interrupt())


def test_a_second_interrupt_never_hangs(twin: Twin) -> None:
    gate = Gate()
    twin.world.model.queue(Reply.text("x").gated(gate), Reply.text("after"))
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start())
        turn = twin.wait(thread.turn("x"))
        gate.wait_until_reached()
        twin.wait(turn.interrupt())
        assert twin.wait(turn.run()).status == "interrupted"
        started = time.monotonic()
        with pytest.raises(AppServerError):
            twin.wait(turn.interrupt())
        assert time.monotonic() - started < 5
        assert twin.wait(thread.run("y")).final_response == "after"


def test_a_second_turn_on_an_active_thread_joins_it(twin: Twin) -> None:
    gate = Gate()
    twin.world.model.queue(Reply.text("first").gated(gate), Reply.text("second"))
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start())
        first = twin.wait(thread.turn("one"))
        gate.wait_until_reached()
        second = twin.wait(thread.turn("two"))
        assert second.id == first.id
        gate.open()
        assert list(twin.events(first.stream()))[-1].payload.turn.status == "completed"


def test_a_turn_may_be_interrupted_as_soon_as_it_is_started(twin: Twin) -> None:
    for _ in range(5):
        gate = Gate()
        twin.world.model.queue(Reply.text("x").gated(gate))
        with twin.codex() as codex:
            turn = twin.wait(twin.wait(codex.thread_start()).turn("x"))
            twin.wait(turn.interrupt())
            assert twin.wait(turn.run()).status == "interrupted"


def test_control_c_during_run_interrupts_the_turn(world: World) -> None:
    gate = Gate()
    world.model.queue(Reply.text("never").gated(gate), Reply.text("after"))
    with world.codex() as codex:
        thread = codex.thread_start()

        def press() -> None:
            gate.wait_until_reached()
            os.kill(os.getpid(), signal.SIGINT)

        other = threading.Thread(target=press)
        other.start()
        started = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            thread.run("x")
        other.join(20)
        assert time.monotonic() - started < 5
        wait_until(lambda: last_status(thread) == "interrupted", 5, "the end of the turn")
        assert thread.run("y").final_response == "after"


def last_status(thread: Any) -> str | None:
    """The status of a thread's last turn, as the server has it."""
    turns = thread.read(include_turns=True).thread.turns
    return turns[-1].status if turns else None
