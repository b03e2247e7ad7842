"""What arguments may be: wider than what is given back; and enums and unions as they are made."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter

from codex_app_server import (
    AppServerConfig,
    ExternalMessage,
    ImageInput,
    LocalImageInput,
    RunInput,
    RunResult,
    SkillInput,
    TextInput,
)
from codex_app_server._wire import build_params, params_dict
from codex_app_server.errors import InvalidInputError
from codex_app_server.generated.v2_all import (
    CodexErrorInfoValue,
    ReasoningSummary,
    ThreadListParams,
    ThreadSourceKind,
    ThreadStartParams,
    TurnError,
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
    made: Any = ReasoningSummary
    assert made(root="auto") is ReasoningSummary.auto
    with pytest.raises(TypeError, match="roto"):
        made(roto="auto")
    with pytest.raises(ValueError, match="None"):
        made(root=None)


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
