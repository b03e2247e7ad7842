"""How the app server is started and what the client tells it; deadlines and handlers."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias, Union

from ._json import JsonObject
from ._version import package_version

if TYPE_CHECKING:
    from ._base import WireModel

Answer: TypeAlias = Union[Mapping[str, object], "WireModel", None]
"""What a handler gives for a server request: the result object, or None to refuse."""

ServerRequestHandler: TypeAlias = Callable[[str, JsonObject], Answer | Awaitable[Answer]]
"""Called with the method and the parameters of a request that the server makes."""


@dataclass(slots=True)
class AppServerConfig:
    """How to start the app server, what to tell it, and how long to wait for it.

    Durations are seconds; None means without limit.
    """

    codex_bin: str | os.PathLike[str] | None = None
    """The executable to start; without it the installed runtime package's."""
    launch_args_override: tuple[str, ...] | None = None
    """A whole command line to start instead of the executable with its arguments."""
    config_overrides: tuple[str, ...] = ()
    """`key=value` settings, handed over in this order as `--config` arguments."""
    cwd: str | os.PathLike[str] | None = None
    """The server's working directory."""
    env: Mapping[str, str | None] | None = field(default=None, repr=False)
    """Environment variables of the server, besides this process's; None takes one away."""
    client_name: str = "codex_python_sdk"
    """The name that the server learns; it shows up in the user agent."""
    client_title: str = "Codex Python SDK"
    """The readable name that the server learns."""
    client_version: str = package_version()
    """The version that the server learns; by default this package's."""
    experimental_api: bool = True
    """Whether the server offers experimental fields and methods on this connection."""

    api_key: str | None = field(default=None, kw_only=True, repr=False)
    """An API key for this connection alone: it goes before any stored sign-in and is not stored."""
    base_url: str | None = field(default=None, kw_only=True)
    """Where the provider `openai` is reached, instead of its own address."""
    inherit_env: bool = field(default=True, kw_only=True)
    """Whether the server gets this process's environment; without it, only what `env` says."""
    startup_timeout_s: float | None = field(default=30.0, kw_only=True)
    """How long the server may take to answer `initialize`; then it is ended."""
    request_timeout_s: float | None = field(default=60.0, kw_only=True)
    """How long one request may take; RequestTimeoutError after that."""
    turn_timeout_s: float | None = field(default=None, kw_only=True)
    """How long `run` or a stream may last; the turn is then interrupted. No limit by default."""
    connect_timeout_s: float | None = field(default=20.0, kw_only=True)
    """How long `run` waits for a model that this client never reached, when the runtime waits for a
    network; ModelUnreachableError after that. Once the model has answered, it has no effect."""
    close_timeout_s: float = field(default=5.0, kw_only=True)
    """How long `close` may take in all before the server is killed."""
    server_request_handler: ServerRequestHandler | None = field(default=None, kw_only=True)
    """Decides about requests of the server, such as approvals. It gets the method and the
    parameters and gives the result object (or None to refuse); it may be a coroutine function.
    Without one every request is refused."""

    if not TYPE_CHECKING:

        @classmethod
        def __get_pydantic_core_schema__(cls, source: object, handler: Callable) -> object:
            # A field of a program's own model: its annotations are read now, and only now.
            from ._base import WireModel
            from ._json import JsonValue

            globals().update(WireModel=WireModel, JsonValue=JsonValue)
            return handler(source)


# Another SDK of the protocol has this name for the same thing.
CodexConfig = AppServerConfig
