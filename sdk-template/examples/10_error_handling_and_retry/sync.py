"""Retry what is worth retrying, and tell apart the ways in which a call can fail."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _bootstrap import client_config, prepare

prepare()

from codex_app_server import (
    AppServerError,
    Codex,
    InvalidRequestError,
    JsonRpcError,
    ServerBusyError,
    TransportClosedError,
    retry_on_overload,
)

with Codex(config=client_config()) as codex:
    thread = codex.thread_start()
    try:
        result = retry_on_overload(
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
        codex.thread_resume("00000000-0000-0000-0000-000000000000")
    except InvalidRequestError as error:
        print("Expected error:", error.message)
