"""SIGKILL of a process that appends, at random moments; `tests/chaos` does more of them."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from pathlib import Path

from journal.writer import MOST, environment, event, place

WRITER = Path(__file__).with_name("writer.py")


class Writer:
    """The process. `said` grows with every line that it prints."""

    def __init__(self, directory: Path, url: str | None = None, *options: str) -> None:
        directory.mkdir(exist_ok=True)
        command = [sys.executable, str(WRITER), str(directory), *([url] if url else []), *options]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env=environment()
        )
        self.said: list[str] = []
        self._more = threading.Condition()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def wait_for(self, lines: int) -> None:
        """Until it has said so much."""
        with self._more:
            assert self._more.wait_for(lambda: len(self.said) >= lines, 60), self.said[-3:]

    def end(self) -> list[str]:
        """Everything it said, once it has ended."""
        self._thread.join(60)
        self.process.wait(60)
        return self.said

    def kill(self) -> int:
        """SIGKILL; the number of events that it knew to be durable."""
        self.process.kill()
        said = self.end()
        return int(said[-1]) if said[-1].isdigit() else 0

    def _listen(self) -> None:
        for line in self.process.stdout:
            with self._more:
                self.said.append(line.strip())
                self._more.notify_all()


def kills(count: int, folder: Path, url: str | None, seed: int) -> int:
    """So many writers, each of a sweep of its own, killed after a random number of appends.

    Every acknowledged event is there, and of the rest at most one append.
    """
    rng = random.Random(seed)
    for start in range(0, count, 4):
        names = [f"killed-{start + i}" for i in range(min(4, count - start))]
        writers = [Writer(folder / name, url) for name in names]
        for name, writer in zip(names, writers, strict=True):
            writer.wait_for(rng.randint(1, 60))
            survived(folder / name, url, writer.kill())
    return count


def survived(directory: Path, url: str | None, acknowledged: int) -> None:
    found = list(place(directory, url).read())
    assert found == [event(n) for n in range(1, len(found) + 1)]
    assert acknowledged <= len(found) <= acknowledged + MOST
