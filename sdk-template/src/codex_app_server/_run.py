"""What a turn comes to: collects its notifications and judges how it ended.

Models are imported where they are used; importing this module loads none.
"""

from __future__ import annotations

import contextlib
import copy
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Generic, cast

from ._turns import TURN_COMPLETED
from ._wire import decode_response
from .errors import OutputParseError, TurnFailedError

if TYPE_CHECKING:
    from pydantic import BaseModel
    from typing_extensions import TypeVar

    from .generated.core import TurnCompletedNotification
    from .models import Notification
    from .types import ThreadItem, ThreadTokenUsage, Turn, TurnError, TurnStatus

if TYPE_CHECKING:
    ParsedT = TypeVar("ParsedT", default=None, covariant=True)
else:  # the default is for type checkers, and what knows it costs time to load
    from typing import TypeVar

    ParsedT = TypeVar("ParsedT", covariant=True)

_WAYS = (
    "`login_api_key(...)`, `login_chatgpt()` in a browser, and `login_chatgpt_device_code()` on "
    "any device"
)
_SIGN_IN = (
    f"Nobody is signed in, or the sign-in does not hold. There are three ways to sign in: {_WAYS}."
)
_OTHER_PROVIDER = (
    "The provider at this address refused the key that it was given, or got none. A provider of "
    "your own takes it from where the configuration says, such as its `env_key`; only OpenAI's "
    f"takes a sign-in, in one of three ways: {_WAYS}."
)
_ADDRESS = re.compile(r"\burl: https?://([^/\s:]+)")
_OPENAI = ("openai.com", "chatgpt.com")
ITEM_COMPLETED = "item/completed"
USAGE_UPDATED = "thread/tokenUsage/updated"


class _NoValueError(OutputParseError, AttributeError):
    """There is no value to read; to `hasattr` and its kin it is an attribute that is missing."""


class _Fields:
    """The fields of a result: one that has no value to read has no field for it."""

    def __init__(self, fields: Mapping[str, object]) -> None:
        self._fields = fields

    def __get__(self, result: object, owner: type) -> Mapping[str, object]:
        if result is None or hasattr(result, "parsed"):
            return self._fields
        return {name: each for name, each in self._fields.items() if name != "parsed"}


@dataclass(slots=True)
class RunResult(Generic[ParsedT]):
    """What a turn produced.

    `final_response` is the text of the last message marked as the final answer, else of the last
    message without a phase, else None. Two results are equal if the first three fields are.
    `parsed` is that text as a value, where the turn was given a model as `output_schema`; if it was
    interrupted before it said such a value, reading `parsed` raises OutputParseError, and
    `dataclasses.asdict` leaves it out.
    """

    final_response: str | None
    items: list[ThreadItem]
    usage: ThreadTokenUsage | None
    turn_id: str | None = field(default=None, compare=False)
    # What a turn gives has both; only a result that is built by hand may lack them.
    status: TurnStatus = field(default=cast("TurnStatus", None), compare=False)
    duration_ms: int | None = field(default=None, compare=False)
    id: str = field(default="", compare=False)
    error: TurnError | None = field(default=None, compare=False)
    started_at: int | None = field(default=None, compare=False)
    completed_at: int | None = field(default=None, compare=False)
    parsed: ParsedT = field(
        default_factory=lambda: cast("ParsedT", None), compare=False, repr=False
    )
    turn: Turn = field(default=cast("Turn", None), compare=False, repr=False)

    if not TYPE_CHECKING:  # a type checker that saw it would let any name pass

        def __getattr__(self, name: str) -> object:
            # Only what is missing arrives here, and `with_parsed` takes one field away.
            if name == "parsed":
                raise _NoValueError(
                    f"the turn is {self.status} and has not said a whole answer",
                    text=self.final_response or "",
                )
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

        # A copy, or what is unpickled, lacks what this one lacks.
        def __getstate__(self) -> dict[str, object]:
            state = dict(getattr(self, "__dict__", {}))
            for each in fields(self):
                with contextlib.suppress(AttributeError):
                    state[each.name] = object.__getattribute__(self, each.name)
            return state

        def __setstate__(self, state: dict[str, object]) -> None:
            for name, value in state.items():
                setattr(self, name, value)

        @classmethod
        def __get_pydantic_core_schema__(cls, source: object, handler: Callable) -> object:
            # A field of a program's own model, or the answer of its web service: the annotations
            # are read now, and only now.
            from . import types

            names = ("ThreadItem", "ThreadTokenUsage", "Turn", "TurnError", "TurnStatus")
            globals().update({name: getattr(types, name) for name in names})
            from pydantic_core import core_schema

            schema = handler(source)
            # Under a name the schema is elsewhere, and has been here.
            if schema["type"] != "definition-ref":
                schema["serialization"] = core_schema.wrap_serializer_function_ser_schema(_dumped)
            return schema


