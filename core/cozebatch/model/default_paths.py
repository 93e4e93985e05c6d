"""Where the configuration, the state and the log files lie unless the operator says otherwise, and how logs are named.

Each name is written once, here: the engine, the command's options and their help all use these constants.
"""

from __future__ import annotations

CONFIG_FILE = "configs/config.json"
STATE_DIR = ".cozebatch"
LOG_DIR = "workflow_logs"

LOG_FILES = "workflow_????????_??????*.log"
"""Matches the names that `log_file_name` makes, and few others."""


def log_file_name(stamp: str, number: int) -> str:
    """The name of the `number`-th log file, from 1, that begins at `stamp` (`YYYYMMDD_HHMMSS`)."""
    return f"workflow_{stamp}.log" if number == 1 else f"workflow_{stamp}_{number}.log"
