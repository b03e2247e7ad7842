#!/usr/bin/env python3
"""Runs twine, `uv publish` and `relkit publish` against the same faults; a table of what each did.

    python3 benches/publish_faults.py [--relkit FILE] [--bin VENV/bin] [--only WORD ...]

VENV holds `twine` and `uv`, and for the rows on real servers `pypiserver`, `devpi-server`,
`devpi-client`, `passlib` and `setuptools<81`. Every client runs with its own defaults, uv with
`--check-url`, relkit with `--index-url`, each against a server of its own on 127.0.0.1. A run that
takes too long is stopped, and its cell says so. Rows over TLS use an authority that `openssl` makes
on the spot. twine speaks trusted publishing to the indexes that it knows and to no others: there
the scripted index is its proxy and plays that host, so that nothing leaves the machine.
"""

from __future__ import annotations

import argparse
import base64
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from publish_clients import (
    CLIENTS,
    DISTS,
    VERSION,
    Bench,
    Client,
    Run,
    Try,
    Where,
    devpi,
    distributions,
    finish,
    free_port,
    known_hosts,
    make_authority,
    make_dist,
    pypiserver,
    runtime,
)
from scripted_index import (
    REQUEST_TOKEN,
    TOKEN,
    Fault,
    ScriptedIndex,
    Upload,
    digest,
    normalised,
    refusal,
    response,
)

ROOT = Path(__file__).resolve().parent.parent
Row = Callable[[Bench, Client], str]
Serve = Callable[[Bench], AbstractContextManager[Where]]


def only_runtime(index: ScriptedIndex, dist: Path) -> list[Path]:
    """Lets the index have all but one file, so that every client sends this one alone."""
    chosen = runtime(dist)
    for path in distributions(dist):
        if path != chosen:
            project = normalised(path.name.split("-")[0])
            index.plant(path.name, project, digest(path.read_bytes()))
    return [chosen]


def where(index: ScriptedIndex, path: str = "/legacy/") -> Where:
    return Where(index.url + path, index.url + "/simple/")


def sentence(run: Run, index: ScriptedIndex | None, length: int = 230) -> str:
    """The first words of an error, or the last of a traceback, on one line."""
    lines = [line.strip() for line in run.said.splitlines() if line.strip()]
    prefix = ""
    if "Traceback" in run.said or any(line.startswith("╭") for line in lines):
        prefix = "traceback; "
        lines = [
            line
            for line in lines
            if re.match(r"^[A-Za-z_.]+(Error|Exception|Detected|Failure)\b", line)
        ][-1:]
    else:
        first = next(
            (at for at, line in enumerate(lines) if re.match(r"(error|ERROR)\b", line)), None
        )
        lines = [] if first is None else lines[first : first + 4]
    text = " ".join(" ".join(lines).split())
    text = re.sub(r"^(error:|ERROR)\s*", "", text)
    if index is not None:
        text = text.replace(index.url, "INDEX")
    # The index that a client knows by name, and any other server.
    text = re.sub(r"http://127[^/\s`]+", "OTHER", re.sub(r"https://[^/\s`]+", "INDEX", text))
    text = re.sub(r"/\S*/(?=[a-z_]+-0)", "", text).replace("|", "/")
    text = re.sub(r"openai_codex_cli_bin-\S+?\.whl", "WHEEL", text)
    return prefix + (text if len(text) <= length else text[:length] + "…")


def leaked(run: Run, index: ScriptedIndex) -> bool:
    """Whether a secret was printed otherwise than in a command that masks it."""
    said = "\n".join(line for line in run.said.splitlines() if not line.startswith("::add-mask::"))
    forms = [form for secret in index.secrets for form in (secret, encoded(secret))]
    return any(form in said for form in forms)


def encoded(secret: str) -> str:
    return base64.b64encode(f"__token__:{secret}".encode()).decode()


def short(name: str) -> str:
    """A file of the release in one or two words."""
    if "cli_bin" in name:
        return "runtime/x86" if "x86_64" in name else "runtime/arm"
    return "sdk wheel" if name.endswith(".whl") else "sdk sdist"


def tries(index: ScriptedIndex, since: int = 0) -> str:
    """How many uploads the server saw, and the seconds between those of one file."""
    uploads = index.uploads[since:]
    if not uploads:
        return "nothing sent"
    began = [upload.began for upload in uploads]
    text = f"{len(uploads)} request{'s' if len(uploads) > 1 else ''}"
    repeated = len({upload.length for upload in uploads}) == 1 and len(uploads) > 1
    if repeated:
        pauses = [f"{after - before:.1f}" for before, after in itertools.pairwise(began)]
        text += f", {', '.join(pauses)} s apart"
    return text


def report(run: Run, index: ScriptedIndex, files: list[Path], said: str = "") -> str:
    """The usual cell: what came of it, what the server saw, what it has, what the user reads."""
    has = sum(path.name in index.files for path in files)
    parts = [run.outcome(), tries(index), f"index has {has} of {len(files)}"]
    if said:
        parts.append(
            "sentence shown" if said in " ".join(run.said.split()) else "sentence NOT shown"
        )
    if run.status != 0 and (text := sentence(run, index)):
        parts.append(f"“{text}”")
    if leaked(run, index):
        parts.append("PRINTED A SECRET")
    return "; ".join(parts)


@dataclass
class Simple:
    """A row in which one wheel is sent to a server that answers otherwise than it should."""

    faults: list[Fault] = field(default_factory=list)
    always: Fault | None = None
    dist: str = "small"
    limit: float = 30.0
    said: str = ""
    duplicates: str = "compared"
    lag: float = 0.0
    path: str = "/legacy/"
    secret: str = TOKEN
    options: dict[str, list[str]] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)

    def __call__(self, bench: Bench, client: Client) -> str:
        index = ScriptedIndex(
            faults=self.faults, always=self.always, duplicates=self.duplicates, lag=self.lag
        )
        dist = bench.dist(self.dist)
        files = only_runtime(index, dist)
        told = where(index, self.path)._replace(secret=self.secret)
        run = Try(
            bench, client, told, dist, files, self.options, self.variables, limit=self.limit
        ).run()
        return report(run, index, files, self.said)


