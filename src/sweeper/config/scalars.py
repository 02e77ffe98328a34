"""What a scalar's text means: YAML 1.2's core schema, durations and sizes."""

from __future__ import annotations

import math
import re

from sweeper.core.space import Value

_NULL = {"", "~", "null", "Null", "NULL"}
_BOOLEANS = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_PREFIXED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITE = re.compile(r"([-+]?)\.(inf|Inf|INF)")
_NAN = {".nan", ".NaN", ".NAN"}
_LONGEST_NUMBER = 40

WORDS_FOR_BOOLEANS = {
    **dict.fromkeys(("yes", "on", "y"), "true"),
    **dict.fromkeys(("no", "off", "n"), "false"),
}
"""Booleans of YAML 1.1 that are text in YAML 1.2, and what to write in their place."""

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)([dhms]))")
_BYTES = {
    "B": 1,
    **{f"{p}B": 1000**i for i, p in enumerate("KMGT", 1)},
    **{f"{p}iB": 1024**i for i, p in enumerate("KMGT", 1)},
}
_MEMORY = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]+)")


class Ambiguous(ValueError):
    """A scalar that different readers of YAML understand differently."""


def resolve(text: str) -> Value:
    """The value of a scalar without quotes: None, bool, int, float or str.

    Dates, times (`1:30`) and yes/no/on/off stay text. Ambiguous for `010` and for numbers
    too long to be kept exactly.
    """
    if text in _NULL:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _PREFIXED.fullmatch(text) or _INTEGER.fullmatch(text):
        return _integer(text)
    if infinite := _INFINITE.fullmatch(text):
        return -math.inf if infinite.group(1) == "-" else math.inf
    if text in _NAN:
        return math.nan
    return _float(text) if _FLOAT.fullmatch(text) else text


def _integer(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise Ambiguous("a number of so many digits cannot be kept; quote it if it is a name")
    digits = text.lstrip("+-")
    if digits[:2] in ("0o", "0x"):
        return int(text, 0)
    if len(digits) > 1 and digits.startswith("0"):
        decimal = text.replace(digits, digits.lstrip("0") or "0")
        raise Ambiguous(
            f"`{text}` is octal to some readers and decimal to others; "
            f'expected `{decimal}` for the number, "{text}" in quotes for the text'
        )
    return int(text)


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise Ambiguous(f"`{text[:20]}` is too large for a number; expected under 1.8e308, or .inf")
    return number


def duration(value: Value) -> float | None:
    """Seconds of `90`, `90s`, `10m`, `1h30m`, `2d`; None when it is no duration."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) if math.isfinite(value) and value > 0 else None
    if not isinstance(value, str) or len(value) > _LONGEST_NUMBER:
        return None
    text = value.replace(" ", "")
    parts = _DURATION.findall(text)
    if not parts or "".join(n + u for n, u in parts) != text:
        return None
    seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    return seconds if seconds > 0 else None


def memory(value: Value) -> int | None:
    """Bytes of `2GB`, `512MiB`, or a plain number of bytes; None when it is no size."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if value > 0 else None
    if not isinstance(value, str) or len(value) > _LONGEST_NUMBER:
        return None
    match = _MEMORY.fullmatch(value.strip())
    if match is None or match.group(2) not in _BYTES:
        return None
    return int(float(match.group(1)) * _BYTES[match.group(2)]) or None
