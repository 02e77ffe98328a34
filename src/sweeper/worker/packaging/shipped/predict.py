"""Scores a CSV file with the model in this folder: python predict.py DATA [OUT].

Every file is checked against manifest.json first. Needs what requirements.txt names.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

sys.dont_write_bytecode = True  # the folder holds what its manifest says and nothing else

MANIFEST = "manifest.json"


def main() -> int:
    """0: scored; 1: the package or the model fails; 2: the file is not one for this model."""
    parser = argparse.ArgumentParser(description="score the rows of a CSV file")
    parser.add_argument("data", help="a CSV file with the model's columns")
    parser.add_argument("out", nargs="?", help="where to write the answers (stdout)")
    parser.add_argument("--ignore-extra", action="store_true", help="unknown columns are fine")
    arguments = parser.parse_args()
    folder = Path(__file__).resolve().parent
    wrong = list(changed(folder))
    if wrong:
        return fail(1, "this package is not as it was exported: " + "; ".join(wrong))
    sys.path[:0] = [str(folder), str(folder / "code")]
    table, loading = importlib.import_module("table"), importlib.import_module("loading")
    facts = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    try:
        cells = table.read(Path(arguments.data))
        rows = table.typed(cells, facts["columns"], facts["known"], arguments.ignore_extra)
    except table.Unscorable as error:
        return fail(2, f"{arguments.data} cannot be scored by {facts['model']}:\n{error}")
    model = loading.load(folder, facts)
    answers = table.scored(model, rows.to_numpy() if facts["array"] else rows)
    text = answers.to_csv(index=False)
    if arguments.out:
        put(Path(arguments.out), text)
    else:
        sys.stdout.write(text)
    return 0


def changed(folder: Path) -> Iterator[str]:
    """What of the folder is not as the manifest has it."""
    expected = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
    paths = (path for path in folder.rglob("*") if path.is_file())
    found = {path.relative_to(folder).as_posix() for path in paths} - {MANIFEST}
    for name in sorted(found | expected.keys()):
        if name not in found:
            yield f"{name} is gone"
        elif name not in expected:
            yield f"{name} was not there"
        elif hashlib.sha256((folder / name).read_bytes()).hexdigest() != expected[name]:
            yield f"{name} has been changed"


def put(path: Path, text: str) -> None:
    """Whole, or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def fail(code: int, message: str) -> int:
    print(message, file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
