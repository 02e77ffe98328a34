"""Who may use a cluster: Ray's token, and whether this machine may go without one.

Ray reads its settings from the environment: `RAY_AUTH_MODE=token`, and the token from
`RAY_AUTH_TOKEN`, from the file that `RAY_AUTH_TOKEN_PATH` names, or from `~/.ray/auth_token`,
in this order. Whoever reaches the port of a cluster without authentication runs what he likes.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from sweeper.ports import SweeperError

OWN = Path(".ray", "auth_token")
"""Below the home directory."""

SET = (
    "set RAY_AUTH_MODE=token, and give this machine the cluster's token: in RAY_AUTH_TOKEN, in a "
    "file that RAY_AUTH_TOKEN_PATH names, or in ~/.ray/auth_token (`ray get-auth-token --generate` "
    "makes a new one; it must be there on every machine when `ray start` runs)"
)


class AccessRefused(SweeperError):
    """A cluster that others can reach is not used without a token."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Token:
    """Where the token is, and why it cannot be used, if it cannot."""

    source: str
    problem: str = ""


def token() -> Token:
    """The token that Ray would use here; its text is never told."""
    if os.environ.get("RAY_AUTH_MODE", "token").lower() != "token":
        mode = os.environ["RAY_AUTH_MODE"]
        return Token("", f"RAY_AUTH_MODE is {mode!r}, so that Ray shows no token")
    if os.environ.get("RAY_AUTH_TOKEN", "").strip():
        return Token("RAY_AUTH_TOKEN")
    named = os.environ.get("RAY_AUTH_TOKEN_PATH")
    path = Path(named) if named else Path.home() / OWN
    try:
        empty = not path.read_text().strip()
    except OSError as error:
        where = f"{path}, which RAY_AUTH_TOKEN_PATH names," if named else str(path)
        return Token("", f"there is no token: {where} cannot be read ({error.strerror})")
    return Token("", f"there is no token: {path} is empty") if empty else Token(str(path))


def require_token(address: str) -> None:
    """AccessRefused unless `address` is this machine's loopback or there is a token."""
    if is_loopback(host_of(address)):
        return
    problem = token().problem
    if problem:
        raise AccessRefused(
            f"nothing was sent to {address}: it is not on loopback, and {problem}. To go on: {SET}"
        )


def host_of(address: str) -> str:
    """The host in `HOST:PORT` or in a URL."""
    parts = urlsplit(address if "://" in address else f"//{address}")
    return parts.hostname or ""


def is_loopback(host: str) -> bool:
    """Whether every address of this host is one of loopback. One that is unknown is not."""
    try:
        found = {entry[4][0] for entry in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    return bool(found) and all(
        ipaddress.ip_address(str(a).split("%")[0]).is_loopback for a in found
    )
