"""What the clients offer beyond single requests: any request, all notifications."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import TYPE_CHECKING, TypeVar, overload

from ._core import ClientBase
from ._mailbox import receive, receive_async
from ._on_request import RequestHandling
from ._turns import TurnBox
from ._wire import decode_notification, decode_response
from .errors import TransportClosedError
from .generated.codex_methods import AsyncCodexMethods, CodexMethods

if TYPE_CHECKING:
    from pydantic import BaseModel

    from ._json import JsonValue
    from ._on_request import Handlers
    from .models import Notification

ModelT = TypeVar("ModelT", bound="BaseModel")

_CAPACITY = 8192


class _Subscription:
    """A box of its own at the connection, with a bound."""

    def __init__(self, client: ClientBase) -> None:
        client._core.live()
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
    """The notifications of a connection, for event loops."""

    async def __anext__(self) -> Notification:
        try:
            event = await receive_async(self._box)
        except TransportClosedError as error:
            if error.exit_code is None and not error.stderr_tail:
                raise StopAsyncIteration from None
            raise
        self._tell_drops()
        return decode_notification(*event)


class ConnectionMethods(CodexMethods, RequestHandling):
    """What `Codex` offers beyond single requests."""

    def _handlers(self) -> tuple[Handlers, str | None]:
        return self._client._core.handlers, None

    @overload
    def request(
        self,
        method: str,
        params: Mapping[str, object] | BaseModel | None = None,
        *,
        model: None = None,
        timeout: float | None = None,
    ) -> JsonValue: ...

    @overload
    def request(
        self,
        method: str,
        params: Mapping[str, object] | BaseModel | None = None,
        *,
        model: type[ModelT],
        timeout: float | None = None,
    ) -> ModelT: ...

    def request(
        self,
        method: str,
        params: Mapping[str, object] | BaseModel | None = None,
        *,
        model: type[BaseModel] | None = None,
        timeout: float | None = None,
    ) -> object:
        """Send any request of the protocol, and give its result as JSON or as a `model`.

        `timeout` replaces the configuration's `request_timeout_s`.
        """
        result = self._client._request_raw(method, params, timeout)
        if model is None:
            return result
        return decode_response(method, result, model)

    def notifications(self) -> Iterator[Notification]:
        """Every notification of the connection from this call on, beside the streams of turns.

        It ends when the client is closed. A consumer that is too slow loses the oldest;
        the logger `codex_app_server` warns of it.
        """
        return Notifications(self._client)


class AsyncConnectionMethods(AsyncCodexMethods, RequestHandling):
    """What `AsyncCodex` offers beyond single requests."""

    def _handlers(self) -> tuple[Handlers, str | None]:
        return self._client._core.handlers, None

    @overload
    async def request(
        self,
        method: str,
        params: Mapping[str, object] | BaseModel | None = None,
        *,
        model: None = None,
        timeout: float | None = None,
    ) -> JsonValue: ...

    @overload
    async def request(
        self,
        method: str,
        params: Mapping[str, object] | BaseModel | None = None,
        *,
        model: type[ModelT],
        timeout: float | None = None,
    ) -> ModelT: ...

    async def request(
        self,
        method: str,
        params: Mapping[str, object] | BaseModel | None = None,
        *,
        model: type[BaseModel] | None = None,
        timeout: float | None = None,
    ) -> object:
        """Send any request of the protocol, and give its result as JSON or as a `model`.

        `timeout` replaces the configuration's `request_timeout_s`.
        """
        await self._ensure_initialized()
        result = await self._client._request_raw(method, params, timeout)
        if model is None:
            return result
        return decode_response(method, result, model)

    def notifications(self) -> AsyncIterator[Notification]:
        """Every notification of the connection from this call on, beside the streams of turns.

        It ends when the client is closed. A task that is too slow loses the oldest;
        the logger `codex_app_server` warns of it.
        """
        return AsyncNotifications(self._client)
