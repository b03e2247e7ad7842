"""What both clients do alike: open and end the connection, send a request, judge its outcome."""

from __future__ import annotations

import contextlib
import os
import re
import threading
import weakref
from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING

from ._json import JsonObject
from ._mailbox import DeadlinePassed, deadline_after, receive
from ._on_request import Handlers
from ._process import ServerProcess
from ._reach import Reach
from ._transport import Call, Ended, Outcome, Transport
from ._turns import LOGIN_COMPLETED, MCP_LOGIN_COMPLETED, LoginKey, TurnBox, TurnRouter, login_key
from ._wire import decode_response, params_dict, preload, split_user_agent
from .config import AppServerConfig, ServerRequestHandler
from .errors import (
    AppServerError,
    InvalidInputError,
    InvalidRequestError,
    RequestTimeoutError,
    RuntimeTooOldError,
    StartupTimeoutError,
    TransportClosedError,
)

if TYPE_CHECKING:
    import asyncio

    from pydantic import BaseModel

    from .models import InitializeResponse

_INTERRUPT_TIMEOUT_S = 10.0
# Fields that older runtimes would leave out of account without a word.
_SINCE: dict[str, tuple[int, ...]] = {
    "excludeTurns": (0, 151, 0),
    "serviceTierForTurn": (0, 151, 0),
    "toolOutput": (0, 151, 0),
    "turnTrigger": (0, 151, 0),
}
_CHECKED_FOR_AGE = frozenset({"turn/start", "thread/resume", "thread/fork"})
_INTERRUPT_REPETITIONS = 3
_MCP_LOGIN = "mcpServer/oauth/login"
_NOT_STARTED = Ended("the app server client was not started")
_FORKED = Ended("the app server client belongs to the process that this one was forked from")


