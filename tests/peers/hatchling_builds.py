"""Builds stages with hatchling and holds each wheel against relkit's of the same stage.

Reads lines `STAGE<TAB>WHEEL` on standard input, the wheel empty where relkit refused, and prints
one JSON object per line: what hatchling said (`built` or its error), and how the wheels differ.
"""

from __future__ import annotations

import email
import json
import os
import sys
import tempfile
import zipfile
from pathlib import Path

from hatchling.builders.wheel import WheelBuilder
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

# What the metadata's version is depends on hatchling's; WHEEL names the builder.
OF_THE_BUILDER = {"metadata-version", "generator"}


def fields(data: bytes) -> dict[str, object]:
    """Metadata by field; the order of repeated fields does not count, nor does that of keywords."""
    message = email.message_from_string(data.decode())
    found: dict[str, list[str]] = {}
    for key, raw in message.items():
        value = raw
        match key.lower():
            case "requires-dist":
                value = str(Requirement(value))
            case "requires-python":
                value = str(SpecifierSet(value))
            case "version":
                value = str(Version(value))
            case "keywords":
                value = ",".join(sorted(value.split(",")))
        found.setdefault(key.lower(), []).append(value)
    kept = {key: sorted(values) for key, values in found.items() if key not in OF_THE_BUILDER}
    return {**kept, "body": message.get_payload()}


def contents(path: Path) -> dict[str, object]:
    """What a wheel holds by path: mode and bytes, and of generated files what they say."""
    found: dict[str, object] = {}
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        for info in archive.infolist():
            name, data = info.filename, archive.read(info)
            assert name not in found, name
            # relkit gives back a script's execute bit where the stage has lost it; installers set
            # it anyway.
            keeps_mode = sys.platform != "win32" and ".data/scripts/" not in name
            mode = (info.external_attr >> 16) & 0o777 if keeps_mode else 0
            if name.endswith((".dist-info/METADATA", ".dist-info/WHEEL")):
                found[name] = fields(data)
            elif name.endswith(".dist-info/RECORD"):
                found[name] = sorted(line.split(",")[0] for line in data.decode().splitlines())
            else:
                found[name] = (oct(mode), data.decode("latin-1"))
    return found


def differences(ours: Path, theirs: Path) -> list[str]:
    one, other = contents(ours), contents(theirs)
    told = [f"only in relkit's: {name}" for name in sorted(one.keys() - other.keys())]
    told += [f"only in hatchling's: {name}" for name in sorted(other.keys() - one.keys())]
    for name in sorted(one.keys() & other.keys()):
        if one[name] != other[name]:
            told.append(f"{name}: {one[name]!r:.400} and {other[name]!r:.400}")
    return told


def main() -> None:
    for line in sys.stdin:
        stage, _, ours = line.rstrip("\n").partition("\t")
        os.chdir(stage)
        with tempfile.TemporaryDirectory() as out:
            try:
                built = next(WheelBuilder(os.getcwd()).build(directory=out, versions=["standard"]))
            except (Exception, SystemExit) as error:
                print(
                    json.dumps({"hatchling": f"{type(error).__name__}: {error}", "differences": []})
                )
                continue
            told = differences(Path(ours), Path(built)) if ours else []
            print(json.dumps({"hatchling": "built", "differences": told}))


main()
