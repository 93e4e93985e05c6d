"""The proof of a film reads ffmpeg's log right."""

from __future__ import annotations

from cozebatch.synthesis.video.verify import Log


def test_messages_of_two_threads_on_one_line_are_both_read() -> None:
    log = Log()
    log.message("[Parsed_showinfo_1 @ 0x7f20f800f680] color_range:tvn_samples: 307200")
    log.message("[Parsed_showinfo_1 @ 0x1] n: 0 pts: 0 pts_time:0 [Parsed_volumedetect_0 @ 0x2] mean_volume: -21.1 dB")
    assert (log.samples, log.mean_volume, log.keys) == (307200, -21.1, 1)


def test_the_last_number_of_frames_counts() -> None:
    log = Log()
    for line in ("frame=12", "fps=0.0", "frame=  50", "progress=end"):
        log.progress(line)
    assert log.frames == 50
