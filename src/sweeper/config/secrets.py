"""Secrets that stand in a config's text, made unreadable before it is written anywhere."""

from __future__ import annotations

import re

MASKED = "***"
"""What stands where a secret was, in the copy of a config that a sweep keeps."""

_URL = re.compile(r"\b([A-Za-z][\w+.-]*://)([^\s/:@'\"]*)(?::[^\s'\"]*)?@(?=[^\s@'\"]*)")
_QUERY = re.compile(
    r"([?&;](?:(?:ssl)?password|passwd|pwd|token|secret|key|api_?key|access_?key|sig|signature)=)[^&\s'\"]+",
    re.IGNORECASE,
)
_KEY = re.compile(
    r"((?:^|[\s{,.])[\"']?[\w-]*"
    r"(?:password|passwd|secret|api_?key|access_?key|auth_?token|access_?token|private_?key)"
    r"[\"']?\s*[:=][ \t]*)(\"[^\"\n]*\"|'[^'\n]*'|[^\s,}{\[\]]+)",
    re.IGNORECASE | re.MULTILINE,
)


def mask(text: str) -> str:
    """`text` with passwords in URLs, secret query arguments and values of secret keys as `***`.

    A user name is kept when a password follows it; alone before the `@` it may itself be
    a token, and is masked.
    """
    text = _URL.sub(_masked_login, text)
    text = _QUERY.sub(rf"\1{MASKED}", text)
    return _KEY.sub(rf'\1"{MASKED}"', text)


def _masked_login(match: re.Match[str]) -> str:
    scheme, user = match.group(1), match.group(2)
    has_password = match.group(0)[len(scheme) + len(user)] == ":"
    return f"{scheme}{user}:{MASKED}@" if has_password else f"{scheme}{MASKED}@"
