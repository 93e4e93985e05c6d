"""Pictures made to fill the memory: refused before they are decoded, or decoded one after the other."""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from cozebatch.model.errors import Category, StepError
from cozebatch.ports import Media
from cozebatch.synthesis.analyse.probe import probe
from cozebatch.synthesis.process.ffmpeg import MAX_PIXELS
from cozebatch.synthesis.synthesizer import LocalSynthesizer
from cozebatch.synthesis.video import stills
from support.films import Progress, ffmpeg_path, job, make, options, tool

pytestmark = pytest.mark.anyio

MOST_MEGABYTES = 400


def png(path: Path, width: int, height: int, *, whole: bool = True) -> Path:
    """A grey picture of that size; without `whole` only its head is true."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer = zlib.compressobj(1)
    row = b"\0" + b"\x80" * (width * 3)
    data = b"".join(packer.compress(row) for _ in range(height if whole else 1)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b""))
    return path


def sound(path: Path, seconds: float) -> str:
    return str(make(path, "-f", "lavfi", "-i", "sine=440", "-t", str(seconds)))


@pytest.mark.parametrize("size", [(16_000, 16_000), (30_000, 30_000), (65_535, 1000)])
async def test_a_gigantic_picture_is_refused_before_it_is_decoded(tmp_path: Path, size: tuple[int, int]) -> None:
    assert size[0] * size[1] > MAX_PIXELS
    with pytest.raises(StepError) as caught:
        await probe(tool(), png(tmp_path / "huge.png", *size, whole=False))
    assert caught.value.info.category is Category.MEDIA
    assert "more than 50 million pixels" in caught.value.info.message.en
    assert "5000 万像素" in caught.value.info.message.zh


def peak_of_film(folder: Path, pictures: list[Path]) -> float:
    """Megabytes that the largest process had while a film was made of these pictures."""
    script = (
        "import anyio, resource, sys\n"
        "from pathlib import Path\n"
        "from cozebatch.ports import Media\n"
        "from cozebatch.synthesis.synthesizer import LocalSynthesizer\n"
        "from support.films import Progress, job, options\n"
        "folder, audio, *pictures = sys.argv[1:]\n"
        "async def film():\n"
        "    running = LocalSynthesizer(options(Path(folder), width=540, height=960), pick=lambda output, key: None)\n"
        "    media = Media({'images': tuple(pictures), 'audio': audio})\n"
        "    await running.synthesize(job(title='', content=''), media, Progress())\n"
        "    await running.aclose()\n"
        "anyio.run(film)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    )
    audio = sound(folder / "a.mp3", 1.2)
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder), audio, *map(str, pictures)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[1],
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert list(folder.rglob("film.mp4")) == [], "nothing half-made stays"
    assert [path.suffix for path in (folder / "output").rglob("*.mp4")] == [".mp4"]
    return int(done.stdout) / (1024**2 if sys.platform == "darwin" else 1024)


@pytest.mark.skipif(sys.platform == "win32", reason="measures memory with getrusage")
def test_many_large_stills_are_decoded_one_after_the_other(tmp_path: Path) -> None:
    first = png(tmp_path / "0.png", 8000, 6000)
    pictures = [first]
    for number in range(1, 8):
        pictures.append(tmp_path / f"{number}.png")
        pictures[-1].hardlink_to(first)
    assert peak_of_film(tmp_path, pictures) < MOST_MEGABYTES


@pytest.mark.skipif(sys.platform == "win32", reason="measures memory with getrusage")
def test_a_film_of_very_many_stills_holds_one_of_them_at_a_time(tmp_path: Path) -> None:
    first = png(tmp_path / "0.png", 1000, 1000)
    assert peak_of_film(tmp_path, [first] * 30) < MOST_MEGABYTES


def frames(film: Path) -> list[str]:
    """What each frame of a film shows, as the mean of red, green and blue."""
    command = [ffmpeg_path(), "-v", "error", "-i", str(film), "-vf", "scale=1:1:flags=area", "-f", "rawvideo"]
    raw = subprocess.run([*command, "-pix_fmt", "rgb24", "-"], capture_output=True, check=True).stdout
    names = {(True, False, False): "red", (False, True, False): "lime", (False, False, True): "blue"}
    return [names[raw[i] > 100, raw[i + 1] > 100, raw[i + 2] > 100] for i in range(0, len(raw), 3)]


async def test_stills_scaled_before_stand_in_the_same_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = tuple(
        str(make(tmp_path / f"{name}.png", "-f", "lavfi", "-i", f"color={name}:s=180x320", "-frames:v", "1"))
        for name in ("red", "blue", "lime")
    )
    media = Media({"images": (*pictures, pictures[0]), "audio": sound(tmp_path / "a.mp3", 1.3)})
    shown: list[list[str]] = []
    for name, at_once in (("together", 64_000_000), ("one-by-one", 100)):
        monkeypatch.setattr(stills, "PIXELS_AT_ONCE", at_once)
        running = LocalSynthesizer(options(tmp_path, output_dir=tmp_path / name), pick=lambda output, key: None)
        product = await running.synthesize(job(title="", content=""), media, Progress())
        await running.aclose()
        assert product.video_path is not None
        shown.append(frames(Path(product.video_path)))
    assert shown[0] == shown[1]
    assert [name for name, after in zip(shown[0], [*shown[0][1:], ""], strict=True) if name != after] == [
        "red",
        "blue",
        "lime",
        "red",
    ]
