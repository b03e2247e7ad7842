"""An isolated CODEX_HOME whose only model provider is the test's own server."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

MODEL = "mock-model"


@dataclass(frozen=True)
class CodexHome:
    """A home directory with a `config.toml`, and the environment that leads the runtime to it."""

    path: Path

    @staticmethod
    def create(path: Path, base_url: str, **settings: str) -> CodexHome:
        """Write the home; `settings` replace top-level configuration strings."""
        top_level = {
            "model": MODEL,
            "approval_policy": "never",
            "sandbox_mode": "read-only",
            "model_provider": "mock",
            **settings,
        }
        # json.dumps gives valid TOML basic strings for these values.
        lines = [f"{key} = {json.dumps(value)}" for key, value in top_level.items()]
        lines += [
            "",
            "[model_providers.mock]",
            'name = "mock"',
            f"base_url = {json.dumps(base_url)}",
            'wire_api = "responses"',
            "request_max_retries = 0",
            "stream_max_retries = 0",
            "",
            # Without these the runtime talks to the network and runs the user's login shell.
            "[features]",
            "plugins = false",
            "shell_snapshot = false",
            "",
            "[analytics]",
            "enabled = false",
            "",
        ]
        path.mkdir(parents=True, exist_ok=True)
        (path / "config.toml").write_text("\n".join(lines), encoding="utf-8")
        return CodexHome(path)

    @property
    def environment(self) -> dict[str, str]:
        """Variables to add for a runtime that uses this home."""
        return {
            "CODEX_HOME": str(self.path),
            "RUST_LOG": "warn",
            # The runtime honours proxies even for the loopback address.
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }

    def add_skill(self, name: str, body: str) -> Path:
        """Write a skill that the runtime finds in this home; returns the path of its SKILL.md."""
        path = self.path / "skills" / name / "SKILL.md"
        path.parent.mkdir(parents=True)
        front = f"---\nname: {name}\ndescription: a skill of the test\n---\n"
        path.write_text(f"{front}\n{body}\n", encoding="utf-8")
        return path
