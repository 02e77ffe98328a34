"""A journal that is cut, padded or flipped.

Cuts and paddings are what a crash or a power cut leaves: the journal opens, what stood before
is all there, appending and opening again work. Flipped bits are damage: every one is found,
nothing behind it is believed, and `sweeper doctor` names the line.
"""

from __future__ import annotations

import functools
import random
import shutil
from pathlib import Path
from typing import Any

from chaos.checking import diagnosis, doctor, final, repeats, same, sound
from chaos.faults import Kill, Layer, lay_on_disk
from chaos.forked import forked
from chaos.result import Result
from chaos.sweeps import Sweep, boundaries, empty_tables, launch_here
from chaos.tally import Tally
from sweeper.core.events import Event, SweepInterrupted
from sweeper.journal.file import FileJournal, read
from sweeper.ports import JournalDamaged

MARK = SweepInterrupted(1e6, "appended after the cut")


def run(count: int, seed: int, folder: Path) -> Result:
    """`count` flips; every cut of the last three records; NUL tails; some launched from there."""
    rng, tally = random.Random(seed), Tally()
    tables = empty_tables(folder)
    whole = Sweep(folder / "whole", "torn").configure("trained").with_tables(tables)
    middle = len(boundaries(whole)) // 2
    killed = Sweep(folder / "killed", "torn").configure("trained").with_tables(tables)
    assert forked(lambda: _killed(killed, middle)).killed
    content = killed.journal.read_bytes()
    lines = content.splitlines(keepends=True)
    cuts = range(len(content) - sum(map(len, lines[-3:])), len(content))
    share = min(1.0, count / 1000)
    scratch = folder / "scratch.jsonl"
    for cut in rng.sample(cuts, max(1, round(share * len(cuts)))):
        tally.inject(f"cut at byte {cut}", functools.partial(_opens, scratch, content, cut, b""))
    for length in (1, 7, 511, 4096, 70_000):
        for cut in (len(content), len(content) - 20):
            act = functools.partial(_opens, scratch, content, cut, b"\0" * length)
            tally.inject(f"{length} NUL bytes from byte {cut}", act)
    for _ in range(count):
        bit = rng.randrange(8 * len(content))
        tally.inject(f"bit {bit} flipped", functools.partial(_found, scratch, content, bit))
    few = max(1, round(20 * share))
    expected = final(sound(whole))
    for number, cut in enumerate(rng.sample(cuts, few)):
        act = functools.partial(_goes_on, killed, folder / f"on-{number}", cut, expected)
        tally.inject(f"launched with the journal cut at byte {cut}", act)
    for number in range(few):
        bit = rng.randrange(8 * len(content))
        act = functools.partial(_named, killed, folder / f"doctor-{number}", bit)
        tally.inject(f"doctor after bit {bit} was flipped", act)
    return tally.result(
        "journal",
        f"{len(content)} bytes, {len(lines)} records, {len(cuts)} cuts in the last three",
        f"{count} flips all found; {few} cuts launched to the end; doctor named {few} lines",
    )


def _killed(sweep: Sweep, at: int) -> int:
    lay_on_disk(Layer(Kill(), at), sweep.root)
    return launch_here(sweep)


def _opens(path: Path, content: bytes, cut: int, tail: bytes) -> tuple[int, int]:
    """Opens with everything that is whole; a record appended to it is there when reopened."""
    path.write_bytes(content[:cut] + tail)
    kept = content[: content.rfind(b"\n", 0, cut) + 1]
    expected = _events(path.with_suffix(".kept"), kept)
    journal = FileJournal(path)
    try:
        assert list(journal.replay()) == expected, "it opened with other events"
        journal.append([[MARK]])
    finally:
        journal.close()
    assert list(read(path)) == [*expected, MARK], "what was appended is not all there"
    assert path.read_bytes().startswith(kept), "what was whole has been changed"
    return 0, 0


def _events(path: Path, content: bytes) -> list[Event]:
    path.write_bytes(content)
    return list(read(path))


def _found(path: Path, content: bytes, bit: int) -> tuple[int, int]:
    """Neither a reader nor a controller gets past the flipped bit."""
    path.write_bytes(_flipped(content, bit))
    number = content.count(b"\n", 0, bit // 8) + 1
    for look in (lambda: list(read(path)), lambda: FileJournal(path).close()):
        try:
            look()
        except JournalDamaged as found:
            damage = str(found)
        else:
            raise AssertionError("nobody noticed")
        assert f":{number}:" in damage, f"line {number} is not named: {damage}"
    return 0, 0


def _flipped(content: bytes, bit: int) -> bytes:
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def _goes_on(
    killed: Sweep, folder: Path, cut: int, expected: list[tuple[Any, ...]]
) -> tuple[int, int]:
    """A launch from a cut journal comes to the same trials."""
    shutil.copytree(killed.folder, folder)
    sweep = Sweep(folder, killed.name)
    sweep.journal.write_bytes(sweep.journal.read_bytes()[:cut])
    ended = forked(lambda: launch_here(sweep))
    assert ended.code == 0, f"exit code {ended.code}: {ended.said[-2000:]}"
    same(sweep, expected)
    doctor(sweep)
    return 0, repeats(sweep)


def _named(killed: Sweep, folder: Path, bit: int) -> tuple[int, int]:
    """`sweeper doctor` names the line; a launch refuses and leaves the file alone."""
    shutil.copytree(killed.folder, folder)
    sweep = Sweep(folder, killed.name)
    content = sweep.journal.read_bytes()
    number = content.count(b"\n", 0, bit // 8) + 1
    sweep.journal.write_bytes(_flipped(content, bit))
    wrong = [check for check in diagnosis(sweep) if check["name"] == "journal" and not check["ok"]]
    assert wrong, "doctor finds nothing wrong"
    text = f"{wrong[0]['found']} {wrong[0]['mend']}"
    assert f"journal.jsonl:{number}:" in text, f"line {number} is not named: {text}"
    ended = forked(lambda: launch_here(sweep))
    assert ended.code == 1, f"a launch exited with {ended.code}"
    assert f"journal.jsonl:{number}:" in ended.said, ended.said
    assert sweep.journal.read_bytes() == _flipped(content, bit), "the damaged file was changed"
    return 0, 0
