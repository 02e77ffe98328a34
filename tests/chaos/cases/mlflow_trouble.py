"""MLflow locked, slow, deleted, absent or erring while a sweep runs with tracking on.

The sweep must not notice; afterwards everything is in MLflow, once: one parent run, one child
run a trial, each with its status and its value.
"""

from __future__ import annotations

import functools
import http.server
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from chaos.checking import acknowledged, doctor, losses, repeats, sound
from chaos.processes import wait_for
from chaos.result import Result
from chaos.sweeps import Sweep, ended, finish, said, start
from chaos.tally import Tally

TRIALS = 8
CONFIG = """
data: {source: "sklearn:iris", target: target, holdout: none}
cv: 3
metric: accuracy
train: acts:unhurried
parameters: {x: {min: 0.5, max: 1.0}}
search: {sampler: random, pruner: none, concurrency: 1}
budget: {trials: 8}
register: none
"""
ENDED = "WHERE status != 'RUNNING'"
LATEST = 200.0
"""Seconds: a tracker of a launch before has two minutes to give up on its own store."""

DEAD = "http://127.0.0.1:9"
"""Nobody listens there."""


def run(count: int, seed: int, folder: Path) -> Result:
    """Each trouble once."""
    del count, seed
    tally = Tally()
    for trouble in (_locked, _slow, _deleted, _absent, _erring):
        sweep = Sweep(folder / trouble.__name__, "tracked").configure(CONFIG)
        tally.inject(trouble.__name__.lstrip("_"), functools.partial(trouble, sweep))
    return tally.result("mlflow", "locked for the whole sweep, slow, deleted, absent, erring")


def _locked(sweep: Sweep) -> tuple[int, int]:
    """Another process holds SQLite's write lock from the first runs to after the end."""
    return _during(sweep, lambda: _holding(_tables(sweep)))


def _slow(sweep: Sweep) -> tuple[int, int]:
    """The write lock is held half of the time, half a second each."""
    return _during(sweep, lambda: _now_and_then(_tables(sweep)))


def _deleted(sweep: Sweep) -> tuple[int, int]:
    """The database and everything beside it is removed under the tracker."""

    @contextmanager
    def removed() -> Iterator[None]:
        for path in sweep.root.glob("mlflow.db*"):
            path.unlink()
        yield

    return _during(sweep, removed)


def _absent(sweep: Sweep) -> tuple[int, int]:
    """No server answers during the sweep; the next launch has a store that does."""
    took = finish(sweep, "--inline", "--set", f"tracking.uri={DEAD}")
    assert took < 150, f"it took {took:.0f} s without MLflow"
    before = acknowledged(sweep)
    sound(sweep)
    finish(sweep, "--inline", "--set", "budget.trials=9")
    return _once(sweep, 9, losses(before, sweep))


def _erring(sweep: Sweep) -> tuple[int, int]:
    """A server answers everything with 500."""
    with _answering_500() as uri:
        finish(sweep, "--inline", "--set", f"tracking.uri={uri}")
    before = acknowledged(sweep)
    sound(sweep)
    finish(sweep, "--inline", "--set", "budget.trials=9")
    return _once(sweep, 9, losses(before, sweep))


def _during(sweep: Sweep, trouble: Callable[[], object]) -> tuple[int, int]:
    """The trouble begins when MLflow has its first runs and ends when the sweep has ended."""
    with ended(start(sweep, "--inline")) as process:
        wait_for(lambda: _rows(sweep) >= 2, 90, "MLflow has the first runs", process)
        with trouble():  # type: ignore[attr-defined]
            wait_for(lambda: _over(sweep), 90, "the sweep goes on to its end")
        code = process.wait(200)
    assert code == 0, f"exit code {code}: {said(sweep)[-2000:]}"
    before = acknowledged(sweep)
    finish(sweep, "--inline")  # whatever tracking still owes, the next launch writes
    return _once(sweep, TRIALS, losses(before, sweep))


def _over(sweep: Sweep) -> bool:
    return b'"type":"SweepFinished"' in sweep.journal.read_bytes()


def _once(sweep: Sweep, trials: int, lost: int) -> tuple[int, int]:
    """One parent, one child a trial, all ended, each with its value."""
    state = sound(sweep)
    wait_for(lambda: _rows(sweep, ENDED) >= trials + 1, LATEST, "everything is in MLflow")
    with closing(sqlite3.connect(_tables(sweep))) as tables:
        runs = tables.execute("SELECT run_uuid, status FROM runs").fetchall()
        tagged = tables.execute("SELECT run_uuid, value FROM tags WHERE key = 'sweeper.trial'")
        numbers = {run: int(value) for run, value in tagged}
        parameters = dict(tables.execute("SELECT run_uuid, value FROM params WHERE key = 'x'"))
    assert len(runs) == trials + 1, f"{len(runs)} runs for {trials} trials"
    assert sorted(numbers.values()) == list(range(trials)), sorted(numbers.values())
    assert {status for _, status in runs} == {"FINISHED"}, {status for _, status in runs}
    for run, number in numbers.items():
        assert float(parameters[run]) == state.trials[number].params["x"]
    doctor(sweep)
    return lost, repeats(sweep)


def _tables(sweep: Sweep) -> Path:
    return sweep.root / "mlflow.db"


def _rows(sweep: Sweep, which: str = "") -> int:
    """How many runs MLflow has; 0 where it has no tables yet."""
    if not _tables(sweep).exists():
        return 0
    with closing(sqlite3.connect(f"file:{_tables(sweep)}?mode=ro", uri=True)) as tables:
        try:
            return int(tables.execute(f"SELECT count(*) FROM runs {which}").fetchone()[0])
        except sqlite3.OperationalError:
            return 0


@contextmanager
def _holding(path: Path) -> Iterator[None]:
    """SQLite's write lock, for as long as the block takes."""
    with closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as tables:
        tables.execute("BEGIN EXCLUSIVE")
        yield
        tables.execute("ROLLBACK")


@contextmanager
def _now_and_then(path: Path) -> Iterator[None]:
    over = threading.Event()

    def hold() -> None:
        while not over.wait(0.5):
            with _holding(path):
                over.wait(0.5)

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


class _Refusing(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_error(500)

    do_POST = do_PUT = do_PATCH = do_GET

    def log_message(self, *words: object) -> None:
        """Says nothing."""


@contextmanager
def _answering_500() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Refusing)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
