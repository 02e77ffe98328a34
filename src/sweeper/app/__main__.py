"""What is started beside a launch: `follow` by the launch itself, `supervise` as a cluster's job,
`ask` by who asks from outside the cluster."""

from __future__ import annotations

import sys
from pathlib import Path

from sweeper.app.following import follow


def main(argv: list[str]) -> int:
    what, *rest = argv
    if what == "follow":
        return follow(Path(rest[0]))
    if what == "supervise":
        from sweeper.app.supervising import supervise

        return supervise(rest)
    from sweeper.app.asking import answer

    return answer(rest)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
