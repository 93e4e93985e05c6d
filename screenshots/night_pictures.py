"""Draws the simulated night: its last card, and its report. `uv run python screenshots/night_pictures.py`.

`card-zh.png` and `card-en.png` show the JSON that the night's bot was sent, `night-report-zh.png` the report page of
its run. Needs Chromium.
"""

from __future__ import annotations

import base64
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from card import page_of  # noqa: E402
from cozebatch.model.board import seeded  # noqa: E402
from cozebatch.model.prices import Prices  # noqa: E402
from cozebatch.model.statistics import compute  # noqa: E402
from cozebatch.model.text import Lang  # noqa: E402
from cozebatch.notify.card import About  # noqa: E402
from cozebatch_tui.presentation.report import page  # noqa: E402
from scripted_batch import ACCOUNTS, TITLES  # noqa: E402
from support.browser import Browser, browser  # noqa: E402
from support.fakes import tasks  # noqa: E402
from support.night import Night, live  # noqa: E402
from support.night_world import ROWS  # noqa: E402

SEED = 1
PRICES = Prices(per_execution=0.8)
NAMES: Mapping[Lang, str] = {"zh": "口播视频 11 月", "en": "Talking heads, November"}
LINK = "https://www.feishu.cn/base/bascnExample?table=tblExample"
CARD, REPORT = (660, 700), (1280, 1500)


def lived(lang: Lang) -> Night:
    """The night, told in that language."""
    rows = [
        replace(task, title=TITLES[n % len(TITLES)], account_id=ACCOUNTS[n % len(ACCOUNTS)])
        for n, task in enumerate(tasks(ROWS))
    ]
    return live(SEED, lang=lang, rows=rows, about=About(NAMES[lang], LINK, PRICES))


def last_card(night: Night) -> Mapping[str, Any]:
    return night.cards[-1][1]


def report(night: Night, lang: Lang) -> str:
    """The page of the run that the night's processes went on with."""

    async def read() -> str:
        (run, *_) = await night.disk.runs()
        rows = list(await night.disk.rows(run.run_id))
        board = seeded(run.counters, {row.task_id: row for row in rows})
        board.clock = run.clock
        figures = compute(board, elapsed=run.clock, max_coze=run.max_coze, max_synthesis=run.max_synthesis)
        return page(run, rows, figures.to_json(), lang, prices=PRICES)

    return anyio.run(read)


def picture(shown: Browser, html: str, folder: Path, part: str | None) -> bytes:
    """The page, or the part of it that the selector names, at twice its size."""
    path = folder / "page.html"
    path.write_text(html, encoding="utf-8")
    shown.open(path.as_uri())
    shown.until(lambda: shown.evaluate("document.readyState") == "complete", "loaded")
    if part is None:
        return shown.picture()
    width, height = (shown.evaluate(f"document.querySelector('{part}').offset{side}") for side in ("Width", "Height"))
    clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 2}
    return base64.b64decode(shown.command("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)["data"])


def main() -> None:
    os.environ["TZ"] = "Asia/Shanghai"  # where the night begins at 22 o'clock
    if sys.platform != "win32":
        time.tzset()
    nights: Mapping[Lang, Night] = {"zh": lived("zh"), "en": lived("en")}
    target = ROOT / "screenshots"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with browser(folder / "cards", CARD) as shown:
            for lang, night in nights.items():
                drawn = picture(shown, page_of(last_card(night), lang), folder, ".chat")
                (target / f"card-{lang}.png").write_bytes(drawn)
        with browser(folder / "report", REPORT) as shown:
            (target / "night-report-zh.png").write_bytes(picture(shown, report(nights["zh"], "zh"), folder, None))


if __name__ == "__main__":
    main()
