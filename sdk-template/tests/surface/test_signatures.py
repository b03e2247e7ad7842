"""Locks the signatures: keyword-only parameters by name and order, twins alike, nothing `Any`."""

from __future__ import annotations

import builtins
import collections.abc
import dataclasses
import inspect
import re
import typing
from typing import Any

import pytest

import codex_app_server
import codex_app_server.types
from codex_app_server import (
    AppServerConfig,
    AsyncCodex,
    AsyncThread,
    AsyncTurnHandle,
    Codex,
    RunResult,
    Thread,
    TurnHandle,
)

THREAD_START = [
    "approval_policy",
    "approvals_reviewer",
    "base_instructions",
    "config",
    "cwd",
    "developer_instructions",
    "ephemeral",
    "model",
    "model_provider",
    "personality",
    "sandbox",
    "service_name",
    "service_tier",
    "session_start_source",
    "thread_source",
    "approval_mode",
    "tools",
    "additional_directories",
    "network_access",
    "web_search",
]
THREAD_LIST = [
    "archived",
    "cursor",
    "cwd",
    "limit",
    "model_providers",
    "search_term",
    "sort_direction",
    "sort_key",
    "source_kinds",
    "use_state_db_only",
    "section_id",
]
THREAD_RESUME = [
    "approval_policy",
    "approvals_reviewer",
    "base_instructions",
    "config",
    "cwd",
    "developer_instructions",
    "model",
    "model_provider",
    "personality",
    "sandbox",
    "service_tier",
    "approval_mode",
    "include_turns",
    "additional_directories",
    "network_access",
    "web_search",
    "tools",
]
THREAD_FORK = [
    "approval_policy",
    "approvals_reviewer",
    "base_instructions",
    "config",
    "cwd",
    "developer_instructions",
    "ephemeral",
    "model",
    "model_provider",
    "sandbox",
    "service_tier",
    "thread_source",
    "approval_mode",
    "include_turns",
    "additional_directories",
    "network_access",
    "web_search",
    "tools",
]
TURN = [
    "approval_policy",
    "approvals_reviewer",
    "cwd",
    "effort",
    "model",
    "output_schema",
    "personality",
    "sandbox_policy",
    "service_tier",
    "summary",
    "approval_mode",
    "sandbox",
    "source",
    "turn_service_tier",
]

#: method, its parameters by position, its keyword-only parameters
CODEX_METHODS: list[tuple[str, list[str], list[str]]] = [
    ("thread_start", [], THREAD_START),
    ("thread_list", [], THREAD_LIST),
    ("thread_resume", ["thread_id"], THREAD_RESUME),
    ("thread_fork", ["thread_id"], THREAD_FORK),
    ("thread_archive", ["thread_id"], []),
    ("thread_unarchive", ["thread_id"], []),
    ("models", [], ["include_hidden"]),
    ("close", [], []),
    ("account", [], ["refresh_token"]),
    ("rate_limits", [], []),
    ("mcp_servers", [], ["cursor", "detail", "limit", "server_name", "thread_id"]),
    ("reload_mcp_servers", [], []),
    ("login_mcp_server", ["name"], ["scopes", "timeout_secs", "thread_id"]),
    ("read_mcp_resource", ["server", "uri"], ["thread_id"]),
    ("login_api_key", ["api_key"], []),
    ("login_chatgpt", [], []),
    ("login_chatgpt_device_code", [], []),
    ("logout", [], []),
    ("request", ["method", "params"], ["model", "timeout"]),
]
THREAD_METHODS: list[tuple[str, list[str], list[str]]] = [
    ("turn", ["input"], TURN),
    ("run", ["input"], [*TURN, "timeout"]),
    ("read", [], ["include_turns"]),
    ("set_name", ["name"], []),
    ("compact", [], []),
    ("goal", [], []),
    ("clear_goal", [], []),
    ("set_goal", ["objective"], ["status", "token_budget"]),
    ("pause_goal", [], []),
    ("resume_goal", [], []),
    ("call_mcp_tool", ["server", "tool", "arguments"], []),
]
HANDLE_METHODS: list[tuple[str, list[str], list[str]]] = [
    ("steer", ["input"], []),
    ("interrupt", [], []),
    ("run", [], ["timeout"]),
]

