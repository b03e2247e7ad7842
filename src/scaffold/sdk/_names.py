"""The runtime that this SDK starts; `relkit stage-sdk` keeps it true."""

from __future__ import annotations

RUNTIME_DISTRIBUTION = "@distribution@"
RUNTIME_MODULE = "@module@"
