"""Configuration, inputs, results, notifications, and the metadata of `initialize`."""

from __future__ import annotations

import copy
import dataclasses
import os
import pickle
from collections import deque
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from codex_app_server import (
    AppServerConfig,
    Codex,
    ImageInput,
    LocalImageInput,
    MentionInput,
    RunResult,
    SkillInput,
    TextInput,
    Thread,
    TurnHandle,
    client,
)
from codex_app_server import api as api_module
from codex_app_server._binary import launch_command, launch_environment
from codex_app_server._run import final_response
from codex_app_server._wire import split_user_agent
from codex_app_server.client import AppServerClient, CodexBinResolverOps, resolve_codex_bin
from codex_app_server.errors import InvalidInputError, TurnFailedError
from codex_app_server.generated import v2_all
from codex_app_server.generated.registry import NOTIFICATIONS
from codex_app_server.inputs import to_wire_input
from codex_app_server.models import InitializeResponse, Notification, UnknownNotification


def test_the_configuration_in_order() -> None:
    config = AppServerConfig()
    names = [field.name for field in dataclasses.fields(config)]
    assert names[:9] == [
        "codex_bin",
        "launch_args_override",
        "config_overrides",
        "cwd",
        "env",
        "client_name",
        "client_title",
        "client_version",
        "experimental_api",
    ]
    assert all(field.kw_only for field in dataclasses.fields(config) if field.name not in names[:9])
    config.codex_bin = "codex"
    with pytest.raises(AttributeError):
        config.no_such_field = 1  # type: ignore[attr-defined]


def test_the_command_line(tmp_path: Path) -> None:
    binary = tmp_path / "codex"
    binary.write_text("")
    config = AppServerConfig(codex_bin=binary, config_overrides=("b=1", "a=2", "b=3"))
    assert launch_command(config) == [
        str(binary),
        *("--config", "b=1", "--config", "a=2", "--config", "b=3"),
        *("app-server", "--listen", "stdio://"),
    ]
    override = AppServerConfig(codex_bin=binary, launch_args_override=("x", "y"))
    assert launch_command(override) == ["x", "y"]


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("codex_bin", b"codex"),
        ("cwd", 5),
        ("launch_args_override", "codex app-server"),
        ("launch_args_override", (5,)),
        ("config_overrides", "a=1"),
        ("config_overrides", None),
        ("config_overrides", (5,)),
        ("env", ["A=1"]),
        ("env", {"A": 1}),
        ("env", {"A": "secret\0"}),
        ("env", {"A=B": "1"}),
        ("env", {5: "1"}),
        ("client_name", None),
        ("client_version", 1),
        ("experimental_api", None),
        ("inherit_env", "no"),
        ("base_url", 5),
        ("request_timeout_s", "60"),
        ("turn_timeout_s", float("nan")),
        ("close_timeout_s", None),
        ("server_request_handler", "accept"),
    ],
)
def test_a_field_of_another_kind_is_named_before_anything_starts(field: str, wrong: Any) -> None:
    given: dict[str, Any] = {"launch_args_override": ("codex",), field: wrong}
    with pytest.raises(InvalidInputError) as caught:
        launch_command(AppServerConfig(**given))
    assert f"`{field}`" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_relative_binary_does_not_depend_on_the_servers_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "codex").write_text("")
    monkeypatch.chdir(tmp_path)
    command = launch_command(AppServerConfig(codex_bin="codex", cwd="/"))
    assert command[0] == str(tmp_path / "codex")


def test_the_tools_of_the_runtime_come_first_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    tools = SimpleNamespace(bundled_path_dir=lambda: Path("/tools"))
    monkeypatch.setitem(__import__("sys").modules, "codex_cli_bin", tools)
    monkeypatch.setenv("PATH", "/usr/bin")
    assert launch_environment(AppServerConfig())["PATH"] == f"/tools{os.pathsep}/usr/bin"
    assert launch_environment(AppServerConfig(env={"PATH": "/mine"}))["PATH"] == "/mine"
    assert launch_environment(AppServerConfig(codex_bin="x"))["PATH"] == "/usr/bin"
    monkeypatch.setitem(__import__("sys").modules, "codex_cli_bin", SimpleNamespace())
    assert launch_environment(AppServerConfig())["PATH"] == "/usr/bin"


def test_the_packaged_binary_and_the_explicit_one() -> None:
    packaged = Path("/package/codex")

    def unexpected() -> Path:
        raise AssertionError("the package must not be asked")

    ops = CodexBinResolverOps(lambda: packaged, lambda path: True)
    assert resolve_codex_bin(AppServerConfig(), ops) == packaged
    ops = CodexBinResolverOps(unexpected, lambda path: path == Path("/mine"))
    assert resolve_codex_bin(AppServerConfig(codex_bin="/mine"), ops) == Path("/mine")
    with pytest.raises(FileNotFoundError, match="codex_bin"):
        resolve_codex_bin(AppServerConfig(codex_bin="/other"), ops)
    assert client.RUNTIME_PKG_NAME == "openai-codex-cli-bin"


