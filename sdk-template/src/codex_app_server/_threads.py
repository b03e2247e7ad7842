"""Threads: conversations on the server, on which turns run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ._on_request import RequestHandling, says_its_name
from .generated.thread_methods import AsyncThreadMethods, ThreadMethods

if TYPE_CHECKING:
    from ._on_request import Handlers
    from ._streams import AsyncOwner, Owner
    from .client import AppServerClient


@says_its_name
@dataclass(slots=True)
class Thread(ThreadMethods, RequestHandling):
    """A conversation: `run` a turn and take its result, or start a `turn` and follow it."""

    _client: AppServerClient
    id: str

    if TYPE_CHECKING:

        def __init__(self, _client: AppServerClient | Owner, id: str) -> None: ...

    def __post_init__(self) -> None:
        # `Codex` is what programs have, and this is of the client that it started.
        self._client = getattr(self._client, "_client", self._client)

    def _handlers(self) -> tuple[Handlers, str | None]:
        return self._client._core.handlers, self.id


@says_its_name
@dataclass(slots=True)
class AsyncThread(AsyncThreadMethods, RequestHandling):
    """A conversation: `run` a turn and take its result, or start a `turn` and follow it."""

    _codex: AsyncOwner
    id: str

    def _handlers(self) -> tuple[Handlers, str | None]:
        return self._codex._client._core.handlers, self.id
