"""The asynchronous protocol client: the twin of `AppServerClient` for one event loop.

Both share the connection's core. Results reach the loop by `call_soon_threadsafe`; nothing waits
in an executor, and only starting and closing use a thread of their own.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from ._core import value_of
from ._json import JsonObject
from ._mailbox import call_in_loop, receive_async
from ._turns import TURN_COMPLETED, TurnBox
from ._wire import decode_notification, decode_response, params_dict
from .client import AppServerClient, WireInput, wire_input
from .config import AppServerConfig, ServerRequestHandler
from .retry import retry_on_overload_async

if TYPE_CHECKING:
    import asyncio

    from pydantic import BaseModel

    from .generated.v2_all import (
        AgentMessageDeltaNotification,
        ModelListResponse,
        ThreadArchiveResponse,
        ThreadCompactStartResponse,
        ThreadForkParams,
        ThreadForkResponse,
        ThreadListParams,
        ThreadListResponse,
        ThreadReadResponse,
        ThreadResumeParams,
        ThreadResumeResponse,
        ThreadSetNameResponse,
        ThreadStartParams,
        ThreadStartResponse,
        ThreadUnarchiveResponse,
        TurnCompletedNotification,
        TurnInterruptResponse,
        TurnStartParams,
        TurnStartResponse,
        TurnSteerResponse,
    )
    from .models import InitializeResponse, Notification

ModelT = TypeVar("ModelT", bound="BaseModel")
T = TypeVar("T")


class AsyncAppServerClient:
    """Speaks the app-server protocol for the tasks of one event loop, the first that uses it."""

    def __init__(
        self,
        config: AppServerConfig | None = None,
        approval_handler: ServerRequestHandler | None = None,
    ) -> None:
        self._sync = AppServerClient(config, approval_handler)
        self._core = self._sync._core
        self.config = self._sync.config
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __aenter__(self) -> AsyncAppServerClient:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    # -- connection -----------------------------------------------------------------------------

    def bind_loop(self) -> asyncio.AbstractEventLoop:
        """The running loop, which becomes this client's; RuntimeError in any other."""
        import asyncio

        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = self._core.loop = loop
        elif self._loop is not loop:
            raise RuntimeError(
                "this client belongs to another event loop; make one client for each loop"
            )
        return loop

    async def start(self) -> None:
        """Spawn the server unless it runs."""
        self.bind_loop()
        generation = self._core.generation
        await in_thread(lambda: self._core.open(generation))

    async def close(self) -> None:
        """End the server and wake every task that waits; safe to repeat."""
        await in_thread(self._core.shut)

    def kill(self) -> None:
        """Kill the server's process at once; `close` must still follow."""
        self._core.kill()

    async def initialize(self) -> InitializeResponse:
        """Introduce the client; the server accepts other calls only after this."""
        self.bind_loop()
        # Importing the models takes longer than the answer, and must not hold up the loop.
        return await in_thread(self._sync.initialize)

    # -- any method -----------------------------------------------------------------------------

    async def request(
        self,
        method: str,
        params: BaseModel | Mapping[str, object] | None,
        *,
        response_model: type[ModelT],
    ) -> ModelT:
        """Call a method and give its response as `response_model`."""
        return decode_response(method, await self._request_raw(method, params), response_model)

    async def _request_raw(
        self, method: str, params: BaseModel | Mapping[str, object] | None = None
    ) -> object:
        self.bind_loop()
        call = self._core.submit(method, params)
        with self._core.awaiting(call) as deadline:
            return value_of(await receive_async(call.reply, deadline))

    async def request_with_retry_on_overload(
        self,
        method: str,
        params: BaseModel | Mapping[str, object] | None,
        *,
        response_model: type[ModelT],
        max_attempts: int = 3,
        initial_delay_s: float = 0.25,
        max_delay_s: float = 2.0,
    ) -> ModelT:
        """`request`, repeated while the server is overloaded."""

        async def attempt() -> ModelT:
            return await self.request(method, params, response_model=response_model)

        return await retry_on_overload_async(
            attempt,
            max_attempts=max_attempts,
            initial_delay_s=initial_delay_s,
            max_delay_s=max_delay_s,
        )

    async def notify(self, method: str, params: Mapping[str, object] | None = None) -> None:
        """Send a notification."""
        self.bind_loop()
        self._core.live().notify(method, params)

    # -- threads --------------------------------------------------------------------------------

    async def thread_start(
        self, params: ThreadStartParams | JsonObject | None = None
    ) -> ThreadStartResponse:
        """`thread/start`: open a thread."""
        from .generated.core import ThreadStartResponse

        return await self.request(
            "thread/start", params_dict(params), response_model=ThreadStartResponse
        )

    async def thread_resume(
        self, thread_id: str, params: ThreadResumeParams | JsonObject | None = None
    ) -> ThreadResumeResponse:
        """`thread/resume`: load a thread of an earlier process."""
        from .generated.v2_all import ThreadResumeResponse

        body = {**params_dict(params), "threadId": thread_id}
        return await self.request("thread/resume", body, response_model=ThreadResumeResponse)

    async def thread_fork(
        self, thread_id: str, params: ThreadForkParams | JsonObject | None = None
    ) -> ThreadForkResponse:
        """`thread/fork`: a new thread with the history of another."""
        from .generated.v2_all import ThreadForkResponse

        body = {**params_dict(params), "threadId": thread_id}
        return await self.request("thread/fork", body, response_model=ThreadForkResponse)

    async def thread_list(
        self, params: ThreadListParams | JsonObject | None = None
    ) -> ThreadListResponse:
        """`thread/list`: one page of threads."""
        from .generated.v2_all import ThreadListResponse

        return await self.request(
            "thread/list", params_dict(params), response_model=ThreadListResponse
        )

    async def thread_read(self, thread_id: str, include_turns: bool = False) -> ThreadReadResponse:
        """`thread/read`: a thread, with its turns if asked."""
        from .generated.v2_all import ThreadReadResponse

        body: JsonObject = {"threadId": thread_id, "includeTurns": include_turns}
        return await self.request("thread/read", body, response_model=ThreadReadResponse)

    async def thread_archive(self, thread_id: str) -> ThreadArchiveResponse:
        """`thread/archive`: put a thread away."""
        from .generated.v2_all import ThreadArchiveResponse

        body: JsonObject = {"threadId": thread_id}
        return await self.request("thread/archive", body, response_model=ThreadArchiveResponse)

    async def thread_unarchive(self, thread_id: str) -> ThreadUnarchiveResponse:
        """`thread/unarchive`: bring a thread back."""
        from .generated.v2_all import ThreadUnarchiveResponse

        body: JsonObject = {"threadId": thread_id}
        return await self.request("thread/unarchive", body, response_model=ThreadUnarchiveResponse)

    async def thread_set_name(self, thread_id: str, name: str) -> ThreadSetNameResponse:
        """`thread/name/set`: name a thread."""
        from .generated.v2_all import ThreadSetNameResponse

        body: JsonObject = {"threadId": thread_id, "name": name}
        return await self.request("thread/name/set", body, response_model=ThreadSetNameResponse)

    async def thread_compact(self, thread_id: str) -> ThreadCompactStartResponse:
        """`thread/compact/start`: have the model shorten a thread's history."""
        from .generated.v2_all import ThreadCompactStartResponse

        body: JsonObject = {"threadId": thread_id}
        return await self.request(
            "thread/compact/start", body, response_model=ThreadCompactStartResponse
        )

    async def model_list(self, include_hidden: bool = False) -> ModelListResponse:
        """`model/list`: the models that can be chosen."""
        from .generated.v2_all import ModelListResponse

        body: JsonObject = {"includeHidden": include_hidden}
        return await self.request("model/list", body, response_model=ModelListResponse)

    # -- turns ----------------------------------------------------------------------------------

    async def turn_start(
        self,
        thread_id: str,
        input_items: WireInput,
        params: TurnStartParams | JsonObject | None = None,
    ) -> TurnStartResponse:
        """`turn/start`: begin a turn, or join the one that runs. Its events wait for a reader."""
        from .generated.core import TurnStartResponse

        body: dict[str, object] = {
            **params_dict(params),
            "threadId": thread_id,
            "input": wire_input(input_items),
        }
        return await self.request("turn/start", body, response_model=TurnStartResponse)

    async def turn_steer(
        self, thread_id: str, expected_turn_id: str, input_items: WireInput
    ) -> TurnSteerResponse:
        """`turn/steer`: add input to the turn that runs."""
        from .generated.v2_all import TurnSteerResponse

        body = {
            "threadId": thread_id,
            "expectedTurnId": expected_turn_id,
            "input": wire_input(input_items),
        }
        return await self.request("turn/steer", body, response_model=TurnSteerResponse)

    async def turn_interrupt(self, thread_id: str, turn_id: str) -> TurnInterruptResponse:
        """`turn/interrupt`: stop a turn; InvalidRequestError if it has ended already."""
        from .generated.v2_all import TurnInterruptResponse

        body: JsonObject = {"threadId": thread_id, "turnId": turn_id}
        return await self.request("turn/interrupt", body, response_model=TurnInterruptResponse)

    # -- notifications --------------------------------------------------------------------------

    async def next_notification(self) -> Notification:
        """The next notification that belongs to no turn; the oldest are dropped beyond a bound."""
        return await self._next(self._core.live().router.unrouted)

    def register_turn_notifications(self, turn_id: str) -> None:
        """Keep the notifications of a turn for `next_turn_notification`."""
        self._core.router.register(turn_id)

    def unregister_turn_notifications(self, turn_id: str) -> None:
        """Forget what `register_turn_notifications` keeps."""
        self._core.router.unregister(turn_id)

    async def next_turn_notification(self, turn_id: str) -> Notification:
        """The next notification of a turn."""
        return await self._next(self._core.follow(turn_id))

    async def wait_for_turn_completed(self, turn_id: str) -> TurnCompletedNotification:
        """The turn's last notification; those before it are dropped."""
        from .generated.core import TurnCompletedNotification
        from .models import UnknownNotification

        self.register_turn_notifications(turn_id)
        try:
            while True:
                notification = await self.next_turn_notification(turn_id)
                if notification.method == TURN_COMPLETED:
                    payload = notification.payload
                    if isinstance(payload, TurnCompletedNotification):
                        return payload
                    raw = payload.params if isinstance(payload, UnknownNotification) else None
                    return decode_response(TURN_COMPLETED, raw, TurnCompletedNotification)
        finally:
            self.unregister_turn_notifications(turn_id)

    async def stream_text(
        self,
        thread_id: str,
        text: str,
        params: TurnStartParams | JsonObject | None = None,
    ) -> AsyncIterator[AgentMessageDeltaNotification]:
        """Run a turn and give the pieces of its messages as they come."""
        from .generated.core import AgentMessageDeltaNotification

        turn_id = (await self.turn_start(thread_id, text, params=params)).turn.id
        self.register_turn_notifications(turn_id)
        try:
            while True:
                notification = await self.next_turn_notification(turn_id)
                if isinstance(notification.payload, AgentMessageDeltaNotification):
                    yield notification.payload
                if notification.method == TURN_COMPLETED:
                    return
        finally:
            self.unregister_turn_notifications(turn_id)

    async def _next(self, box: TurnBox, deadline: float | None = None) -> Notification:
        self.bind_loop()
        return decode_notification(*await receive_async(box, deadline))


async def in_thread(function: Callable[[], T]) -> T:
    """What `function` gives, called in a thread of its own; a cancelled wait does not stop it."""
    import asyncio

    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(value: T | None, error: BaseException | None) -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(value)  # type: ignore[arg-type]

    def run() -> None:
        try:
            value = function()
        except BaseException as error:
            call_in_loop(loop, settle, None, error)
        else:
            call_in_loop(loop, settle, value, None)

    threading.Thread(target=run, name="codex-app-server-call", daemon=True).start()
    return await done
