"""What one case of the suite came to."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the table. A case that does not hold raises AssertionError instead.

    `lost`: acknowledged results that were missing afterwards. `repeated`: folds that were run
    again after their success was in the journal. Both are counted, not assumed.
    """

    line: str
    injections: int
    lost: int
    repeated: int
    seconds: float
    notes: tuple[str, ...] = ()  # what else was seen, with its figures
    left_out: tuple[str, ...] = field(default=())  # what could not be injected here, and why
    commit: str = ""  # of the sources; empty: those of today
