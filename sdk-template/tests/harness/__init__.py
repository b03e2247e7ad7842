"""The integration harness: the real pinned runtime, an isolated home, and a local model server.

Only the HTTP side of the model is played by the harness; everything between the public Python
classes and the runtime's own request to the model is the real thing.
"""

from harness.home import CodexHome
from harness.model_server import ModelRequest, ModelServer
from harness.replies import Gate, Reply
from harness.runtime import RuntimeMissing, find_runtime
from harness.world import Twin, World

__all__ = [
    "CodexHome",
    "Gate",
    "ModelRequest",
    "ModelServer",
    "Reply",
    "RuntimeMissing",
    "Twin",
    "World",
    "find_runtime",
]
