"""The handles of a sign-in that a person completes elsewhere: wait for its end, or give it up.

Only signing in loads this module; models are imported where they are used.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ._mailbox import DeadlinePassed, deadline_after, receive, receive_async
from ._streams import AsyncOwner
from ._wire import decode_response
from .errors import RequestTimeoutError

if TYPE_CHECKING:
    from ._turns import RawNotification
    from .client import AppServerClient
    from .generated.account import CancelLoginAccountResponse
    from .generated.notifications import AccountLoginCompletedNotification


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
