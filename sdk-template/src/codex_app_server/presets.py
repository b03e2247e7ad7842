"""Settings by one word, and how they and renamed keywords become fields of the protocol."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import TYPE_CHECKING

from .errors import InvalidInputError

if TYPE_CHECKING:
    from .generated.core import SandboxPolicy

__all__ = ["ApprovalMode", "Sandbox"]


class ApprovalMode(str, Enum):
    """Who decides when a command wants more than its sandbox allows."""

    deny_all = "deny_all"
    """Nobody is asked: what the sandbox forbids fails."""
    auto_review = "auto_review"
    """The runtime's reviewer decides."""


class Sandbox(str, Enum):
    """How far commands are kept from the machine."""

    read_only = "read-only"
    """Commands may read files, and write none."""
    workspace_write = "workspace-write"
    """Commands may also write below the working directory."""
    full_access = "full-access"
    """Commands may do what the program's user may."""


_APPROVALS: dict[ApprovalMode, tuple[str, str | None]] = {
    ApprovalMode.deny_all: ("never", None),
    ApprovalMode.auto_review: ("on-request", "auto_review"),
}
_MODES = {
    Sandbox.read_only: "read-only",
    Sandbox.workspace_write: "workspace-write",
    Sandbox.full_access: "danger-full-access",
}
_POLICIES = {
    Sandbox.read_only: "readOnly",
    Sandbox.workspace_write: "workspaceWrite",
    Sandbox.full_access: "dangerFullAccess",
}
_SETTINGS = {
    "additional_directories": "sandbox_workspace_write.writable_roots",
    "network_access": "sandbox_workspace_write.network_access",
    "web_search": "web_search",
}
_RENAMED = {"source": "turn_trigger", "turn_service_tier": "service_tier_for_turn"}


def to_fields(given: dict[str, object]) -> dict[str, object]:
    """The fields that keywords stand for; InvalidInputError where two say the same thing."""
    fields = {_RENAMED.get(name, name): value for name, value in given.items()}
    schema = fields.get("output_schema")
    if schema is not None and not isinstance(schema, Mapping):
        from ._output_schema import schema_of

        fields["output_schema"] = schema_of(schema)
    mode = fields.pop("approval_mode", None)
    if mode is not None:
        _add_approvals(fields, mode)
    _refuse_moot(fields)
    _add_settings(fields)
    turns = fields.pop("include_turns", None)
    if turns is not None:
        if not isinstance(turns, bool):
            raise InvalidInputError(f"`include_turns` must be True or False, not {turns!r}")
        fields["exclude_turns"] = not turns
    sandbox = fields.get("sandbox")
    if sandbox is None:
        return fields
    if "sandbox_policy" not in fields:
        fields["sandbox"] = _thread_mode(sandbox)
        return fields
    del fields["sandbox"]
    if fields["sandbox_policy"] is not None:
        raise InvalidInputError("give either `sandbox` or `sandbox_policy`, not both")
    if not isinstance(sandbox, Sandbox):
        raise InvalidInputError(f"`sandbox` must be one of: {_members(Sandbox)}; not {sandbox!r}")
    fields["sandbox_policy"] = {"type": _POLICIES[sandbox]}
    return fields


def _refuse_moot(fields: dict[str, object]) -> None:
    """InvalidInputError for what only the sandbox `workspace-write` heeds, beside another."""
    sandbox = fields.get("sandbox")
    if sandbox is None:
        return
    word = str(getattr(sandbox, "value", sandbox))
    moot = _moot(word, fields.get("additional_directories"), fields.get("network_access"))
    if moot:
        raise InvalidInputError(
            f"{moot} counts in the sandbox `workspace-write` alone, not in `{word}`"
        )


def warn_of_moot(policy: SandboxPolicy, directories: object, network: object) -> None:
    """Say which of a thread's settings have no effect under the sandbox that it got."""
    kind = str(getattr(getattr(policy, "root", policy), "type", "workspaceWrite"))
    moot = _moot(kind, directories, network)
    if moot:
        import logging

        logging.getLogger("codex_app_server").warning(
            "%s counts in the sandbox `workspace-write` alone, and this thread's is `%s`: give "
            "`sandbox=Sandbox.workspace_write`",
            moot,
            kind,
        )


def _moot(sandbox: str, directories: object, network: object) -> str:
    """The names of the settings that a sandbox, in either spelling, does not heed."""
    if sandbox in ("workspace-write", "workspaceWrite"):
        return ""
    # Commands that may only read have no network anyway.
    refused = network is False and sandbox in ("read-only", "readOnly")
    given = {"additional_directories": directories, "network_access": None if refused else network}
    return " and ".join(f"`{name}`" for name, value in given.items() if value is not None)


def _add_settings(fields: dict[str, object]) -> None:
    """Put keywords that the protocol knows as settings alone among those of `config`."""
    settings: dict[str, object] = {}
    for name, key in _SETTINGS.items():
        value = fields.pop(name, None)
        if value is None:
            continue
        if name == "additional_directories":
            if isinstance(value, (str, os.PathLike)) or not isinstance(value, Iterable):
                raise InvalidInputError(f"`{name}` must be a list of directories, not {value!r}")
            value = [_absolute(name, directory) for directory in value]
        settings[key] = value.value if isinstance(value, Enum) else value
    if not settings:
        return
    given = fields.get("config")
    if given is not None and not isinstance(given, Mapping):
        raise InvalidInputError(f"`config` must be a mapping of settings, not {given!r}")
    config: dict[str, object] = {**(given or {})}
    for key in settings:
        if key in config:
            raise InvalidInputError(f"`config` says `{key}` too, give it once and not twice")
    fields["config"] = {**config, **settings}


def _absolute(name: str, directory: object) -> str:
    if isinstance(directory, (str, os.PathLike)):
        path = os.path.abspath(directory)
        if isinstance(path, str):
            return path
    raise InvalidInputError(f"`{name}` must hold paths as str or PathLike, not {directory!r}")


def _add_approvals(fields: dict[str, object], mode: object) -> None:
    for name in ("approval_policy", "approvals_reviewer"):
        if fields.get(name) is not None:
            raise InvalidInputError(f"give either `approval_mode` or `{name}`, not both")
    if not isinstance(mode, ApprovalMode):
        listed = _members(ApprovalMode)
        raise InvalidInputError(f"`approval_mode` must be one of: {listed}; not {mode!r}")
    fields["approval_policy"], fields["approvals_reviewer"] = _APPROVALS[mode]


def _thread_mode(sandbox: object) -> object:
    if isinstance(sandbox, Sandbox):
        return _MODES[sandbox]
    if isinstance(sandbox, str) and str(getattr(sandbox, "value", sandbox)) in _MODES.values():
        return sandbox
    listed = f"{_members(Sandbox)}, {', '.join(_MODES.values())}"
    raise InvalidInputError(f"`sandbox` must be one of: {listed}; not {sandbox!r}")


def _members(kind: type[Enum]) -> str:
    return ", ".join(str(member) for member in kind)
