"""A run as one HTML page for those who were not there: opens offline and loads nothing.

`page` puts it together, `charts` draws, `style` has its looks and its script.
"""

from cozebatch_tui.presentation.report.page import page

__all__ = ["page"]
