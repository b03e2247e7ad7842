"""Handlers of what the server asks, one for each method, of a client or of one of its threads."""

from __future__ import annotations

import importlib
import inspect
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, cast

from ._json import JsonObject, JsonValue
from ._wire import decode_response, params_dict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal, TypeAlias, TypeVar, overload

    from ._base import ParamsModel, WireModel
    from ._tools import Tool
    from .config import Answer, ServerRequestHandler
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

    ParamsT = TypeVar("ParamsT")
    ParamsModelT = TypeVar("ParamsModelT", bound=ParamsModel)
    ResponseT = TypeVar("ResponseT")
    Decision: TypeAlias = ResponseT | Mapping[str, object] | None
    Decides: TypeAlias = Callable[[ParamsT], Decision[ResponseT] | Awaitable[Decision[ResponseT]]]

TOOL_CALL = "item/tool/call"

RequestHandler = Callable[[object], "Answer | Awaitable[Answer]"]


class Handlers:
    """Who decides about which request: of a thread, or (None) of the whole client."""

    def __init__(self) -> None:
        self._found: dict[tuple[str | None, str], ServerRequestHandler] = {}
        self._tools: dict[str, dict[str, Tool]] = {}

    def put(self, thread_id: str | None, method: str, handler: RequestHandler | None) -> None:
        """Let `handler` decide from now on; None takes the one that there was away."""
        if handler is None:
            self._found.pop((thread_id, method), None)
        elif callable(handler):
            self._found[thread_id, method] = _typed(handler)
        else:
            raise TypeError(f"a handler must be callable, not {handler!r}")

    def tools(self, functions: object) -> Functions:
        """Functions as the tools of a thread that is about to start."""
        return Functions(self._tools, functions)

    def find(self, method: str, params: JsonObject) -> ServerRequestHandler | None:
        """The handler for a request: the thread's own before the client's."""
        # Requests of the first protocol call their thread a conversation.
        thread_id = params.get("threadId", params.get("conversationId"))
        if method == TOOL_CALL and isinstance(thread_id, str):
            tool = self._tools.get(thread_id, {}).get(str(params.get("tool")))
            if tool is not None:
                return tool.call_later if tool.waits else tool.call
        own = self._found.get((thread_id, method)) if isinstance(thread_id, str) else None
        return own or self._found.get((None, method))


class Functions:
    """The functions that a new thread gets as tools."""

    def __init__(self, all_tools: dict[str, dict[str, Tool]], functions: object) -> None:
        self._all_tools = all_tools
        self._tools: dict[str, Tool] = {}
        if functions is not None:
            from ._tools import tools_of

            self._tools = tools_of(functions)

    def beside(self, params: ParamsModelT) -> ParamsModelT | JsonObject:
        """The parameters of the thread with what the model is told of its functions."""
        if not self._tools:
            return params
        # The protocol has this field among its experimental ones, which models leave out.
        described = [tool.described() for tool in self._tools.values()]
        return {**params_dict(params), "dynamicTools": cast("JsonValue", described)}

    def serve(self, thread_id: str) -> None:
        """Call the functions when the model of this thread asks."""
        if self._tools:
            self._all_tools[thread_id] = self._tools


def _typed(handler: RequestHandler) -> ServerRequestHandler:
    """The handler as one that takes the method and the parameters as they came."""
    call = getattr(handler, "__call__", None)  # noqa: B004 - looked at, not tested
    if inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(call):

        async def decide_later(method: str, params: JsonObject) -> Answer:
            return await cast("Awaitable[Answer]", handler(_params(method, params)))

        return decide_later

    def decide(method: str, params: JsonObject) -> Answer | Awaitable[Answer]:
        return handler(_params(method, params))

    return decide


def _params(method: str, params: JsonObject) -> object:
    from .generated.registry import SERVER_REQUESTS

    entry = SERVER_REQUESTS.get(method)
    if entry is None:
        return params
    module = importlib.import_module(f"{__package__}.generated.{entry[0]}")
    return decode_response(method, params, cast("type[WireModel]", getattr(module, entry[1])))


def _tell_of_unknown(method: str) -> None:
    """Newer servers may ask more than this SDK knows; a misspelled method is never asked."""
    import logging

    from .generated.registry import SERVER_REQUESTS

    if method not in SERVER_REQUESTS:
        logging.getLogger("codex_app_server").warning(
            "on_request: %r is no request of a server that this SDK knows", method
        )


class RequestHandling(ABC):
    """What clients and threads have in common: they let functions decide what the server asks."""

    @abstractmethod
    def _handlers(self) -> tuple[Handlers, str | None]:
        """Where the handlers are, and whose they are."""

    if TYPE_CHECKING:

        @overload
        def on_request(
            self,
            method: Literal["account/chatgptAuthTokens/refresh"],
            handler: Decides[ChatgptAuthTokensRefreshParams, ChatgptAuthTokensRefreshResponse]
            | None,
        ) -> None: ...

        @overload
        def on_request(
            self,
            method: Literal["applyPatchApproval"],
            handler: Decides[ApplyPatchApprovalParams, ApplyPatchApprovalResponse] | None,
        ) -> None: ...

        @overload
        def on_request(
            self,
            method: Literal["attestation/generate"],
            handler: Decides[AttestationGenerateParams, AttestationGenerateResponse] | None,
        ) -> None: ...

        @overload
        def on_request(
            self,
            method: Literal["execCommandApproval"],
            handler: Decides[ExecCommandApprovalParams, ExecCommandApprovalResponse] | None,
        ) -> None: ...

        @overload
        def on_request(
            self,
            method: Literal["item/commandExecution/requestApproval"],
            handler: Decides[
                CommandExecutionRequestApprovalParams, CommandExecutionRequestApprovalResponse
            ]
            | None,
        ) -> None: ...

        @overload
        def on_request(
            self,
            method: Literal["item/fileChange/requestApproval"],
            handler: Decides[FileChangeRequestApprovalParams, FileChangeRequestApprovalResponse]
            | None,
        ) -> None: ...

        @overload
        def on_request(
            self,
            method: Literal["item/permissions/requestApproval"],
            handler: Decides[PermissionsRequestApprovalParams, PermissionsRequestApprovalResponse]
            | None,
        ) -> None: ...

        @overload
        def on_request(
            self,
            method: Literal["item/tool/call"],
            handler: Decides[DynamicToolCallParams, DynamicToolCallResponse] | None,
        ) -> None: ...

        @overload
        def on_request(
            self,
            method: Literal["item/tool/requestUserInput"],
            handler: Decides[ToolRequestUserInputParams, ToolRequestUserInputResponse] | None,
        ) -> None: ...

        @overload
        def on_request(
            self,
            method: Literal["mcpServer/elicitation/request"],
            handler: Decides[McpServerElicitationRequestParams, McpServerElicitationRequestResponse]
            | None,
        ) -> None: ...

        @overload
        def on_request(
            self, method: str, handler: Decides[JsonObject, WireModel] | None
        ) -> None: ...

        def on_request(self, method: str, handler: object) -> None: ...

    else:

        def on_request(self, method: str, handler: RequestHandler | None) -> None:
            """Let `handler` decide whenever the server asks `method`; None takes it away again.

            It gets the parameters as the model of `codex_app_server.requests` (as a JSON object, if
            the SDK does not know the method), and gives the response, an object like it, or None to
            decline; an exception declines too. It may be a coroutine function. A thread's handler
            comes before the client's, and that before `server_request_handler`.
            """
            handlers, thread_id = self._handlers()
            handlers.put(thread_id, method, handler)
            if handler is not None:
                _tell_of_unknown(method)
