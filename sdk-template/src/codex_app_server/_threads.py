"""Threads: conversations on the server, on which turns run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ._on_request import RequestHandling
from .generated.thread_methods import AsyncThreadMethods, ThreadMethods

if TYPE_CHECKING:
    from ._on_request import Handlers
    from ._streams import AsyncOwner
    from .client import AppServerClient
    from .generated.v2_all import ThreadGoalSetResponse


@dataclass
class Thread(ThreadMethods, RequestHandling):
    """A conversation: `run` a turn and take its result, or start a `turn` and follow it."""

    _client: AppServerClient
    id: str

    def _handlers(self) -> tuple[Handlers, str | None]:
        return self._client._core.handlers, self.id

    def pause_goal(self) -> ThreadGoalSetResponse:
        """Let the goal rest: the runtime starts no further turn towards it."""
        return self.set_goal(status="paused")

    def resume_goal(self) -> ThreadGoalSetResponse:
        """Go on with a goal that rests."""
        return self.set_goal(status="active")


@dataclass
class AsyncThread(AsyncThreadMethods, RequestHandling):
    """A conversation: `run` a turn and take its result, or start a `turn` and follow it."""

    _codex: AsyncOwner
    id: str

    def _handlers(self) -> tuple[Handlers, str | None]:
        return self._codex._client._core.handlers, self.id

    async def pause_goal(self) -> ThreadGoalSetResponse:
        """Let the goal rest: the runtime starts no further turn towards it."""
        return await self.set_goal(status="paused")

    async def resume_goal(self) -> ThreadGoalSetResponse:
        """Go on with a goal that rests."""
        return await self.set_goal(status="active")
