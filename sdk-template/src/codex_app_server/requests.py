"""What the server asks of its client: the parameters of each request, and its response.

Every name is loaded when it is first used. A test holds the list against the protocol's registry.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .generated.requests import (
        ApplyPatchApprovalParams,
        ApplyPatchApprovalResponse,
        AttestationGenerateParams,
        AttestationGenerateResponse,
        ChatgptAuthTokensRefreshParams,
        ChatgptAuthTokensRefreshResponse,
        CommandExecutionRequestApprovalParams,
        CommandExecutionRequestApprovalResponse,
        DynamicToolCallParams,
        DynamicToolCallResponse,
        ExecCommandApprovalParams,
        ExecCommandApprovalResponse,
        FileChangeRequestApprovalParams,
        FileChangeRequestApprovalResponse,
        McpServerElicitationRequestParams,
        McpServerElicitationRequestResponse,
        PermissionsRequestApprovalParams,
        PermissionsRequestApprovalResponse,
        ToolRequestUserInputParams,
        ToolRequestUserInputResponse,
    )

__all__ = [
    "ApplyPatchApprovalParams",
    "ApplyPatchApprovalResponse",
    "AttestationGenerateParams",
    "AttestationGenerateResponse",
    "ChatgptAuthTokensRefreshParams",
    "ChatgptAuthTokensRefreshResponse",
    "CommandExecutionRequestApprovalParams",
    "CommandExecutionRequestApprovalResponse",
    "DynamicToolCallParams",
    "DynamicToolCallResponse",
    "ExecCommandApprovalParams",
    "ExecCommandApprovalResponse",
    "FileChangeRequestApprovalParams",
    "FileChangeRequestApprovalResponse",
    "McpServerElicitationRequestParams",
    "McpServerElicitationRequestResponse",
    "PermissionsRequestApprovalParams",
    "PermissionsRequestApprovalResponse",
    "ToolRequestUserInputParams",
    "ToolRequestUserInputResponse",
]


if not TYPE_CHECKING:  # a type checker that saw it would let any name pass

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value: object = getattr(importlib.import_module(".generated.requests", __package__), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
