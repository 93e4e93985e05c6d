"""The recipes of docs/schedules.md hold as far as they can be tried here."""

from __future__ import annotations

import configparser
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from cozebatch_tui.commands.options import parse

PAGE = (Path(__file__).parent.parent / "docs" / "schedules.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.S)


COMMANDS = re.findall(r"cozebatch-tui (--[^>\n]*)", "".join(blocks("cron") + blocks("ini") + blocks("bat")))


def test_every_system_has_its_command() -> None:
    assert len(COMMANDS) == 3


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_is_understood_and_bounded(command: str) -> None:
    options = parse(shlex.split(command), "en")
    assert options.no_ui
    assert options.max_executions == 200
    assert options.until > 0


def test_the_line_of_cron_has_five_times_and_no_percent_sign() -> None:
    (table,) = blocks("cron")
    (line,) = [line for line in table.splitlines() if "cozebatch-tui" in line]
    assert re.match(r"(\S+ ){5}cd ", line)
    assert "%" not in line  # which cron takes for a line break


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    service, timer = blocks("ini")
    (tmp_path / "films.service").write_text(
        re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", service, flags=re.M), encoding="utf-8"
    )
    (tmp_path / "films.timer").write_text(timer, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--user", str(tmp_path / "films.timer")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "films" not in done.stderr, done.stderr


def test_the_units_name_the_exits_of_a_batch() -> None:
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string(blocks("ini")[0])
    assert unit["Service"]["SuccessExitStatus"] == "1 3"
    assert unit["Service"]["Type"] == "oneshot"