def answer(status: str, words: str = "", headers: str = "", *, store: bool = False) -> Fault:
    """An answer after the whole body, written as the index writes it."""
    return Fault(status, headers, refusal(f"{status[:3]} {words}") if words else "", store=store)


def redirect(target: str) -> Row:
    """The upload URL moved: to a path, to its whole URL, to another server, to itself."""

    def row(bench: Bench, client: Client) -> str:
        other = ScriptedIndex()
        index = ScriptedIndex()
        location = {
            "relative": "/elsewhere/",
            "absolute": f"{index.url}/elsewhere/",
            "other": f"{other.url}/legacy/",
            "circle": f"{index.url}/legacy/",
        }
        moved = Fault("308 Permanent Redirect", f"Location: {location[target]}\r\n")
        index.faults = [moved]
        index.always = moved if target == "circle" else None
        dist = bench.dist("small")
        files = only_runtime(index, dist)
        run = Try(bench, client, where(index), dist, files).run()
        went = any(upload.authorization for upload in other.uploads)
        return report(run, index, files) + ("; SENT THE CREDENTIAL THERE" if went else "")

    return row


def same_bytes(bench: Bench, client: Client) -> str:
    """Everything is there already."""
    index = ScriptedIndex()
    dist = bench.dist("small")
    for path in distributions(dist):
        index.plant(path.name, normalised(path.name.split("-")[0]), digest(path.read_bytes()))
    run = Try(bench, client, where(index), dist, distributions(dist)).run()
    sent = sum(upload.read for upload in index.uploads)
    return f"{run.outcome()}; {tries(index)}, {sent / 1e6:.1f} MB"


def other_bytes(planted: str) -> Row:
    """The index has other bytes under one of the names."""

    def row(bench: Bench, client: Client) -> str:
        index = ScriptedIndex()
        dist = bench.dist("pair")
        late = [path for path in distributions(dist) if planted in path.name]
        for path in late:
            index.plant(path.name, normalised(path.name.split("-")[0]), "ab" * 32)
        run = Try(bench, client, where(index), dist, distributions(dist)).run()
        up = [
            short(upload.name)
            for upload in index.uploads
            if upload.name not in {path.name for path in late}
        ]
        return (
            f"{run.outcome()}; sent before: {', '.join(up) or 'nothing'}; “{sentence(run, index)}”"
        )

    return row


def skip_existing(*, is_known: bool) -> Row:
    """Other bytes under the wheel's name, and a client that is asked to skip what exists."""

    def row(bench: Bench, client: Client) -> str:
        with known_index(bench, client, is_known=is_known) as (index, told, variables):
            dist = bench.dist("small")
            files = only_runtime(index, dist)
            index.plant(files[0].name, "openai-codex-cli-bin", "ab" * 32)
            options = {"twine": ["--skip-existing"]}
            run = Try(bench, client, told, dist, files, options, variables).run()
            return report(run, index, files)

    return row


def old_release(bench: Bench, client: Client) -> str:
    """An index that tells when it took the release's first file, and takes no new ones."""
    words = "Uploading new files to releases older than 14 days is not allowed."

    def refuse(upload: Upload) -> Fault | None:
        return answer("400 Bad Request", words) if upload.name == wheel.name else None

    index = ScriptedIndex(rules=[refuse])
    dist = bench.dist("pair")
    wheel = runtime(dist)
    for path in distributions(dist):
        if "cli_bin" in path.name and path != wheel:
            sha256 = digest(path.read_bytes())
            index.plant(path.name, "openai-codex-cli-bin", sha256, "2020-01-01T00:00:00.000000Z")
    run = Try(bench, client, where(index), dist, distributions(dist)).run()
    up = [short(upload.name) for upload in index.uploads if upload.name != wheel.name]
    return f"{run.outcome()}; sent: {', '.join(up) or 'nothing'}; “{sentence(run, index)}”"


def order(bench: Bench, client: Client) -> str:
    """A release of two projects, at an index that lists a file three seconds after it has it."""
    index = ScriptedIndex(lag=3.0)
    dist = bench.dist("pair")
    run = Try(bench, client, where(index), dist, distributions(dist), limit=60).run()
    runtimes = {path.name for path in distributions(dist) if "cli_bin" in path.name}
    sent = [short(upload.name) for upload in index.uploads]
    sdk = [upload for upload in index.uploads if "app_server_sdk" in upload.name]
    early = any(not runtimes <= set(upload.listed) for upload in sdk)
    when = (
        "SDK up while its runtime was not listed"
        if early
        else "SDK only after its runtime was listed"
    )
    return f"{run.outcome()}; {', '.join(sent)}; {when}"


def bad_wheel(make: Callable[[Path], Path], words: str) -> Row:
    """One wheel of a release is one that the index refuses, after it has read it."""

    def row(bench: Bench, client: Client) -> str:
        dist = bench.copy("pair")
        bad = make(dist)

        def refuse(upload: Upload) -> Fault | None:
            return answer("400 Bad Request", words) if upload.name == bad.name else None

        index = ScriptedIndex(rules=[refuse])
        run = Try(bench, client, where(index), dist, distributions(dist)).run()
        up = [short(upload.name) for upload in index.uploads if upload.name in index.files]
        return f"{run.outcome()}; up before: {', '.join(up) or 'nothing'}; “{sentence(run, index)}”"

    return row


def with_trailing_data(dist: Path) -> Path:
    path = runtime(dist)
    with path.open("ab") as wheel:
        wheel.write(b"trailing")
    return path


def with_a_plain_linux_tag(dist: Path) -> Path:
    path = runtime(dist)
    return path.rename(dist / f"openai_codex_cli_bin-{VERSION}-py3-none-linux_x86_64.whl")


def attestation(name: str, sha256: str) -> str:
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": name, "digest": {"sha256": sha256}}],
        "predicateType": "https://index.example/attestations/publish/v1",
        "predicate": None,
    }
    envelope = {
        "statement": base64.b64encode(json.dumps(statement).encode()).decode(),
        "signature": "AAAA",
    }
    material = {"certificate": "AAAA", "transparency_entries": [{}]}
    return json.dumps({"version": 1, "verification_material": material, "envelope": envelope})


