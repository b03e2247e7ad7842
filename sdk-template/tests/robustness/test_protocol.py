"""What a server may send that no healthy one of today sends: nothing of it may stop the client."""

from __future__ import annotations

import time
from typing import Any

import pytest

from codex_app_server import (
    AppServerError,
    InvalidRequestError,
    JsonRpcError,
    ServerBusyError,
    is_retryable_error,
    retry_on_overload,
)
from codex_app_server.errors import InvalidResponseError
from codex_app_server.models import UnknownNotification
from harness.world import Twin


def methods_of_a_turn(twin: Twin, script: str) -> list[str]:
    """The methods of the notifications of one turn of a scripted server."""
    return [event.method for event in turn_events(twin, script)]


def turn_events(twin: Twin, script: str) -> list[Any]:
    """The notifications of one turn of a scripted server."""
    with twin.codex(script=script, request_timeout_s=10, turn_timeout_s=10) as codex:
        thread = twin.wait(codex.thread_start())
        return list(twin.events(twin.wait(thread.turn("x")).stream()))


@pytest.mark.parametrize(
    "noise",
    [
        rb"b'\n'",
        rb"b'  \r\n\n'",
        rb"b'this is no JSON\n'",
        rb"b'[1, 2]\n'",
        rb"b'{}\n'",
        rb"b'null\n'",
        rb"b'{\"id\": null, \"error\": {\"code\": 1, \"message\": \"x\"}}\n'",
        rb"b'{\"error\": {\"code\": 1, \"message\": \"x\"}}\n'",
        rb"b'{\"id\": 999999, \"result\": {}}\n'",
        rb"b'{\"id\": \"text\", \"result\": {}}\n'",
        rb"b'{\"id\": {}, \"result\": {}}\n'",
        rb"b'{\"id\": true, \"result\": {}}\n'",
        rb"b'\xff\xfe\x00 bad\n'",
        rb"b'{\"method\": 5, \"params\": {}}\n'",
        rb"b'{\"method\": \"turn/completed\"}\n'",
        rb"b'{\"method\": \"turn/completed\", \"params\": [1]}\n'",
        rb"b'{\"method\": \"turn/completed\", \"params\": {\"turn\": {\"id\": [1]}}}\n'",
        rb"b'{\"method\": \"item/started\", \"params\": {\"turnId\": {\"a\": 1}}}\n'",
        rb"b'[' * 100000 + b'\n'",
        rb"b'9' * 10000 + b'\n'",
        rb"b'{\"id\": 1e999, \"result\": {}}\n'",
    ],
)
def test_noise_is_skipped(twin: Twin, noise: bytes) -> None:
    script = f"""
        @on("model/list")
        def _(request):
            raw({noise.decode()})
            reply(request, {{"data": [], "nextCursor": None}})
            raw({noise.decode()})
    """
    with twin.codex(script=script, request_timeout_s=10) as codex:
        assert twin.wait(codex.models()).data == []
        assert twin.wait(codex.models()).data == []
        assert twin.wait(twin.wait(codex.thread_start()).run("x")).final_response == "hello"


def test_crlf_line_ends_are_accepted(twin: Twin) -> None:
    script = r"""
        @on("model/list")
        def _(request):
            raw(json.dumps({"id": request["id"], "result": {"data": []}}).encode() + b"\r\n")
    """
    with twin.codex(script=script, request_timeout_s=10) as codex:
        assert twin.wait(codex.models()).data == []


def test_a_line_of_30_megabytes_arrives_whole(twin: Twin) -> None:
    script = """
        @on("turn/start")
        def _(request):
            turn_id = new_turn(request)
            message(turn_id, "x" * 30_000_000)
            completed(turn_id)
    """
    with twin.codex(script=script) as codex:
        thread = twin.wait(codex.thread_start())
        started = time.monotonic()
        text = twin.wait(thread.run("x")).final_response
        assert text is not None
        assert len(text) == 30_000_000
        assert time.monotonic() - started < 20


def test_a_line_in_tiny_pieces_arrives_whole(twin: Twin) -> None:
    script = """
        @on("model/list")
        def _(request):
            line = json.dumps({"id": request["id"], "result": {"data": []}}).encode() + b"\\n"
            for byte in line:
                raw(bytes([byte]))
    """
    with twin.codex(script=script, request_timeout_s=10) as codex:
        assert twin.wait(codex.models()).data == []


def test_invalid_utf8_in_text_is_replaced(twin: Twin) -> None:
    script = r"""
        @on("turn/start")
        def _(request):
            turn_id = new_turn(request)
            raw(b'{"method":"item/completed","params":{"threadId":"t","turnId":"%s",'
                b'"completedAtMs":1,"item":{"type":"agentMessage","id":"m","text":"a\xffb"}}}\n'
                % turn_id.encode())
            completed(turn_id)
    """
    with twin.codex(script=script, request_timeout_s=10) as codex:
        result = twin.wait(twin.wait(codex.thread_start()).run("x"))
        assert result.final_response == "a\ufffdb"


