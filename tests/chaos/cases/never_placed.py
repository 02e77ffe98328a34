"""Resources that no node can ever give: an error in the first seconds, nothing left behind."""

from __future__ import annotations

import time
from pathlib import Path

from chaos.result import Result
from chaos.sweeps import CONFIGS, Sweep, ended, said, start
from chaos.tally import Tally

ASKED = {
    "cpus": ("{cpus: 1000}", "1000 CPU"),
    "gpus": ("{cpus: 1, gpus: 64}", "64 GPU"),
    "memory": ("{cpus: 1, memory: 900GB}", "memory"),
}
WITHIN = 30.0
"""Seconds from typing the command: Python, the imports and the start of Ray among them."""


def run(count: int, seed: int, folder: Path) -> Result:
    """CPUs, GPUs and memory that are not there."""
    del count, seed
    tally, seconds = Tally(), {}
    for what, (resources, named) in ASKED.items():
        sweep = Sweep(folder / what, what).configure(
            CONFIGS["trained"] + f"resources: {resources}\n"
        )

        def act(sweep: Sweep = sweep, what: str = what, named: str = named) -> tuple[int, int]:
            began = time.monotonic()
            with ended(start(sweep)) as process:
                code = process.wait(120)
            seconds[what] = time.monotonic() - began
            return _told(code, said(sweep), named, seconds[what])

        tally.inject(what, act)
    figures = ", ".join(f"{what} after {took:.1f} s" for what, took in seconds.items())
    autoscaling = "an autoscaling cluster that may grow: there is none here"
    return tally.result("never placed", figures, left_out=(autoscaling,))


def _told(code: int, text: str, named: str, seconds: float) -> tuple[int, int]:
    assert code == 1, f"exit code {code}: {text[-1000:]}"
    assert "Traceback" not in text, text[-2000:]
    assert named in text, f"it does not name what was asked: {text[-1000:]}"
    assert "the biggest node has" in text, text[-1000:]
    assert seconds < WITHIN, f"only after {seconds:.1f} s"
    return 0, 0
