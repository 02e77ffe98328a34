"""What is found wrong with a config, each with its place, all gathered before anything is said."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from sweeper.ports import ConfigError
from sweeper.secrets import mask

MOST = 100
"""Problems, and warnings, that are told."""

LONGEST = 60
"""Characters of a user's text that a message repeats."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file, lines and columns from 1; or an override, which has no line."""

    source: str
    line: int | None = None
    column: int = 1

    def __str__(self) -> str:
        return self.source if self.line is None else f"{self.source}:{self.line}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem or warning. `path` is the key's dotted path, empty for the whole file."""

    mark: Mark
    path: str
    message: str

    def __str__(self) -> str:
        key = f"{self.path}: " if self.path else ""
        line = f"{self.mark}: {key}{self.message}"
        # a terminal must not be steered by what stands in a config
        return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line)

    def order(self) -> tuple[bool, int, int]:
        """Overrides first, then by place in the file."""
        return (self.mark.line is not None, self.mark.line or 0, self.mark.column)


class TooMany(Exception):
    """MOST problems have been noted: nobody reads more, and a reader must come to an end."""


@dataclass(frozen=True, slots=True)
class Findings:
    """Collects; the same sentence about the same place is kept once.

    `problem` raises TooMany beyond MOST; of warnings the first MOST are kept.
    """

    problems: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)

    def problem(self, mark: Mark, path: str, message: str) -> None:
        if len(self.problems) >= MOST:
            raise TooMany
        _add(self.problems, Finding(mark, path, message))

    def warn(self, mark: Mark, path: str, message: str) -> None:
        if len(self.warnings) < MOST:
            _add(self.warnings, Finding(mark, path, message))


def _add(found: list[Finding], new: Finding) -> None:
    if new not in found:
        found.append(new)


def rendered(found: Iterable[Finding]) -> tuple[str, ...]:
    """One line each, in the order of the file."""
    return tuple(str(f) for f in sorted(found, key=Finding.order))


def raise_problems(problems: Sequence[str]) -> NoReturn:
    """Raises a ConfigError that lists all of them, numbered when there are several."""
    if len(problems) == 1:
        raise ConfigError(problems[0])
    lines = [f"{i}. {problem}" for i, problem in enumerate(problems, 1)]
    raise ConfigError(f"{len(problems)} problems, nothing was started:\n" + "\n".join(lines))


def short(text: object) -> str:
    """Text fit for a message: one line, not too long, no secrets."""
    line = mask(" ".join(str(text).split()))
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def listed(words: Iterable[str], most: int = 12) -> str:
    """`a, b, c`, cut off after `most`."""
    words = list(words)
    more = f", … ({len(words) - most} more)" if len(words) > most else ""
    return ", ".join(short(w) for w in words[:most]) + more


def nearest(word: str, options: Iterable[str]) -> str | None:
    """The option most like `word`, or None when nothing is near."""
    if len(word) > LONGEST:
        return None
    by_lower: dict[str, str] = {}
    for option in options:
        by_lower.setdefault(option.lower(), option)
    found = difflib.get_close_matches(word.lower(), by_lower, n=1)
    return by_lower[found[0]] if found else None


def did_you_mean(word: str, options: Iterable[str]) -> str:
    """The end of a message: `; did you mean X?`, or nothing."""
    found = nearest(word, options)
    return f"; did you mean `{found}`?" if found else ""
