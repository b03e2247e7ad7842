"""Runs a command in a terminal of its own; prints what its screen shows in the end, or its bytes.

    screen.py COLUMNS (screen | bytes) WAIT_FOR COMMAND...

Where WAIT_FOR is not empty, Ctrl-C is typed as soon as the terminal has been sent it, or so long
after the start as `seconds:0.2` says.
The last line is `exit CODE`.
"""

import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
import time

ROWS = 200
SEQUENCE = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])")


def screen(text: str, columns: int) -> list[str]:
    """The lines of a terminal that was sent `text`, wide characters not considered."""
    lines: list[list[str]] = [[]]
    row = column = at = 0
    while at < len(text):
        sequence = SEQUENCE.match(text, at)
        if sequence:
            at = sequence.end()
            count, kind = sequence.groups()
            number = int(count) if count.isdigit() else 0
            if kind == "A":
                row = max(0, row - max(1, number))
            elif kind == "B":
                row += max(1, number)
            elif kind == "K":
                begin = 0 if number else column
                lines[row][begin:] = []
                if number == 2:
                    lines[row] = []
            elif kind == "J":
                lines[row][column:] = []
                del lines[row + 1 :]
            elif kind == "G":
                column = max(0, number - 1)
        else:
            letter = text[at]
            at += 1
            if letter == "\r":
                column = 0
            elif letter == "\n":
                row += 1
            else:
                if column == columns:
                    row, column = row + 1, 0
                while len(lines) <= row:
                    lines.append([])
                line = lines[row]
                line.extend(" " * (column + 1 - len(line)))
                line[column] = letter
                column += 1
        while len(lines) <= row:
            lines.append([])
    return ["".join(line).rstrip() for line in lines]


def main() -> None:
    columns, form, wait_for = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    child, terminal = pty.fork()
    if child == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, columns, 0, 0))
        os.execvp(sys.argv[4], sys.argv[4:])
    sent, begun, is_typed = b"", time.monotonic(), not wait_for
    moment = float(wait_for.split(":")[1]) if wait_for.startswith("seconds:") else None
    while True:
        ready, _, _ = select.select([terminal], [], [], 0.02)
        if ready:
            try:
                part = os.read(terminal, 1 << 16)
            except OSError:
                part = b""
            if not part:
                break
            sent += part
        is_due = (
            time.monotonic() - begun > moment if moment is not None else wait_for.encode() in sent
        )
        if not is_typed and is_due:
            os.write(terminal, b"\x03")
            is_typed = True
    _, status = os.waitpid(child, 0)
    text = sent.decode("utf-8", "replace")
    print(
        "\n".join(screen(text, columns))
        if form == "screen"
        else text.replace("\x1b", "␛").replace("\r\n", "\n")
    )
    print("exit", os.waitstatus_to_exitcode(status))


main()
