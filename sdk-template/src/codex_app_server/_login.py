"""Signing in: by API key, or by a browser, whose end a handle waits for.

Handles and models are imported where they are used; importing this module loads none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._core import checked_key
from ._streams import AsyncOwner
from .errors import InvalidResponseError

if TYPE_CHECKING:
    from ._json import JsonObject
    from ._login_handles import (
        AsyncChatgptLoginHandle,
        AsyncDeviceCodeLoginHandle,
        ChatgptLoginHandle,
        DeviceCodeLoginHandle,
    )
    from .client import AppServerClient

LOGIN_START = "account/login/start"


class LoginMethods:
    """Signing in and out, for threads."""

    _client: AppServerClient

    def login_api_key(self, api_key: str) -> None:
        """Sign in with an API key; returns when the runtime has stored it."""
        self._client.account_login_start({"type": "apiKey", "apiKey": checked_key(api_key)})

    def login_chatgpt(self) -> ChatgptLoginHandle:
        """Begin to sign in by browser: open `auth_url` of the handle, then `wait`."""
        from ._login_handles import ChatgptLoginHandle

        answer = self._client.account_login_start({"type": "chatgpt"}).root
        return ChatgptLoginHandle(self._client, *_told(answer, "login_id", "auth_url"))

    def login_chatgpt_device_code(self) -> DeviceCodeLoginHandle:
        """Begin to sign in by a code that the user types on any device, then `wait`."""
        from ._login_handles import DeviceCodeLoginHandle

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
        await self._login({"type": "apiKey", "apiKey": checked_key(api_key)})

    async def login_chatgpt(self) -> AsyncChatgptLoginHandle:
        """Begin to sign in by browser: open `auth_url` of the handle, then `wait`."""
        from ._login_handles import AsyncChatgptLoginHandle

        answer = await self._login({"type": "chatgpt"})
        return AsyncChatgptLoginHandle(self, *_told(answer, "login_id", "auth_url"))

    async def login_chatgpt_device_code(self) -> AsyncDeviceCodeLoginHandle:
        """Begin to sign in by a code that the user types on any device, then `wait`."""
        from ._login_handles import AsyncDeviceCodeLoginHandle

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
