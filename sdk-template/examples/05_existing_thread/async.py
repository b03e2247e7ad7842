"""The same as sync.py, with asyncio."""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _bootstrap import client_config, prepare

prepare()

from codex_app_server import AsyncCodex


async def main() -> None:
    async with AsyncCodex(config=client_config()) as codex:
        thread = await codex.thread_start()
        first = await thread.run("Remember the number 42.")
        print("Created thread:", thread.id)
        print("First answer:", first.final_response)

        # A thread is known by its id; another process may go on with it later.
        resumed = await codex.thread_resume(thread.id)
        second = await resumed.run("Which number was it?")
        print("Resumed thread:", resumed.id)
        print("Second answer:", second.final_response)


asyncio.run(main())
