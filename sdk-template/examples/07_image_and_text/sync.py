"""Send an image by URL together with text."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _bootstrap import client_config, prepare, sample_image_url

prepare()

from codex_app_server import Codex, ImageInput, TextInput

with Codex(config=client_config()) as codex:
    thread = codex.thread_start()
    result = thread.run(
        [
            TextInput("Which two colours does this image have?"),
            ImageInput(sample_image_url()),
        ]
    )
    print("Status:", result.status)
    print("Text:", result.final_response)
