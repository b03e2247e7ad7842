"""Follow a turn event by event, and print the text while it is written."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _bootstrap import client_config, prepare

prepare()

from codex_app_server import Codex
from codex_app_server.events import AgentMessageDeltaNotification, TurnCompletedNotification

with Codex(config=client_config()) as codex:
    thread = codex.thread_start()
    turn = thread.turn("Explain SIMD in three short sentences.")

    events = 0
    text_started = False
    status = "unknown"
    for event in turn.stream():
        events += 1
        if isinstance(event.payload, AgentMessageDeltaNotification):
            if not text_started:
                print("assistant> ", end="")
                text_started = True
            print(event.payload.delta, end="", flush=True)
        elif isinstance(event.payload, TurnCompletedNotification):
            status = event.payload.turn.status.value
    print() if text_started else print("assistant> (no text was streamed)")

    print("stream.events:", events)
    print("stream.completed:", status)
