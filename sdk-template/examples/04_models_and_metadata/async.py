"""The same as sync.py, with asyncio."""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _bootstrap import client_config, prepare, server_label

prepare()

from codex_app_server import AsyncCodex


async def main() -> None:
    async with AsyncCodex(config=client_config()) as codex:
        print("server:", server_label(codex.metadata))
        print("metadata:", codex.metadata.userAgent)

        models = (await codex.models(include_hidden=True)).data
        print("models.count:", len(models))
        print("models:", ", ".join(model.id for model in models[:5]) or "[none]")


asyncio.run(main())
