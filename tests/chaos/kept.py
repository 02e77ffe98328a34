"""Results of cases on disk, so that a long run can be stopped, divided and gone on with."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from chaos.report import commit
from chaos.result import Result


class Kept:
    """A file for each case. Only what this very commit, scale and seed gave is read; with
    `earlier` also what sources before these gave, which the result then names."""

    def __init__(self, folder: Path, scale: float, seed: int, earlier: bool = False) -> None:
        self._folder = folder
        self._earlier = earlier
        self._of = {"commit": commit(), "scale": scale, "seed": seed}
        self._any = {**self._of, "commit": ""}
        folder.mkdir(parents=True, exist_ok=True)

    def read(self, case: str) -> Result | None:
        path = self._folder / f"{case}.json"
        found = json.loads(path.read_text()) if path.exists() else {"of": {}}
        of = found["of"]
        if of != self._of and not (self._earlier and {**of, "commit": ""} == self._any):
            return None
        raw = found["result"]
        if of != self._of:
            raw["commit"] = of["commit"]
        told = {name: tuple(raw[name]) for name in ("notes", "left_out")}
        return Result(**{**raw, **told})

    def write(self, case: str, result: Result) -> None:
        text = json.dumps({"of": self._of, "result": dataclasses.asdict(result)}, indent=1)
        (self._folder / f"{case}.json").write_text(text)
