"""Strict YAML: what it reads, what it refuses, and where it says the fault is."""

from __future__ import annotations

import math

import pytest
import yaml

from sweeper.config import yaml_reader
from sweeper.config.problems import Findings, rendered
from sweeper.config.tree import Table, value_of
from sweeper.config.yaml_reader import MOST_BYTES, decode, read_document, write


def problems(text: str) -> list[str]:
    findings = Findings()
    read_document(text, "c.yaml", findings)
    return list(rendered(findings.problems))


def value(text: str) -> object:
    findings = Findings()
    tree = read_document(f"a: {text}", "c.yaml", findings)
    assert not findings.problems
    assert tree is not None
    return value_of(tree)["a"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1e-3", 0.001),
        ("1e3", 1000.0),
        ("10", 10),
        ("-7", -7),
        ("0x1F", 31),
        ("0o17", 15),
        (".5", 0.5),
        ("1.", 1.0),
        ("-.inf", -math.inf),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("off", "off"),
        ("1:30", "1:30"),
        ("2024-01-31", "2024-01-31"),
        ("1_000", "1_000"),
        ('"010"', "010"),
        ("'1e3'", "1e3"),
        ("[1, a, null]", [1, "a", None]),
        ("{0: 1, b: 2.0}", {0: 1, "b": 2.0}),
    ],
)
def test_scalars_mean_what_yaml_1_2_says(text, expected):
    found = value(text)
    assert found == expected
    assert type(found) is type(expected)


def test_not_a_number_is_a_number():
    assert math.isnan(value(".nan"))


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: 010\n", 2, "octal to some readers"),
        ("a: 1\nb: 1e999\n", 2, "too large"),
        (f"a: {'9' * 5000}\n", 1, "so many digits"),
        ("a: 1\nb: 2\na: 3\n", 3, "stands twice, first on line 1"),
        ("a:\n  b: 1\n  b: 2\n", 3, "stands twice"),
        ("a: &x 1\n", 1, "anchors"),
        ("a: 1\nb: *x\n", 2, "aliases"),
        ("a: !!python/name:os.system x\n", 1, "tags"),
        ("a: 1\nb: !!str 5\n", 2, "tags"),
        ("a: 1\n---\nb: 2\n", 2, "second document"),
        ("? [1, 2]\n: 3\n", 1, "a key is a list"),
        ("a: 1\n\tb: 2\n", 2, "not YAML"),
        ("a:\n\tb: 2\n", 2, "a tab is not allowed"),
        ("a: b: c\n", 1, "wants quotes"),
        ("a: [1, 2\nb: 3\n", 2, "bracket is not closed"),
        ('a: "x\n', 2, "not closed"),
        ('a: "\\0"\n', 1, "control character"),
        ("- 1\n- 2\n", 1, "expected keys at the top"),
        ("just text\n", 1, "expected keys at the top"),
        ("", 1, "is empty"),
        ("# only a comment\n", 1, "is empty"),
    ],
)
def test_what_is_no_config_is_refused_with_its_line(text, line, words):
    found = problems(text)
    assert len(found) == 1
    assert found[0].startswith(f"c.yaml:{line}: ")
    assert words in found[0]


def test_an_expansion_bomb_is_refused_at_its_first_alias():
    levels = [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9)]
    found = problems("\n".join(["a0: &a0 [x]", *levels]))
    assert any("aliases" in problem for problem in found)


@pytest.mark.parametrize("text", ["a: " + "[" * 5000, "a: " + "{a: " * 1000, "- " * 1000])
def test_deep_nesting_is_a_problem_and_no_recursion_error(text):
    assert "nested deeper than 40" in problems(text)[0]


def test_the_pure_python_parser_refuses_the_same(monkeypatch):
    monkeypatch.setattr(yaml_reader, "_LOADER", yaml.SafeLoader)
    assert "not YAML" in problems('a: "\\UFFFFFFFF"\n')[0]
    assert "control character" in problems('a: "\\ud800"\n')[0]
    assert "stands twice" in problems("a: 1\na: 2\n")[0]


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (b"a: 1\nb: \xff\n", 2, "not UTF-8"),
        ("a: 1\n".encode("utf-16"), 1, "not UTF-8"),
        (b"a: 1\nb: \x07\n", 2, "U+0007"),
        (b"a" * (MOST_BYTES + 1), 1, "bytes"),
    ],
)
def test_bytes_that_are_no_text_are_refused_with_their_line(content, line, words):
    findings = Findings()
    assert decode(content, "c.yaml", findings) is None
    assert str(findings.problems[0]).startswith(f"c.yaml:{line}: ")
    assert words in str(findings.problems[0])


def test_a_byte_order_mark_and_windows_line_ends_are_accepted():
    findings = Findings()
    text = decode(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n", "c.yaml", findings)
    tree = read_document(text or "", "c.yaml", findings)
    assert isinstance(tree, Table)
    assert value_of(tree) == {"a": 1, "b": 2}


def test_every_key_and_value_knows_its_line_and_column():
    tree = read_document("a: 1\nb:\n  c: [x, y]\n", "c.yaml", Findings())
    assert tree is not None
    entry = tree.entries[1].value.entries[0]
    assert (entry.key.mark.line, entry.key.mark.column) == (3, 3)
    assert (entry.value.items[1].mark.line, entry.value.items[1].mark.column) == (3, 10)


def test_what_is_written_reads_back_as_the_same():
    text = 'a: "010"\nb: 1:30\nc: [null, {d: 1e-3}, "", \'yes\', "x: y"]\ne: {}\nf: "#"\n'
    tree = read_document(text, "c.yaml", Findings())
    assert tree is not None
    again = read_document(write(tree), "c.yaml", Findings())
    assert again is not None
    assert value_of(again) == value_of(tree)
