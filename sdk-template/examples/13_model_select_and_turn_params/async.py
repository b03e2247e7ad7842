"""The same as sync.py, with asyncio."""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _bootstrap import client_config, prepare

prepare()

from codex_app_server import AsyncCodex
from codex_app_server.types import Personality, SandboxPolicy


async def main() -> None:
    async with AsyncCodex(config=client_config()) as codex:
        models = (await codex.models()).data
        default = next((model for model in models if model.is_default), models[0])
        efforts = [option.reasoning_effort for option in default.supported_reasoning_efforts]
        effort = efforts[-1] if efforts else default.default_reasoning_effort
        print("selected.model:", default.model)
        print("selected.effort:", effort.value)

        thread = await codex.thread_start(model=default.model)
        first = await thread.run("What is a good name for a sailing boat?", effort=effort)
        print("agent.message:", first.final_response)
        print("items:", len(first.items))

        second = await thread.run(
            "And for a rowing boat?",
            effort=effort,
            personality=Personality.friendly,
            sandbox_policy=SandboxPolicy.model_validate({"type": "readOnly"}),
            summary="auto",
        )
        print("agent.message.params:", second.final_response)
        print("items.params:", len(second.items))


asyncio.run(main())
