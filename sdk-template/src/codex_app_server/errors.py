"""Every exception that the SDK raises, and the mapping from JSON-RPC error objects to them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .types import ThreadItem, ThreadTokenUsage

OVERLOADED_CODE = -32001
_OVERLOADED = frozenset({"serveroverloaded", "serverisoverloaded"})
_RETRY_LIMIT = re.compile(r"retry limit|too many failed attempts", re.IGNORECASE)
_SCAN_DEPTH = 12
# Escape sequences (titles hold text), and all control characters but tab and newline.
_CONTROL = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f]"
)


def visible(text: str) -> str:
    """Text from outside without what would colour, move or clear a terminal."""
    return _CONTROL.sub("", text)


class AppServerError(Exception):
    """Base of every error that the SDK raises by itself."""


class TransportClosedError(AppServerError):
    """The connection to the app server is gone, or was closed.

    `exit_code` is the server's exit status where it is known (negative: ended by that signal);
    `stderr_tail` holds the last lines that the server wrote to standard error.
    """

    def __init__(
        self, message: str, *, exit_code: int | None = None, stderr_tail: str = ""
    ) -> None:
        text = message if exit_code is None else f"{message} (exit code {exit_code})"
        if stderr_tail:
            text = f"{text}; last lines of standard error:\n{visible(stderr_tail)}"
        super().__init__(text)
        self.message = message
        self.exit_code = exit_code
        self.stderr_tail = stderr_tail

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild_closed, (type(self), self.message, self.exit_code, self.stderr_tail)


class RequestTimeoutError(AppServerError, TimeoutError):
    """The server did not answer a request, or end a turn, within its deadline."""


class TurnTimeoutError(RequestTimeoutError):
    """A turn did not end in its time and was interrupted: `turn_id`, of the thread `thread_id`."""

    def __init__(self, message: str, *, thread_id: str = "", turn_id: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.thread_id = thread_id
        self.turn_id = turn_id

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild_late, (type(self), self.message, self.thread_id, self.turn_id)


class ModelUnreachableError(TurnTimeoutError):
    """The model was never reached within `connect_timeout_s`; the turn was interrupted."""


class RuntimeTooOldError(AppServerError):
    """The runtime does not know a parameter that was given; nothing was sent."""


class StartupTimeoutError(TransportClosedError, RequestTimeoutError):
    """The server did not answer `initialize` in time and was ended."""


class LaunchError(AppServerError, OSError):
    """The app server's executable could not be started."""


class BinaryNotFoundError(LaunchError, FileNotFoundError):
    """There is no executable, runtime package or working directory where one was expected."""


class InvalidInputError(AppServerError, ValueError):
    """A value cannot be sent: it is not of the parameter's type, or is not valid JSON or UTF-8."""


class InvalidResponseError(AppServerError):
    """The server answered a request with something that is not the method's response."""


class MissingMetadataError(InvalidResponseError, RuntimeError):
    """The server did not say what it is: a user agent with a name and a version."""


class OutputParseError(AppServerError, ValueError):
    """A turn's final response, `text`, is no value of the model that was its schema."""

    def __init__(self, message: str, *, text: str) -> None:
        super().__init__(message)
        self.message = message
        self.text = text

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild_output, (self.message, self.text)


class StreamConsumedError(AppServerError, RuntimeError):
    """The events of this turn were already taken, by this handle or before it existed."""


class TurnFailedError(AppServerError, RuntimeError):
    """A turn ended with status `failed`; the message is the server's.

    `error_info` is the server's `codexErrorInfo` as it was sent: a string, an object with one key,
    or None. `items` and `usage` hold what the turn had produced until then.
    """

    def __init__(
        self,
        message: str,
        *,
        turn_id: str,
        error_info: object = None,
        additional_details: str | None = None,
        items: list[ThreadItem] | None = None,
        usage: ThreadTokenUsage | None = None,
    ) -> None:
        super().__init__(visible(message))
        self.message = message
        self.turn_id = turn_id
        self.error_info = error_info
        self.additional_details = additional_details
        self.items: list[ThreadItem] = items or []
        self.usage = usage

    def __reduce__(self) -> tuple[object, ...]:
        state = (self.turn_id, self.error_info, self.additional_details, self.items, self.usage)
        return _rebuild_failed, (self.message, *state)


class JsonRpcError(AppServerError):
    """The server answered with a JSON-RPC error object.

    `code` is 0 where the server sent something that is not an integer.
    """

    def __init__(self, code: int, message: str, data: object = None) -> None:
        super().__init__(f"JSON-RPC error {code}: {visible(message)}")
        self.code = code
        self.message = message
        self.data = data

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.code, self.message, self.data)


