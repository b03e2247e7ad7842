"""What arguments may be: wider than what is given back; and enums and unions as they are made."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from codex_app_server import (
    AppServerConfig,
    AsyncCodex,
    AsyncThread,
    Codex,
    ExternalMessage,
    ImageInput,
    LocalImageInput,
    RunInput,
    RunResult,
    SkillInput,
    TextInput,
    Thread,
    TurnHandle,
)
from codex_app_server._run import with_parsed
from codex_app_server._wire import build_params, params_dict
from codex_app_server.client import AppServerClient
from codex_app_server.errors import InvalidInputError, OutputParseError
from codex_app_server.generated.v2_all import (
    AbsolutePathBuf,
    CodexErrorInfoValue,
    ModelRerouteReason,
    ReasoningSummary,
    ReasoningSummaryValue,
    ThreadListParams,
    ThreadSourceKind,
    ThreadStartParams,
    TurnError,
    WorkspaceWriteSandboxPolicy,
)
from codex_app_server.inputs import to_turn_input, to_wire_input
from codex_app_server.types import ThreadItem, Turn


def test_the_string_of_a_union_is_a_member_of_its_enum() -> None:
    error = TurnError.model_validate({"message": "m", "codexErrorInfo": "unauthorized"})
    assert error.codex_error_info is not None
    assert error.codex_error_info.root is CodexErrorInfoValue.unauthorized
    later = TurnError.model_validate({"message": "m", "codexErrorInfo": "brandNew"})
    assert later.codex_error_info is not None
    assert isinstance(later.codex_error_info.root, CodexErrorInfoValue)
    assert later.codex_error_info.root.value == "brandNew"


def test_an_enum_that_is_a_union_elsewhere_is_made_like_one() -> None:
    summary = ReasoningSummary.model_validate("concise")
    assert summary is ReasoningSummary.concise
    assert summary.root.value == "concise"
    assert ReasoningSummaryValue is ReasoningSummary
    made: Any = ReasoningSummary
    assert made(root="auto") is ReasoningSummary.auto
    # One value alone is a model around it there.
    reason: Any = ModelRerouteReason
    assert reason(root="highRiskCyberActivity").root == "highRiskCyberActivity"
    with pytest.raises(TypeError, match="roto"):
        made(roto="auto")
    with pytest.raises(ValueError, match="None"):
        made(root=None)


def test_a_string_that_is_wrapped_elsewhere_is_read_like_one() -> None:
    raw = {"type": "commandExecution", "id": "i", "command": "c", "cwd": "/w"}
    item = ThreadItem.model_validate({**raw, "commandActions": [], "status": "completed"})
    cwd = item.root.cwd
    assert (cwd, cwd.root, {cwd: 1}["/w"], repr(cwd)) == ("/w", "/w", 1, "'/w'")
    assert type(cwd.root) is str
    for again in (copy.deepcopy(item), pickle.loads(pickle.dumps(item))):
        assert (again, again.root.cwd.root) == (item, "/w")
    # What is dumped is plain: no other tool knows the class.
    assert type(item.model_dump()["cwd"]) is type(item.model_dump(mode="json")["cwd"]) is str
    assert json.loads(item.model_dump_json())["cwd"] == "/w"
    schema = TypeAdapter(AbsolutePathBuf).json_schema()
    assert schema == TypeAdapter(str).json_schema()
    made = [AbsolutePathBuf("/w"), AbsolutePathBuf(root="/w"), AbsolutePathBuf.model_validate("/w")]
    assert {(each, each.root) for each in made} == {("/w", "/w")}
    policy = WorkspaceWriteSandboxPolicy(type="workspaceWrite", writable_roots=["/a", made[0]])
    assert [root.root for root in policy.writable_roots] == ["/a", "/w"]
    assert params_dict(policy)["writableRoots"] == ["/a", "/w"]
    with pytest.raises(ValidationError, match=r"writableRoots\.0"):
        WorkspaceWriteSandboxPolicy.model_validate({"type": "workspaceWrite", "writableRoots": [5]})


@pytest.mark.parametrize(
    "call",
    [
        lambda: Codex.thread_list(object(), modle=1),  # type: ignore
        lambda: Codex.on_request(object()),  # type: ignore
        lambda: AsyncCodex.models(1, 2, 3),  # type: ignore
        lambda: Thread.on_request(object()),  # type: ignore
        lambda: Thread.run(object()),  # type: ignore
        lambda: AsyncThread.on_request(object()),  # type: ignore
        lambda: TurnHandle.steer(object()),  # type: ignore
        lambda: AppServerClient.thread_read(object()),  # type: ignore
    ],
)
def test_a_wrong_call_is_told_under_the_class_that_was_called(call: Callable[[], object]) -> None:
    name = ".".join(call.__code__.co_names[:2])
    with pytest.raises(TypeError, match=rf"^{name}\(\)"):
        call()


def test_an_interrupted_result_is_dumped_without_a_value() -> None:
    results = []
    for status, text in (("completed", '{"given": "x"}'), ("interrupted", "x")):
        turn = Turn.model_validate({"id": "t", "items": [], "status": status})
        result = RunResult(text, [], None, id="t", status=turn.status, turn=turn)
        results.append(with_parsed(result, Weather))
    whole, broken = results
    assert dataclasses.asdict(whole)["parsed"] == Weather(given="x")
    assert "parsed" not in dataclasses.asdict(broken)
    assert dataclasses.asdict(broken).keys() == dataclasses.asdict(whole).keys() - {"parsed"}
    assert dataclasses.replace(broken, final_response="y").final_response == "y"
    assert not hasattr(broken, "parsed")
    adapter = TypeAdapter(RunResult)
    assert adapter.dump_python(whole)["parsed"] == {"given": "x"}
    assert adapter.dump_python(broken)["parsed"] is None
    assert json.loads(adapter.dump_json(broken))["id"] == "t"
    for copied in (broken, copy.copy(broken), pickle.loads(pickle.dumps(broken))):
        with pytest.raises(OutputParseError, match="interrupted"):
            copied.parsed  # noqa: B018 - what is read is what is tested


class Weather(BaseModel):
    """The shape of an answer."""

    given: str


@pytest.mark.parametrize(
    "given",
    [
        {"additional_directories": "a"},
        {"additional_directories": b"a"},
        {"additional_directories": [5]},
        {"additional_directories": [b"a"]},
        {"additional_directories": ["a"], "config": "b=c"},
        {"network_access": True, "config": ["b"]},
    ],
)
def test_settings_that_are_none_are_refused_by_name(given: dict[str, object]) -> None:
    with pytest.raises(InvalidInputError, match=r"`(additional_directories|config)` must"):
        build_params(ThreadStartParams, **given)


class Task(BaseModel):
    """What a program of its own keeps of the SDK's."""

    given: RunInput
    config: AppServerConfig
    result: RunResult


