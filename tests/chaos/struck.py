"""A real `sweeper` with a fault in its own process: python -m chaos.struck FAULT … -- launch …

The cases that need Ray or a tracker beside them start it instead of `sweeper` itself.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Any


def main() -> int:
    from sweeper.cli import main as cli

    split = sys.argv.index("--")
    fault, *values = sys.argv[1:split]
    FAULTS[fault](*(float(value) for value in values))
    return cli.main(sys.argv[split + 1 :])


def clock(by: float, at: float) -> None:
    """The wall clock jumps by so many seconds at the so-manieth append."""
    from chaos.cases.clock_jumps import jump

    jump(by, int(at))


def flush(seconds: float, stall: float, every: float) -> None:
    """Every flush takes so much longer, and each so-manieth stalls."""
    calls = [0]

    def over(do: Callable[[int], Any]) -> Callable[[int], Any]:
        def slow(file: int) -> Any:
            calls[0] += 1
            time.sleep(stall if calls[0] % int(every) == 0 else seconds)
            return do(file)

        return slow

    os.fsync, os.fdatasync = over(os.fsync), over(os.fdatasync)  # type: ignore[assignment]


FAULTS: dict[str, Callable[..., None]] = {"clock": clock, "flush": flush}

if __name__ == "__main__":
    sys.exit(main())
