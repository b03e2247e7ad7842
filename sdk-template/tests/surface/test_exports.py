"""Locks the public names: root, `types`, star imports, laziness, and what must stay private."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import codex_app_server
import codex_app_server.types

TEMPLATE = Path(__file__).resolve().parents[2]

ROOT_NAMES = [
    "__version__",
    "AppServerConfig",
    "Codex",
    "AsyncCodex",
    "Thread",
    "AsyncThread",
    "TurnHandle",
    "AsyncTurnHandle",
    "RunResult",
    "Input",
    "InputItem",
    "TextInput",
    "ImageInput",
    "LocalImageInput",
    "SkillInput",
    "MentionInput",
    "retry_on_overload",
    "AppServerError",
    "TransportClosedError",
    "JsonRpcError",
    "AppServerRpcError",
    "ParseError",
    "InvalidRequestError",
    "MethodNotFoundError",
    "InvalidParamsError",
    "InternalRpcError",
    "ServerBusyError",
    "RetryLimitExceededError",
    "is_retryable_error",
]

TYPE_NAMES = [
    "ApprovalsReviewer",
    "AskForApproval",
    "InitializeResponse",
    "JsonObject",
    "ModelListResponse",
    "Notification",
    "Personality",
    "PlanType",
    "ReasoningEffort",
    "ReasoningSummary",
    "SandboxMode",
    "SandboxPolicy",
    "SortDirection",
    "ThreadArchiveResponse",
    "ThreadCompactStartResponse",
    "ThreadItem",
    "ThreadListCwdFilter",
    "ThreadListResponse",
    "ThreadReadResponse",
    "ThreadSetNameResponse",
    "ThreadSortKey",
    "ThreadSource",
    "ThreadSourceKind",
    "ThreadStartSource",
    "ThreadTokenUsage",
    "ThreadTokenUsageUpdatedNotification",
    "Turn",
    "TurnCompletedNotification",
    "TurnInterruptResponse",
    "TurnStatus",
    "TurnSteerResponse",
    "WebSearchMode",
    "WebSearchModeName",
]

NOT_AT_THE_ROOT = [
    "AppServerClient",
    "AsyncAppServerClient",
    "InitializeResponse",
    "ThreadStartParams",
    "TurnStartParams",
    "TurnCompletedNotification",
    "TurnStatus",
]


def run_python(code: str) -> str:
    """What a fresh interpreter prints that knows the source tree."""
    path = f"import sys; sys.path.insert(0, {str(TEMPLATE / 'src')!r})\n"
    done = subprocess.run(
        [sys.executable, "-c", path + code], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def star_import(module: str) -> set[str]:
    """The names that a star import binds."""
    namespace: dict[str, object] = {}
    exec(f"from {module} import *", namespace)
    return set(namespace) - {"__builtins__"}


def test_root_names_in_order() -> None:
    assert len(ROOT_NAMES) == 29
    assert list(codex_app_server.__all__[:29]) == ROOT_NAMES
    assert list(codex_app_server.__all__[29:]) == sorted(codex_app_server.__all__[29:])


def test_root_star_import_binds_exactly_the_public_names() -> None:
    assert star_import("codex_app_server") == set(codex_app_server.__all__)


def test_type_names_in_order() -> None:
    assert sorted(TYPE_NAMES) == TYPE_NAMES
    assert list(codex_app_server.types.__all__) == sorted(codex_app_server.types.__all__)
    assert set(TYPE_NAMES) <= set(codex_app_server.types.__all__)


def test_types_star_import_binds_exactly_the_public_names() -> None:
    assert star_import("codex_app_server.types") == set(codex_app_server.types.__all__)


@pytest.mark.parametrize("name", NOT_AT_THE_ROOT)
def test_protocol_names_are_not_at_the_root(name: str) -> None:
    assert not hasattr(codex_app_server, name)


@pytest.mark.parametrize("module", [codex_app_server, codex_app_server.types])
def test_unknown_names_raise_attribute_error_that_names_module_and_name(module: object) -> None:
    with pytest.raises(AttributeError, match=r"codex_app_server.*no_such_name"):
        module.no_such_name  # noqa: B018


@pytest.mark.parametrize("name", codex_app_server.__all__)
def test_every_root_name_resolves(name: str) -> None:
    assert getattr(codex_app_server, name) is not None


@pytest.mark.parametrize("name", codex_app_server.types.__all__)
def test_every_type_name_resolves(name: str) -> None:
    assert getattr(codex_app_server.types, name) is not None


def test_dir_lists_the_public_names_before_anything_is_loaded() -> None:
    printed = run_python(
        "import json, codex_app_server, codex_app_server.types\n"
        "print(json.dumps([dir(codex_app_server), dir(codex_app_server.types)]))"
    )
    root, types = json.loads(printed)
    assert set(ROOT_NAMES) <= set(root)
    assert set(TYPE_NAMES) <= set(types)


def test_importing_the_root_and_types_loads_neither_pydantic_nor_models() -> None:
    printed = run_python(
        "import codex_app_server, codex_app_server.types\n"
        "print([name for name in sys.modules if name.startswith('pydantic')"
        " or name.startswith('codex_app_server.generated') or name == 'asyncio'])"
    )
    assert printed.strip() == "[]"


def test_importing_the_client_loads_no_generated_models() -> None:
    printed = run_python(
        "from codex_app_server import AppServerConfig, Codex, TextInput\n"
        "heavy = ('core', 'lifecycle', 'notifications', 'requests', 'account')\n"
        "print([name for name in heavy if f'codex_app_server.generated.{name}' in sys.modules])"
    )
    assert printed.strip() == "[]"


def test_the_error_tree() -> None:
    errors = codex_app_server
    parents = {
        errors.AppServerError: Exception,
        errors.TransportClosedError: errors.AppServerError,
        errors.JsonRpcError: errors.AppServerError,
        errors.AppServerRpcError: errors.JsonRpcError,
        errors.ParseError: errors.AppServerRpcError,
        errors.InvalidRequestError: errors.AppServerRpcError,
        errors.MethodNotFoundError: errors.AppServerRpcError,
        errors.InvalidParamsError: errors.AppServerRpcError,
        errors.InternalRpcError: errors.AppServerRpcError,
        errors.ServerBusyError: errors.AppServerRpcError,
        errors.RetryLimitExceededError: errors.ServerBusyError,
    }
    for error, parent in parents.items():
        assert issubclass(error, parent), error