def leftover_attestation(bench: Bench, client: Client) -> str:
    """An attestation of other bytes lies beside a wheel: left by a build before this one."""
    dist = bench.copy("pair")
    wheel = runtime(dist)
    for path in distributions(dist):
        sha256 = "ab" * 32 if path == wheel else digest(path.read_bytes())
        path.with_name(f"{path.name}.publish.attestation").write_text(
            attestation(path.name, sha256)
        )

    def refuse(upload: Upload) -> Fault | None:
        if upload.name == wheel.name and upload.attestations:
            return answer(
                "400 Bad Request",
                "Invalid attestations supplied during upload: subject does not match",
            )
        return None

    with trusted(bench, client) as (index, told, variables):
        index.rules = [refuse]
        options = {"twine": ["--attestations"]}
        run = Try(
            bench,
            client,
            told,
            dist,
            distributions(dist),
            options,
            variables,
            is_secret_given=False,
        ).run()
        up = [short(upload.name) for upload in index.uploads if upload.name in index.files]
        with_one = sum(bool(upload.attestations) for upload in index.uploads)
        return (
            f"{run.outcome()}; {with_one} requests with an attestation; "
            f"up: {', '.join(up) or 'nothing'}; “{sentence(run, index)}”"
        )


@contextmanager
def known_index(
    bench: Bench, client: Client, *, is_known: bool = True
) -> Iterator[tuple[ScriptedIndex, Where, dict[str, str]]]:
    """An index over TLS; for twine one that it knows by name, played by the proxy it is given."""
    assert bench.authority is not None
    index = ScriptedIndex(tls=bench.tls)
    authority = str(bench.authority)
    variables = {"SSL_CERT_FILE": authority, "REQUESTS_CA_BUNDLE": authority}
    told = where(index)
    if client.name == "twine" and is_known:
        told = told._replace(upload=known_hosts(bench)[0])
        variables |= {"HTTPS_PROXY": f"http://127.0.0.1:{index.port}", "NO_PROXY": ""}
    yield index, told, variables


@contextmanager
def trusted(
    bench: Bench, client: Client, *, is_known: bool = True
) -> Iterator[tuple[ScriptedIndex, Where, dict[str, str]]]:
    """A job on GitHub Actions whose identity the index takes; it is handed out over plain http."""
    with known_index(bench, client, is_known=is_known) as (index, told, variables):
        identities = ScriptedIndex()
        # One account for both: an identity that one hands out is minted by the other.
        identities.identities, identities.secrets, identities.claims = (
            index.identities,
            index.secrets,
            index.claims,
        )
        variables |= {
            "GITHUB_ACTIONS": "true",
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{identities.url}/id-token?api-version=2",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": REQUEST_TOKEN,
        }
        yield index, told, variables


@dataclass
class Trusted:
    """A row in which nothing but the job's identity allows the upload."""

    mint: list[tuple[str, str]] = field(default_factory=list)
    claims: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    serves_for: int | None = None
    life: int = 900
    looked_for: list[str] = field(default_factory=list)
    dist: str = "pair"
    verbose: bool = False
    # Whether twine publishes to an index that it knows.
    is_known: bool = True

    def __call__(self, bench: Bench, client: Client) -> str:
        with trusted(bench, client, is_known=self.is_known) as (index, told, variables):
            index.mint_answers, index.serves_for, index.life = (
                list(self.mint),
                self.serves_for,
                self.life,
            )
            index.claims.update(self.claims)
            index.faults = list(self.faults)
            dist = bench.dist(self.dist)
            files = distributions(dist)
            options = {"uv publish": ["--trusted-publishing", "always"]}
            if self.verbose:
                options = {
                    "twine": ["--verbose"],
                    "uv publish": [*options["uv publish"], "-v"],
                    "relkit publish": ["-v"],
                }
            run = Try(
                bench, client, told, dist, files, options, variables, is_secret_given=False
            ).run()
            minted = sum("/mint-token" in line for line in index.lines)
            parts = [run.outcome(), f"{minted} mint{'s' if minted != 1 else ''}", tries(index)]
            parts.append(
                f"index has {sum(path.name in index.files for path in files)} of {len(files)}"
            )
            parts += [
                f"{'tells' if words in run.said else 'does not tell'} `{words}`"
                for words in self.looked_for
            ]
            if run.status != 0:
                parts.append(f"“{sentence(run, index)}”")
            if leaked(run, index):
                parts.append("PRINTED A SECRET")
            return "; ".join(parts)


def race(other: str) -> Row:
    """Two of the same client at once, at a server that takes its time over each file."""

    def row(bench: Bench, client: Client) -> str:
        index = ScriptedIndex()
        index.rules = [lambda _: time.sleep(0.2)]
        both = [bench.dist("pair"), bench.dist(other)]
        begun = [
            Try(bench, client, where(index), dist, distributions(dist), limit=60) for dist in both
        ]
        started = [(one, *one.start()) for one in begun]
        runs = [finish(process, said, since, one.limit) for one, process, said, since in started]
        statuses = " and ".join(run.outcome() for run in runs)
        files = {
            path.name: [digest((dist / path.name).read_bytes()) for dist in both]
            for path in distributions(both[0])
        }
        differing = {name: pair for name, pair in files.items() if pair[0] != pair[1]}
        owners = {
            pair.index(index.files[name].sha256)
            for name, pair in differing.items()
            if name in index.files
        }
        whose = "bytes of both" if len(owners) > 1 else "bytes of one"
        same = f", {whose}" if other != "pair" else ""
        failed = next((f"; “{sentence(run, index)}”" for run in runs if run.status != 0), "")
        has = f"index has {len(index.files)} of {len(files)}{same}"
        return f"{statuses}; {has}; {len(index.uploads)} requests{failed}"

    return row


