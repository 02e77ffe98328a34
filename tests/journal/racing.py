"""Two processes that want the same sweeps at the same moment; `tests/chaos` does more races.

`python racing.py FOLDER COUNT [URL]` is one of them: it waits for a line, then tries to hold
COUNT sweeps at once, says what came of each, and holds on until its standard input ends.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

from journal.writer import environment, place
from sweeper.ports import SweepHeld

AT_ONCE = 20


def races(count: int, folder: Path, url: str | None) -> int:
    """In each of so many races exactly one holds, and the other is told who."""
    for start in range(0, count, AT_ONCE):
        some = min(AT_ONCE, count - start)
        within = folder / f"from-{start}"
        for n in range(some):
            (within / f"{within.name}-{n}").mkdir(parents=True)
        outcomes = _race(within, some, url)
        assert len(outcomes) == 2
        for n in range(some):
            (one, said), (other, told) = ((pid, found[str(n)]) for pid, found in outcomes.items())
            winner, loser = (one, told) if said == "held" else (other, said)
            assert {said, told} == {"held", loser}, (said, told)
            assert f"process {winner} on" in loser
    return count


def _race(folder: Path, count: int, url: str | None) -> dict[int, dict[str, str]]:
    command = [sys.executable, __file__, str(folder), str(count), *([url] if url else [])]
    pipe = subprocess.PIPE
    both = [
        subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment())
        for _ in range(2)
    ]
    for process in both:
        assert process.stdout.readline() == "ready\n"
    for process in both:
        process.stdin.write("go\n")
        process.stdin.flush()
    found = {process.pid: json.loads(process.stdout.readline()) for process in both}
    for process in both:
        process.stdin.close()
        assert process.wait(60) == 0
    return found


def _try(directory: Path, url: str | None, said: dict[str, str], n: int, done: threading.Barrier):
    try:
        with place(directory, url).hold():
            said[str(n)] = "held"
            done.wait()
            _ENDED.wait()
    except SweepHeld as error:
        said[str(n)] = str(error)
        done.wait()


_ENDED = threading.Event()


def main(folder: Path, count: int, url: str | None) -> None:
    if url:
        import sweeper.journal.sql  # noqa: F401  (so that the race is not one of imports)
    said: dict[str, str] = {}
    done = threading.Barrier(count + 1)
    threads = [
        threading.Thread(target=_try, args=(folder / f"{folder.name}-{n}", url, said, n, done))
        for n in range(count)
    ]
    print("ready", flush=True)
    sys.stdin.readline()
    for thread in threads:
        thread.start()
    done.wait()
    print(json.dumps(said), flush=True)
    sys.stdin.read()
    _ENDED.set()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else None)
