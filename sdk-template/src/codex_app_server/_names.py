"""The runtime that this SDK drives; staging writes both names from the `[tool.relkit]` table."""

RUNTIME_DISTRIBUTION = "openai-codex-cli-bin"
RUNTIME_MODULE = "codex_cli_bin"
