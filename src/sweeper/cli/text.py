"""Numbers, durations, parameters and tables as people read them. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

from sweeper.core.records import HOLDOUT, REFIT
from sweeper.core.space import Params, Value
from sweeper.core.specs import SweepSpec


def arrow(goal: str) -> str:
    return "↑" if goal == "maximize" else "↓"


def searched_by(spec: SweepSpec) -> str:
    """The metric and which way is better; of several objectives all."""
    return ", ".join(f"{m.name} {arrow(m.goal)}" for m in spec.searched)


def number(value: float | None) -> str:
    """Four decimals for ordinary sizes, four significant digits beyond; `-` for None."""
    if value is None:
        return "-"
    if value == 0 or 0.001 <= abs(value) < 1000:
        return f"{value:.4f}"
    return f"{value:.4g}"


def with_spread(value: float | None, spread: float | None) -> str:
    return number(value) if spread is None else f"{number(value)} ± {number(spread)}"


def duration(seconds: float) -> str:
    """`8s`, `3m12s`, `1h02m`, `2d03h`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    if whole < 86400:
        return f"{whole // 3600}h{whole % 3600 // 60:02d}m"
    return f"{whole // 86400}d{whole % 86400 // 3600:02d}h"


def plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


LONGEST = 1000
"""Characters shown of a parameter's value; `--json` has them all."""


def parameter(value: Value) -> str:
    """A value as YAML would write it, floats to four digits."""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, str):
        return shorten(one_line(value[: 2 * LONGEST]), LONGEST)
    return shorten(json.dumps(value, default=str, ensure_ascii=False), LONGEST)


def parameters(params: Params, spec: SweepSpec) -> str:
    """All parameters in one line; the chosen model first, and its name left off the others."""
    dimension = spec.model.dimension if spec.model is not None else None
    branch = params.get(dimension) if dimension is not None else None
    pairs = [
        f"{name.removeprefix(f'{branch}.')}={parameter(value)}"
        for name, value in params.items()
        if name != dimension
    ]
    if branch is None:
        return " ".join(pairs)
    return f"{branch}: {' '.join(pairs)}" if pairs else str(branch)


def one_line(text: str) -> str:
    """`text` without line breaks or control characters, which could move the cursor."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def shorten(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: max(0, width - 1)]}…"


def fold_name(fold: int) -> str:
    return {REFIT: "refit", HOLDOUT: "holdout"}.get(fold, str(fold))


def table(
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: Collection[int] = (),
    width: int | None = None,
) -> list[str]:
    """Aligned columns, two spaces apart; `right` are set flush right. Cut to `width` if given."""
    columns = list(zip(headers, *rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    lines = []
    for row in (headers, *rows):
        cells = [
            cell.rjust(size) if i in right else cell.ljust(size)
            for i, (cell, size) in enumerate(zip(row, widths, strict=True))
        ]
        line = "  ".join(cells).rstrip()
        lines.append(line if width is None else shorten(line, width))
    return lines


def pairs(rows: Sequence[tuple[str, str]], indent: str = "  ") -> list[str]:
    """Labels with their values, values aligned."""
    size = max((len(label) for label, _ in rows), default=0)
    return [f"{indent}{label:<{size}}  {value}".rstrip() for label, value in rows]
