"""The notifications of one turn as an iterator, for threads and for event loops."""

from __future__ import annotations

import contextlib
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

from ._core import ClientCore
from ._mailbox import DeadlinePassed, deadline_after, receive, receive_async
from ._reach import ERROR, is_endless, retry_in, warn
from ._turns import TURN_COMPLETED, RawNotification, TurnBox, not_kept
from ._wire import decode_notification
from .errors import ModelUnreachableError, TurnTimeoutError

if TYPE_CHECKING:
    from typing import Protocol

    from .async_client import AsyncAppServerClient
    from .client import AppServerClient
    from .models import Notification

    class Owner(Protocol):
        """What threads and turns know of `Codex`: a client that has started."""

        _client: AppServerClient


# An async consumer that never has to wait lets other tasks run after this many notifications.
_BURST = 32
# How long a first turn may be without any word of the model before a warning says so.
_QUIET_S = 8.0


class AsyncOwner(ABC):
    """What async threads, turns and streams know of `AsyncCodex`: a client, and how it starts."""

    _client: AsyncAppServerClient

    @abstractmethod
    async def _ensure_initialized(self) -> None:
        """Start the client unless it runs; whatever uses it awaits this first."""


class _Follower:
    """What both streams know: whose turn it is, where its events wait, and until when."""

    def __init__(self, core: ClientCore, thread_id: str, turn_id: str, box: TurnBox | None) -> None:
        self._core = core
        self._thread_id = thread_id
        self._turn_id = turn_id
        self._box = box
        self._timeout = core.config.turn_timeout_s
        self._deadline = deadline_after(self._timeout)
        self.rest: TurnBox | None = None
        self._done = False
        # Of a turn that must reach a model that nobody has reached yet.
        self._hoping = False
        self._quiet_until: float | None = None
        self._give_up_at: float | None = None
        self._retry = ""
        if box is None and core.router.is_over(turn_id):
            raise not_kept(turn_id)

    def _see(self, notification: Notification) -> Notification:
        if notification.method == TURN_COMPLETED:
            self._finish()
        return notification

    def _decode(self, event: RawNotification) -> Notification:
        if event.method == ERROR and self._hoping:
            words = retry_in(event.params)
            if words is not None:
                self._quiet_until = None
                self._retry = words
                if self._give_up_at is None:
                    self._give_up_at = deadline_after(self._core.config.connect_timeout_s)
        return self._see(decode_notification(*event))

    def _finish(self) -> None:
        if self._box is None and not self._done:
            self._core.router.unregister(self._turn_id)
        self._done = True
        self._box = None

    def limit(self, timeout: float | None) -> None:
        """Let the turn take `timeout` seconds from now instead of what the configuration says.

        Whoever waits for a whole turn also learns, in time, that the model is out of reach.
        """
        if timeout is not None:
            self._timeout = timeout
            self._deadline = deadline_after(timeout)
        if not self._core.reach.reached:
            self._hoping = True
            self._quiet_until = deadline_after(_QUIET_S)

    def _hopes(self) -> bool:
        return self._hoping and not self._core.reach.reached

    def _until(self) -> float | None:
        """Until when to wait for the next notification, at the first."""
        moments = [self._deadline]
        if self._hopes():
            moments.append(self._quiet_until)
            if is_endless(self._retry):
                moments.append(self._give_up_at)
        return min((moment for moment in moments if moment is not None), default=None)

    def _wait_on(self) -> None:
        """It is that moment: raises what that means, or says something and lets the wait go on."""
        now = time.monotonic()
        if self._deadline is not None and now >= self._deadline:
            raise self._interrupted(
                TurnTimeoutError(
                    f"turn `{self._turn_id}` did not end within {self._timeout or 0:g} s "
                    "and was interrupted",
                    thread_id=self._thread_id,
                    turn_id=self._turn_id,
                )
            )
        if not self._hopes():
            return
        if self._give_up_at is not None and now >= self._give_up_at and is_endless(self._retry):
            raise self._interrupted(
                ModelUnreachableError(
                    f"the model could not be reached and the turn was interrupted: {self._retry}. "
                    "Is there a network, and does the provider have the right address? With "
                    "AppServerConfig(connect_timeout_s=None) the turn waits as long as the runtime",
                    thread_id=self._thread_id,
                    turn_id=self._turn_id,
                )
            )
        if self._quiet_until is not None and now >= self._quiet_until:
            self._quiet_until = None
            warn(
                "the model has not answered within %g s and the runtime says nothing about it; "
                "`run(timeout=...)` limits the wait",
                _QUIET_S,
            )

    def _interrupted(self, error: TurnTimeoutError) -> TurnTimeoutError:
        self.rest = self._box
        self._finish()
        self._core.interrupt_unheard(self._thread_id, self._turn_id)
        return error


class TurnStream(_Follower, Iterator["Notification"]):
    """The notifications of a turn, in order; the last is `turn/completed`.

    Raises TransportClosedError if the connection ends first, and TurnTimeoutError after
    `turn_timeout_s`. Leaving the loop early drops the rest and leaves the turn running.
    """

    def __init__(
        self, client: AppServerClient, thread_id: str, turn_id: str, box: TurnBox | None
    ) -> None:
        super().__init__(client._core, thread_id, turn_id, box)
        self._client = client

    def __next__(self) -> Notification:
        if self._done:
            raise StopIteration
        try:
            if self._box is None and self._deadline is None:
                return self._see(self._client.next_turn_notification(self._turn_id))
            box = self._box or self._core.follow(self._turn_id)
            while True:
                with contextlib.suppress(DeadlinePassed):
                    return self._decode(receive(box, self._until()))
                self._wait_on()
        except Exception:
            self._finish()
            raise

    def close(self) -> None:
        """Drop the notifications that are left."""
        self._finish()


class AsyncTurnStream(_Follower, AsyncIterator["Notification"]):
    """The notifications of a turn, in order; the last is `turn/completed`.

    Raises TransportClosedError if the connection ends first, and TurnTimeoutError after
    `turn_timeout_s`. Leaving the loop early drops the rest and leaves the turn running; so does
    cancelling the task that waits, and iterating may then go on.
    """

    def __init__(
        self, owner: AsyncOwner, thread_id: str, turn_id: str, box: TurnBox | None
    ) -> None:
        super().__init__(owner._client._core, thread_id, turn_id, box)
        self._owner = owner
        self._burst = 0

    async def __anext__(self) -> Notification:
        if self._done:
            raise StopAsyncIteration
        self._burst += 1
        if self._burst >= _BURST:
            await self._pause()
        try:
            box = self._box
            event = None if box is None else box.take()
            if event is not None:
                return self._decode(event)
            await self._owner._ensure_initialized()
            if box is None and self._deadline is None:
                client = self._owner._client
                return self._see(await client.next_turn_notification(self._turn_id))
            box = box or self._core.follow(self._turn_id)
            while True:
                with contextlib.suppress(DeadlinePassed):
                    return self._decode(await receive_async(box, self._until()))
                self._wait_on()
        except Exception:
            self._finish()
            raise

    async def _pause(self) -> None:
        import asyncio

        self._burst = 0
        await asyncio.sleep(0)

    async def aclose(self) -> None:
        """Drop the notifications that are left."""
        self._finish()
