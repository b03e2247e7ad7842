"""Prints what other checkers say of wheels beside relkit: a Markdown table, a row for each wheel.

auditwheel judges Linux wheels, delocate macOS, delvewheel Windows, abi3audit the stable ABI;
check-wheel-contents and twine judge all. Where a tool has nothing to judge, the cell is empty.

Usage: python checkers.py BIN RELKIT WHEEL...

BIN is a directory with the tools; delocate also needs `otool`, `lipo` and `codesign` on PATH.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

LIMIT = 300


def run(command: list[str | Path]) -> tuple[int, str]:
    """The exit code and everything printed, with single spaces."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=LIMIT,
            check=False,
            encoding="utf-8",
            errors="replace",
        )
    except subprocess.TimeoutExpired:
        return -1, f"no end within {LIMIT} s"
    return done.returncode, " ".join(done.stdout.split())


def failed(code: int, text: str) -> str:
    """What a tool prints last before it gives up."""
    return f"exit {code}: {text[-60:]}".replace("|", "/")


def auditwheel(tools: Path, wheel: Path) -> str:
    """The best tag that it finds."""
    code, text = run([tools / "auditwheel", "show", wheel])
    if code:
        return "needs platlib" if "platlib compliant" in text else failed(code, text)
    found = re.search(r'constrains the platform tag to "([^"]+)"', text)
    found = found or re.search(r'following platform tag: "([^"]+)"', text)
    return found[1] if found else "no tag"


def delocate(tools: Path, wheel: Path) -> str:
    """Whether it keeps the platform tag, with the architectures that the tag asks for."""
    platform = wheel.stem.split("-")[-1]
    arch = re.search(r"universal2|arm64|x86_64", platform)
    listed = run([tools / "delocate-listdeps", wheel])
    with tempfile.TemporaryDirectory() as scratch:
        required = ["--require-archs", arch[0] if arch else "intel", "-w", scratch]
        code, text = run([tools / "delocate-wheel", *required, wheel])
        made = [path.stem.split("-")[-1] for path in Path(scratch).iterdir()]
    if listed[0] or code:
        return failed(listed[0] or code, listed[1] if listed[0] else text)
    return "" if made == [platform] else f"renamed {made[0]}"


def delvewheel(tools: Path, wheel: Path) -> str:
    """Whether DLLs are missing."""
    code, text = run([tools / "delvewheel", "show", wheel])
    missing = re.findall(r"(\S+) \(Error: Not Found\)", text)
    return failed(code, text) if code else ("missing " + " ".join(missing) if missing else "")


def abi3audit(tools: Path, wheel: Path) -> str:
    """Its counts, where they are not zero."""
    code, text = run([tools / "abi3audit", "--strict", "--summary", wheel])
    return failed(code, text) if code else ""


def contents(tools: Path, wheel: Path) -> str:
    """The codes of check-wheel-contents."""
    text = run([tools / "check-wheel-contents", "--no-config", wheel])[1]
    return " ".join(sorted(set(re.findall(r"\bW\d{3}\b", text))))


def twine(tools: Path, wheel: Path) -> str:
    """What `--strict` fails for."""
    code, text = run([tools / "twine", "check", "--strict", wheel])
    if "content_type` missing" in text:
        return "no content type"
    return re.sub(r"\x1b\[\d*m", "", failed(code, text)) if code else ""


def errors(relkit: Path, wheel: Path) -> str:
    """The rules of relkit's errors."""
    text = run([relkit, "check", "--format", "json", wheel])[1]
    files = json.loads(text[text.index("{") :])["files"]
    found = (finding for file in files for finding in file["findings"])
    return " ".join(sorted({item["rule"] for item in found if item["severity"] == "error"}))


def of_the_platform(tools: Path, wheel: Path) -> str:
    """What the tool for the wheel's platform says."""
    platform = wheel.stem.split("-")[-1]
    if "linux" in platform:
        return auditwheel(tools, wheel)
    if platform.startswith("macosx"):
        return delocate(tools, wheel)
    return delvewheel(tools, wheel) if platform.startswith("win") else ""


def main() -> None:
    tools, relkit = (Path(argument).resolve() for argument in sys.argv[1:3])
    os.environ["COLUMNS"] = "400"
    print("| wheel | auditwheel, delocate or delvewheel | abi3audit | contents | twine | relkit |")
    print("| --- | --- | --- | --- | --- | --- |")
    for argument in sys.argv[3:]:
        wheel = Path(argument).resolve()
        stable = abi3audit(tools, wheel) if "-abi3-" in wheel.name else ""
        others = [
            of_the_platform(tools, wheel),
            stable,
            contents(tools, wheel),
            twine(tools, wheel),
        ]
        print(f"| {' | '.join([wheel.stem, *others, errors(relkit, wheel)])} |", flush=True)


if __name__ == "__main__":
    main()
