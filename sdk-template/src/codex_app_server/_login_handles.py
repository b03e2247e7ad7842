"""The handles of a sign-in that a person completes elsewhere: wait for its end, or give it up.

Only signing in loads this module; models are imported where they are used.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from ._mailbox import DeadlinePassed, deadline_after, receive, receive_async
from ._streams import AsyncOwner
from ._turns import LOGIN_COMPLETED, MCP_LOGIN_COMPLETED, LoginKey, RawNotification
from ._wire import decode_response
from .errors import InvalidResponseError, RequestTimeoutError

if TYPE_CHECKING:
    from ._core import ClientCore
    from .client import AppServerClient
    from .generated.account import CancelLoginAccountResponse, LoginAccountResponse
    from .generated.notifications import (
        AccountLoginCompletedNotification,
        McpServerOauthLoginCompletedNotification,
    )

EndT = TypeVar("EndT")


def told(answer: LoginAccountResponse, *names: str) -> list[str]:
    """What the answer tells the person who signs in; InvalidResponseError if it does not."""
    found = [getattr(answer.root, name, None) for name in names]
    words = [word for word in found if isinstance(word, str)]
    if len(words) < len(names):
        raise InvalidResponseError(
            f"the sign-in began without {' and '.join(names)}: {answer.root!r:.300}"
        )
    return words


@dataclass
class _Ending(ABC, Generic[EndT]):
    """How a sign-in ended, once that is known; until then, where to wait for it."""

    _ended: EndT | None = field(default=None, init=False, repr=False, compare=False)

    @abstractmethod
    def _key(self) -> LoginKey:
        """What the end of this sign-in is known by."""

    @abstractmethod
    def _end(self, event: RawNotification) -> EndT:
        """The end as its model."""

    def _receive(self, core: ClientCore, timeout: float | None) -> EndT:
        if self._ended is None:
            with core.login_box(self._key()) as box:
                try:
                    event = receive(box, deadline_after(timeout))
                except DeadlinePassed:
                    raise self._too_late(timeout) from None
            self._ended = self._end(event)
        return self._ended

    async def _receive_async(self, owner: AsyncOwner, timeout: float | None) -> EndT:
        if self._ended is None:
            owner._client.bind_loop()
            with owner._client._core.login_box(self._key()) as box:
                try:
                    event = await receive_async(box, deadline_after(timeout))
                except DeadlinePassed:
                    raise self._too_late(timeout) from None
            self._ended = self._end(event)
        return self._ended

    def _too_late(self, timeout: float | None) -> RequestTimeoutError:
        return RequestTimeoutError(
            f"the sign-in `{self._key()[1]}` did not end within {timeout or 0:g} s"
        )


class _AccountEnding(_Ending["AccountLoginCompletedNotification"]):
    login_id: str

    def _key(self) -> LoginKey:
        return LOGIN_COMPLETED, self.login_id

    def _end(self, event: RawNotification) -> AccountLoginCompletedNotification:
        from .generated.notifications import AccountLoginCompletedNotification

        return decode_response(event.method, event.params, AccountLoginCompletedNotification)


class _McpServerEnding(_Ending["McpServerOauthLoginCompletedNotification"]):
    name: str
    login_id: str | None

    def _key(self) -> LoginKey:
        return MCP_LOGIN_COMPLETED, self.login_id or self.name

    def _end(self, event: RawNotification) -> McpServerOauthLoginCompletedNotification:
        from .generated.notifications import McpServerOauthLoginCompletedNotification

        return decode_response(event.method, event.params, McpServerOauthLoginCompletedNotification)


@dataclass
class _LoginHandle(_AccountEnding):
    _client: AppServerClient
    login_id: str

    def wait(self, timeout: float | None = None) -> AccountLoginCompletedNotification:
        """Wait for the end of the sign-in, however it ends; a failed one has `success=False`.

        Raises RequestTimeoutError (a TimeoutError) after `timeout` seconds; the sign-in goes on.
        """
        return self._receive(self._client._core, timeout)

    def cancel(self) -> CancelLoginAccountResponse:
        """Give the sign-in up; whoever waits for it learns that it failed."""
        return self._client.account_login_cancel(self.login_id)


@dataclass(slots=True)
class ChatgptLoginHandle(_LoginHandle):
    """A sign-in that the user completes in a browser, at `auth_url`."""

    auth_url: str


@dataclass(slots=True)
class DeviceCodeLoginHandle(_LoginHandle):
    """A sign-in that the user completes anywhere: `user_code` is typed at `verification_url`."""

    verification_url: str
    user_code: str


@dataclass(slots=True)
class McpServerLoginHandle(_McpServerEnding):
    """A sign-in to an MCP server that the user completes in a browser, at `authorization_url`.

    It cannot be given up; `timeout_secs` of `login_mcp_server` says when the runtime does.
    """

    _client: AppServerClient
    name: str
    authorization_url: str
    login_id: str | None = None
    """None from a runtime before 0.163.0."""

    def wait(self, timeout: float | None = None) -> McpServerOauthLoginCompletedNotification:
        """Wait for the end of the sign-in, however it ends; a failed one has `success=False`.

        Raises RequestTimeoutError (a TimeoutError) after `timeout` seconds; the sign-in goes on.
        """
        return self._receive(self._client._core, timeout)


@dataclass
class _AsyncLoginHandle(_AccountEnding):
    _codex: AsyncOwner
    login_id: str

    async def wait(self, timeout: float | None = None) -> AccountLoginCompletedNotification:
        """Wait for the end of the sign-in, however it ends; a failed one has `success=False`.

        Raises RequestTimeoutError (a TimeoutError) after `timeout` seconds; the sign-in goes on.
        """
        return await self._receive_async(self._codex, timeout)

    async def cancel(self) -> CancelLoginAccountResponse:
        """Give the sign-in up; whoever waits for it learns that it failed."""
        await self._codex._ensure_initialized()
        return await self._codex._client.account_login_cancel(self.login_id)


@dataclass(slots=True)
class AsyncChatgptLoginHandle(_AsyncLoginHandle):
    """A sign-in that the user completes in a browser, at `auth_url`."""

    auth_url: str


@dataclass(slots=True)
class AsyncDeviceCodeLoginHandle(_AsyncLoginHandle):
    """A sign-in that the user completes anywhere: `user_code` is typed at `verification_url`."""

    verification_url: str
    user_code: str


@dataclass(slots=True)
class AsyncMcpServerLoginHandle(_McpServerEnding):
    """A sign-in to an MCP server that the user completes in a browser, at `authorization_url`.

    It cannot be given up; `timeout_secs` of `login_mcp_server` says when the runtime does.
    """

    _codex: AsyncOwner
    name: str
    authorization_url: str
    login_id: str | None = None
    """None from a runtime before 0.163.0."""

    async def wait(self, timeout: float | None = None) -> McpServerOauthLoginCompletedNotification:
        """Wait for the end of the sign-in, however it ends; a failed one has `success=False`.

        Raises RequestTimeoutError (a TimeoutError) after `timeout` seconds; the sign-in goes on.
        """
        return await self._receive_async(self._codex, timeout)
