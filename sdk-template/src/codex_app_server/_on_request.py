"""Handlers of what the server asks, one for each method, of a client or of one of its threads."""

from __future__ import annotations

import importlib
import inspect
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from types import FunctionType
from typing import TYPE_CHECKING, cast

from ._json import JsonObject, JsonValue
from ._wire import decode_response, params_dict, problems
from .errors import InvalidInputError

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

    _Class = TypeVar("_Class")
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

    def tools(self, functions: object, of: str | None = None) -> Functions:
        """Functions as the tools of a thread that is about to start, or goes on from thread `of`.

        Raises InvalidInputError for one that the model of thread `of` cannot know.
        """
        return Functions(self._tools, functions, of)

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
    """The functions that a thread gets as tools."""

    def __init__(
        self, all_tools: dict[str, dict[str, Tool]], functions: object, of: str | None
    ) -> None:
        self._all_tools = all_tools
        # A thread of an earlier process has tools that only the server remembers.
        known = None if of is None else all_tools.get(of)
        self._tools: dict[str, Tool] = known or {}
        if functions is not None:
            from ._tools import tools_of

            given = tools_of(functions)
            new = [] if known is None else [name for name in given if name not in known]
            if new:
                raise InvalidInputError(
                    f"`tools` has {', '.join(f'`{name}`' for name in new)}, which the model of "
                    f"thread `{of}` is not told of: tools are told when a thread is started"
                )
            self._tools = {**self._tools, **given}

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
            answer = cast("Awaitable[Answer]", handler(_params(method, params)))
            return _checked(method, await answer)

        return decide_later

    def decide(method: str, params: JsonObject) -> Answer | Awaitable[Answer]:
        answer = handler(_params(method, params))
        if isinstance(answer, Awaitable):
            return _checked_later(method, answer)
        return _checked(method, answer)

    return decide


def _params(method: str, params: JsonObject) -> object:
    model = _model(method, False)
    return params if model is None else decode_response(method, params, model)


def _model(method: str, of_response: bool) -> type[WireModel] | None:
    """The model of a request's parameters or of its response, if the SDK knows the request."""
    from .generated.registry import SERVER_REQUESTS

    entry = SERVER_REQUESTS.get(method)
    if entry is None:
        return None
    home, params, response, _ = entry
    name = response if of_response else params
    module = importlib.import_module(f"{__package__}.generated.{home}")
    return cast("type[WireModel]", getattr(module, name))


async def _checked_later(method: str, answer: Awaitable[Answer]) -> Answer:
    return _checked(method, await answer)


def _checked(method: str, answer: Answer) -> Answer:
    """The answer; InvalidInputError if it is none that the server would understand."""
    model = _model(method, True)
    if answer is None or model is None:
        return answer
    from pydantic import ValidationError

    from ._base import unknown_word, wire

    try:
        response = model.model_validate(wire(answer))
    except ValidationError as error:
        raise InvalidInputError(
            f"the answer to `{method}` is no {model.__name__}: {problems(error)}"
        ) from error
    word = unknown_word(response)
    if word is not None:
        known = ", ".join(repr(str(member)) for member in type(word))
        raise InvalidInputError(
            f"the answer to `{method}` says {str(word)!r:.100}, which is none of: {known}"
        )
    return answer


def _tell_of_unknown(method: str) -> None:
    """Newer servers may ask more than this SDK knows; a misspelled method is never asked."""
    import logging

    from .generated.registry import SERVER_REQUESTS

    if method not in SERVER_REQUESTS:
        logging.getLogger("codex_app_server").warning(
            "on_request: %r is no request of a server that this SDK knows", method
        )


def says_its_name(cls: type[_Class]) -> type[_Class]:
    """A class whose methods say its name where they are called wrongly, not that of a base."""
    for base in cls.__bases__:
        for name, method in vars(base).items():
            if not isinstance(method, FunctionType) or name.startswith("_"):
                continue
            if base is RequestHandling:  # which several classes share
                method = _copied(method)
                setattr(cls, name, method)
            method.__qualname__ = f"{cls.__qualname__}.{name}"
            method.__module__ = cls.__module__
    return cls


def _copied(method: FunctionType) -> FunctionType:
    copy = FunctionType(
        method.__code__, method.__globals__, None, method.__defaults__, method.__closure__
    )
    copy.__annotations__ = method.__annotations__
    copy.__doc__ = method.__doc__
    return copy


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
