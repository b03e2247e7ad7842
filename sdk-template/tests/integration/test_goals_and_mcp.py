"""Goals of threads, MCP servers, and a key and an address for one connection."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from codex_app_server import AppServerConfig, InternalRpcError, InvalidRequestError, JsonRpcError
from codex_app_server.errors import InvalidInputError
from codex_app_server.events import ThreadGoalUpdatedNotification, TurnCompletedNotification
from codex_app_server.types import ThreadGoalStatus
from harness import Gate, Reply, Twin, World
from harness import mcp_server as notes

pytestmark = pytest.mark.slow


def test_a_goal_is_set_paused_resumed_and_cleared(twin: Twin) -> None:
    gate = Gate()
    twin.world.model.fallback = Reply.text("on it").gated(gate)
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start())
        assert twin.wait(thread.goal()).goal is None
        goal = twin.wait(thread.set_goal("Count to three", token_budget=1000)).goal
        assert (goal.objective, goal.token_budget) == ("Count to three", 1000)
        assert goal.status is ThreadGoalStatus.active
        assert twin.wait(thread.goal()).goal.objective == "Count to three"
        assert twin.wait(thread.pause_goal()).goal.status == "paused"
        changed = twin.wait(thread.set_goal(objective="Count to four", status="paused")).goal
        assert (changed.objective, changed.status) == ("Count to four", "paused")
        assert twin.wait(thread.resume_goal()).goal.status == "active"
        assert twin.wait(thread.clear_goal()).cleared
        assert twin.wait(thread.goal()).goal is None
        gate.open()


def test_the_turns_towards_a_goal_are_notifications(twin: Twin) -> None:
    twin.world.model.fallback = Reply.text("one step")
    with twin.codex() as codex:
        heard = twin.events(codex.notifications())
        thread = twin.wait(codex.thread_start())
        twin.wait(thread.run("first"))
        twin.wait(thread.set_goal("Go on", token_budget=6))
        ended = 0
        for event in heard:
            if isinstance(event.payload, TurnCompletedNotification):
                ended += 1
            if isinstance(event.payload, ThreadGoalUpdatedNotification):
                goal = event.payload.goal
                if goal.status is ThreadGoalStatus.budget_limited:
                    break
        assert goal.tokens_used >= 6
        assert ended >= 2, "the turn that was asked for, and those that the goal started"
        assert "Go on" in str(twin.world.model.last_request.body)


def test_limits_need_a_sign_in(twin: Twin) -> None:
    with twin.codex() as codex, pytest.raises(InvalidRequestError, match="authentication"):
        twin.wait(codex.rate_limits())


def mcp_overrides() -> tuple[str, ...]:
    """The configuration of the harness's MCP server, under the name `notes`."""
    return (
        f"mcp_servers.notes.command={json.dumps(sys.executable)}",
        f"mcp_servers.notes.args={json.dumps([str(Path(notes.__file__))])}",
    )


def test_mcp_servers_are_listed_called_and_read(twin: Twin) -> None:
    with twin.codex(config_overrides=mcp_overrides()) as codex:
        page = twin.wait(codex.mcp_servers())
        assert [server.name for server in page.data] == ["notes"]
        assert page.next_cursor is None
        assert "add" in page.data[0].tools
        assert page.data[0].resources[0].uri == "note://one"
        brief = twin.wait(codex.mcp_servers(detail="toolsAndAuthOnly", limit=1))
        assert brief.data[0].resources == []
        read = twin.wait(codex.read_mcp_resource("notes", "note://one"))
        assert "the note" in str(read.contents[0])
        thread = twin.wait(codex.thread_start())
        sum_ = twin.wait(thread.call_mcp_tool("notes", "add", {"a": 2, "b": 3}))
        assert (sum_.content[0]["text"], sum_.is_error) == ("5", None)
        failed = twin.wait(thread.call_mcp_tool("notes", "add", arguments={}))
        assert failed.is_error
        with pytest.raises(InternalRpcError, match="unknown MCP server"):
            twin.wait(thread.call_mcp_tool("nobody", "add"))
        twin.wait(codex.reload_mcp_servers())


def test_only_servers_of_the_web_have_a_sign_in(twin: Twin) -> None:
    web_only = pytest.raises(JsonRpcError, match="only supported for streamable HTTP")
    with twin.codex(config_overrides=mcp_overrides()) as codex, web_only:
        twin.wait(codex.login_mcp_server("notes", scopes=["read"]))


def test_a_key_and_an_address_are_for_one_connection(twin: Twin) -> None:
    """The provider `openai` itself is asked, at the test's own address."""
    home = twin.world.home.path
    text = (home / "config.toml").read_text(encoding="utf-8")
    (home / "config.toml").write_text(text.replace('model_provider = "mock"\n', ""))
    twin.world.model.queue(Reply.text("hi"))
    base_url = twin.world.model.base_url
    with twin.codex(api_key="sk-of-this-test", base_url=base_url) as codex:
        account = twin.wait(codex.account()).account
        assert account.root.type == "apiKey"
        thread = twin.wait(codex.thread_start())
        assert twin.wait(thread.run("x")).final_response == "hi"
    headers = {name.lower(): value for name, value in twin.world.model.last_request.headers.items()}
    assert headers["authorization"] == "Bearer sk-of-this-test"
    kept = [path for path in home.rglob("*") if path.is_file()]
    assert not [path for path in kept if b"sk-of-this-test" in path.read_bytes()]


def test_a_key_is_not_shown_and_not_lost(world: World) -> None:
    config = AppServerConfig(api_key="sk-secret", base_url="http://127.0.0.1:9/v1")
    assert "sk-secret" not in repr(config)
    with pytest.raises(InvalidInputError, match="launch_args_override"):
        world.codex(api_key="sk-secret", launch_args_override=(str(world.runtime), "app-server"))
