"""Draws `serve-zh.png`: a demo in the background, seen in Chromium. `uv run python screenshots/serve_picture.py`."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from cozebatch_tui.attach.place import read_place  # noqa: E402
from support.browser import browser  # noqa: E402

SIZE = (1440, 900)
AFTER = 14.0
"""Seconds of the demo that are over in the picture: by then all kinds of states are to be seen."""


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start = [sys.executable, "-m", "cozebatch_tui", "--lang", "zh"]
        env = {**os.environ, "COZEBATCH_SETTINGS": str(folder / "none.json")}
        subprocess.run([*start, "--demo", "--detach"], cwd=folder, env=env, check=True)
        began = time.monotonic()
        try:
            with subprocess.Popen([*start, "serve"], cwd=folder, env=env, stdout=subprocess.PIPE, text=True) as site:
                try:
                    assert site.stdout is not None
                    found = re.search(r"http://\S+", site.stdout.readline())
                    assert found is not None
                    with browser(folder / "profile", SIZE) as shown:
                        shown.open(found[0])
                        shown.until(lambda: shown.is_painted, "painted")
                        time.sleep(max(2.0, AFTER - (time.monotonic() - began)))
                        (ROOT / "screenshots" / "serve-zh.png").write_bytes(shown.picture())
                finally:
                    site.send_signal(signal.SIGINT)
        finally:
            place = read_place(folder / ".cozebatch" / "demo")
            if place is not None:
                os.kill(place.pid, signal.SIGTERM)
                time.sleep(5.0)


if __name__ == "__main__":
    main()
