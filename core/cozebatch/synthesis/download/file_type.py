"""Tells what a downloaded file is by its first bytes; content types and URL endings are often wrong."""

from __future__ import annotations

import re

from cozebatch.model.errors import Category
from cozebatch.synthesis.failures import clean, failure

_MARKUP = re.compile(rb"^(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|head|body|\?xml|script|!--|error)", re.IGNORECASE)
_JSON = re.compile(rb"^(?:\xef\xbb\xbf)?\s*[{\[]\s*[\"{\[\]}]")
_STARTS = (
    (b"\x1aE\xdf\xa3", "webm"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpg"),
    (b"GIF8", "gif"),
    (b"BM", "bmp"),
    (b"ID3", "mp3"),
    (b"fLaC", "flac"),
    (b"OggS", "ogg"),
    (b"FLV\x01", "flv"),
    (b"#!AMR", "amr"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"\xff\x0a", "jxl"),
    (b"\0\0\0\x0cJXL ", "jxl"),
)
_BRANDS = {
    **dict.fromkeys((b"M4A ", b"M4B "), "m4a"),
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"mif1"), "heic"),
    **dict.fromkeys((b"avif", b"avis"), "avif"),
    b"qt  ": "mov",
}
_RIFF = {b"WAVE": "wav", b"AVI ": "avi", b"WEBP": "webp"}


def file_type(head: bytes) -> str:
    """The extension a file beginning with `head` gets; `bin` for what is left to ffmpeg to judge.

    Raises `StepError`: `download` for an empty file (the next try may bring one), `media` for a page or a JSON
    answer in a file's place.
    """
    if not head:
        raise failure(Category.DOWNLOAD, "下载到的文件是空的", "the file that came is empty")
    if _MARKUP.match(head) or _JSON.match(head):
        page = clean(re.sub(r"<[^>]*>", " ", head[:400].decode("utf-8", "replace")), 120)
        raise failure(
            Category.MEDIA,
            f"链接返回的是网页或报错文本，不是素材：{page}",
            f"the link gave a page or an error text, not media: {page}",
        )
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "mp4")
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12], "bin")
    for start, extension in _STARTS:
        if head.startswith(start):
            return extension
    if len(head) > 2 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:
        return "aac" if head[1] & 0x06 == 0 else "mp3"
    return "bin"
