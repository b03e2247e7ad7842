"""Models that no schema describes: the answer to `initialize`, and notifications as they arrive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeAlias, Union

from pydantic import BaseModel, ConfigDict

from ._json import JsonObject, JsonValue

if TYPE_CHECKING:
    from ._base import WireModel

__all__ = [
    "InitializeResponse",
    "JsonObject",
    "JsonValue",
    "Notification",
    "NotificationPayload",
    "ServerInfo",
    "UnknownNotification",
]


class ServerInfo(BaseModel):
    """The server's name and version."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow")

    name: str | None = None
    version: str | None = None


class InitializeResponse(BaseModel):
    """What the server says about itself; the attributes have the names of the wire."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow")

    serverInfo: ServerInfo | None = None
    userAgent: str | None = None
    platformFamily: str | None = None
    platformOs: str | None = None
    codexHome: str | None = None


@dataclass(slots=True)
class UnknownNotification:
    """Parameters that no model of this SDK fits, as they came."""

    params: JsonObject


NotificationPayload: TypeAlias = Union["WireModel", UnknownNotification]
"""The parameters of a notification; test with isinstance which they are."""


@dataclass(slots=True)
class Notification:
    """Something that the server announced: its method, and its parameters as a model."""

    method: str
    payload: NotificationPayload
