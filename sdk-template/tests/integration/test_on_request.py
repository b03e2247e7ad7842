"""Handlers of single methods, of a client and of a thread, against the real runtime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from codex_app_server.requests import (
    CommandExecutionRequestApprovalParams,
    CommandExecutionRequestApprovalResponse,
)
from harness import Reply, Twin

APPROVAL = "item/commandExecution/requestApproval"


def asked(twin: Twin, thread: Any, target: Path) -> str:
    """The status of a command for which the server asked."""
    call = Reply.shell(
        f"touch {target}",
        sandbox_permissions="require_escalated",
        justification="the test wants this file",
    )
    twin.world.model.queue(call, Reply.text("after the command"))
    items = [item.root for item in twin.wait(thread.run("run it")).items]
    return next(str(item.status) for item in items if item.type == "commandExecution")


@pytest.fixture
def settings() -> dict[str, str]:
    """How a thread has to be started for the server to ask."""
    return {"approval_policy": "on-request", "sandbox": "read-only"}


def test_a_client_and_a_thread_decide(twin: Twin, tmp_path: Path, settings: dict[str, str]) -> None:
    seen: list[CommandExecutionRequestApprovalParams] = []

    def accept(
        params: CommandExecutionRequestApprovalParams,
    ) -> CommandExecutionRequestApprovalResponse:
        seen.append(params)
        return CommandExecutionRequestApprovalResponse.model_validate({"decision": "accept"})

    async def decline(params: CommandExecutionRequestApprovalParams) -> None:
        seen.append(params)

    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start(**settings))
        codex.on_request(APPROVAL, accept)
        assert asked(twin, thread, tmp_path / "one") == "completed"
        thread.on_request(APPROVAL, decline)
        assert asked(twin, thread, tmp_path / "two") == "declined"
        other = twin.wait(codex.thread_start(**settings))
        assert asked(twin, other, tmp_path / "three") == "completed"
        thread.on_request(APPROVAL, None)
        assert asked(twin, thread, tmp_path / "four") == "completed"
    assert [params.thread_id for params in seen] == [thread.id, thread.id, other.id, thread.id]
    assert all("touch" in (params.command or "") for params in seen)
    assert not (tmp_path / "two").exists()


def test_a_handler_that_fails_declines_and_comes_before_the_configured_one(
    twin: Twin, tmp_path: Path, settings: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    def fail(params: CommandExecutionRequestApprovalParams) -> None:
        raise RuntimeError("no")

    def configured(method: str, params: Any) -> dict[str, object]:
        return {"decision": "accept"}

    with twin.codex(server_request_handler=configured) as codex:
        thread = twin.wait(codex.thread_start(**settings))
        thread.on_request(APPROVAL, fail)
        assert asked(twin, thread, tmp_path / "one") == "declined"
        assert "some/other" not in caplog.text
        codex.on_request("some/other", fail)
        assert "'some/other' is no request of a server that this SDK knows" in caplog.text
        other = twin.wait(codex.thread_start(**settings))
        assert asked(twin, other, tmp_path / "two") == "completed"
        with pytest.raises(TypeError, match="callable"):
            codex.on_request(APPROVAL, "accept")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"decision": "acept"}, "says 'acept', which is none of: 'accept'"),
        ({"decisoin": "accept"}, "decision: Field required"),
        ({"decision": "accept", "because": 1}, "because"),
        (CommandExecutionRequestApprovalResponse(decision="acept"), "which is none of"),
        (5, "is no CommandExecutionRequestApprovalResponse"),
    ],
)
def test_an_answer_that_no_server_understands_is_refused_with_the_reason(
    twin: Twin,
    tmp_path: Path,
    settings: dict[str, str],
    caplog: pytest.LogCaptureFixture,
    answer: object,
    words: str,
) -> None:
    async def later(params: object) -> object:
        return answer

    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start(**settings))
        for handler in (lambda params: answer, later):
            thread.on_request(APPROVAL, handler)
            assert asked(twin, thread, tmp_path / "one") == "declined"
    found = [str(record.exc_info[1]) for record in caplog.records if record.exc_info]
    assert len(found) == 2
    assert all(words in text for text in found)
