"""Handles of running turns: follow, steer, interrupt, or wait for the end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ._mailbox import deadline_after, receive
from ._run import TurnRecord
from ._streams import AsyncTurnStream, TurnStream
from ._turns import TurnBox
from .errors import RequestTimeoutError, StreamConsumedError, TransportClosedError
from .inputs import Input, to_wire_input

if TYPE_CHECKING:
    from .api import AsyncCodex
    from .client import AppServerClient
    from .models import Notification
    from .types import Turn, TurnInterruptResponse, TurnSteerResponse

# How long an interrupted `run` waits for the server to confirm that it interrupted the turn.
_INTERRUPT_WAIT_S = 2.0


def _consumed(turn_id: str) -> StreamConsumedError:
    return StreamConsumedError(f"the notifications of turn `{turn_id}` were taken already")


@dataclass
class TurnHandle:
    """A turn that runs, or ran, on a thread."""

    _client: AppServerClient
    thread_id: str
    id: str
    _box: TurnBox | None = field(default=None, repr=False, compare=False)
    _streamed: bool = field(default=False, init=False, repr=False, compare=False)

    def steer(self, input: Input | str) -> TurnSteerResponse:
        """Add input to the turn; InvalidRequestError if it has ended."""
        return self._client.turn_steer(self.thread_id, self.id, to_wire_input(input))

    def interrupt(self) -> TurnInterruptResponse:
        """Stop the turn; InvalidRequestError if it has ended or was stopped already."""
        return self._client.turn_interrupt(self.thread_id, self.id)

    def stream(self) -> Iterator[Notification]:
        """The turn's notifications from its start to `turn/completed`, once.

        They wait for as long as the handle lives, so a late consumer misses none. Raises
        StreamConsumedError the second time.
        """
        if self._streamed:
            raise _consumed(self.id)
        stream = TurnStream(self._client, self.thread_id, self.id, self._box)
        self._streamed, self._box = True, None
        return stream

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
        except (TransportClosedError, StreamConsumedError, RequestTimeoutError):
            raise  # there is no turn to interrupt, or the stream has interrupted it
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
class AsyncTurnHandle:
    """A turn that runs, or ran, on a thread."""

    _codex: AsyncCodex
    thread_id: str
    id: str
    _box: TurnBox | None = field(default=None, repr=False, compare=False)
    _streamed: bool = field(default=False, init=False, repr=False, compare=False)

    async def steer(self, input: Input | str) -> TurnSteerResponse:
        """Add input to the turn; InvalidRequestError if it has ended."""
        items = to_wire_input(input)
        await self._codex._ensure_initialized()
        return await self._codex._client.turn_steer(self.thread_id, self.id, items)

    async def interrupt(self) -> TurnInterruptResponse:
        """Stop the turn; InvalidRequestError if it has ended or was stopped already."""
        await self._codex._ensure_initialized()
        return await self._codex._client.turn_interrupt(self.thread_id, self.id)

    def stream(self) -> AsyncIterator[Notification]:
        """The turn's notifications from its start to `turn/completed`, once.

        They wait for as long as the handle lives, so a late consumer misses none. Raises
        StreamConsumedError the second time.
        """
        if self._streamed:
            raise _consumed(self.id)
        stream = AsyncTurnStream(self._codex, self.thread_id, self.id, self._box)
        self._streamed, self._box = True, None
        return stream

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
        except (TransportClosedError, StreamConsumedError, RequestTimeoutError):
            raise  # there is no turn to interrupt, or the stream has interrupted it
        except BaseException:
            self._codex._client._core.interrupt_unheard(self.thread_id, self.id)
            raise
        return record
