"""Whose certificates are trusted: the well-known authorities, those of the system, and those that a person names.

A company that looks into its people's HTTPS puts its own certificate before every site. Its root stands in the system's
store on a company's machine, or a person names it: `SSL_CERT_FILE` (a PEM file) or `SSL_CERT_DIR`, as for other
programs. Both add to the well-known authorities and replace none.
"""

from __future__ import annotations

import os
import ssl
from contextlib import suppress
from functools import lru_cache

from cozebatch.model.errors import UsageError
from cozebatch.model.os_reason import os_reason
from cozebatch.model.text import Text

FILE, FOLDER = "SSL_CERT_FILE", "SSL_CERT_DIR"


def tls_context() -> ssl.SSLContext:
    """What every HTTPS connection of this process is checked with. Raises `UsageError` if a named file is of no use."""
    return _context(os.environ.get(FILE, ""), os.environ.get(FOLDER, ""))


@lru_cache(maxsize=4)
def _context(file: str, folder: str) -> ssl.SSLContext:
    import certifi

    context = ssl.create_default_context(cafile=certifi.where())
    with suppress(ssl.SSLError):  # a damaged certificate in the system's store: the well-known ones are loaded already
        context.load_default_certs()
    try:
        if file:
            context.load_verify_locations(cafile=file)
        if folder:
            context.load_verify_locations(capath=folder)
    except OSError as error:
        named = FILE if file else FOLDER
        raise UsageError(
            Text(
                "环境变量 {named} 里的证书读不了（{why}）：应为 PEM 格式的根证书，不需要就清空这个变量。",
                "The certificates that the variable {named} names cannot be read ({why}): it should name root "
                "certificates in PEM form, or be empty.",
            ).filled(named=named, why=os_reason(error))
        ) from None
    return context
