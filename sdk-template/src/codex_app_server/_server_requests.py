"""Answers what the server asks of its client: by the caller's handler, else by a refusal.

A refusal is the answer that the request's schema offers for "no"; where it offers none, and for
requests that this SDK does not know, a JSON-RPC error. Handlers never run on the reader thread.
"""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, cast

from ._json import JsonObject
from ._mailbox import call_in_loop
from ._on_request import TOOL_CALL
from .config import Answer, ServerRequestHandler
from .errors import InvalidInputError
from .generated.registry import SERVER_REQUESTS

if TYPE_CHECKING:
    import asyncio

    from ._on_request import Handlers

METHOD_NOT_FOUND = -32601
INTERNAL_ERROR = -32603

Send = Callable[[Mapping[str, object]], None]
"""Queues one message for the server; InvalidInputError if it is not JSON."""


def refusal(method: str) -> dict[str, object]:
    """The members of a response that refuses a server request: `result` or `error`."""
    entry = SERVER_REQUESTS.get(method)
    result = entry[3] if entry is not None else None
    if result is not None:
        return {"result": result}
    message = f"`{method}` is not supported by this client"
    return {"error": {"code": METHOD_NOT_FOUND, "message": message}}


class ServerRequests:
    """Decides about each server request and sends the answer."""

    def __init__(
        self,
        send: Send,
        handler: ServerRequestHandler | None,
        loop: asyncio.AbstractEventLoop | None,
        handlers: Handlers | None = None,
    ) -> None:
        """Coroutine handlers run in `loop`; without one each gets a loop of its own."""
        self._send = send
        self._handler = handler
        self._loop = loop
        self._handlers = handlers

    def answer(self, request_id: object, method: str, params: JsonObject) -> None:
        """Refuse at once, or start the handler; returns without waiting for it."""
        own = self._handlers.find(method, params) if self._handlers is not None else None
        handler = own or self._handler
        if handler is None:
            if method == TOOL_CALL:
                _tell_of_tool(params.get("tool"))
            self._send({"id": request_id, **refusal(method)})
            return
        if self._loop is not None and _is_coroutine_function(handler):
            start = functools.partial(self._start_task, handler)
            if not call_in_loop(self._loop, start, request_id, method, params):
                self._send({"id": request_id, **refusal(method)})
            return
        thread = threading.Thread(
            target=self._run,
            args=(handler, request_id, method, params),
            name="codex-app-server-handler",
            daemon=True,
        )
        try:
            thread.start()
        except RuntimeError as error:  # the system has no more threads, or the program is ending
            self._failed(request_id, method, error)

    def _start_task(
        self, handler: ServerRequestHandler, request_id: object, method: str, params: JsonObject
    ) -> None:
        import asyncio

        decide = cast("Callable[[str, JsonObject], Awaitable[Answer]]", handler)
        task = asyncio.ensure_future(self._run_async(decide, request_id, method, params))
        # The loop itself holds tasks weakly.
        _running.add(task)
        task.add_done_callback(_running.discard)

    def _run(
        self, handler: ServerRequestHandler, request_id: object, method: str, params: JsonObject
    ) -> None:
        try:
            answer = handler(method, params)
            if inspect.isawaitable(answer):
                answer = self._complete(answer)
        except BaseException as error:
            self._failed(request_id, method, error)
        else:
            self._reply(request_id, method, answer)

    async def _run_async(
        self,
        handler: Callable[[str, JsonObject], Awaitable[Answer]],
        request_id: object,
        method: str,
        params: JsonObject,
    ) -> None:
        import asyncio

        try:
            answer = await handler(method, params)
        except asyncio.CancelledError:
            self._send({"id": request_id, **refusal(method)})
            raise
        except BaseException as error:
            self._failed(request_id, method, error)
            if isinstance(error, (KeyboardInterrupt, SystemExit)):
                raise  # these are for the loop
        else:
            self._reply(request_id, method, answer)

    def _complete(self, answer: Awaitable[Answer]) -> Answer:
        import asyncio

        coroutine = _as_coroutine(answer)
        if self._loop is not None and self._loop.is_running():
            return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()
        return asyncio.run(coroutine)

    def _reply(self, request_id: object, method: str, answer: Answer) -> None:
        if answer is None:
            self._send({"id": request_id, **refusal(method)})
            return
        try:
            from ._base import wire

            result = wire(answer)
            if not isinstance(result, dict):
                raise InvalidInputError(f"a handler's answer must be an object, not {result!r}")
            self._send({"id": request_id, "result": result})
        except Exception as error:
            self._failed(request_id, method, error)

    def _failed(self, request_id: object, method: str, error: BaseException) -> None:
        import logging

        logging.getLogger("codex_app_server").error(
            "the handler for the server request `%s` failed; it is refused",
            method,
            exc_info=error,
        )
        answer = refusal(method)
        if "error" in answer and method in SERVER_REQUESTS:
            message = f"the client's handler for `{method}` failed"
            answer = {"error": {"code": INTERNAL_ERROR, "message": message}}
        self._send({"id": request_id, **answer})


def _tell_of_tool(name: object) -> None:
    """A thread of an earlier process still tells the model of its tools."""
    import logging

    logging.getLogger("codex_app_server").warning(
        "the model calls the tool %.100r, for which this client has no function: give it as "
        "`tools=[...]` where the thread is resumed or forked",
        name,
    )


_running: set[asyncio.Future[None]] = set()


def _is_coroutine_function(handler: object) -> bool:
    call = getattr(handler, "__call__", None)  # noqa: B004 - looked at, not tested
    return inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(call)


def _as_coroutine(awaitable: Awaitable[Answer]) -> Coroutine[object, object, Answer]:
    async def wait() -> Answer:
        return await awaitable

    return wait()
