"""`serve`: the screen of a batch that runs on this machine, in a browser."""

from __future__ import annotations

import argparse
import socket
import sys

from cozebatch.model.errors import UsageError
from cozebatch.model.os_reason import os_reason
from cozebatch.model.text import Lang
from cozebatch_tui.commands.detach import attach_arguments
from cozebatch_tui.exit_codes import Exit
from cozebatch_tui.headless.streams import Output
from cozebatch_tui.locale import serve as texts


def serve(options: argparse.Namespace, lang: Lang) -> int:
    """Until it is interrupted. Raises `UsageError` when it cannot listen."""
    try:
        import uvicorn
        import websockets  # noqa: F401 - uvicorn takes it by name

        from cozebatch_tui.serve.site import Site
    except ModuleNotFoundError as error:
        raise UsageError(texts.MISSING.filled(name=error.name)) from error
    try:
        listener = socket.create_server(("127.0.0.1", options.port))
    except OSError as error:
        raise UsageError(texts.PORT_TAKEN.filled(port=options.port, reason=os_reason(error))) from error
    out = Output(sys.stdout)
    with listener:
        port = listener.getsockname()[1]
        site = Site(
            port,
            [*attach_arguments(options), "--lang", lang],
            lang,
            "cozebatch",
            lambda link: out.line(texts.NEXT_LINK.in_(lang).format(url=link)),
        )
        out.line(texts.SERVING.in_(lang).format(url=site.link, port=port))
        config = uvicorn.Config(
            site.app(),
            access_log=False,
            log_level="error",
            lifespan="off",
            ws="websockets-sansio",
            ws_max_size=1024 * 1024,
            server_header=False,
            timeout_graceful_shutdown=5,
        )
        uvicorn.Server(config).run(sockets=[listener])
    return Exit.OK
