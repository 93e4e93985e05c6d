"""Tasks from local files."""

from cozebatch.files.source import FileSource

__all__ = ["FileSource"]
