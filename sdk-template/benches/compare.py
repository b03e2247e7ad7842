"""Import time, memory and throughput, next to the published SDK's, measured in the same run.

    python benches/compare.py --codex-bin FILE [--published PYTHON] [--repeat N] [--json FILE]

`--published` is the interpreter of a virtual environment in which `openai-codex` 0.163.0 is
installed. Every measurement is a fresh process; the best of N counts. CPU seconds are those of
the measured process alone.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

TEMPLATE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TEMPLATE / "tests"))

from harness.home import CodexHome  # noqa: E402
from harness.model_server import ModelServer  # noqa: E402
from harness.replies import Reply  # noqa: E402

SERVER = TEMPLATE / "tests" / "robustness" / "server_script.py"
EVENTS = 1000
FLOOD = f"""
@on("turn/start")
def _(request):
    turn_id = f"turn-{{next(turn_numbers)}}"
    one = {{"method": "item/agentMessage/delta", "params": {{"threadId": THREAD_ID,
        "turnId": turn_id, "itemId": "m", "delta": "a piece of text, as models send them"}}}}
    reply(request, {{"turn": turn(turn_id)}})
    started(turn_id)
    raw((json.dumps(one) + "\\n").encode() * {EVENTS})
    completed(turn_id)
"""

# ru_maxrss would count what this process held before the interpreter replaced it.
REPORT = """
import json, time
from pathlib import Path
figures = {"cpu": time.process_time(), "wall": time.time() - START}
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
figures["rss_mb"] = int(status["VmHWM"].split()[0]) / 1024
print(json.dumps({**figures, **globals().get("extra", {})}))
"""

OURS = "from codex_app_server import AppServerConfig as Config, AsyncCodex, Codex"
PUBLISHED = "from openai_codex import CodexConfig as Config, AsyncCodex, Codex"

MODELS = (
    "from codex_app_server.generated import core; from codex_app_server import Codex, types; "
    "types.Turn, types.ThreadItem"
)

ONE_TURN = """
import os
config = Config(codex_bin=os.environ["BENCH_CODEX"], cwd=os.environ["BENCH_CWD"])
with Codex(config) as codex:
    assert codex.thread_start().run("hello").final_response == "hello"
"""

SYNC_FLOOD = """
import json, os, time
with Codex(Config(launch_args_override=tuple(json.loads(os.environ["BENCH_SERVER"])))) as codex:
    thread = codex.thread_start()
    best = best_cpu = 1e9
    for _ in range(6):
        handle = thread.turn("x")
        wall, cpu = time.perf_counter(), time.process_time()
        assert sum(1 for _ in handle.stream()) == %d
        best = min(best, time.perf_counter() - wall)
        best_cpu = min(best_cpu, time.process_time() - cpu)
    extra = {"us_per_event": best / %d * 1e6, "cpu_us_per_event": best_cpu / %d * 1e6}
""" % (EVENTS + 2, EVENTS, EVENTS)  # noqa: UP031 - the braces below are Python's

ASYNC_FLOOD = """
import asyncio, json, os, time
async def main():
    best = best_cpu = 1e9
    config = Config(launch_args_override=tuple(json.loads(os.environ["BENCH_SERVER"])))
    async with AsyncCodex(config) as codex:
        thread = await codex.thread_start()
        for _ in range(6):
            handle = await thread.turn("x")
            wall, cpu = time.perf_counter(), time.process_time()
            count = 0
            async for _ in handle.stream():
                count += 1
            assert count == %d
            best = min(best, time.perf_counter() - wall)
            best_cpu = min(best_cpu, time.process_time() - cpu)
    return {"us_per_event": best / %d * 1e6, "cpu_us_per_event": best_cpu / %d * 1e6}
extra = asyncio.run(main())
""" % (EVENTS + 2, EVENTS, EVENTS)  # noqa: UP031

IDLE_STREAMS = """
import asyncio, json, os, time
async def main():
    config = Config(launch_args_override=tuple(json.loads(os.environ["BENCH_SILENT"])))
    async with AsyncCodex(config) as codex:
        thread = await codex.thread_start()
        handles = [await thread.turn("x") for _ in range(64)]
        async def alone():
            best = 1e9
            for _ in range(20):
                start = time.perf_counter()
                await codex.models()
                best = min(best, time.perf_counter() - start)
            return best * 1e3
        before = await alone()
        async def follow(handle):
            async for _ in handle.stream():
                pass
        tasks = [asyncio.ensure_future(follow(handle)) for handle in handles]
        await asyncio.sleep(0.1)
        after = await alone()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return {"alone_ms": before, "with_64_streams_ms": after}
