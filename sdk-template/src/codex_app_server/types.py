"""The protocol's value types: responses, notifications, enums and unions.

Every name is loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._json import JsonObject
    from .generated.v2_all import (
        ApprovalsReviewer,
        AskForApproval,
        ModelListResponse,
        Personality,
        PlanType,
        ReasoningEffort,
        ReasoningSummary,
        SandboxMode,
        SandboxPolicy,
        SortDirection,
        ThreadArchiveResponse,
        ThreadCompactStartResponse,
        ThreadItem,
        ThreadListCwdFilter,
        ThreadListResponse,
        ThreadReadResponse,
        ThreadSetNameResponse,
        ThreadSortKey,
        ThreadSource,
        ThreadSourceKind,
        ThreadStartSource,
        ThreadTokenUsage,
        ThreadTokenUsageUpdatedNotification,
        Turn,
        TurnCompletedNotification,
        TurnInterruptResponse,
        TurnStatus,
        TurnSteerResponse,
    )
    from .models import InitializeResponse, Notification

__all__ = [
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
]

_ELSEWHERE = {"InitializeResponse": "models", "Notification": "models", "JsonObject": "_json"}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = importlib.import_module(f".{_ELSEWHERE.get(name, 'generated.v2_all')}", __package__)
    value: object = getattr(home, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