# Another SDK of the protocol has this name for the same thing.
TurnResult = RunResult

if not TYPE_CHECKING:
    RunResult.__dataclass_fields__ = _Fields(RunResult.__dataclass_fields__)


def _dumped(result: RunResult, handler: Callable[[RunResult], object]) -> object:
    """What pydantic makes of a result; nothing in the place of a value that is not there."""
    if not hasattr(result, "parsed"):
        result = copy.copy(result)
        result.parsed = None
    return handler(result)


class TurnRecord:
    """The completed items, the usage and the end of one turn, as its notifications tell them."""

    def __init__(self, turn_id: str) -> None:
        self.turn_id = turn_id
        self.items: list[ThreadItem] = []
        self.usage: ThreadTokenUsage | None = None
        self._turn: Turn | None = None

    def add(self, notification: Notification) -> None:
        """Take note of a notification."""
        if notification.method == ITEM_COMPLETED:
            from .generated.core import ItemCompletedNotification

            payload = notification.payload
            if isinstance(payload, ItemCompletedNotification):
                item: ThreadItem | None = payload.item
            else:
                item = _salvaged_item(getattr(payload, "params", {}).get("item"))
            if item is not None:
                self.items.append(item)
        elif notification.method == USAGE_UPDATED:
            from .generated.core import ThreadTokenUsageUpdatedNotification

            if isinstance(notification.payload, ThreadTokenUsageUpdatedNotification):
                self.usage = notification.payload.token_usage
        elif notification.method == TURN_COMPLETED:
            self._turn = _completed_turn(notification, self.turn_id)

    def turn(self) -> Turn:
        """The turn as `turn/completed` gave it."""
        assert self._turn is not None  # a stream ends with it or raises
        return self._turn

    def result(self, schema: type[BaseModel] | None = None) -> RunResult[object]:
        """The result of the turn, parsed if a model is its schema; TurnFailedError if it failed."""
        turn = self.turn()
        if turn.status == "failed":
            error = turn.error
            info = _plain(error.codex_error_info) if error else None
            message = (
                error.message if error else ""
            ) or f"turn `{turn.id}` failed without a message"
            raise TurnFailedError(
                f"{message}{_advice(info, message)}",
                turn_id=turn.id,
                error_info=info,
                additional_details=error.additional_details if error else None,
                items=self.items,
                usage=self.usage,
            )
        result = RunResult(
            final_response(self.items),
            self.items,
            self.usage,
            turn_id=turn.id,
            status=turn.status,
            duration_ms=turn.duration_ms,
            id=turn.id,
            error=turn.error,
            started_at=turn.started_at,
            completed_at=turn.completed_at,
            turn=turn,
        )
        return cast("RunResult[object]", result) if schema is None else with_parsed(result, schema)