def test_inputs_on_the_wire() -> None:
    items = [
        TextInput("t"),
        ImageInput("data:x"),
        LocalImageInput(Path("/a.png")),
        SkillInput("s", "/S.md"),
        MentionInput("m", "app://x"),
    ]
    assert to_wire_input(items) == [
        {"type": "text", "text": "t"},
        {"type": "image", "url": "data:x"},
        {"type": "localImage", "path": "/a.png"},
        {"type": "skill", "name": "s", "path": "/S.md"},
        {"type": "mention", "name": "m", "path": "app://x"},
    ]
    assert to_wire_input("t") == to_wire_input(TextInput("t")) == to_wire_input([TextInput("t")])
    assert to_wire_input([]) == []


@pytest.mark.parametrize(
    "value",
    [
        TextInput("t"),
        SkillInput("s", "p"),
        RunResult("r", [], None, turn_id="t", duration_ms=5),
        AppServerConfig(codex_bin="x", env={"a": "b"}),
        Notification("a/b", UnknownNotification({"c": 1})),
    ],
)
def test_values_survive_pickling_copying_and_printing(value: object) -> None:
    assert pickle.loads(pickle.dumps(value)) == value
    assert copy.deepcopy(value) == value
    assert type(value).__name__ in repr(value)


def test_results_are_equal_by_what_the_turn_said() -> None:
    assert RunResult("r", [], None, turn_id="t") == RunResult("r", [], None)
    assert RunResult("r", [], None) != RunResult("s", [], None)


def message(text: str, phase: str | None = None) -> Any:
    item = {"type": "agentMessage", "id": "m", "text": text, "phase": phase}
    return v2_all.ThreadItem.model_validate(item)


def other(kind: str) -> Any:
    return v2_all.ThreadItem.model_validate({"type": kind, "id": "o"})


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([], None),
        ([message("a")], "a"),
        ([message("a"), message("b")], "b"),
        ([message("a"), message("")], ""),
        ([message("f", "final_answer"), message("c", "commentary")], "f"),
        ([message("f", "final_answer"), message("n")], "f"),
        ([message("f", "final_answer"), message("g", "final_answer")], "g"),
        ([message("c", "commentary")], None),
        ([message("p", "partial_answer")], None),
        ([message("x", "brandNew"), other("hologram")], None),
        ([message("n"), message("c", "commentary"), other("hologram")], "n"),
    ],
)
def test_the_final_response(items: list[Any], expected: str | None) -> None:
    assert final_response(items) == expected


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        ("codex-cli/1.2.3", ("codex-cli", "1.2.3")),
        ("codex_python_sdk/0.163.0 (Debian 12.0.0; x86_64) xterm (codex_python_sdk; 0.163.0)",
         ("codex_python_sdk", "0.163.0")),
        ("a/b/0.163.0-alpha.4 (x)", ("a/b", "0.163.0-alpha.4")),
        ("my app/0.1 (x/1)", ("my app", "0.1")),
        ("codex/dev (x)", ("codex", "dev")),
        ("nameless", ("nameless", "")),
        ("/1.0", ("", "1.0")),
        ("", ("", "")),
    ],
)  # fmt: skip
def test_the_user_agent(agent: str, expected: tuple[str, str]) -> None:
    assert split_user_agent(agent) == expected


def test_metadata_is_completed_in_place() -> None:
    payload = InitializeResponse.model_validate({"userAgent": "codex-cli/1.2.3", "new": 1})
    parsed = Codex._validate_initialize(payload)
    assert parsed is payload
    assert parsed.serverInfo is not None
    assert (parsed.serverInfo.name, parsed.serverInfo.version) == ("codex-cli", "1.2.3")
    given = InitializeResponse.model_validate(
        {"userAgent": "x/1", "serverInfo": {"name": "n", "version": "v"}}
    )
    info = Codex._validate_initialize(given).serverInfo
    assert info is not None
    assert (info.name, info.version) == ("n", "v")


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"userAgent": ""},
        {"userAgent": "nameless"},
        {"userAgent": "/1.0"},
        {"serverInfo": {"name": "n", "version": "v"}},
    ],
)
def test_missing_metadata_is_named(payload: dict[str, Any]) -> None:
    with pytest.raises(RuntimeError, match="missing required metadata"):
        Codex._validate_initialize(InitializeResponse.model_validate(payload))


