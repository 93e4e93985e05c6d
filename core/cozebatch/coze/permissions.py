"""Reads in Coze's own words which permission a token lacks (code 4101). Pure.

Reading a workflow needs `getMetaData`, running it `run`, polling it `listRunHistory` (docs/coze.md). Only a refusal
whose words name `getMetaData`, and neither of the others, says nothing about running: any other one may stand for a
wrong token or a token of the other site, too.
"""

from __future__ import annotations

import re

from cozebatch.coze.codes import NO_PERMISSION
from cozebatch.model.errors import ErrorInfo

_READING = re.compile(r"getMetaData", re.IGNORECASE)
_OTHERS = re.compile(
    r"listRunHistory"
    r"|(?<![A-Za-z])run(?=[\"'`\])，、,;:]|\s+(?:and|or|permission|及|和|与|或)|$)"
    r"|[\"'`\[(，、,:：]\s*run(?![A-Za-z])",
    re.IGNORECASE,
)
"""`run` where it stands as a name: at the end, in quotes, or in a list; not as in "to run this workflow"."""


def lacks_reading_only(error: ErrorInfo) -> bool:
    """Whether this refusal concerns reading the workflow alone. `error` carries Coze's words in its message."""
    words = error.message.en
    return error.code == str(NO_PERMISSION) and bool(_READING.search(words)) and not _OTHERS.search(words)
