"""Requests that the server makes: refused by default, decided by a handler otherwise (87-90)."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from codex_app_server import Codex
from harness import Reply, Twin, World

pytestmark = pytest.mark.slow

APPROVAL = "item/commandExecution/requestApproval"


def ask_to_run(twin: Twin, target: Path) -> None:
    """Queue a command that needs approval, and the model's answer after it."""
    call = Reply.shell(
        f"touch {target}",
        sandbox_permissions="require_escalated",
        justification="the test wants this file",
    )
    twin.world.model.queue(call, Reply.text("after the command"))


def run(twin: Twin, codex: Any) -> Any:
    """Run one turn that may ask for approvals."""
    thread = twin.wait(codex.thread_start(approval_policy="on-request", sandbox="read-only"))
    return twin.wait(thread.run("run it"))


def command(result: Any) -> Any:
    """The one command execution among the items of a result."""
    found = [item.root for item in result.items if item.root.type == "commandExecution"]
    assert len(found) == 1
    return found[0]


def test_a_command_is_declined_without_a_handler(twin: Twin, tmp_path: Path) -> None:
    target = tmp_path / "created"
    ask_to_run(twin, target)
    with twin.codex() as codex:
        result = run(twin, codex)
    assert command(result).status == "declined"
    assert not target.exists()
    assert result.final_response == "after the command"
    outputs = twin.world.model.last_request.function_outputs()
    assert len(outputs) == 1


def test_a_handler_may_accept(twin: Twin, tmp_path: Path) -> None:
    target = tmp_path / "created"
    ask_to_run(twin, target)
    asked: list[tuple[str, Any]] = []

    def accept(method: str, params: Any) -> Any:
        asked.append((method, params))
        return {"decision": "accept"}

    with twin.codex(server_request_handler=accept) as codex:
        result = run(twin, codex)
    assert [method for method, _ in asked] == [APPROVAL]
    assert str(target) in asked[0][1]["command"]
    assert asked[0][1]["turnId"] == result.turn_id
    assert command(result).status == "completed"
    assert target.exists()


def test_a_coroutine_function_may_decide(twin: Twin, tmp_path: Path) -> None:
    target = tmp_path / "created"
    ask_to_run(twin, target)

    async def accept(method: str, params: Any) -> Any:
        await asyncio.sleep(0.05)
        return {"decision": "accept"}

    with twin.codex(server_request_handler=accept) as codex:
        assert command(run(twin, codex)).status == "completed"
    assert target.exists()


def test_a_handler_that_gives_none_refuses(twin: Twin, tmp_path: Path) -> None:
    target = tmp_path / "created"
    ask_to_run(twin, target)
    with twin.codex(server_request_handler=lambda method, params: None) as codex:
        assert command(run(twin, codex)).status == "declined"
    assert not target.exists()


def test_a_handler_may_cancel_the_turn(twin: Twin, tmp_path: Path) -> None:
    ask_to_run(twin, tmp_path / "created")
    with twin.codex(server_request_handler=lambda method, params: {"decision": "cancel"}) as codex:
        result = run(twin, codex)
    assert result.status == "interrupted"


@pytest.mark.filterwarnings("default")
def test_a_handler_that_raises_refuses_and_the_client_lives(twin: Twin, tmp_path: Path) -> None:
    target = tmp_path / "created"
    ask_to_run(twin, target)

    def broken(method: str, params: Any) -> Any:
        raise RuntimeError("a mistake in the handler")

    with twin.codex(server_request_handler=broken) as codex:
        result = run(twin, codex)
        assert twin.wait(codex.models()).data
    assert command(result).status in ("declined", "failed")
    assert not target.exists()


def test_a_handler_may_call_the_client(world: World, tmp_path: Path) -> None:
    twin = Twin("sync", world)
    ask_to_run(twin, tmp_path / "created")
    clients: list[Codex] = []
    counted: list[int] = []

    def look_first(method: str, params: Any) -> Any:
        counted.append(len(clients[0].models().data))
        return {"decision": "decline"}

    with world.codex(server_request_handler=look_first) as codex:
        clients.append(codex)
        run(twin, codex)
    assert counted
    assert counted[0] > 0


