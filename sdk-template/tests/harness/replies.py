"""What the model server answers: one reply per request, as server-sent events of the Responses API.

A reply is built by chaining: `Reply.text("hi").and_text("there").slow(0.05)`.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

Event = dict[str, Any]

_ids = itertools.count(1)


class Gate:
    """Holds a reply after some of its events until the test opens it."""

    def __init__(self) -> None:
        self._reached = threading.Event()
        self._open = threading.Event()

    def wait_until_reached(self, timeout: float = 20.0) -> None:
        """Wait until the server stands at the gate; AssertionError when it never does."""
        assert self.is_reached(timeout), "the model server never reached the gate"

    def is_reached(self, timeout: float) -> bool:
        """Whether the server stands at the gate, or did, within `timeout` seconds."""
        return self._reached.wait(timeout)

    def open(self) -> None:
        """Let the rest of the reply pass."""
        self._open.set()

    def pass_through(self, stopping: threading.Event) -> None:
        """Called by the server: announce arrival, then wait for `open` or the server's end."""
        self._reached.set()
        while not self._open.wait(0.02):
            if stopping.is_set():
                return


@dataclass(frozen=True)
class Reply:
    """One answer of the model: an HTTP status with events, or with a plain body."""

    events: tuple[Event, ...] = ()
    status: int = 200
    body: bytes | None = None
    delay_s: float = 0.0
    gate: Gate | None = None
    gate_after: int = 1
    usage: Event | None = field(default=None)
    completes: bool = True

    # -- what the model says -------------------------------------------------------------------

    @staticmethod
    def text(text: str, *, phase: str | None = None, deltas: Sequence[str] = ()) -> Reply:
        """One assistant message; with `deltas` its text is streamed in these pieces first."""
        return Reply().and_text(text, phase=phase, deltas=deltas)

    @staticmethod
    def call(name: str, arguments: Event, *, call_id: str | None = None) -> Reply:
        """One function call; the runtime answers it in its next request."""
        return Reply().and_call(name, arguments, call_id=call_id)

    @staticmethod
    def shell(command: str, **arguments: Any) -> Reply:
        """One call of the runtime's shell tool."""
        return Reply.call("exec_command", {"cmd": command, **arguments})

    @staticmethod
    def nothing() -> Reply:
        """A completed response without any item."""
        return Reply()

    def and_text(self, text: str, *, phase: str | None = None, deltas: Sequence[str] = ()) -> Reply:
        """This reply with one more assistant message."""
        item_id = f"msg_{next(_ids)}"
        item: Event = {
            "type": "message",
            "role": "assistant",
            "id": item_id,
            "content": [{"type": "output_text", "text": text}],
        }
        if phase is not None:
            item["phase"] = phase
        events: list[Event] = []
        if deltas:
            added = {**item, "content": []}
            events.append({"type": "response.output_item.added", "item": added})
            events.extend(
                {"type": "response.output_text.delta", "item_id": item_id, "delta": delta}
                for delta in deltas
            )
        events.append({"type": "response.output_item.done", "item": item})
        return replace(self, events=(*self.events, *events))

    def and_call(self, name: str, arguments: Event, *, call_id: str | None = None) -> Reply:
        """This reply with one more function call."""
        item = {
            "type": "function_call",
            "call_id": call_id or f"call_{next(_ids)}",
            "name": name,
            "arguments": json.dumps(arguments),
        }
        event = {"type": "response.output_item.done", "item": item}
        return replace(self, events=(*self.events, event))

    # -- how it goes wrong ---------------------------------------------------------------------

    @staticmethod
    def http_error(status: int, body: Event | str = "") -> Reply:
        """An HTTP failure before any event."""
        text = body if isinstance(body, str) else json.dumps(body)
        return Reply(status=status, body=text.encode())

    @staticmethod
    def failed(code: str, message: str = "scripted failure") -> Reply:
        """A stream that ends in `response.failed` with this error code."""
        error = {"code": code, "message": message}
        event = {"type": "response.failed", "response": {"id": "failed", "error": error}}
        return Reply(events=(event,), completes=False)

    def then_failed(self, code: str, message: str = "scripted failure") -> Reply:
        """This reply, ending in `response.failed` after its items."""
        failed = Reply.failed(code, message)
        return replace(self, events=(*self.events, *failed.events), completes=False)

    def cut_off(self) -> Reply:
        """This reply without its last event: the stream closes before the response completes."""
        return replace(self, completes=False)

    # -- when it comes -------------------------------------------------------------------------

    def slow(self, delay_s: float) -> Reply:
        """This reply with a pause before every event."""
        return replace(self, delay_s=delay_s)

    def gated(self, gate: Gate, *, after: int = 1) -> Reply:
        """This reply, held after its first `after` events (`response.created` is the first)."""
        return replace(self, gate=gate, gate_after=after)

    def with_usage(self, *, input_tokens: int, output_tokens: int, cached: int = 0) -> Reply:
        """This reply with token counts in its last event."""
        usage = {
            "input_tokens": input_tokens,
            "input_tokens_details": {"cached_tokens": cached},
            "output_tokens": output_tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": input_tokens + output_tokens,
        }
        return replace(self, usage=usage)

    def all_events(self) -> list[Event]:
        """Every event as sent, from `response.created` to `response.completed`."""
        response_id = f"resp_{next(_ids)}"
        events: list[Event] = [{"type": "response.created", "response": {"id": response_id}}]
        events.extend(self.events)
        if self.completes:
            response: Event = {"id": response_id}
            response["usage"] = self.usage or {
                "input_tokens": 1,
                "input_tokens_details": None,
                "output_tokens": 1,
                "output_tokens_details": None,
                "total_tokens": 2,
            }
            events.append({"type": "response.completed", "response": response})
        return events
