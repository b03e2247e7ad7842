"""The models of what the server asks, and the types of their handlers."""

from __future__ import annotations

import enum
import inspect
from typing import get_args

from pydantic import BaseModel

from codex_app_server import _on_request, requests
from codex_app_server.generated import requests as generated
from codex_app_server.generated.registry import SERVER_REQUESTS


def reach(annotation: object, reached: set[str]) -> None:
    """The classes of the protocol that an annotation names, and those that their fields name."""
    if isinstance(annotation, type) and issubclass(annotation, (BaseModel, enum.Enum)):
        if annotation.__name__ in reached:
            return
        reached.add(annotation.__name__)
        for field in getattr(annotation, "model_fields", {}).values():
            reach(field.annotation, reached)
    for part in get_args(annotation):
        reach(part, reached)


def test_every_request_has_its_models_and_a_typed_handler() -> None:
    names = {name for entry in SERVER_REQUESTS.values() for name in entry[1:3]}
    reached: set[str] = set()
    for name in names:
        reach(getattr(generated, name), reached)
    assert requests.__all__ == sorted(reached)
    assert all(getattr(requests, name).__name__ == name for name in reached)
    source = "".join(inspect.getsource(_on_request).split()).replace(",]", "]")
    for method, (_, params, response, _) in SERVER_REQUESTS.items():
        assert f'method:Literal["{method}"],handler:Decides[{params},{response}]' in source
