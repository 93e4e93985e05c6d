"""The simulated Coze hands out real films with picture and sound."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path

import imageio_ffmpeg
import pytest

from cozebatch.demo.clips import CLIPS, Clip, ClipStore


def describe(path: Path) -> str:
    """What ffmpeg says about a file; it exits with 1 because no output is named."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-nostdin", "-i", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr


@pytest.mark.parametrize("clip", CLIPS, ids=lambda clip: clip.name)
def test_a_clip_is_a_portrait_film_with_a_voice(clip: Clip, tmp_path: Path) -> None:
    film = ClipStore(tmp_path).path(clip.name, "mp4")
    assert film is not None
    seen = describe(film)
    assert "Video: h264" in seen
    assert "360x640" in seen
    assert "Audio: aac" in seen
    assert f"Duration: 00:00:0{clip.seconds:.2f}" in seen


def test_the_voice_alone_is_there_too_speaks_and_pauses(tmp_path: Path) -> None:
    voice = ClipStore(tmp_path).path("mei", "mp3")
    assert voice is not None
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-nostdin", "-i", str(voice)]
    command += ["-af", "silencedetect=n=-35dB:d=0.2,volumedetect", "-f", "null", "-"]
    seen = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    assert seen.count("silence_start") >= 2
    loudest = float(seen.rpartition("max_volume:")[2].split()[0])
    assert loudest > -20


def test_a_clip_is_made_once_even_if_many_ask_at_the_same_time(tmp_path: Path) -> None:
    store = ClipStore(tmp_path)
    threads = [threading.Thread(target=store.path, args=("lin", "mp4")) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    film = store.path("lin", "mp4")
    assert film is not None
    made = film.stat().st_mtime_ns
    assert store.path("lin", "mp3") is not None
    assert film.stat().st_mtime_ns == made


@pytest.mark.parametrize(("name", "kind"), [("nobody", "mp4"), ("lin", "exe"), ("../lin", "mp4"), ("", "")])
def test_nothing_but_clips_is_handed_out(name: str, kind: str, tmp_path: Path) -> None:
    assert ClipStore(tmp_path).path(name, kind) is None
    assert list(tmp_path.iterdir()) == []