def test_an_unknown_notification_keeps_its_raw_parameters(twin: Twin) -> None:
    script = """
        @on("turn/start")
        def _(request):
            turn_id = new_turn(request)
            notify("item/brandNew", turnId=turn_id, fancy={"a": [1]})
            notify("turn/brandNew", turn={"id": turn_id, "b": 2})
            completed(turn_id)
    """
    events = turn_events(twin, script)
    assert [event.method for event in events] == [
        "turn/started",
        "item/brandNew",
        "turn/brandNew",
        "turn/completed",
    ]
    assert isinstance(events[1].payload, UnknownNotification)
    assert events[1].payload.params["fancy"] == {"a": [1]}


def test_an_invalid_payload_of_a_known_method_still_reaches_its_turn(twin: Twin) -> None:
    script = """
        @on("turn/start")
        def _(request):
            turn_id = new_turn(request)
            notify("item/agentMessage/delta", turnId=turn_id, delta={"not": "a string"})
            notify("thread/tokenUsage/updated", turnId=turn_id, tokenUsage=5)
            completed(turn_id)
    """
    events = turn_events(twin, script)
    assert len(events) == 4
    assert isinstance(events[1].payload, UnknownNotification)
    assert events[1].payload.params["delta"] == {"not": "a string"}
    assert isinstance(events[2].payload, UnknownNotification)


@pytest.mark.parametrize(
    "ending",
    [
        'completed(turn_id, "exploded")',
        'completed(turn_id, items=[{"type": "hologram", "id": "i", "depth": 3}])',
        'completed(turn_id, items=[{"type": "agentMessage"}])',
        'completed(turn_id, error={"message": 5})',
        "completed(turn_id, items=None)",
        "completed(turn_id, status=17)",
        'notify("turn/completed", turn={"id": turn_id})',
        'notify("turn/completed", threadId=5, turn={"id": turn_id, "status": None})',
    ],
)
def test_whatever_turn_completed_holds_ends_the_turn(twin: Twin, ending: str) -> None:
    script = f"""
        @on("turn/start")
        def _(request):
            turn_id = new_turn(request)
            {ending}
    """
    assert methods_of_a_turn(twin, script) == ["turn/started", "turn/completed"]
    with twin.codex(script=script, turn_timeout_s=10) as codex:
        thread = twin.wait(codex.thread_start())
        assert twin.wait(thread.run("x")).final_response is None
        assert twin.wait(twin.wait(thread.turn("x")).run()).id == "turn-2"


def test_unknown_items_enums_and_fields_are_kept(twin: Twin) -> None:
    script = """
        @on("turn/start")
        def _(request):
            turn_id = new_turn(request)
            item(turn_id, type="hologram", id="h", depth=3)
            item(turn_id, type="agentMessage", id="m", text="hi", phase="whispered", extra=[1])
            message(turn_id, "hello")
            completed(turn_id, "paused", brandNew=1)
    """
    with twin.codex(script=script, turn_timeout_s=10) as codex:
        thread = twin.wait(codex.thread_start())
        result = twin.wait(thread.run("x"))
        assert result.final_response == "hello"
        assert result.status == "paused"
        hologram, odd, _ = result.items
        assert hologram.root.type == "hologram"
        assert hologram.model_dump(by_alias=True) == {"type": "hologram", "id": "h", "depth": 3}
        assert odd.root.phase == "whispered"
        dumped = odd.model_dump(by_alias=True, mode="json", exclude_none=True)
        assert dumped["phase"] == "whispered"
        assert dumped["extra"] == [1]
        turn = twin.wait(twin.wait(thread.turn("x")).run()).turn
        assert turn.model_dump(by_alias=True)["brandNew"] == 1


def test_new_values_in_responses_do_not_abort_the_call(twin: Twin) -> None:
    script = """
        changed = {**thread(), "status": {"type": "dreaming"}, "source": "hologram", "new": 1}

        @on("thread/start")
        def _(request):
            reply(request, thread_response(
                thread=changed, approvalPolicy="sometimes", approvalsReviewer="oracle",
                sandbox={"type": "bubble"}, reasoningEffort="galactic"))

        @on("thread/read")
        def _(request):
            many = [turn("t%d" % n, "new", items=[{"type": "new%d" % n}] * 5) for n in range(50)]
            reply(request, {"thread": {**changed, "turns": many}})
    """
    with twin.codex(script=script, request_timeout_s=10) as codex:
        thread = twin.wait(codex.thread_start())
        read = twin.wait(thread.read(include_turns=True))
        assert len(read.thread.turns) == 50
        assert read.thread.turns[7].items[0].root.type == "new7"


