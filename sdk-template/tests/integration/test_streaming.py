"""Streams: order, deltas, lateness, early exit, and turns side by side (38-39, 48-53)."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from codex_app_server import AppServerError
from codex_app_server.types import (
    Notification,
    ThreadTokenUsageUpdatedNotification,
    TurnCompletedNotification,
)
from harness import Gate, Reply, Twin, World


def streamed(text: str) -> Reply:
    """A reply that streams its text in three pieces."""
    third = max(1, len(text) // 3)
    pieces = [text[:third], text[third : 2 * third], text[2 * third :]]
    return Reply.text(text, deltas=pieces)


def deltas(events: list[Any]) -> str:
    """The text of all deltas."""
    return "".join(
        event.payload.delta for event in events if event.method == "item/agentMessage/delta"
    )


def test_events_come_in_order_and_the_stream_ends_by_itself(twin: Twin) -> None:
    twin.world.model.queue(streamed("hello world"))
    with twin.codex() as codex:
        turn = twin.wait(twin.wait(codex.thread_start()).turn("x"))
        events = list(twin.events(turn.stream()))
    methods = [event.method for event in events]
    assert all(isinstance(event, Notification) for event in events)
    assert methods[0] == "turn/started"
    assert methods[-1] == "turn/completed"
    assert methods.count("turn/completed") == 1
    expected = [
        "item/started",
        "item/completed",
        "item/started",
        "item/agentMessage/delta",
        "item/agentMessage/delta",
        "item/agentMessage/delta",
        "item/completed",
        "thread/tokenUsage/updated",
    ]
    assert [method for method in methods if method in set(expected)] == expected
    last = events[-1].payload
    assert isinstance(last, TurnCompletedNotification)
    assert (last.turn.id, last.turn.status) == (turn.id, "completed")
    usage = [e.payload for e in events if e.method == "thread/tokenUsage/updated"]
    assert isinstance(usage[0], ThreadTokenUsageUpdatedNotification)


def test_deltas_add_up_to_the_completed_text(twin: Twin) -> None:
    twin.world.model.queue(streamed("the quick brown fox ä😀"))
    with twin.codex() as codex:
        turn = twin.wait(twin.wait(codex.thread_start()).turn("x"))
        events = list(twin.events(turn.stream()))
    completed = [
        event.payload.item.root.text
        for event in events
        if event.method == "item/completed" and event.payload.item.root.type == "agentMessage"
    ]
    assert completed == ["the quick brown fox ä😀"]
    assert deltas(events) == completed[0]


def test_events_arrive_while_the_turn_runs(twin: Twin) -> None:
    gate = Gate()
    twin.world.model.queue(streamed("hello world").gated(gate, after=3))
    with twin.codex() as codex:
        turn = twin.wait(twin.wait(codex.thread_start()).turn("x"))
        seen: list[Any] = []
        for event in twin.events(turn.stream()):
            seen.append(event)
            if event.method == "item/agentMessage/delta" and deltas(seen) == "hel":
                gate.open()
    assert deltas(seen) == "hello world"


def test_a_late_consumer_gets_every_event(twin: Twin) -> None:
    twin.world.model.queue(streamed("late"), streamed("late"))
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start())
        prompt = list(twin.events(twin.wait(thread.turn("x")).stream()))
        turn = twin.wait(thread.turn("y"))
        twin.world.model.wait_for_requests(2)
        time.sleep(1.0)
        late = list(twin.events(turn.stream()))
    skipped = {"thread/settings/updated", "warning"}
    assert [e.method for e in late if e.method not in skipped] == [
        e.method for e in prompt if e.method not in skipped
    ]


def test_a_second_stream_of_a_finished_turn_raises_at_once(twin: Twin) -> None:
    twin.world.model.queue(Reply.text("x"))
    with twin.codex() as codex:
        turn = twin.wait(twin.wait(codex.thread_start()).turn("x"))
        list(twin.events(turn.stream()))
        started = time.monotonic()
        with pytest.raises(AppServerError):
            list(twin.events(turn.stream()))
        with pytest.raises(AppServerError):
            twin.wait(turn.run())
        assert time.monotonic() - started < 2


def test_leaving_a_stream_early_does_not_disturb_other_turns(twin: Twin) -> None:
    twin.world.model.queue(streamed("first").slow(0.02), streamed("second"), streamed("third"))
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start())
        turn = twin.wait(thread.turn("x"))
        for event in twin.events(turn.stream()):
            if event.method == "turn/started":
                break
        twin.world.model.wait_for_requests(1)
        other = twin.wait(codex.thread_start())
        assert twin.wait(other.run("y")).final_response == "second"
        assert twin.wait(codex.models()).data


def test_two_streams_do_not_mix(twin: Twin) -> None:
    with twin.codex() as codex:
        first_gate, second_gate = Gate(), Gate()
        first_thread = twin.wait(codex.thread_start())
        second_thread = twin.wait(codex.thread_start())
        twin.world.model.queue(streamed("aaaaaa").gated(first_gate, after=3))
        first = twin.wait(first_thread.turn("x"))
        first_gate.wait_until_reached()
        twin.world.model.queue(streamed("bbbbbb").gated(second_gate, after=3))
        second = twin.wait(second_thread.turn("y"))
        second_gate.wait_until_reached()

        one, two = twin.events(first.stream()), twin.events(second.stream())
        seen_first, seen_second = [next(one)], [next(two)]
        second_gate.open()
        seen_second += list(two)
        first_gate.open()
        seen_first += list(one)
    for turn, seen, text in ((first, seen_first, "aaaaaa"), (second, seen_second, "bbbbbb")):
        assert deltas(seen) == text
        assert seen[-1].payload.turn.id == turn.id
        ids = {getattr(event.payload, "turn_id", turn.id) for event in seen}
        assert ids == {turn.id}


def test_streams_may_be_taken_by_several_threads(world: World) -> None:
    world.model.fallback = streamed("hello world")
    texts: list[str] = []
    with world.codex() as codex:
        threads = [codex.thread_start() for _ in range(4)]

        def follow(index: int) -> None:
            texts.append(deltas(list(threads[index].turn("x").stream())))

        workers = [threading.Thread(target=follow, args=(index,)) for index in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(30)
    assert texts == ["hello world"] * 4
