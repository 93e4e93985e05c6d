"""Starts a batch in the background: asks everything first, then runs it in a process of its own and waits until it has
begun.

That process has its own session (POSIX) or no console (Windows), so that a closed window does not reach it.
"""

from __future__ import annotations

import argparse
import secrets
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from cozebatch.model.default_paths import DEMO_DIR, STATE_DIR
from cozebatch.model.errors import UsageError, unwrapped_groups
from cozebatch.model.os_reason import os_reason
from cozebatch.model.text import Lang
from cozebatch_tui.commands.configure import find_config, new_output_file
from cozebatch_tui.commands.handover import Handover
from cozebatch_tui.commands.prompts import agrees, can_ask, confirm
from cozebatch_tui.exit_codes import Exit
from cozebatch_tui.headless.streams import Output
from cozebatch_tui.locale import attach as texts
from cozebatch_tui.presentation.invocation import command, going_on, typed

if TYPE_CHECKING:
    from cozebatch.batch.preview import Preview
    from cozebatch_tui.attach.place import Place

LOOK_EVERY = 0.1
END_SECONDS = 8.0
"""How long an interrupted start waits for the child's drain."""
_SHOWN_CHARACTERS = 20_000


def detach(options: argparse.Namespace, lang: Lang) -> int:
    """`run --detach`. The exit code: 0 when the batch has begun, else that of the process that failed to begin it."""
    if find_config(options) is None and not options.demo:
        from cozebatch_tui.locale.headless import NO_CONFIGURATION

        raise UsageError(typed(NO_CONFIGURATION))
    confirm(options, lang)
    agreed: int | None = None
    if can_ask() and not (options.yes or options.demo):
        preview = _ask_for_the_price(options, lang)
        if preview is None:
            return Exit.OK
        agreed = preview.new_executions
    code, place, output = start(handover_of(options, lang, agreed=agreed), lang)
    if place is not None:
        told = texts.DETACHED.in_(lang)
        again = command(["attach", *attach_arguments(options)])
        Output(sys.stdout).line(told.format(pid=place.pid, command=again, output=output))
    return code


def handover_of(
    options: argparse.Namespace,
    lang: Lang,
    *,
    agreed: int | None = None,
    preview: Preview | None = None,
    expected: bool = False,
) -> Handover:
    """`preview`: what the operator has confirmed on the start screen."""
    return Handover(
        options={
            **vars(options),
            "detach": False,
            "no_ui": True,
            "handover": False,
            "reuse": options.reuse if preview is None else preview.reuse,
        },
        lang=lang,
        command=going_on(also=getattr(options, "also", ())),
        ticket=secrets.token_hex(16),
        agreed=preview.new_executions if preview is not None else agreed,
        trial=preview.trial if preview is not None else None,
        left_out=sorted(preview.left_out) if preview is not None else (),
        expected=expected,
    )


def attach_arguments(options: argparse.Namespace) -> list[str]:
    """What stands after `attach` to see the batch of these options."""
    return ["--state-dir", options.state_dir] if options.state_dir else []


def attach_folders(state_dir: str | None) -> list[Path]:
    """Where a batch may run that was started in this folder: in its state folder, else as a demo."""
    return [Path(state_dir)] if state_dir else [Path(STATE_DIR), Path(STATE_DIR) / DEMO_DIR]


def start(handover: Handover, lang: Lang) -> tuple[int, Place | None, Path]:
    """Start the process and wait until its batch has begun. The place is None if it ended before; then its output was
    shown. Raises `UsageError` if it cannot be started."""
    options = handover.namespace
    folder = Path(options.state_dir or (Path(STATE_DIR) / DEMO_DIR if options.demo else STATE_DIR))
    output, file = new_output_file(options)
    try:
        with file:
            process = _spawn(file, lang)
        assert process.stdin is not None
        with suppress(OSError), process.stdin:  # it has ended: its output says why
            process.stdin.write(handover.to_json().encode("utf-8"))
    except OSError as error:
        raise UsageError(texts.FAILED_TO_START.filled(reason=os_reason(error))) from error
    try:
        place = _await_begin(process, folder, handover.ticket)
    except KeyboardInterrupt:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(END_SECONDS)
        _show(output)
        return process.returncode or Exit.INTERRUPTED, None, output
    if place is None:
        _show(output)
        return process.returncode, None, output
    return Exit.OK, place, output


def _await_begin(process: subprocess.Popen[bytes], folder: Path, ticket: str) -> Place | None:
    from cozebatch_tui.attach.place import read_place

    while True:
        ended = process.poll() is not None
        with suppress(UsageError):
            place = read_place(folder)
            if place is not None and place.ticket == ticket:
                return place
        if ended:
            return None
        time.sleep(LOOK_EVERY)


def _spawn(output: BinaryIO, lang: Lang) -> subprocess.Popen[bytes]:
    arguments = [sys.executable, "-P", "-m", "cozebatch_tui", "run", "--handover", "--lang", lang]
    if sys.platform != "win32":
        return subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=output, stderr=output, start_new_session=True)
    # A job that forbids to break away refuses with an error; then the child lives as long as that job.
    # https://learn.microsoft.com/windows/win32/procthread/process-creation-flags
    detached = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
    for flags in (detached | subprocess.CREATE_BREAKAWAY_FROM_JOB, detached):
        try:
            return subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=output, stderr=output, creationflags=flags)
        except PermissionError:
            if flags == detached:
                raise
    raise AssertionError("one of the two has returned or raised")


def _show(output: Path) -> None:
    """What the process that did not begin a batch has printed."""
    with suppress(OSError):
        printed = output.read_text(encoding="utf-8", errors="replace")  # see `prepare_streams`
        Output(sys.stderr).write(printed[-_SHOWN_CHARACTERS:])


def _ask_for_the_price(options: argparse.Namespace, lang: Lang) -> Preview | None:
    """Show the plan and ask about what it costs; None if there is nothing to do. Raises `UsageError` if the answer is
    no."""
    from cozebatch_tui.commands.sessions import headless_runner
    from cozebatch_tui.locale.headless import NOT_CONFIRMED
    from cozebatch_tui.session.signals import Interrupts

    with Interrupts() as interrupts, unwrapped_groups():
        with headless_runner(options, lang, interrupts) as runner:
            preview = runner.plan()
        if preview is None:
            return None
        cost = texts.AGREE.filled(count=preview.new_executions)
        if preview.new_executions and not agrees(cost, lang):
            raise UsageError(NOT_CONFIRMED)
    return preview