#: Iterators, which are called and read in another way than the methods above.
STREAMS = {"stream", "notifications", "iter_threads", "on_request"}

ALL_METHODS = [
    (family, name, positional, keywords)
    for families, methods in (
        ((Codex, AsyncCodex), CODEX_METHODS),
        ((Thread, AsyncThread), THREAD_METHODS),
        ((TurnHandle, AsyncTurnHandle), HANDLE_METHODS),
    )
    for family in families
    for name, positional, keywords in methods
]


@pytest.mark.parametrize("twin", [0, 1], ids=["sync", "async"])
def test_every_public_method_has_a_row(twin: int) -> None:
    for families, methods in (
        ((Codex, AsyncCodex), CODEX_METHODS),
        ((Thread, AsyncThread), THREAD_METHODS),
        ((TurnHandle, AsyncTurnHandle), HANDLE_METHODS),
    ):
        family = families[twin]
        found = {name for name, _ in inspect.getmembers(family, inspect.isfunction)}
        public = {name for name in found if not name.startswith("_")} - STREAMS
        rows = {name for name, _, _ in methods}
        assert public == rows, f"the table of {family.__name__} above needs a row for each method"


@pytest.mark.parametrize(("family", "name", "positional", "keywords"), ALL_METHODS)
def test_parameters(family: type, name: str, positional: list[str], keywords: list[str]) -> None:
    parameters = list(inspect.signature(getattr(family, name)).parameters.values())[1:]
    by_position = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    by_keyword = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
    assert (by_position, by_keyword) == (positional, keywords)
    assert len(by_position) + len(by_keyword) == len(parameters), "no *args or **kwargs"


@pytest.mark.parametrize(("family", "name", "positional", "keywords"), ALL_METHODS)
def test_keyword_parameters_are_optional(
    family: type, name: str, positional: list[str], keywords: list[str]
) -> None:
    parameters = inspect.signature(getattr(family, name)).parameters
    switches = {"include_hidden", "refresh_token"}
    if name == "read":
        switches.add("include_turns")
    for keyword in keywords:
        expected = False if keyword in switches else None
        assert parameters[keyword].default is expected, keyword


@pytest.mark.parametrize(("family", "name", "positional", "keywords"), ALL_METHODS)
def test_async_methods_are_coroutines_and_sync_ones_are_not(
    family: type, name: str, positional: list[str], keywords: list[str]
) -> None:
    expected = family.__name__.startswith("Async")
    assert inspect.iscoroutinefunction(getattr(family, name)) is expected


PUBLIC_CLASSES = [
    getattr(codex_app_server, name)
    for name in codex_app_server.__all__
    if inspect.isclass(getattr(codex_app_server, name))
]


def annotations_of(owner: type) -> list[tuple[str, str]]:
    """Every public annotation of a class as text, with where it stands."""
    found = []
    for name, member in inspect.getmembers(owner):
        if name.startswith("_") and name != "__init__":
            continue
        function = member.fget if isinstance(member, property) else member
        if not inspect.isfunction(function):
            continue
        for parameter, annotation in function.__annotations__.items():
            text = annotation if isinstance(annotation, str) else repr(annotation)
            found.append((f"{owner.__name__}.{name}({parameter})", text))
    return found


@pytest.mark.parametrize("owner", PUBLIC_CLASSES, ids=lambda owner: owner.__name__)
def test_no_public_annotation_is_any(owner: type) -> None:
    for place, text in annotations_of(owner):
        words = text.replace("typing.", "").replace("[", " ").replace("]", " ").replace(",", " ")
        assert "Any" not in words.replace("|", " ").split(), f"{place}: {text}"


