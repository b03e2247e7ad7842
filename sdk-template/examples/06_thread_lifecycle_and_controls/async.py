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
        await thread.run("One sentence about structured planning.")
        await thread.set_name("lifecycle example")

        stored = (await thread.read(include_turns=True)).thread
        listed = await codex.thread_list(limit=20)
        print("named:", stored.name, "turns:", len(stored.turns), "listed:", len(listed.data))

        fork = await codex.thread_fork(thread.id)
        forked = await fork.run("And one sentence about rehearsal.")
        print("fork:", fork.id, "answer:", forked.final_response)

        await thread.compact()

        await codex.thread_archive(fork.id)
        archived = await codex.thread_list(archived=True, limit=20)
        unarchived = await codex.thread_unarchive(fork.id)
        print("archived:", len(archived.data), "unarchived:", unarchived.id)

        resumed = await codex.thread_resume(fork.id)
        last = await resumed.run("Goodbye in one word.")
        print("resumed:", resumed.id, "answer:", last.final_response)
        print("Lifecycle OK:", thread.id, fork.id)


asyncio.run(main())
