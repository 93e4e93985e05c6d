"""What ffmpeg says of a file, and the files' own boxes and headers, which are read beside it."""

from __future__ import annotations

import random
from pathlib import Path

from cozebatch.model.errors import StepError
from cozebatch.synthesis.analyse import pictures
from cozebatch.synthesis.analyse.completeness import missing_bytes
from cozebatch.synthesis.analyse.packets import PacketLog
from cozebatch.synthesis.analyse.probe import length_in, transfer_in
from cozebatch.synthesis.download.file_type import file_type

FIXTURES = Path(__file__).parents[2] / "fixtures"

PROBE_SAMPLES = tuple(
    path.read_bytes() for folder in ("ffmpeg", "media") for path in sorted((FIXTURES / folder).iterdir())
)


def read_probe(data: bytes, folder: Path, _rng: random.Random) -> None:
    text = data.decode("utf-8", "replace")
    log = PacketLog()
    for line in text.splitlines():
        log.line(line)
    for stream in log.streams.values():
        assert stream.end_us >= 0
        assert stream.rate >= 0
    assert min(length_in(text)) >= 0
    transfer_in(text)
    path = folder / "media"
    path.write_bytes(data)
    assert missing_bytes(path)[0] >= 0
    pictures.look(path)
    try:
        file_type(data[:4096])
    except StepError:
        return
