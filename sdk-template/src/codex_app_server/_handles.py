"""Handles of running turns: follow, steer, interrupt, or wait for the end."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from ._mailbox import DeadlinePassed, deadline_after, receive, receive_async
from ._on_request import says_its_name
from ._run import ParsedT, RunResult, TurnRecord
from ._streams import AsyncOwner, AsyncTurnStream, TurnStream
from ._turns import TURN_COMPLETED, TurnBox
from .errors import (
    RequestTimeoutError,
    StreamConsumedError,
    TransportClosedError,
    TurnTimeoutError,
)
from .generated.turn_methods import AsyncTurnMethods, TurnMethods

if TYPE_CHECKING:
    from pydantic import BaseModel

    from ._streams import Owner
    from .client import AppServerClient
    from .models import Notification

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


@says_its_name
@dataclass(slots=True)
class TurnHandle(TurnMethods, _Once, Generic[ParsedT]):
    """A turn that runs, or ran, on a thread. It knows the model that its answer shall fit."""

    _client: AppServerClient
    thread_id: str
    id: str
    _box: TurnBox | None = field(default=None, repr=False, compare=False)
    _model: type[BaseModel] | None = field(default=None, repr=False, compare=False)
    _streamed: bool = field(default=False, init=False, repr=False, compare=False)

    if TYPE_CHECKING:

        def __init__(
            self,
            _client: AppServerClient | Owner,
            thread_id: str,
            id: str,
            _box: TurnBox | None = None,
            _model: type[BaseModel] | None = None,
        ) -> None: ...

    def __post_init__(self) -> None:
        # As for a thread: `Codex` is what programs have.
        self._client = getattr(self._client, "_client", self._client)

    def stream(self) -> Iterator[Notification]:
        """The turn's notifications from its start to `turn/completed`, once.

        They wait for as long as the handle lives, so a late consumer misses none. Raises
        StreamConsumedError the second time.
        """
        return self._take(lambda box: TurnStream(self._client, self.thread_id, self.id, box))

    def run(self, *, timeout: float | None = None) -> RunResult[ParsedT]:
        """Wait for the end of the turn and give what it produced; TurnFailedError if it failed.

        After `timeout` seconds the turn is interrupted and TurnTimeoutError raised. If the wait is
        interrupted (Ctrl-C), so is the turn.
        """
        record = TurnRecord(self.id)
        stream = self._take(lambda box: TurnStream(self._client, self.thread_id, self.id, box))
        try:
            stream.limit(timeout)
            for notification in stream:
                record.add(notification)
        except TurnTimeoutError:
            # Until it has ended, the thread's next turn would join this one.
            with contextlib.suppress(TransportClosedError, DeadlinePassed):
                deadline = deadline_after(_INTERRUPT_WAIT_S)
                while stream.rest and receive(stream.rest, deadline).method != TURN_COMPLETED:
                    pass
            raise
        except _OVER:
            raise
        except BaseException:
            self._interrupt_quietly()
            raise
        return cast("RunResult[ParsedT]", record.result(self._model))

    def _interrupt_quietly(self) -> None:
        core = self._client._core
        try:
            body = {"threadId": self.thread_id, "turnId": self.id}
            receive(core.submit("turn/interrupt", body).reply, deadline_after(_INTERRUPT_WAIT_S))
        except Exception:
            pass


@says_its_name
@dataclass(slots=True)
class AsyncTurnHandle(AsyncTurnMethods, _Once, Generic[ParsedT]):
    """A turn that runs, or ran, on a thread. It knows the model that its answer shall fit."""

    _codex: AsyncOwner
    thread_id: str
    id: str
    _box: TurnBox | None = field(default=None, repr=False, compare=False)
    _model: type[BaseModel] | None = field(default=None, repr=False, compare=False)
    _streamed: bool = field(default=False, init=False, repr=False, compare=False)

    def stream(self) -> AsyncIterator[Notification]:
        """The turn's notifications from its start to `turn/completed`, once.

        They wait for as long as the handle lives, so a late consumer misses none. Raises
        StreamConsumedError the second time.
        """
        return self._take(lambda box: AsyncTurnStream(self._codex, self.thread_id, self.id, box))

    async def run(self, *, timeout: float | None = None) -> RunResult[ParsedT]:
        """Wait for the end of the turn and give what it produced; TurnFailedError if it failed.

        After `timeout` seconds the turn is interrupted and TurnTimeoutError raised. If the waiting
        task is cancelled, the turn is interrupted.
        """
        record = TurnRecord(self.id)
        stream = self._take(lambda box: AsyncTurnStream(self._codex, self.thread_id, self.id, box))
        try:
            stream.limit(timeout)
            async for notification in stream:
                record.add(notification)
        except TurnTimeoutError:
            # Until it has ended, the thread's next turn would join this one.
            with contextlib.suppress(TransportClosedError, DeadlinePassed):
                deadline = deadline_after(_INTERRUPT_WAIT_S)
                while stream.rest:
                    if (await receive_async(stream.rest, deadline)).method == TURN_COMPLETED:
                        break
            raise
        except _OVER:
            raise
        except BaseException:
            self._codex._client._core.interrupt_unheard(self.thread_id, self.id)
            raise
        return cast("RunResult[ParsedT]", record.result(self._model))
