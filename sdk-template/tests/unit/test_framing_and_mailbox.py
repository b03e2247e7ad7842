"""Lines and messages; handing items from one thread to another, or to an event loop."""

from __future__ import annotations

import asyncio
import json
import random
import threading
import time

import pytest

from codex_app_server._framing import LineSplitter, decode_message, encode_message
from codex_app_server._mailbox import (
    DeadlinePassed,
    Mailbox,
    deadline_after,
    receive,
    receive_async,
)
from codex_app_server.errors import InvalidInputError


def test_lines_do_not_depend_on_the_chunks() -> None:
    chance = random.Random(7)
    for _ in range(200):
        lines = [
            bytes(chance.choices(b"ab\r\xff", k=chance.randrange(12)))
            for _ in range(chance.randrange(8))
        ]
        rest = bytes(chance.choices(b"xy", k=chance.randrange(5)))
        stream = b"".join(line + b"\n" for line in lines) + rest
        splitter, found, start = LineSplitter(), [], 0
        while start < len(stream):
            size = chance.randrange(1, 9)
            found += splitter.feed(stream[start : start + size])
            start += size
        assert found == lines
        assert splitter.rest() == rest


def test_a_long_line_takes_linear_time() -> None:
    splitter = LineSplitter()
    chunk = b"x" * 65536
    started = time.process_time()
    for _ in range(2000):
        assert list(splitter.feed(chunk)) == []
    (line,) = splitter.feed(b"\n")
    assert len(line) == 2000 * 65536
    assert time.process_time() - started < 5


def test_messages_are_utf8_lines() -> None:
    message = {"id": 1, "method": "x", "params": {"text": "ü\n\u2028😀", "n": [1, None, True]}}
    line = encode_message(message)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert json.loads(line) == message
    assert decode_message(line) == message


@pytest.mark.parametrize(
    "bad", ["\ud800", {"a": ["\udfff"]}, float("nan"), float("inf"), object(), {1, 2}, b"x"]
)
def test_what_json_cannot_carry_is_refused(bad: object) -> None:
    with pytest.raises(InvalidInputError, match="turn/start"):
        encode_message({"method": "turn/start", "params": {"x": bad}})


def test_endless_nesting_is_refused() -> None:
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(InvalidInputError):
        encode_message({"method": "x", "params": endless})


@pytest.mark.parametrize("line", [b"", b"x", b"[]", b"5", b"null", b'"x"', b"{", b"\xff", b"{}x"])
def test_what_is_no_object_is_none(line: bytes) -> None:
    assert decode_message(line) is None


def boom() -> ValueError:
    return ValueError("the end")


def test_items_come_in_order_and_then_the_end() -> None:
    box: Mailbox[int] = Mailbox()
    for number in range(3):
        box.put(number + 1)
    box.close(boom)
    box.close(KeyError)
    box.put(9)
    assert [receive(box) for _ in range(3)] == [1, 2, 3]
    for _ in range(2):
        with pytest.raises(ValueError, match="the end"):
            receive(box)


def test_a_bounded_box_drops_the_oldest() -> None:
    box: Mailbox[int] = Mailbox(3)
    for number in range(1, 11):
        box.put(number)
    assert [receive(box) for _ in range(3)] == [8, 9, 10]
    assert box.dropped == 7


@pytest.mark.parametrize("timeout", [0.0, 0.05, -1.0])
def test_deadlines(timeout: float) -> None:
    box: Mailbox[int] = Mailbox()
    with pytest.raises(DeadlinePassed):
        receive(box, deadline_after(timeout))
    with pytest.raises(DeadlinePassed):
        asyncio.run(receive_async(box, deadline_after(timeout)))
    assert box._wakes == []
    box.put(1)
    assert receive(box, deadline_after(timeout)) == 1


def test_many_items_through_threads_and_tasks() -> None:
    count, boxes = 5000, [Mailbox[int](), Mailbox[int]()]

    def produce() -> None:
        for number in range(1, count + 1):
            for box in boxes:
                box.put(number)
        for box in boxes:
            box.close(boom)

    async def consume_in_loop() -> list[int]:
        found = []
        try:
            while True:
                found.append(await receive_async(boxes[1]))
        except ValueError:
            return found

    thread = threading.Thread(target=produce)
    thread.start()
    found = [receive(boxes[0]) for _ in range(count)]
    with pytest.raises(ValueError, match="the end"):
        receive(boxes[0])
    assert found == list(range(1, count + 1))
    assert asyncio.run(consume_in_loop()) == list(range(1, count + 1))
    thread.join()


def test_the_end_wakes_everyone() -> None:
    box: Mailbox[int] = Mailbox()
    woken: list[str] = []

    def wait() -> None:
        with pytest.raises(ValueError, match="the end"):
            receive(box)
        woken.append("thread")

    async def wait_in_loop() -> None:
        results = await asyncio.gather(
            *[receive_async(box) for _ in range(5)], return_exceptions=True
        )
        woken.extend("task" for one in results if isinstance(one, ValueError))

    threads = [threading.Thread(target=wait) for _ in range(5)]
    for thread in threads:
        thread.start()
    threading.Timer(0.1, box.close, (boom,)).start()
    asyncio.run(wait_in_loop())
    for thread in threads:
        thread.join(5)
    assert sorted(woken) == ["task"] * 5 + ["thread"] * 5


def test_a_loop_that_is_gone_does_not_hurt_the_producer() -> None:
    box: Mailbox[int] = Mailbox()

    async def leave() -> None:
        waiting = asyncio.ensure_future(receive_async(box))
        await asyncio.sleep(0)
        waiting.cancel()

    asyncio.run(leave())
    box.put(1)
    assert receive(box) == 1
