"""Speech is found between the pauses, and loudness is measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from cozebatch.model.errors import Category, StepError
from cozebatch.synthesis.analyse.loudness import TARGET_LUFS, measure_loudness
from cozebatch.synthesis.compose.captions import from_script
from cozebatch.synthesis.compose.text_layout import sentences
from cozebatch.synthesis.compose.timeline import SECOND, Source, Span
from support.films import make, speech, tool

pytestmark = pytest.mark.anyio

BURSTS = [(0.5, 1.6), (2.1, 3.3), (3.8, 5.6)]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def sound(path: Path, duration: int) -> Source:
    return Source("audio", str(path), "audio", duration, has_audio=True)


@pytest.mark.parametrize("quieter", [0, 22])
async def test_speech_is_found_however_loud_it_was_recorded(tmp_path: Path, quieter: int) -> None:
    loud = speech(tmp_path / "loud.wav", bursts=BURSTS, seconds=6)
    path = make(tmp_path / "s.wav", "-i", str(loud), "-af", f"volume=-{quieter}dB")
    loudness = await measure_loudness(tool(), sound(path, 6 * SECOND), timeout=30)
    found = [(span.start / SECOND, span.end / SECOND) for span in loudness.speech]
    assert len(found) == len(BURSTS)
    for (start, end), (begun, ended) in zip(found, BURSTS, strict=True):
        assert start == pytest.approx(begun, abs=0.03)
        assert end == pytest.approx(ended, abs=0.03)
    assert loudness.lufs + loudness.gain_db == pytest.approx(TARGET_LUFS, abs=0.1) or loudness.gain_db == 20


async def test_silence_is_told(tmp_path: Path) -> None:
    path = make(tmp_path / "s.wav", "-f", "lavfi", "-i", "anullsrc", "-t", "1")
    with pytest.raises(StepError) as caught:
        await measure_loudness(tool(), sound(path, SECOND), timeout=30)
    assert caught.value.info.category is Category.MEDIA


async def test_the_scripts_sentences_begin_and_end_with_the_speech(tmp_path: Path) -> None:
    """The documented accuracy, on a generated example: each sentence within 0.1 s of where it is spoken."""
    script = "今天讲三件事情。第一件事是省钱啊。最后一件我放在评论区里。"
    path = speech(tmp_path / "s.wav", bursts=BURSTS, seconds=6)
    loudness = await measure_loudness(tool(), sound(path, 6 * SECOND), timeout=30)
    captions = from_script(script, loudness.speech, 30)
    assert [caption.text for caption in captions] == sentences(script)
    for caption, (begun, ended) in zip(captions, BURSTS, strict=True):
        assert caption.start / SECOND == pytest.approx(begun, abs=0.1)
        assert caption.end / SECOND == pytest.approx(ended, abs=0.1)


async def test_the_track_that_is_heard_is_measured(tmp_path: Path) -> None:
    path = make(
        tmp_path / "two.mka", "-f", "lavfi", "-i", "anullsrc", "-f", "lavfi", "-i", "sine", "-map", "0", "-map", "1",
        "-t", "1",
    )  # fmt: skip
    with pytest.raises(StepError):
        await measure_loudness(tool(), sound(path, SECOND), timeout=30)
    heard = Source("audio", str(path), "audio", SECOND, has_audio=True, sound_track=1)
    assert (await measure_loudness(tool(), heard, timeout=30)).speech == (Span(0, SECOND),)
