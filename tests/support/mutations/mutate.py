"""Makes strange inputs of good ones: by bytes, and by the nodes of a JSON value."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

NASTY_BYTES = (
    *(b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\x1b[2J", b"\r", b"\n\n", b"\t", b"\x85", b"\xed\xa0\x80", b"\xf0\x9f"),
    *(b"NaN", b"Infinity", b"-1", b"1e400", b"-0", b"1" * 400, b"0.1" * 50, b"9" * 19, b"99999999999999999999"),
    *(b"[" * 3000, b"{" * 3000, b'{"a":' * 2000, b'"' * 50, b"\\" * 2000, b"\\u0000", b"\\ud800", b"/*", b"//", b"*/"),
    *(
        "²³".encode(),
        "１２".encode(),
        "٣".encode(),
        "，。：".encode(),
        "\u202e".encode(),
        "\u2028".encode(),
        "😀".encode(),
    ),
    *(b"-->", b"00:00:00,000 --> 99:99:99,999", b"[99:99.99]", b"Dialogue: ", b"WEBVTT", b"<c>", b"{\\an8}", b"&#x0;"),
    *(b"=cmd|' /C calc'!A0", b"${HOME}", b"../../../etc/passwd", b"C:\\con", b"http://[::1]:99999/", b"%00", b"%s%n"),
)

NASTY_VALUES: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        0,
        -1,
        10**30,
        2**63,
        -(2**63),
        1e308,
        -1e308,
        5e-324,
        "",
        " ",
        "\x00",
        "\ud800",
        "\u202e",
        "²",
    ),
    *([], {}, [[]], [None], {"": None}, "NaN", "null", "[]", "{}", '{"a": "{}"}', "[" * 500 + "]" * 500, "x" * 20_000),
    *(
        "1e400",
        "9" * 400,
        "-1",
        "0x10",
        "１２",
        "12:34",
        "00:00:01,000 --> 00:00:00,500",
        "http://[::1",
        "https://a:99999/",
    ),
    *(float("nan"), float("inf"), {"a": {"b": {"c": [1, {"d": None}]}}}, ["a", 1, None, {"start": "x", "end": []}]),
)


def mutated(rng: random.Random, samples: Sequence[bytes]) -> bytes:
    """One of the samples, changed once or a few times."""
    sample = rng.choice(samples)
    if rng.random() < 0.5:
        value = _json_of(sample)
        if value is not None:
            for _ in range(rng.randint(1, 3)):
                value = _changed(rng, value, samples)
            sample = json.dumps(value, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")
            if rng.random() < 0.7:
                return sample
    data = bytearray(sample)
    for _ in range(rng.choice([1, 1, 1, 2, 3, 8])):
        _strike(rng, data, samples)
    return bytes(data)


def _json_of(sample: bytes) -> Any:
    try:
        return json.loads(sample)
    except ValueError:
        return None


def _strike(rng: random.Random, data: bytearray, samples: Sequence[bytes]) -> None:
    at = rng.randint(0, len(data))
    end = min(len(data), at + rng.choice([1, 1, 4, 20, 200]))
    match rng.randrange(8):
        case 0 if data:
            data[min(at, len(data) - 1)] = rng.randrange(256)
        case 1:
            del data[at:end]
        case 2:
            data[at:at] = data[at:end] * rng.choice([1, 2, 50])
        case 3:
            data[at:end] = rng.choice(NASTY_BYTES)
        case 4:
            data[at:at] = rng.choice(NASTY_BYTES)
        case 5:
            del data[at:]
        case 6:
            other = rng.choice(samples)
            data[at:] = other[rng.randint(0, len(other)) :]
        case _:
            data[at:end] = bytes(rng.randrange(256) for _ in range(rng.randint(1, 12)))


def _changed(rng: random.Random, value: Any, samples: Sequence[bytes]) -> Any:
    """The same value with one node of it changed. Strings that hold JSON are opened half of the time."""
    if (
        isinstance(value, str)
        and rng.random() < 0.5
        and (inner := _json_of(value.encode("utf-8", "replace"))) is not None
    ):
        return json.dumps(_changed(rng, inner, samples))
    if isinstance(value, dict) and value and rng.random() < 0.85:
        key = rng.choice(list(value))
        match rng.randrange(6):
            case 0:
                return {k: v for k, v in value.items() if k != key}
            case 1:
                renamed = rng.choice([key.upper(), key + " ", "", key[:-1], "\u200b" + key])
                return {renamed if k == key else k: v for k, v in value.items()}
            case _:
                return {k: _changed(rng, v, samples) if k == key else v for k, v in value.items()}
    if isinstance(value, list) and value and rng.random() < 0.85:
        at = rng.randrange(len(value))
        match rng.randrange(5):
            case 0:
                return value[:at] + value[at + 1 :]
            case 1:
                return value[: at + 1] * rng.choice([2, 30])
            case _:
                return [_changed(rng, v, samples) if i == at else v for i, v in enumerate(value)]
    match rng.randrange(4):
        case 0:
            return [value]
        case 1:
            return json.dumps(value)
        case _:
            return rng.choice(NASTY_VALUES)
