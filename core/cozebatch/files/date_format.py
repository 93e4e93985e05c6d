"""Shows a date, a time of day or an elapsed time of a workbook as its cell shows it (ECMA-376 part 1, §18.8.31)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|_.|\*.|\[(?P<elapsed>h+|m+|s+)\]|\[(?P<bracket>[^\]]*)\]'
    r"|(?P<half>am/pm|a/p|上午/下午)|(?P<part>y+|m+|d+|h+|s+|e+|aaaa?|b+|g+)|(?P<fraction>\.0+)|(?P<literal>.)",
    re.IGNORECASE | re.DOTALL,
)
_LATEST = 2_958_466
"""Days: the first of January 10000."""
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
           "December")  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_CHINESE_DAYS = "一二三四五六日"
_SYSTEM_DATE, _SYSTEM_TIME = 'yyyy"年"m"月"d"日"', "h:mm:ss"


def is_date_code(code: str) -> bool:
    """Whether a section of a format shows a date or a time."""
    if re.search(r"general|通用格式|標準", code, re.IGNORECASE):
        return False
    return any(m["part"] or m["elapsed"] or _system(m["bracket"]) for m in _TOKEN.finditer(_without_powers(code)))


def shown_date(value: Decimal, code: str, *, since_1904: bool) -> str | None:
    """`value` in days since the workbook's first day. None for what is no date, or a code that is not understood."""
    if not 0 <= value < _LATEST:
        return None
    tokens = list(_TOKEN.finditer(code))
    system = next((found for m in tokens if (found := _system(m["bracket"]))), None)
    if system is not None:
        tokens = list(_TOKEN.finditer(system))
    places = max((len(m["fraction"]) - 1 for m in tokens if m["fraction"]), default=0)
    seconds = (value * 86400).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    moment = _moment(seconds, since_1904)
    if moment is None:
        return None
    halves = any(m["half"] for m in tokens)
    found = ""
    for number, token in enumerate(tokens):
        text = _one(token, tokens, number, moment, seconds, halves)
        if text is None:
            return None
        found += text
    return found.strip()


def _without_powers(code: str) -> str:
    """`E+00` in a number is no year."""
    return re.sub(r"[eE][+-]", "", code)


def _system(bracket: str | None) -> str | None:
    """The code for a date or time that is shown as the system has it."""
    named = (bracket or "").lower()
    if named.endswith(("-f800", "-x-sysdate")):
        return _SYSTEM_DATE
    return _SYSTEM_TIME if named.endswith(("-f400", "-x-systime")) else None


def _moment(seconds: Decimal, since_1904: bool) -> datetime | None:
    days = int(seconds // 86400)
    if since_1904:
        first = datetime(1904, 1, 1)
    elif days == 60:
        return None  # Excel's 29 February 1900, which there never was
    else:
        first = datetime(1899, 12, 30 if days > 60 else 31)
    return first + timedelta(days=days, microseconds=int((seconds % 86400) * 1_000_000))


def _one(
    token: re.Match[str], tokens: list[re.Match[str]], number: int, moment: datetime, seconds: Decimal, halves: bool
) -> str | None:
    if token["elapsed"]:
        unit = {"h": 3600, "m": 60, "s": 1}[token["elapsed"][0].lower()]
        return str(int(seconds // unit)).zfill(len(token["elapsed"]))
    if token["half"]:
        morning = moment.hour < 12
        if token["half"] == "上午/下午":
            return "上午" if morning else "下午"
        return ("AM" if morning else "PM")[: 2 if len(token["half"]) > 3 else 1]
    if token["part"]:
        return _part(token["part"].lower(), _means_minutes(tokens, number), moment, halves)
    if token["fraction"]:
        places = len(token["fraction"]) - 1
        return "." + f"{moment.microsecond:06}"[:places].ljust(places, "0")
    if token["bracket"] is not None:
        return "" if token["bracket"].startswith("$") or not token["bracket"].lower().startswith("dbnum") else None
    return token["quoted"] or token["escaped"] or token["literal"] or ""


def _means_minutes(tokens: list[re.Match[str]], number: int) -> bool:
    """`m` is a minute behind an hour or before a second, else a month."""
    before = [m for m in tokens[:number] if m["part"] or m["elapsed"]]
    after = [m for m in tokens[number + 1 :] if m["part"] or m["elapsed"]]
    last = (before[-1]["part"] or before[-1]["elapsed"]).lower() if before else ""
    following = (after[0]["part"] or after[0]["elapsed"]).lower() if after else ""
    return last.startswith("h") or following.startswith("s")


def _part(part: str, minutes: bool, moment: datetime, halves: bool) -> str | None:
    hour = (moment.hour % 12 or 12) if halves else moment.hour
    size = len(part)
    match part[0]:
        case "y":
            return f"{moment.year % 100:02}" if size < 3 else f"{moment.year:04}"
        case "e":
            return str(moment.year)
        case "m" if minutes:
            return str(moment.minute).zfill(min(size, 2))
        case "m":
            name = _MONTHS[moment.month - 1]
            return str(moment.month).zfill(size) if size < 3 else {3: name[:3], 5: name[:1]}.get(size, name)
        case "d":
            name = _DAYS[moment.weekday()]
            return str(moment.day).zfill(size) if size < 3 else name[:3] if size == 3 else name
        case "h":
            return str(hour).zfill(min(size, 2))
        case "s":
            return str(moment.second).zfill(min(size, 2))
        case "a":
            return ("星期" if size == 4 else "") + _CHINESE_DAYS[moment.weekday()]
    return None
