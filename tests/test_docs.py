"""What the pages tell people to type is what the program takes; their configs are good ones."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from sweeper.app.prepare import prepare
from sweeper.cli.main import build

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("configs/**/README.md"),
        *ROOT.glob("cluster/*.md"),
    ],
    key=str,
)
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)[^)]*\)")
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def blocks(language):
    """(page, text) of every fenced block of a language."""
    return [
        (str(page.relative_to(ROOT)), text)
        for page in PAGES
        for found, text in FENCE.findall(page.read_text(encoding="utf-8"))
        if found == language
    ]


def commands(program):
    """(page, words) of every line of a bash block that calls a program."""
    lines = [(page, line) for page, text in blocks("bash") for line in text.splitlines()]
    words = [(page, shlex.split(line, comments=True)) for page, line in lines]
    return [(page, found) for page, found in words if found and found[0] == program]


def configs():
    return [(page, text) for page, text in blocks("yaml") if text.startswith("name:")]


def test_the_pages_are_there_to_be_checked():
    assert {"README.md", "docs/config.md", "cluster/README.md"} <= {
        str(page.relative_to(ROOT)) for page in PAGES
    }
    assert len(commands("sweeper")) > 15
    assert len(configs()) >= 3


@pytest.mark.parametrize(("page", "words"), commands("sweeper"))
def test_a_command_in_a_page_is_one_that_sweeper_takes(page, words):
    arguments = build().parse(words[1:])
    config = Path(getattr(arguments, "config", "") or "")
    if config.parts[:1] == ("configs",):
        assert (ROOT / config).is_file()


@pytest.mark.parametrize(("page", "words"), commands("make"))
def test_a_make_command_in_a_page_has_its_target(page, words):
    assert set(words[1:]) <= TARGETS


@pytest.mark.parametrize(("page", "text"), configs())
def test_a_whole_config_in_a_page_would_launch(page, text, tmp_path):
    beside = tmp_path / "configs"
    shutil.copytree(
        ROOT / "configs", beside, ignore=shutil.ignore_patterns("sweeps", "__pycache__")
    )
    path = beside / "from_a_page.yaml"
    path.write_text(text, encoding="utf-8")
    said = []
    assert prepare(path, (), None, said.append).dataset is not None
    assert not [line for line in said if line.startswith("warning")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_link_in_a_page_leads_somewhere(page):
    links = LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_example_is_named_in_the_readme():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [
        p.name for p in (ROOT / "configs").glob("*.yaml") if f"configs/{p.name}" not in text
    ] == []