async def test_a_coroutine_handler_may_call_the_client(world: World, tmp_path: Path) -> None:
    ask_to_run(Twin("async", world), tmp_path / "created")
    clients: list[Any] = []
    counted: list[int] = []

    async def look_first(method: str, params: Any) -> Any:
        counted.append(len((await clients[0].models()).data))
        return {"decision": "decline"}

    async with world.async_codex(server_request_handler=look_first) as codex:
        clients.append(codex)
        thread = await codex.thread_start(approval_policy="on-request", sandbox="read-only")
        assert command(await thread.run("run it")).status == "declined"
    assert counted
    assert counted[0] > 0


def test_a_slow_handler_does_not_delay_other_calls(twin: Twin, tmp_path: Path) -> None:
    ask_to_run(twin, tmp_path / "created")
    asked, decide = threading.Event(), threading.Event()

    def slow(method: str, params: Any) -> Any:
        asked.set()
        decide.wait(20)
        return {"decision": "decline"}

    with twin.codex(server_request_handler=slow) as codex:
        thread = twin.wait(codex.thread_start(approval_policy="on-request", sandbox="read-only"))
        turn = twin.wait(thread.turn("run it"))
        assert asked.wait(20)
        started = time.monotonic()
        assert twin.wait(codex.models()).data
        assert time.monotonic() - started < 3
        decide.set()
        assert twin.wait(turn.run()).status == "completed"


def test_interrupt_ends_a_turn_that_waits_for_approval(twin: Twin, tmp_path: Path) -> None:
    ask_to_run(twin, tmp_path / "created")
    asked, decide = threading.Event(), threading.Event()

    def slow(method: str, params: Any) -> Any:
        asked.set()
        decide.wait(20)
        return {"decision": "accept"}

    with twin.codex(server_request_handler=slow) as codex:
        thread = twin.wait(codex.thread_start(approval_policy="on-request", sandbox="read-only"))
        turn = twin.wait(thread.turn("run it"))
        assert asked.wait(20)
        twin.wait(turn.interrupt())
        decide.set()
        assert twin.wait(turn.run()).status == "interrupted"
    assert not (tmp_path / "created").exists()


def test_a_file_change_is_declined_without_a_handler(twin: Twin) -> None:
    target = twin.world.workspace / "new.txt"
    patch = "*** Begin Patch\n*** Add File: new.txt\n+hello\n*** End Patch\n"
    twin.world.model.queue(
        Reply.shell(f"apply_patch <<'EOF'\n{patch}EOF"), Reply.text("after the patch")
    )
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start(approval_policy="on-request", sandbox="read-only"))
        result = twin.wait(thread.run("patch it"))
    changes = [item.root for item in result.items if item.root.type == "fileChange"]
    assert [change.status for change in changes] == ["declined"]
    assert not target.exists()
    assert result.final_response == "after the patch"


def test_a_file_change_may_be_accepted(twin: Twin) -> None:
    target = twin.world.workspace / "new.txt"
    patch = "*** Begin Patch\n*** Add File: new.txt\n+hello\n*** End Patch\n"
    twin.world.model.queue(
        Reply.shell(f"apply_patch <<'EOF'\n{patch}EOF"), Reply.text("after the patch")
    )
    asked: list[str] = []

    def accept(method: str, params: Any) -> Any:
        asked.append(method)
        return {"decision": "accept"}

    with twin.codex(server_request_handler=accept) as codex:
        thread = twin.wait(codex.thread_start(approval_policy="on-request", sandbox="read-only"))
        twin.wait(thread.run("patch it"))
    assert asked == ["item/fileChange/requestApproval"]
    assert target.read_text(encoding="utf-8") == "hello\n"
