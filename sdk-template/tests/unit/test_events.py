"""Payloads of notifications: every one public, and what lacks a field still readable."""

from __future__ import annotations

import logging

import pytest

from codex_app_server import events
from codex_app_server._run import TurnRecord
from codex_app_server._wire import decode_notification
from codex_app_server.generated.registry import NOTIFICATIONS

MESSAGE = {"type": "agentMessage", "id": "m", "text": "hello", "phase": "final_answer"}
ENDED = {"threadId": "t", "turn": {"id": "u", "items": [], "status": "completed"}}


def test_every_payload_is_public() -> None:
    own = {"Notification", "NotificationPayload", "UnknownNotification"}
    assert set(events.__all__) == {entry[1] for entry in NOTIFICATIONS.values()} | own
    assert sorted(events.__all__) == events.__all__
    for name in events.__all__:
        assert getattr(events, name) is not None
    with pytest.raises(AttributeError):
        events.no_such_name  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize(
    "params",
    [
        {"threadId": "t", "turnId": "u", "item": MESSAGE},
        {"threadId": "t", "turnId": "u", "completedAtMs": "soon", "item": MESSAGE},
        {"completedAtMs": 1, "item": MESSAGE},
    ],
)
def test_no_item_is_lost_for_one_field(
    params: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    record = TurnRecord("u")
    with caplog.at_level(logging.WARNING, "codex_app_server"):
        record.add(decode_notification("item/completed", params))
    record.add(decode_notification("turn/completed", ENDED))
    assert record.result().final_response == "hello"
    assert "item/completed" in caplog.text


def test_what_lacks_a_field_keeps_its_type() -> None:
    params = {"threadId": "t", "turnId": "u", "item": MESSAGE, "new": 1}
    payload = decode_notification("item/completed", params).payload
    assert isinstance(payload, events.ItemCompletedNotification)
    assert (payload.thread_id, payload.turn_id) == ("t", "u")
    assert payload.item.root.type == "agentMessage"
