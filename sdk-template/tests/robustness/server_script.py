"""A scripted app server: answers like a healthy one, but for what the test's snippet replaces.

Started as `python server_script.py SNIPPET [ARGUMENT...]`. The snippet sees everything below; a
function marked `@on("method")` gets each message of that method instead of the healthy answer.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

Message = dict[str, Any]

THREAD_ID = "thread-1"
ARGUMENTS = sys.argv[2:]

handlers: dict[str, Callable[[Message], None]] = {}
replies: list[Message] = []
turn_numbers = iter(range(1, 1_000_000))
_output = threading.Lock()


def on(method: str) -> Callable[[Callable[[Message], None]], Callable[[Message], None]]:
    """Replace the healthy answer to `method`; `*reply*` stands for answers of the client."""

    def register(function: Callable[[Message], None]) -> Callable[[Message], None]:
        handlers[method] = function
        return function

    return register


def raw(data: bytes) -> None:
    """Write bytes to standard output as they are."""
    with _output:
        view = memoryview(data)
        while view:
            view = view[os.write(1, view) :]


def send(message: object) -> None:
    """Write one message."""
    raw(json.dumps(message).encode() + b"\n")


def reply(request: Message, result: object) -> None:
    """Answer a request."""
    send({"id": request["id"], "result": result})


def fail(request: Message, code: object, text: object = "scripted", data: object = None) -> None:
    """Answer a request with an error."""
    send({"id": request["id"], "error": {"code": code, "message": text, "data": data}})


def notify(method: str, **params: object) -> None:
    """Announce something."""
    send({"method": method, "params": params, "emittedAtMs": 1})


def ask(request_id: object, method: str, **params: object) -> None:
    """Request something of the client."""
    send({"id": request_id, "method": method, "params": params})


def say(text: str) -> None:
    """Write a line to standard error."""
    os.write(2, text.encode() + b"\n")


def thread(thread_id: str = THREAD_ID) -> Message:
    """A thread as responses carry it."""
    return {
        "id": thread_id,
        "sessionId": thread_id,
        "preview": "",
        "ephemeral": False,
        "modelProvider": "mock",
        "model": "mock",
        "createdAt": 1,
        "updatedAt": 1,
        "status": {"type": "idle"},
        "path": None,
        "cwd": "/",
        "cliVersion": "0.163.0",
        "source": "vscode",
        "historyMode": "legacy",
        "projectId": None,
        "originator": "test",
        "canAcceptDirectInput": True,
        "name": None,
        "turns": [],
    }


def thread_response(**changes: object) -> Message:
    """The response to `thread/start`."""
    return {
        "thread": thread(),
        "model": "mock",
        "modelProvider": "mock",
        "cwd": "/",
        "approvalPolicy": "never",
        "approvalsReviewer": "user",
        "sandbox": {"type": "readOnly", "networkAccess": False},
        **changes,
    }


def turn(turn_id: str, status: object = "inProgress", **changes: object) -> Message:
    """A turn as responses and notifications carry it."""
    return {"id": turn_id, "items": [], "status": status, "error": None, **changes}


def started(turn_id: str) -> None:
    """Announce the start of a turn."""
    notify("turn/started", threadId=THREAD_ID, turn=turn(turn_id))


def delta(turn_id: str, text: str) -> None:
    """Announce a piece of a message."""
    notify("item/agentMessage/delta", threadId=THREAD_ID, turnId=turn_id, itemId="m", delta=text)


def item(turn_id: str, **item: object) -> None:
    """Announce a completed item."""
    notify("item/completed", threadId=THREAD_ID, turnId=turn_id, completedAtMs=1, item=item)


def message(turn_id: str, text: str, phase: object = None) -> None:
    """Announce a completed message of the model."""
    item(turn_id, type="agentMessage", id="m", text=text, phase=phase)


def completed(turn_id: str, status: object = "completed", **changes: object) -> None:
    """Announce the end of a turn."""
    notify("turn/completed", threadId=THREAD_ID, turn=turn(turn_id, status, **changes))


def new_turn(request: Message) -> str:
    """Answer `turn/start` with a new turn, and announce it."""
    turn_id = f"turn-{next(turn_numbers)}"
    reply(request, {"turn": turn(turn_id)})
    started(turn_id)
    return turn_id


def wait_forever() -> None:
    """Do nothing more, deaf to the end of input; the parent kills this process."""
    while os.getppid() != 1:
        time.sleep(0.2)


@on("initialize")
def _initialize(request: Message) -> None:
    reply(
        request,
        {
            "userAgent": "codex_python_sdk/0.163.0 (Test 1; x86_64) xterm (codex_python_sdk; 1)",
            "codexHome": "/",
            "platformFamily": "unix",
            "platformOs": "linux",
        },
    )


@on("thread/start")
def _thread_start(request: Message) -> None:
    reply(request, thread_response())


@on("model/list")
def _model_list(request: Message) -> None:
    reply(request, {"data": [], "nextCursor": None})


@on("turn/start")
def _turn_start(request: Message) -> None:
    turn_id = new_turn(request)
    delta(turn_id, "hello")
    message(turn_id, "hello")
    completed(turn_id)


@on("turn/interrupt")
def _turn_interrupt(request: Message) -> None:
    reply(request, {})
    completed(request["params"]["turnId"], "interrupted")


@on("*reply*")
def _reply(answer: Message) -> None:
    replies.append(answer)


def dispatch(received: Message) -> None:
    """Handle one message of the client."""
    method = received.get("method")
    handler = handlers.get("*reply*" if method is None else method)
    if handler is not None:
        handler(received)
    elif "id" in received:
        fail(received, -32600, f"Invalid request: unknown variant `{method}`")


def messages() -> Iterator[Message]:
    """Everything that the client sends, until it closes the pipe."""
    for line in sys.stdin.buffer:
        yield json.loads(line)


def main() -> None:
    """Run the snippet, then serve until the end of input."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    exec(compile(sys.argv[1], "<snippet>", "exec"), globals())
    for received in messages():
        dispatch(received)


if __name__ == "__main__":
    main()
