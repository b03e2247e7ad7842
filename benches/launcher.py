#!/usr/bin/env python3
"""Measures what starting a packaged program costs over starting Python alone, in pairs.

    python3 benches/launcher.py [--pairs 60] [--relkit target/release/relkit] [PROGRAM]

PROGRAM is an executable of this machine that ends at once (`true`, where none is given). It is
released twice by `relkit init` and `relkit release`, as a script of the wheel and with the
launcher, and installed into a virtual environment. Each pair starts bare Python and then one of
the ways to start the program; the milliseconds between the two are what that way costs.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def milliseconds(command: list[str | Path]) -> float:
    """How long a command runs, from outside."""
    start = time.perf_counter()
    subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - start) * 1000


def install(relkit: Path, program: Path, how: str, work: Path) -> Path:
    """Releases the program in a product of its own and installs it; returns the environment."""
    work.mkdir()
    payload = work / "started"
    payload.mkdir()
    shutil.copy(program, payload / "started")
    product = work / "product"
    command: list[str | Path] = [relkit, "-q", "init", product, "--from", payload]
    command += ["--name", "started-bin", "--executable", "started"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    table = product / "runtime-template" / "pyproject.toml"
    text = table.read_text(encoding="utf-8")
    text = text.replace('command = "scripts"', f'command = "{how}"')
    table.write_text(text, encoding="utf-8")
    command = [relkit, "-q", "stage-runtime", work / "stage", payload, "--product", product]
    subprocess.run([*command, "--release-version", "1.0"], check=True)
    subprocess.run([relkit, "-q", "build", work / "stage", "--out-dir", work / "dist"], check=True)
    environment = work / "environment"
    venv.create(environment, with_pip=True)
    (wheel,) = (work / "dist").glob("*.whl")
    pip: list[str | Path] = [
        environment / "bin" / "python",
        "-m",
        "pip",
        "install",
        "-q",
        "--no-index",
    ]
    subprocess.run([*pip, wheel], check=True)
    return environment


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("program", nargs="?", type=Path, default=shutil.which("true"))
    parser.add_argument("--pairs", type=int, default=60)
    parser.add_argument("--relkit", type=Path, default=ROOT / "target" / "release" / "relkit")
    options = parser.parse_args()
    relkit = options.relkit.resolve()
    with tempfile.TemporaryDirectory() as directory:
        work = Path(directory)
        scripts = install(relkit, options.program, "scripts", work / "scripts") / "bin"
        launcher = install(relkit, options.program, "launcher", work / "launcher") / "bin"
        ways: list[tuple[str, list[str | Path], list[str | Path]]] = [
            ("scripts: the command", [options.program], [scripts / "started"]),
        ]
        bare: list[str | Path] = [launcher / "python", "-c", "pass"]
        ways += [
            ("scripts: the alias", bare, [scripts / "started-bin"]),
            ("scripts: python -m", bare, [scripts / "python", "-m", "started_bin"]),
            ("launcher: the command", bare, [launcher / "started"]),
            ("launcher: python -m", bare, [launcher / "python", "-m", "started_bin"]),
        ]
        print(f"Python {sys.version.split()[0]}, {options.pairs} pairs, milliseconds")
        heads = ["against", "itself", "cost: median", "lowest", "highest"]
        print(" " * 24, *(f"{head:>12}" for head in heads))
        for name, against, command in ways:
            milliseconds(against), milliseconds(command)
            pairs = [(milliseconds(against), milliseconds(command)) for _ in range(options.pairs)]
            costs = [after - before for before, after in pairs]
            before, after = (statistics.median(side) for side in zip(*pairs, strict=True))
            median, low, high = statistics.median(costs), min(costs), max(costs)
            row = (before, after, median, low, high)
            print(f"{name:24}", *(f"{value:12.1f}" for value in row))


if __name__ == "__main__":
    main()