class ClientCore:
    """A connection that can be opened and closed. It waits for no answer but `initialize`'s."""

    def __init__(self, config: AppServerConfig | None, handler: ServerRequestHandler | None):
        if config is not None and not isinstance(config, AppServerConfig):
            raise TypeError(f"config must be an AppServerConfig, not {config!r:.100}")
        self.config = config or AppServerConfig()
        self._handler = handler or self.config.server_request_handler
        self.handlers = Handlers()
        """Those of single methods, which come before the one of the configuration."""
        self.reach = Reach()
        """Whether the model has ever answered."""
        self._router = TurnRouter()
        self._transport: Transport | None = None
        self.loop: asyncio.AbstractEventLoop | None = None
        """The event loop that coroutine handlers of server requests run in."""
        # Reentrant, because a signal handler may close the client while its thread is in here.
        self._state = threading.RLock()
        self._process_id = os.getpid()
        self._generation = 0
        self._version: str | None = None

    # -- opening and closing --------------------------------------------------------------------

    @property
    def generation(self) -> int:
        """Changes whenever the client is closed; `open` can be told to respect it."""
        return self._generation

    def open(self, generation: int | None = None) -> None:
        """Spawn the server unless it runs; TransportClosedError if closed since `generation`."""
        with self._state:
            if generation is not None and generation != self._generation:
                raise TransportClosedError("the client was closed while it started")
            if self._transport is not None:
                if self._transport.ended is None:
                    return
                # A connection may have ended before its process.
                self._transport.process.kill()
                self._transport.close(self.config.close_timeout_s)
                self._router = TurnRouter()
            self._process_id = os.getpid()
            process = ServerProcess(self.config)
            try:
                self._transport = Transport(
                    process, self._router, self._handler, self.loop, self.handlers, self.reach
                )
            except BaseException:
                process.discard()
                raise
            weakref.finalize(self, self._transport.release).atexit = False

    def shut(self) -> None:
        """End the server, bounded by `close_timeout_s`; safe to repeat, never fails.

        In a forked process it does nothing: the server belongs to the one that started it.
        """
        if self._process_id != os.getpid():
            return
        with self._state:
            self._generation += 1
            transport = self._transport
        if transport is not None:
            transport.close(self.config.close_timeout_s)

    def kill(self) -> None:
        """Kill the server's process without ceremony; `shut` cleans up."""
        if self._process_id != os.getpid():
            return
        with self._state:
            self._generation += 1
            if self._transport is not None:
                self._transport.process.kill()

    def live(self) -> Transport:
        """The transport; TransportClosedError if this process never started the client."""
        if self._transport is None:
            raise _NOT_STARTED.error()
        if self._process_id != os.getpid():
            raise _FORKED.error()
        return self._transport

    @property
    def started(self) -> bool:
        """Whether the server was ever spawned."""
        return self._transport is not None

    @property
    def router(self) -> TurnRouter:
        """Where notifications wait."""
        return self._router

    def follow(self, turn_id: str) -> TurnBox:
        """The box of a turn known by its id; TransportClosedError without a connection."""
        self.live()
        return self._router.register(turn_id)

    # -- requests -------------------------------------------------------------------------------

    def submit(self, method: str, params: BaseModel | Mapping[str, object] | None) -> Call:
        """Send a request; the caller waits for `Call.reply` inside `awaiting`."""
        transport, body = self.live(), params_dict(params)
        if method in _CHECKED_FOR_AGE:
            self._refuse_too_new(method, body)
        if method == "turn/start":
            return self._submit_turn_start(transport, body)
        if method == "turn/interrupt":
            return self._submit_interrupt(transport, body)
        if method == _MCP_LOGIN:
            key = login_key(MCP_LOGIN_COMPLETED, body)
            if key is not None:
                self._router.forget_login(key)
        return transport.submit(method, body)

    def _refuse_too_new(self, method: str, body: JsonObject) -> None:
        version = self._version or ""
        found = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
        if found is None:
            return
        numbers = tuple(int(part) for part in found.groups())
        for name, since in _SINCE.items():
            if name in body and numbers < since:
                raise RuntimeTooOldError(
                    f"`{name}` of `{method}` needs runtime {'.'.join(map(str, since))} or later; "
                    f"this one is {version}"
                )

    def timeout_of(self, method: str) -> float | None:
        """How long a request may take, in seconds."""
        if method == "initialize":
            return self.config.startup_timeout_s
        timeout = self.config.request_timeout_s
        if method == "turn/interrupt":
            return min(_INTERRUPT_TIMEOUT_S, timeout or _INTERRUPT_TIMEOUT_S)
        return timeout

    @contextlib.contextmanager
    def awaiting(self, call: Call, limit: float | None = None) -> Generator[float | None]:
        """Gives the deadline of a call; on any failure to wait for it the call is abandoned."""
        timeout = self.timeout_of(call.method) if limit is None else limit
        try:
            yield deadline_after(timeout)
        except DeadlinePassed:
            self.live().abandon(call)
            raise self._timed_out(call.method, timeout) from None
        except BaseException:
            self.live().abandon(call)
            raise

    def interrupt_unheard(self, thread_id: str, turn_id: str) -> None:
        """Ask the server to interrupt a turn that still runs, without waiting for the answer."""
        with contextlib.suppress(AppServerError):
            self.submit("turn/interrupt", {"threadId": thread_id, "turnId": turn_id})

    def introduce(self) -> InitializeResponse:
        """Introduce the client to the server; the calling thread waits for the answer."""
        config = self.config
        params: JsonObject = {
            "clientInfo": {
                "name": config.client_name,
                "title": config.client_title,
                "version": config.client_version,
            },
            "capabilities": {"experimentalApi": config.experimental_api},
        }
        call = self.submit("initialize", params)
        with self.awaiting(call) as deadline:
            preload()
            result = value_of(receive(call.reply, deadline))
        from .models import InitializeResponse  # `preload` has loaded it while the server answered

        response = decode_response("initialize", result, InitializeResponse)
        self._version = split_user_agent(response.userAgent or "")[1]
        self.live().notify("initialized")
        if config.api_key is not None:
            key = checked_key(config.api_key)
            login = self.submit("account/login/start", {"type": "apiKey", "apiKey": key})
            with self.awaiting(login) as deadline:
                value_of(receive(login.reply, deadline))
        return response

    def _timed_out(self, method: str, timeout: float | None) -> RequestTimeoutError:
        message = f"the app server did not answer `{method}` within {timeout:g} s"
        if method != "initialize":
            return RequestTimeoutError(message)
        process = self.live().process
        process.kill()
        return StartupTimeoutError(message, stderr_tail=process.stderr_tail(0.5))

    @contextlib.contextmanager
    def login_box(self, key: LoginKey) -> Generator[TurnBox]:
        """The box that the end of a sign-in comes to."""
        self.live()
        router = self._router
        box = router.await_login(key)
        try:
            yield box
        finally:
            router.leave_login(key, box)

    # -- turns ----------------------------------------------------------------------------------

    def _submit_turn_start(self, transport: Transport, body: JsonObject) -> Call:
        router, thread_id = self._router, str(body.get("threadId"))

        def replied(call: Call, outcome: Outcome) -> None:
            router.started(_turn_id(outcome.result))

        def too_late(result: object) -> None:
            # Nobody holds this turn, so nobody could end it.
            turn_id = _turn_id(result)
            if turn_id is not None:
                router.claim(turn_id)
                self.interrupt_unheard(thread_id, turn_id)

        router.starting()
        try:
            return transport.submit("turn/start", body, on_reply=replied, on_late=too_late)
        except BaseException:
            router.started(None)
            raise

    def _submit_interrupt(self, transport: Transport, body: JsonObject) -> Call:
        router, turn_id = self._router, str(body.get("turnId"))
        status = router.ended_as(turn_id)
        if status is not None and transport.ended is None:
            # The server never answers a second interrupt, so it is not asked.
            raise InvalidRequestError(
                -32600, f"no active turn to interrupt: turn `{turn_id}` is {status}"
            )
        repetitions = iter(range(_INTERRUPT_REPETITIONS))

        def replied(call: Call, outcome: Outcome) -> bool:
            if outcome.error is None:
                router.interrupted(turn_id)
                return False
            # The server answers `turn/start` a moment before the turn can be interrupted.
            early = isinstance(outcome.error, InvalidRequestError) and router.began(turn_id)
            if not early or call.abandoned or next(repetitions, None) is None:
                return False
            transport.hold(call)
            router.when_heard_of(turn_id, lambda: transport.resend(call))
            return True

        return transport.submit("turn/interrupt", body, on_reply=replied)


