"""Finds the app server's executable: the configured one, else the installed runtime package's."""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ._mailbox import checked_timeout
from ._names import RUNTIME_DISTRIBUTION, RUNTIME_MODULE
from .config import AppServerConfig
from .errors import BinaryNotFoundError, InvalidInputError, LaunchError


@dataclass(frozen=True, slots=True)
class CodexBinResolverOps:
    """What finding the executable asks of the machine; tests put their own in."""

    installed_codex_path: Callable[[], Path]
    path_exists: Callable[[Path], bool]


def installed_codex_path() -> Path:
    """The executable of the installed runtime package; BinaryNotFoundError without the package."""
    try:
        runtime = importlib.import_module(RUNTIME_MODULE)
    except ModuleNotFoundError as error:
        if error.name != RUNTIME_MODULE:
            raise
        raise BinaryNotFoundError(
            f"the runtime package `{RUNTIME_DISTRIBUTION}` is not installed; install it, or name "
            "an executable with AppServerConfig(codex_bin=...)"
        ) from None
    return Path(runtime.bundled_codex_path())


def installed_path_dir() -> Path | None:
    """The directory of tools that the runtime package wants on PATH, where it has one."""
    try:
        runtime = importlib.import_module(RUNTIME_MODULE)
    except ModuleNotFoundError:
        return None
    # Older runtime packages carry no tools.
    locate: Callable[[], Path | None] = getattr(runtime, "bundled_path_dir", lambda: None)
    return locate()


DEFAULT_RESOLVER = CodexBinResolverOps(installed_codex_path, Path.is_file)


def resolve_codex_bin(config: AppServerConfig, ops: CodexBinResolverOps = DEFAULT_RESOLVER) -> Path:
    """The executable to start for `config`. PATH is never searched.

    Raises BinaryNotFoundError (a FileNotFoundError) where there is none.
    """
    if config.codex_bin is None:
        return ops.installed_codex_path()
    path = Path(config.codex_bin)
    if not ops.path_exists(path):
        raise BinaryNotFoundError(
            f"there is no file `{path}`, which AppServerConfig(codex_bin=...) names"
        )
    return path


def launch_command(config: AppServerConfig) -> list[str]:
    """The command line of the server; InvalidInputError where the configuration is none."""
    _check(config)
    if config.launch_args_override is not None:
        if config.api_key is not None or config.base_url is not None:
            raise InvalidInputError(
                "`api_key` and `base_url` are told on the command line, which "
                "`launch_args_override` replaces: give one or the other"
            )
        return [os.fspath(part) for part in config.launch_args_override]
    # A relative path must mean the same file whatever working directory the server gets.
    command = [str(Path(os.path.abspath(resolve_codex_bin(config))))]
    settings = []
    if config.base_url is not None:
        settings.append(f"openai_base_url={json.dumps(config.base_url)}")
    if config.api_key is not None:
        # What `introduce` signs in with stays in the server's memory.
        settings.append('cli_auth_credentials_store="ephemeral"')
    for override in (*settings, *config.config_overrides):
        command += ["--config", override]
    return [*command, "app-server", "--listen", "stdio://"]


_TEXTS = ("client_name", "client_title", "client_version")
_PATHS = ("codex_bin", "cwd")
_TUPLES = ("config_overrides", "launch_args_override")
_TIMEOUTS = (
    *("startup_timeout_s", "request_timeout_s", "turn_timeout_s"),
    *("connect_timeout_s", "close_timeout_s"),
)
#: What a field that is given must be, and how that is called.
_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    **dict.fromkeys((*_TEXTS, "base_url"), ((str,), "a text")),
    **dict.fromkeys(_PATHS, ((str, os.PathLike), "a path")),
    **dict.fromkeys(_TUPLES, ((list, tuple), "a tuple of texts")),
    **dict.fromkeys(("experimental_api", "inherit_env"), ((bool,), "True or False")),
    "env": ((Mapping,), "a mapping of variables"),
}
_NEVER_NONE = {*_TEXTS, "config_overrides", "experimental_api", "inherit_env", "close_timeout_s"}


def _check(config: AppServerConfig) -> None:
    """InvalidInputError for a field that is of another kind, LaunchError for an empty command."""
    for name, (kinds, called) in _KINDS.items():
        value = getattr(config, name)
        if not isinstance(value, kinds) and (value is not None or name in _NEVER_NONE):
            raise InvalidInputError(f"`{name}` must be {called}, not {value!r:.100}")
    for name in _TEXTS:
        if not getattr(config, name).strip():
            raise InvalidInputError(f"`{name}` is empty: a server says it in its user agent")
    for name in _TIMEOUTS:
        try:
            timeout = checked_timeout(getattr(config, name))
        except InvalidInputError as error:
            raise InvalidInputError(f"`{name}`: {error}") from None
        if timeout is None and name in _NEVER_NONE:
            raise InvalidInputError(f"`{name}` must be a number of seconds, not None")
    for name, parts in (("config_overrides", (str,)), ("launch_args_override", (str, os.PathLike))):
        for part in getattr(config, name) or ():
            if not isinstance(part, parts):
                raise InvalidInputError(f"`{name}` must hold texts, not {part!r:.100}")
    if config.launch_args_override is not None and not config.launch_args_override:
        raise LaunchError("`launch_args_override` must be a command line, and is empty")
    for variable, text in (config.env or {}).items():
        # Windows has hidden variables, whose names begin with the sign.
        if not isinstance(variable, str) or "=" in variable[1:] or "\0" in variable:
            raise InvalidInputError(f"`env` names a variable {variable!r:.100}, which is no name")
        if text is not None and not isinstance(text, str):
            raise InvalidInputError(
                f"the variable `{variable}` of `env` is no text but {text!r:.100}"
            )
        if text is not None and "\0" in text:  # a text may be a secret
            raise InvalidInputError(f"the variable `{variable}` of `env` holds a null character")
    if config.server_request_handler is not None and not callable(config.server_request_handler):
        raise InvalidInputError(
            f"`server_request_handler` must be callable, not {config.server_request_handler!r:.100}"
        )


def launch_environment(config: AppServerConfig) -> dict[str, str]:
    """The environment of the server: this process's, the package's tools, the configured one."""
    environment = dict(os.environ) if config.inherit_env else {}
    if config.codex_bin is None and config.launch_args_override is None:
        tools = installed_path_dir()
        if tools is not None:
            _prepend_path(environment, str(tools))
    for name, value in (config.env or {}).items():
        key = _same_key(environment, name)
        if value is None:
            environment.pop(key, None)
        else:
            environment[key] = value
    return environment


def _prepend_path(environment: dict[str, str], directory: str) -> None:
    key = _same_key(environment, "PATH")
    rest = environment.get(key)
    environment[key] = f"{directory}{os.pathsep}{rest}" if rest else directory


def _same_key(environment: dict[str, str], name: str) -> str:
    # Windows compares names without case; two spellings of one name must not both be set.
    if os.name == "nt":
        for key in environment:
            if key.upper() == name.upper():
                return key
    return name
