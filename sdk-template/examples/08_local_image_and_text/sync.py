"""Send an image file together with text."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _bootstrap import client_config, prepare, sample_image_file

prepare()

from codex_app_server import Codex, LocalImageInput, TextInput

with sample_image_file() as image, Codex(config=client_config()) as codex:
    thread = codex.thread_start()
    result = thread.run(
        [
            TextInput("Which two colours does this image have?"),
            LocalImageInput(str(image)),
        ]
    )
    print("Status:", result.status)
    print("Text:", result.final_response)
