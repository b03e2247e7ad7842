"""One test's world (runtime, home, model server), and one way to drive both client families."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.home import CodexHome
from harness.model_server import ModelServer

if TYPE_CHECKING:
    from codex_app_server import AppServerConfig, AsyncCodex, Codex


@dataclass(frozen=True)
class World:
    """Everything one integration test needs."""

    runtime: Path
    home: CodexHome
    model: ModelServer
    workspace: Path

    def config(self, **settings: Any) -> AppServerConfig:
        """A client configuration for this world; `settings` are fields of AppServerConfig."""
        from codex_app_server import AppServerConfig

        env = {**self.home.environment, **settings.pop("env", {})}
        fields: dict[str, Any] = {"codex_bin": str(self.runtime), "cwd": str(self.workspace)}
        return AppServerConfig(**{**fields, **settings, "env": env})

    def codex(self, **settings: Any) -> Codex:
        """A started sync client; use as a context manager."""
        from codex_app_server import Codex

        return Codex(config=self.config(**settings))

    def async_codex(self, **settings: Any) -> AsyncCodex:
        """An async client, not yet started."""
        from codex_app_server import AsyncCodex

        return AsyncCodex(config=self.config(**settings))


@dataclass
class Twin:
    """Drives the sync and the async client by the same test.

    `wait` returns a sync result as it is and runs an awaitable to its end; `events` iterates both
    kinds of stream. What is particular to asyncio has tests of its own.
    """

    kind: str
    world: World
    loop: asyncio.AbstractEventLoop | None = field(default=None)

    @contextlib.contextmanager
    def codex(self, **settings: Any) -> Iterator[Any]:
        """A started client of this kind, closed in the end."""
        if self.kind == "sync":
            with self.world.codex(**settings) as client:
                yield client
            return
        client = self.world.async_codex(**settings)
        self.wait(client.__aenter__())
        try:
            yield client
        finally:
            self.wait(client.__aexit__(None, None, None))

    def wait(self, value: Any, timeout: float = 60.0) -> Any:
        """The value itself, or what an awaitable gives."""
        if self.loop is None or not hasattr(value, "__await__"):
            return value
        return self.loop.run_until_complete(asyncio.wait_for(value, timeout))

    def events(self, stream: Any) -> Iterator[Any]:
        """The notifications of a sync or async stream, one by one."""
        if self.loop is None:
            yield from stream
            return
        iterator: AsyncIterator[Any] = aiter_of(stream)
        while True:
            try:
                event = self.wait(iterator.__anext__())
            except StopAsyncIteration:
                return
            yield event

    def together(self, calls: Iterable[Any]) -> list[Any]:
        """The results of several awaitables at once, or of several sync results in order."""
        if self.loop is None:
            return list(calls)

        async def gather() -> list[Any]:
            return list(await asyncio.gather(*calls))

        return list(self.wait(gather()))


def aiter_of(stream: Any) -> AsyncIterator[Any]:
    """The iterator of an asynchronous stream (`aiter` came with Python 3.10 as a builtin)."""
    iterator: AsyncIterator[Any] = stream.__aiter__()
    return iterator
