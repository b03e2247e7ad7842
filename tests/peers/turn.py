"""Runs the quickstart of an SDK on an installed runtime wheel, with a model server on 127.0.0.1.

The server is that of the SDK's own tests.

Usage: python turn.py TESTS_OF_THE_SDK WORK_DIRECTORY PROGRAM EXPECTED_RUNTIME_DIRECTORY
"""

import contextlib
import io
import os
import runpy
import sys
import types
from pathlib import Path

tests, work, program, runtime = sys.argv[1:]
# The harness without its pytest plugin, which lies in the package's own module.
harness = types.ModuleType("harness")
harness.__path__ = [str(Path(tests) / "harness")]
sys.modules["harness"] = harness

from harness.home import CodexHome  # noqa: E402
from harness.model_server import ModelServer  # noqa: E402
from harness.replies import Reply  # noqa: E402

ANSWER = "Greetings from the packaged runtime."

import codex_cli_bin  # noqa: E402

# The runtime is the one that was installed, nothing from the search path.
assert Path(codex_cli_bin.bundled_codex_path()).is_relative_to(Path(runtime).resolve())
with ModelServer(fallback=Reply.text(ANSWER)) as model:
    home = CodexHome.create(Path(work) / "home", model.base_url)
    os.environ.update(home.environment)
    os.chdir(work)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        runpy.run_path(program, run_name="__main__")
    assert ANSWER in said.getvalue(), said.getvalue()
    assert len(model.requests) == 1, [request.path for request in model.requests]
print("answered")
