"""The synchronous protocol client: how it starts and ends; what it does between is generated.

Models are imported where they are used; importing this module loads none.
"""

from __future__ import annotations

import os as os  # re-exported for code that asks which platform the resolver runs on
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ._binary import DEFAULT_RESOLVER, CodexBinResolverOps
from ._binary import resolve_codex_bin as _resolve_codex_bin
from ._names import RUNTIME_DISTRIBUTION
from ._on_request import says_its_name
from ._wire import decode_notification, params_dict
from .config import AppServerConfig, CodexConfig, ServerRequestHandler
from .generated.client_methods import ClientMethods

if TYPE_CHECKING:
    from .models import InitializeResponse, Notification

__all__ = [
    "RUNTIME_PKG_NAME",
    "AppServerClient",
    "AppServerConfig",
    "ApprovalHandler",
    "CodexBinResolverOps",
    "CodexClient",
    "CodexConfig",
    "resolve_codex_bin",
]

RUNTIME_PKG_NAME = RUNTIME_DISTRIBUTION
_params_dict = params_dict


def resolve_codex_bin(config: AppServerConfig, ops: CodexBinResolverOps = DEFAULT_RESOLVER) -> Path:
    """The executable that `config` leads to; FileNotFoundError where there is none."""
    return _resolve_codex_bin(config, ops)


@says_its_name
class AppServerClient(ClientMethods):
    """Speaks the app-server protocol for threads; safe to use from several of them.

    `start` and `initialize` come first. Every request has the deadline of the configuration.
    """

    def __enter__(self) -> AppServerClient:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def start(self) -> None:
        """Spawn the server unless it runs."""
        self._core.open()

    def close(self) -> None:
        """End the server and wake everyone who waits; safe to repeat."""
        self._core.shut()

    def initialize(self) -> InitializeResponse:
        """Introduce the client; the server accepts other calls only after this."""
        return self._core.introduce()

    def _coerce_notification(self, method: str, params: object) -> Notification:
        return decode_notification(method, params if isinstance(params, Mapping) else {})


# Other SDKs of the protocol have these names for the same things.
CodexClient = AppServerClient
ApprovalHandler = ServerRequestHandler