PYTHONS_OWN = {*dir(builtins), *typing.__all__, *collections.abc.__all__, "PathLike"}
#: The alias of a callable, which a handler fits without naming it.
UNNAMED = {"RequestHandler", "ServerRequestHandler", "BaseModel", "ModelT", "ParsedT"}


@pytest.mark.parametrize("owner", PUBLIC_CLASSES, ids=lambda owner: owner.__name__)
def test_every_type_of_a_public_annotation_is_public(owner: type) -> None:
    public = {*codex_app_server.__all__, *codex_app_server.types.__all__}
    found = annotations_of(owner)
    if dataclasses.is_dataclass(owner):
        fields = [field for field in dataclasses.fields(owner) if not field.name.startswith("_")]
        found += [(f"{owner.__name__}.{field.name}", str(field.type)) for field in fields]
    for place, text in found:
        if "(_" in place:
            continue
        # The words of a `Literal` are values, not types.
        names = re.findall(r"[A-Za-z_][\w.]*", re.sub(r"'[^']*'|\"[^\"]*\"", "", text))
        private = {name.rsplit(".")[-1] for name in names} - public - PYTHONS_OWN
        assert private <= UNNAMED, f"{place}: {private} must be in `types` (and TYPE_NAMES)"


@pytest.mark.parametrize("owner", PUBLIC_CLASSES, ids=lambda owner: owner.__name__)
def test_every_public_method_says_what_it_is(owner: type) -> None:
    assert inspect.getdoc(owner), owner
    for name, member in inspect.getmembers(owner, inspect.isfunction):
        if not name.startswith("_"):
            assert inspect.getdoc(member), f"{owner.__name__}.{name} has no docstring"


def test_threads_carry_no_lifecycle_methods() -> None:
    for thread in (Thread, AsyncThread):
        for name in ("resume", "fork", "archive", "unarchive"):
            assert not hasattr(thread, name)
    assert not hasattr(Codex, "thread")
    assert not hasattr(AsyncCodex, "thread")


def test_config_fields() -> None:
    defaults = {
        "codex_bin": None,
        "launch_args_override": None,
        "config_overrides": (),
        "cwd": None,
        "env": None,
        "client_name": "codex_python_sdk",
        "client_title": "Codex Python SDK",
        "client_version": codex_app_server.__version__,
        "experimental_api": True,
    }
    config = AppServerConfig()
    names = [field.name for field in dataclasses.fields(AppServerConfig)]
    assert names[: len(defaults)] == list(defaults)
    assert {name: getattr(config, name) for name in defaults} == defaults
    config.client_name = "changed"
    assert not hasattr(config, "__dict__"), "slotted"


def test_run_result_is_equal_by_its_first_three_fields() -> None:
    names = [field.name for field in dataclasses.fields(RunResult)]
    assert names[:3] == ["final_response", "items", "usage"]
    assert RunResult("text", [], None) == RunResult("text", [], None)
    assert all(not field.compare for field in dataclasses.fields(RunResult)[3:])


def test_threads_and_handles_are_built_by_position() -> None:
    client: Any = object()
    assert Thread(client, "t").id == "t"
    assert AsyncThread(client, "t").id == "t"
    assert (TurnHandle(client, "t", "u").thread_id, TurnHandle(client, "t", "u").id) == ("t", "u")
    # What a program has is `Codex`.
    codex = object.__new__(Codex)
    codex._client = client
    assert Thread(codex, "t") == Thread(client, "t")
    assert TurnHandle(codex, "t", "u") == TurnHandle(client, "t", "u")
    handle = AsyncTurnHandle(client, "t", "u")
    assert (handle.thread_id, handle.id) == ("t", "u")


def test_input_union_holds_every_input_class() -> None:
    members = set(typing.get_args(codex_app_server.InputItem))
    assert members == {
        codex_app_server.TextInput,
        codex_app_server.ImageInput,
        codex_app_server.LocalImageInput,
        codex_app_server.SkillInput,
        codex_app_server.MentionInput,
    }
