"""The same as sync.py, with asyncio."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _bootstrap import client_config, prepare

prepare()

from codex_app_server import AsyncCodex, InvalidRequestError
from codex_app_server.types import Notification, TurnCompletedNotification


async def finish(events: AsyncIterator[Notification]) -> str:
    """Follow a turn to its end; returns its final status."""
    async for event in events:
        if isinstance(event.payload, TurnCompletedNotification):
            return event.payload.turn.status.value
    return "unknown"


async def main() -> None:
    async with AsyncCodex(config=client_config()) as codex:
        thread = await codex.thread_start()
        turn = await thread.turn("Count slowly from 1 to 40, one number a line.")
        events = turn.stream()
        # The first event says that the turn has begun; from then on it takes controls.
        await anext(events)
        try:
            steered = await turn.steer("Stop at 10 and say why.")
            print("steer.result:", steered.turn_id)
        except InvalidRequestError as error:
            # A turn that is done already can no longer be steered.
            print("steer.result: not steered,", error.message)
        print("steer.final.status:", await finish(events))

        thread = await codex.thread_start()
        turn = await thread.turn("Count slowly from 1 to 400, one number a line.")
        events = turn.stream()
        await anext(events)
        try:
            await turn.interrupt()
            print("interrupt.result: sent")
        except InvalidRequestError as error:
            print("interrupt.result: not sent,", error.message)
        print("interrupt.final.status:", await finish(events))


asyncio.run(main())
