"""Between Python values and the wire: parameters out, responses and notifications in.

Models are imported when they are first needed; importing this module loads none.
"""

from __future__ import annotations

import functools
import importlib
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar, cast

from ._json import JsonObject
from .errors import InvalidInputError, InvalidResponseError, MissingMetadataError

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

    from ._base import ParamsModel, WireModel
    from .inputs import Input, RunInput, WireInput
    from .models import InitializeResponse, Notification, UnknownNotification

ModelT = TypeVar("ModelT", bound="BaseModel")
ParamsT = TypeVar("ParamsT", bound="ParamsModel")

_SHOWN_PROBLEMS = 5


def params_dict(params: BaseModel | Mapping[str, object] | None) -> JsonObject:
    """The `params` member for a model, a mapping or nothing; the server wants an object always."""
    if params is None:
        return {}
    from ._base import wire

    return cast("JsonObject", wire(params))


def build_params(kind: type[ParamsT], /, **fields: object) -> ParamsT:
    """The parameters of a call from the arguments that were given, those that are not None.

    Raises InvalidInputError if they do not fit.
    """
    from pydantic import ValidationError

    from .presets import to_fields

    given = {name: _plain(value) for name, value in to_fields(fields).items() if value is not None}
    try:
        return kind(**given)
    except ValidationError as error:
        # What is missing is told by its name on the wire, which no caller has written.
        names = {field.alias: name for name, field in kind.model_fields.items() if field.alias}
        raise InvalidInputError(f"invalid arguments: {problems(error, names)}") from error


def _plain(value: object) -> object:
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray)):
        return [_plain(part) for part in value]
    return value


# A text, the most frequent input by far, does without the types of the others.


def wire_input(given: WireInput) -> list[JsonObject]:
    """Input items in wire form; those that are already pass through."""
    if isinstance(given, str):
        return [{"type": "text", "text": given}]
    from .inputs import wire_input

    return wire_input(given)


def user_input(given: Input | str) -> list[JsonObject]:
    """The input items as the protocol spells them; TypeError for anything else."""
    if isinstance(given, str):
        return [{"type": "text", "text": given}]
    from .inputs import to_wire_input

    return to_wire_input(given)


def turn_input(given: RunInput) -> tuple[list[JsonObject], dict[str, object] | None]:
    """The input items of a turn, and the output of a tool in place of them."""
    if isinstance(given, str):
        return [{"type": "text", "text": given}], None
    from .inputs import to_turn_input

    return to_turn_input(given)


def check_model(name: str, model: object) -> None:
    """InvalidInputError, before anything is sent, unless an argument can read an answer."""
    if not (isinstance(model, type) and callable(getattr(model, "model_validate", None))):
        raise InvalidInputError(f"`{name}` must be a pydantic model, a class, not {model!r:.100}")


def decode_response(method: str, result: object, model: type[ModelT]) -> ModelT:
    """The response of `method` as its model; InvalidResponseError if it is something else."""
    from pydantic import ValidationError

    try:
        return _validate(model, result)
    except ValidationError as error:
        kind = "null" if result is None else f"an unexpected {type(result).__name__}"
        raise InvalidResponseError(
            f"the server answered `{method}` with {kind} that is no {model.__name__}: "
            f"{problems(error)}"
        ) from error


def _validate(model: type[ModelT], value: object) -> ModelT:
    """`value` as the model; a key that may be null may also be missing, for other runtimes' sake.

    A schema requires many keys whose value is most often null, and versions differ in them.
    """
    from pydantic import ValidationError

    try:
        return model.model_validate(value)
    except ValidationError as error:
        missing = [p["loc"] for p in error.errors(include_url=False) if p["type"] == "missing"]
        if not missing or len(missing) < error.error_count():
            raise
        filled = value
        for path in missing:
            filled = _with_null(filled, path)
        try:
            return model.model_validate(filled)
        except ValidationError:
            raise error from None


def _with_null(value: object, path: tuple[int | str, ...]) -> object:
    if not path:
        return value
    key, *rest = path
    if isinstance(value, dict):
        return {**value, key: _with_null(value.get(key), tuple(rest))}
    if isinstance(value, list) and isinstance(key, int) and key < len(value):
        return [*value[:key], _with_null(value[key], tuple(rest)), *value[key + 1 :]]
    return value


def problems(error: ValidationError, names: Mapping[str, str] | None = None) -> str:
    """What is wrong, each with its place; `names` are those of top-level keys that differ."""
    found = error.errors(include_url=False, include_context=False)
    shown = []
    for problem in found[:_SHOWN_PROBLEMS]:
        first, *rest = problem["loc"] or ("value",)
        place = ".".join(str(part) for part in ((names or {}).get(str(first), first), *rest))
        shown.append(f"{place}: {problem['msg']}")
    more = len(found) - len(shown)
    return "; ".join(shown) + (f"; and {more} more" if more > 0 else "")


