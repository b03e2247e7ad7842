"""The same as sync.py, with asyncio."""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _bootstrap import client_config, prepare

prepare()

from codex_app_server import AsyncCodex
from codex_app_server.events import (
    AgentMessageDeltaNotification,
    ThreadTokenUsageUpdatedNotification,
    TurnCompletedNotification,
)
from codex_app_server.types import JsonObject

SCHEMA: JsonObject = {
    "type": "object",
    "properties": {
        "summary": {"type": "string"},
        "actions": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["summary", "actions"],
    "additionalProperties": False,
}


async def main() -> None:
    async with AsyncCodex(config=client_config()) as codex:
        thread = await codex.thread_start(
            approval_policy="never",
            developer_instructions="Answer in plain English.",
            sandbox="read-only",
        )
        turn = await thread.turn(
            "Propose a safe way to roll out a feature flag, as JSON.",
            approval_policy="never",
            cwd=str(Path.cwd()),
            effort="medium",
            output_schema=SCHEMA,
            personality="pragmatic",
            summary="concise",
        )

        usage = None
        pieces: list[str] = []
        status = "unknown"
        async for event in turn.stream():
            payload = event.payload
            if isinstance(payload, AgentMessageDeltaNotification):
                pieces.append(payload.delta)
            elif isinstance(payload, ThreadTokenUsageUpdatedNotification):
                usage = payload.token_usage
            elif isinstance(payload, TurnCompletedNotification):
                status = payload.turn.status.value

        print("Status:", status)
        print("Text:", "".join(pieces) or "[not streamed]")
        print("Usage:", usage.total.total_tokens if usage else 0, "tokens")


asyncio.run(main())