def killed(duplicates: str) -> Row:
    """Killed while the second file is on its way, then the same command again."""

    def row(bench: Bench, client: Client) -> str:
        index = ScriptedIndex(duplicates=duplicates)
        dist = bench.dist("pair")
        files = distributions(dist)
        index.faults = [Fault("200 OK", store=True), Fault(read=1000, hang=30)]
        job = Try(bench, client, where(index), dist, files)
        process, _, begun = job.start()
        while len(index.uploads) < 2 and process.poll() is None and time.monotonic() < begun + 20:
            time.sleep(0.01)
        process.kill()
        process.wait()
        before = len(index.uploads)
        run = job.run()
        again = [
            upload for upload in index.uploads[before:] if upload.name == index.uploads[0].name
        ]
        what = "the stored file sent again" if again else "the stored file not sent again"
        tail = f"; “{sentence(run, index)}”" if run.status != 0 else ""
        return f"{run.outcome()}; {what}; index has {len(index.files)} of {len(files)}{tail}"

    return row


def memory(bench: Bench, client: Client) -> str:
    index = ScriptedIndex()
    dist = bench.dist("huge")
    files = only_runtime(index, dist)
    run = Try(bench, client, where(index), dist, files, limit=300).run()
    return f"{run.outcome()}; peak {run.peak:.0f} MiB for {files[0].stat().st_size / 1e6:.0f} MB"


def progress(bench: Bench, client: Client) -> str:
    """A server that reads slowly, and an output that is no terminal: what a log has of it."""
    index = ScriptedIndex(faults=[Fault("200 OK", store=True, rate=600_000)])
    dist = bench.dist("large")
    files = only_runtime(index, dist)
    run = Try(bench, client, where(index), dist, files, limit=120).run()
    lines = [line.strip() for line in run.said.splitlines()]
    told = [line for line in lines if re.search(r"\d ?%|\bB/s", line)]
    middle = f", such as “{told[len(told) // 2][:150]}”" if told else ""
    middle = re.sub(r"openai_codex_cli_bin-\S+?\.whl", "WHEEL", middle).replace("|", "/")
    return f"{run.outcome()}; {run.seconds:.0f} s; {len(told)} lines of progress{middle}"


# Indexes that are not what they seem.


def everything(index: ScriptedIndex, dist: Path) -> None:
    """Lets the index have every file, with its bytes."""
    for path in distributions(dist):
        index.plant(path.name, normalised(path.name.split("-")[0]), digest(path.read_bytes()))


@dataclass
class Odd:
    """An index whose pages say something else than what it has; `has_all` plants all first."""

    retold: Callable[[dict[str, object]], object] | None = None
    page: bytes | None = None
    simple: str = "/simple/"
    has_all: bool = True
    looked_for: str = ""

    def __call__(self, bench: Bench, client: Client) -> str:
        index = ScriptedIndex()
        dist = bench.dist("small")
        files = distributions(dist)
        if self.has_all:
            everything(index, dist)
        index.retold = self.retold
        if self.page is not None:
            index.page = lambda _: self.page
        told = where(index)._replace(simple=index.url + self.simple)
        run = Try(bench, client, told, dist, files, limit=60).run()
        return report(run, index, files if not self.has_all else [], self.looked_for)


def fallback(bench: Bench, client: Client) -> str:
    """Pages redirect to another server's, which lists the very files; this one has none."""
    other, index = ScriptedIndex(), ScriptedIndex()
    dist = bench.dist("small")
    everything(other, dist)

    def page(path: str) -> bytes | None:
        # As pypiserver does: until it has something of the project itself.
        if path == "/simple/" or index.listed(normalised(path.split("/")[2])):
            return None
        return response("302 Found", f"Location: {other.url}{path}\r\n", "")

    index.page = page
    run = Try(bench, client, where(index), dist, distributions(dist), limit=60).run()
    return report(run, index, distributions(dist))


def of_another(bench: Bench, client: Client) -> str:
    """The URL for reading is another index's, which has every file."""
    other, index = ScriptedIndex(), ScriptedIndex()
    dist = bench.dist("small")
    everything(other, dist)
    told = where(index)._replace(simple=where(other).simple)
    run = Try(bench, client, told, dist, distributions(dist), limit=60).run()
    return report(run, index, distributions(dist), "nothing was sent")


def interrupted(bench: Bench, client: Client) -> str:
    """SIGTERM while the second file is on its way."""
    index = ScriptedIndex(faults=[Fault("200 OK", store=True), Fault(read=1000, hang=60)])
    dist = bench.dist("pair")
    process, said, begun = Try(bench, client, where(index), dist, distributions(dist)).start()
    while len(index.uploads) < 2 and time.monotonic() < begun + 15:
        time.sleep(0.01)
    # What `terminate` does, without reaping a process that `finish` waits for.
    os.kill(process.pid, signal.SIGTERM)
    run = finish(process, said, begun, 60)
    words = "files are up" in run.said
    return f"{run.outcome()}; {'says what is up' if words else 'says nothing of what is up'}"


def every(key: str, value: object) -> Callable[[dict[str, object]], object]:
    """Every file of a page says this."""

    def change(page: dict[str, object]) -> None:
        for file in cast("list[dict[str, object]]", page["files"]):
            file[key] = value

    return change


def more(name: str) -> Callable[[dict[str, object]], object]:
    """The runtime's page has one file more."""

    def change(page: dict[str, object]) -> None:
        if page["name"] == "openai-codex-cli-bin":
            row: dict[str, object] = {
                "filename": name,
                "url": name,
                "hashes": {"sha256": "ab" * 32},
            }
            cast("list[dict[str, object]]", page["files"]).append(row)

    return change


# What a project's page is, of the rows that are listed: any answer.
Written = Callable[[list[dict[str, object]]], bytes]


def written(write: Written, *, has_all: bool = True, words: str = "") -> Row:
    """Pages in another form than the usual: of all files, or of those that were sent."""

    def row(bench: Bench, client: Client) -> str:
        index = ScriptedIndex()
        dist = bench.dist("small")
        if has_all:
            everything(index, dist)

        def page(path: str) -> bytes | None:
            name = path.split("/")[2]
            if not name:
                return None
            names = index.listed(normalised(name))
            return write([told_of(name, index.files[name].sha256) for name in names])

        index.page = page
        files = distributions(dist)
        run = Try(bench, client, where(index), dist, files, limit=90).run()
        return report(run, index, [] if has_all else files, words)

    return row