extra = asyncio.run(main())
"""


class Bench:
    """Runs code in fresh interpreters and keeps the best figures."""

    def __init__(self, python: str, path: Path | None, repeat: int, env: dict[str, str]) -> None:
        self.python, self.repeat = python, repeat
        self.env = {**os.environ, **env, "PYTHONPATH": str(path) if path else ""}

    def measure(self, code: str, prepare: Any = lambda: None) -> dict[str, float]:
        """The smallest of every figure over the repetitions; one before them compiles."""
        best: dict[str, float] = {}
        for number in range(self.repeat + 1):
            prepare()
            script = f"import time; START = time.time()\n{code}\n{REPORT}"
            done = subprocess.run(
                [self.python, "-c", script],
                env=self.env,
                capture_output=True,
                text=True,
                timeout=120,
            )
            if done.returncode:
                raise SystemExit(done.stderr)
            if number == 0:
                continue
            for name, value in json.loads(done.stdout.splitlines()[-1]).items():
                best[name] = min(best.get(name, value), value)
        return best


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--codex-bin", required=True)
    parser.add_argument("--published")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()

    results: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as scratch, ModelServer() as model:
        home = CodexHome.create(Path(scratch) / "home", model.base_url)
        base = [sys.executable, "-I", str(SERVER)]
        silent = 'on("turn/start")(new_turn)'
        env = {
            **home.environment,
            # Both packages compiled, as an installer leaves them.
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPYCACHEPREFIX": str(Path(scratch) / "compiled"),
            "BENCH_CODEX": options.codex_bin,
            "BENCH_CWD": scratch,
            "BENCH_SERVER": json.dumps([*base, FLOOD]),
            "BENCH_SILENT": json.dumps([*base, silent]),
        }
        ours = Bench(sys.executable, TEMPLATE / "src", options.repeat, env)

        def queue() -> None:
            model.queue(Reply.text("hello", deltas=["hel", "lo"]))

        results["bare interpreter"] = ours.measure("")
        results["ours: import root"] = ours.measure("import codex_app_server")
        results["ours: import Codex"] = ours.measure("from codex_app_server import Codex")
        results["ours: models for a first turn"] = ours.measure(MODELS)
        results["ours: one turn"] = ours.measure(OURS + ONE_TURN, queue)
        results["ours: sync stream"] = ours.measure(OURS + SYNC_FLOOD)
        results["ours: async stream"] = ours.measure(OURS + ASYNC_FLOOD)
        results["ours: 64 idle streams"] = ours.measure(OURS + IDLE_STREAMS)
        if options.published:
            theirs = Bench(options.published, None, options.repeat, env)
            results["published: bare interpreter"] = theirs.measure("")
            results["published: import"] = theirs.measure("import openai_codex")
            results["published: one turn"] = theirs.measure(PUBLISHED + ONE_TURN, queue)
            results["published: sync stream"] = theirs.measure(PUBLISHED + SYNC_FLOOD)
            results["published: async stream"] = theirs.measure(PUBLISHED + ASYNC_FLOOD)
    for name, figures in results.items():
        print(f"{name:32}", "  ".join(f"{key} {value:9.3f}" for key, value in figures.items()))
    if options.published:
        _judge(results)
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


def _judge(results: dict[str, dict[str, float]]) -> None:
    def cpu(name: str) -> float:
        return results[name]["cpu"]

    def event(name: str) -> float:
        return results[name]["us_per_event"]

    theirs = cpu("published: import")
    root = (results["ours: import root"]["wall"] - results["bare interpreter"]["wall"]) * 1000
    memory = results["ours: one turn"]["rss_mb"] / results["published: one turn"]["rss_mb"]
    flood = event("published: async stream")
    idle = results["ours: 64 idle streams"]
    rows = [
        ("import root over bare, ms", root, root <= 40),
        ("import Codex / published", cpu("ours: import Codex") / theirs, None),
        ("first-turn models / published", cpu("ours: models for a first turn") / theirs, None),
        ("memory after one turn", memory, memory <= 2 / 3),
        ("sync events, times as fast", flood / event("ours: sync stream"), None),
        ("async events, times as fast", flood / event("ours: async stream"), None),
        ("models() beside 64 streams", idle["with_64_streams_ms"] / idle["alone_ms"], None),
    ]
    limits = [None, 1 / 4, 1 / 3, None, 5.0, 5.0, 3.0]
    print()
    for (name, value, good), limit in zip(rows, limits, strict=True):
        if good is None and limit is not None:
            good = value >= limit if "times" in name else value <= limit
        print(f"{name:32} {value:8.3f}  {'met' if good else 'NOT MET'}")


if __name__ == "__main__":
    main()
