"""Fetches the output nodes that Coze trimmed, whole (docs/coze.md).

Coze trims the output nodes of an execution above 1 MB and keeps their full text for 24 hours under an address of its
own. Half an output looks like a whole one to whoever reads it, so what cannot be had whole is no result.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from cozebatch.bounds.json_values import read_json
from cozebatch.coze.answers import understood
from cozebatch.coze.fields import Mask
from cozebatch.coze.http import Answer
from cozebatch.coze.layers import END_NODE
from cozebatch.coze.output import parse_output
from cozebatch.model.errors import Category, ErrorInfo, StepError
from cozebatch.model.text import NOTHING, Text
from cozebatch.ports import PollResult

_MOST_NODES = 50
_MOST_TRIES = 3
_PASSING = frozenset({Category.THROTTLED, Category.NETWORK, Category.SERVER})


class TrimmedOutputs:
    """`get` asks Coze for a path; it raises `StepError` when there is no answer."""

    def __init__(self, get: Callable[[str], Awaitable[Answer]], mask: Mask) -> None:
        self._get = get
        self._mask = mask
        self._tries: dict[str, int] = {}

    async def in_full(
        self, execute_id: str, path: str, result: PollResult, nodes: Sequence[tuple[str, str]]
    ) -> PollResult:
        """The result with its output nodes (title, `node_execute_uuid`) fetched whole. With the error `bad_output` if
        that cannot be done, or if no node is named.

        Raises `StepError` for a failure that may pass, a few times: the execution is polled again then.
        """
        whole: dict[str, str] = {}
        why = None if 0 < len(nodes) <= _MOST_NODES else NOTHING
        for title, uuid in nodes if why is None else ():
            try:
                answer = await self._get(f"{path}/execute_nodes/{quote(uuid, safe='')}")
                data = understood(answer, self._mask).get("data")
            except StepError as error:
                tries = self._tries.get(execute_id, 0) + 1
                if error.info.category in _PASSING and tries <= _MOST_TRIES:
                    self._tries[execute_id] = tries
                    raise
                why = error.info.message
                break
            text = data.get("node_output") if isinstance(data, dict) else None
            if not isinstance(text, str):
                why = Text("返回里没有 node_output", "the response has no node_output")
                break
            whole[title] = self._mask(text)
        self._tries.pop(execute_id, None)
        if why is not None:
            return replace(result, error=_not_whole(why, result.logid))
        return replace(result, output=_with_nodes(result.output, whole))


def _not_whole(why: Text, logid: str | None) -> ErrorInfo:
    zh, en = (f"：{why.zh}", f": {why.en}") if why else ("。", ".")
    return ErrorInfo(
        Category.BAD_OUTPUT,
        Text(f"扣子只给了截断的输出，取不到完整内容{zh}", f"Coze gave the output trimmed, and not in full{en}"),
        logid=logid,
        hint=Text(
            "让结束节点直接返回链接等结果，不要经过很长的消息节点；"
            "完整内容扣子只保留 24 小时，此前重试（免费）会再取一次。",
            "Let the end node return the results itself instead of a very long output node. Coze keeps the full text "
            "for 24 hours; until then a retry (free) asks for it again.",
        ),
    )


def _with_nodes(output: str | None, nodes: Mapping[str, str]) -> str:
    """The output with the trimmed nodes replaced by their full text."""
    whole: dict[str, Any] = {}
    if output:
        try:
            value = read_json(output)
            whole = value if isinstance(value, dict) else parse_output(output)
        except ValueError:
            whole = {END_NODE: output}
    return json.dumps({**whole, **nodes}, ensure_ascii=False)
