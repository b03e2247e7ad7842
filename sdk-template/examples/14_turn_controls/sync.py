"""Steer one running turn and interrupt another."""

import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _bootstrap import client_config, prepare

prepare()

from codex_app_server import Codex, InvalidRequestError
from codex_app_server.types import Notification, TurnCompletedNotification


def finish(events: Iterator[Notification]) -> str:
    """Follow a turn to its end; returns its final status."""
    for event in events:
        if isinstance(event.payload, TurnCompletedNotification):
            return event.payload.turn.status.value
    return "unknown"


with Codex(config=client_config()) as codex:
    turn = codex.thread_start().turn("Count slowly from 1 to 40, one number a line.")
    events = turn.stream()
    # The first event says that the turn has begun; from then on it takes controls.
    next(events)
    try:
        steered = turn.steer("Stop at 10 and say why.")
        print("steer.result:", steered.turn_id)
    except InvalidRequestError as error:
        # A turn that is done already can no longer be steered.
        print("steer.result: not steered,", error.message)
    print("steer.final.status:", finish(events))

    turn = codex.thread_start().turn("Count slowly from 1 to 400, one number a line.")
    events = turn.stream()
    next(events)
    try:
        turn.interrupt()
        print("interrupt.result: sent")
    except InvalidRequestError as error:
        print("interrupt.result: not sent,", error.message)
    print("interrupt.final.status:", finish(events))
