"""Which declared output is which part of a film, and what is told before anything is paid."""

from __future__ import annotations

import pytest

from cozebatch.coze.declared_outputs import likely_outputs
from cozebatch.settings.model import Outputs

USUAL = Outputs().named()


@pytest.mark.parametrize(
    ("declared", "found"),
    [
        ({"videoUrl": "string", "audioUrl": "string"}, {}),
        ({"video_url": "string", "audio_url": "string"}, {"video": "video_url", "audio": "audio_url"}),
        ({"视频": "string", "配音": "string", "标题": "string"}, {"video": "视频", "audio": "配音", "title": "标题"}),
        ({"film": "video", "voice": "Audio"}, {"video": "film", "audio": "voice"}),
        ({"result_video": "string"}, {"video": "result_video"}),
        ({"video_a": "string", "video_b": "string"}, {}),
        ({"video": "string", "video_cover": "image"}, {"video": "video"}),
        ({"output": "string"}, {}),
        ({}, {}),
        ({"videoUrl": "string", "video": "string"}, {}),
    ],
)
def test_only_what_can_be_meant_in_one_way_is_proposed(declared: dict[str, str], found: dict[str, str]) -> None:
    assert likely_outputs(declared, USUAL) == found


def test_what_is_mapped_already_is_not_proposed_for_something_else() -> None:
    assert likely_outputs({"video": "string", "film": "video"}, {**USUAL, "audio": "video"}) == {"video": "film"}
