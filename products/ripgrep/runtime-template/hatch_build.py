"""Hatchling's build hook of the runtime: the wheel's platform tag is the one that was staged.

A wheel is the only thing that can be built: the executable has no source here, and every platform
has its own.
"""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class RuntimeBuildHook(BuildHookInterface[Any]):
    """Sets the tag of a wheel; refuses everything else."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before it collects files; `version` is the kind of wheel."""
        name = self.metadata.core.raw_name
        if self.target_name != "wheel":
            raise SystemExit(
                f"{name} is published as wheels alone, and no {self.target_name} can be built: "
                "run `python -m build --wheel`"
            )
        if version != "standard":
            raise SystemExit(
                f"{name} cannot be installed in {version} mode: build and install the wheel"
            )
        relkit = self.metadata.config.get("tool", {}).get("relkit", {})
        platform_tag = relkit.get("stage", {}).get("platform-tag")
        if not platform_tag:
            raise SystemExit(
                "this is the template of a runtime, without an executable: "
                "run `relkit stage-runtime` and build what it writes"
            )
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform_tag}"
