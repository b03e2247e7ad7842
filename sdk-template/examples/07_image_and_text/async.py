"""The same as sync.py, with asyncio."""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _bootstrap import client_config, prepare, sample_image_url

prepare()

from codex_app_server import AsyncCodex, ImageInput, TextInput


async def main() -> None:
    async with AsyncCodex(config=client_config()) as codex:
        thread = await codex.thread_start()
        result = await thread.run(
            [
                TextInput("Which two colours does this image have?"),
                ImageInput(sample_image_url()),
            ]
        )
        print("Status:", result.status)
        print("Text:", result.final_response)


asyncio.run(main())
