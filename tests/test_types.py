"""What a type checker is told of the package is what is there."""

from __future__ import annotations

import ast
from importlib.resources import files

import sweeper


def test_the_stub_names_what_the_package_offers() -> None:
    body = ast.parse(files(sweeper).joinpath("__init__.pyi").read_text()).body
    imported = {
        alias.asname: getattr(sweeper, alias.name).__module__
        for node in body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    classes = {node.name for node in body if isinstance(node, ast.ClassDef)}
    assert imported.keys() | classes == set(sweeper.__all__)
    assert set(imported.values()) == {"sweeper.api"}
    assert files(sweeper).joinpath("py.typed").is_file()
