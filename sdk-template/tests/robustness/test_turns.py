"""Turns of a server that sends things early, late or never; interruption and cancellation."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections import Counter
from typing import Any

import pytest

from codex_app_server import (
    AppServerError,
    InvalidRequestError,
    TextInput,
    TransportClosedError,
    TurnHandle,
)
from codex_app_server.errors import InvalidInputError, RequestTimeoutError, StreamConsumedError
from harness.world import Twin

from .conftest import ScriptedWorld, eventually, press_ctrl_c

# `thread/read` tells in its preview which turns the client asked to interrupt.
RECORDING = """
    interrupts = []

    @on("turn/interrupt")
    def _(request):
        interrupts.append(request["params"]["turnId"])
        reply(request, {})
        completed(request["params"]["turnId"], "interrupted")

    @on("thread/read")
    def _(request):
        reply(request, {"thread": {**thread(), "preview": " ".join(interrupts)}})
"""
SILENT_TURN = (
    RECORDING
    + """
    on("turn/start")(new_turn)
"""
)


def test_events_before_the_reply_are_not_lost(twin: Twin) -> None:
    script = """
        @on("turn/start")
        def _(request):
            turn_id = "turn-%d" % next(turn_numbers)
            started(turn_id)
            message(turn_id, "early")
            completed(turn_id)
            time.sleep(0.1)
            reply(request, {"turn": turn(turn_id, "completed")})
    """
    with twin.codex(script=script, turn_timeout_s=10) as codex:
        thread = twin.wait(codex.thread_start())
        for _ in range(5):
            assert twin.wait(thread.run("x")).final_response == "early"
        router = codex._client._core.router
        assert not router._early
        assert not router._boxes
        assert not router._unclaimed


def test_events_of_turns_that_nobody_follows_are_not_kept(twin: Twin) -> None:
    script = """
        @on("model/list")
        def _(request):
            for n in range(200):
                started("other-%d" % n)
                message("other-%d" % n, "x")
                completed("other-%d" % n)
            for n in range(3000):
                notify("thread/status/changed", threadId="t", status={"type": "idle"})
            reply(request, {"data": []})
    """
    with twin.codex(script=script) as codex:
        twin.wait(codex.models())
        router = codex._client._core.router
        assert not router._early
        assert len(router.unrouted._items) == 1024
        assert router.unrouted.dropped > 1900


def test_a_dropped_handle_leaves_nothing(twin: Twin) -> None:
    script = (
        RECORDING
        + """
    @on("turn/start")
    def _(request):
        running.append(new_turn(request))

    running = []

    @on("model/list")
    def _(request):
        for turn_id in running:
            for n in range(100):
                delta(turn_id, "x")
        reply(request, {"data": []})
    """
    )
    with twin.codex(script=script) as codex:
        thread = twin.wait(codex.thread_start())
        for _ in range(5):
            twin.wait(thread.turn("x"))
        stream = twin.wait(thread.turn("x")).stream()
        next(iter(twin.events(stream)))
        stream = None
        gc.collect()
        twin.wait(codex.models())
        router = codex._client._core.router
        assert all(ref() is None for refs in router._boxes.values() for ref in refs)
        assert not router._early
        assert not router._unclaimed


def test_leaving_a_stream_early_does_not_disturb_other_turns(twin: Twin) -> None:
    script = """
        first = []

        @on("turn/start")
        def _(request):
            turn_id = new_turn(request)
            if not first:
                first.append(turn_id)
                return
            delta(first[0], "late")
            completed(first[0])
            message(turn_id, "second")
            completed(turn_id)
    """
    with twin.codex(script=script, turn_timeout_s=10) as codex:
        thread = twin.wait(codex.thread_start())
        for _ in twin.events(twin.wait(thread.turn("x")).stream()):
            break
        assert twin.wait(thread.run("y")).final_response == "second"


def test_a_stream_is_given_once(twin: Twin) -> None:
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start())
        handle = twin.wait(thread.turn("x"))
        assert [event.method for event in twin.events(handle.stream())][-1] == "turn/completed"
        with pytest.raises(StreamConsumedError) as caught:
            handle.stream()
        assert isinstance(caught.value, AppServerError)
        with pytest.raises(StreamConsumedError):
            twin.wait(handle.run())
        # A handle made by hand for a turn that is over must not wait for ever either.
        again = type(handle)(thread._client if twin.kind == "sync" else codex, thread.id, handle.id)
        with pytest.raises(StreamConsumedError):
            again.stream()


def test_a_handle_made_by_hand_follows_a_running_turn(twin: Twin) -> None:
    with twin.codex(script=SILENT_TURN, turn_timeout_s=10) as codex:
        thread = twin.wait(codex.thread_start())
        handle = twin.wait(thread.turn("x"))
        again = type(handle)(thread._client if twin.kind == "sync" else codex, thread.id, handle.id)
        stream = again.stream()
        assert twin.kind == "async" or codex._client._core.router.register(handle.id) is not None
        if twin.kind == "async":
            codex._client.register_turn_notifications(handle.id)
        twin.wait(handle.interrupt())
        assert [event.method for event in twin.events(stream)][-1] == "turn/completed"
        assert twin.wait(handle.run()).status == "interrupted"


def test_a_second_turn_on_a_busy_thread_sees_the_rest_of_it(twin: Twin) -> None:
    script = """
        @on("turn/start")
        def _(request):
            if not replies:
                replies.append(new_turn(request))
                return
            reply(request, {"turn": turn(replies[0])})
            message(replies[0], "together")
            completed(replies[0])
    """
    with twin.codex(script=script, turn_timeout_s=10) as codex:
        thread = twin.wait(codex.thread_start())
        first, second = twin.wait(thread.turn("x")), twin.wait(thread.turn("y"))
        assert first.id == second.id
        for handle in (first, second):
            methods = [event.method for event in twin.events(handle.stream())]
            assert methods[-2:] == ["item/completed", "turn/completed"]


def test_a_second_interrupt_is_answered_here(twin: Twin) -> None:
    script = """
        on("turn/start")(new_turn)
        answered = []

        @on("turn/interrupt")
        def _(request):
            # As 0.163.0: the second is never answered.
            if not answered:
                answered.append(1)
                reply(request, {})
    """
    with twin.codex(script=script) as codex:
        handle = twin.wait(twin.wait(codex.thread_start()).turn("x"))
        twin.wait(handle.interrupt())
        started = time.monotonic()
        with pytest.raises(InvalidRequestError, match="no active turn"):
            twin.wait(handle.interrupt())
        assert time.monotonic() - started < 1


def test_an_interrupt_that_comes_too_early_is_repeated(twin: Twin) -> None:
    script = """
        begun = []

        @on("turn/start")
        def _(request):
            reply(request, {"turn": turn("turn-1")})

        @on("turn/interrupt")
        def _(request):
            if not begun:
                fail(request, -32600, "no active turn to interrupt")
                time.sleep(0.1)
                begun.append(1)
                started("turn-1")
            else:
                reply(request, {})
                completed("turn-1", "interrupted")
    """
    with twin.codex(script=script, turn_timeout_s=5) as codex:
        handle = twin.wait(twin.wait(codex.thread_start()).turn("x"))
        twin.wait(handle.interrupt())
        assert twin.wait(handle.run()).status == "interrupted"


def test_an_interrupt_of_a_turn_that_never_begins_has_an_end(twin: Twin) -> None:
    script = """
        on("turn/start")(lambda request: reply(request, {"turn": turn("turn-1")}))
        on("turn/interrupt")(lambda request: fail(request, -32600, "no active turn"))
    """
    with twin.codex(script=script, request_timeout_s=0.5) as codex:
        handle = twin.wait(twin.wait(codex.thread_start()).turn("x"))
        with pytest.raises(RequestTimeoutError):
            twin.wait(handle.interrupt())


def test_an_interrupted_run_gives_what_there_was(twin: Twin) -> None:
    script = """
        @on("turn/start")
        def _(request):
            turn_id = new_turn(request)
            message(turn_id, "half", phase="commentary")
            completed(turn_id, "interrupted")
    """
    with twin.codex(script=script) as codex:
        result = twin.wait(twin.wait(codex.thread_start()).run("x"))
        assert result.status == "interrupted"
        assert result.final_response is None
        assert len(result.items) == 1


@pytest.mark.parametrize("bad", [5, None, object(), [TextInput("x"), 5], {"text": "x"}])
def test_wrong_input_is_a_type_error(twin: Twin, bad: Any) -> None:
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start())
        for call in (thread.run, thread.turn):
            with pytest.raises(TypeError, match="TextInput"):
                twin.wait(call(bad))


def test_a_lone_surrogate_is_refused_here(twin: Twin) -> None:
    with twin.codex(request_timeout_s=10) as codex:
        thread = twin.wait(codex.thread_start())
        with pytest.raises(InvalidInputError, match=r"U\+D800") as caught:
            twin.wait(thread.run("bad \ud800"))
        assert isinstance(caught.value, ValueError)
        with pytest.raises(InvalidInputError):
            twin.wait(thread.set_name("\udfff"))
        assert twin.wait(thread.run("good")).final_response == "hello"
        assert codex._client._core.live()._pending == {}


def test_arguments_that_do_not_fit_are_named(twin: Twin) -> None:
    with twin.codex() as codex:
        with pytest.raises(InvalidInputError, match="model"):
            twin.wait(codex.thread_start(model=5))
        thread = twin.wait(codex.thread_start())
        with pytest.raises(ValueError, match="cwd"):
            twin.wait(thread.run("x", cwd=7))
        with pytest.raises(ValueError, match="turn/start"):
            twin.wait(thread.run("x", output_schema={"a": float("nan")}))
        assert twin.wait(thread.run("x")).final_response == "hello"


def test_ctrl_c_in_run_interrupts_the_turn(scripted: ScriptedWorld) -> None:
    with scripted.codex(SILENT_TURN) as codex:
        thread = codex.thread_start()
        timer = threading.Timer(0.3, press_ctrl_c)
        timer.start()
        started = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            thread.run("x")
        assert time.monotonic() - started < 3
        assert thread.read().thread.preview == "turn-1"


def test_ctrl_c_while_the_turn_starts_interrupts_it_when_it_came(scripted: ScriptedWorld) -> None:
    script = (
        SILENT_TURN
        + """
    @on("turn/start")
    def _(request):
        time.sleep(0.6)
        new_turn(request)
    """
    )
    with scripted.codex(script) as codex:
        thread = codex.thread_start()
        timer = threading.Timer(0.2, press_ctrl_c)
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            thread.run("x")
        assert eventually(lambda: thread.read().thread.preview == "turn-1")
        assert not codex._client._core.router._unclaimed


def test_a_turn_that_starts_too_late_is_interrupted(twin: Twin) -> None:
    script = (
        SILENT_TURN
        + """
    @on("turn/start")
    def _(request):
        time.sleep(0.8)
        new_turn(request)
    """
    )
    with twin.codex(script=script, request_timeout_s=0.5) as codex:
        thread = twin.wait(codex.thread_start())
        with pytest.raises(RequestTimeoutError, match="turn/start"):
            twin.wait(thread.turn("x"))
        time.sleep(0.6)
        assert eventually(lambda: twin.wait(thread.read()).thread.preview == "turn-1")


async def test_cancelling_run_interrupts_the_turn_at_any_moment(scripted: ScriptedWorld) -> None:
    script = (
        SILENT_TURN
        + """
    @on("turn/start")
    def _(request):
        time.sleep(0.05)
        new_turn(request)
    """
    )
    async with scripted.async_codex(script) as codex:
        thread = await codex.thread_start()
        for number, delay in enumerate((0.0, 0.02, 0.05, 0.06, 0.1, 0.2), 1):
            run = asyncio.create_task(thread.run("x"))
            await asyncio.sleep(delay)
            started = time.monotonic()
            run.cancel()
            with pytest.raises(asyncio.CancelledError):
                await run
            assert time.monotonic() - started < 0.1
            if delay == 0.0:
                continue
            for _ in range(100):
                preview = (await thread.read()).thread.preview
                if f"turn-{number - 1}" in preview.split() or f"turn-{number}" in preview.split():
                    break
                await asyncio.sleep(0.02)
            else:
                raise AssertionError(preview)
        assert not codex._client._core.router._unclaimed


async def test_a_cancelled_call_drops_its_waiter(scripted: ScriptedWorld) -> None:
    async with scripted.async_codex("on('model/list')(lambda request: None)") as codex:
        for _ in range(20):
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(codex.models(), 0.01)
        assert codex._client._core.live()._pending == {}
        assert (await codex.thread_start()).id == "thread-1"


async def test_a_cancelled_wait_does_not_lose_an_event(scripted: ScriptedWorld) -> None:
    script = """
        @on("turn/start")
        def _(request):
            turn_id = new_turn(request)
            for n in range(50):
                time.sleep(0.002)
                delta(turn_id, str(n))
            completed(turn_id)
    """
    async with scripted.async_codex(script) as codex:
        thread = await codex.thread_start()
        stream = (await thread.turn("x")).stream()
        methods: list[str] = []
        while not methods or methods[-1] != "turn/completed":
            try:
                event = await asyncio.wait_for(stream.__anext__(), 0.0015)
            except asyncio.TimeoutError:
                continue
            methods.append(event.method)
        assert len(methods) == 52


async def test_two_event_loops_are_refused(scripted: ScriptedWorld) -> None:
    async with scripted.async_codex() as codex:
        thread = await codex.thread_start()

        def elsewhere() -> list[BaseException]:
            async def use() -> list[BaseException]:
                calls = (codex.models(), thread.run("x"), thread.read())
                return [
                    error
                    for error in await asyncio.gather(*calls, return_exceptions=True)
                    if isinstance(error, BaseException)
                ]

            return asyncio.run(use())

        errors = await asyncio.to_thread(elsewhere)
        assert [type(error) for error in errors] == [RuntimeError] * 3
        assert all("another event loop" in str(error) for error in errors)
        assert (await codex.models()).data == []


async def test_a_flood_does_not_hold_up_the_loop(scripted: ScriptedWorld) -> None:
    script = """
        @on("turn/start")
        def _(request):
            turn_id = new_turn(request)
            for n in range(20000):
                delta(turn_id, "x" * 50)
            completed(turn_id)
    """
    async with scripted.async_codex(script) as codex:
        thread = await codex.thread_start()
        turns_of_another = 0

        async def another() -> None:
            nonlocal turns_of_another
            while True:
                await asyncio.sleep(0)
                turns_of_another += 1

        await thread.run("x")  # everything that is loaded at first use is loaded now
        other = asyncio.create_task(another())
        # How many notifications were taken between two turns of another task: no measure of time,
        # so that a busy machine gives the same.
        taken = Counter[int]()
        async for _ in (await thread.turn("x")).stream():
            taken[turns_of_another] += 1
        other.cancel()
        assert taken.total() == 20002
        assert max(taken.values()) <= 64


def test_threads_share_one_client(scripted: ScriptedWorld) -> None:
    with scripted.codex(turn_timeout_s=20) as codex:
        results: list[str | None] = []

        def work() -> None:
            thread = codex.thread_start()
            for _ in range(10):
                results.append(thread.run("x").final_response)

        workers = [threading.Thread(target=work) for _ in range(8)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(30)
        assert results == ["hello"] * 80


def test_the_seams_deliver_by_turn(scripted: ScriptedWorld) -> None:
    with scripted.codex() as codex:
        client = codex._client
        turn_id = client.turn_start("thread-1", "x").turn.id
        client.register_turn_notifications(turn_id)
        methods = []
        while not methods or methods[-1] != "turn/completed":
            methods.append(client.next_turn_notification(turn_id).method)
        assert methods[0] == "turn/started"
        client.unregister_turn_notifications(turn_id)
        assert "".join(d.delta for d in client.stream_text("thread-1", "x")) == "hello"
        other = client.turn_start("thread-1", {"type": "text", "text": "x"}).turn.id
        assert client.wait_for_turn_completed(other).turn.status == "completed"
        assert TurnHandle(client, "thread-1", client.turn_start("thread-1", "x").turn.id).run()
        codex.close()
        with pytest.raises(TransportClosedError):
            client.next_turn_notification("x")
