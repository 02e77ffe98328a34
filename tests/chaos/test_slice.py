"""A small slice of `make chaos` that always runs: what needs no Ray, a few injections each."""

from __future__ import annotations

import os
import subprocess
import sys

from chaos.sweeps import PATHS


def test_a_slice_of_every_kind_of_injection_holds(tmp_path):
    """In a process of its own: the suite forks, and wants a parent with one thread."""
    cases = ["boundaries", "registration", "journal"]
    done = subprocess.run(
        [sys.executable, "-m", "chaos", "--only", *cases, "--scale", "0.002"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": PATHS},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
