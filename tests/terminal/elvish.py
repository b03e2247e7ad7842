"""Prints what elvish offers behind each of some lines, parted by NUL; on a terminal alone.

elvish.py RELKIT LINE...
"""

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time

LIMIT = 20.0


def main() -> None:
    relkit, lines = sys.argv[1], sys.argv[2:]
    with tempfile.TemporaryDirectory() as scratch:
        script, offered = (
            os.path.join(scratch, "script"),
            os.path.join(scratch, "offered"),
        )
        with open(script, "wb") as file:
            subprocess.run([relkit, "completions", "elvish"], stdout=file, check=True)
        child, terminal = pty.fork()
        if child == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
            os.environ.update(
                TERM="xterm",
                XDG_STATE_HOME=scratch,
                XDG_CONFIG_HOME=scratch,
                XDG_RUNTIME_DIR=scratch,
            )
            os.execvp("elvish", ["elvish", "-norc"])

        def until(done) -> None:
            begun = time.monotonic()
            while not done() and time.monotonic() - begun < LIMIT:
                if select.select([terminal], [], [], 0.1)[0]:
                    said = os.read(terminal, 1 << 16)
                    # It asks where the cursor is.
                    if b"\x1b[6n" in said:
                        os.write(terminal, b"\x1b[1;1R")

        begun = time.monotonic()
        until(lambda: time.monotonic() - begun > 1)
        os.write(terminal, f"eval (slurp < {script})\r".encode())
        answers = []
        for number, line in enumerate(lines):
            words = " ".join(f"'{word}'" for word in line.split(" "))
            one = f"{offered}-{number}"
            stem = "{|one| try { echo $one[stem] } catch fault { echo $one } }"
            call = f"$edit:completion:arg-completer[relkit] {words}"
            os.write(terminal, f"{call} | each {stem} > {one}; echo > {one}-done\r".encode())
            until(lambda one=one: os.path.exists(f"{one}-done"))
            with open(one, encoding="utf-8") as file:
                answers.append(file.read())
        # Its terminal goes, and so does it.
        os.close(terminal)
        os.waitpid(child, 0)
    print("\0".join(answers), end="")


main()
