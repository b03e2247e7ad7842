"""The models of what the server asks, and the types of their handlers."""

from __future__ import annotations

import inspect

from codex_app_server import _on_request, requests
from codex_app_server.generated.registry import SERVER_REQUESTS


def test_every_request_has_its_models_and_a_typed_handler() -> None:
    names = {name for entry in SERVER_REQUESTS.values() for name in entry[1:3]}
    assert requests.__all__ == sorted(names)
    assert all(getattr(requests, name).__name__ == name for name in names)
    source = "".join(inspect.getsource(_on_request).split()).replace(",]", "]")
    for method, (_, params, response, _) in SERVER_REQUESTS.items():
        assert f'method:Literal["{method}"],handler:Decides[{params},{response}]' in source