@functools.cache
def _notification_model(method: str) -> type[WireModel] | None:
    from .generated.registry import NOTIFICATIONS

    entry = NOTIFICATIONS.get(method)
    if entry is None:
        return None
    module = importlib.import_module(f"{__package__}.generated.{entry[0]}")
    return cast("type[WireModel]", getattr(module, entry[1]))


@functools.cache
def _notification_types() -> tuple[type[Notification], type[UnknownNotification], type[Exception]]:
    from pydantic import ValidationError

    from .models import Notification, UnknownNotification

    return Notification, UnknownNotification, ValidationError


def decode_notification(method: str, params: Mapping[str, object]) -> Notification:
    """A notification with its typed payload, or with an UnknownNotification that keeps the raw."""
    known, unknown, invalid = _notification_types()
    model = _notification_model(method)
    if model is not None:
        try:
            return known(method, _validate(model, params))
        except invalid as error:
            partial = _partial(model, params) if _resembles(model, params) else None
            _warn(method, cast("ValidationError", error), partial is not None)
        if partial is not None:
            return known(method, partial)
    return known(method, unknown(cast("JsonObject", dict(params))))


def _partial(model: type[ModelT], given: Mapping[str, object]) -> ModelT | None:
    """What can be read where keys are missing, at any depth; those are None.

    None where anything else is wrong.
    """
    from pydantic import TypeAdapter, ValidationError

    try:
        return _validate(model, given)
    except ValidationError as error:
        problems = error.errors(include_url=False)
    if any(problem["type"] != "missing" for problem in problems):
        return None
    deeper = {problem["loc"][0] for problem in problems if len(problem["loc"]) > 1}
    values: dict[str, object] = {}
    rest = dict(given)
    for name, field in model.model_fields.items():
        key = field.alias or name
        if key not in rest:
            if field.is_required():
                values[name] = None
            continue
        value = rest.pop(key)
        if key in deeper:
            inner = _model_in(field.annotation)
            if inner is None or not isinstance(value, Mapping):
                return None
            values[name] = _partial(inner, value)
            if values[name] is None:
                return None
            continue
        annotation = cast("type[object]", field.annotation)
        try:
            values[name] = TypeAdapter(annotation).validate_python(value)
        except ValidationError:
            return None
    return model.model_construct(None, **values, **rest)


def _resembles(model: type[WireModel], given: Mapping[str, object]) -> bool:
    """Whether at least half of what a model requires is there; less is something else."""
    required = [
        field.alias or name for name, field in model.model_fields.items() if field.is_required()
    ]
    return 2 * sum(key in given for key in required) >= len(required)


def _model_in(annotation: object) -> type[WireModel] | None:
    """The model that a field holds, if it holds one or nothing."""
    from typing import get_args

    from ._base import WireModel

    for part in (annotation, *get_args(annotation)):
        if isinstance(part, type) and issubclass(part, WireModel):
            return part
    return None


def _warn(method: str, error: ValidationError, read: bool) -> None:
    import logging

    kept = "what can be read is kept" if read else "it is handed on as it came"
    logging.getLogger("codex_app_server").warning(
        "the notification `%s` is not as the schema says (%s); %s", method, problems(error), kept
    )


def validate_initialize(payload: InitializeResponse) -> InitializeResponse:
    """The same object, its `serverInfo` completed from the user agent.

    Raises MissingMetadataError (a RuntimeError) if the user agent, or the server's name or version,
    is missing.
    """
    from .models import ServerInfo

    agent = (payload.userAgent or "").strip()
    name, version = split_user_agent(agent)
    info = payload.serverInfo
    name = (info.name if info and info.name else name).strip()
    version = (info.version if info and info.version else version).strip()
    if not agent or not name or not version:
        raise MissingMetadataError(
            "the answer to `initialize` is missing required metadata: "
            f"user agent {agent!r}, server name {name!r}, server version {version!r}"
        )
    if info is None:
        info = payload.serverInfo = ServerInfo()
    info.name, info.version = name, version
    return payload


def split_user_agent(agent: str) -> tuple[str, str]:
    """Name and version out of `name/version (system) terminal (client)`; empty where absent.

    The name may hold slashes and spaces, so the version is the first part that begins with a digit
    after a slash and ends at a blank.
    """
    import re

    found = re.match(r"(?P<name>.*?)/(?P<version>\d[^\s/]*)(?=\s|$)", agent)
    if found is not None:
        return found["name"], found["version"]
    name, _, rest = agent.partition("/")
    return name, rest.split(" ", 1)[0]


def preload() -> None:
    """Load what the first turn needs, for a moment when there is nothing else to do.

    Validators of the two types that most others contain are built first, because pydantic then
    shares them; built one by one, each response and notification would carry its own copy.
    """
    importlib.import_module(f"{__package__}.models")
    from .generated.core import ThreadItem, Turn

    ThreadItem.model_rebuild()
    Turn.model_rebuild()
