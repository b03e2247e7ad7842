"""Python SDK of the Codex app server.

A program starts a client, and a thread on it, and runs turns on that:

    from codex_app_server import Codex, Sandbox

    with Codex() as codex:
        thread = codex.thread_start(sandbox=Sandbox.workspace_write)
        print(thread.run("Which tests are missing here?").final_response)

`AsyncCodex` is the same for event loops. Clients, handles, inputs and errors live here, the
protocol's value types in `codex_app_server.types`, the payloads of notifications in
`codex_app_server.events`. Every name is loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._login_handles import (
        AsyncChatgptLoginHandle,
        AsyncDeviceCodeLoginHandle,
        AsyncMcpServerLoginHandle,
        ChatgptLoginHandle,
        DeviceCodeLoginHandle,
        McpServerLoginHandle,
    )
    from ._run import TurnResult
    from .api import (
        AsyncCodex,
        AsyncThread,
        AsyncTurnHandle,
        Codex,
        RunResult,
        Thread,
        TurnHandle,
    )
    from .config import AppServerConfig, CodexConfig
    from .errors import (
        AppServerError,
        AppServerRpcError,
        CodexError,
        CodexRpcError,
        InternalRpcError,
        InvalidParamsError,
        InvalidRequestError,
        JsonRpcError,
        MethodNotFoundError,
        ModelUnreachableError,
        OutputParseError,
        ParseError,
        RetryLimitExceededError,
        ServerBusyError,
        TransportClosedError,
        TurnFailedError,
        TurnTimeoutError,
        is_retryable_error,
    )
    from .inputs import (
        ExternalMessage,
        ImageInput,
        Input,
        InputItem,
        LocalImageInput,
        MentionInput,
        RunInput,
        SkillInput,
        TextInput,
    )
    from .presets import ApprovalMode, Sandbox
    from .retry import retry_on_overload

    __version__: str

__all__ = [
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
    # Those above keep the order that programs know; what came later follows by name.
    "ApprovalMode",
    "AsyncChatgptLoginHandle",
    "AsyncDeviceCodeLoginHandle",
    "AsyncMcpServerLoginHandle",
    "ChatgptLoginHandle",
    "CodexConfig",
    "CodexError",
    "CodexRpcError",
    "DeviceCodeLoginHandle",
    "ExternalMessage",
    "McpServerLoginHandle",
    "ModelUnreachableError",
    "OutputParseError",
    "RunInput",
    "Sandbox",
    "TurnFailedError",
    "TurnResult",
    "TurnTimeoutError",
]

_HOMES = {
    "_run": ["TurnResult"],
    "config": ["AppServerConfig", "CodexConfig"],
    "inputs": [
        "ExternalMessage",
        *(name for name in __all__ if name.endswith(("Input", "InputItem"))),
    ],
    "_login_handles": [name for name in __all__ if name.endswith("LoginHandle")],
    "presets": ["ApprovalMode", "Sandbox"],
    "retry": ["retry_on_overload"],
    "errors": ["is_retryable_error", *(name for name in __all__ if name.endswith("Error"))],
    "api": [
        *("Codex", "AsyncCodex", "Thread", "AsyncThread"),
        *("TurnHandle", "AsyncTurnHandle", "RunResult"),
    ],
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}


if not TYPE_CHECKING:  # a type checker that saw it would let any name pass

    def __getattr__(name: str) -> object:
        value: object
        if name == "__version__":
            value = importlib.import_module("._version", __name__).package_version()
        elif name in _HOME_OF:
            value = getattr(importlib.import_module(f".{_HOME_OF[name]}", __name__), name)
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    # What this module needs for itself is nobody's business.
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
