"""`worker`: lends this machine to a cluster that makes films, until it is interrupted (docs/cluster.md).

Dask's own worker ends when its scheduler goes; this command starts it again. The flags that matter are set here: a
process that is started again when it dies, one film to a thread, no limit of memory (ffmpeg is not in it), and the
status page on the loopback address, since it knows no encryption.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import platform
import secrets
import signal
import sys
import uuid
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cozebatch.journal.owner import state_owner
from cozebatch.model.errors import UsageError
from cozebatch.model.os_reason import os_reason
from cozebatch.model.text import Lang, Text
from cozebatch.synthesis.cluster.address import NOT_AN_ADDRESS, Address, Tls, parse_address, why_not
from cozebatch.synthesis.names import digest
from cozebatch_tui.exit_codes import Exit
from cozebatch_tui.headless.streams import Output
from cozebatch_tui.locale import worker as texts

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_WAIT = 30.0
_TO_CLOSE = 15.0


def worker(options: argparse.Namespace, lang: Lang) -> int:
    """Until it is interrupted, which is its ordinary end. Raises `UsageError`."""
    address, tls = _where(options)
    share = os.path.abspath(options.share) if options.share else ""
    if not os.path.isdir(share):
        raise UsageError(texts.NO_SHARE.filled(share=options.share or "-"))
    try:
        from cozebatch.synthesis.cluster.connecting import security_of
        from cozebatch.synthesis.cluster.examining import RESOURCE
        from cozebatch.synthesis.cluster.work import MACHINE, SHARE
    except ModuleNotFoundError as error:
        raise UsageError(texts.MISSING.filled(name=error.name)) from error
    try:
        security = security_of(tls) if tls is not None else None
    except OSError as error:
        why = os_reason(error)
        why = Text(f"{error.filename}：{why.zh}", f"{error.filename}: {why.en}")
        raise UsageError(_wrong(str(address), why)) from error
    facts: dict[str, Any] = {
        "nthreads": options.films,
        "resources": {RESOURCE: options.films},
        "memory_limit": 0,
        "security": security,
        "protocol": address.scheme,
        "host": options.host or ("127.0.0.1" if address.is_loopback else None),
        "name": options.name or f"{platform.node()}-{secrets.token_hex(2)}",
        "dashboard": False,
        "dashboard_address": "127.0.0.1:0",
        "env": {SHARE: share, MACHINE: _machine(options.state_dir)},
        "silence_logs": None if options.verbose else logging.CRITICAL,
    }
    if not options.verbose:
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
    from distributed.compatibility import asyncio_run
    from distributed.config import get_loop_factory

    out = Output(sys.stdout)
    with suppress(asyncio.CancelledError, KeyboardInterrupt):
        asyncio_run(
            _serve(address, facts, lambda text: out.line(text.in_(lang))),
            loop_factory=get_loop_factory(),
        )
    out.line(texts.ENDED.in_(lang))
    return Exit.OK


def _where(options: argparse.Namespace) -> tuple[Address, Tls | None]:
    """The scheduler and the certificate for it. Raises `UsageError`."""
    address = parse_address(options.address)
    if address is None:
        raise UsageError(_wrong(options.address, NOT_AN_ADDRESS))
    files = (options.tls_ca, options.tls_cert, options.tls_key)
    wrong = why_not(address, has_certificate=all(files), insecure=options.insecure)
    if wrong is not None:
        raise UsageError(_wrong(str(address), wrong))
    return address, Tls(*(os.path.abspath(file) for file in files)) if address.is_encrypted else None


def _wrong(address: str, why: Text) -> Text:
    return texts.WRONG_ADDRESS.filled(address=address, why=why)


def _machine(state_dir: str | None) -> str:
    """This machine's random id. A cloned disk takes the file along, hence the network card's number."""
    if state_dir is None:
        import platformdirs

        folder = platformdirs.user_state_path("cozebatch-tui") / "worker"
    else:
        folder = Path(state_dir)
    return digest(state_owner(folder), f"{uuid.getnode():x}", length=32)


async def _serve(address: Address, facts: dict[str, Any], say: Callable[[Text], None]) -> None:
    """Be a worker, again and again."""
    from distributed import Nanny

    _end_on_signals()
    wait, told = 1.0, False
    while True:
        nanny = Nanny(str(address), **facts)
        try:
            await nanny
            say(texts.STARTED.filled(address=address, films=facts["nthreads"]))
            wait, told = 1.0, False
            await nanny.finished()
            say(texts.LOST.filled(address=address))
        except (OSError, RuntimeError, ValueError) as error:
            if not told:
                say(texts.NOT_REACHED.filled(address=address, why=type(error).__name__))
            told = True
        finally:
            with suppress(OSError, RuntimeError):
                await asyncio.wait_for(nanny.close(timeout=_TO_CLOSE / 2), _TO_CLOSE)
        await asyncio.sleep(wait)
        wait = min(LONGEST_WAIT, wait * 2)


def _end_on_signals() -> None:
    """Ctrl-C and SIGTERM end this task, which closes the worker first; a second one ends the process."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None

    def end(number: int, _: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        loop.call_soon_threadsafe(task.cancel)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
