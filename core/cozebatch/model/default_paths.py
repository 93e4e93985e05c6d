"""The default paths of the configuration, the state and the log files, and the names of log files.

Each name is written once, here: the engine, the command's options and their help all use these constants.
"""

from __future__ import annotations

import re
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


LOG_FILES = "workflow_????????_??????*.log"
"""Glob pattern of the names that `log_file_name` makes; it matches few others."""
_LOG_FILE = re.compile(r"workflow_[0-9]{8}_[0-9]{6}(_[1-9][0-9]{0,2})?\.log")


def log_file_name(stamp: str, number: int) -> str:
    """The name of a log file that begins at `stamp` (`YYYYMMDD_HHMMSS`); `number` counts from 1."""
    return f"workflow_{stamp}.log" if number == 1 else f"workflow_{stamp}_{number}.log"


def is_log_file_name(name: str) -> bool:
    """True for exactly the names that `log_file_name` makes. Only such a file is deleted with age."""
    return _LOG_FILE.fullmatch(name) is not None


OUTPUT_FILES = "output_????????_??????*.txt"
"""Glob pattern of the names that `output_file_name` makes; it matches few others."""
_OUTPUT_FILE = re.compile(r"output_[0-9]{8}_[0-9]{6}(_[1-9][0-9]{0,2})?\.txt")


def output_file_name(stamp: str, number: int) -> str:
    """The name of a file with what a batch in the background prints; `stamp` and `number` as for a log file."""
    return f"output_{stamp}.txt" if number == 1 else f"output_{stamp}_{number}.txt"


def is_output_file_name(name: str) -> bool:
    """True for exactly the names that `output_file_name` makes."""
    return _OUTPUT_FILE.fullmatch(name) is not None
