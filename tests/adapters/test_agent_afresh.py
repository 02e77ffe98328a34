"""An agent that could not look."""

from __future__ import annotations

from contract.bench import await_
from sweeper.execution import agent, notes
from sweeper.execution.line import Address


def test_after_a_look_that_failed_it_begins_anew(monkeypatch, tmp_path, capfd):
    looks = []

    def read(place):
        looks.append(place)
        if len(looks) == 1:
            raise OSError("too many open files")
        return []

    monkeypatch.setattr(notes, "folder", lambda launch: tmp_path)
    monkeypatch.setattr(notes, "here", str)
    monkeypatch.setattr(notes, "read", read)
    monkeypatch.setattr(agent, "AFRESH", 0.01)
    watching = agent.Agent("launch", Address("127.0.0.1", 1, b""))
    await_(lambda: len(looks) >= 3)
    assert "too many open files" in capfd.readouterr().err
    monkeypatch.setattr(notes, "raylet", lambda: 0)
    watching.close()
    assert not tmp_path.exists()
