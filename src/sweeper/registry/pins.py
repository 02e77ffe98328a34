"""Which packages, in which versions, a model needs: a lock, by what is installed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from importlib import metadata

_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*")


def named(requirements: str) -> tuple[str, ...]:
    """The distributions that a requirements file names."""
    lines = (line.strip() for line in requirements.splitlines())
    return tuple(_canonical(found.group()) for line in lines if (found := _NAME.match(line)))


def pins(roots: Iterable[str]) -> dict[str, str]:
    """Distribution → version: of `roots` and of all that they need, as they are installed here.

    What is needed only on other systems, or for extras, is not installed or not asked for.
    """
    found: dict[str, str] = {}
    waiting = [_canonical(root) for root in roots]
    while waiting:
        name = waiting.pop()
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        if name not in found:
            found[name] = distribution.version.partition("+")[0]  # of a build no index has
            needs = (need for need in distribution.requires or () if "extra ==" not in need)
            waiting += named("\n".join(needs))
    return dict(sorted(found.items()))


def otherwise(pinned: Mapping[str, str], recorded: Mapping[str, str]) -> list[str]:
    """Which of the pins are not the versions that the model was made with, in words."""
    made_with = {_canonical(name): version for name, version in recorded.items()}
    return [
        f"{name} was {before}, is {version}"
        for name, version in pinned.items()
        if (before := made_with.get(name, version).partition("+")[0]) != version
    ]


def _canonical(name: str) -> str:
    """As the packaging standards (PEP 503) write a name."""
    return re.sub(r"[-_.]+", "-", name).lower()
