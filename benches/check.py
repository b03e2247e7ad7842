#!/usr/bin/env python3
"""Measures `relkit check` beside `auditwheel show` and `delvewheel show`, in pairs.

    python3 benches/check.py TOOLS LINUX_WHEEL WINDOWS_WHEEL [--pairs 9] [--relkit PROGRAM]

TOOLS is a directory with both programs. Each pair runs relkit and then the other on the same
whole wheel; the ratio is taken pair by pair, so that a machine whose speed drifts does not move it.
relkit reads, inflates, hashes and judges every file; the others read the libraries.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def seconds(command: list[str | Path]) -> float:
    """How long a command runs, from outside; a wheel that is not good is no failure here."""
    start = time.perf_counter()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{command}: exit {done.returncode}\n{done.stderr.decode()}")
    return time.perf_counter() - start


def compare(relkit: Path, other: list[str | Path], wheel: Path, pairs: int) -> None:
    """Prints the medians of both and of the ratio."""
    ours: list[str | Path] = [relkit, "check", wheel]
    for command in (ours, [*other, wheel]):
        seconds(command)
    runs = [(seconds(ours), seconds([*other, wheel])) for _ in range(pairs)]
    ratios = [theirs / mine for mine, theirs in runs]
    mine, theirs = (statistics.median(column) for column in zip(*runs, strict=True))
    name = " ".join(Path(part).name for part in other)
    spread = f"{min(ratios):.1f} to {max(ratios):.1f}"
    print(f"{wheel.name} ({wheel.stat().st_size / 1e6:.1f} MB), {pairs} pairs")
    print(f"  relkit check {mine:.2f} s, {name} {theirs:.2f} s: ", end="")
    print(f"{statistics.median(ratios):.1f} times ({spread})")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tools", type=Path)
    parser.add_argument("linux", type=Path)
    parser.add_argument("windows", type=Path)
    parser.add_argument("--pairs", type=int, default=9)
    parser.add_argument("--relkit", type=Path, default=ROOT / "target" / "release" / "relkit")
    options = parser.parse_args()
    relkit, tools = options.relkit.resolve(), options.tools.resolve()
    compare(relkit, [tools / "auditwheel", "show"], options.linux, options.pairs)
    compare(relkit, [tools / "delvewheel", "show"], options.windows, options.pairs)


if __name__ == "__main__":
    main()
