"""The synchronous protocol client: one method per JSON-RPC call, and notifications by turn."""

from __future__ import annotations

import os as os  # re-exported for code that asks which platform the resolver runs on
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from ._binary import DEFAULT_RESOLVER, CodexBinResolverOps
from ._binary import resolve_codex_bin as _resolve_codex_bin
from ._core import ClientCore, value_of
from ._json import JsonObject
from ._mailbox import receive
from ._names import RUNTIME_DISTRIBUTION
from ._turns import TURN_COMPLETED, TurnBox
from ._wire import decode_notification, decode_response, params_dict, preload
from .config import AppServerConfig, ServerRequestHandler
from .inputs import Input, to_wire_input
from .retry import retry_on_overload

if TYPE_CHECKING:
    from pydantic import BaseModel

    from .generated.v2_all import (
        AgentMessageDeltaNotification,
        ModelListResponse,
        ThreadArchiveResponse,
        ThreadCompactStartResponse,
        ThreadForkParams,
        ThreadForkResponse,
        ThreadListParams,
        ThreadListResponse,
        ThreadReadResponse,
        ThreadResumeParams,
        ThreadResumeResponse,
        ThreadSetNameResponse,
        ThreadStartParams,
        ThreadStartResponse,
        ThreadUnarchiveResponse,
        TurnCompletedNotification,
        TurnInterruptResponse,
        TurnStartParams,
        TurnStartResponse,
        TurnSteerResponse,
    )
    from .models import InitializeResponse, Notification

__all__ = [
    "RUNTIME_PKG_NAME",
    "AppServerClient",
    "AppServerConfig",
    "CodexBinResolverOps",
    "resolve_codex_bin",
]

ModelT = TypeVar("ModelT", bound="BaseModel")
WireInput = list[JsonObject] | JsonObject | str | Input

RUNTIME_PKG_NAME = RUNTIME_DISTRIBUTION
_params_dict = params_dict


def resolve_codex_bin(config: AppServerConfig, ops: CodexBinResolverOps = DEFAULT_RESOLVER) -> Path:
    """The executable that `config` leads to; FileNotFoundError where there is none."""
    return _resolve_codex_bin(config, ops)


def wire_input(items: WireInput) -> list[JsonObject]:
    """Input items in wire form; those that are already pass through."""
    if isinstance(items, dict):
        return [items]
    if isinstance(items, list):
        return [item if isinstance(item, dict) else to_wire_input(item)[0] for item in items]
    return to_wire_input(items)


