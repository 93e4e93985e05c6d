"""Reads what ffmpeg's `framecrc` muxer writes: for each stream its kind, size and time base, then a line a packet.

This is the form ffmpeg's own tests compare, so it has stayed the same for many versions, and nothing of a file's
metadata stands in it. https://ffmpeg.org/ffmpeg-formats.html#framecrc
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cozebatch.bounds.numbers import count, whole_number

FRAMECRC = ("-f", "framecrc", "-")
_MOST_STREAMS = 64
_LONGEST = 10**15
_WIDEST = 10**6
"""Microseconds and pixels beyond which a figure is nonsense."""


@dataclass(slots=True)
class StreamPackets:
    """One stream. `width` and `height` are as stored, `sar` is the shape of a pixel (0, 0 where it is not told)."""

    kind: str = ""
    codec: str = ""
    width: int = 0
    height: int = 0
    sar: tuple[int, int] = (0, 0)
    sample_rate: int = 0
    time_base: tuple[int, int] = (0, 1)
    packets: int = 0
    end: int = 0
    """In units of `time_base`."""

    @property
    def end_us(self) -> int:
        """When the last packet ends, in µs from the file's beginning. 0 without packets."""
        above, below = self.time_base
        return min(self.end * above * 1_000_000 // below, _LONGEST) if below else 0

    @property
    def rate(self) -> float:
        """Units of `time_base` a second: for decoded pictures the frame rate."""
        above, below = self.time_base
        return below / above if above else 0.0


@dataclass(slots=True)
class PacketLog:
    """Collects the lines of one output; other lines are passed over. Give `line` to `Ffmpeg.ask` as `on_line`."""

    streams: dict[int, StreamPackets] = field(default_factory=dict)

    def line(self, line: str) -> None:
        if line.startswith("#"):
            self._fact(line)
        else:
            self._packet(line)

    def of_kind(self, kind: str) -> list[StreamPackets]:
        return [stream for _, stream in sorted(self.streams.items()) if stream.kind == kind]

    def _fact(self, line: str) -> None:
        name, _, value = line[1:].partition(": ")
        what, _, number = name.partition(" ")
        index = count(number)
        if index is None or index >= _MOST_STREAMS:
            return
        stream = self.streams.setdefault(index, StreamPackets())
        match what:
            case "media_type":
                stream.kind = value.strip()
            case "codec_id":
                stream.codec = value.strip()
            case "tb":
                stream.time_base = _pair(value, "/") or stream.time_base
            case "sar":
                stream.sar = _pair(value, "/") or stream.sar
            case "dimensions":
                stream.width, stream.height = (min(side, _WIDEST) for side in _pair(value, "x") or (0, 0))
            case "sample_rate":
                stream.sample_rate = count(value) or 0
            case _:
                pass

    def _packet(self, line: str) -> None:
        facts = line.split(",", 5)
        index = count(facts[0])
        if len(facts) < 5 or index is None or (stream := self.streams.get(index)) is None:
            return
        stream.packets += 1
        dts, pts = whole_number(facts[1]), whole_number(facts[2])
        at = pts if pts is not None else dts
        if at is not None:
            stream.end = max(stream.end, at + (count(facts[3]) or 0))


def _pair(value: str, separator: str) -> tuple[int, int] | None:
    above, _, below = value.partition(separator)
    found = (count(above), count(below))
    return None if found[0] is None or found[1] is None else (found[0], found[1])
