"""The proof of a film reads ffmpeg's log right."""

from __future__ import annotations

from cozebatch.synthesis.video.verify import Log


def test_messages_of_two_threads_on_one_line_are_both_read() -> None:
    log = Log()
    log.message("[Parsed_showinfo_1 @ 0x7f20f800f680] color_range:tvn_samples: 307200")
    log.message("[Parsed_showinfo_1 @ 0x1] n: 0 pts: 0 pts_time:0 [Parsed_volumedetect_0 @ 0x2] mean_volume: -21.1 dB")
    assert (log.samples, log.mean_volume, log.keys) == (307200, -21.1, 1)


def test_a_message_whose_filter_is_not_named_counts_too() -> None:
    """Seen on Windows: a metadata message of another thread came in between and took the name."""
    log = Log()
    log.message("[Parsed_showinfo_1 @ 0x1] config in time_base: 1/12800, frame_rate: 25/1")
    log.message("    encoder    : n:   0 pts:      0 pts_time:0       duration:    512 duration_time:0.04")
    log.message("[Parsed_blackframe_2 @ 0x2] frame:0 pblack:100 pts:0 t:0.000000 type:I last_keyframe:0")
    assert (log.keys, log.black) == (1, 1)
