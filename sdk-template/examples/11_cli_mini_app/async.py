"""The same chat with asyncio; input is read by a thread so that the event loop stays free."""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _bootstrap import client_config, prepare

prepare()

from codex_app_server import AsyncCodex, AsyncThread
from codex_app_server.events import (
    AgentMessageDeltaNotification,
    ThreadTokenUsageUpdatedNotification,
    TurnCompletedNotification,
)


async def answer(thread: AsyncThread, prompt: str) -> None:
    """Stream the answer to one prompt."""
    print("assistant> ", end="", flush=True)
    usage = None
    turn = await thread.turn(prompt)
    async for event in turn.stream():
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


async def main() -> None:
    async with AsyncCodex(config=client_config()) as codex:
        thread = await codex.thread_start()
        print("Thread:", thread.id)
        print("Type a message, or /exit to leave.")
        while True:
            try:
                prompt = (await asyncio.to_thread(input, "you> ")).strip()
            except EOFError:
                break
            if prompt in {"/exit", "/quit"}:
                break
            if prompt:
                await answer(thread, prompt)
        print("Bye.")


asyncio.run(main())
