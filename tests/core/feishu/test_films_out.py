"""Films in their rows: uploaded once a content, in parts, gone on with after a kill, written with the outcome."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cozebatch.demo.feishu_faults import FeishuFault
from cozebatch.demo.feishu_model import ATTACHMENT, LINK, SimColumn
from cozebatch.demo.feishu_server import SimulatedFeishu
from cozebatch.demo.feishu_tables import CONTENT, DONE, READY
from cozebatch.feishu import film_upload
from cozebatch.feishu.base import Column
from cozebatch.feishu.check import check_feishu
from cozebatch.feishu.column_check import check_columns
from cozebatch.feishu.film_columns import FilmColumns
from cozebatch.feishu.film_upload import FilmUploads
from cozebatch.feishu.films_out import FilmsOut, made
from cozebatch.feishu.write_back import FeishuSink
from cozebatch.model.check_item import Level
from cozebatch.model.errors import StepError
from cozebatch.ports import Delivered, Delivery, Medium
from support.feishu_support import COLUMNS, LAYOUT, VALUES, Served, big_table, served

pytestmark = pytest.mark.anyio

MAPPED = FilmColumns("封面", "成片", "位置")
JPEG = b"\xff\xd8\xff" + b"cover" * 30
BIG = bytes(range(256)) * 4 * 1024 * 10
"""10 MB: three parts."""


class Record:
    """What the journal keeps; outlives the process that uploads."""

    def __init__(self) -> None:
        self.media: dict[tuple[str, str], Medium] = {}
        self.kept: list[Medium] = []
        self.die_after: int | None = None

    async def recall(self, sha256: str, place: str) -> Medium | None:
        return self.media.get((sha256, place))

    async def keep(self, medium: Medium) -> None:
        if self.die_after is not None and len(self.kept) >= self.die_after:
            raise KilledError
        self.kept.append(medium)
        self.media[medium.sha256, medium.place] = medium


class KilledError(RuntimeError):
    """The process ends here."""


@pytest.fixture
def service() -> Iterator[Served]:
    table = big_table(5)
    table.columns += [SimColumn("封面", ATTACHMENT), SimColumn("成片", ATTACHMENT), SimColumn("位置", LINK)]
    with served(SimulatedFeishu([table])) as found:
        yield found


@pytest.fixture
def record() -> Record:
    return Record()


@asynccontextmanager
async def sink(
    service: Served, record: Record, *, columns: FilmColumns = MAPPED, cover: bytes | None = JPEG, now: float = 1000.0
) -> AsyncIterator[FeishuSink]:
    async with service.connect() as (client, base):

        async def is_link(name: str) -> bool:
            return any(c.name == name and c.kind == LINK for c in await base.columns(CONTENT))

        uploads = FilmUploads(client, base, record.recall, record.keep, lambda: now)
        films = FilmsOut(columns, uploads, lambda film, draft: cover, is_link)
        yield FeishuSink(base, CONTENT, COLUMNS, VALUES, ready=(READY,), films=films)


def film(folder: Path, content: bytes = b"film", name: str = "a.mp4") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def of(path: Path, number: int = 1) -> Delivery:
    return Delivery(number, f"rec{number:05d}", f"rec{number:05d}", "done", str(path))


def row(service: Served, number: int = 1) -> dict[str, Any]:
    return service.feishu.tables[CONTENT].records[f"rec{number:05d}"]


async def delivered(sink: FeishuSink, delivery: Delivery) -> list[str]:
    told = [text.en for text in await sink.bring(delivery)]
    assert await sink.deliver([delivery]) == [Delivered(delivery.serial)]
    return told


async def test_a_row_shows_cover_film_and_link_in_the_write_of_its_outcome(
    service: Served, record: Record, tmp_path: Path
) -> None:
    path = film(tmp_path)
    async with sink(service, record) as table:
        assert table.shows_films()
        assert await delivered(table, of(path)) == []
    assert service.feishu.counts["batch_update"] == 1
    cells = row(service)
    assert cells["状态"] == DONE
    files = service.feishu.media.files
    assert files[cells["成片"][0]["file_token"]].content == b"film"
    assert cells["成片"][0]["name"] == "a.mp4"
    assert files[cells["封面"][0]["file_token"]].content == JPEG
    assert cells["位置"] == {"text": "a.mp4", "link": path.as_uri()}


async def test_the_same_content_is_uploaded_once_whatever_it_is_called(
    service: Served, record: Record, tmp_path: Path
) -> None:
    async with sink(service, record) as table:
        await delivered(table, of(film(tmp_path), 1))
        await delivered(table, of(film(tmp_path, name="b.mp4"), 2))
    async with sink(service, record) as another_start:
        await delivered(another_start, of(film(tmp_path), 3))
    assert service.feishu.media.uploads == 2, "one film and one cover"
    assert row(service, 1)["成片"] == row(service, 3)["成片"]


async def test_a_large_film_goes_in_parts_and_goes_on_after_a_kill(
    service: Served, record: Record, tmp_path: Path
) -> None:
    path = film(tmp_path, BIG)
    record.die_after = 3
    async with sink(service, record, columns=FilmColumns(film="成片")) as table:
        with pytest.raises(KilledError):
            await table.bring(of(path))
    parts = service.feishu.media.parts_received
    assert parts == 3
    record.die_after = None
    async with sink(service, record, columns=FilmColumns(film="成片")) as table:
        await delivered(table, of(path))
    media = service.feishu.media
    assert media.parts_received == 4, "the last part's arrival was not on record"
    assert media.uploads == 1
    token = row(service)["成片"][0]["file_token"]
    assert media.files[token].sha256 == hashlib.sha256(BIG).hexdigest()


@pytest.mark.parametrize("how", ["forgotten", "a day later"])
async def test_what_feishu_has_forgotten_is_begun_anew(
    service: Served, record: Record, tmp_path: Path, how: str
) -> None:
    path = film(tmp_path, BIG)
    record.die_after = 2
    async with sink(service, record, columns=FilmColumns(film="成片")) as table:
        with pytest.raises(KilledError):
            await table.bring(of(path))
    record.die_after = None
    service.feishu.media.forget_open()
    later = 1000.0 if how == "forgotten" else 1000.0 + 86400.0
    async with sink(service, record, columns=FilmColumns(film="成片"), now=later) as table:
        await delivered(table, of(path))
    (medium,) = service.feishu.media.files.values()
    assert medium.content == BIG


async def test_an_upload_that_is_forgotten_on_its_way_leaves_no_row_without_its_film(
    service: Served, record: Record, tmp_path: Path
) -> None:
    """The machine slept for a day between two parts."""
    path = film(tmp_path, BIG)
    keep = record.keep

    async def keep_and_sleep(medium: Medium) -> None:
        await keep(medium)
        if medium.parts == 2 and len(record.kept) == 3:
            service.feishu.media.forget_open()

    record.keep = keep_and_sleep  # type: ignore[method-assign]
    async with sink(service, record, columns=FilmColumns(film="成片")) as table:
        with pytest.raises(StepError, match="what was begun"):
            await table.bring(of(path))
        await delivered(table, of(path))
    token = row(service)["成片"][0]["file_token"]
    assert service.feishu.media.files[token].content == BIG
    assert service.feishu.media.uploads == 1


@pytest.mark.parametrize("what", ["code", "html", "cut"])
@pytest.mark.parametrize("on", ["upload_all", "upload_prepare", "upload_part", "upload_finish"])
async def test_a_fault_that_passes_is_no_end(
    service: Served, record: Record, tmp_path: Path, what: Any, on: Any
) -> None:
    path = film(tmp_path, b"small" if on == "upload_all" else BIG)
    service.feishu.strike(FeishuFault(on=on, what=what, code=1255001, status=503))
    async with sink(service, record, columns=FilmColumns(film="成片")) as table:
        with pytest.raises(StepError):
            await table.bring(of(path))
        assert service.feishu.counts["batch_update"] == 0
        await delivered(table, of(path))
    assert service.feishu.media.uploads == 1
    assert service.feishu.media.parts_received in (0, 3)


async def test_without_the_right_the_outcome_is_written_and_the_missing_film_told(
    service: Served, record: Record, tmp_path: Path
) -> None:
    service.feishu.media.allowed = False
    async with sink(service, record) as table:
        told = await delivered(table, of(film(tmp_path)))
    assert len(told) == 2
    assert all("not uploaded" in text for text in told)
    assert row(service)["状态"] == DONE
    assert "成片" not in row(service)


async def test_a_token_that_the_base_does_not_take_costs_the_row_its_film_once(
    service: Served, record: Record, tmp_path: Path
) -> None:
    path = film(tmp_path)
    async with sink(service, record) as table:
        await table.bring(of(path))
        service.feishu.media.files.clear()
        assert await table.deliver([of(path)]) == [Delivered(1)]
        assert row(service)["状态"] == DONE
        assert "成片" not in row(service)
        await delivered(table, of(path, 2))
    assert row(service, 2)["成片"][0]["name"] == "a.mp4", "uploaded again"


async def test_one_row_with_a_bad_token_spoils_no_other(service: Served, record: Record, tmp_path: Path) -> None:
    async with sink(service, record) as table:
        first, second = of(film(tmp_path), 1), of(film(tmp_path, b"other", "b.mp4"), 2)
        await table.bring(first)
        await table.bring(second)
        service.feishu.media.files = {
            t: medium for t, medium in service.feishu.media.files.items() if medium.name != "a.mp4"
        }
        assert await table.deliver([first, second]) == [Delivered(1), Delivered(2)]
    assert "成片" not in row(service, 1)
    assert row(service, 2)["成片"][0]["name"] == "b.mp4"


async def test_a_film_that_is_gone_or_too_large_leaves_its_cell_alone(
    service: Served, record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with sink(service, record, cover=None) as table:
        await delivered(table, of(tmp_path / "gone.mp4"))
        assert row(service)["状态"] == DONE
        monkeypatch.setattr("cozebatch.feishu.films_out.MOST", 3)
        told = await delivered(table, of(film(tmp_path), 2))
        assert any("2 GB" in text for text in told)
        assert row(service, 2)["位置"]["text"] == "a.mp4"


async def test_a_hostile_name_is_a_name(service: Served, record: Record, tmp_path: Path) -> None:
    path = film(tmp_path, name="=1+1 \"; x='y' 标题 ‮.mp4")
    async with sink(service, record) as table:
        await delivered(table, of(path))
    name = row(service)["成片"][0]["name"]
    assert '"' not in name
    assert "‮" not in name


def test_only_what_is_there_counts_as_made(tmp_path: Path) -> None:
    path = film(tmp_path)
    (tmp_path / "draft").mkdir()
    (tmp_path / "draft" / "draft_content.json").write_text("{}")
    assert made(f"{path}\n{tmp_path / 'draft'}") == (path, tmp_path / "draft")
    assert made("a.mp4") == (None, None), "not from the working directory"
    assert made(f"done: see {path}\n/etc/passwd\n\0") == (None, None)


@pytest.mark.parametrize(
    ("columns", "kinds", "levels"),
    [
        (MAPPED, {"封面": 17, "成片": 17, "位置": 1}, "ok ok ok"),
        (MAPPED, {"封面": 17, "成片": 17, "位置": 15}, "ok ok ok"),
        (MAPPED, {"封面": 1, "成片": 15, "位置": 17}, "fail fail fail"),
        (MAPPED, {}, "fail fail fail"),
        (FilmColumns("封面", "封面"), {"封面": 17}, "fail fail"),
        (FilmColumns(film_link="返回结果"), {}, "fail"),
    ],
)
async def test_the_columns_are_checked_before_anything_is_paid_for(
    columns: FilmColumns, kinds: dict[str, int], levels: str
) -> None:
    existing = [Column(name, 3 if name == "状态" else 1) for name in COLUMNS.named().values()]
    existing += [Column(name, kind) for name, kind in kinds.items()]
    items = check_columns(replace(LAYOUT, films=columns), VALUES, existing)
    wanted = [i for i in items if any(i.subject.en == f"field '{name}'" for name in columns.named().values())]
    found = [i.level.value for i in wanted][-len(columns.named()) :]
    assert " ".join(found) == levels


@pytest.mark.parametrize("allowed", [True, False])
async def test_the_right_to_upload_is_checked_and_leaves_nothing(service: Served, allowed: bool) -> None:
    service.feishu.media.allowed = allowed
    async with service.connect() as (client, base):
        layout = replace(LAYOUT, films=MAPPED, accounts=None, voices=None, digital_humans=None)
        items = await check_feishu(client, base, layout, VALUES)
    (item,) = [i for i in items if i.subject.en == "permission to upload"]
    assert item.level is (Level.OK if allowed else Level.FAIL)
    assert service.feishu.media.files == {}


def test_a_part_is_sent_within_what_feishu_takes() -> None:
    assert film_upload.AT_ONCE <= 20 * 1024 * 1024