def told_of(name: str, sha256: str) -> dict[str, object]:
    """A file as a page tells of it."""
    return {"filename": name, "url": f"/files/{name}", "hashes": {"sha256": sha256}}


def as_json(rows: list[dict[str, object]]) -> bytes:
    return json.dumps({"meta": {"api-version": "1.0"}, "files": rows}).encode()


def anchors(rows: list[dict[str, object]]) -> str:
    hashes = [cast("dict[str, str]", row["hashes"])["sha256"] for row in rows]
    pairs = zip(rows, hashes, strict=True)
    links = [
        f"<a href='{row['url']}#sha256={sha256}'>{row['filename']}</a>" for row, sha256 in pairs
    ]
    return "<br>\n".join(links)


def sent_as(body: bytes, headers: str = "") -> bytes:
    head = f"HTTP/1.1 200 OK\r\n{headers}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


def bare_deflate(rows: list[dict[str, object]]) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    packed = packer.compress(as_json(rows)) + packer.flush()
    return sent_as(packed, SIMPLE + "Content-Encoding: deflate\r\n")


def twice(rows: list[dict[str, object]]) -> bytes:
    others: list[dict[str, object]] = [row | {"hashes": {"sha256": "cd" * 32}} for row in rows]
    return sent_as(as_json(rows + others), SIMPLE)


def broken_off(rows: list[dict[str, object]]) -> bytes:
    """No length is told, and the page ends in the middle of its list."""
    page = f"<!DOCTYPE html><html><body>{anchors(rows)}".encode()
    return b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n" + page


def led_elsewhere(bench: Bench, client: Client) -> str:
    """Pages redirect to another server's for ever, whatever was sent."""
    other, index = ScriptedIndex(), ScriptedIndex()
    dist = bench.dist("small")

    def page(path: str) -> bytes | None:
        location = f"Location: {other.url}{path}\r\n"
        return None if path == "/simple/" else response("302 Found", location, "")

    index.page = page
    run = Try(bench, client, where(index), dist, distributions(dist), limit=90).run()
    return f"{report(run, index, distributions(dist))}; {run.seconds:.0f} s"


def wrong_reader(bench: Bench, client: Client) -> str:
    """The URL for reading has a password that the index does not take, and that it repeats."""
    index = ScriptedIndex()
    dist = bench.dist("small")
    index.secrets.append("pa55-of-the-reader")
    index.page = lambda _: response("401 Unauthorized", "", "no: pa55-of-the-reader")
    told = where(index)
    told = told._replace(simple=told.simple.replace("://", "://reader:pa55-of-the-reader@"))
    run = Try(bench, client, told, dist, distributions(dist), limit=60).run()
    return report(run, index, distributions(dist), "correct the credentials")


def repeats_header(bench: Bench, client: Client) -> str:
    """The answer repeats the Authorization header, and the token in Base64 and hexadecimal."""
    plain = base64.b64encode(TOKEN.encode()).decode()

    def refuse(upload: Upload) -> Fault | None:
        return answer(BAD, f"what is {upload.authorization}, {plain}, {TOKEN.encode().hex()}")

    index = ScriptedIndex(rules=[refuse])
    index.secrets += [plain, TOKEN.encode().hex()]
    dist = bench.dist("small")
    files = only_runtime(index, dist)
    verbose = {"twine": ["--verbose"], "uv publish": ["-v"], "relkit publish": ["-v"]}
    run = Try(bench, client, where(index), dist, files, verbose).run()
    return "PRINTED A SECRET" if leaked(run, index) else "printed none"


def late_attestation(bench: Bench, client: Client) -> str:
    """Attestations lie beside files that the index has already, without any."""
    dist = bench.copy("small")
    for path in distributions(dist):
        path.with_name(f"{path.name}.publish.attestation").write_text(
            attestation(path.name, digest(path.read_bytes()))
        )
    with trusted(bench, client) as (index, told, variables):
        files = [path for path in distributions(dist) if path.suffix != ".attestation"]
        for path in files:
            index.plant(path.name, normalised(path.name.split("-")[0]), digest(path.read_bytes()))
        options = {"twine": ["--attestations"]}
        every_file = distributions(dist)
        run = Try(
            bench, client, told, dist, every_file, options, variables, is_secret_given=False
        ).run()
        return report(run, index, [], "lists no attestation")


class Blind(Client):
    """A client that is given no URL for reading on its command line."""

    def command(
        self, bench: Bench, where: Where, dist: Path, files: list[Path], options: list[str]
    ) -> list[str]:
        words = super().command(bench, where, dist, files, options)
        if where.simple in words:
            at = words.index(where.simple)
            del words[at - 1 : at + 1]
        return words


def empty_variables(bench: Bench, client: Client) -> str:
    """The variable that names the URL for reading is set and empty, as workflows have it."""
    index = ScriptedIndex()
    dist = bench.dist("small")
    files = distributions(dist)
    variables = dict.fromkeys(["UV_PUBLISH_CHECK_URL", "RELKIT_INDEX_URL"], "")
    run = Try(bench, Blind(client.name), where(index), dist, files, {}, variables).run()
    return report(run, index, files, "nothing was looked up")


def in_a_script(bench: Bench, client: Client) -> str:
    """Before anything is there, pages hold the links of their list as text of a program."""
    index = ScriptedIndex()
    dist = bench.dist("small")
    files = distributions(dist)

    def page(path: str) -> bytes | None:
        project = normalised(path.split("/")[2])
        if not project or index.listed(project):
            return None
        of_project = [file for file in files if normalised(file.name.split("-")[0]) == project]
        links = anchors([told_of(file.name, digest(file.read_bytes())) for file in of_project])
        text = f"<!DOCTYPE html><title>Links for it</title><script>const x = `{links}`</script>"
        return sent_as(text.encode(), "Content-Type: text/html\r\n")

    index.page = page
    run = Try(bench, client, where(index), dist, files, limit=60).run()
    return report(run, index, files)


