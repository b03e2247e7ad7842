"""A model server on 127.0.0.1: queued replies and captured requests, one thread a request."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from types import TracebackType
from typing import Any

from harness.local_server import LocalServer
from harness.replies import Reply


@dataclass(frozen=True)
class ModelRequest:
    """One captured `POST …/responses`."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def input(self) -> list[dict[str, Any]]:
        """The conversation that the model was shown."""
        items: list[dict[str, Any]] = self.body["input"]
        return items

    def content(self, role: str) -> list[dict[str, Any]]:
        """Every content part of messages with this role, in order."""
        return [
            part
            for item in self.input
            if item.get("type") == "message" and item.get("role") == role
            for part in item.get("content", [])
        ]

    def texts(self, role: str = "user") -> list[str]:
        """Every text of messages with this role, in order."""
        return [part["text"] for part in self.content(role) if "text" in part]

    def function_outputs(self) -> list[str]:
        """The results of earlier function calls, as the runtime reports them to the model."""
        outputs = []
        for item in self.input:
            if item.get("type") == "function_call_output":
                output = item["output"]
                outputs.append(output if isinstance(output, str) else json.dumps(output))
        return outputs


class ModelServer:
    """Serves `/v1/responses` and `/v1/models`; use as a context manager.

    Replies are taken in the order of `queue`. When none is left `fallback` answers, or, where that
    is None, HTTP 500: a request the test did not expect fails its turn and stays in `requests`.
    """

    def __init__(self, fallback: Reply | None = None) -> None:
        self.fallback = fallback
        self.requests: list[ModelRequest] = []
        self._replies: deque[Reply] = deque()
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._http = _Server(_Handler, "model-server")
        self._http.model = self

    def __enter__(self) -> ModelServer:
        self._http.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._http.stop()

    @property
    def base_url(self) -> str:
        """What the runtime's model provider is configured with."""
        return f"{self._http.root}/v1"

    def queue(self, *replies: Reply) -> None:
        """Append replies for the next requests."""
        with self._changed:
            self._replies.extend(replies)

    def wait_for_requests(self, count: int, timeout: float = 20.0) -> list[ModelRequest]:
        """Wait until `count` requests have come in all; AssertionError when they do not."""
        with self._changed:
            arrived = self._changed.wait_for(lambda: len(self.requests) >= count, timeout)
            seen = list(self.requests)
        assert arrived, f"expected {count} model requests, saw {len(seen)}"
        return seen

    @property
    def last_request(self) -> ModelRequest:
        """The newest captured request."""
        with self._changed:
            return self.requests[-1]

    def take(self, request: ModelRequest) -> Reply:
        """Record a request and choose its reply."""
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()
            if self._replies:
                return self._replies.popleft()
        return self.fallback or Reply.http_error(500, "no reply was queued for this request")

    def pause(self, seconds: float) -> None:
        """Wait, but no longer than the server lives."""
        if seconds:
            self._stopping.wait(seconds)

    def serve(self, reply: Reply, write: Any) -> None:
        """Write the events of a reply, with its pauses and its gate."""
        for number, event in enumerate(reply.all_events(), start=1):
            self.pause(reply.delay_s)
            write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
            if reply.gate is not None and number == reply.gate_after:
                reply.gate.pass_through(self._stopping)


class _Server(LocalServer):
    model: ModelServer


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if "upgrade" in self.headers:
            # The provider `openai` tries a web socket first; this lets it go on without one.
            self._send(426, b"{}", "application/json")
            return
        self._send(200, b'{"object":"list","data":[],"models":[]}', "application/json")

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", "0"))
        body = json.loads(self.rfile.read(length) or b"{}")
        request = ModelRequest(self.path, dict(self.headers.items()), body)
        model = self.server.model
        reply = model.take(request)
        if reply.body is not None:
            model.pause(reply.delay_s)
            self._send(reply.status, reply.body, "application/json")
            return
        self.send_response(reply.status)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True
        try:
            model.serve(reply, self._write)
        except OSError:
            # The turn was interrupted or the runtime ended: nobody listens any more.
            return

    def _write(self, data: bytes) -> None:
        self.wfile.write(data)
        self.wfile.flush()

    def _send(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: pytest shows the captured requests instead."""


def wait_until(condition: Any, timeout: float = 10.0, what: str = "the condition") -> None:
    """Poll until `condition()` is true; AssertionError when it never is."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come true in {timeout} s"
        time.sleep(0.02)
