"""What a simulated execution hands out, in all the shapes in which Coze writes it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

SHAPES = ("nested", "envelope", "object", "node", "plain", "trimmed")
"""The end node's JSON in a string in `Output`; the same wrapped as an answering end node does; the bare object; under
an output node's title; as plain text; under an output node's title, cut off."""

NODE = "输出"
"""The title of the output node."""

OUTPUTS = ("videoUrl", "audioUrl", "shortTitle", "wrapTitle", "captions")
"""What the end node gives, by its usual names."""


def shaped(result: Mapping[str, Any], shape: str) -> str:
    """The `output` of a poll in one of `SHAPES`. Raises ValueError for any other."""
    text = _json(result)
    match shape:
        case "nested":
            return _json({"Output": text})
        case "envelope":
            end_node = {"content_type": 1, "data": text, "original_result": None, "type_for_model": 2}
            return _json({"Output": _json(end_node)})
        case "object":
            return text
        case "node":
            return _json({"Output": "", NODE: text})
        case "plain":
            return f"视频已生成：{next(iter(result.values()))}"
        case "trimmed":
            return _json({"Output": "", NODE: text[:20]})
        case _:
            raise ValueError(f"no such shape: {shape!r} (there are {', '.join(SHAPES)})")


def result_of(parameters: Mapping[str, Any], where: str, seconds: float) -> dict[str, Any]:
    """Links to the film at `where`, titles for its cover, and captions in milliseconds over its `seconds`."""
    title = str(parameters.get("title") or "口播")
    content = str(parameters.get("content") or title)
    return {
        "videoUrl": f"{where}.mp4",
        "audioUrl": f"{where}.mp3",
        "shortTitle": title[:8],
        "wrapTitle": title[8:24] or title[:16],
        "captions": _captions(content, seconds),
    }


def _captions(content: str, seconds: float) -> list[dict[str, Any]]:
    sentences = [s for s in re.split(r"(?<=[。！？!?；;\n])|(?<=[，,])", content) if s.strip()][:12] or [content[:20]]
    letters = sum(map(len, sentences)) or 1
    captions: list[dict[str, Any]] = []
    start = 0
    for sentence in sentences:
        end = start + round(seconds * 1000 * len(sentence) / letters)
        captions.append({"start": start, "end": end, "text": sentence.strip()[:40]})
        start = end
    captions[-1]["end"] = round(seconds * 1000)
    return captions


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
