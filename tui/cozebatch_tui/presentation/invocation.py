"""The command as this user started it, so that what one reads can be typed.

`uv run` sets `UV_RUN_RECURSION_DEPTH` for what it runs; the folder for Windows names its own launcher.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from cozebatch.model.text import Lang, Text
from cozebatch_tui.locale import farewell as texts

STARTED_AS = "COZEBATCH_STARTED_AS"
"""Environment variable: what a launcher is called."""
_PROGRAM = "cozebatch-tui"
_ASKED_ONCE = frozenset({"--fresh", "--rerun", "--answer"})
"""Given again, they would pay again or be refused; what they asked for is on record."""


def command(
    arguments: Sequence[str] = (), *, program: str | None = None, environment: Mapping[str, str] | None = None
) -> str:
    """A command line with these arguments. `program`, `environment`: of this process, unless given."""
    environment = os.environ if environment is None else environment
    name = Path(sys.argv[0] if program is None else program)
    if launcher := environment.get(STARTED_AS):
        words = [launcher]
    elif name.suffix == ".py":
        words = [Path(sys.executable).stem, "-m", "cozebatch_tui"]
    else:
        words = [name.stem if name.suffix.lower() == ".exe" else name.name]
        if "UV_RUN_RECURSION_DEPTH" in environment:
            words = ["uv", "run", *words]
    words += arguments
    return subprocess.list2cmdline(words) if sys.platform == "win32" else shlex.join(words)


def going_on(arguments: Sequence[str] | None = None, *, also: Sequence[str] = ()) -> str:
    """The command line that goes on with a batch started by these arguments; this process's, unless given. `also`: an
    option that the set-up has added, with its value."""
    kept, leaves_out = [], False
    for word in sys.argv[1:] if arguments is None else arguments:
        if word.startswith("-"):
            leaves_out = word.partition("=")[0] in _ASKED_ONCE
        if not leaves_out:
            kept.append(word)
    return command([*kept, *also])


def after_the_demo(lang: Lang) -> list[str]:
    """What comes next, as it is typed here."""
    return [
        texts.DEMO.in_(lang).format(report=command(["report"])),
        texts.NEXT.in_(lang).format(init=command(["init"])),
    ]


def typed(text: Text) -> Text:
    """The text with its commands as they are typed here."""
    start = command()
    return Text(text.zh.replace(_PROGRAM, start), text.en.replace(_PROGRAM, start))
