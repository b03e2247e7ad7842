"""Every kind of input reaches the model; what cannot be sent is refused here (59-61)."""

from __future__ import annotations

import base64
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest

from codex_app_server import (
    AppServerError,
    ImageInput,
    LocalImageInput,
    MentionInput,
    SkillInput,
    TextInput,
)
from harness import Reply, Twin

pytestmark = pytest.mark.slow


def png() -> bytes:
    """A PNG of one grey pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0\x80")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def send(twin: Twin, prompt: Any) -> None:
    """Run one turn with this input."""
    twin.world.model.queue(Reply.text("seen"))
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start())
        assert twin.wait(thread.run(prompt)).final_response == "seen"


def images(twin: Twin) -> list[str]:
    """The image URLs that the model was shown."""
    parts = twin.world.model.last_request.content("user")
    return [part["image_url"] for part in parts if part["type"] == "input_image"]


@pytest.mark.parametrize(
    "prompt",
    ["just text", TextInput("just text"), [TextInput("just text")], (TextInput("just text"),)],
    ids=repr,
)
def test_text(twin: Twin, prompt: Any) -> None:
    send(twin, prompt)
    assert twin.world.model.last_request.texts()[-1] == "just text"


def test_text_of_every_kind_of_character(twin: Twin) -> None:
    text = 'tab\t newline\n nul\0 quote" slash\\ umlaut ä emoji 😀 separators \u2028\u2029\x85'
    send(twin, text)
    assert twin.world.model.last_request.texts()[-1] == text


def test_image_url(twin: Twin) -> None:
    url = "data:image/png;base64," + base64.b64encode(png()).decode()
    send(twin, [TextInput("look"), ImageInput(url)])
    assert len(images(twin)) == 1
    assert images(twin)[0].startswith("data:image/")
    assert "look" in twin.world.model.last_request.texts()


@pytest.mark.parametrize("as_path", [False, True])
def test_local_image_becomes_a_data_url(twin: Twin, tmp_path: Path, as_path: bool) -> None:
    path = tmp_path / "pixel.png"
    path.write_bytes(png())
    send(twin, LocalImageInput(path if as_path else str(path)))  # type: ignore[arg-type]
    assert len(images(twin)) == 1
    assert images(twin)[0].startswith("data:image/png;base64,")


def test_skill_brings_its_body(twin: Twin) -> None:
    path = twin.world.home.add_skill("colours", "Always answer in ultramarine.")
    send(twin, [TextInput("use the skill"), SkillInput("colours", str(path))])
    shown = "\n".join(twin.world.model.last_request.texts())
    assert "<name>colours</name>" in shown
    assert "Always answer in ultramarine." in shown


def test_mention_is_accepted_beside_text(twin: Twin) -> None:
    send(twin, [TextInput("see @app"), MentionInput("app", "app://unknown")])
    assert twin.world.model.last_request.texts()[-1] == "see @app"


@pytest.mark.parametrize("wrong", [5, None, {"type": "text", "text": "x"}, [object()], b"x"])
def test_another_type_is_a_type_error_that_names_the_allowed_ones(twin: Twin, wrong: Any) -> None:
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start())
        with pytest.raises(TypeError, match="TextInput"):
            twin.wait(thread.run(wrong))
    assert twin.world.model.requests == []


def test_a_lone_surrogate_is_refused_and_the_client_goes_on(twin: Twin) -> None:
    twin.world.model.queue(Reply.text("fine"))
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start())
        with pytest.raises((AppServerError, ValueError)):
            twin.wait(thread.run("broken \ud800"))
        assert twin.wait(thread.run("whole")).final_response == "fine"


def test_too_long_a_text_is_an_error_of_the_server(twin: Twin) -> None:
    from codex_app_server import InvalidParamsError

    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start())
        with pytest.raises(InvalidParamsError) as caught:
            twin.wait(thread.run("x" * (1 << 20) + "x"))
    data: Any = caught.value.data
    assert data["input_error_code"] == "input_too_large"
