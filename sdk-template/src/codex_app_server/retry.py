"""Repeating a call while the server says that it is overloaded."""

from __future__ import annotations

import inspect
import random
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import TypeVar, cast, overload

from .errors import is_retryable_error as is_retryable_error

T = TypeVar("T")


@overload
def retry_on_overload(
    op: Callable[[], Awaitable[T]],
    *,
    max_attempts: int = 3,
    initial_delay_s: float = 0.25,
    max_delay_s: float = 2.0,
    jitter_ratio: float = 0.2,
) -> Coroutine[object, object, T]: ...


@overload
def retry_on_overload(
    op: Callable[[], T],
    *,
    max_attempts: int = 3,
    initial_delay_s: float = 0.25,
    max_delay_s: float = 2.0,
    jitter_ratio: float = 0.2,
) -> T: ...


def retry_on_overload(
    op: Callable[[], object],
    *,
    max_attempts: int = 3,
    initial_delay_s: float = 0.25,
    max_delay_s: float = 2.0,
    jitter_ratio: float = 0.2,
) -> object:
    """Call `op` until it succeeds, at most `max_attempts` times, while the server is overloaded.

    The pause starts at `initial_delay_s` and doubles; each is varied by up to `jitter_ratio` of
    itself and is never longer than `max_delay_s`. The last error is raised unchanged, and an error
    that is not an overload at once. If `op` gives an awaitable, so does this function: write
    `await retry_on_overload(lambda: thread.run("..."))`.

    Raises ValueError if `max_attempts` is less than 1.
    """
    pauses = _pauses(max_attempts, initial_delay_s, max_delay_s, jitter_ratio)
    while True:
        try:
            outcome = op()
        except Exception as error:
            _pause_or_raise(error, pauses, time.sleep)
            continue
        if inspect.isawaitable(outcome):
            again = cast("Callable[[], Awaitable[object]]", op)
            return _retry_awaitable(again, outcome, pauses)
        return outcome


async def retry_on_overload_async(
    op: Callable[[], Awaitable[T]],
    *,
    max_attempts: int = 3,
    initial_delay_s: float = 0.25,
    max_delay_s: float = 2.0,
    jitter_ratio: float = 0.2,
) -> T:
    """What `retry_on_overload` does, for a function that gives an awaitable."""
    pauses = _pauses(max_attempts, initial_delay_s, max_delay_s, jitter_ratio)
    return await _retry_awaitable(op, None, pauses)


def _pauses(attempts: int, initial: float, longest: float, jitter: float) -> Iterator[float]:
    if attempts < 1:
        raise ValueError(f"max_attempts must be at least 1, not {attempts}")

    def each() -> Iterator[float]:
        pause = initial
        for _ in range(attempts - 1):
            spread = pause * jitter
            yield max(0.0, min(longest, pause + random.uniform(-spread, spread)))
            pause = min(longest, pause * 2)

    return each()


def _next_pause(error: Exception, pauses: Iterator[float]) -> float:
    if not is_retryable_error(error):
        raise error
    pause = next(pauses, None)
    if pause is None:
        raise error
    return pause


def _pause_or_raise(
    error: Exception, pauses: Iterator[float], sleep: Callable[[float], object]
) -> None:
    sleep(_next_pause(error, pauses))


async def _retry_awaitable(
    op: Callable[[], Awaitable[T]], first: Awaitable[T] | None, pauses: Iterator[float]
) -> T:
    import asyncio

    attempt = first
    while True:
        try:
            return await (op() if attempt is None else attempt)
        except Exception as error:
            await asyncio.sleep(_next_pause(error, pauses))
        attempt = None
