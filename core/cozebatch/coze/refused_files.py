"""Finds out whether Coze refused a submission for a file that it does not have, or does not let this token use.

Coze keeps an uploaded file for three months, and only for the workspace that it was uploaded to (docs/coze.md, "Lists,
for setting up"). No code of its own is documented for it, so that its words decide: they name the file, or say "file".
"""

from __future__ import annotations

import re
from collections.abc import Collection

from cozebatch.coze.codes import CODES, NO_PERMISSION
from cozebatch.coze.fields import code_of, json_object
from cozebatch.coze.http import Answer
from cozebatch.model.errors import Category

_SAYS_FILE = re.compile(r"\bfiles?\b|\bfile[_ ]?ids?\b|文件", re.IGNORECASE)
NONE: frozenset[str] = frozenset()


def refused_files(answer: Answer, sent: Collection[str]) -> frozenset[str]:
    """Of the file ids that a refused submission `sent`, those that may be why. Only an answer of Coze's own counts,
    with a code that says that the request is wrong, or not allowed: nothing was started then."""
    body = None if answer.broken else json_object(answer.body)
    code = code_of(body)
    words = body.get("msg") if body else None
    if not code or not isinstance(words, str):
        return NONE
    named = frozenset(file_id for file_id in sent if re.search(rf"(?<!\w){re.escape(file_id)}(?!\w)", words))
    meaning = CODES.get(code)
    if code == NO_PERMISSION or meaning is None:
        return named
    if meaning.category is not Category.INVALID_REQUEST:
        return NONE
    return named or (frozenset(sent) if _SAYS_FILE.search(words) else NONE)
