"""The asynchronous protocol client, the twin of `AppServerClient` for one event loop: how it starts
and ends; what it does between is generated.

Both share the connection's core. Results reach the loop by `call_soon_threadsafe`; nothing waits
in an executor, and only starting and closing use a thread of their own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from ._mailbox import call_in_loop
from ._on_request import says_its_name
from .generated.client_methods import AsyncClientMethods

if TYPE_CHECKING:
    import asyncio

    from .models import InitializeResponse

T = TypeVar("T")


@says_its_name
class AsyncAppServerClient(AsyncClientMethods):
    """Speaks the app-server protocol for the tasks of one event loop, the first that uses it."""

    async def __aenter__(self) -> AsyncAppServerClient:
        await self.start()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.close()

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


# Other SDKs of the protocol have this name for the same thing.
AsyncCodexClient = AsyncAppServerClient


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
