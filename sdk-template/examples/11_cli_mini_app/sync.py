"""A chat on the command line: one thread, streamed answers, token counts; /exit ends it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _bootstrap import client_config, prepare

prepare()

from codex_app_server import Codex, Thread
from codex_app_server.events import (
    AgentMessageDeltaNotification,
    ThreadTokenUsageUpdatedNotification,
    TurnCompletedNotification,
)


def answer(thread: Thread, prompt: str) -> None:
    """Stream the answer to one prompt."""
    print("assistant> ", end="", flush=True)
    usage = None
    for event in thread.turn(prompt).stream():
        payload = event.payload
        if isinstance(payload, AgentMessageDeltaNotification):
            print(payload.delta, end="", flush=True)
        elif isinstance(payload, ThreadTokenUsageUpdatedNotification):
            usage = payload.token_usage
        elif isinstance(payload, TurnCompletedNotification):
            print()
            print("assistant.status>", payload.turn.status.value)
            if payload.turn.error is not None:
                print("assistant.error>", payload.turn.error.message)
    if usage is not None:
        print("usage>", usage.last.total_tokens, "tokens,", usage.total.total_tokens, "in all")


with Codex(config=client_config()) as codex:
    thread = codex.thread_start()
    print("Thread:", thread.id)
    print("Type a message, or /exit to leave.")
    while True:
        try:
            prompt = input("you> ").strip()
        except (EOFError, KeyboardInterrupt):
            break
        if prompt in {"/exit", "/quit"}:
            break
        if prompt:
            answer(thread, prompt)
    print("Bye.")
