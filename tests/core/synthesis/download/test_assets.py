"""The addresses of media are found in whatever a model node wraps around them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cozebatch.coze.output import pick
from cozebatch.synthesis.download.assets import addresses_of
from support.films import job, options

URL = "https://cdn.example.com/a/v.mp4?sig=a%2Fb&x=1&name=(1)"
TWO = ("https://cdn.example.com/1.png?a=1&b=2", "https://cdn.example.com/2.png?a=1,2")


def video_of(value: Any, tmp_path: Path) -> tuple[str, ...]:
    return addresses_of(options(tmp_path), pick, job({"videoUrl": value}))["video"]


@pytest.mark.parametrize(
    "wrapped",
    [
        URL,
        f"  {URL}\n",
        URL.replace("&", "&amp;"),
        f"`{URL}`",
        f"```\n{URL}\n```",
        f"<{URL}>",
        f'"{URL}"',
        f"**{URL}**",
        f"[视频]({URL})",
        f"![v.mp4]({URL.replace('&', '&amp;')})",
        f"[{URL}]({URL})",
        f"[视频](<{URL}>)",
        f'[视频]({URL} "点击观看")',
        f"视频已生成：{URL}。",
        f"视频地址：`{URL}`，请查收",
        f"Here it is: {URL}.",
        [URL],
        {"url": f"`{URL}`"},
        json.dumps([{"url": URL}]),
        json.dumps(json.dumps({"link": f"[v]({URL})"})),
    ],
)
def test_an_address_is_unwrapped(wrapped: Any, tmp_path: Path) -> None:
    assert video_of(wrapped, tmp_path) == (URL,)


@pytest.mark.parametrize("separator", ["\n", ", ", ",", " ", "；", "、", " | "])
def test_several_addresses_in_one_text_are_all_taken(separator: str, tmp_path: Path) -> None:
    output = {"images": separator.join(TWO), "audioUrl": URL}
    assert addresses_of(options(tmp_path), pick, job(output))["images"] == TWO
