"""Start a turn, wait for it, and read what the thread keeps of it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _bootstrap import assistant_text, client_config, find_turn, prepare

prepare()

from codex_app_server import Codex, TextInput

with Codex(config=client_config()) as codex:
    thread = codex.thread_start()
    turn = thread.turn(TextInput("Give three short facts about SQLite."))
    completed = turn.run()

    print("thread_id:", thread.id)
    print("turn_id:", completed.id)
    print("status:", completed.status.value)
    if completed.error is not None:
        print("error:", completed.error.message)

    # The wire sends a completed turn without its items; the thread has them all.
    stored = thread.read(include_turns=True).thread
    persisted = find_turn(stored.turns, completed.id)
    print("persisted.items.count:", len(persisted.items) if persisted else 0)
    print("text:", assistant_text(persisted))
