"""Messages on the wire: one JSON object a line, UTF-8, without a length limit."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from .errors import InvalidInputError


class LineSplitter:
    """Cuts a stream of chunks into lines; a line of any length costs time linear in it."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Every line that `chunk` completes, without its line end."""
        if b"\n" not in chunk:
            self._parts.append(chunk)
            return
        first, *rest = chunk.split(b"\n")
        self._parts.append(first)
        last = rest.pop()
        yield b"".join(self._parts)
        self._parts = [last] if last else []
        yield from rest

    def rest(self) -> bytes:
        """What follows the last line end."""
        return b"".join(self._parts)


def encode_message(message: Mapping[str, object]) -> bytes:
    """One line for `message`; InvalidInputError if it cannot be said in JSON and UTF-8.

    A lone surrogate has no UTF-8 form, and the server would drop the line without an answer.
    """
    try:
        text = json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode("utf-8") + b"\n"
    except UnicodeEncodeError as error:
        code = ord(error.object[error.start])
        raise InvalidInputError(
            f"`{message.get('method', 'response')}` cannot be sent: its text holds the lone "
            f"surrogate U+{code:04X}, which UTF-8 cannot carry"
        ) from None
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInputError(
            f"`{message.get('method', 'response')}` cannot be sent: {error}"
        ) from error


def decode_message(line: bytes) -> dict[str, object] | None:
    """The JSON object of a line, or None if it is not one. Bad UTF-8 is replaced, never fatal."""
    try:
        message = json.loads(line.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) else None
