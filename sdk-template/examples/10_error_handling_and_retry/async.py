"""The same as sync.py, with asyncio: `retry_on_overload` awaits what its function gives."""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _bootstrap import client_config, prepare

prepare()

from codex_app_server import (
    AppServerError,
    AsyncCodex,
    InvalidRequestError,
    JsonRpcError,
    ServerBusyError,
    TransportClosedError,
    retry_on_overload,
)


async def main() -> None:
    async with AsyncCodex(config=client_config()) as codex:
        thread = await codex.thread_start()
        try:
            result = await retry_on_overload(
                lambda: thread.run("Summarise retry best practice in three bullets."),
                max_attempts=3,
                initial_delay_s=0.25,
                max_delay_s=2.0,
            )
        except ServerBusyError as error:
            print("Still busy after three attempts:", error)
        except TransportClosedError as error:
            print("The app server has ended:", error)
        except JsonRpcError as error:
            print("The app server refused:", error.code, error.message)
        except AppServerError as error:
            print("The turn failed:", error)
        else:
            print("Text:", result.final_response)

        try:
            await codex.thread_resume("00000000-0000-0000-0000-000000000000")
        except InvalidRequestError as error:
            print("Expected error:", error.message)


asyncio.run(main())
