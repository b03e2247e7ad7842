"""Signing in: by API key, or by a browser, whose end a handle waits for.

Models are imported where they are used; importing this module loads none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ._mailbox import DeadlinePassed, deadline_after, receive, receive_async
from ._streams import AsyncOwner
from ._wire import decode_response
from .errors import InvalidResponseError, RequestTimeoutError

if TYPE_CHECKING:
    from ._json import JsonObject
    from ._turns import RawNotification
    from .client import AppServerClient
    from .generated.account import CancelLoginAccountResponse
    from .generated.notifications import AccountLoginCompletedNotification

LOGIN_START = "account/login/start"


class _Ending:
    """How a sign-in ended, once that is known."""

    login_id: str
    _ended: AccountLoginCompletedNotification | None

    def _note(self, event: RawNotification) -> AccountLoginCompletedNotification:
        from .generated.notifications import AccountLoginCompletedNotification

        ended = decode_response(event.method, event.params, AccountLoginCompletedNotification)
        self._ended = ended
        return ended

    def _too_late(self, timeout: float | None) -> RequestTimeoutError:
        return RequestTimeoutError(
            f"the sign-in `{self.login_id}` did not end within {timeout or 0:g} s"
        )


@dataclass
class _LoginHandle(_Ending):
    _client: AppServerClient
    login_id: str
    _ended: AccountLoginCompletedNotification | None = field(
        default=None, init=False, repr=False, compare=False
    )

    def wait(self, timeout: float | None = None) -> AccountLoginCompletedNotification:
        """Wait for the end of the sign-in, however it ends; a failed one has `success=False`.

        Raises RequestTimeoutError (a TimeoutError) after `timeout` seconds; the sign-in goes on.
        """
        if self._ended is not None:
            return self._ended
        with self._client._core.login_box(self.login_id) as box:
            try:
                return self._note(receive(box, deadline_after(timeout)))
            except DeadlinePassed:
                raise self._too_late(timeout) from None

    def cancel(self) -> CancelLoginAccountResponse:
        """Give the sign-in up; whoever waits for it learns that it failed."""
        return self._client.account_login_cancel(self.login_id)


@dataclass
class ChatgptLoginHandle(_LoginHandle):
    """A sign-in that the user completes in a browser, at `auth_url`."""

    auth_url: str


@dataclass
class DeviceCodeLoginHandle(_LoginHandle):
    """A sign-in that the user completes anywhere: `user_code` is typed at `verification_url`."""

    verification_url: str
    user_code: str


@dataclass
class _AsyncLoginHandle(_Ending):
    _codex: AsyncOwner
    login_id: str
    _ended: AccountLoginCompletedNotification | None = field(
        default=None, init=False, repr=False, compare=False
    )

    async def wait(self, timeout: float | None = None) -> AccountLoginCompletedNotification:
        """Wait for the end of the sign-in, however it ends; a failed one has `success=False`.

        Raises RequestTimeoutError (a TimeoutError) after `timeout` seconds; the sign-in goes on.
        """
        if self._ended is not None:
            return self._ended
        self._codex._client.bind_loop()
        with self._codex._client._core.login_box(self.login_id) as box:
            try:
                return self._note(await receive_async(box, deadline_after(timeout)))
            except DeadlinePassed:
                raise self._too_late(timeout) from None

    async def cancel(self) -> CancelLoginAccountResponse:
        """Give the sign-in up; whoever waits for it learns that it failed."""
        await self._codex._ensure_initialized()
        return await self._codex._client.account_login_cancel(self.login_id)


@dataclass
class AsyncChatgptLoginHandle(_AsyncLoginHandle):
    """A sign-in that the user completes in a browser, at `auth_url`."""

    auth_url: str


@dataclass
class AsyncDeviceCodeLoginHandle(_AsyncLoginHandle):
    """A sign-in that the user completes anywhere: `user_code` is typed at `verification_url`."""

    verification_url: str
    user_code: str


class LoginMethods:
    """Signing in and out, for threads."""

    _client: AppServerClient

    def login_api_key(self, api_key: str) -> None:
        """Sign in with an API key; returns when the runtime has stored it."""
        self._client.account_login_start({"type": "apiKey", "apiKey": api_key})

    def login_chatgpt(self) -> ChatgptLoginHandle:
        """Begin to sign in by browser: open `auth_url` of the handle, then `wait`."""
        answer = self._client.account_login_start({"type": "chatgpt"}).root
        return ChatgptLoginHandle(self._client, *_told(answer, "login_id", "auth_url"))

    def login_chatgpt_device_code(self) -> DeviceCodeLoginHandle:
        """Begin to sign in by a code that the user types on any device, then `wait`."""
        answer = self._client.account_login_start({"type": "chatgptDeviceCode"}).root
        told = _told(answer, "login_id", "verification_url", "user_code")
        return DeviceCodeLoginHandle(self._client, *told)

    def logout(self) -> None:
        """Sign out; the runtime forgets what it had stored."""
        self._client.account_logout()


class AsyncLoginMethods(AsyncOwner):
    """Signing in and out, for event loops."""

    async def login_api_key(self, api_key: str) -> None:
        """Sign in with an API key; returns when the runtime has stored it."""
        await self._login({"type": "apiKey", "apiKey": api_key})

    async def login_chatgpt(self) -> AsyncChatgptLoginHandle:
        """Begin to sign in by browser: open `auth_url` of the handle, then `wait`."""
        answer = await self._login({"type": "chatgpt"})
        return AsyncChatgptLoginHandle(self, *_told(answer, "login_id", "auth_url"))

    async def login_chatgpt_device_code(self) -> AsyncDeviceCodeLoginHandle:
        """Begin to sign in by a code that the user types on any device, then `wait`."""
        answer = await self._login({"type": "chatgptDeviceCode"})
        told = _told(answer, "login_id", "verification_url", "user_code")
        return AsyncDeviceCodeLoginHandle(self, *told)

    async def logout(self) -> None:
        """Sign out; the runtime forgets what it had stored."""
        await self._ensure_initialized()
        await self._client.account_logout()

    async def _login(self, params: JsonObject) -> object:
        await self._ensure_initialized()
        return (await self._client.account_login_start(params)).root


def _told(answer: object, *names: str) -> list[str]:
    values = [getattr(answer, name, None) for name in names]
    told = [value for value in values if isinstance(value, str)]
    if len(told) < len(names):
        raise InvalidResponseError(
            f"the server answered `{LOGIN_START}` without {' and '.join(names)}: {answer!r:.300}"
        )
    return told
