"""Applies and runs the blocks of a document's walks, in order: see `.ci/walks`."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

BLOCK = re.compile(r"^```(diff|console|prints)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def main() -> int:
    document = Path(sys.argv[1]).read_text(encoding="utf-8")
    printed = ""
    count = 0
    for walk in document.split("\n## ")[1:]:
        title = walk.split("\n", 1)[0]
        if not title.startswith("Add "):
            continue
        print(f"== {title}", flush=True)
        for kind, text in BLOCK.findall(walk):
            count += 1
            if kind == "diff":
                subprocess.run(["patch", "-p1", "--forward"], input=text, text=True, check=True)
            elif kind == "console":
                commands = [line[2:] for line in text.splitlines() if line.startswith("$ ")]
                done = subprocess.run(
                    ["bash", "-euc", "\n".join(commands)],
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    timeout=1500,
                )
                printed = done.stdout
                if done.returncode != 0:
                    print(printed)
                    print(f"`{commands}` ended with {done.returncode}")
                    return 1
            elif missing := [line for line in text.splitlines() if line not in printed]:
                print(printed)
                print(f"not printed: {missing}")
                return 1
    print(f"{count} blocks followed")
    return 0 if count else 1


if __name__ == "__main__":
    sys.exit(main())
