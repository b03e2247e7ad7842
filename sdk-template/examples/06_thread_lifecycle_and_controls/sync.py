"""Name, read, list, fork, compact, archive, unarchive and resume threads."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _bootstrap import client_config, prepare

prepare()

from codex_app_server import Codex

with Codex(config=client_config()) as codex:
    thread = codex.thread_start()
    thread.run("One sentence about structured planning.")
    thread.set_name("lifecycle example")

    stored = thread.read(include_turns=True).thread
    listed = codex.thread_list(limit=20)
    print("named:", stored.name, "turns:", len(stored.turns), "listed:", len(listed.data))

    fork = codex.thread_fork(thread.id)
    forked = fork.run("And one sentence about rehearsal.")
    print("fork:", fork.id, "answer:", forked.final_response)

    thread.compact()

    codex.thread_archive(fork.id)
    archived = codex.thread_list(archived=True, limit=20)
    unarchived = codex.thread_unarchive(fork.id)
    print("archived:", len(archived.data), "unarchived:", unarchived.id)

    resumed = codex.thread_resume(fork.id)
    last = resumed.run("Goodbye in one word.")
    print("resumed:", resumed.id, "answer:", last.final_response)
    print("Lifecycle OK:", thread.id, fork.id)
