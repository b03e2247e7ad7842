"""The same as sync.py, with asyncio."""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _bootstrap import client_config, prepare

prepare()

from codex_app_server import AsyncCodex
from codex_app_server.events import AgentMessageDeltaNotification, TurnCompletedNotification


async def main() -> None:
    async with AsyncCodex(config=client_config()) as codex:
        thread = await codex.thread_start()
        turn = await thread.turn("Explain SIMD in three short sentences.")

        events = 0
        text_started = False
        status = "unknown"
        async for event in turn.stream():
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


asyncio.run(main())
