"""Shows a number of a workbook as its cell shows it: `00123` under the format `00000`, `50%`, `2025/12/1`.

Covers the format codes that people meet (ECMA-376 part 1, §18.8.30 and §18.8.31): digits, thousands, per cent, powers
of ten, literals, currencies, dates, times and elapsed times, conditions, sections. A code that is not understood gives
None, never a guess. Numbers are shown as on a Chinese system, where a format depends on the system.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from functools import lru_cache
from types import MappingProxyType

from cozebatch.files.date_format import is_date_code, shown_date

GENERAL = "General"
_ACCOUNT = '_-* #,##0{0}_-;-* #,##0{0}_-;_-* "-"_-;_-@_-'

BUILT_IN: Mapping[int, str] = MappingProxyType(
    {
        0: GENERAL, 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00",
        5: "¥#,##0;¥-#,##0", 6: "¥#,##0;¥-#,##0", 7: "¥#,##0.00;¥-#,##0.00", 8: "¥#,##0.00;¥-#,##0.00",
        9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??",
        14: "yyyy/m/d", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM",
        20: "h:mm", 21: "h:mm:ss", 22: "yyyy/m/d h:mm",
        27: 'yyyy"年"m"月"', 28: 'm"月"d"日"', 29: 'm"月"d"日"', 30: "m/d/yy", 31: 'yyyy"年"m"月"d"日"',
        32: 'h"时"mm"分"', 33: 'h"时"mm"分"ss"秒"', 34: '上午/下午h"时"mm"分"', 35: '上午/下午h"时"mm"分"ss"秒"',
        36: 'yyyy"年"m"月"', 37: "#,##0;-#,##0", 38: "#,##0;-#,##0", 39: "#,##0.00;-#,##0.00", 40: "#,##0.00;-#,##0.00",
        41: _ACCOUNT.format(""), 42: _ACCOUNT.format(""), 43: _ACCOUNT.format(".00"), 44: _ACCOUNT.format(".00"),
        45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@",
        50: 'yyyy"年"m"月"', 51: 'm"月"d"日"', 52: 'yyyy"年"m"月"', 53: 'm"月"d"日"', 54: 'm"月"d"日"',
        55: '上午/下午h"时"mm"分"', 56: '上午/下午h"时"mm"分"ss"秒"', 57: 'yyyy"年"m"月"', 58: 'm"月"d"日"',
    }
)  # fmt: skip
"""Formats that a workbook names by number only; 27 to 36 and 50 to 58 as Chinese Excel has them."""

_LONGEST_CODE = 255
_PRECISION = 15
"""Digits of a number that Excel keeps."""
_LARGEST = 10**40
_CONTEXT = Context(prec=_LONGEST_CODE + 50)
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|_(?P<space>.)|\*(?P<fill>.)|\[(?P<bracket>[^\]]*)\]|(?P<power>[eE][+-])'
    r"|(?P<digit>[0#?])|(?P<mark>[.,%@/])|(?P<literal>.)",
    re.DOTALL,
)
_SECTION = re.compile(r'(?:"[^"]*"|\\.|\[[^\]]*\]|[^;"\\\[])*', re.DOTALL)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)\s*(-?\d+(?:\.\d+)?)")
_GENERAL = re.compile(r"general|g/通用格式|g/標準", re.IGNORECASE)
_COLOUR = re.compile(
    r"(?:black|blue|cyan|green|magenta|red|white|yellow|colou?r\s*\d+|颜色\s*\d+|[黑蓝青绿红白黄]色?|洋红)$", re.I
)


@dataclass(frozen=True, slots=True)
class _Section:
    code: str
    condition: tuple[str, Decimal] | None


def shown_number(raw: str, code: str, *, since_1904: bool = False) -> str | None:
    """How a cell with the number `raw` and the format `code` shows it; None where that cannot be told.

    Whole numbers of more digits than a cell shows are given whole: the format `General` would show a power of ten.
    """
    value = _decimal(raw)
    if value is None or len(code) > _LONGEST_CODE:
        return None
    sections = _sections(code)
    section, signed = _choose(sections, value)
    if section is None:
        return None
    text = section.code
    if is_date_code(text):
        return shown_date(value, text, since_1904=since_1904)
    number = _plain(value if signed else abs(value))
    if general := _GENERAL.search(text):
        before, after = _literals(text[: general.start()]), _literals(text[general.end() :])
        return None if before is None or after is None else before + number + after
    return number if text.strip() == "@" else _digits(value, text, signed)


def shown_text(text: str, code: str) -> str:
    """How a cell with this text and format shows it: `"KOL-"@` puts `KOL-` before it."""
    if "@" not in code or code.strip() == "@" or len(code) > _LONGEST_CODE:
        return text
    sections = _sections(code)
    if len(sections) not in (1, 4) or "@" not in sections[-1].code:
        return text
    found = ""
    for match in _TOKEN.finditer(sections[-1].code):
        if match["mark"] == "@":
            found += text
        elif match["space"] is None and match["fill"] is None and match["bracket"] is None:
            found += match["quoted"] or match["escaped"] or match["literal"] or match["mark"] or match["digit"] or ""
    return found


def is_whole_and_long(raw: str) -> bool:
    """Whether the number has more digits than Excel keeps: a longer id in a number cell is no longer the id."""
    value = _decimal(raw)
    return value is not None and abs(value) >= 10**_PRECISION


def _decimal(raw: str) -> Decimal | None:
    try:
        value = Decimal(format(float(raw), f".{_PRECISION}g"))
    except (ValueError, OverflowError, InvalidOperation):
        return None
    return value if value.is_finite() else None


def _plain(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


@lru_cache(maxsize=512)
def _sections(code: str) -> tuple[_Section, ...]:
    found = []
    at = 0
    while True:
        match = _SECTION.match(code, at)
        text = match[0] if match else ""
        at += len(text)
        condition = None
        for match in _TOKEN.finditer(text):
            if match["bracket"] is not None and (named := _CONDITION.fullmatch(match["bracket"].strip())):
                condition = (named[1], Decimal(named[2]))
        found.append(_Section(text, condition))
        if at >= len(code) or len(found) == 4:
            return tuple(found)
        at += 1


def _choose(sections: tuple[_Section, ...], value: Decimal) -> tuple[_Section | None, bool]:
    """The section for the value, and whether a minus sign is to be added where it is negative."""
    if any(section.condition for section in sections):
        for section in sections[:3]:
            if section.condition is None or _holds(section.condition, value):
                return section, True
        return None, True
    numbers = sections[:3] if len(sections) > 3 or "@" not in sections[-1].code else sections[:-1] or sections
    if value < 0 and len(numbers) > 1:
        return numbers[1], False
    if value == 0 and len(numbers) > 2:
        return numbers[2], False
    return numbers[0], True


def _holds(condition: tuple[str, Decimal], value: Decimal) -> bool:
    sign, limit = condition
    return {
        "<": value < limit, ">": value > limit, "=": value == limit,
        "<=": value <= limit, ">=": value >= limit, "<>": value != limit,
    }[sign]  # fmt: skip


def _literals(code: str) -> str | None:
    """What stands beside `General`; None for what changes the digits."""
    found = ""
    for match in _TOKEN.finditer(code):
        if match["bracket"] is not None:
            symbol = _of_bracket(match["bracket"])
            if symbol is None:
                return None
            found += symbol
        found += match["quoted"] or match["escaped"] or match["literal"] or ""
    return found


def _digits(value: Decimal, code: str, signed: bool) -> str | None:
    """A number under placeholders: literals stand where they are, also between digits."""
    parts: list[tuple[bool, str]] = []  # a placeholder or a literal
    point: int | None = None
    grouped, commas, decimals, power = False, 0, 0, ""
    for match in _TOKEN.finditer(code):
        if match["digit"]:
            grouped, commas = grouped or commas > 0, 0
            parts.append((True, match["digit"]))
            decimals += point is not None
        elif match["power"]:
            power = match["power"]
            break
        elif match["mark"] == "." and point is None:
            point = len(parts)
        elif match["mark"] == ",":
            commas += any(is_digit for is_digit, _ in parts)
        elif match["mark"] == "%":
            value *= 100
            parts.append((False, "%"))
        elif match["mark"] in ("@", "/") and (match["mark"] == "@" or (parts[-1:] and parts[-1][0])):
            return None  # a fraction, or a text among digits
        elif match["bracket"] is not None:
            symbol = _of_bracket(match["bracket"])
            if symbol is None:
                return None
            parts.append((False, symbol))
        elif match["space"] is not None:
            parts.append((False, " "))
        elif match["fill"] is None:
            parts.append((False, match["quoted"] or match["escaped"] or match["literal"] or match["mark"] or ""))
    if power:
        return _scientific(value, parts, point, decimals) if code.rstrip("0#?").endswith(power) else None
    value /= Decimal(1000) ** commas
    if abs(value) >= _LARGEST:
        return None
    rounded = abs(value).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP, _CONTEXT)
    whole, _, fraction = format(rounded, "f").partition(".")
    where = len(parts) if point is None else point
    left = _whole_part(parts[:where], "" if whole == "0" else whole, grouped)
    right = _fraction(parts[where:], fraction)
    sign = "-" if signed and value < 0 and rounded != 0 else ""
    return (sign + left + ("." if point is not None else "") + right).strip()


def _whole_part(parts: list[tuple[bool, str]], digits: str, grouped: bool) -> str:
    """The digits filled into their places from the right; the first place takes all that is left."""
    places = [number for number, (is_digit, _) in enumerate(parts) if is_digit]
    found, written = "", 0
    for number in range(len(parts) - 1, -1, -1):
        is_digit, text = parts[number]
        if not is_digit:
            found = text + found
            continue
        taken = digits if places and number == places[0] else digits[-1:]
        digits = "" if taken is digits else digits[:-1]
        if not taken:
            taken = {"0": "0", "?": " "}.get(text, "")
        for digit in reversed(taken):
            if grouped and written and written % 3 == 0 and digit.isdigit():
                found = "," + found
            found = digit + found
            written += 1
    return found


def _fraction(parts: list[tuple[bool, str]], digits: str) -> str:
    """The decimals filled into their places; `#` shows no zero at the end."""
    last = len(digits.rstrip("0"))
    found, at = "", 0
    for is_digit, text in parts:
        if not is_digit:
            found += text
            continue
        if text == "0" or at < last:
            found += digits[at : at + 1]
        at += 1
    return found


def _scientific(value: Decimal, parts: list[tuple[bool, str]], point: int | None, decimals: int) -> str | None:
    """A power of ten. A whole number is given whole: its digits are known, and an id needs them."""
    if value == value.to_integral_value() and abs(value) < 10**_PRECISION and abs(value) >= 10**5:
        return _plain(value)
    where = len(parts) if point is None else point
    if [is_digit for is_digit, _ in parts[:where]] != [True]:
        return None
    mantissa, _, power = format(value, f".{decimals}E").partition("E")
    return f"{mantissa}E{power[0]}{power[1:].zfill(2)}"


def _of_bracket(inside: str) -> str | None:
    """What stands for `[$¥-804]`, a colour or a condition; None for what changes the digits (`DBNum1`)."""
    if inside.startswith("$"):
        return inside[1:].partition("-")[0]
    if _CONDITION.fullmatch(inside.strip()) or _COLOUR.match(inside.strip()):
        return ""
    return None
