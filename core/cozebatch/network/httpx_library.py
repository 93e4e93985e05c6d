"""The HTTP library, imported without its command line.

`import httpx` brings in a command-line client of its own if click, rich and pygments are there, as they are here for
other reasons: a third of what a start without a screen imports, and never used. The library's own way out, for where
those are missing, is taken instead.
"""

from __future__ import annotations

import sys

_CLIENT = "httpx._main"

if _CLIENT not in sys.modules:
    sys.modules[_CLIENT] = None  # type: ignore[assignment]  # what Python takes for "cannot be imported"
    try:
        import httpx
    finally:
        del sys.modules[_CLIENT]
else:
    import httpx

__all__ = ["httpx"]
