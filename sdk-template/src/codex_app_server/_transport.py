"""The one connection under both clients: JSON-RPC messages over the pipes of a server process.

A reader thread cuts and sorts what the server sends, a writer thread sends what callers queue, so
neither an event loop nor a caller's deadline ever depends on a pipe. Once the connection ends, the
reason is kept under the lock that registers requests: nobody can start to wait after the end.
"""

from __future__ import annotations

import contextlib
import itertools
import queue
import sys
import threading
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from ._framing import LineSplitter, decode_message, encode_message
from ._json import JsonObject
from ._logs import log
from ._mailbox import Mailbox
from ._process import ServerProcess
from ._reach import Reach
from ._server_requests import ServerRequests
from ._turns import RawNotification, TurnRouter
from .config import ServerRequestHandler
from .errors import TransportClosedError, error_from_wire

if TYPE_CHECKING:
    import asyncio

    from ._on_request import Handlers

_CHUNK = 65536
_DROPPED_S = 5.0
_EXIT_GRACE_S = 1.0
_DRAIN_GRACE_S = 0.5
_JOIN_S = 1.0
_SAMPLE_BYTES = 200


@dataclass(slots=True)
class Outcome:
    """What a request came to: its result, or the error to raise."""

    result: object = None
    error: Exception | None = None


@dataclass(slots=True, eq=False)
class Call:
    """One request on its way. `on_reply` runs on the reader thread before the outcome is handed
    over, and keeps it back by giving True; `on_late` gets a result that nobody waits for any more.
    """

    id: int
    method: str
    line: bytes
    on_reply: Callable[[Call, Outcome], bool | None] | None
    on_late: Callable[[object], None] | None
    reply: Mailbox[Outcome] = field(default_factory=Mailbox)
    abandoned: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """Why the connection ended; makes a fresh error for everyone who asks."""

    reason: str
    exit_code: int | None = None
    stderr_tail: str = ""

    def error(self) -> TransportClosedError:
        """The error to raise."""
        return TransportClosedError(
            self.reason, exit_code=self.exit_code, stderr_tail=self.stderr_tail
        )


