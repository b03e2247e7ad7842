"""Python functions as tools of the model, against the real runtime."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field

from codex_app_server.errors import InvalidInputError
from harness import Reply, Twin


class Place(BaseModel):
    """Where the weather is."""

    city: str
    country: str = "CH"


class Opaque:
    """What no JSON says."""


def weather(place: Place, days: Annotated[int, Field(ge=1)] = 1) -> dict[str, object]:
    """The weather of a place."""
    return {"city": place.city, "country": place.country, "days": days}


async def greet(schema: str) -> str:
    """Greet somebody, by a parameter that is called as a method of models is."""
    if schema == "nobody":
        raise LookupError("nobody is there")
    return f"hello {schema}"


def test_functions_are_called_and_their_errors_reach_the_model(twin: Twin) -> None:
    calls: list[tuple[str, Any]] = [
        ("weather", {"place": {"city": "Bern"}}),
        ("weather", {"place": {"city": "Bern"}, "days": 0}),
        ("greet", {"schema": "you"}),
        ("greet", {"schema": "nobody"}),
    ]
    replies = [Reply.call(name, arguments) for name, arguments in calls]
    twin.world.model.queue(*replies, Reply.text("done"))
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start(tools=[weather, greet]))
        result = twin.wait(thread.run("x"))
    assert result.final_response == "done"
    offered = {tool.get("name"): tool for tool in twin.world.model.requests[0].body["tools"]}
    assert offered["weather"]["description"] == "The weather of a place."
    assert offered["weather"]["parameters"]["required"] == ["place"]
    first, second, third, fourth = twin.world.model.last_request.function_outputs()
    assert '"country": "CH", "days": 1' in first.replace('\\"', '"')
    assert "days" in second
    assert "hello you" in third
    assert "LookupError: nobody is there" in fourth
    found = [item.root for item in result.items if item.root.type == "dynamicToolCall"]
    assert [item.success for item in found] == [True, False, True, False]


def test_what_can_be_no_tool_is_refused(twin: Twin) -> None:
    def starred(*names: str) -> None: ...

    def opaque(thing: Opaque) -> None: ...

    def twice(name: str) -> None: ...

    def misspelled(name: str) -> None: ...

    def unknown(name: str) -> None: ...

    misspelled.__annotations__["name"] = "list["
    unknown.__annotations__["name"] = "Missing"

    async def several(name: str) -> AsyncIterator[str]:
        yield name

    with twin.codex() as codex:
        unreadable = ([int], [misspelled], [unknown], [several])
        for tools in ([starred], [opaque], [twice, twice], [lambda: 1], [5], weather, *unreadable):
            with pytest.raises(InvalidInputError, match="tool"):
                twin.wait(codex.thread_start(tools=tools))


def logged(function: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator that makes a coroutine function look like any other."""

    @functools.wraps(function)
    def call(*arguments: Any, **keywords: Any) -> Any:
        return function(*arguments, **keywords)

    return call


@logged
async def look_up(name: str) -> dict[str, str]:
    """Looks a name up."""
    if name == "nobody":
        raise LookupError(f"no such name: \ud800 {name}")
    return {"name": name}


def halved(name: str) -> str:
    """Half of a character."""
    return "\ud83d"


def test_decorated_coroutines_and_texts_that_cannot_be_sent(twin: Twin) -> None:
    calls = [("look_up", "you"), ("look_up", "nobody"), ("halved", "x")]
    replies = [Reply.call(function, {"name": name}) for function, name in calls]
    twin.world.model.queue(*replies, Reply.text("done"))
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start(tools=[look_up, halved]))
        assert twin.wait(thread.run("x")).final_response == "done"
    first, second, third = twin.world.model.last_request.function_outputs()
    assert "you" in first
    assert "LookupError: no such name" in second
    assert "UnicodeEncodeError" in third


def leave(how: str) -> str:
    """Ends the program, if it can."""
    raise {"exit": SystemExit, "interrupt": KeyboardInterrupt, "cancel": asyncio.CancelledError}[
        how
    ]("enough")


async def leave_later(how: str) -> str:
    """Ends the program, if it can."""
    return leave(how)


def test_a_tool_ends_neither_the_program_nor_the_turn(twin: Twin) -> None:
    calls = [("leave", "exit"), ("leave", "interrupt"), ("leave", "cancel")]
    calls += [("leave_later", "exit"), ("leave_later", "cancel")]
    replies = [Reply.call(function, {"how": how}) for function, how in calls]
    twin.world.model.queue(*replies, Reply.text("done"))
    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start(tools=[leave, leave_later]))
        assert twin.wait(thread.run("x")).final_response == "done"
    words = ("SystemExit", "KeyboardInterrupt", "CancelledError", "SystemExit", "CancelledError")
    outputs = twin.world.model.last_request.function_outputs()
    assert all(word in output for word, output in zip(words, outputs, strict=True))


def test_threads_that_go_on_call_the_functions_too(
    twin: Twin, caplog: pytest.LogCaptureFixture
) -> None:
    call = Reply.call("greet", {"schema": "you"})
    rounds = [reply for number in range(5) for reply in (call, Reply.text(f"done {number}"))]
    twin.world.model.queue(*rounds)

    def greeted() -> bool:
        return "hello you" in twin.world.model.last_request.function_outputs()[-1]

    with twin.codex() as codex:
        thread = twin.wait(codex.thread_start(tools=[greet]))
        assert twin.wait(thread.run("x")).final_response == "done 0"
        forked = twin.wait(codex.thread_fork(thread.id))
        assert twin.wait(forked.run("x")).final_response == "done 1"
        assert greeted()
        with pytest.raises(InvalidInputError, match=r"`weather`.*told when a thread is started"):
            twin.wait(codex.thread_fork(thread.id, tools=[greet, weather]))
    with twin.codex() as codex:
        resumed = twin.wait(codex.thread_resume(thread.id))
        assert twin.wait(resumed.run("x")).final_response == "done 2"
        assert not greeted()
        assert (
            "the model calls the tool 'greet', for which this client has no function" in caplog.text
        )
        resumed = twin.wait(codex.thread_resume(thread.id, tools=[greet]))
        assert twin.wait(resumed.run("x")).final_response == "done 3"
        assert greeted()
        forked = twin.wait(codex.thread_fork(thread.id, tools=[greet]))
        assert twin.wait(forked.run("x")).final_response == "done 4"
        assert greeted()
