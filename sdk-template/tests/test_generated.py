"""The generated package as its users meet it: open where it receives, strict where it sends."""

from __future__ import annotations

import ast
import copy
import importlib
import inspect
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from codex_app_server import generated
from codex_app_server._base import (
    OpenEnum,
    ParamsModel,
    UnknownVariant,
    WireModel,
    WireRoot,
    wire,
)
from codex_app_server.generated import registry, v2_all
from codex_app_server.generated.v2_all import (
    AskForApproval,
    PlanType,
    ReasoningEffort,
    SandboxPolicy,
    Thread,
    ThreadItem,
    ThreadListCwdFilter,
    TurnCompletedNotification,
    TurnStartParams,
    TurnStatus,
)

SOURCE = Path(generated.__file__).parent
MODULES = sorted(path.stem for path in SOURCE.glob("*.py") if path.stem != "__init__")
METHODS = ["client_methods", "codex_methods", "thread_methods", "turn_methods"]
ROUTES = {"turnId", "turn.id", "threadId", "global"}


def python(code: str) -> str:
    """What a fresh interpreter prints that knows the source tree."""
    lead = f"import sys; sys.path.insert(0, {str(SOURCE.parents[1])!r})\n"
    done = subprocess.run(
        [sys.executable, "-c", lead + code], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_header_says_where_the_types_come_from() -> None:
    assert re.fullmatch(r"\d+(\.\d+)+((a|b|rc)\d+)?", generated.RUNTIME_VERSION)
    assert re.fullmatch(r"[0-9a-f]{64}", generated.SCHEMA_SHA256)
    assert generated.SCHEMA_MODE == "stable"


def test_the_facade_holds_every_class_once() -> None:
    homes: dict[str, list[str]] = {}
    for module in MODULES:
        if module in {"registry", *METHODS}:
            continue
        for node in ast.parse((SOURCE / f"{module}.py").read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                homes.setdefault(node.name, []).append(module)
    # Programs that look for the one definition of the plan names look for it in the facade.
    assert homes["PlanType"] == ["v2_all"]
    assert (SOURCE / "v2_all.py").read_text(encoding="utf-8").count("class PlanType(") == 1
    assert all(len(modules) == 1 for modules in homes.values())
    assert set(homes) <= set(v2_all.__all__)
    for name in v2_all.__all__:
        assert getattr(v2_all, name) is not None, name
    with pytest.raises(AttributeError, match="NoSuchType"):
        v2_all.__getattr__("NoSuchType")


def test_light_modules_load_no_models() -> None:
    printed = python(
        f"from codex_app_server.generated import {', '.join(METHODS)}, registry\n"
        "print([n for n in sys.modules if n.startswith('pydantic')"
        " or n == 'codex_app_server._base'])"
    )
    assert printed == "[]"


def test_core_loads_alone() -> None:
    printed = python(
        "from codex_app_server.generated.v2_all import Turn\n"
        "print(sorted(n.rsplit('.', 1)[1] for n in sys.modules"
        " if n.startswith('codex_app_server.generated.')))"
    )
    assert printed == "['core', 'v2_all']"


def methods_of(module: str, *, of_async: bool) -> dict[str, str]:
    """The methods of the sync or the async class of a module, with their overloads, as source."""
    tree = ast.parse((SOURCE / f"{module}.py").read_text(encoding="utf-8"))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    (owner,) = [node for node in classes if node.name.startswith("Async") is of_async]
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    found: dict[str, str] = {}
    for node in owner.body:
        if isinstance(node, functions):
            found[node.name] = f"{found.get(node.name, '')}{ast.unparse(node)}\n"
    return found


#: Made of other methods, which start the client, or of what there is once it was started.
STARTS_NOTHING = {
    *("run", "iter_threads", "pause_goal", "resume_goal", "notifications"),
    *("stderr_tail", "_handlers"),
}
#: Of the protocol clients, those that wait by themselves; the others wait by these.
BINDS_ITS_LOOP = {"_request_raw", "_next", "notify", "_login_event"}


@pytest.mark.parametrize("module", METHODS)
def test_the_twins_differ_in_waiting_and_starting_alone(module: str) -> None:
    start = re.compile(r"\n *await (self|self\._codex)\._ensure_initialized\(\)")
    bind = re.compile(r"\n *self\.bind_loop\(\)")
    sync, waiting = methods_of(module, of_async=False), methods_of(module, of_async=True)
    assert list(sync) == list(waiting)
    for name, source in waiting.items():
        # The protocol clients are started by those who use them.
        starts = name not in STARTS_NOTHING and module != "client_methods"
        assert len(start.findall(source)) == int(starts), name
        binds = module == "client_methods" and name in BINDS_ITS_LOOP
        assert len(bind.findall(source)) == int(binds), name
        source = bind.sub("", start.sub("", source))
        plain = re.sub(r"\basync |\bawait |\bAsync(?=[A-Z])", "", source)
        plain = re.sub(r"\b(receive|retry_on_overload)_async\b", r"\1", plain)
        plain = re.sub(r"self\._codex(\._client)?", "self._client", plain)
        # An async generator has no shorter way to yield what it is given.
        plain = re.sub(r"for (\w+) in (.*):\n +yield \1", r"yield from \2", plain)
        owned = re.sub(r"(Thread|Handle|Notifications)\(self([,)])", r"\1(self._client\2", plain)
        assert owned == sync[name]


def test_the_registries_name_classes_that_exist() -> None:
    assert list(registry.NOTIFICATIONS) == sorted(registry.NOTIFICATIONS)
    for module, model, route in registry.NOTIFICATIONS.values():
        home = importlib.import_module(f"codex_app_server.generated.{module}")
        assert issubclass(getattr(home, model), WireModel)
        assert route in ROUTES
    assert registry.NOTIFICATIONS["turn/completed"][2] == "turn.id"
    assert registry.NOTIFICATIONS["item/agentMessage/delta"][2] == "turnId"
    for _, params, response in registry.CLIENT_METHODS.values():
        assert params is None or hasattr(v2_all, params)
        assert hasattr(v2_all, response)


@pytest.mark.parametrize("method", sorted(registry.SERVER_REQUESTS))
def test_every_refusal_is_a_valid_answer(method: str) -> None:
    module, params, response, refusal = registry.SERVER_REQUESTS[method]
    home = importlib.import_module(f"codex_app_server.generated.{module}")
    assert hasattr(home, params)
    if refusal is not None:
        answer = getattr(home, response).model_validate(refusal)
        assert answer.model_dump(by_alias=True, mode="json", exclude_unset=True) == refusal
    else:
        assert method in {"account/chatgptAuthTokens/refresh", "attestation/generate"}


def test_an_unknown_enum_value_is_kept() -> None:
    status = TurnStatus("paused")
    assert status == "paused"
    assert f"{status} {status!s}" == "paused paused"
    assert status is TurnStatus("paused")
    assert status not in list(TurnStatus)
    assert {"paused": 1}[status] == 1
    assert copy.deepcopy(status) is status
    assert pickle.loads(pickle.dumps(status)) is status
    assert TurnStatus("completed") is TurnStatus.completed
    with pytest.raises(ValueError, match="7"):
        TurnStatus(7)
    assert issubclass(PlanType, OpenEnum)
    assert ReasoningEffort.high.value == "high"


def test_unknown_values_are_bounded() -> None:
    made = [TurnStatus(f"state-{number}") for number in range(3000)]
    assert made[2999] == "state-2999"
    assert len(TurnStatus) == len(list(TurnStatus)) < 10


def test_an_unknown_variant_is_kept_with_all_it_holds() -> None:
    raw = {"type": "hologram", "id": "1", "shape": {"sides": 4}}
    item = ThreadItem.model_validate(raw)
    assert isinstance(item.root, UnknownVariant)
    assert (item.root.type, item.type, item.shape) == ("hologram", "hologram", {"sides": 4})
    assert item.model_dump(by_alias=True, mode="json") == raw
    assert wire(item) == raw


def test_a_malformed_known_variant_is_kept_too() -> None:
    item = ThreadItem.model_validate({"type": "agentMessage", "id": 7})
    assert isinstance(item.root, UnknownVariant)
    assert item.type == "agentMessage"


def test_unions_have_a_root_and_forward_attributes() -> None:
    item = ThreadItem.model_validate({"type": "agentMessage", "id": "1", "text": "hi"})
    assert (item.root.type, item.text) == ("agentMessage", "hi")
    assert copy.deepcopy(item) == item
    assert pickle.loads(pickle.dumps(item)) == item
    assert not hasattr(item, "no_such_field")
    for union in (ThreadItem, SandboxPolicy, AskForApproval, ThreadListCwdFilter):
        assert issubclass(union, WireRoot)
    assert AskForApproval.model_validate("never").root == "never"
    assert ThreadListCwdFilter.model_validate(["/a"]).root == ["/a"]
    policy = SandboxPolicy(root={"type": "readOnly"})
    assert policy.network_access is False


def test_unknown_fields_are_kept() -> None:
    raw = {
        "threadId": "t",
        "turn": {"id": "u", "items": [], "status": "dreaming", "future": [1]},
        "x": 1,
    }
    note = TurnCompletedNotification.model_validate(raw)
    assert note.turn.status == "dreaming"
    assert note.model_dump(by_alias=True, mode="json", exclude_unset=True) == raw


@pytest.mark.parametrize(
    "fields",
    [
        {"modle": "x"},
        {"sandboxPolicy": {"type": "readOnyl"}},
        {"sandboxPolicy": {"type": "readOnly", "networkAcess": True}},
        {"input": [{"type": "text", "text": 7}]},
        {"input": [{"type": "smell", "name": "x"}]},
    ],
)
def test_what_is_sent_is_strict(fields: dict[str, object]) -> None:
    good: dict[str, object] = {"threadId": "t", "input": [{"type": "text", "text": "hi"}]}
    assert wire(TurnStartParams.model_validate(good)) == good
    with pytest.raises(ValidationError):
        TurnStartParams.model_validate({**good, **fields})


def test_parameters_take_python_names_and_leave_out_what_was_not_given() -> None:
    params = TurnStartParams.model_validate(
        {"thread_id": "t", "input": [], "effort": "high", "model": None, "approval_policy": "never"}
    )
    assert wire(params) == {
        "approvalPolicy": "never",
        "effort": "high",
        "input": [],
        "threadId": "t",
    }


def test_a_required_null_is_sent() -> None:
    params = v2_all.ThreadSectionMoveParams
    given = {name: None for name, f in params.model_fields.items() if f.is_required()}
    values = {**given, "thread_id": "t", "threadId": "t"}
    fields = {n: v for n, v in values.items() if n in params.model_fields}
    assert wire(params.model_validate(fields))["sectionId"] is None


def test_wire_reaches_into_everything() -> None:
    effort = ReasoningEffort.low
    assert wire({"a": (effort, Path("/x"), [TurnStatus("new")]), effort: None}) == {
        "a": ["low", str(Path("/x")), ["new"]],
        "low": None,
    }


def test_every_class_stands_on_one_of_the_bases() -> None:
    for name in v2_all.__all__:
        kind = getattr(v2_all, name)
        if inspect.isclass(kind) and issubclass(kind, BaseModel):
            assert issubclass(kind, (WireModel, ParamsModel, WireRoot)), name
    assert issubclass(Thread, WireModel)
    assert issubclass(TurnStartParams, ParamsModel)
