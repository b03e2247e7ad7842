#!/usr/bin/env python3
"""Measures relkit beside its peers and writes the table of docs/performance.md.

    python3 benches/table.py [--rounds 5] [--relkit target/release/relkit] [--only PART ...]
                             [--files 20000] [--large GIBIBYTES] [--write]

The payload is the published x86-64 Linux wheel in target/payloads/, `verify` also reads the seven
others. Each row runs relkit and its peer in alternating rounds, and its ratio is the median of the
rounds' own ratios, so that a machine whose speed drifts favours nobody. Seconds and memory are the
operating system's account of each whole run with its children. With `--write` the table replaces
the one in docs/performance.md; without, it is printed.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from build import ROOT, VERSION, front_ends, measure, staged, tools, workplace

PAGE = ROOT / "docs" / "performance.md"
START, END = "<!-- table -->", "<!-- end of table -->"
PUBLISHED = ROOT / "target" / "payloads"
Command = list[str | Path]
Run = tuple[float, float, float]


@dataclass
class Row:
    """One line of the table: what both do, who the peer is, and the ratio that is aimed at."""

    what: str
    peer: str
    aim: str
    ours: Command
    theirs: Command
    clean: Callable[[], None] = lambda: None


def shell(text: str) -> Command:
    """A peer that is several programs."""
    return ["sh", "-c", text]


def pack(relkit: Path, bin_: Path, stage: Path, work: Path) -> list[Row]:
    """`build` beside hatchling, by its two front ends."""
    ours: Command = [relkit, "build", stage, "--out-dir", work / "ours"]
    return [
        Row("build", name, "6", ours, [*command, work / name.split()[0], stage])
        for name, command in front_ends(bin_).items()
    ]


def reading(relkit: Path, bin_: Path, stage: Path, work: Path) -> list[Row]:
    """`check` beside `wheel unpack` and a bare pass, `retag` beside a copy and one inflate."""
    subprocess.run([relkit, "build", stage, "--out-dir", work / "own"], check=True)
    (own,) = (work / "own").glob("*.whl")
    published = PUBLISHED / f"openai_codex_cli_bin-{VERSION}-py3-none-manylinux_2_17_x86_64.whl"
    unpacked = work / "unpacked"

    def clean() -> None:
        shutil.rmtree(unpacked, ignore_errors=True)

    rows = [
        Row(
            f"check ({name})",
            "wheel unpack",
            aim,
            [relkit, "check", wheel],
            [bin_ / "wheel", "unpack", "--dest", unpacked, wheel],
            clean,
        )
        for name, wheel, aim in [
            ("relkit's wheel", own, "3.5"),
            ("hatchling's wheel", published, "3"),
        ]
    ]
    tag = ["--platform-tag", "manylinux_2_17_x86_64"]
    copy = f"cp '{own}' '{work / 'copy.whl'}' && unzip -tq '{own}'"
    ours: Command = [relkit, "retag", own, *tag, "--force", "--out-dir", work / "retagged"]
    rows.append(Row("retag", "cp, then unzip -t", "0.5", ours, shell(copy)))
    cores = os.cpu_count() or 1
    names = f"ls '{PUBLISHED}'/openai_codex_cli_bin-{VERSION}-*.whl"
    each = f"{names} | xargs -P {cores} -I FILE sh -c 'unzip -p FILE | sha256sum'"
    # The rules that a foreign release breaks are no part of what is measured.
    wheels = sorted(PUBLISHED.glob(f"openai_codex_cli_bin-{VERSION}-*.whl"))
    rows.append(
        Row(
            f"check ({len(wheels)} wheels)",
            f"unzip -p | sha256sum, {cores} at once",
            "0.8",
            # They have faults, which is no failure here.
            shell(f"'{relkit}' check $({names}) || test $? -eq 1"),
            shell(each),
        )
    )
    return rows


def grown(stage: Path, tree: Path) -> Path:
    """A copy of the stage; its package, into which more is put."""
    shutil.copytree(stage, tree)
    (package,) = [path.parent for path in tree.glob("src/*/__init__.py")]
    return package


def building(relkit: Path, bin_: Path, what: str, tree: Path) -> Row:
    """`build` of a grown stage beside hatchling."""
    ours: Command = [relkit, "build", tree, "--out-dir", f"{tree}-ours"]
    name = "python -m build"
    return Row(what, name, "6", ours, [*front_ends(bin_)[name], f"{tree}-theirs", tree])


def many(relkit: Path, bin_: Path, stage: Path, work: Path, files: int) -> list[Row]:
    """`build` of a payload of many small files."""
    data = grown(stage, work / "many") / "data"
    generator = random.Random(1)
    for number in range(files):
        path = data / f"{number // 500}" / f"{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(generator.choices(b"abcdefghij \n", k=1_000)))
    return [building(relkit, bin_, f"build ({files:,} files more)", work / "many")]


def large(relkit: Path, bin_: Path, stage: Path, work: Path, size: int) -> list[Row]:
    """`build` with a file of so many gibibytes beside the program, half of which deflates."""
    block = random.Random(2).randbytes(1 << 20)
    with (grown(stage, work / "large") / "data.bin").open("wb") as file:
        for number in range(size << 10):
            file.write(block if number % 2 else bytes(1 << 20))
    return [building(relkit, bin_, f"build ({size} GiB more)", work / "large")]


def measured(rows: list[Row], rounds: int, environment: dict[str, str]) -> Iterator[str]:
    """The lines of the table."""
    for row in rows:
        pairs: list[tuple[Run, Run]] = []
        for number in range(rounds):
            row.clean()
            # Who goes first takes turns.
            if number % 2:
                theirs = measure(row.theirs, environment)
                ours = measure(row.ours, environment)
            else:
                ours = measure(row.ours, environment)
                theirs = measure(row.theirs, environment)
            pairs.append((ours, theirs))
            print(f"{row.what}: {ours[0]:.2f} s, {row.peer}: {theirs[0]:.2f} s", file=sys.stderr)
        row.clean()
        mine = [statistics.median(pair[0][figure] for pair in pairs) for figure in range(3)]
        other = [statistics.median(pair[1][figure] for pair in pairs) for figure in range(3)]
        wall, cpu = (
            statistics.median(pair[1][figure] / pair[0][figure] for pair in pairs)
            for figure in range(2)
        )
        yield (
            f"| {row.what} | {row.peer.replace('|', '/')} | {mine[0]:.2f} / {other[0]:.2f} "
            f"| {mine[1]:.2f} / {other[1]:.2f} | {mine[2]:.0f} / {other[2]:.0f} "
            f"| {wall:.1f} | {cpu:.1f} | {row.aim} |"
        )


def start(relkit: Path, environment: dict[str, str]) -> Iterator[str]:
    """What it costs to start."""
    for arguments in (["--version"], ["rule"]):
        runs = [measure([relkit, *arguments], environment)[1] for _ in range(41)]
        name = " ".join(arguments)
        yield f"- `relkit {name}`: {statistics.median(runs) * 1000:.1f} ms of processor time"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--relkit", type=Path, default=ROOT / "target" / "release" / "relkit")
    parts = ["build", "read", "many", "large", "start"]
    parser.add_argument("--only", nargs="*", choices=parts, default=parts)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--large", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    bin_ = tools()
    work, environment = workplace(bin_)
    relkit = options.relkit.resolve()
    stage = staged(relkit, work)
    lines = [
        "| relkit | peer | wall s | CPU s | peak MB | wall ratio | CPU ratio | aim |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    rounds = options.rounds
    if "build" in options.only:
        lines += measured(pack(relkit, bin_, stage, work), rounds, environment)
    if "read" in options.only:
        lines += measured(reading(relkit, bin_, stage, work), rounds, environment)
    if "many" in options.only:
        lines += measured(many(relkit, bin_, stage, work, options.files), rounds, environment)
    if "large" in options.only:
        lines += measured(large(relkit, bin_, stage, work, options.large), 1, environment)
    if "start" in options.only:
        lines += ["", *start(relkit, environment)]
    lines += [
        f"- the executable: {relkit.stat().st_size / 1e6:.1f} MB",
        "",
        f"{datetime.date.today().isoformat()}, {os.cpu_count()} processors, "
        f"{platform.system()} on {platform.machine()}, {rounds} rounds.",
    ]
    table = "\n".join(lines)
    if not options.write:
        print(table)
        return
    page = PAGE.read_text()
    before, rest = page.split(START)
    after = rest.split(END)[1]
    PAGE.write_text(f"{before}{START}\n\n{table}\n\n{END}{after}")
    shutil.rmtree(work)


if __name__ == "__main__":
    main()
