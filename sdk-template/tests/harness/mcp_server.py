"""An MCP server over standard input and output: one tool, one resource. The runtime starts it."""

from __future__ import annotations

import json
import sys
from typing import Any

TOOL = {
    "name": "add",
    "description": "adds two numbers",
    "inputSchema": {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
    },
}
RESOURCE = {"uri": "note://one", "name": "one", "mimeType": "text/plain"}


def answer(method: str, params: dict[str, Any]) -> dict[str, Any] | None:
    """The result of a request, or None where there is no such method."""
    if method == "initialize":
        return {
            "protocolVersion": params["protocolVersion"],
            "capabilities": {"tools": {}, "resources": {}},
            "serverInfo": {"name": "notes", "version": "1"},
        }
    if method == "tools/call":
        given = params["arguments"]
        if "a" not in given:
            return {"content": [{"type": "text", "text": "a is missing"}], "isError": True}
        return {"content": [{"type": "text", "text": str(given["a"] + given["b"])}]}
    if method == "resources/read":
        return {"contents": [{**RESOURCE, "text": "the note"}]}
    lists = {
        "tools/list": {"tools": [TOOL]},
        "resources/list": {"resources": [RESOURCE]},
        "resources/templates/list": {"resourceTemplates": []},
    }
    return lists.get(method)


def main() -> None:
    """Answer requests, one a line, until the input ends."""
    for line in sys.stdin:
        message = json.loads(line)
        if "id" not in message:
            continue
        result = answer(message["method"], message.get("params") or {})
        reply: dict[str, Any] = {"jsonrpc": "2.0", "id": message["id"]}
        if result is None:
            reply["error"] = {"code": -32601, "message": "no such method"}
        else:
            reply["result"] = result
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
