"""What the server asks of the client: refused by default, decided by a handler if there is one."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from typing import Any

import pytest

from codex_app_server.generated.registry import SERVER_REQUESTS
from harness.world import Twin

from .conftest import ScriptedWorld

# Each turn makes the requests given as arguments, and ends with all answers as its message.
ASKING = """
    @on("turn/start")
    def _(request):
        turn_id = new_turn(request)
        current.append(turn_id)
        for number, method in enumerate(ARGUMENTS):
            ask(number, method, threadId=THREAD_ID, turnId=turn_id, itemId="i", command="rm -rf /")

    current = []

    @on("*reply*")
    def _(answer):
        replies.append(answer)
        if len(replies) == len(ARGUMENTS):
            message(current[-1], json.dumps(sorted(replies, key=lambda one: one["id"])))
            completed(current[-1])
"""

COMMAND = "item/commandExecution/requestApproval"
REFUSALS: dict[str, Any] = {
    COMMAND: {"decision": "decline"},
    "item/fileChange/requestApproval": {"decision": "decline"},
    "applyPatchApproval": {"decision": "denied"},
    "execCommandApproval": {"decision": "denied"},
    "item/permissions/requestApproval": {"permissions": {}},
    "item/tool/requestUserInput": {"answers": {}},
    "mcpServer/elicitation/request": {"action": "decline"},
    "item/tool/call": {"success": False, "contentItems": []},
    "account/chatgptAuthTokens/refresh": None,
    "attestation/generate": None,
}


def answers(twin: Twin, methods: list[str], **settings: Any) -> list[dict[str, Any]]:
    """How the client answers these requests of the server."""
    world: Any = twin.world
    arguments = tuple(methods)
    if twin.kind == "sync":
        with world.codex(ASKING, *arguments, turn_timeout_s=10, **settings) as codex:
            text = codex.thread_start().run("x").final_response
    else:

        async def run() -> str | None:
            async with world.async_codex(
                ASKING, *arguments, turn_timeout_s=10, **settings
            ) as codex:
                return (await (await codex.thread_start()).run("x")).final_response

        text = twin.wait(run())
    found: list[dict[str, Any]] = json.loads(text)
    return found


def test_the_registry_knows_all_ten() -> None:
    assert set(SERVER_REQUESTS) == set(REFUSALS)


def test_every_request_is_refused_by_default(twin: Twin) -> None:
    for (method, expected), answer in zip(
        REFUSALS.items(), answers(twin, list(REFUSALS)), strict=True
    ):
        if expected is None:
            assert "result" not in answer
            assert isinstance(answer["error"]["code"], int)
            assert method in answer["error"]["message"]
        else:
            for name, value in expected.items():
                found = answer["result"][name]
                # 0.163.0 spells this one with a reason.
                assert found == value or list(found) == [value], method


@pytest.mark.parametrize("handler", [None, lambda method, params: None])
def test_an_unknown_request_is_a_json_rpc_error(twin: Twin, handler: Any) -> None:
    (answer,) = answers(twin, ["brand/new"], server_request_handler=handler)
    assert answer["error"]["code"] == -32601
    assert "result" not in answer


def accept(method: str, params: dict[str, Any]) -> dict[str, Any]:
    """A handler that accepts what it is asked."""
    assert params["command"] == "rm -rf /"
    return {"decision": "accept", "asked": method}


async def accept_later(method: str, params: dict[str, Any]) -> dict[str, Any]:
    """The same, as a coroutine function."""
    await asyncio.sleep(0.05)
    return accept(method, params)


class AcceptingObject:
    """The same, as an object."""

    async def __call__(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        return await accept_later(method, params)


@pytest.mark.parametrize(
    "handler",
    [accept, accept_later, AcceptingObject(), lambda m, p: accept_later(m, p)],
    ids=["function", "coroutine function", "object", "function that gives a coroutine"],
)
def test_a_handler_decides(twin: Twin, handler: Any) -> None:
    found = answers(twin, [COMMAND, "brand/new", COMMAND], server_request_handler=handler)
    assert [answer["result"]["asked"] for answer in found] == [COMMAND, "brand/new", COMMAND]


def fails(method: str, params: object) -> object:
    raise ValueError("the handler is broken")


async def fails_later(method: str, params: object) -> object:
    raise ValueError("the handler is broken")


def exits(method: str, params: object) -> object:
    raise SystemExit(1)


class Unusual(BaseException):
    """Neither an Exception nor one of those that end a program."""


async def fails_unusually(method: str, params: object) -> object:
    raise Unusual


@pytest.mark.parametrize(
    "handler",
    [
        fails,
        fails_later,
        fails_unusually,
        exits,
        lambda m, p: "accept",
        lambda m, p: {"decision": object()},
        lambda m, p: {"decision": "\ud800"},
        lambda m, p: [1],
        lambda: {"decision": "accept"},
        lambda m, p: None,
    ],
)
def test_a_handler_that_fails_refuses(twin: Twin, handler: Any) -> None:
    command, attestation = answers(
        twin, [COMMAND, "attestation/generate"], server_request_handler=handler
    )
    assert command["result"]["decision"] == "decline"
    assert "error" in attestation


def test_a_failing_handler_is_logged(twin: Twin, caplog: pytest.LogCaptureFixture) -> None:
    answers(twin, [COMMAND], server_request_handler=fails)
    assert COMMAND in caplog.text
    assert "the handler is broken" in caplog.text


def test_a_handler_may_call_the_client_and_others_do_not_wait(scripted: ScriptedWorld) -> None:
    found: list[int] = []

    def ask_back(method: str, params: object) -> dict[str, Any]:
        found.append(len(codex.models().data))
        time.sleep(0.5)
        return {"decision": "accept"}

    with scripted.codex(
        ASKING, COMMAND, COMMAND, server_request_handler=ask_back, request_timeout_s=5
    ) as codex:
        thread = codex.thread_start()
        handle = thread.turn("x")
        started = time.monotonic()
        codex.models()
        assert time.monotonic() - started < 0.4
        assert handle.run().status == "completed"
        # Both requests waited at the same time.
        assert time.monotonic() - started < 0.95
    assert found == [0, 0]


async def test_a_coroutine_handler_may_call_the_client(scripted: ScriptedWorld) -> None:
    loops: list[object] = []

    async def ask_back(method: str, params: object) -> dict[str, Any]:
        loops.append(asyncio.get_running_loop())
        await codex.models()
        return {"decision": "accept"}

    async with scripted.async_codex(ASKING, COMMAND, server_request_handler=ask_back) as codex:
        result = await (await codex.thread_start()).run("x")
        assert '"accept"' in (result.final_response or "")
    assert loops == [asyncio.get_running_loop()]


def test_closing_does_not_wait_for_a_handler(scripted: ScriptedWorld) -> None:
    entered, release = threading.Event(), threading.Event()

    def stuck(method: str, params: object) -> dict[str, Any]:
        entered.set()
        release.wait(20)
        return {"decision": "accept"}

    codex = scripted.codex(ASKING, COMMAND, server_request_handler=stuck)
    codex.thread_start().turn("x")
    assert entered.wait(5)
    started = time.monotonic()
    codex.close()
    assert time.monotonic() - started < 2
    release.set()
