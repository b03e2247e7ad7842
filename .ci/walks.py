"""Applies and runs the blocks of a document's walks, in order: see `.ci/walks`."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

BLOCK = re.compile(r"^```(diff|console|prints)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def apply(diff: str) -> None:
    """Change what the hunks name; their place is where the old lines stand, without line numbers."""
    path = Path()
    for part in re.split(r"^(?=@@$|--- )", diff, flags=re.MULTILINE):
        if header := re.match(r"--- a/(\S+)\n\+\+\+ b/\1\n", part):
            path = Path(header[1])
        elif part.startswith("@@\n"):
            lines = part.splitlines()[1:]
            old = "\n".join(line[1:] for line in lines if not line.startswith("+"))
            new = "\n".join(line[1:] for line in lines if not line.startswith("-"))
            text = path.read_text(encoding="utf-8")
            if text.count(old) != 1:
                sys.exit(f"{path}: these lines stand there {text.count(old)} times, not once:\n{old}")
            path.write_text(text.replace(old, new), encoding="utf-8")


def run(block: str) -> str:
    """What the commands of a block print."""
    commands = "\n".join(line[2:] for line in block.splitlines() if line.startswith("$ "))
    done = subprocess.run(
        ["bash", "-euc", commands], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=1500
    )
    if done.returncode != 0:
        sys.exit(f"{done.stdout}\n{commands}\nended with {done.returncode}")
    return done.stdout


def main() -> None:
    document = Path(sys.argv[1]).read_text(encoding="utf-8")
    printed = ""
    followed = 0
    for walk in re.split(r"^## ", document, flags=re.MULTILINE):
        if not walk.startswith("Add "):
            continue
        print(f"== {walk.splitlines()[0]}", flush=True)
        for kind, text in BLOCK.findall(walk):
            followed += 1
            if kind == "diff":
                apply(text)
            elif kind == "console":
                printed = run(text)
            elif missing := [line for line in text.splitlines() if line not in printed]:
                sys.exit(f"{printed}\nnot printed: {missing}")
    if not followed:
        sys.exit(f"{sys.argv[1]} has no walks")
    print(f"{followed} blocks followed")


if __name__ == "__main__":
    main()
