"""The same as sync.py, with asyncio."""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _bootstrap import assistant_text, client_config, find_turn, prepare

prepare()

from codex_app_server import AsyncCodex, TextInput


async def main() -> None:
    async with AsyncCodex(config=client_config()) as codex:
        thread = await codex.thread_start()
        turn = await thread.turn(TextInput("Give three short facts about SQLite."))
        completed = await turn.run()

        print("thread_id:", thread.id)
        print("turn_id:", completed.id)
        print("status:", completed.status.value)
        if completed.error is not None:
            print("error:", completed.error.message)

        # The wire sends a completed turn without its items; the thread has them all.
        stored = (await thread.read(include_turns=True)).thread
        persisted = find_turn(stored.turns, completed.id)
        print("persisted.items.count:", len(persisted.items) if persisted else 0)
        print("text:", assistant_text(persisted))


asyncio.run(main())