class AppServerRpcError(JsonRpcError):
    """A JSON-RPC error with one of the codes that the protocol reserves."""


class ParseError(AppServerRpcError):
    """Code -32700: the server could not parse the message."""


class InvalidRequestError(AppServerRpcError):
    """Code -32600: unknown method, malformed parameters, or a call that is not possible now."""


class MethodNotFoundError(AppServerRpcError):
    """Code -32601: the server does not know the method."""


class InvalidParamsError(AppServerRpcError):
    """Code -32602: the parameters were refused."""


class InternalRpcError(AppServerRpcError):
    """Code -32603: the server failed."""


class ServerBusyError(AppServerRpcError):
    """The server is overloaded; the call may be repeated later."""


class RetryLimitExceededError(ServerBusyError):
    """The server itself gave up repeating an overloaded call."""


# Other SDKs of the protocol have these names for the same things.
CodexError = AppServerError
CodexRpcError = AppServerRpcError

_BY_CODE: dict[int, type[AppServerRpcError]] = {
    -32700: ParseError,
    -32600: InvalidRequestError,
    -32601: MethodNotFoundError,
    -32602: InvalidParamsError,
    -32603: InternalRpcError,
}


def map_jsonrpc_error(code: int, message: str, data: object = None) -> JsonRpcError:
    """The exception for a JSON-RPC error object's members."""
    if code in _BY_CODE:
        return _BY_CODE[code](code, message, data)
    if not -32099 <= code <= -32000:
        return JsonRpcError(code, message, data)
    if _RETRY_LIMIT.search(message):
        return RetryLimitExceededError(code, message, data)
    if code == OVERLOADED_CODE or says_overloaded(data):
        return ServerBusyError(code, message, data)
    return AppServerRpcError(code, message, data)


def error_from_wire(error: object) -> JsonRpcError:
    """The exception for the `error` member of a response, whatever its shape."""
    if not isinstance(error, dict):
        return JsonRpcError(0, f"the server sent an error that is not an object: {error!r}")
    code, data = error.get("code"), error.get("data")
    message = error.get("message")
    text = message if isinstance(message, str) else f"error without a message: {error!r}"
    if isinstance(code, float) and code.is_integer():
        code = int(code)
    if isinstance(code, int) and not isinstance(code, bool):
        return map_jsonrpc_error(code, text, data)
    return JsonRpcError(0, f"{text} (the server sent the error code {code!r})", data)


def says_overloaded(data: object, depth: int = _SCAN_DEPTH) -> bool:
    """Whether error data names the overload condition, in any spelling and at any level."""
    if isinstance(data, str):
        return re.sub(r"[^a-z]", "", data.lower()) in _OVERLOADED
    if depth == 0:
        return False
    if isinstance(data, dict):
        return any(says_overloaded(part, depth - 1) for item in data.items() for part in item)
    if isinstance(data, (list, tuple)):
        return any(says_overloaded(part, depth - 1) for part in data)
    # Wire models: their plain data, and enum members their value.
    dump = getattr(data, "model_dump", None)
    if callable(dump):
        return says_overloaded(dump(mode="json", by_alias=True), depth - 1)
    return False


def is_retryable_error(exc: BaseException) -> bool:
    """Whether `exc` says that the server or the model is overloaded for now.

    True for ServerBusyError, for any JsonRpcError whose data names the overload, and for a failed
    turn whose error information does.
    """
    if isinstance(exc, ServerBusyError):
        return True
    if isinstance(exc, JsonRpcError):
        return says_overloaded(exc.data)
    return isinstance(exc, TurnFailedError) and says_overloaded(exc.error_info)


def _rebuild_closed(
    kind: type[TransportClosedError], message: str, exit_code: int | None, tail: str
) -> TransportClosedError:
    return kind(message, exit_code=exit_code, stderr_tail=tail)


def _rebuild_late(
    kind: type[TurnTimeoutError], message: str, thread_id: str, turn_id: str
) -> TurnTimeoutError:
    return kind(message, thread_id=thread_id, turn_id=turn_id)


def _rebuild_output(message: str, text: str) -> OutputParseError:
    return OutputParseError(message, text=text)


def _rebuild_failed(
    message: str,
    turn_id: str,
    error_info: object,
    details: str | None,
    items: list[ThreadItem],
    usage: ThreadTokenUsage | None,
) -> TurnFailedError:
    return TurnFailedError(
        message,
        turn_id=turn_id,
        error_info=error_info,
        additional_details=details,
        items=items,
        usage=usage,
    )
