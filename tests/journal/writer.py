"""A process that writes a journal and says what was acknowledged, until it is killed.

python writer.py DIRECTORY [URL] [--pause-inside N]

Prints `held`, then the number of events after each append; at the end, if it gets there, the
name of the error. With --pause-inside it stops itself inside the transaction of append N.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import threading
from pathlib import Path

from sweeper.core.events import StopAsked
from sweeper.journal.places import OnFile, OnServer
from sweeper.ports import SweeperError

MOST = 6
"""Events of one append, at most."""


def environment() -> dict[str, str]:
    """For processes of these tests: where sweeper and the tests are."""
    tests = Path(__file__).parents[1]
    return {**os.environ, "PYTHONPATH": f"{tests.parent / 'src'}:{tests}"}


def place(directory: Path, url: str | None) -> OnFile | OnServer:
    return OnServer(directory, url, directory.name) if url else OnFile(directory)


def some(rng: random.Random, length: int) -> list[list[StopAsked]]:
    """Records whose events say their own number."""
    records = []
    for _ in range(rng.randint(1, 3)):
        size = rng.randint(1, MOST // 3)
        records.append([event(length + 1 + i) for i in range(size)])
        length += size
    return records


def event(number: int) -> StopAsked:
    return StopAsked(float(number), "x" * (number * 37 % 500))


def pause_inside(append: int) -> None:
    """The lease's N-th renewal by an append is followed by SIGSTOP, its row still locked."""
    from sweeper.journal.sql import Lease

    renew, seen = Lease.renew, []

    def renewed(self, connection):
        renew(self, connection)
        if threading.current_thread() is not threading.main_thread():
            return  # a beat of the lease's own thread
        seen.append(1)
        if len(seen) == append:
            os.kill(os.getpid(), signal.SIGSTOP)

    Lease.renew = renewed


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    parser.add_argument("url", nargs="?")
    parser.add_argument("--pause-inside", type=int)
    arguments = parser.parse_args()
    if arguments.pause_inside:
        pause_inside(arguments.pause_inside)
    rng = random.Random(os.getpid())
    try:
        with place(arguments.directory, arguments.url).hold() as journal:
            print("held", flush=True)
            while True:
                journal.append(some(rng, journal.length()))
                print(journal.length(), flush=True)
    except SweeperError as error:
        print(type(error).__name__, error, flush=True)


if __name__ == "__main__":
    main()