def test_notifications_are_typed_by_method() -> None:
    usage = {"inputTokens": 1, "cachedInputTokens": 0, "outputTokens": 1}
    usage |= {"reasoningOutputTokens": 0, "totalTokens": 2}
    event = AppServerClient()._coerce_notification(
        "thread/tokenUsage/updated",
        {"threadId": "t", "turnId": "u", "tokenUsage": {"last": usage, "total": usage}},
    )
    assert isinstance(event.payload, v2_all.ThreadTokenUsageUpdatedNotification)
    assert event.payload.turn_id == "u"
    assert event.payload.token_usage.last.cache_write_input_tokens == 0


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("unknown/thing", {"msg": {"type": "x"}}),
        ("thread/tokenUsage/updated", {"threadId": "missing the rest"}),
    ],
)
def test_other_notifications_keep_their_parameters(method: str, params: dict[str, Any]) -> None:
    event = AppServerClient()._coerce_notification(method, params)
    assert event == Notification(method, UnknownNotification(params))


def test_every_registered_model_can_be_loaded() -> None:
    from codex_app_server._wire import _notification_model

    for method, entry in NOTIFICATIONS.items():
        model = _notification_model(method)
        assert model is not None
        assert model.__name__ == entry[1]


def test_parameters_become_wire_objects() -> None:
    params = v2_all.ThreadListParams(search_term="needle", limit=5)
    assert client._params_dict(params) == {"searchTerm": "needle", "limit": 5}
    assert client._params_dict(None) == {}
    assert client._params_dict({"a": 1}) == {"a": 1}


def test_named_calls_go_through_request() -> None:
    calls: list[tuple[str, Any]] = []

    def request(method: str, params: Any, *, response_model: Any) -> Any:
        calls.append((method, params))
        return response_model.model_validate({})

    protocol = AppServerClient()
    protocol.request = request  # type: ignore[method-assign]
    protocol.thread_set_name("t", "n")
    protocol.thread_compact("t")
    assert calls == [
        ("thread/name/set", {"threadId": "t", "name": "n"}),
        ("thread/compact/start", {"threadId": "t"}),
    ]


def completed(turn_id: str, status: str = "completed", error: Any = None) -> Notification:
    turn = {"id": turn_id, "items": [], "status": status, "error": error}
    payload = v2_all.TurnCompletedNotification.model_validate({"threadId": "t", "turn": turn})
    return Notification("turn/completed", payload)


def thread_over(notifications: list[Notification]) -> tuple[Thread, dict[str, Any]]:
    """A thread on a client whose turns give these notifications."""
    protocol, seen, queue = AppServerClient(), {}, deque(notifications)

    def turn_start(thread_id: str, wire_input: Any, *, params: Any = None) -> Any:
        seen.update(thread_id=thread_id, wire_input=wire_input, params=params)
        return SimpleNamespace(turn=SimpleNamespace(id="turn-1"))

    protocol.turn_start = turn_start  # type: ignore[assignment]
    protocol.next_turn_notification = lambda turn_id: queue.popleft()  # type: ignore[method-assign]
    return Thread(protocol, "thread-1"), seen


def test_run_collects_what_the_client_gives() -> None:
    payload = v2_all.ItemCompletedNotification.model_validate(
        {"threadId": "t", "turnId": "turn-1", "completedAtMs": 1, "item": message("hi").root}
    )
    thread, seen = thread_over([Notification("item/completed", payload), completed("turn-1")])
    result = thread.run("hello", model="m", effort="high")
    assert result == RunResult("hi", [payload.item], None)
    assert (result.turn_id, result.status) == ("turn-1", "completed")
    assert seen["thread_id"] == "thread-1"
    assert seen["wire_input"] == [{"type": "text", "text": "hello"}]
    assert seen["params"].model == "m"


def test_a_failed_turn_raises_what_the_server_said() -> None:
    thread, _ = thread_over(
        [completed("turn-1", "failed", {"message": "boom", "codexErrorInfo": "serverOverloaded"})]
    )
    with pytest.raises(RuntimeError, match="boom") as caught:
        thread.run("hello")
    assert isinstance(caught.value, TurnFailedError)
    assert caught.value.turn_id == "turn-1"
    assert caught.value.error_info == "serverOverloaded"


def test_handles_stream_from_the_client() -> None:
    protocol = AppServerClient()
    queues = {name: deque([completed(name)]) for name in ("turn-1", "turn-2")}
    protocol.next_turn_notification = lambda name: queues[name].popleft()  # type: ignore[method-assign]
    streams = [TurnHandle(protocol, "t", name).stream() for name in queues]
    assert [[event.method for event in stream] for stream in streams] == [["turn/completed"]] * 2
    queues["turn-1"].append(completed("turn-1"))
    assert TurnHandle(protocol, "t", "turn-1").run().status == v2_all.TurnStatus.completed


def test_a_failing_initialize_closes_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[bool] = []

    class FakeClient:
        def __init__(self, config: AppServerConfig | None = None) -> None:
            pass

        def start(self) -> None:
            pass

        def initialize(self) -> InitializeResponse:
            return InitializeResponse.model_validate({})

        def close(self) -> None:
            closed.append(True)

    monkeypatch.setattr(api_module, "AppServerClient", FakeClient)
    with pytest.raises(RuntimeError, match="missing required metadata"):
        Codex()
    assert closed == [True]
