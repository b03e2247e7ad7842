"""Start an async client, run one prompt, print the answer."""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _bootstrap import client_config, prepare, server_label

prepare()

from codex_app_server import AsyncCodex


async def main() -> None:
    async with AsyncCodex(config=client_config()) as codex:
        print("Server:", server_label(codex.metadata))

        thread = await codex.thread_start()
        result = await thread.run("Say hello in one sentence.")
        print("Status:", result.status)
        print("Text:", result.final_response)
        print("Items:", len(result.items))


asyncio.run(main())
