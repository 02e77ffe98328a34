"""Writes docs/registry.md: what the registry can be asked, with a transcript of asking it.

Run it again with `python docs/make_registry.py` after a change of what a command says. The
commands really run, one after the other, on a registry that two example sweeps fill.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sweeper.cli.main import main

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "docs" / "registry.md"
TEXT = FILE.with_name("registry.in.md")

FENCE = re.compile(r"```console\n(.*?)```", re.DOTALL)


def content() -> str:
    """The whole page: the text, in which every command stands with what it said."""
    with tempfile.TemporaryDirectory() as folder, _at_home(Path(folder) / "sweeps"):
        return FENCE.sub(lambda found: _spoken(found.group(1), Path(folder)), TEXT.read_text())


def _spoken(block: str, folder: Path) -> str:
    said = [line for command in block.splitlines() for line in _run(command, folder)]
    return "\n".join(["```console", *said, "```"])


def _run(command: str, folder: Path) -> Iterator[str]:
    """The command as typed, what it wrote to the terminal, and how it exited if not well.

    `| tail -N` is the transcript's own, for what is long.
    """
    typed, _, tail = command.partition(" | tail -")
    words = shlex.split(typed.removeprefix("$ ").partition(" #")[0])
    told = io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        code = main(words[1:])
    lines = told.getvalue().replace(str(folder.resolve()), "").replace("/sweeps", "sweeps")
    shown = [line.replace(str(ROOT), "~/sweeper").rstrip() for line in lines.splitlines()]
    yield command
    yield from shown[-int(tail) :] if tail else shown
    if code:
        yield f"(exit code {code})"


@contextlib.contextmanager
def _at_home(sweeps: Path) -> Iterator[None]:
    """The commands run where the page is read: in the project's folder, on 100 columns."""
    before = Path.cwd(), dict(os.environ)
    os.chdir(ROOT)
    os.environ |= {"SWEEPER_DIR": str(sweeps.resolve()), "COLUMNS": "100"}
    try:
        yield
    finally:
        os.chdir(before[0])
        os.environ.clear()
        os.environ.update(before[1])


if __name__ == "__main__":
    FILE.write_text(content(), encoding="utf-8")
