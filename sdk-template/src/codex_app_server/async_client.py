"""The asynchronous protocol client: the twin of `AppServerClient` for one event loop.

Both share the connection's core. Results reach the loop by `call_soon_threadsafe`; nothing waits
in an executor, and only starting and closing use a thread of their own.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from ._core import ClientBase, value_of
from ._json import JsonObject
from ._mailbox import call_in_loop, receive_async
from ._run import completion
from ._turns import LOGIN_COMPLETED, TURN_COMPLETED, TurnBox
from ._wire import decode_notification, decode_response
from .generated.client_methods import AsyncClientMethods
from .retry import retry_on_overload_async

if TYPE_CHECKING:
    import asyncio

    from pydantic import BaseModel

    from .generated.core import (
        AgentMessageDeltaNotification,
        TurnCompletedNotification,
        TurnStartParams,
    )
    from .generated.notifications import AccountLoginCompletedNotification
    from .models import InitializeResponse, Notification

ModelT = TypeVar("ModelT", bound="BaseModel")
T = TypeVar("T")


class AsyncAppServerClient(ClientBase, AsyncClientMethods):
    """Speaks the app-server protocol for the tasks of one event loop, the first that uses it."""

    _loop: asyncio.AbstractEventLoop | None = None

    async def __aenter__(self) -> AsyncAppServerClient:
        await self.start()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.close()

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
        return await in_thread(self._core.introduce)

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
        self,
        method: str,
        params: BaseModel | Mapping[str, object] | None = None,
        timeout: float | None = None,
    ) -> object:
        self.bind_loop()
        call = self._core.submit(method, params)
        with self._core.awaiting(call, timeout) as deadline:
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
        return await retry_on_overload_async(
            lambda: self.request(method, params, response_model=response_model),
            max_attempts=max_attempts,
            initial_delay_s=initial_delay_s,
            max_delay_s=max_delay_s,
        )

    # -- signing in ----------------------------------------------------------------------------

    async def wait_for_login_completed(self, login_id: str) -> AccountLoginCompletedNotification:
        """The end of a sign-in, which may have come already."""
        from .generated.notifications import AccountLoginCompletedNotification

        self.bind_loop()
        with self._core.login_box((LOGIN_COMPLETED, login_id)) as box:
            event = await receive_async(box)
        return decode_response(event.method, event.params, AccountLoginCompletedNotification)

    async def notify(self, method: str, params: Mapping[str, object] | None = None) -> None:
        """Send a notification."""
        self.bind_loop()
        self._core.live().notify(method, params)

    # -- notifications --------------------------------------------------------------------------

    async def next_notification(self) -> Notification:
        """The next notification that belongs to no turn; the oldest are dropped beyond a bound."""
        return await self._next(self._core.live().router.unrouted)

    async def next_turn_notification(self, turn_id: str) -> Notification:
        """The next notification of a turn."""
        return await self._next(self._core.follow(turn_id))

    async def wait_for_turn_completed(self, turn_id: str) -> TurnCompletedNotification:
        """The turn's last notification; those before it are dropped."""
        with self._registered(turn_id):
            while (last := completion(await self.next_turn_notification(turn_id))) is None:
                pass
        return last

    async def stream_text(
        self,
        thread_id: str,
        text: str,
        params: TurnStartParams | JsonObject | None = None,
    ) -> AsyncIterator[AgentMessageDeltaNotification]:
        """Run a turn and give the pieces of its messages as they come."""
        from .generated.core import AgentMessageDeltaNotification

        turn_id = (await self.turn_start(thread_id, text, params=params)).turn.id
        with self._registered(turn_id):
            method = None
            while method != TURN_COMPLETED:
                notification = await self.next_turn_notification(turn_id)
                method = notification.method
                if isinstance(notification.payload, AgentMessageDeltaNotification):
                    yield notification.payload

    async def _next(self, box: TurnBox) -> Notification:
        self.bind_loop()
        return decode_notification(*await receive_async(box))


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