class Transport:
    """A running server process and everything in flight to and from it."""

    def __init__(
        self,
        process: ServerProcess,
        router: TurnRouter,
        handler: ServerRequestHandler | None,
        loop: asyncio.AbstractEventLoop | None = None,
        handlers: Handlers | None = None,
        reach: Reach | None = None,
    ) -> None:
        self.process = process
        self.router = router
        self.reach = reach or Reach()
        self.requests = ServerRequests(self._send_quietly, handler, loop, handlers)
        self.garbage_lines = 0
        self._garbage_sample = b""
        # Reentrant, because a signal handler may close the client while its thread is in here.
        self._lock = threading.RLock()
        self._ended: Ended | None = None
        self._dropped = False
        self._pending: dict[int, Call] = {}
        self._ids = itertools.count(1)
        self._outbox: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._closing = threading.RLock()
        self._closed = False
        self._chunks = 0
        self._busy = False
        self._threads = [
            threading.Thread(target=target, name=f"codex-app-server-{name}", daemon=True)
            for target, name in (
                (self._read, "reader"),
                (self._write, "writer"),
            )
        ]
        try:
            for thread in self._threads:
                thread.start()
            process.watch(self._server_exited)
        except BaseException:
            self._outbox.put(None)
            raise

    # -- callers --------------------------------------------------------------------------------

    def submit(
        self,
        method: str,
        params: Mapping[str, object],
        *,
        on_reply: Callable[[Call, Outcome], bool | None] | None = None,
        on_late: Callable[[object], None] | None = None,
    ) -> Call:
        """Send a request; its outcome arrives in the call's `reply`.

        Raises TransportClosedError after the end, InvalidInputError for what cannot be encoded.
        """
        number = next(self._ids)
        line = encode_message({"id": number, "method": method, "params": params})
        call = Call(number, method, line, on_reply, on_late)
        with self._lock:
            if self._ended is not None:
                raise self._ended.error()
            self._pending[call.id] = call
        log("protocol", "-> %s #%s", method, number)
        self._outbox.put(line)
        return call

    def hold(self, call: Call) -> None:
        """Make an answered call wait again; `resend` follows."""
        with self._lock:
            if self._ended is None:
                self._pending[call.id] = call
                return
            ended = self._ended
        call.reply.close(ended.error)

    def resend(self, call: Call) -> None:
        """Send a held call once more, unless nobody waits for it any more."""
        with self._lock:
            waits = self._pending.get(call.id) is call
        if waits:
            self._outbox.put(call.line)

    def notify(self, method: str, params: Mapping[str, object] | None = None) -> None:
        """Send a notification; raises what `submit` raises."""
        message: dict[str, object] = {"method": method}
        if params is not None:
            message["params"] = params
        line = encode_message(message)
        with self._lock:
            if self._ended is not None:
                raise self._ended.error()
        self._outbox.put(line)

    def abandon(self, call: Call) -> None:
        """Stop waiting for a call; a result that still comes, or just came, goes to `on_late`."""
        with self._lock:
            call.abandoned = True
            if call.on_late is None:
                self._pending.pop(call.id, None)
                return
        self._take_late(call)

    @property
    def ended(self) -> Ended | None:
        """Why the connection ended, or None while it lives."""
        return self._ended

    def close(self, timeout: float) -> None:
        """End the connection and the server: end of input, then terminate, then kill.

        Whoever waits is woken first. Returns when the process is reaped; safe to repeat.
        """
        self.fail(Ended("the client was closed"))
        with self._closing:
            if self._closed:
                return
            self._outbox.put(None)
            try:
                self.process.stop(timeout)
            finally:
                self._closed = True
                self._join()

    def release(self) -> None:
        """End the connection without waiting: the server sees the end of its input.

        Garbage collection calls this, from any thread and amid anything, so it takes no lock.
        """
        self._dropped = True
        self._outbox.put(None)
        if self._ended is None and not sys.is_finalizing():
            warnings.warn(
                "a client of the app server was dropped without `close`; its server is ended now",
                ResourceWarning,
                stacklevel=2,
            )

    def fail(self, ended: Ended) -> None:
        """Make `ended` the reason, unless there is one, and wake everyone with it."""
        with self._lock:
            if self._ended is not None:
                return
            self._ended = ended
            pending = list(self._pending.values())
            self._pending.clear()
        for call in pending:
            call.reply.close(ended.error)
        self.router.close(ended.error)

    def _join(self) -> None:
        if sys.is_finalizing():
            return
        threads = [*self._threads, *self.process.threads]
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(_JOIN_S)

    # -- the writer thread ----------------------------------------------------------------------

    def _send_quietly(self, message: Mapping[str, object]) -> None:
        line = encode_message(message)
        if self._ended is None:
            self._outbox.put(line)

    def _write(self) -> None:
        pipe = self.process.stdin
        line: bytes | None = b""
        with contextlib.suppress(OSError, ValueError), pipe:
            while (line := self._outbox.get()) is not None:
                rest = memoryview(line)
                while rest:
                    rest = rest[pipe.write(rest) or 0 :]
        if self._dropped:
            self.process.stop(_DROPPED_S)
            return
        if line is None:
            return
        # The pipe broke. Most often the server is ending, and its exit says more than this.
        if not self.process.exited.wait(_EXIT_GRACE_S):
            self.fail(self._end_of_server("the app server closed its standard input"))

    # -- the reader thread ----------------------------------------------------------------------

    def _read(self) -> None:
        lines = LineSplitter()
        with contextlib.suppress(OSError, ValueError), self.process.stdout as pipe:
            while chunk := pipe.read(_CHUNK):
                self._busy = True
                for line in lines.feed(chunk):
                    self._accept_safely(line)
                self._chunks += 1
                self._busy = False
        # The last line may lack its end, or be the stump of a message.
        if decode_message(lines.rest()) is not None:
            self._accept_safely(lines.rest())
        if not self.process.exited.wait(_EXIT_GRACE_S):
            self.fail(self._end_of_server("the app server closed its standard output"))

    def _accept_safely(self, line: bytes) -> None:
        if not line.strip():
            return
        try:
            self._accept(line)
        except Exception:
            import logging

            # Nothing that a server sends may end this thread: everybody would wait in vain.
            logging.getLogger("codex_app_server").exception("a message could not be processed")
            self._count_garbage(line)

    def _accept(self, line: bytes) -> None:
        message = decode_message(line)
        if message is None:
            self._count_garbage(line)
            return
        method, params = message.get("method"), message.get("params")
        # Methods and ids alone: parameters may hold secrets.
        log("protocol", "<- %s #%s", method or "answer to", message.get("id", "-"))
        if isinstance(method, str):
            arguments = params if isinstance(params, dict) else {}
            if message.get("id") is not None:
                self.requests.answer(message["id"], method, cast("JsonObject", arguments))
            else:
                event = RawNotification(method, arguments)
                self.reach.hear(event)
                self.router.route(event)
        elif "id" in message:
            self._accept_reply(message)
        else:
            self._count_garbage(line)

    def _accept_reply(self, message: dict[str, object]) -> None:
        number = _request_number(message["id"])
        if number is None:
            return
        with self._lock:
            call = self._pending.pop(number, None)
        if call is None:
            return
        if message.get("error") is not None:
            outcome = Outcome(error=error_from_wire(message["error"]))
        else:
            outcome = Outcome(message.get("result"))
        if call.on_reply is not None and call.on_reply(call, outcome):
            return
        call.reply.put(outcome)
        # Whoever takes the outcome out of the box deals with it: the caller or, if it left, we.
        if call.abandoned:
            self._take_late(call)

    def _take_late(self, call: Call) -> None:
        with contextlib.suppress(TransportClosedError):
            outcome = call.reply.take()
            if outcome is not None and outcome.error is None and call.on_late is not None:
                call.on_late(outcome.result)

    def _count_garbage(self, line: bytes) -> None:
        self.garbage_lines += 1
        self._garbage_sample = self._garbage_sample or line[:_SAMPLE_BYTES]

    # -- the end --------------------------------------------------------------------------------

    def _server_exited(self) -> None:
        # What the server wrote before its end still counts, as long as the reader makes headway.
        if not self._drained():
            # A process that the server left behind holds the pipes open.
            self.process.kill()
            self._drained()
        self.fail(self._end_of_server("the app server ended"))
        self._outbox.put(None)

    def _drained(self) -> bool:
        reader, before = self._threads[0], -1
        while reader.is_alive() and (self._busy or before != self._chunks):
            before = self._chunks
            reader.join(_DRAIN_GRACE_S)
        return not reader.is_alive()

    def _end_of_server(self, reason: str) -> Ended:
        tail = self.process.stderr_tail(_DRAIN_GRACE_S)
        if self.garbage_lines:
            sample = self._garbage_sample.decode("utf-8", "replace")
            reason = (
                f"{reason}; {self.garbage_lines} lines of its standard output were no JSON "
                f"objects, the first: {sample!r}"
            )
        return Ended(reason, self.process.exit_code, tail)


def _request_number(echoed: object) -> int | None:
    # Ours are integers; a server that keeps them as floats or strings means the same ones.
    if isinstance(echoed, str) and len(echoed) < 20 and echoed.isascii() and echoed.isdigit():
        return int(echoed)
    if isinstance(echoed, float) and echoed.is_integer():
        return int(echoed)
    return echoed if type(echoed) is int else None
