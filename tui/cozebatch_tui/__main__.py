"""`python -m cozebatch_tui` is the command `cozebatch-tui`."""

from __future__ import annotations

import sys

from cozebatch_tui.cli import main

sys.exit(main())
