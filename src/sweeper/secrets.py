"""Secrets in a text, made unreadable before it is written anywhere."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

MASKED = "***"
"""What stands where a secret was."""

SHORTEST = 6
"""Characters of a secret environment variable that is looked for: shorter ones are in any text."""

_NAME = (
    r"(?:password|passwd|passphrase|secret|credentials?|(?:api|access|private|hash)_?key"
    r"|(?:auth|access|session|refresh)_?token|(?-i:TOKEN))"
)
_URL = re.compile(
    r"\b([A-Za-z][\w+.-]{0,30}://)([^\s/:@'\"]*)(?::[^\s'\"]*)?@(?=[^\s@'\"]*)",
)
_QUERY = re.compile(
    r"([?&;][\w.-]*(?:password|passwd|pwd|token|secret|key|sig|signature)=)[^&;\s'\"]+",
    re.IGNORECASE,
)
_KEY = re.compile(
    rf"((?:^|[\s{{(\[,.;])[\"']?[\w-]*{_NAME}[\"']?\s*[:=][ \t]*)"
    r"(\"[^\"\n]*\"|'[^'\n]*'|[^\s,}{\[\]]+)",
    re.IGNORECASE | re.MULTILINE,
)
_HEADER = re.compile(r"(authorization[\"']?\s*[:=]\s*[\"']?)(?:\w+ +)?[^\s'\"]+", re.IGNORECASE)
_NAMED = re.compile(rf"[\w-]*{_NAME}", re.IGNORECASE)


def mask(text: str) -> str:
    """`text` with passwords in URLs, secret query arguments, values of secret keys and
    authorization headers as `***`.

    A user name is kept when a password follows it; alone before the `@` it may itself be
    a token, and is masked.
    """
    text = _URL.sub(_masked_login, text)
    text = _QUERY.sub(rf"\1{MASKED}", text)
    text = _HEADER.sub(rf"\1{MASKED}", text)
    return _KEY.sub(rf'\1"{MASKED}"', text)


def hide(text: str, environment: Mapping[str, str] = os.environ) -> str:
    """`mask`, and the values of environment variables with the name of a secret, wherever
    they stand."""
    if not text:
        return text
    for name, value in environment.items():
        if len(value) >= SHORTEST and value in text and names_secret(name):
            text = text.replace(value, MASKED)
    return mask(text)


def names_secret(name: str) -> bool:
    """Whether a key or a variable of this name holds a secret."""
    return _NAMED.fullmatch(name) is not None


def _masked_login(match: re.Match[str]) -> str:
    scheme, user = match.group(1), match.group(2)
    has_password = match.group(0)[len(scheme) + len(user)] == ":"
    return f"{scheme}{user}:{MASKED}@" if has_password else f"{scheme}{MASKED}@"
