"""Threads: conversations on the server, on which turns run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .generated.thread_methods import AsyncThreadMethods, ThreadMethods

if TYPE_CHECKING:
    from ._streams import AsyncOwner
    from .client import AppServerClient


@dataclass
class Thread(ThreadMethods):
    """A conversation: `run` a turn and take its result, or start a `turn` and follow it."""

    _client: AppServerClient
    id: str


@dataclass
class AsyncThread(AsyncThreadMethods):
    """A conversation: `run` a turn and take its result, or start a `turn` and follow it."""

    _codex: AsyncOwner
    id: str
