"""Messages in an order or a shape that no schema promises: no turn may be lost, or never end."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from codex_app_server import AppServerError, RunResult, is_retryable_error
from codex_app_server._turns import RawNotification, TurnRouter
from codex_app_server.errors import InvalidResponseError, StreamConsumedError, TurnFailedError
from codex_app_server.types import TurnStatus
from harness.world import Twin

from .conftest import ScriptedWorld

# -- the shape of a line ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        r"""{"id": float(request["id"]), "result": {"data": []}}""",
        r"""{"id": str(request["id"]), "result": {"data": []}}""",
    ],
)
def test_an_id_may_come_back_in_another_type(twin: Twin, line: str) -> None:
    script = f"""
        @on("model/list")
        def _(request):
            send({line})
    """
    with twin.codex(script=script, request_timeout_s=5) as codex:
        assert twin.wait(codex.models()).data == []


def test_a_byte_order_mark_is_skipped(twin: Twin) -> None:
    script = r"""
        @on("model/list")
        def _(request):
            line = json.dumps({"id": request["id"], "result": {"data": []}})
            raw(b"\xef\xbb\xbf" + line.encode() + b"\n")
    """
    with twin.codex(script=script, request_timeout_s=5) as codex:
        assert twin.wait(codex.models()).data == []


def test_a_last_line_without_an_end_counts(twin: Twin) -> None:
    script = """
        @on("model/list")
        def _(request):
            raw(json.dumps({"id": request["id"], "result": {"data": []}}).encode())
            os._exit(0)
    """
    with twin.codex(script=script) as codex:
        assert twin.wait(codex.models()).data == []


def test_the_stump_of_a_message_is_no_noise_that_is_reported(twin: Twin) -> None:
    script = """
        @on("model/list")
        def _(request):
            raw(b'{"id": 2, "resu')
            os._exit(3)
    """
    with twin.codex(script=script) as codex:
        with pytest.raises(AppServerError) as caught:
            twin.wait(codex.models())
        assert "no JSON" not in str(caught.value)


def test_half_a_character_is_replaced(twin: Twin) -> None:
    script = r"""
        @on("turn/start")
        def _(request):
            turn_id = new_turn(request)
            message(turn_id, "a\ud83d b\ud83d\ude00")
            completed(turn_id)
    """
    with twin.codex(script=script) as codex:
        result = twin.wait(twin.wait(codex.thread_start()).run("x"))
        assert result.final_response == "a\N{REPLACEMENT CHARACTER} b\N{GRINNING FACE}"


def test_an_error_code_may_be_a_float(twin: Twin) -> None:
    script = """on("model/list")(lambda request: fail(request, -32001.0))"""
    with twin.codex(script=script) as codex:
        with pytest.raises(AppServerError) as caught:
            twin.wait(codex.models())
        assert is_retryable_error(caught.value)


# -- the shape of payloads --------------------------------------------------------------------


@pytest.mark.parametrize(
    "ending",
    [
        """turn(turn_id, "completed", durationMs="long", startedAt=[])""",
        """turn(turn_id, "completed", items=None)""",
        """turn(turn_id, "completed", items=[5])""",
        """{"id": turn_id}""",
        """{"id": turn_id, "status": None}""",
        """{"id": turn_id, "status": 7, "error": None}""",
    ],
)
def test_a_misshapen_end_keeps_what_fits(twin: Twin, ending: str) -> None:
    script = f"""
        @on("turn/start")
        def _(request):
            turn_id = new_turn(request)
            message(turn_id, "text")
            notify("turn/completed", threadId=THREAD_ID, turn={ending})
    """
    with twin.codex(script=script, turn_timeout_s=10) as codex:
        thread = twin.wait(codex.thread_start())
        result: RunResult = twin.wait(thread.run("x"))
        assert result.final_response == "text"
        assert result.status is TurnStatus.completed
        assert result.duration_ms is None
        turn = twin.wait(twin.wait(thread.turn("x")).run()).turn
        # Every field has its declared type, or pytest would see the serializer's warning.
        assert turn.model_dump(mode="json", by_alias=True)["status"] == "completed"


@pytest.mark.parametrize(
    ("changes", "message", "retryable"),
    [
        ("""{"durationMs": "long"}""", "boom", True),
        ("""{"items": None}""", "boom", True),
        ("""{"status": None}""", "boom", True),
        ("""{"error": "plain"}""", "plain", False),
        ("""{"error": {"message": "odd", "codexErrorInfo": [1]}}""", "odd", False),
        ("""{"error": {"message": 7}}""", '{"message": 7}', False),
        ("""{"error": {}}""", "turn `turn-1` failed without a message", False),
    ],
)
def test_a_misshapen_failure_is_still_that_failure(
    twin: Twin, changes: str, message: str, retryable: bool
) -> None:
    script = f"""
        @on("turn/start")
        def _(request):
            turn_id = new_turn(request)
            message(turn_id, "part")
            error = {{"message": "boom", "codexErrorInfo": "serverOverloaded"}}
            ended = {{**turn(turn_id, "failed", error=error), **{changes}}}
            notify("turn/completed", threadId=THREAD_ID, turn=ended)
    """
    with twin.codex(script=script, turn_timeout_s=10) as codex:
        thread = twin.wait(codex.thread_start())
        with pytest.raises(TurnFailedError) as caught:
            twin.wait(thread.run("x"))
        assert str(caught.value) == message
        assert len(caught.value.items) == 1
        assert is_retryable_error(caught.value) is retryable


@pytest.mark.parametrize(
    "event",
    [
        """notify("turn/completed", threadId=THREAD_ID, turnId=turn_id)""",
        """notify("turn/completed", threadId=THREAD_ID, turnId=turn_id, turn={"status": "x"})""",
        """notify("turn/completed", threadId=THREAD_ID, turnId=turn_id, turn=None)""",
    ],
)
def test_the_end_finds_its_turn_by_either_id(twin: Twin, event: str) -> None:
    script = f"""
        @on("turn/start")
        def _(request):
            turn_id = new_turn(request)
            {event}
    """
    with twin.codex(script=script, turn_timeout_s=10) as codex:
        assert twin.wait(twin.wait(codex.thread_start()).run("x")).turn_id == "turn-1"


def test_keys_that_may_be_null_may_be_missing(twin: Twin) -> None:
    # Runtimes before 0.154 send threads without `projectId` and `originator`.
    script = """
        @on("thread/start")
        def _(request):
            older = {key: value for key, value in thread().items() if value is not None}
            reply(request, thread_response(thread=older))

        @on("thread/list")
        def _(request):
            older = {key: value for key, value in thread().items() if value is not None}
            reply(request, {"data": [older, thread(), older]})

        @on("thread/read")
        def _(request):
            reply(request, {"thread": {"id": "x"}})

        @on("turn/start")
        def _(request):
            turn_id = new_turn(request)
            older = {key: value for key, value in thread().items() if value is not None}
            notify("thread/started", thread=older, turnId=turn_id)
            completed(turn_id)
    """
    with twin.codex(script=script) as codex:
        thread = twin.wait(codex.thread_start())
        listed = twin.wait(codex.thread_list()).data
        assert [one.project_id for one in listed] == [None, None, None]
        assert twin.wait(thread.run("x")).items == []
        with pytest.raises(InvalidResponseError, match="thread"):
            twin.wait(thread.read())


# -- the order of messages --------------------------------------------------------------------


def test_a_turn_that_was_joined_too_late_still_ends(twin: Twin) -> None:
    script = """
        @on("turn/start")
        def _(request):
            turn_id = "turn-1"
            if next(turn_numbers) == 1:
                reply(request, {"turn": turn(turn_id)})
                started(turn_id)
            else:
                completed(turn_id)
                reply(request, {"turn": turn(turn_id)})
    """
    with twin.codex(script=script, turn_timeout_s=5) as codex:
        thread = twin.wait(codex.thread_start())
        first, second = twin.wait(thread.turn("a")), twin.wait(thread.turn("b"))
        methods = [[event.method for event in twin.events(one.stream())] for one in (first, second)]
        assert methods == [["turn/started", "turn/completed"], ["turn/completed"]]


def test_a_turn_that_ended_before_it_was_started_says_so(twin: Twin) -> None:
    script = """
        @on("model/list")
        def _(request):
            completed("turn-1")
            reply(request, {"data": []})

        on("turn/start")(lambda request: reply(request, {"turn": turn("turn-1")}))
    """
    with twin.codex(script=script, turn_timeout_s=5) as codex:
        thread = twin.wait(codex.thread_start())
        twin.wait(codex.models())
        with pytest.raises(StreamConsumedError, match="not kept"):
            twin.wait(thread.run("x"))


def test_many_events_before_the_reply_are_all_kept(twin: Twin) -> None:
    script = """
        @on("turn/start")
        def _(request):
            turn_id = "turn-1"
            started(turn_id)
            for _ in range(6000):
                delta(turn_id, "x")
            completed(turn_id)
            reply(request, {"turn": turn(turn_id)})
    """
    with twin.codex(script=script) as codex:
        handle = twin.wait(twin.wait(codex.thread_start()).turn("x"))
        assert sum(1 for _ in twin.events(handle.stream())) == 6002


# Answers none before all have come; then the events of all, then the replies.
ALL_AT_ONCE = """
    waiting = []

    @on("turn/start")
    def _(request):
        waiting.append(request)
        if len(waiting) < int(ARGUMENTS[0]):
            return
        ids = [f"turn-{number}" for number in range(len(waiting))]
        for turn_id, request in zip(ids, waiting):
            started(turn_id)
            message(turn_id, request["params"]["input"][0]["text"])
            completed(turn_id)
        for turn_id, request in zip(ids, waiting):
            reply(request, {"turn": turn(turn_id)})