def test_inputs_results_and_configurations_are_fields_of_models() -> None:
    item = ThreadItem.model_validate({"type": "agentMessage", "id": "i", "text": "hi"})
    turn = Turn.model_validate({"id": "t", "items": [], "status": "completed"})
    result = RunResult("hi", [item], None, id="t", status=turn.status, turn=turn)
    inputs: list[RunInput] = ["text", TextInput("x"), ExternalMessage("mail", "text")]
    inputs += [[SkillInput("a", "b"), LocalImageInput("c")], ImageInput("d")]
    for given in inputs:
        task = Task(given=given, config=AppServerConfig(cwd="/w"), result=result)
        again = Task.model_validate_json(task.model_dump_json())
        assert (again.given, again.config.cwd) == (given, "/w")
        assert (again.result, again.result.turn) == (result, turn)
    described = TypeAdapter(RunResult).json_schema(mode="serialization")
    assert {"id", "status", "items", "final_response"} <= set(described["properties"])


@pytest.mark.parametrize(
    "message",
    [
        ExternalMessage(" ", "text"),
        ExternalMessage(5, "text"),  # type: ignore[arg-type]
        ExternalMessage("mail", 5),  # type: ignore[arg-type]
        ExternalMessage("mail", b"bytes"),  # type: ignore[arg-type]
    ],
)
def test_a_message_of_another_program_is_refused_by_name(message: ExternalMessage) -> None:
    with pytest.raises(InvalidInputError, match=r"ExternalMessage\("):
        to_turn_input(message)


def test_lists_and_mappings_of_any_kind_are_arguments() -> None:
    given = build_params(
        ThreadListParams, cwd=deque([Path("a"), "b"]), source_kinds=("cli", ThreadSourceKind.exec)
    )
    assert params_dict(given) == {"cwd": ["a", "b"], "sourceKinds": ["cli", "exec"]}
    config = MappingProxyType({"a": ("x",)})
    assert params_dict(build_params(ThreadStartParams, config=config))["config"] == {"a": ["x"]}
    assert to_wire_input(deque([TextInput("x")])) == [{"type": "text", "text": "x"}]
    with pytest.raises(TypeError, match="bytes"):
        to_wire_input(b"x")  # type: ignore[arg-type]
