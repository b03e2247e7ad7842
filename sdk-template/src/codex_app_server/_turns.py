"""Brings each notification to the turn it belongs to, by the ids in its raw parameters.

Payloads are not validated here: a notification that no model fits still reaches its turn.
"""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from ._mailbox import Mailbox
from .errors import StreamConsumedError
from .generated.registry import NOTIFICATIONS

TURN_COMPLETED = "turn/completed"
LOGIN_COMPLETED = "account/login/completed"
MCP_LOGIN_COMPLETED = "mcpServer/oauthLogin/completed"
_LOGIN_ENDS = frozenset({LOGIN_COMPLETED, MCP_LOGIN_COMPLETED})
_REMEMBERED_LOGINS = 64
_GLOBAL_CAPACITY = 1024
_UNCLAIMED_TURNS = 2048
_EARLY_TURNS = 64
_EARLY_EVENTS = 4096
_REMEMBERED_TURNS = 1024
_OF_A_TURN = frozenset({"turnId", "turn.id", "unknown"})


class RawNotification(NamedTuple):
    """A notification as it came."""

    method: str
    params: dict[str, object]


TurnBox = Mailbox[RawNotification]

LoginKey = tuple[str, str]
"""The method that tells how a sign-in ended, and the sign-in's id."""


def login_key(method: str, params: Mapping[str, object]) -> LoginKey | None:
    """Which sign-in a notification, or the answer to a request, is about."""
    found = params.get("loginId")
    if not isinstance(found, str) and method == MCP_LOGIN_COMPLETED:
        # Runtimes before 0.163.0 know a sign-in to an MCP server by the server's name alone.
        found = params.get("name")
    return (method, found) if isinstance(found, str) else None


def not_kept(turn_id: str) -> StreamConsumedError:
    """The error for whoever asks for events of a turn that nobody waits with any more."""
    return StreamConsumedError(f"turn `{turn_id}` has ended, and its notifications were not kept")


def turn_id_of(method: str, params: dict[str, object]) -> str | None:
    """The turn that a notification belongs to, or None for the connection as a whole."""
    entry = NOTIFICATIONS.get(method)
    routing = entry[2] if entry is not None else "unknown"
    if routing not in _OF_A_TURN:
        return None
    # Either place is good: a payload that is not as the schema says must reach its turn too.
    turn = params.get("turn")
    inner = turn.get("id") if isinstance(turn, dict) else None
    outer = params.get("turnId")
    for found in (inner, outer) if routing == "turn.id" else (outer, inner):
        if isinstance(found, str):
            return found
    return None


