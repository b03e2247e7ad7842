"""The protocol's value types: responses, notifications, enums and unions.

Every name is loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._arguments import JsonMapping, SequenceNotStr, StrPath
    from ._json import JsonObject, JsonValue
    from .generated.literals import (
        ApprovalsReviewerName,
        AskForApprovalValueName,
        McpServerStatusDetailName,
        PersonalityName,
        ReasoningEffortName,
        ReasoningSummaryName,
        SandboxModeName,
        SortDirectionName,
        ThreadGoalStatusName,
        ThreadSortKeyName,
        ThreadSourceKindName,
        ThreadStartSourceName,
        WebSearchModeName,
    )
    from .generated.v2_all import (
        Account,
        AccountLoginCompletedNotification,
        AgentMessageThreadItem,
        ApprovalsReviewer,
        AskForApproval,
        CancelLoginAccountResponse,
        CancelLoginAccountStatus,
        CollabAgentToolCallThreadItem,
        CommandExecutionThreadItem,
        ContextCompactionThreadItem,
        DynamicToolCallThreadItem,
        EnteredReviewModeThreadItem,
        ExitedReviewModeThreadItem,
        FileChangeThreadItem,
        FunctionCallOutputContentItem,
        FunctionCallOutputThreadItem,
        GetAccountRateLimitsResponse,
        GetAccountResponse,
        HookPromptThreadItem,
        ImageGenerationThreadItem,
        ImageViewThreadItem,
        ListMcpServerStatusResponse,
        McpResourceReadResponse,
        McpServerOauthLoginCompletedNotification,
        McpServerOauthLoginResponse,
        McpServerRefreshResponse,
        McpServerStatus,
        McpServerStatusDetail,
        McpServerToolCallResponse,
        McpToolCallThreadItem,
        ModelListResponse,
        Personality,
        PlanThreadItem,
        PlanType,
        ReasoningEffort,
        ReasoningSummary,
        ReasoningThreadItem,
        SandboxMode,
        SandboxPolicy,
        SleepThreadItem,
        SortDirection,
        SubAgentActivityThreadItem,
        ThreadArchiveResponse,
        ThreadCompactStartResponse,
        ThreadGoal,
        ThreadGoalClearResponse,
        ThreadGoalGetResponse,
        ThreadGoalSetResponse,
        ThreadGoalStatus,
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
        TurnError,
        TurnInterruptResponse,
        TurnStatus,
        TurnSteerResponse,
        UnknownThreadItem,
        UserMessageThreadItem,
        WebSearchMode,
        WebSearchThreadItem,
    )
    from .generated.v2_all import Thread as StoredThread
    from .models import InitializeResponse, Notification

__all__ = [
    "Account",
    "AccountLoginCompletedNotification",
    "AgentMessageThreadItem",
    "ApprovalsReviewer",
    "ApprovalsReviewerName",
    "AskForApproval",
    "AskForApprovalValueName",
    "CancelLoginAccountResponse",
    "CancelLoginAccountStatus",
    "CollabAgentToolCallThreadItem",
    "CommandExecutionThreadItem",
    "ContextCompactionThreadItem",
    "DynamicToolCallThreadItem",
    "EnteredReviewModeThreadItem",
    "ExitedReviewModeThreadItem",
    "FileChangeThreadItem",
    "FunctionCallOutputContentItem",
    "FunctionCallOutputThreadItem",
    "GetAccountRateLimitsResponse",
    "GetAccountResponse",
    "HookPromptThreadItem",
    "ImageGenerationThreadItem",
    "ImageViewThreadItem",
    "InitializeResponse",
    "JsonMapping",
    "JsonObject",
    "JsonValue",
    "ListMcpServerStatusResponse",
    "McpResourceReadResponse",
    "McpServerOauthLoginCompletedNotification",
    "McpServerOauthLoginResponse",
    "McpServerRefreshResponse",
    "McpServerStatus",
    "McpServerStatusDetail",
    "McpServerStatusDetailName",
    "McpServerToolCallResponse",
    "McpToolCallThreadItem",
    "ModelListResponse",
    "Notification",
    "Personality",
    "PersonalityName",
    "PlanThreadItem",
    "PlanType",
    "ReasoningEffort",
    "ReasoningEffortName",
    "ReasoningSummary",
    "ReasoningSummaryName",
    "ReasoningThreadItem",
    "SandboxMode",
    "SandboxModeName",
    "SandboxPolicy",
    "SequenceNotStr",
    "SleepThreadItem",
    "SortDirection",
    "SortDirectionName",
    "StoredThread",
    "StrPath",
    "SubAgentActivityThreadItem",
    "ThreadArchiveResponse",
    "ThreadCompactStartResponse",
    "ThreadGoal",
    "ThreadGoalClearResponse",
    "ThreadGoalGetResponse",
    "ThreadGoalSetResponse",
    "ThreadGoalStatus",
    "ThreadGoalStatusName",
    "ThreadItem",
    "ThreadListCwdFilter",
    "ThreadListResponse",
    "ThreadReadResponse",
    "ThreadSetNameResponse",
    "ThreadSortKey",
    "ThreadSortKeyName",
    "ThreadSource",
    "ThreadSourceKind",
    "ThreadSourceKindName",
    "ThreadStartSource",
    "ThreadStartSourceName",
    "ThreadTokenUsage",
    "ThreadTokenUsageUpdatedNotification",
    "Turn",
    "TurnCompletedNotification",
    "TurnError",
    "TurnInterruptResponse",
    "TurnStatus",
    "TurnSteerResponse",
    "UnknownThreadItem",
    "UserMessageThreadItem",
    "WebSearchMode",
    "WebSearchModeName",
    "WebSearchThreadItem",
]

_ELSEWHERE = {
    "InitializeResponse": "models",
    "Notification": "models",
    "JsonMapping": "_arguments",
    "JsonObject": "_json",
    "JsonValue": "_json",
    "SequenceNotStr": "_arguments",
    "StrPath": "_arguments",
}
# The SDK's own `Thread` is another thing than what the runtime tells of a stored one.
_RENAMED = {"StoredThread": "Thread"}


def _home(name: str) -> str:
    words = "generated.literals" if name.endswith("Name") else "generated.v2_all"
    return _ELSEWHERE.get(name, words)


if not TYPE_CHECKING:  # a type checker that saw it would let any name pass

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        home = importlib.import_module(f".{_home(name)}", __package__)
        value: object = getattr(home, _RENAMED.get(name, name))
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
