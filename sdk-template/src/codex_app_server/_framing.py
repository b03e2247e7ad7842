"""Messages on the wire: one JSON object a line, UTF-8, without a length limit."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .errors import InvalidInputError

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")
_SURROGATE = re.compile("[\ud800-\udfff]")


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
        message = json.loads(line.removeprefix(_BYTE_ORDER_MARK).decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict):
        return None
    if b"\\u" not in line or not _SURROGATE_ESCAPE.search(line):
        return message
    cleaned: dict[str, object] = _without_lone_surrogates(message)
    return cleaned


def _without_lone_surrogates(value: Any) -> Any:
    # An escape of half a character is legal JSON, but a string with it cannot be printed or sent.
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_without_lone_surrogates(part) for part in value]
    if isinstance(value, dict):
        return {
            _without_lone_surrogates(key): _without_lone_surrogates(part)
            for key, part in value.items()
        }
    return value
