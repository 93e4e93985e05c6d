"""The cells of a finished row that show its film: the cover as a picture, the film itself, a link to it.

All of them are off by default (`field_mapping.cover`, `film`, `film_link`). Files are uploaded before the row's outcome
is written, and all cells are written with it in one request. A file that cannot be had, or is not taken, leaves its
cell alone: the outcome is written all the same, and a person is told.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import anyio
import anyio.to_thread

from cozebatch.feishu.film_columns import FilmColumns
from cozebatch.feishu.film_upload import MOST, FilmUploads
from cozebatch.feishu.sdk import FeishuError
from cozebatch.model.errors import Category, ErrorInfo, JournalError, StepError
from cozebatch.model.os_reason import os_reason
from cozebatch.model.sanitize import clean
from cozebatch.model.text import Text
from cozebatch.ports import Delivery, Medium

FILM_ENDINGS = frozenset({".mp4", ".mov"})
CoverOf = Callable[[Path | None, Path | None], bytes | None]
"""A picture of a film, or of a draft's folder. Blocks."""


@dataclass(frozen=True, slots=True)
class Brought:
    """What is to be written beside an outcome, and the contents that it needs in the base."""

    fields: Mapping[str, Any]
    media: tuple[Medium, ...] = ()


class FilmsOut:
    """`is_link_column` finds out whether a column is of Feishu's link type; it raises `FeishuError`."""

    def __init__(
        self,
        columns: FilmColumns,
        uploads: FilmUploads,
        cover_of: CoverOf,
        is_link_column: Callable[[str], Awaitable[bool]],
    ) -> None:
        self._columns = columns
        self._uploads = uploads
        self._cover_of = cover_of
        self._is_link_column = is_link_column
        self._link_takes_address: bool | None = None
        self._brought: dict[int, Brought] = {}

    async def bring(self, delivery: Delivery) -> list[Text]:
        """Upload what this row is to show; what a person should know of what it will not show. Raises `StepError` for
        what may pass."""
        film, draft = await anyio.to_thread.run_sync(made, delivery.result)
        fields: dict[str, Any] = {}
        media: list[Medium] = []
        told: list[Text] = []
        if self._columns.cover is not None:
            await self._cover(film, draft, fields, media, told)
        if self._columns.film is not None and film is not None:
            await self._film(film, fields, media, told)
        if self._columns.film_link is not None and (film or draft) is not None:
            fields[self._columns.film_link] = await self._link(film or draft or Path())
        self._brought[delivery.serial] = Brought(fields, tuple(media))
        return told

    def fields(self, serial: int) -> Mapping[str, Any]:
        found = self._brought.get(serial)
        return found.fields if found is not None else {}

    def settled(self, serial: int) -> None:
        """The row is written, or given up."""
        self._brought.pop(serial, None)

    async def refused(self, serial: int) -> bool:
        """The base did not take the row with its films: what they rest on is forgotten. True if there were any."""
        found = self._brought.pop(serial, None)
        if found is None or not found.fields:
            return False
        try:
            for medium in found.media:
                await self._uploads.forget(medium)
        except JournalError:
            return True  # they are uploaded again when the record is found to be wrong
        return True

    async def _cover(
        self, film: Path | None, draft: Path | None, fields: dict[str, Any], media: list[Medium], told: list[Text]
    ) -> None:
        assert self._columns.cover is not None
        picture = await anyio.to_thread.run_sync(self._cover_of, film, draft)
        if picture is None:
            if film is not None or draft is not None:
                told.append(Text("没能取到封面，封面字段留空。", "There is no cover to be had; its field stays empty."))
            return
        name = f"{(film or draft or Path('cover')).stem}.jpg"
        medium = await self._upload("封面", "cover", told, picture, name)
        if medium is not None:
            media.append(medium)
            fields[self._columns.cover] = [{"file_token": medium.file_token}]

    async def _film(self, film: Path, fields: dict[str, Any], media: list[Medium], told: list[Text]) -> None:
        assert self._columns.film is not None
        if await anyio.to_thread.run_sync(_size, film) > MOST:
            told.append(Text("成片超过 2 GB，没有上传。", "The film is larger than 2 GB and was not uploaded."))
            return
        medium = await self._upload("成片", "film", told, film, film.name)
        if medium is not None:
            media.append(medium)
            fields[self._columns.film] = [{"file_token": medium.file_token}]

    async def _upload(self, zh: str, en: str, told: list[Text], what: Path | bytes, name: str) -> Medium | None:
        try:
            if isinstance(what, bytes):
                return await self._uploads.content(what, name, "bitable_image")
            return await self._uploads.file(what, "bitable_file")
        except FeishuError as error:
            failed = Text(
                f"{zh}没能上传到飞书：{error.text.zh}", f"The {en} was not uploaded to Feishu: {error.text.en}"
            )
            if error.may_pass:
                info = ErrorInfo(Category.WRITE_BACK, failed, code=error.code, logid=error.logid)
                raise StepError(info, retry_after=error.retry_after) from None
            told.append(Text(f"{failed.zh}。{error.meaning.hint.zh}", f"{failed.en}. {error.meaning.hint.en}"))
        except OSError as error:
            why = os_reason(error)
            unread = Text(f"{zh}读不了，没有上传：{why.zh}", f"The {en} cannot be read and was not uploaded: {why.en}")
            told.append(unread)
        except JournalError as error:
            raise StepError(ErrorInfo(Category.WRITE_BACK, error.text)) from None
        return None

    async def _link(self, made: Path) -> Any:
        assert self._columns.film_link is not None
        if self._link_takes_address is None:
            try:
                self._link_takes_address = await self._is_link_column(self._columns.film_link)
            except FeishuError as error:
                text = Text(f"没能读取字段：{error.text.zh}", f"The fields could not be read: {error.text.en}")
                raise StepError(ErrorInfo(Category.WRITE_BACK, text), retry_after=error.retry_after) from None
        if self._link_takes_address:
            return {"text": clean(made.name, 200), "link": made.as_uri()}
        return clean(str(made), 1000)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # opening it will say why


def made(result: str) -> tuple[Path | None, Path | None]:
    """The film and the draft's folder among the paths that a finished task's result names (`Delivery.result`), as far
    as they are there. Blocks."""
    film: Path | None = None
    draft: Path | None = None
    for line in result.splitlines():
        path = Path(line)
        try:
            if not PurePath(line).is_absolute():
                continue
            if film is None and path.suffix.lower() in FILM_ENDINGS and path.is_file():
                film = path
            elif draft is None and (path / "draft_content.json").is_file():
                draft = path
        except (OSError, ValueError):
            continue
    return film, draft
