"""Whether the model was ever reached, and what is said while it is not.

The runtime repeats failed requests by itself, some of them for ever, and tells so in notifications.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from .errors import visible

if TYPE_CHECKING:
    from ._turns import RawNotification

ERROR = "error"
_USAGE_UPDATED = "thread/tokenUsage/updated"
# Not every item is the model's work.
_NOT_THE_MODELS = frozenset({"userMessage", "hookPrompt"})
_COUNTED = re.compile(r"\b\d+\s*/\s*\d+\b")


class Reach:
    """What the notifications of a connection say about the model; the reader thread feeds it."""

    def __init__(self) -> None:
        self.reached = False
        """Whether the model has answered anything yet."""

    def hear(self, event: RawNotification) -> None:
        """Take note of a notification; a retry is told to whoever listens to the logger."""
        if event.method == ERROR:
            words = retry_in(event.params)
            if words is not None:
                warn("the request to the model failed and is repeated: %s", words)
        elif not self.reached and (event.method == _USAGE_UPDATED or _is_answer(event)):
            self.reached = True


def _is_answer(event: RawNotification) -> bool:
    if not event.method.startswith("item/"):
        return False
    item = event.params.get("item")
    return not isinstance(item, Mapping) or item.get("type") not in _NOT_THE_MODELS


def retry_in(params: Mapping[str, object]) -> str | None:
    """What an `error` notification says, if the runtime goes on to try."""
    error = params.get("error")
    if params.get("willRetry") is not True or not isinstance(error, Mapping):
        return None
    message, details = error.get("message"), error.get("additionalDetails")
    return visible(f"{message} ({details})" if details else str(message))


def is_endless(words: str) -> bool:
    """Whether a retry is one of no certain number: those that are counted end by themselves."""
    return _COUNTED.search(words) is None


def warn(message: str, *values: object) -> None:
    """Say something to the user: Python shows warnings of a logger that nobody has set up."""
    import logging

    logging.getLogger("codex_app_server").warning(message, *values)
