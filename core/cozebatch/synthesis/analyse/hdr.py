"""Pictures of high dynamic range (HLG, PQ) on an ordinary film: their colours and light brought to BT.709.

Reference white of 203 cd/m² (ITU-R BT.2408) becomes white of an ordinary picture, so that skin and paper look as they
do there; what is brighter is pressed together at the end of the scale.
"""

from __future__ import annotations

from pathlib import Path

from cozebatch.synthesis.analyse.probe import Hdr
from cozebatch.synthesis.process.ffmpeg import Ffmpeg

_NAMES = {"hlg": "arib-std-b67", "pq": "smpte2084"}


def tone_map(hdr: Hdr) -> list[str]:
    """The filters; none for an ordinary picture."""
    if not hdr:
        return []
    return [
        f"setparams=color_primaries=bt2020:color_trc={_NAMES[hdr]}:colorspace=bt2020nc",
        "zscale=t=linear:npl=203",
        "format=gbrpf32le",
        "zscale=p=bt709",
        "tonemap=mobius:param=0.7:desat=2",
        "zscale=t=bt709:m=bt709:r=tv",
    ]


async def can_tone_map(ffmpeg: Ffmpeg, cwd: Path) -> bool:
    """Whether this ffmpeg has the filters: zscale comes with the library zimg, which some are built without."""
    filters = ",".join(["format=yuv420p10le", *tone_map("pq")])
    arguments = ["-f", "lavfi", "-i", "color=s=64x64:d=0.1", "-vf", filters, "-frames:v", "1", "-f", "null", "-"]
    return (await ffmpeg.ask(arguments, cwd=cwd)).returncode == 0
