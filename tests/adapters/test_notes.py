"""What a lease notes is read as it was written, whatever moment the reader comes at."""

from __future__ import annotations

import os
import signal
from dataclasses import replace

import pytest

from sweeper.core.records import RunKey
from sweeper.execution import notes, processes
from sweeper.execution.notes import Notebook


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    monkeypatch.setattr(notes, "folder", lambda launch: tmp_path)
    monkeypatch.setattr(processes, "adopt_orphans", lambda: None)
    monkeypatch.setattr(processes, "end_leftovers", lambda: None)
    monkeypatch.setenv(notes.MARK, "")
    made = Notebook("launch", lease=7)
    yield made
    made.leave()
    assert notes.read(tmp_path) == []


def test_the_latest_note_is_read(notebook, tmp_path):
    (empty,) = notes.read(tmp_path)
    assert (empty.lease, empty.pid, empty.run) == (7, os.getpid(), None)
    for number in range(5):
        notebook.begin(RunKey(number, -1, 2), memory=10**12, timeout=1.5)
        (begun,) = notes.read(tmp_path)
        assert (begun.run, begun.memory, begun.timeout) == (RunKey(number, -1, 2), 10**12, 1.5)
    notebook.end()
    (ended,) = notes.read(tmp_path)
    assert (ended.run, ended.memory, ended.timeout) == (None, None, None)


def test_a_note_that_is_being_written_leaves_the_one_before(notebook, tmp_path):
    notebook.begin(RunKey(1, 0, 1), None, None)
    (before,) = notes.read(tmp_path)
    notebook.begin(RunKey(2, 0, 1), None, None)
    (path,) = tmp_path.glob("*.note")
    whole = path.read_bytes()
    newest = max((0, len(whole) // 2), key=lambda at: whole[at])
    for cut in (0, 1, 20, 60):
        half = bytearray(whole)
        half[newest + cut] ^= 0xFF
        path.write_bytes(half)
        assert notes.read(tmp_path) == [before]


def test_a_reader_beside_a_writer_sees_whole_notes_in_order(notebook, tmp_path):
    if (writer := os.fork()) == 0:
        number = 0
        while True:
            number += 1
            notebook._say(replace(notebook._note, run=RunKey(number, number, number)))
    try:
        last = 0
        for _ in range(2000):
            (note,) = notes.read(tmp_path)
            if note.run is not None:
                assert note.run == RunKey(note.run.trial, note.run.trial, note.run.trial)
                assert note.run.trial >= last
                last = note.run.trial
        assert last
    finally:
        os.kill(writer, signal.SIGKILL)
        os.waitpid(writer, 0)


def test_an_exit_that_was_kept_from_a_lease_ends_the_process_after_it(notebook, monkeypatch):
    ended: list[int] = []
    monkeypatch.setattr(os, "_exit", os._exit)
    monkeypatch.setattr(notes, "_exit", ended.append)
    notebook.leave()
    notebook._exit(3)
    assert ended == [3]
