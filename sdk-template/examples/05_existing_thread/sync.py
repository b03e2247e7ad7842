"""Go on with a thread that exists already."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _bootstrap import client_config, prepare

prepare()

from codex_app_server import Codex

with Codex(config=client_config()) as codex:
    thread = codex.thread_start()
    first = thread.run("Remember the number 42.")
    print("Created thread:", thread.id)
    print("First answer:", first.final_response)

    # A thread is known by its id; another process may go on with it later.
    resumed = codex.thread_resume(thread.id)
    second = resumed.run("Which number was it?")
    print("Resumed thread:", resumed.id)
    print("Second answer:", second.final_response)
