"""Hands items from the reader thread to one consumer, be it a thread or an event loop's task.

Putting never blocks. A consumer that finds the box empty leaves a function that wakes it, so the
same box serves `receive` (a thread waits on a lock) and `receive_async` (a future of its loop).
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

from .errors import InvalidInputError

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")

# A blocking lock cannot be interrupted by Ctrl-C on Windows, so waits there are cut in slices.
_SLICE_S = 0.1 if os.name == "nt" else threading.TIMEOUT_MAX


class DeadlinePassed(Exception):
    """Nothing arrived in time; callers turn this into an error that names what was awaited."""


class Mailbox(Generic[T]):
    """A queue of items (never None) that ends with a reason, after which `take` raises it.

    With a `capacity` the oldest item gives way to a new one; `dropped` counts those.
    """

    __slots__ = ("__weakref__", "_capacity", "_end", "_items", "_lock", "_wakes", "dropped")

    def __init__(self, capacity: int | None = None) -> None:
        self._items: deque[T] = deque()
        self._capacity = capacity
        # Reentrant, because a signal handler may close the client while its thread is in here.
        self._lock = threading.RLock()
        self._wakes: list[Callable[[], object]] = []
        self._end: Callable[[], BaseException] | None = None
        self.dropped: int = 0

    def put(self, item: T) -> None:
        """Append an item, unless the box is closed, and wake whoever waits."""
        with self._lock:
            if self._end is not None:
                return
            if self._capacity is not None and len(self._items) >= self._capacity:
                self._items.popleft()
                self.dropped += 1
            self._items.append(item)
            wakes = self._wakes
            if not wakes:
                return
            self._wakes = []
        for wake in wakes:
            wake()

    def close(self, end: Callable[[], BaseException]) -> None:
        """End the box: what it holds may still be taken, then `take` raises `end()`."""
        with self._lock:
            if self._end is not None:
                return
            self._end = end
            wakes, self._wakes = self._wakes, []
        for wake in wakes:
            wake()

    def take(self) -> T | None:
        """The oldest item, or None when there is none yet; raises the reason at the end."""
        with self._lock:
            if self._items:
                return self._items.popleft()
            end = self._end
        if end is None:
            return None
        raise end()

    def park(self, wake: Callable[[], object]) -> bool:
        """Have `wake` called once at the next item or the end; False if there is one already."""
        with self._lock:
            # First appended, then looked: a signal handler may put or close between the two.
            self._wakes.append(wake)
            if not self._items and self._end is None:
                return True
            self.unpark(wake)
            return False

    def unpark(self, wake: Callable[[], object]) -> None:
        """Forget a `wake` that was not called."""
        with self._lock:
            if wake in self._wakes:
                self._wakes.remove(wake)


def deadline_after(timeout: float | None) -> float | None:
    """The moment, on the monotonic clock, when `timeout` seconds have passed."""
    checked = checked_timeout(timeout)
    return None if checked is None else time.monotonic() + checked


def checked_timeout(timeout: float | None) -> float | None:
    """The same; InvalidInputError if it is no duration."""
    if timeout is None or (isinstance(timeout, (int, float)) and timeout == timeout):
        return timeout
    raise InvalidInputError(f"a timeout is a number of seconds or None, not {timeout!r}")


def receive(box: Mailbox[T], deadline: float | None = None) -> T:
    """The next item; the calling thread waits for it. Raises DeadlinePassed, or the box's end."""
    while True:
        item = box.take()
        if item is not None:
            return item
        gate = threading.Lock()
        gate.acquire()
        wake = gate.release
        if box.park(wake):
            try:
                _wait(gate, deadline)
            finally:
                box.unpark(wake)


def _wait(gate: threading.Lock, deadline: float | None) -> None:
    while True:
        left = _SLICE_S if deadline is None else min(_SLICE_S, deadline - time.monotonic())
        if gate.acquire(timeout=max(left, 0.0)):
            return
        if deadline is not None and time.monotonic() >= deadline:
            raise DeadlinePassed


async def receive_async(box: Mailbox[T], deadline: float | None = None) -> T:
    """The next item; the calling task waits for it. Raises DeadlinePassed, or the box's end."""
    import asyncio

    while True:
        item = box.take()
        if item is not None:
            return item
        loop = asyncio.get_running_loop()
        arrived: asyncio.Future[bool] = loop.create_future()

        def wake(
            loop: asyncio.AbstractEventLoop = loop, arrived: asyncio.Future[bool] = arrived
        ) -> None:
            call_in_loop(loop, _settle, arrived, True)

        if not box.park(wake):
            continue
        timer = None
        if deadline is not None:
            left = max(deadline - time.monotonic(), 0.0)
            timer = loop.call_later(left, _settle, arrived, False)
        try:
            if not await arrived:
                raise DeadlinePassed
        finally:
            box.unpark(wake)
            if timer is not None:
                timer.cancel()


def _settle(future: asyncio.Future[bool], value: bool) -> None:
    if not future.done():
        future.set_result(value)


def call_in_loop(
    loop: asyncio.AbstractEventLoop, callback: Callable[..., object], *args: object
) -> bool:
    """Call `callback` in the loop's thread; False when the loop is closed already."""
    try:
        loop.call_soon_threadsafe(callback, *args)
    except RuntimeError:
        return False
    return True
