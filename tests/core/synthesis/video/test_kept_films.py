"""What is finished is kept when something else fails, and found again; only the very same film is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cozebatch.coze.output import pick
from cozebatch.model.errors import Category, StepError
from cozebatch.ports import Media
from cozebatch.synthesis.synthesizer import LocalSynthesizer
from support.films import Progress, job, options

# A test may block its own event loop.
# ruff: noqa: ASYNC240

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """One loop suffices here: what differs between them is tested with the processes."""
    return "asyncio"


async def test_both_makes_a_draft_and_a_film(tmp_path: Path, clip: Path) -> None:
    (tmp_path / "drafts").mkdir()
    both = options(tmp_path, mode="both", draft_folder_path=str(tmp_path / "drafts"))
    running = LocalSynthesizer(both, pick=pick)
    made = await running.synthesize(job(), Media({"video": str(clip)}), Progress())
    assert made.video_path is not None
    assert made.draft_path is not None
    await running.aclose()


async def test_a_draft_that_fails_does_not_cost_the_film(tmp_path: Path, clip: Path) -> None:
    """The film is made, kept and found again: by the next try, and by a later run."""
    drafts = tmp_path / "drafts"
    both = options(tmp_path, mode="both", draft_folder_path=str(drafts))
    media = Media({"video": str(clip)})
    running = LocalSynthesizer(both, pick=pick)
    with pytest.raises(StepError) as caught:
        await running.synthesize(job(), media, Progress())
    assert caught.value.info.category is Category.DRAFT_FOLDER
    [film] = (tmp_path / "output").rglob("*.mp4")
    assert str(film) in caught.value.info.message.en
    before = film.stat()
    drafts.mkdir()
    elsewhere = tmp_path / "moved" / clip.name
    elsewhere.parent.mkdir()
    elsewhere.write_bytes(clip.read_bytes())
    made = await running.synthesize(job(run_id="run-2"), Media({"video": str(elsewhere)}), Progress())
    assert made.video_path == str(film)
    assert (film.stat().st_mtime_ns, film.stat().st_ino) == (before.st_mtime_ns, before.st_ino)
    assert made.draft_path is not None
    again = await running.synthesize(job(run_id="run-3"), media, Progress())
    assert (again.video_path, again.draft_path) == (made.video_path, made.draft_path)
    await running.aclose()


async def test_a_film_that_fails_does_not_cost_the_draft(tmp_path: Path, clip: Path) -> None:
    (tmp_path / "drafts").mkdir()
    (tmp_path / "output").write_text("in the way", encoding="utf-8")
    both = options(tmp_path, mode="both", draft_folder_path=str(tmp_path / "drafts"))
    running = LocalSynthesizer(both, pick=pick)
    with pytest.raises(StepError) as caught:
        await running.synthesize(job(), Media({"video": str(clip)}), Progress())
    assert caught.value.info.category is Category.SYNTHESIS
    [draft] = [path for path in (tmp_path / "drafts").iterdir() if path.is_dir()]
    (tmp_path / "output").unlink()
    made = await running.synthesize(job(), Media({"video": str(clip)}), Progress())
    assert made.draft_path == str(draft)
    assert made.video_path is not None
    await running.aclose()


@pytest.mark.parametrize("change", ["words", "execution", "film"])
async def test_only_the_very_same_film_is_found_again(tmp_path: Path, clip: Path, change: str) -> None:
    running = LocalSynthesizer(options(tmp_path), pick=pick)
    made = await running.synthesize(job(), Media({"video": str(clip)}), Progress())
    assert made.video_path is not None
    first = Path(made.video_path)
    if change == "film":
        first.write_bytes(first.read_bytes()[:-1])
    facts: dict[str, dict[str, Any]] = {
        "words": {"content": "别的话。"},
        "execution": {"submitted_at": 5.0},
        "film": {},
    }
    changed = facts[change]
    made = await running.synthesize(job(**changed), Media({"video": str(clip)}), Progress())
    assert made.video_path is not None
    if change == "execution":
        assert made.video_path != str(first)
    else:
        told = json.loads(Path(made.video_path).with_suffix(".json").read_text(encoding="utf-8"))
        assert told["measured"]["size"] == Path(made.video_path).stat().st_size
    await running.aclose()
