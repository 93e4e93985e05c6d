"""The columns of a content table that show what was made of a row. They are written and never read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FilmColumns:
    """Names of columns; None: not wanted."""

    cover: str | None = None
    film: str | None = None
    film_link: str | None = None

    def named(self) -> dict[str, str]:
        pairs = {"cover": self.cover, "film": self.film, "film_link": self.film_link}
        return {ours: column for ours, column in pairs.items() if column is not None}