"""


async def test_the_events_of_many_turns_may_precede_their_replies(
    scripted: ScriptedWorld,
) -> None:
    async with scripted.async_codex(ALL_AT_ONCE, "300", turn_timeout_s=10) as codex:
        thread = await codex.thread_start()
        results = await asyncio.gather(*(thread.run(str(number)) for number in range(300)))
    assert [result.final_response for result in results] == [str(n) for n in range(300)]


def test_the_events_of_many_turns_of_threads_may_precede_their_replies(
    scripted: ScriptedWorld,
) -> None:
    found: dict[str, Any] = {}
    with scripted.codex(ALL_AT_ONCE, "100", turn_timeout_s=10) as codex:
        thread = codex.thread_start()

        def run(text: str) -> None:
            found[text] = thread.run(text).final_response

        threads = [threading.Thread(target=run, args=(str(n),)) for n in range(100)]
        for one in threads:
            one.start()
        for one in threads:
            one.join(20)
    assert found == {str(n): str(n) for n in range(100)}


def test_what_is_kept_for_replies_that_never_come_is_bounded() -> None:
    router = TurnRouter()
    router.starting()
    for number in range(5000):
        turn_id = f"turn-{number}"
        if number % 2:
            router.register(turn_id)
        for method in ("turn/started", "turn/completed"):
            router.route(RawNotification(method, {"turn": {"id": turn_id}}))
        router.unregister(turn_id)
    assert len(router._early) < 100
    assert len(router._last) < 100
    router.started(None)
    assert not router._early
    assert not router._last
