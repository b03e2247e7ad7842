"""The calls that 02_turn_run/async.py awaits, one for one, without asyncio."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _bootstrap import assistant_text, client_config, find_turn, prepare, server_label

prepare()

from codex_app_server import Codex, TextInput

with Codex(config=client_config()) as codex:
    print("Server:", server_label(codex.metadata))

    thread = codex.thread_start()
    turn = thread.turn(TextInput("Say hello in one sentence."))
    completed = turn.run()

    stored = thread.read(include_turns=True).thread
    print("Thread:", thread.id)
    print("Turn:", completed.id, completed.status.value)
    print("Text:", assistant_text(find_turn(stored.turns, completed.id)))
