"""The configuration: its keys, how a file becomes one, and what is said about a wrong one (docs/contract.md §2)."""

from cozebatch.settings.load import load_settings, parse_settings
from cozebatch.settings.model import Settings

__all__ = ["Settings", "load_settings", "parse_settings"]