class TurnRouter:
    """Boxes of turns, and one bounded box for everything else.

    A box lives as long as somebody holds it, so a dropped handle or stream leaves nothing behind.
    Events of a turn that nobody asked for yet are kept, within bounds, for the reply to
    `turn/start` that may follow them.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._boxes: dict[str, list[weakref.ref[TurnBox]]] = {}
        self._unclaimed: OrderedDict[str, list[TurnBox]] = OrderedDict()
        self._registered: dict[str, TurnBox] = {}
        self._early: OrderedDict[str, deque[RawNotification]] = OrderedDict()
        self._ended: OrderedDict[str, str] = OrderedDict()
        self._last: OrderedDict[str, RawNotification] = OrderedDict()
        self._interrupted: OrderedDict[str, None] = OrderedDict()
        self._unheard: dict[str, list[Callable[[], None]]] = {}
        self._logins: OrderedDict[LoginKey, RawNotification] = OrderedDict()
        self._login_boxes: dict[LoginKey, list[TurnBox]] = {}
        self._subscribed: list[weakref.ref[TurnBox]] = []
        self._starting = 0
        self._end: Callable[[], BaseException] | None = None
        self.unrouted: TurnBox = Mailbox(_GLOBAL_CAPACITY)

    # -- the reader thread's side ---------------------------------------------------------------

    def route(self, event: RawNotification) -> None:
        """Deliver a notification."""
        for subscribed in tuple(self._subscribed):
            listener = subscribed()
            if listener is not None:
                listener.put(event)
        turn_id = turn_id_of(event.method, event.params)
        if turn_id is None:
            if event.method in _LOGIN_ENDS:
                self._login_completed(event)
            self.unrouted.put(event)
            return
        with self._lock:
            waiting = self._unheard.pop(turn_id, ())
            boxes = self._boxes.get(turn_id)
            if boxes is None:
                self._keep_early(turn_id, event)
            ended = event.method == TURN_COMPLETED
            if ended:
                self._boxes.pop(turn_id, None)
                self._remember_end(turn_id, event.params)
                if self._starting:
                    # The reply to a `turn/start` that joined this turn may still come.
                    self._last[turn_id] = event
                    if len(self._last) > _EARLY_TURNS + self._starting:
                        self._last.popitem(last=False)
        for reference in boxes or ():
            box = reference()
            if box is not None:
                box.put(event)
        for act in waiting:
            act()

    def _login_completed(self, event: RawNotification) -> None:
        key = login_key(event.method, event.params)
        if key is None:
            return
        with self._lock:
            self._logins[key] = event
            if len(self._logins) > _REMEMBERED_LOGINS:
                self._logins.popitem(last=False)
            boxes = self._login_boxes.pop(key, [])
        for box in boxes:
            box.put(event)

    def starting(self) -> None:
        """A `turn/start` is about to be sent."""
        with self._lock:
            self._starting += 1

    def started(self, turn_id: str | None) -> None:
        """A `turn/start` was answered, with this turn or with an error; opens the turn's box."""
        with self._lock:
            self._starting -= 1
            if turn_id is not None:
                known = (self._early, self._boxes, self._ended)
                if not any(turn_id in seen for seen in known):
                    self._unheard[turn_id] = []
                self._unclaimed.setdefault(turn_id, []).append(self._open(turn_id))
                if len(self._unclaimed) > _UNCLAIMED_TURNS:
                    self._unclaimed.popitem(last=False)
            if self._starting == 0:
                self._last.clear()
                for key in [key for key in self._early if key in self._ended]:
                    del self._early[key]

    def interrupted(self, turn_id: str) -> None:
        """The server accepted to interrupt a turn."""
        with self._lock:
            self._interrupted[turn_id] = None
            if len(self._interrupted) > _REMEMBERED_TURNS:
                self._interrupted.popitem(last=False)

    def close(self, end: Callable[[], BaseException]) -> None:
        """End every box, now and in the future."""
        with self._lock:
            self._end = end
            boxes = [ref() for refs in self._boxes.values() for ref in refs]
            boxes += [*self._registered.values(), self.unrouted]
            boxes += [box for waiting in self._login_boxes.values() for box in waiting]
            boxes += [box for ref in self._subscribed if (box := ref()) is not None]
            boxes += [box for unclaimed in self._unclaimed.values() for box in unclaimed]
        for box in boxes:
            if box is not None:
                box.close(end)

    # -- the consumers' side --------------------------------------------------------------------

    def claim(self, turn_id: str) -> TurnBox | None:
        """The box that the reply to `turn/start` opened, for the one who sent it."""
        with self._lock:
            return self._claim(turn_id)

    def subscribe(self, capacity: int) -> TurnBox:
        """A box that gets every notification from now on, for as long as somebody holds it."""
        box: TurnBox = Mailbox(capacity)
        with self._lock:
            self._subscribed = [ref for ref in self._subscribed if ref() is not None]
            self._subscribed.append(weakref.ref(box))
            end = self._end
        if end is not None:
            box.close(end)
        return box

    def await_login(self, key: LoginKey) -> TurnBox:
        """A box for the end of a sign-in, which may have come already."""
        box: TurnBox = Mailbox()
        with self._lock:
            event, end = self._logins.get(key), self._end
            if event is not None:
                box.put(event)
            elif end is not None:
                box.close(end)
            else:
                self._login_boxes.setdefault(key, []).append(box)
        return box

    def forget_login(self, key: LoginKey) -> None:
        """A sign-in begins anew under the id of one that may have ended."""
        with self._lock:
            self._logins.pop(key, None)

    def leave_login(self, key: LoginKey, box: TurnBox) -> None:
        """Nobody waits with this box any more."""
        with self._lock:
            waiting = [other for other in self._login_boxes.get(key, ()) if other is not box]
            if waiting:
                self._login_boxes[key] = waiting
            else:
                self._login_boxes.pop(key, None)

    def register(self, turn_id: str) -> TurnBox:
        """The box of a turn that somebody follows by its id alone; the same until `unregister`."""
        with self._lock:
            box = self._registered.get(turn_id)
            if box is None:
                box = self._claim(turn_id)
                if box is None:
                    box = self._open(turn_id)
                self._registered[turn_id] = box
            return box

    def unregister(self, turn_id: str) -> None:
        """Forget the box that `register` made."""
        with self._lock:
            self._registered.pop(turn_id, None)

    def ended_as(self, turn_id: str) -> str | None:
        """The status a turn ended with or is about to, or None if it runs or was not seen."""
        with self._lock:
            about_to = "interrupted" if turn_id in self._interrupted else None
            return self._ended.get(turn_id, about_to)

    def began(self, turn_id: str) -> bool:
        """Whether a turn was started here and has not ended."""
        with self._lock:
            return turn_id in self._boxes

    def when_heard_of(self, turn_id: str, act: Callable[[], None]) -> None:
        """Call `act` at the first notification of a turn that was started, else now."""
        with self._lock:
            waiting = self._unheard.get(turn_id)
            if waiting is not None:
                waiting.append(act)
                return
        act()

    def is_over(self, turn_id: str) -> bool:
        """Whether a turn has ended and none of its events wait here."""
        with self._lock:
            kept = (self._registered, self._unclaimed, self._early)
            return turn_id in self._ended and not any(turn_id in waiting for waiting in kept)

    # -- under the lock -------------------------------------------------------------------------

    def _claim(self, turn_id: str) -> TurnBox | None:
        boxes = self._unclaimed.get(turn_id)
        if not boxes:
            return None
        box = boxes.pop(0)
        if not boxes:
            del self._unclaimed[turn_id]
        return box

    def _open(self, turn_id: str) -> TurnBox:
        box: TurnBox = Mailbox()
        events: Iterable[RawNotification] = self._early.pop(turn_id, ())
        if not events and turn_id in self._last:
            events = (self._last[turn_id],)
        for event in events:
            box.put(event)
        if self._end is not None:
            box.close(self._end)
        elif turn_id in self._ended:
            box.close(lambda: not_kept(turn_id))
        else:
            self._boxes.setdefault(turn_id, []).append(weakref.ref(box))
        return box

    def _keep_early(self, turn_id: str, event: RawNotification) -> None:
        if turn_id in self._ended or self._end is not None:
            return
        if event.method == TURN_COMPLETED and self._starting == 0:
            self._early.pop(turn_id, None)
            return
        events = self._early.get(turn_id)
        if events is None:
            # Each request that is under way may own one of these turns.
            if len(self._early) >= _EARLY_TURNS + self._starting:
                self._early.popitem(last=False)
            events = self._early[turn_id] = deque()
        if len(events) >= _EARLY_EVENTS and self._starting == 0:
            events.popleft()
        events.append(event)

    def _remember_end(self, turn_id: str, params: dict[str, object]) -> None:
        turn = params.get("turn")
        status = turn.get("status") if isinstance(turn, dict) else None
        self._ended[turn_id] = status if isinstance(status, str) else "ended"
        if len(self._ended) > _REMEMBERED_TURNS:
            self._ended.popitem(last=False)
