"""Threads: conversations on the server, on which turns run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ._handles import AsyncTurnHandle, TurnHandle
from ._run import RunResult
from ._wire import build_params
from .generated.methods import AsyncThreadMethods, ThreadMethods
from .inputs import Input, to_wire_input

if TYPE_CHECKING:
    from .api import AsyncCodex
    from .client import AppServerClient
    from .generated.core import TurnStartParams
    from .types import ThreadCompactStartResponse, ThreadReadResponse, ThreadSetNameResponse


def _turn_params(thread_id: str, fields: Mapping[str, object]) -> TurnStartParams:
    from .generated.core import TurnStartParams

    # The input travels beside the parameters: it is in wire form already, and may be large.
    return build_params(TurnStartParams, {**fields, "thread_id": thread_id, "input": []})


@dataclass
class Thread(ThreadMethods):
    """A conversation: `run` a turn and take its result, or start a `turn` and follow it."""

    _client: AppServerClient
    id: str

    def read(self, *, include_turns: bool = False) -> ThreadReadResponse:
        """The thread as the server stores it, with its turns if asked."""
        return self._client.thread_read(self.id, include_turns=include_turns)

    def set_name(self, name: str) -> ThreadSetNameResponse:
        """Give the thread a name."""
        return self._client.thread_set_name(self.id, name)

    def compact(self) -> ThreadCompactStartResponse:
        """Have the model shorten the thread's history; returns when that has begun."""
        return self._client.thread_compact(self.id)

    def _turn(self, input: Input | str, fields: Mapping[str, object]) -> TurnHandle:
        items = to_wire_input(input)
        params = _turn_params(self.id, fields)
        turn_id = self._client.turn_start(self.id, items, params=params).turn.id
        box = self._client._core.router.claim(turn_id)
        return TurnHandle(self._client, self.id, turn_id, box)

    def _run(self, input: Input | str, fields: Mapping[str, object]) -> RunResult:
        return self._turn(input, fields)._record().result()


@dataclass
class AsyncThread(AsyncThreadMethods):
    """A conversation: `run` a turn and take its result, or start a `turn` and follow it."""

    _codex: AsyncCodex
    id: str

    async def read(self, *, include_turns: bool = False) -> ThreadReadResponse:
        """The thread as the server stores it, with its turns if asked."""
        await self._codex._ensure_initialized()
        return await self._codex._client.thread_read(self.id, include_turns=include_turns)

    async def set_name(self, name: str) -> ThreadSetNameResponse:
        """Give the thread a name."""
        await self._codex._ensure_initialized()
        return await self._codex._client.thread_set_name(self.id, name)

    async def compact(self) -> ThreadCompactStartResponse:
        """Have the model shorten the thread's history; returns when that has begun."""
        await self._codex._ensure_initialized()
        return await self._codex._client.thread_compact(self.id)

    async def _turn(self, input: Input | str, fields: Mapping[str, object]) -> AsyncTurnHandle:
        items = to_wire_input(input)
        await self._codex._ensure_initialized()
        params = _turn_params(self.id, fields)
        client = self._codex._client
        turn_id = (await client.turn_start(self.id, items, params=params)).turn.id
        return AsyncTurnHandle(self._codex, self.id, turn_id, client._core.router.claim(turn_id))

    async def _run(self, input: Input | str, fields: Mapping[str, object]) -> RunResult:
        return (await (await self._turn(input, fields))._record()).result()
