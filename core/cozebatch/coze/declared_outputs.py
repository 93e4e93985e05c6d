"""What a workflow says that it will hand out, and which part of a film each of it most likely is. Pure.

Only the outer variables of the end node are declared. A workflow may wrap everything in one of them, so a name that is
not declared may still come: nothing here is a reason to refuse a batch.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

MEDIA = ("video", "audio")
"""Parts without which no film is made; one of them will do."""

_WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "video": ("videourl", "video", "videolink", "videofile", "mp4", "mp4url", "视频", "视频链接", "视频地址"),
        "audio": ("audiourl", "audio", "audiolink", "voiceurl", "mp3", "mp3url", "音频", "音频链接", "配音"),
        "title": ("title", "标题"),
        "content": ("content", "script", "文案", "正文"),
        "cover_title": ("shorttitle", "covertitle", "封面标题", "短标题"),
        "cover_subtitle": ("wraptitle", "coversubtitle", "subtitle", "封面副标题", "副标题"),
        "captions": ("captions", "caption", "subtitles", "srt", "字幕"),
        "images": ("images", "imageurls", "imagelist", "pictures", "图片", "图片列表"),
    }
)  # fmt: skip
"""Part of the film → what people call it, without case, width and marks."""
_WITHIN: Mapping[str, tuple[str, ...]] = MappingProxyType({"video": ("video", "视频"), "audio": ("audio", "音频")})


def likely_outputs(declared: Mapping[str, str], mapped: Mapping[str, str]) -> dict[str, str]:
    """Part → declared name, where the mapped name is not declared and exactly one other name is such a part.

    `declared`: name → type; `mapped`: part → name in the output.
    """
    taken = {name for name in mapped.values() if name in declared}
    free = [name for name in declared if name not in taken]
    found: dict[str, str] = {}
    for part in _WORDS:
        if mapped.get(part) in declared:
            continue
        for fitting in _fitting(part, {name: declared[name] for name in free if name not in found.values()}):
            if len(fitting) == 1:
                found[part] = fitting[0]
                break
    return found


def _fitting(part: str, declared: Mapping[str, str]) -> list[list[str]]:
    """The names that are such a part: by their whole name, by their type, by a word in them."""
    plain = {name: _plain(name) for name in declared}
    within = _WITHIN.get(part, ())
    return [
        [name for name in declared if plain[name] in _WORDS[part]],
        [name for name, kind in declared.items() if kind.casefold() == part],
        [name for name in declared if any(word in plain[name] for word in within)],
    ]


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name[:200]).casefold())
