#!/usr/bin/env python3
"""Measures `relkit build` against the peers on one staged runtime, in rounds of alternating runs.

    python3 benches/build.py [STAGE] [--rounds 3] [--relkit target/release/relkit] [--only NAME ...]

Without STAGE the published x86-64 Linux wheel in target/payloads/ is staged.

Peers: `python -m build --wheel`, `uv build --wheel` (both run hatchling) and `wheel pack`; they are
installed into a virtual environment under target/. Wall and CPU seconds and peak memory are the
operating system's account of each whole run with its children. Ratios are taken round by round, so
that a machine whose speed drifts does not favour anyone.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VERSION = "0.163.0"
TOOLS = ["build", "hatchling", "uv", "wheel"]


def tools() -> Path:
    """The directory of the peers' executables."""
    home = ROOT / "target" / "judges" / "benchmark"
    bin_ = home / ("Scripts" if os.name == "nt" else "bin")
    if not (home / "complete").exists():
        venv.create(home, with_pip=True, clear=True)
        subprocess.run([bin_ / "python", "-m", "pip", "install", "-q", *TOOLS], check=True)
        (home / "complete").touch()
    return bin_


def staged(relkit: Path, work: Path) -> Path:
    """A stage of the published wheel for Linux on x86-64."""
    stage = work / "stage"
    name = f"openai_codex_cli_bin-{VERSION}-py3-none-manylinux_2_17_x86_64.whl"
    payload = ROOT / "target" / "payloads" / name
    subprocess.run(
        [relkit, "stage-runtime", stage, payload, "--codex-version", VERSION], check=True
    )
    return stage


def front_ends(bin_: Path) -> dict[str, list[str | Path]]:
    """How each front end of hatchling builds a wheel; where to, and of what, follows."""
    python: list[str | Path] = [bin_ / "python", "-m", "build", "--wheel", "--no-isolation"]
    uv: list[str | Path] = [bin_ / "uv", "build", "--wheel", "--no-build-isolation"]
    return {
        "python -m build": [*python, "--outdir"],
        "uv build": [*uv, "--python", bin_ / "python", "--out-dir"],
    }


def workplace(bin_: Path) -> tuple[Path, dict[str, str]]:
    """An empty directory to work in, and the environment of what is measured."""
    work = ROOT / "target" / "benchmark"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    environment = {key: value for key, value in os.environ.items() if key != "SOURCE_DATE_EPOCH"}
    environment["PATH"] = f"{bin_}{os.pathsep}{environment['PATH']}"
    return work, environment


def measure(command: list[str | Path], environment: dict[str, str]) -> tuple[float, float, float]:
    """Runs a command to its end: wall and CPU seconds, peak megabytes of its largest process."""
    start = time.monotonic()
    # Not read from a pipe: a thread of this process would take CPU time from what is measured.
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, env=environment, stdout=said, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            said.seek(0)
            sys.exit(f"{command} failed:\n{said.read().decode(errors='replace')}")
    unit = 1 if sys.platform == "darwin" else 1024
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("stage", type=Path, nargs="?")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--relkit", type=Path, default=ROOT / "target" / "release" / "relkit")
    parser.add_argument("--only", nargs="*", default=[])
    arguments = parser.parse_args()
    bin_ = tools()
    work, environment = workplace(bin_)
    stage = arguments.stage.resolve() if arguments.stage else staged(arguments.relkit, work)
    relkit = [arguments.relkit, "build", stage, "--out-dir"]
    commands: dict[str, list[str | Path]] = {
        "relkit": [*relkit, work / "relkit"],
        "relkit fast": [*relkit, work / "fast", "--compression", "fast"],
        "relkit --jobs 1": [*relkit, work / "one", "--jobs", "1"],
        "python -m build": [*front_ends(bin_)["python -m build"], work / "build", stage],
        "uv build": [*front_ends(bin_)["uv build"], work / "uv", stage],
        "wheel pack": [bin_ / "wheel", "pack", work / "unpacked", "--dest-dir", work / "pack"],
    }
    if arguments.only:
        commands = {
            name: command
            for name, command in commands.items()
            if name in ["relkit", *arguments.only]
        }
    if "wheel pack" in commands:
        # What is packed is a tree as `wheel unpack` leaves it; making it is not measured.
        subprocess.run(
            [*relkit, work / "seed", "--compression", "store"], check=True, env=environment
        )
        (seed,) = (work / "seed").glob("*.whl")
        subprocess.run(
            [bin_ / "wheel", "unpack", seed, "--dest", work], check=True, stdout=subprocess.DEVNULL
        )
        (unpacked,) = [path.parent for path in work.glob("*/*.dist-info")]
        unpacked.rename(work / "unpacked")
        (work / "pack").mkdir()
    results: dict[str, list[tuple[float, float, float]]] = {name: [] for name in commands}
    for number in range(arguments.rounds):
        for name, command in commands.items():
            results[name].append(measure(command, environment))
            print(f"round {number + 1}: {name}: {results[name][-1][0]:.2f} s", file=sys.stderr)
    inputs = [stage, work / "unpacked"]
    sizes = {}
    for name, command in commands.items():
        out = next(
            part
            for part in reversed(command)
            if isinstance(part, Path) and part.parent == work and part not in inputs
        )
        sizes[name] = max(path.stat().st_size for path in out.glob("*.whl"))
    print(
        f"{'':18}{'wall s':>9}{'CPU s':>9}{'peak MB':>9}{'bytes':>14}"
        f"{'wall / relkit':>16}{'CPU / relkit':>15}"
    )
    for name, runs in results.items():
        wall, cpu, memory = (statistics.median(column) for column in zip(*runs, strict=True))
        ratios = [
            statistics.median(
                run[figure] / own[figure] for run, own in zip(runs, results["relkit"], strict=True)
            )
            for figure in (0, 1)
        ]
        print(
            f"{name:18}{wall:9.2f}{cpu:9.2f}{memory:9.1f}{sizes[name]:14,}{ratios[0]:16.2f}{ratios[1]:15.2f}"
        )


if __name__ == "__main__":
    main()