def with_parsed(result: RunResult, schema: type[BaseModel]) -> RunResult[object]:
    """The result with the value of its text, of the model that is the schema.

    Raises OutputParseError if the turn completed and its text does not fit.
    """
    from pydantic import ValidationError

    given, text = cast("RunResult[object]", result), result.final_response or ""
    try:
        given.parsed = schema.model_validate_json(text)
    except ValidationError as error:
        if result.status == "completed":
            raise OutputParseError(
                f"the final response is no {schema.__name__}: {error}", text=text
            ) from error
        del given.parsed
    return given


def completion(notification: Notification) -> TurnCompletedNotification | None:
    """The end of a turn, if that is what is notified; InvalidResponseError if it is misshapen."""
    if notification.method != TURN_COMPLETED:
        return None
    from .generated.core import TurnCompletedNotification

    payload = notification.payload
    if isinstance(payload, TurnCompletedNotification):
        return payload
    raw = getattr(payload, "params", None)
    return decode_response(TURN_COMPLETED, raw, TurnCompletedNotification)


def final_response(items: list[ThreadItem]) -> str | None:
    """The text that answers the user, by the rule of RunResult; an empty text counts."""
    without_phase: str | None = None
    for item in reversed(items):
        message = item.root
        if message.type != "agentMessage":
            continue
        text, phase = getattr(message, "text", None), getattr(message, "phase", None)
        if not isinstance(text, str):
            continue
        if phase == "final_answer":
            return text
        if phase is None and without_phase is None:
            without_phase = text
    return without_phase


def _salvaged_item(raw: object) -> ThreadItem | None:
    """The item of a notification that fits no model, if it is one itself."""
    if not isinstance(raw, Mapping) or not isinstance(raw.get("type"), str):
        return None
    from pydantic import ValidationError

    from .generated.core import ThreadItem

    try:
        return ThreadItem.model_validate(raw)
    except ValidationError:
        return None


def _completed_turn(notification: Notification, turn_id: str) -> Turn:
    from .generated.core import Turn

    payload = notification.payload
    # A payload that lacked its turn has None in its place, and a turn what it lacked.
    turn: object = getattr(payload, "turn", None)
    if isinstance(turn, Turn) and _is_whole(turn):
        return turn
    # Not even an open model fits: keep what does, so that the turn ends all the same.
    raw = _plain(turn) if turn is not None else getattr(payload, "params", {}).get("turn")
    return _salvaged_turn(dict(raw) if isinstance(raw, Mapping) else {}, turn_id)


def _is_whole(turn: Turn) -> bool:
    fields = type(turn).model_fields.items()
    return all(getattr(turn, name) is not None for name, field in fields if field.is_required())


def _salvaged_turn(fields: dict[str, object], turn_id: str) -> Turn:
    from pydantic import ValidationError

    from .generated.core import Turn

    error = fields.get("error")
    fallback: dict[str, object] = {
        "id": turn_id,
        "items": [],
        "status": "completed" if error is None else "failed",
    }
    given = {**fallback, **fields}
    try:
        return Turn.model_validate(given)
    except ValidationError as problem:
        misfits = {found["loc"][0] for found in problem.errors(include_url=False) if found["loc"]}
    kept = {key: value for key, value in given.items() if key not in misfits}
    if "error" in misfits:
        kept["error"] = {"message": _message_of(error)}
    return Turn.model_validate({**fallback, **kept})


def _advice(info: object, message: str) -> str:
    """How to sign in, behind the words of a refusal that a sign-in may mend."""
    # The runtime passes a refusal of the provider on as it came, in words.
    if info != "unauthorized" and "status 401 " not in message:
        return ""
    address = _ADDRESS.search(message)
    foreign = address is not None and not address[1].endswith(_OPENAI)
    return f"\n{_OTHER_PROVIDER if foreign else _SIGN_IN}"


def _message_of(error: object) -> str:
    message = error.get("message") if isinstance(error, Mapping) else error
    if isinstance(message, str):
        return message
    return json.dumps(error, ensure_ascii=False) if error else ""


def _plain(value: object) -> object:
    """A wire value as plain JSON data."""
    if value is None:
        return None
    from ._base import wire

    return wire(value)
