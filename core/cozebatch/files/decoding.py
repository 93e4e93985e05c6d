"""Decodes a text file, in the encodings that Excel in China writes.

UTF-8 with or without byte order mark, GB18030, and UTF-16 when its mark says so. A UTF-8 file with a few broken bytes
must not pass for GB18030: it would turn every script into other characters, and each of them would be paid for.
"""

from __future__ import annotations

import codecs

from cozebatch.files.columns import Complaints


def decode(data: bytes, complaints: Complaints) -> str:
    """The text without its byte order mark. Raises `UsageError` naming the line."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _strictly(data, "utf-16", complaints)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        first_bad = error.start
    sample = data[max(0, first_bad - 5_000) : first_bad + 5_000].decode("utf-8", errors="replace")
    broken = sample.count("\ufffd")
    whole = sum(character > "\x7f" for character in sample) - broken
    if whole >= broken or data.startswith(codecs.BOM_UTF8):
        line = data.count(b"\n", 0, first_bad) + 1
        raise complaints.fail(
            line,
            None,
            "编码已损坏（UTF-8 里夹着别的字节），请用编辑器重新另存为 UTF-8",
            "the encoding is broken (bytes that are not UTF-8): save the file as UTF-8 again",
        )
    return _strictly(data, "gb18030", complaints)


def _strictly(data: bytes, encoding: str, complaints: Complaints) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
    raise complaints.fail(
        line,
        None,
        "编码无法识别（不是 UTF-8 也不是 GB18030），请用编辑器另存为 UTF-8",
        "the encoding is neither UTF-8 nor GB18030: save the file as UTF-8",
    )