@pytest.mark.parametrize(
    "result", ["None", "5", "[]", "'text'", "{}", "{'thread': None}", "{'thread': {'id': 5}}"]
)
def test_a_result_that_is_no_response_is_a_clean_error(twin: Twin, result: str) -> None:
    script = f"""
        @on("thread/start")
        def _(request):
            reply(request, {result})
    """
    with twin.codex(script=script, request_timeout_s=10) as codex:
        with pytest.raises(InvalidResponseError, match="thread/start") as caught:
            twin.wait(codex.thread_start())
        assert isinstance(caught.value, AppServerError)
        assert twin.wait(codex.models()).data == []


def test_a_response_without_result_and_error_is_a_clean_error(twin: Twin) -> None:
    script = """
        @on("model/list")
        def _(request):
            send({"id": request["id"]})
    """
    with (
        twin.codex(script=script, request_timeout_s=10) as codex,
        pytest.raises(InvalidResponseError, match="null"),
    ):
        twin.wait(codex.models())


@pytest.mark.parametrize(
    "error",
    [
        '{"code": "E_ODD", "message": "odd"}',
        '{"code": 1.5, "message": "odd"}',
        '{"code": None, "message": "odd"}',
        '{"code": True, "message": "odd"}',
        '{"code": [1], "message": "odd"}',
        '{"message": "odd"}',
        '{"code": "x", "message": {"odd": 1}}',
        '"odd"',
        '["odd"]',
    ],
)
def test_an_odd_error_object_is_a_json_rpc_error(twin: Twin, error: str) -> None:
    script = f"""
        @on("model/list")
        def _(request):
            send({{"id": request["id"], "error": {error}}})
    """
    with twin.codex(script=script, request_timeout_s=10) as codex:
        with pytest.raises(JsonRpcError, match="odd") as caught:
            twin.wait(codex.models())
        assert type(caught.value) is JsonRpcError
        assert caught.value.code == 0
        with pytest.raises(JsonRpcError):
            twin.wait(codex.models())


def test_overload_is_retried_until_the_server_has_time(twin: Twin) -> None:
    script = """
        calls = iter(range(10))

        @on("model/list")
        def _(request):
            if next(calls) < 2:
                fail(request, -32001, "Server overloaded; retry later.")
            else:
                reply(request, {"data": []})
    """
    with twin.codex(script=script, request_timeout_s=10) as codex:
        with pytest.raises(ServerBusyError) as caught:
            twin.wait(codex.models())
        assert is_retryable_error(caught.value)
        outcome = retry_on_overload(codex.models, initial_delay_s=0.01)
        assert twin.wait(outcome).data == []


def test_other_errors_are_not_retried(twin: Twin) -> None:
    script = """
        calls = []

        @on("model/list")
        def _(request):
            calls.append(1)
            fail(request, -32600, "call %d" % len(calls))
    """
    with (
        twin.codex(script=script, request_timeout_s=10) as codex,
        pytest.raises(InvalidRequestError, match="call 1"),
    ):
        twin.wait(retry_on_overload(codex.models, initial_delay_s=0.01))


def test_answers_may_come_in_any_order(twin: Twin) -> None:
    script = """
        waiting = []

        @on("model/list")
        def _(request):
            waiting.append(request)
            if len(waiting) == 3:
                for one in reversed(waiting):
                    hidden = one["params"]["includeHidden"]
                    reply(one, {"data": [], "nextCursor": str(hidden)})
    """
    if twin.kind == "sync":
        pytest.skip("needs several calls at once")
    with twin.codex(script=script, request_timeout_s=10) as codex:
        calls = [codex.models(include_hidden=hidden) for hidden in (True, False, True)]
        found = [answer.next_cursor for answer in twin.together(calls)]
        assert found == ["True", "False", "True"]


def test_usage_that_lacks_a_number_keeps_the_others(
    twin: Twin, caplog: pytest.LogCaptureFixture
) -> None:
    # Older runtimes do not tell every number that this one does.
    script = """
        @on("turn/start")
        def _(request):
            turn_id = new_turn(request)
            usage = {"total": {"totalTokens": 7, "inputTokens": 5}, "modelContextWindow": 9}
            notify("thread/tokenUsage/updated", threadId="t1", turnId=turn_id, tokenUsage=usage)
            completed(turn_id)
    """
    with twin.codex(script=script, request_timeout_s=10, turn_timeout_s=10) as codex:
        usage = twin.wait(twin.wait(codex.thread_start()).run("x")).usage
    assert usage.total.total_tokens == 7
    assert usage.total.output_tokens is None
    assert "thread/tokenUsage/updated" in caplog.text
