"""The default paths of the configuration, the state and the log files.

Each name is written once, here: the engine, the command's options and their help all use these constants.
"""

from __future__ import annotations

from pathlib import Path

CONFIG_FILE = "configs/config.json"
STATE_DIR = ".cozebatch"
DEMO_DIR = "demo"
"""In the state folder: what demos did."""
SETUP_FILE = "setup.json"
"""In the state folder: the answers of an unfinished set-up."""
LOG_DIR = "workflow_logs"


def shipped(name: str) -> Path | None:
    """Where a file of `configs/` lies that comes with the program: in the installed package, or in the source folder.
    None where it was removed."""
    package = Path(__file__).resolve().parent.parent
    places = (package / "configs" / name, package.parent.parent / "configs" / name)
    return next((place for place in places if place.is_file()), None)
