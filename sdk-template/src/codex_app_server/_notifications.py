"""All notifications of a connection as an iterator, for threads and for event loops."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

from ._core import ClientBase
from ._mailbox import receive, receive_async
from ._streams import AsyncOwner
from ._turns import TurnBox
from ._wire import decode_notification
from .errors import TransportClosedError

if TYPE_CHECKING:
    from .models import Notification

_CAPACITY = 8192


class _Subscription:
    """A box of its own at the connection, with a bound."""

    def __init__(self, client: ClientBase) -> None:
        self._box: TurnBox = client._core.router.subscribe(_CAPACITY)
        self._told = 0

    @property
    def dropped(self) -> int:
        """How many notifications were lost, because they were not taken in time."""
        return self._box.dropped

    def _tell_drops(self) -> None:
        if self.dropped == self._told:
            return
        import logging

        count, self._told = self.dropped - self._told, self.dropped
        logging.getLogger("codex_app_server").warning(
            "%d notifications were dropped: they were not taken in time", count
        )


class Notifications(_Subscription, Iterator["Notification"]):
    """The notifications of a connection, for threads."""

    def __init__(self, client: ClientBase) -> None:
        client._core.live()
        super().__init__(client)

    def __next__(self) -> Notification:
        try:
            event = receive(self._box)
        except TransportClosedError as error:
            if error.exit_code is None and not error.stderr_tail:
                raise StopIteration from None
            raise
        self._tell_drops()
        return decode_notification(*event)


class AsyncNotifications(_Subscription, AsyncIterator["Notification"]):
    """The notifications of a connection, for event loops; waiting for one starts the client."""

    def __init__(self, owner: AsyncOwner) -> None:
        super().__init__(owner._client)
        self._owner: AsyncOwner | None = owner

    async def __anext__(self) -> Notification:
        if self._owner is not None:
            owner, self._owner = self._owner, None
            if not owner._client._core.started:
                await owner._ensure_initialized()
        try:
            event = await receive_async(self._box)
        except TransportClosedError as error:
            if error.exit_code is None and not error.stderr_tail:
                raise StopAsyncIteration from None
            raise
        self._tell_drops()
        return decode_notification(*event)
