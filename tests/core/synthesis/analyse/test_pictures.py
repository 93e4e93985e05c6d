"""Every kind of picture comes out as PNG or JPEG with its own colours, the right way up, and whole."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from cozebatch.model.errors import Category, StepError
from cozebatch.synthesis.analyse.pictures import convert, look
from support.films import ffmpeg_path, make, tool

pytestmark = pytest.mark.anyio

PICTURES = Path(__file__).parents[3] / "fixtures" / "media"
COLOURS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)]
"""Of the four bars in every picture of `PICTURES`, from left to right, or from the top where it is to be turned."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def bars(path: Path) -> list[tuple[int, int, int]]:
    """The mean colours of its four quarters along the longer side."""
    size = "4:1" if path.stem != "turned" else "1:4"
    command = [ffmpeg_path(), "-v", "error", "-i", str(path), "-vf", f"scale={size}:flags=area", "-frames:v", "1"]
    said = subprocess.run([*command, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], check=True, capture_output=True)
    return [(red, green, blue) for red, green, blue in zip(*[iter(said.stdout)] * 3, strict=True)]


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("one.heic", ".jpg"),
        ("tiled.heic", ".jpg"),
        ("plain.avif", ".png"),
        ("cmyk.jpg", ".jpg"),
        ("turned.jpg", ".jpg"),
        ("moving.webp", ".png"),
    ],
)
async def test_what_not_everybody_opens_is_converted(tmp_path: Path, name: str, suffix: str) -> None:
    shape = look(PICTURES / name)
    assert not shape.plain
    assert shape.suffix == suffix
    target = tmp_path / f"{Path(name).stem}{suffix}"
    await convert(tool(), PICTURES / name, target)
    assert look(target).plain
    for found, wanted in zip(bars(target), COLOURS, strict=True):
        assert found == pytest.approx(wanted, abs=12)


@pytest.mark.parametrize("suffix", ["gif", "bmp", "tiff", "webp", "jxl"])
async def test_other_kinds_become_png(tmp_path: Path, suffix: str) -> None:
    picture = make(tmp_path / f"a.{suffix}", "-f", "lavfi", "-i", "color=red:s=64x48", "-frames:v", "1")
    assert not look(picture).plain
    target = tmp_path / "b.png"
    await convert(tool(), picture, target)
    assert look(target).plain
    assert bars(target)[0] == pytest.approx((255, 0, 0), abs=8)


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_plain_pictures_stay_as_they_are(tmp_path: Path, suffix: str) -> None:
    assert look(make(tmp_path / f"a.{suffix}", "-f", "lavfi", "-i", "color=s=64x48", "-frames:v", "1")).plain


async def test_a_picture_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.heic").write_bytes((PICTURES / "tiled.heic").read_bytes()[:700])
    with pytest.raises(StepError) as caught:
        await convert(tool(), tmp_path / "a.heic", tmp_path / "b.png")
    assert caught.value.info.category is Category.MEDIA
    assert "a.heic" in caught.value.info.message.en
