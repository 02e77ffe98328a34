"""A full, broken or read-only disk at every write of a sweep.

By a fault layer: the N-th call that changes a file is refused, after half of its bytes, and
a full or read-only disk refuses all that follow. And really: a small tmpfs that runs full,
and one that is mounted read-only under a running sweep. Each time: exit 3 with a message
that names the file and what to do, no traceback; then, with room again, the sweep goes on
to the very trials of the undisturbed one.
"""

from __future__ import annotations

import functools
import os
import random
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chaos.checking import acknowledged, doctor, final, losses, repeats, same, sound
from chaos.faults import BROKEN, FULL, READ_ONLY, Layer, Refuse, lay_on_disk
from chaos.forked import Ended, forked
from chaos.result import Result
from chaos.sweeps import Sweep, boundaries, empty_tables, launch_here
from chaos.tally import Tally

FAULTS = {"full": (FULL, True), "broken": (BROKEN, False), "read-only": (READ_ONLY, True)}
"""What is refused, and whether everything after it is too."""

ROOM = 3 << 20
"""Bytes of the tmpfs, of which MLflow's tables take one million."""


def run(count: int, seed: int, folder: Path) -> Result:
    """At most `count` refusals, and up to ten of real file systems."""
    tables = empty_tables(folder)
    whole = Sweep(folder / "whole", "disk").configure("trained").with_tables(tables)
    calls = boundaries(whole)
    expected = final(sound(whole))
    places = [(at, kind) for at in range(len(calls)) for kind in FAULTS]
    chosen = sorted(random.Random(seed).sample(places, min(count, len(places))))
    tally = Tally()
    for at, kind in chosen:
        sweep = Sweep(folder / f"{at}-{kind}", "disk").configure("trained").with_tables(tables)
        number, ever = FAULTS[kind]
        act = functools.partial(_refused_once, sweep, Layer(Refuse(number), at, ever), expected)
        tally.within(f"{kind} [{at}] {calls[at]}", sweep.folder, act)
    real, refused = max(1, min(10, count // 20)), _refused_mount(folder / "small")
    for number in range(0 if refused else real):
        room = 2_000 + 40_000 * number // max(1, real - 1)
        act = functools.partial(_really, folder / "small", tables, expected, room)
        tally.inject(f"a tmpfs with {room} bytes left", act)
    return tally.result(
        "disk",
        f"{len(calls)} calls in one sweep, each full, broken and read-only",
        *([] if refused else [f"{real} times on a real tmpfs that ran full"]),
        left_out=refused,
    )


def _refused_once(sweep: Sweep, layer: Layer, expected: list[Any]) -> tuple[int, int]:
    def struck() -> int:
        lay_on_disk(layer, sweep.root)
        return launch_here(sweep)

    _told(forked(struck))
    return _goes_on(sweep, expected)


def _told(ended: Ended) -> None:
    """The launch says what is wrong and that it can be resumed; nothing looks like a defect.

    A call that it can do without may be refused and the launch end as if nothing had been.
    """
    said = ended.said[-3000:]
    assert "This is a defect of sweeper" not in said, f"it is shown as a defect:\n{said}"
    if ended.code == 0:
        return
    assert ended.code == 3, f"exit code {ended.code}, expected 3:\n{said}"
    assert "to resume:" in said.lower(), f"it does not say how to resume:\n{said}"
    assert any(os.strerror(number) in said for number, _ in FAULTS.values()), said


def _goes_on(sweep: Sweep, expected: list[Any]) -> tuple[int, int]:
    before = acknowledged(sweep)
    again = forked(lambda: launch_here(sweep))
    assert again.code == 0, f"the next launch exited with {again.code}: {again.said[-2000:]}"
    same(sweep, expected)
    doctor(sweep)
    return losses(before, sweep), repeats(sweep)


# --- real file systems ----------------------------------------------------------------


def _refused_mount(folder: Path) -> tuple[str, ...]:
    """Why there can be no tmpfs here; empty when there can."""
    folder.mkdir()
    try:
        with _mounted(folder):
            return ()
    except PermissionError as refused:
        return (f"a real tmpfs: {refused}",)


def _really(folder: Path, tables: Path, expected: list[Any], room: int) -> tuple[int, int]:
    """A tmpfs that is filled up to so many bytes before its end."""
    with _mounted(folder):
        sweep = Sweep(folder, "disk").configure("trained").with_tables(tables)
        ballast = _fill(folder / "ballast", room)
        _told(forked(lambda: launch_here(sweep)))
        ballast.unlink()
        return _goes_on(sweep, expected)


@contextmanager
def _mounted(folder: Path) -> Iterator[None]:
    """A tmpfs of its own; PermissionError where this user may not mount."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={ROOM},mode=0700", "chaos", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise PermissionError(f"mount is refused: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def _fill(path: Path, leave: int) -> Path:
    """A file that leaves so many bytes on its file system."""
    free = os.statvfs(path.parent)
    path.write_bytes(b"\0" * max(0, free.f_bavail * free.f_frsize - leave))
    return path
