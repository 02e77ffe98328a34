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
    with tempfile.TemporaryDirectory() as folder, _at_home(Path(folder)):
        return FENCE.sub(lambda found: _spoken(found.group(1), Path(folder)), TEXT.read_text())


def _spoken(block: str, folder: Path) -> str:
    said = [line for command in block.splitlines() for line in _run(command, folder)]
    return "\n".join(["```console", *said, "```"])


def _run(command: str, folder: Path) -> Iterator[str]:
    """The command as typed, the facts that it told (where it had none, its message), and how it
    exited if not well.

    `| tail -N` is the transcript's own, for what is long.
    """
    typed, _, tail = command.partition(" | tail -")
    words = shlex.split(typed.removeprefix("$ ").partition(" #")[0])
    facts, messages = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(facts), contextlib.redirect_stderr(messages):
        code = main(words[1:])
    told = facts.getvalue() or messages.getvalue()
    lines = told.replace(f"{folder.resolve()}/", "").replace(str(ROOT), "~/sweeper")
    shown = [line.rstrip() for line in lines.splitlines()]
    yield command
    yield from shown[-int(tail) :] if tail else shown
    if code:
        yield f"(exit code {code})"


@contextlib.contextmanager
def _at_home(folder: Path) -> Iterator[None]:
    """The commands run in a folder that has the examples and nothing else, on 100 columns."""
    before = Path.cwd(), dict(os.environ)
    (folder / "configs").symlink_to(ROOT / "configs")
    os.chdir(folder)
    os.environ["COLUMNS"] = "100"
    os.environ.pop("SWEEPER_DIR", None)
    try:
        yield
    finally:
        os.chdir(before[0])
        os.environ.clear()
        os.environ.update(before[1])


if __name__ == "__main__":
    FILE.write_text(content(), encoding="utf-8")