SIMPLE = "Content-Type: application/vnd.pypi.simple.v1+json\r\n"
ARCHIVED = {
    "meta": {"api-version": "1.4"},
    "files": [],
    "project-status": {"status": "archived"},
}
LOGIN = "<!DOCTYPE html><title>Sign in</title><form action='/login'><input name='user'></form>"


# Real servers.


def real(serve: Serve, step: str) -> Row:
    """On a real server: twine sends the wheels, or the client everything; then the client again."""

    def row(bench: Bench, client: Client) -> str:
        dist, other = bench.dist("pair"), bench.dist("other")
        with serve(bench) as told:
            if step == "twine first":
                wheels = [path for path in distributions(dist) if path.suffix == ".whl"]
                first = Try(bench, CLIENTS[0], told, dist, wheels, limit=60).run()
            else:
                first = Try(bench, client, told, dist, distributions(dist), limit=60).run()
            if first.status != 0:
                return f"the first upload failed: {first.outcome()}; “{sentence(first, None)}”"
            again = other if step == "other" else dist
            run = Try(bench, client, told, again, distributions(again), limit=60).run()
        words = f"; “{sentence(run, None)}”" if run.status != 0 else ""
        skipped = len(re.findall(r"(?im)already exists, skipping|^\W*skipp(ed|ing) ", run.said))
        sent = len(re.findall(r"(?m)^\W*(Uploading (?!distributions)|Uploaded )", run.said))
        return f"{run.outcome()}; says {skipped} skipped, {sent} sent{words}"

    return row


# The rows. Sentences are those of the index, by the class of what it refuses.


def refused(status: str, words: str) -> Simple:
    return Simple(always=answer(status, words), said=words)


WORDS = "the repository wants a licence file first"


def odd_sentence(body: object) -> Simple:
    fault = Fault("400 Bad Request", "Content-Type: application/json\r\n", json.dumps(body))
    return Simple(always=fault, said=WORDS)


BAD, FORBIDDEN, BUSY = "400 Bad Request", "403 Forbidden", "503 Service Unavailable"
LOST = Fault(store=True)
RESET = Fault(read=2_000_000, reset=True)
QUICK = {"relkit publish": ["--timeout", "5"]}
CLAIMS = {
    "sub": "repo:acme/acme:environment:release",
    "repository": "acme/acme",
    "repository_owner": "acme",
    "repository_owner_id": "1",
    "environment": "release",
    "ref": "refs/tags/v1",
    "workflow_ref": "acme/acme/.github/workflows/release.yml@refs/tags/v1",
    "job_workflow_ref": "acme/acme/.github/workflows/release.yml@refs/tags/v1",
    "event_name": "push",
}
CALLED = CLAIMS | {"job_workflow_ref": "acme/acme/.github/workflows/publish.yml@refs/tags/v1"}
NO_PUBLISHER = json.dumps(
    {
        "message": "Token request failed",
        "errors": [
            {
                "code": "invalid-publisher",
                "description": "valid token, but no corresponding publisher",
            }
        ],
    }
)

