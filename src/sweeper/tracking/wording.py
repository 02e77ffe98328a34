"""Names and values in the form that MLflow takes."""

from __future__ import annotations

import hashlib
import json
import posixpath
import re

from sweeper.core.space import Value

_LONGEST_NAME = 250
_LONGEST_PARAM = 6000
_LONGEST_TAG = 5000


def key(name: str) -> str:
    """A metric's or parameter's name; characters that MLflow refuses become underscores."""
    clean = re.sub(r"[^\w.\- :/]", "_", name)
    if posixpath.normpath(clean) != clean or clean.startswith(("/", "..")):
        clean = clean.replace("/", "_").replace("..", "__")
    clean = "_" if clean == "." else clean
    if len(clean) <= _LONGEST_NAME:
        return clean
    return f"{clean[: _LONGEST_NAME - 17]}-{_digest(name)}"


def param(value: Value) -> str:
    """A parameter's value; lists and mappings as JSON, long ones cut and given a digest."""
    return _cut(_text(value), _LONGEST_PARAM)


def tag(text: str) -> str:
    """A tag's value, cut and given a digest where MLflow would cut it silently."""
    return _cut(text, _LONGEST_TAG)


def _text(value: Value) -> str:
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, default=str, ensure_ascii=False)
    return str(value)


def _cut(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    ending = f"… ({len(text)} characters, sha256 {_digest(text)})"
    return text[: longest - len(ending)] + ending


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
