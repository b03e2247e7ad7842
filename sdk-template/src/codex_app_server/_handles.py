"""Handles of running turns: follow, steer, interrupt, or wait for the end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from ._mailbox import deadline_after, receive
from ._run import TurnRecord
from ._streams import AsyncOwner, AsyncTurnStream, TurnStream
from ._turns import TurnBox
from .errors import RequestTimeoutError, StreamConsumedError, TransportClosedError
from .generated.turn_methods import AsyncTurnMethods, TurnMethods

if TYPE_CHECKING:
    from .client import AppServerClient
    from .models import Notification
    from .types import Turn

StreamT = TypeVar("StreamT")

# How long an interrupted `run` waits for the server to confirm that it interrupted the turn.
_INTERRUPT_WAIT_S = 2.0
# There is no turn to interrupt any more, or the stream has interrupted it.
_OVER = (TransportClosedError, StreamConsumedError, RequestTimeoutError)


class _Once:
    """The notifications of a turn, which can be taken once."""

    id: str
    _box: TurnBox | None
    _streamed: bool

    def _take(self, stream_of: Callable[[TurnBox | None], StreamT]) -> StreamT:
        if self._streamed:
            raise StreamConsumedError(f"the notifications of turn `{self.id}` were taken already")
        stream = stream_of(self._box)
        self._streamed, self._box = True, None
        return stream


@dataclass
class TurnHandle(TurnMethods, _Once):
    """A turn that runs, or ran, on a thread."""

    _client: AppServerClient
    thread_id: str
    id: str
    _box: TurnBox | None = field(default=None, repr=False, compare=False)
    _streamed: bool = field(default=False, init=False, repr=False, compare=False)

    def stream(self) -> Iterator[Notification]:
        """The turn's notifications from its start to `turn/completed`, once.

        They wait for as long as the handle lives, so a late consumer misses none. Raises
        StreamConsumedError the second time.
        """
        return self._take(lambda box: TurnStream(self._client, self.thread_id, self.id, box))

    def run(self) -> Turn:
        """Wait for the end of the turn and give it as the server does, whatever its status.

        If the wait is interrupted (Ctrl-C), so is the turn.
        """
        return self._record().turn()

    def _record(self) -> TurnRecord:
        record = TurnRecord(self.id)
        try:
            for notification in self.stream():
                record.add(notification)
        except _OVER:
            raise
        except BaseException:
            self._interrupt_quietly()
            raise
        return record

    def _interrupt_quietly(self) -> None:
        core = self._client._core
        try:
            body = {"threadId": self.thread_id, "turnId": self.id}
            receive(core.submit("turn/interrupt", body).reply, deadline_after(_INTERRUPT_WAIT_S))
        except Exception:
            pass


@dataclass
class AsyncTurnHandle(AsyncTurnMethods, _Once):
    """A turn that runs, or ran, on a thread."""

    _codex: AsyncOwner
    thread_id: str
    id: str
    _box: TurnBox | None = field(default=None, repr=False, compare=False)
    _streamed: bool = field(default=False, init=False, repr=False, compare=False)

    def stream(self) -> AsyncIterator[Notification]:
        """The turn's notifications from its start to `turn/completed`, once.

        They wait for as long as the handle lives, so a late consumer misses none. Raises
        StreamConsumedError the second time.
        """
        return self._take(lambda box: AsyncTurnStream(self._codex, self.thread_id, self.id, box))

    async def run(self) -> Turn:
        """Wait for the end of the turn and give it as the server does, whatever its status.

        If the waiting task is cancelled, the turn is interrupted.
        """
        return (await self._record()).turn()

    async def _record(self) -> TurnRecord:
        record = TurnRecord(self.id)
        try:
            async for notification in self.stream():
                record.add(notification)
        except _OVER:
            raise
        except BaseException:
            self._codex._client._core.interrupt_unheard(self.thread_id, self.id)
            raise
        return record