ROWS: dict[str, Row] = {
    "stored, with a warning in the answer": Simple(
        faults=[Fault("200 OK", body="This project is deprecated.", store=True)],
        said="This project is deprecated.",
    ),
    "503 twice, then fine": Simple(faults=[answer(BUSY), answer(BUSY)]),
    "500 once, then fine": Simple(faults=[answer("500 Internal Server Error")]),
    "504 once, not stored, then fine": Simple(faults=[answer("504 Gateway Timeout")]),
    "503 for ever": Simple(always=answer(BUSY), limit=150),
    "429 with `Retry-After: 2`": Simple(
        faults=[answer("429 Too Many Requests", "", "Retry-After: 2\r\n")]
    ),
    "503 with `Retry-After: 4`": Simple(faults=[answer(BUSY, "", "Retry-After: 4\r\n")]),
    "429 without `Retry-After`: too many new projects": Simple(
        always=answer("429 Too Many Requests", "Too many new projects created"),
        said="Too many new projects",
        limit=150,
    ),
    "503 with `Retry-After` beyond the deadline": Simple(
        always=answer(BUSY, "", "Retry-After: 9999\r\n"),
        options={"relkit publish": ["--deadline", "60"]},
    ),
    "502, though the file was stored": Simple(faults=[answer("502 Bad Gateway", store=True)]),
    "502, stored, and the server refuses every duplicate": Simple(
        faults=[answer("502 Bad Gateway", store=True)], duplicates="refused"
    ),
    "answer lost after the file was stored": Simple(faults=[LOST]),
    "answer lost, stored, and the server refuses every duplicate": Simple(
        faults=[LOST], duplicates="refused"
    ),
    "answer lost, stored, duplicates refused, listed 4 s later": Simple(
        faults=[LOST], duplicates="refused", lag=4.0, limit=60
    ),
    "reset in the middle of the body": Simple(faults=[RESET], dist="large"),
    "reset at every try": Simple(always=RESET, dist="large", limit=150),
    "nobody listens": lambda bench, client: nobody(bench, client),
    "server reads nothing": Simple(always=Fault(read=1000, hang=600), dist="large", limit=100),
    "server reads nothing, 5 s allowed": Simple(
        faults=[Fault(read=1000, hang=600)],
        dist="large",
        options=QUICK,
        variables={"UV_UPLOAD_HTTP_TIMEOUT": "5"},
        limit=40,
    ),
    "server reads all and never answers": Simple(always=Fault(hang=600), limit=320),
    "403 before the body is read, connection reset": Simple(
        always=Fault(
            FORBIDDEN,
            "",
            refusal("403 Invalid or non-existent authentication information."),
            read=1000,
        ),
        dist="large",
        said="Invalid or non-existent authentication",
        limit=60,
    ),
    "413 in the middle of the body, connection reset": Simple(
        always=Fault("413 Payload Too Large", "", "", read=4_000_000),
        dist="large",
        said="413",
        limit=60,
    ),
    "308 with a relative location": redirect("relative"),
    "308 to the same server by its whole URL": redirect("absolute"),
    "308 to another host": redirect("other"),
    "308 in a circle": redirect("circle"),
    "301, as a URL for reading answers": Simple(
        always=Fault("301 Moved Permanently", "Location: /simple/\r\n"), said="--upload-url"
    ),
    "405, as a URL for reading answers": Simple(
        always=Fault("405 Method Not Allowed"), said="--upload-url"
    ),
    "the reason in a JSON body": refused(
        BAD, "Invalid value for classifiers. Error: 'X' is not a valid classifier"
    ),
    "the reason in the title of a page": Simple(
        always=Fault(
            BAD,
            "",
            "<html><head><title>400 Invalid value for summary</title></head><body></body></html>",
        ),
        said="Invalid value for summary",
    ),
    "the reason in the status line alone": Simple(
        always=Fault("400 Invalid value for summary", "", "<html><body></body></html>"),
        said="Invalid value for summary",
    ),
    "name used by a deleted file": refused(
        BAD,
        "This filename was previously used by a file that has since been deleted.",
    ),
    "release older than 14 days": refused(
        BAD, "Uploading new files to releases older than 14 days is not allowed."
    ),
    "second sdist": refused(BAD, "Only one sdist may be uploaded per release."),
    "file too large": refused(
        BAD, "File too large. Limit for project 'openai-codex-cli-bin' is 100 MB."
    ),
    "project too large": refused(BAD, "Project size too large. Limit for project is 10 GB."),
    "digest mismatch once (garbled on the way)": Simple(
        faults=[
            answer(
                BAD,
                "The digest supplied does not match a digest calculated from the uploaded file.",
            )
        ]
    ),
    "wrong token": Simple(secret="pypi-wrong", said="Invalid or non-existent authentication"),
    "401 without words": Simple(always=Fault("401 Unauthorized")),
    "token of the user expired": refused(FORBIDDEN, "Invalid API Token: token is expired"),
    "token of another project": refused(
        FORBIDDEN, "The given token isn't allowed to upload to project 'openai-codex-cli-bin'."
    ),
    "index read-only": refused(FORBIDDEN, "Read-only mode: the index takes no changes"),
    "the index has the same bytes, all of them": same_bytes,
    "the index has other bytes (second runtime wheel)": other_bytes("x86_64"),
    "the index has other bytes (the SDK's sdist)": other_bytes(".tar.gz"),
    "other bytes, `--skip-existing` (twine at the index it knows)": skip_existing(is_known=True),
    "other bytes, `--skip-existing` (twine at another index)": skip_existing(is_known=False),
    "release older than 14 days, as the index tells": old_release,
    "409 for a duplicate of the same bytes": Simple(faults=[answer("409 Conflict", store=True)]),
    "400 `already been taken` for the same bytes": Simple(
        faults=[answer(BAD, "Validation failed: File name has already been taken", store=True)]
    ),
    "403 `overwrite artifact` for the same bytes": Simple(
        faults=[answer(FORBIDDEN, "Not permitted to overwrite artifact", store=True)]
    ),
    "400 `updating asset` for the same bytes": Simple(
        faults=[answer(BAD, "Repository does not allow updating assets", store=True)]
    ),
    "pypiserver: published twice": real(pypiserver, "same"),
    "pypiserver: other bytes": real(pypiserver, "other"),
    "pypiserver: twine sent the wheels, then this client": real(pypiserver, "twine first"),
    "devpi: published twice": real(devpi, "same"),
    "devpi: other bytes": real(devpi, "other"),
    "devpi: twine sent the wheels, then this client": real(devpi, "twine first"),
    "two publishers, the same bytes": race("pair"),
    "two publishers, other bytes": race("other"),
    "killed, run again": killed("compared"),
    "killed, run again, duplicates refused": killed("refused"),
    "one release of two projects, listed 3 s late": order,
    "a wheel with trailing data among good ones": bad_wheel(
        with_trailing_data, "Invalid distribution file. ZIP archive not accepted: Trailing data"
    ),
    "a wheel tagged linux_x86_64 among good ones": bad_wheel(
        with_a_plain_linux_tag, "Binary wheel has an unsupported platform tag 'linux_x86_64'."
    ),
    "attestation of other bytes beside a wheel": leftover_attestation,
    "trusted publishing": Trusted(claims=CLAIMS),
    "trusted publishing (twine at an index it does not know)": Trusted(
        claims=CLAIMS, is_known=False
    ),
    "mint refused: no publisher": Trusted(
        mint=[("422 Unprocessable Entity", NO_PUBLISHER)],
        claims=CLAIMS,
        looked_for=["invalid-publisher", "repo:acme/acme:environment:release"],
    ),
    "mint refused: reusable workflow": Trusted(
        mint=[("422 Unprocessable Entity", NO_PUBLISHER)],
        claims=CALLED,
        looked_for=["publish.yml", "reusable workflow"],
    ),
    "mint fails once with 503": Trusted(
        mint=[("503 Service Unavailable", "<html>busy</html>")], claims=CLAIMS
    ),
    "minted token refused as expired after one file": Trusted(serves_for=1, claims=CLAIMS),
    "minted tokens live for 4 minutes and say so": Trusted(life=240, claims=CLAIMS),
    "minted token, project does not exist": Trusted(
        faults=[answer(BAD, "Non-user identities cannot create new projects.")],
        claims=CLAIMS,
        looked_for=["Non-user identities cannot create new projects"],
    ),
    "odd index: pages redirect to another server that has it all": fallback,
    "odd index: the URL for reading is another index's": of_another,
    "odd index: nothing at the URL for reading": Odd(simple="/smiple/", has_all=False),
    "odd index: a login page for every project": Odd(
        page=response("200 OK", "Content-Type: text/html\r\n", LOGIN), has_all=False
    ),
    "odd index: version 2.0 of the API": Odd(
        retold=lambda page: page.update(meta={"api-version": "2.0"})
    ),
    "odd index: same bytes, md5 alone": Odd(retold=every("hashes", {"md5": "ab" * 16})),
    "odd index: same bytes, hashes null": Odd(retold=every("hashes", None)),
    "odd index: same bytes, yanked": Odd(retold=every("yanked", "broken"), looked_for="yanked"),
    "odd index: same bytes, project quarantined": Odd(
        retold=lambda page: page.update({"project-status": {"status": "quarantined"}}),
        looked_for="quarantined",
    ),
    "odd index: project archived, files missing": Odd(
        page=response("200 OK", SIMPLE, json.dumps(ARCHIVED)),
        has_all=False,
        looked_for="archived",
    ),
    "odd index: 401 for every reader": Odd(
        page=response("401 Unauthorized", 'WWW-Authenticate: Basic realm="x"\r\n', ""),
        has_all=False,
        looked_for="RELKIT_INDEX_TOKEN",
    ),
    "odd index: a wheel of the release that nobody planned": Odd(
        retold=more(f"openai_codex_cli_bin-{VERSION}-1-py3-none-win_amd64.whl"),
        looked_for="not in the plan",
    ),
    "odd index: an sdist of the runtime is there": Odd(
        retold=more(f"openai_codex_cli_bin-{VERSION}.tar.gz"), looked_for="sdist"
    ),
    "odd index: upload answered with a login page": Simple(
        always=Fault("200 OK", "Content-Type: text/html\r\n", LOGIN)
    ),
    "odd index: sentence in errors[]": odd_sentence(
        {"errors": [{"status": 400, "message": WORDS}]}
    ),
    "odd index: sentence in message.base[]": odd_sentence({"message": {"base": [WORDS]}}),
    "odd index: sentence in detail[].msg": odd_sentence({"detail": [{"loc": ["x"], "msg": WORDS}]}),
    "odd index: 409 without known words, file absent": Simple(
        always=Fault("409 Conflict", "", "busy with something else"), limit=60
    ),
    "odd answer: 200, and JSON that says no": Simple(
        always=Fault("200 OK", SIMPLE, json.dumps({"success": False, "message": WORDS})), said=WORDS
    ),
    "odd answer: 501 for ever": Simple(always=answer("501 Not Implemented", WORDS), said=WORDS),
    "odd answer: 507 for ever": Simple(
        always=answer("507 Insufficient Storage", WORDS), said=WORDS
    ),
    "odd answer: 511 for ever": Simple(
        always=answer("511 Network Authentication Required", WORDS), said=WORDS
    ),
    "odd answer: 303 after the file was stored": Simple(
        faults=[Fault("303 See Other", "Location: /done\r\n", store=True)]
    ),
    "odd page: links inside a script": in_a_script,
    "odd page: UTF-16": written(
        lambda rows: sent_as(as_json(rows).decode().encode("utf-16"), SIMPLE)
    ),
    "odd page: bare deflate": written(bare_deflate),
    "odd page: every file twice, with another digest": written(twice),
    "odd page: breaks off, no length told": written(broken_off),
    "odd page: a length that is not the file's": Odd(
        retold=every("size", 5), looked_for="with this digest it has"
    ),
    "odd page: a local version of the runtime": Odd(
        retold=more(f"openai_codex_cli_bin-{VERSION}+ours-py3-none-win_amd64.whl"),
        looked_for="not in the plan",
    ),
    "odd page: leads to another server for ever": led_elsewhere,
    "odd page: 401, and the password repeated": wrong_reader,
    "odd page: attestations of files that are there": late_attestation,
    "odd page: empty variables": empty_variables,
    "secrets: the server repeats the header": repeats_header,
    "odd index: interrupted while the second file goes": interrupted,
    "secrets: trusted publishing, verbose": Trusted(claims=CLAIMS, verbose=True),
    "secrets: token, verbose": Simple(
        options={"twine": ["--verbose"], "uv publish": ["-v"], "relkit publish": ["-v"]}
    ),
    "secrets: the server repeats the token": Simple(
        always=answer(BAD, f"Invalid request by __token__ {TOKEN}"),
        options={"twine": ["--verbose"], "uv publish": ["-v"], "relkit publish": ["-v"]},
    ),
    "slow server, no terminal": progress,
    "peak memory with 300 MB": memory,
}


