"""Models that no schema describes: the answer to `initialize`, and notifications as they arrive."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeAlias, Union

from pydantic import BaseModel, ConfigDict

from ._json import JsonObject, JsonValue

if TYPE_CHECKING:
    from ._base import WireModel

    # Programs for other SDKs of the protocol look for these here; `events` has them all.
    # isort: off
    from .generated.v2_all import (
        AccountLoginCompletedNotification as AccountLoginCompletedNotification,
        AccountRateLimitsUpdatedNotification as AccountRateLimitsUpdatedNotification,
        AccountUpdatedNotification as AccountUpdatedNotification,
        AgentMessageDeltaNotification as AgentMessageDeltaNotification,
        AppListUpdatedNotification as AppListUpdatedNotification,
        CommandExecutionOutputDeltaNotification as CommandExecutionOutputDeltaNotification,
        ConfigWarningNotification as ConfigWarningNotification,
        ContextCompactedNotification as ContextCompactedNotification,
        DeprecationNoticeNotification as DeprecationNoticeNotification,
        ErrorNotification as ErrorNotification,
        FileChangeOutputDeltaNotification as FileChangeOutputDeltaNotification,
        ItemCompletedNotification as ItemCompletedNotification,
        ItemStartedNotification as ItemStartedNotification,
        McpServerOauthLoginCompletedNotification as McpServerOauthLoginCompletedNotification,
        McpToolCallProgressNotification as McpToolCallProgressNotification,
        PlanDeltaNotification as PlanDeltaNotification,
        RawResponseItemCompletedNotification as RawResponseItemCompletedNotification,
        ReasoningSummaryPartAddedNotification as ReasoningSummaryPartAddedNotification,
        ReasoningSummaryTextDeltaNotification as ReasoningSummaryTextDeltaNotification,
        ReasoningTextDeltaNotification as ReasoningTextDeltaNotification,
        TerminalInteractionNotification as TerminalInteractionNotification,
        ThreadGoalClearedNotification as ThreadGoalClearedNotification,
        ThreadGoalUpdatedNotification as ThreadGoalUpdatedNotification,
        ThreadNameUpdatedNotification as ThreadNameUpdatedNotification,
        ThreadStartedNotification as ThreadStartedNotification,
        ThreadTokenUsageUpdatedNotification as ThreadTokenUsageUpdatedNotification,
        TurnCompletedNotification as TurnCompletedNotification,
        TurnDiffUpdatedNotification as TurnDiffUpdatedNotification,
        TurnPlanUpdatedNotification as TurnPlanUpdatedNotification,
        TurnStartedNotification as TurnStartedNotification,
        WindowsWorldWritableWarningNotification as WindowsWorldWritableWarningNotification,
    )
    # isort: on

__all__ = [
    "InitializeResponse",
    "JsonObject",
    "JsonScalar",
    "JsonValue",
    "Notification",
    "NotificationPayload",
    "ServerInfo",
    "UnknownNotification",
]

JsonScalar: TypeAlias = str | int | float | bool | None
"""A JSON value that holds no others."""


class ServerInfo(BaseModel):
    """The server's name and version."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow")

    name: str | None = None
    version: str | None = None


class InitializeResponse(BaseModel):
    """What the server says about itself; the attributes have the names of the wire."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow")

    serverInfo: ServerInfo | None = None
    userAgent: str | None = None
    platformFamily: str | None = None
    platformOs: str | None = None
    codexHome: str | None = None


@dataclass(slots=True)
class UnknownNotification:
    """Parameters that no model of this SDK fits, as they came."""

    params: JsonObject


NotificationPayload: TypeAlias = Union["WireModel", UnknownNotification]
"""The parameters of a notification; test with isinstance which they are."""


@dataclass(slots=True)
class Notification:
    """Something that the server announced: its method, and its parameters as a model."""

    method: str
    payload: NotificationPayload


if not TYPE_CHECKING:  # a type checker that saw it would let any name pass

    def __getattr__(name: str) -> object:
        if name.endswith("Notification"):  # else nothing is loaded for it
            protocol = importlib.import_module(".generated.v2_all", __package__)
            if name in protocol.__all__:
                value: object = getattr(protocol, name)
                globals()[name] = value
                return value
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
