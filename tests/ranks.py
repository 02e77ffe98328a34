"""Gangs without Ray: warm processes that each call `sweeper.worker.run` as one rank."""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
from dataclasses import dataclass, field, replace

from sweeper import worker
from sweeper.core.records import RunKey
from sweeper.execution.gang import emptied, sound
from sweeper.ports import Order, Rank, RunResult

PATIENCE = 120


@dataclass
class Heard:
    """A channel that remembers; it says stop from its `stop_at`-th report on."""

    stop_at: int | None = None
    reports: list = field(default_factory=list)
    kept: list = field(default_factory=list)
    log: str = ""

    def report(self, step, metrics):
        self.reports.append((step, metrics))
        return self.stop_at is not None and len(self.reports) >= self.stop_at

    def checkpointed(self, checkpoint, room):
        self.kept.append(checkpoint)


@dataclass(frozen=True)
class Answer:
    """How one rank's run ended, and what its channel heard."""

    result: RunResult
    heard: Heard


def _serve(pipe):
    terminal = os.dup(2)
    while (asked := pipe.recv()) is not None:
        job, order, heard = asked
        faulthandler.dump_traceback_later(PATIENCE - 5, file=terminal)
        result = worker.run(job, order, heard)
        faulthandler.cancel_dump_traceback_later()
        pipe.send(Answer(result, heard))


class Gang:
    """So many processes, used again for every run."""

    def __init__(self, world_size):
        context = multiprocessing.get_context("spawn")
        self.pipes, self.processes, self.store = [], [], None
        for _ in range(world_size):
            here, there = context.Pipe()
            process = context.Process(target=_serve, args=(there,), daemon=True)
            process.start()
            self.pipes.append(here)
            self.processes.append(process)

    def run(
        self, job, fold=0, seed=5, attempt=1, storage="", checkpoint=None, stop_at=None, **params
    ):
        """One order done by all ranks: their answers, in order."""
        from torch.distributed import TCPStore

        size = len(self.pipes)
        store = self.store or TCPStore("127.0.0.1", 0, size, is_master=True, wait_for_workers=False)
        key = RunKey(0, fold, attempt)
        order = Order(key, params, seed, storage=storage, checkpoint=checkpoint)
        for rank, pipe in enumerate(self.pipes):
            place = Rank(rank, size, rank, size, 0, "127.0.0.1", store.port)
            pipe.send((job, replace(order, rank=place), Heard(stop_at)))
        answers = [self._answer(pipe) for pipe in self.pipes]
        self.store = emptied(store) if all(sound(answer.result) for answer in answers) else None
        return answers

    @staticmethod
    def _answer(pipe):
        if not pipe.poll(PATIENCE):
            raise TimeoutError("a rank did not answer")
        return pipe.recv()

    def close(self):
        for pipe, process in zip(self.pipes, self.processes, strict=True):
            pipe.send(None)
            process.join(5)
            process.kill()