def nobody(bench: Bench, client: Client) -> str:
    index = ScriptedIndex()
    dist = bench.dist("small")
    files = only_runtime(index, dist)
    told = where(index)._replace(upload=f"http://127.0.0.1:{free_port()}/legacy/")
    run = Try(bench, client, told, dist, files, limit=150).run()
    return f"{run.outcome()} after {run.seconds:.0f} s; “{sentence(run, index)}”"


def version(command: list[str]) -> str:
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return said.splitlines()[0].split(" (")[0]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--relkit", type=Path, default=ROOT / "target" / "debug" / "relkit")
    parser.add_argument(
        "--bin", type=Path, default=Path(shutil.which("twine") or "/usr/bin/twine").parent
    )
    parser.add_argument(
        "--only", nargs="*", default=[], help="rows with one of these words in their names"
    )
    parser.add_argument("--json", type=Path, help="where the cells are written as data")
    arguments = parser.parse_args()
    chosen = {
        name: row
        for name, row in ROWS.items()
        if not arguments.only or any(w in name for w in arguments.only)
    }
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(arguments.relkit.resolve(), arguments.bin.absolute(), Path(scratch))
        print(version([str(bench.bin / "twine"), "--version"]))
        print(version([str(bench.bin / "uv"), "--version"]))
        print(version([str(bench.relkit), "--version"]), flush=True)
        for name, sizes in DISTS.items():
            if name != "huge" or memory in chosen.values():
                make_dist(bench, name, sizes)
        make_authority(bench)
        print(
            "\n| fault | twine | uv publish | relkit publish |\n| --- | --- | --- | --- |",
            flush=True,
        )
        table = {}
        for name, row in chosen.items():
            # Each client has a server of its own; only memory is measured one by one.
            with ThreadPoolExecutor(1 if row is memory else len(CLIENTS)) as pool:
                cells = [pool.submit(row, bench, client) for client in CLIENTS]
                table[name] = [cell.result() for cell in cells]
            print("| " + " | ".join([name, *table[name]]) + " |", flush=True)
            if arguments.json:
                arguments.json.write_text(json.dumps(table, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
