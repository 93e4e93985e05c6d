"""The bounds of what a person may set, for the configuration and for the options that override it."""

from __future__ import annotations

MOST_COZE = 1000
"""Executions in flight."""
MOST_SYNTHESIS = 64
"""Synthesis workers."""
LONGEST_POLL_INTERVAL = 3600
"""Seconds."""