class ClientBase:
    """What both clients hold: the connection, and the turns that are followed by their id."""

    def __init__(
        self,
        config: AppServerConfig | None = None,
        approval_handler: ServerRequestHandler | None = None,
    ) -> None:
        self._core = ClientCore(config, approval_handler)
        self.config: AppServerConfig = self._core.config

    @property
    def stderr_tail(self) -> str:
        """The last lines that the server wrote to standard error; empty before it is started."""
        return self._core.live().process.stderr_tail() if self._core.started else ""

    def register_turn_notifications(self, turn_id: str) -> None:
        """Keep the notifications of a turn for `next_turn_notification`."""
        self._core.router.register(turn_id)

    def unregister_turn_notifications(self, turn_id: str) -> None:
        """Forget what `register_turn_notifications` keeps."""
        self._core.router.unregister(turn_id)

    def register_login_notifications(self, login_id: str) -> None:
        """Nothing has to be done: the end of a sign-in is kept until somebody asks for it."""

    def unregister_login_notifications(self, login_id: str) -> None:
        """Forget the end of a sign-in."""
        self._core.router.forget_login((LOGIN_COMPLETED, login_id))

    @contextlib.contextmanager
    def _registered(self, turn_id: str) -> Generator[None]:
        self.register_turn_notifications(turn_id)
        try:
            yield
        finally:
            self.unregister_turn_notifications(turn_id)


class AsyncClientBase(ClientBase):
    """What an async client has besides: its event loop, the first that uses it."""

    _loop: asyncio.AbstractEventLoop | None = None

    def bind_loop(self) -> asyncio.AbstractEventLoop:
        """The running loop, which becomes this client's; RuntimeError in any other."""
        import asyncio

        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = self._core.loop = loop
        elif self._loop is not loop:
            raise RuntimeError(
                "this client belongs to another event loop; make one client for each loop"
            )
        return loop


def value_of(outcome: Outcome) -> object:
    """The result of a call, or its error raised."""
    if outcome.error is not None:
        raise outcome.error
    return outcome.result


def checked_key(api_key: str) -> str:
    """The key; InvalidInputError if it is none, which the server would notice at the first turn."""
    if not isinstance(api_key, str) or not api_key.strip():
        raise InvalidInputError("the API key is empty or no text")
    return api_key


def _turn_id(result: object) -> str | None:
    turn = result.get("turn") if isinstance(result, dict) else None
    found = turn.get("id") if isinstance(turn, dict) else None
    return found if isinstance(found, str) else None
