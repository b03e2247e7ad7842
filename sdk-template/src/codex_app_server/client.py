"""The synchronous protocol client: one method per JSON-RPC call, and notifications by turn.

Models are imported where they are used; importing this module loads none.
"""

from __future__ import annotations

import os as os  # re-exported for code that asks which platform the resolver runs on
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ._binary import DEFAULT_RESOLVER, CodexBinResolverOps
from ._binary import resolve_codex_bin as _resolve_codex_bin
from ._core import ClientBase, value_of
from ._json import JsonObject
from ._mailbox import receive
from ._names import RUNTIME_DISTRIBUTION
from ._run import completion
from ._turns import LOGIN_COMPLETED, TURN_COMPLETED, TurnBox
from ._wire import decode_notification, decode_response, params_dict
from .config import AppServerConfig
from .generated.client_methods import ClientMethods
from .retry import retry_on_overload

if TYPE_CHECKING:
    from pydantic import BaseModel

    from .generated.core import (
        AgentMessageDeltaNotification,
        TurnCompletedNotification,
        TurnStartParams,
    )
    from .generated.notifications import AccountLoginCompletedNotification
    from .models import InitializeResponse, Notification

__all__ = [
    "RUNTIME_PKG_NAME",
    "AppServerClient",
    "AppServerConfig",
    "CodexBinResolverOps",
    "resolve_codex_bin",
]

ModelT = TypeVar("ModelT", bound="BaseModel")

RUNTIME_PKG_NAME = RUNTIME_DISTRIBUTION
_params_dict = params_dict


def resolve_codex_bin(config: AppServerConfig, ops: CodexBinResolverOps = DEFAULT_RESOLVER) -> Path:
    """The executable that `config` leads to; FileNotFoundError where there is none."""
    return _resolve_codex_bin(config, ops)


class AppServerClient(ClientBase, ClientMethods):
    """Speaks the app-server protocol for threads; safe to use from several of them.

    `start` and `initialize` come first. Every request has the deadline of the configuration.
    """

    def __enter__(self) -> AppServerClient:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def start(self) -> None:
        """Spawn the server unless it runs."""
        self._core.open()

    def close(self) -> None:
        """End the server and wake everyone who waits; safe to repeat."""
        self._core.shut()

    def initialize(self) -> InitializeResponse:
        """Introduce the client; the server accepts other calls only after this."""
        return self._core.introduce()

    # -- any method -----------------------------------------------------------------------------

    def request(
        self,
        method: str,
        params: BaseModel | Mapping[str, object] | None,
        *,
        response_model: type[ModelT],
    ) -> ModelT:
        """Call a method and give its response as `response_model`."""
        return decode_response(method, self._request_raw(method, params), response_model)

    def _request_raw(
        self,
        method: str,
        params: BaseModel | Mapping[str, object] | None = None,
        timeout: float | None = None,
    ) -> object:
        call = self._core.submit(method, params)
        with self._core.awaiting(call, timeout) as deadline:
            return value_of(receive(call.reply, deadline))

    def request_with_retry_on_overload(
        self,
        method: str,
        params: BaseModel | Mapping[str, object] | None,
        *,
        response_model: type[ModelT],
        max_attempts: int = 3,
        initial_delay_s: float = 0.25,
        max_delay_s: float = 2.0,
    ) -> ModelT:
        """`request`, repeated while the server is overloaded."""
        return retry_on_overload(
            lambda: self.request(method, params, response_model=response_model),
            max_attempts=max_attempts,
            initial_delay_s=initial_delay_s,
            max_delay_s=max_delay_s,
        )

    # -- signing in ----------------------------------------------------------------------------

    def wait_for_login_completed(self, login_id: str) -> AccountLoginCompletedNotification:
        """The end of a sign-in, which may have come already."""
        from .generated.notifications import AccountLoginCompletedNotification

        with self._core.login_box((LOGIN_COMPLETED, login_id)) as box:
            event = receive(box)
        return decode_response(event.method, event.params, AccountLoginCompletedNotification)

    def notify(self, method: str, params: Mapping[str, object] | None = None) -> None:
        """Send a notification."""
        self._core.live().notify(method, params)

    # -- notifications --------------------------------------------------------------------------

    def next_notification(self) -> Notification:
        """The next notification that belongs to no turn; the oldest are dropped beyond a bound."""
        return self._next(self._core.live().router.unrouted)

    def next_turn_notification(self, turn_id: str) -> Notification:
        """The next notification of a turn."""
        return self._next(self._core.follow(turn_id))

    def wait_for_turn_completed(self, turn_id: str) -> TurnCompletedNotification:
        """The turn's last notification; those before it are dropped."""
        with self._registered(turn_id):
            while (last := completion(self.next_turn_notification(turn_id))) is None:
                pass
        return last

    def stream_text(
        self,
        thread_id: str,
        text: str,
        params: TurnStartParams | JsonObject | None = None,
    ) -> Iterator[AgentMessageDeltaNotification]:
        """Run a turn and give the pieces of its messages as they come."""
        from .generated.core import AgentMessageDeltaNotification

        turn_id = self.turn_start(thread_id, text, params=params).turn.id
        with self._registered(turn_id):
            method = None
            while method != TURN_COMPLETED:
                notification = self.next_turn_notification(turn_id)
                method = notification.method
                if isinstance(notification.payload, AgentMessageDeltaNotification):
                    yield notification.payload

    def _next(self, box: TurnBox) -> Notification:
        return decode_notification(*receive(box))

    def _coerce_notification(self, method: str, params: object) -> Notification:
        return decode_notification(method, params if isinstance(params, Mapping) else {})
