//! How the modules of methods begin; what they import is so chosen that none imports in a circle.

/// How a module begins: its docstring, imports, imports for type checkers, and what stands before the classes. `ROOT` is
/// the import package of the SDK.
pub(super) struct Head {
    pub(super) purpose: &'static str,
    pub(super) imports: &'static str,
    pub(super) typing: &'static str,
    pub(super) rest: &'static str,
}

pub(super) const CLIENT_HEAD: Head = Head {
    purpose: "The requests of the protocol that the protocol clients spell out.

Models are imported where they are used: to load them all costs more than a turn.",
    imports: "from typing import TYPE_CHECKING, TypeVar

from ROOT._core import AsyncClientBase, ClientBase, value_of
from ROOT._mailbox import receive, receive_async
from ROOT._run import completion
from ROOT._turns import LOGIN_COMPLETED, TURN_COMPLETED, RawNotification, TurnBox
from ROOT._wire import (
    build_params,
    check_model,
    decode_notification,
    decode_response,
    params_dict,
    wire_input,
)
from ROOT.retry import retry_on_overload, retry_on_overload_async
",
    typing: "    from collections.abc import AsyncIterator, Iterator, Mapping

    from pydantic import BaseModel

    from ROOT._json import JsonObject
    from ROOT.inputs import WireInput
    from ROOT.models import Notification
",
    rest: "\nModelT = TypeVar(\"ModelT\", bound=\"BaseModel\")\n",
};

pub(super) const TURN_HEAD: Head = Head {
    purpose: "The requests of `TurnHandle` and `AsyncTurnHandle`.",
    imports: "from typing import TYPE_CHECKING

from ROOT._wire import user_input
",
    typing: "    from ROOT._streams import AsyncOwner
    from ROOT.client import AppServerClient
    from ROOT.inputs import Input
",
    rest: "",
};

pub(super) const THREAD_HEAD: Head = Head {
    purpose: "The requests of `Thread` and `AsyncThread`.

Models are imported where they are used: to load them all costs more than a turn.",
    imports: "from typing import TYPE_CHECKING, TypeVar, overload

from ROOT._handles import AsyncTurnHandle, TurnHandle
from ROOT._mailbox import checked_timeout
from ROOT._wire import build_params, turn_input
",
    typing: "    from pydantic import BaseModel

    from ROOT._arguments import JsonMapping, StrPath
    from ROOT._run import RunResult
    from ROOT._streams import AsyncOwner
    from ROOT.client import AppServerClient
    from ROOT.inputs import RunInput
    from ROOT.presets import ApprovalMode, Sandbox
",
    rest: "\nModelT = TypeVar(\"ModelT\", bound=\"BaseModel\")\n",
};

pub(super) const CODEX_HEAD: Head = Head {
    purpose: "The requests of `Codex` and `AsyncCodex`.

Models are imported where they are used: to load them all costs more than a turn.",
    imports: "from typing import TYPE_CHECKING, TypeVar, overload

from ROOT._core import checked_key
from ROOT._notifications import AsyncNotifications, Notifications
from ROOT._pages import ThreadPages
from ROOT._streams import AsyncOwner
from ROOT._threads import AsyncThread, Thread
from ROOT._wire import build_params, check_model, decode_response
from ROOT.presets import warn_of_moot
",
    typing: "    from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence

    from pydantic import BaseModel

    from ROOT._arguments import JsonMapping, SequenceNotStr, StrPath
    from ROOT._json import JsonObject, JsonValue
    from ROOT._login_handles import (
        AsyncChatgptLoginHandle,
        AsyncDeviceCodeLoginHandle,
        AsyncMcpServerLoginHandle,
        ChatgptLoginHandle,
        DeviceCodeLoginHandle,
        McpServerLoginHandle,
    )
    from ROOT._on_request import Handlers
    from ROOT.client import AppServerClient
    from ROOT.models import Notification
    from ROOT.presets import ApprovalMode, Sandbox
",
    rest: "\nModelT = TypeVar(\"ModelT\", bound=\"BaseModel\")\n",
};
