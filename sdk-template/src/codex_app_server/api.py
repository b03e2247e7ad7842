"""The clients that programs use: `Codex` for threads, `AsyncCodex` for event loops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._handles import AsyncTurnHandle, TurnHandle
from ._on_request import RequestHandling, says_its_name
from ._run import RunResult
from ._threads import AsyncThread, Thread
from ._wire import validate_initialize
from .client import AppServerClient
from .config import AppServerConfig
from .errors import TransportClosedError
from .generated.codex_methods import AsyncCodexMethods, CodexMethods

if TYPE_CHECKING:
    from .models import InitializeResponse

__all__ = [
    "AppServerConfig",
    "AsyncCodex",
    "AsyncThread",
    "AsyncTurnHandle",
    "Codex",
    "RunResult",
    "Thread",
    "TurnHandle",
]


@says_its_name
class Codex(CodexMethods, RequestHandling):
    """A running app server, started and introduced by the constructor.

    Use it as a context manager, or call `close`. Every method may be called from any thread.
    """

    _closed = False

    def __init__(self, config: AppServerConfig | None = None) -> None:
        """Start the server; whatever fails or interrupts that also ends it."""
        self._client = AppServerClient(config=config)
        try:
            self._client.start()
            self._init = self._validate_initialize(self._client.initialize())
        except BaseException:
            self._client.close()
            raise

    def __enter__(self) -> Codex:
        if self._closed:
            raise TransportClosedError("the client was closed")
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @staticmethod
    def _validate_initialize(payload: InitializeResponse) -> InitializeResponse:
        return validate_initialize(payload)

    @property
    def metadata(self) -> InitializeResponse:
        """What the server said about itself."""
        return self._init

    def close(self) -> None:
        """End the server; every call and stream then raises TransportClosedError."""
        self._closed = True
        self._client.close()


@says_its_name
class AsyncCodex(AsyncCodexMethods, RequestHandling):
    """An app server for the tasks of one event loop.

    It starts with `async with`, or with the first call that is awaited; the constructor does
    nothing. Using it from a second event loop raises RuntimeError.
    """

    def __init__(self, config: AppServerConfig | None = None) -> None:
        import asyncio  # both are loaded here, so that programs without event loops never do

        from .async_client import AsyncAppServerClient

        self._client = AsyncAppServerClient(config=config)
        self._init: InitializeResponse | None = None
        self._initialized = False
        self._closed = False
        self._starting = asyncio.Lock()

    async def __aenter__(self) -> AsyncCodex:
        if self._closed:
            # Entered again, it starts a new server, in whatever loop this is.
            import asyncio

            self._client._loop = None
            self._starting = asyncio.Lock()
            self._closed = self._initialized = False
        await self._ensure_initialized()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.close()

    @property
    def metadata(self) -> InitializeResponse:
        """What the server said about itself; RuntimeError unless it was started."""
        if self._init is None:
            raise RuntimeError(
                "AsyncCodex is not initialized: use `async with AsyncCodex()`, or await a call"
            )
        return self._init

    async def close(self) -> None:
        """End the server; every call and stream then raises TransportClosedError."""
        self._closed = True
        self._init = None
        await self._client.close()

    async def _ensure_initialized(self) -> None:
        self._client.bind_loop()
        if self._closed:
            raise TransportClosedError("the client was closed")
        if self._initialized:
            return
        async with self._starting:
            if self._initialized:
                return
            try:
                await self._client.start()
                self._init = validate_initialize(await self._client.initialize())
            except BaseException as error:
                if not isinstance(error, Exception):
                    # Whoever cancels wants to go on, and a server that starts has nothing to lose.
                    self._client.kill()
                await self._client.close()
                raise
            self._initialized = True