class AppServerClient:
    """Speaks the app-server protocol for threads; safe to use from several of them.

    `start` and `initialize` come first. Every request has the deadline of the configuration.
    """

    def __init__(
        self,
        config: AppServerConfig | None = None,
        approval_handler: ServerRequestHandler | None = None,
    ) -> None:
        self._core = ClientCore(config, approval_handler)
        self.config = self._core.config

    def __enter__(self) -> AppServerClient:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # -- connection -----------------------------------------------------------------------------

    def start(self) -> None:
        """Spawn the server unless it runs."""
        self._core.open()

    def close(self) -> None:
        """End the server and wake everyone who waits; safe to repeat."""
        self._core.shut()

    def initialize(self) -> InitializeResponse:
        """Introduce the client; the server accepts other calls only after this."""
        call = self._core.submit("initialize", self._core.initialize_params())
        with self._core.awaiting(call) as deadline:
            preload()
            result = value_of(receive(call.reply, deadline))
        from .models import InitializeResponse

        response = decode_response("initialize", result, InitializeResponse)
        self.notify("initialized")
        return response

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
        self, method: str, params: BaseModel | Mapping[str, object] | None = None
    ) -> object:
        call = self._core.submit(method, params)
        with self._core.awaiting(call) as deadline:
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

        def attempt() -> ModelT:
            return self.request(method, params, response_model=response_model)

        return retry_on_overload(
            attempt,
            max_attempts=max_attempts,
            initial_delay_s=initial_delay_s,
            max_delay_s=max_delay_s,
        )

    def notify(self, method: str, params: Mapping[str, object] | None = None) -> None:
        """Send a notification."""
        self._core.live().notify(method, params)

    # -- threads --------------------------------------------------------------------------------

    def thread_start(
        self, params: ThreadStartParams | JsonObject | None = None
    ) -> ThreadStartResponse:
        """`thread/start`: open a thread."""
        from .generated.core import ThreadStartResponse

        return self.request("thread/start", params_dict(params), response_model=ThreadStartResponse)

    def thread_resume(
        self, thread_id: str, params: ThreadResumeParams | JsonObject | None = None
    ) -> ThreadResumeResponse:
        """`thread/resume`: load a thread of an earlier process."""
        from .generated.v2_all import ThreadResumeResponse

        body = {**params_dict(params), "threadId": thread_id}
        return self.request("thread/resume", body, response_model=ThreadResumeResponse)

    def thread_fork(
        self, thread_id: str, params: ThreadForkParams | JsonObject | None = None
    ) -> ThreadForkResponse:
        """`thread/fork`: a new thread with the history of another."""
        from .generated.v2_all import ThreadForkResponse

        body = {**params_dict(params), "threadId": thread_id}
        return self.request("thread/fork", body, response_model=ThreadForkResponse)

    def thread_list(
        self, params: ThreadListParams | JsonObject | None = None
    ) -> ThreadListResponse:
        """`thread/list`: one page of threads."""
        from .generated.v2_all import ThreadListResponse

        return self.request("thread/list", params_dict(params), response_model=ThreadListResponse)

    def thread_read(self, thread_id: str, include_turns: bool = False) -> ThreadReadResponse:
        """`thread/read`: a thread, with its turns if asked."""
        from .generated.v2_all import ThreadReadResponse

        body: JsonObject = {"threadId": thread_id, "includeTurns": include_turns}
        return self.request("thread/read", body, response_model=ThreadReadResponse)

    def thread_archive(self, thread_id: str) -> ThreadArchiveResponse:
        """`thread/archive`: put a thread away."""
        from .generated.v2_all import ThreadArchiveResponse

        body: JsonObject = {"threadId": thread_id}
        return self.request("thread/archive", body, response_model=ThreadArchiveResponse)

    def thread_unarchive(self, thread_id: str) -> ThreadUnarchiveResponse:
        """`thread/unarchive`: bring a thread back."""
        from .generated.v2_all import ThreadUnarchiveResponse

        body: JsonObject = {"threadId": thread_id}
        return self.request("thread/unarchive", body, response_model=ThreadUnarchiveResponse)

    def thread_set_name(self, thread_id: str, name: str) -> ThreadSetNameResponse:
        """`thread/name/set`: name a thread."""
        from .generated.v2_all import ThreadSetNameResponse

        body: JsonObject = {"threadId": thread_id, "name": name}
        return self.request("thread/name/set", body, response_model=ThreadSetNameResponse)

    def thread_compact(self, thread_id: str) -> ThreadCompactStartResponse:
        """`thread/compact/start`: have the model shorten a thread's history."""
        from .generated.v2_all import ThreadCompactStartResponse

        body: JsonObject = {"threadId": thread_id}
        return self.request("thread/compact/start", body, response_model=ThreadCompactStartResponse)

    def model_list(self, include_hidden: bool = False) -> ModelListResponse:
        """`model/list`: the models that can be chosen."""
        from .generated.v2_all import ModelListResponse

        body: JsonObject = {"includeHidden": include_hidden}
        return self.request("model/list", body, response_model=ModelListResponse)

    # -- turns ----------------------------------------------------------------------------------

    def turn_start(
        self,
        thread_id: str,
        input_items: WireInput,
        params: TurnStartParams | JsonObject | None = None,
    ) -> TurnStartResponse:
        """`turn/start`: begin a turn, or join the one that runs. Its events wait for a reader."""
        from .generated.core import TurnStartResponse

        body: dict[str, object] = {
            **params_dict(params),
            "threadId": thread_id,
            "input": wire_input(input_items),
        }
        return self.request("turn/start", body, response_model=TurnStartResponse)

    def turn_steer(
        self, thread_id: str, expected_turn_id: str, input_items: WireInput
    ) -> TurnSteerResponse:
        """`turn/steer`: add input to the turn that runs."""
        from .generated.v2_all import TurnSteerResponse

        body = {
            "threadId": thread_id,
            "expectedTurnId": expected_turn_id,
            "input": wire_input(input_items),
        }
        return self.request("turn/steer", body, response_model=TurnSteerResponse)

    def turn_interrupt(self, thread_id: str, turn_id: str) -> TurnInterruptResponse:
        """`turn/interrupt`: stop a turn; InvalidRequestError if it has ended already."""
        from .generated.v2_all import TurnInterruptResponse

        body: JsonObject = {"threadId": thread_id, "turnId": turn_id}
        return self.request("turn/interrupt", body, response_model=TurnInterruptResponse)

    # -- notifications --------------------------------------------------------------------------

    def next_notification(self) -> Notification:
        """The next notification that belongs to no turn; the oldest are dropped beyond a bound."""
        return self._next(self._core.live().router.unrouted)

    def register_turn_notifications(self, turn_id: str) -> None:
        """Keep the notifications of a turn for `next_turn_notification`."""
        self._core.router.register(turn_id)

    def unregister_turn_notifications(self, turn_id: str) -> None:
        """Forget what `register_turn_notifications` keeps."""
        self._core.router.unregister(turn_id)

    def next_turn_notification(self, turn_id: str) -> Notification:
        """The next notification of a turn."""
        return self._next(self._core.follow(turn_id))

    def wait_for_turn_completed(self, turn_id: str) -> TurnCompletedNotification:
        """The turn's last notification; those before it are dropped."""
        from .generated.core import TurnCompletedNotification
        from .models import UnknownNotification

        self.register_turn_notifications(turn_id)
        try:
            while True:
                notification = self.next_turn_notification(turn_id)
                if notification.method == TURN_COMPLETED:
                    payload = notification.payload
                    if isinstance(payload, TurnCompletedNotification):
                        return payload
                    raw = payload.params if isinstance(payload, UnknownNotification) else None
                    return decode_response(TURN_COMPLETED, raw, TurnCompletedNotification)
        finally:
            self.unregister_turn_notifications(turn_id)

    def stream_text(
        self,
        thread_id: str,
        text: str,
        params: TurnStartParams | JsonObject | None = None,
    ) -> Iterator[AgentMessageDeltaNotification]:
        """Run a turn and give the pieces of its messages as they come."""
        from .generated.core import AgentMessageDeltaNotification

        turn_id = self.turn_start(thread_id, text, params=params).turn.id
        self.register_turn_notifications(turn_id)
        try:
            while True:
                notification = self.next_turn_notification(turn_id)
                if isinstance(notification.payload, AgentMessageDeltaNotification):
                    yield notification.payload
                if notification.method == TURN_COMPLETED:
                    return
        finally:
            self.unregister_turn_notifications(turn_id)

    def _next(self, box: TurnBox, deadline: float | None = None) -> Notification:
        return decode_notification(*receive(box, deadline))

    def _coerce_notification(self, method: str, params: object) -> Notification:
        return decode_notification(method, params if isinstance(params, Mapping) else {})
