"""Prints what zsh offers behind each of some lines, parted by NUL.

zsh.py RELKIT LINE...
"""

import fcntl
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import time

#: A shell that has printed nothing for so long has printed it all.
QUIET = 0.7
LIMIT = 20.0
SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\r\x07]")
START = """PS1='> '; LISTMAX=0; unsetopt BEEP LIST_AMBIGUOUS MENU_COMPLETE AUTO_MENU
fpath=(FUNCTIONS $fpath); autoload -U compinit; compinit -u -D; echo re''ady
"""


def main() -> None:
    relkit, lines = sys.argv[1], sys.argv[2:]
    functions = tempfile.mkdtemp()
    with open(os.path.join(functions, "_relkit"), "wb") as script:
        subprocess.run([relkit, "completions", "zsh"], stdout=script, check=True)
    child, terminal = pty.fork()
    if child == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 400, 200, 0, 0))
        os.environ["TERM"] = "dumb"
        os.execvp("zsh", ["zsh", "-f", "-i"])

    def said(until: str = "") -> str:
        heard, begun = b"", time.monotonic()
        while time.monotonic() - begun < LIMIT:
            ready, _, _ = select.select([terminal], [], [], QUIET)
            if ready:
                heard += os.read(terminal, 1 << 16)
            elif until.encode() in heard:
                break
        return SEQUENCE.sub("", heard.decode("utf-8", "replace"))

    os.write(terminal, START.replace("FUNCTIONS", functions).encode())
    said("ready")
    offered = []
    for line in lines:
        # The first key completes what is common to all, the second lists them.
        os.write(terminal, line.encode() + b"\t\t")
        offered.append(said().replace(line, "", 1))
        os.write(terminal, b"\x03")
        said()
    os.write(terminal, b"exit\n")
    shutil.rmtree(functions)
    print("\0".join(offered), end="")


main()
