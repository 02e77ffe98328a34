"""A slice of benchmarks/fuzz_config.py, which reads 10,000."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

PROGRAM = Path(__file__).parents[2] / "benchmarks" / "fuzz_config.py"


@pytest.fixture
def fuzz(monkeypatch) -> ModuleType:
    found = importlib.util.spec_from_file_location("fuzz_config", PROGRAM)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    monkeypatch.setitem(sys.modules, "fuzz_config", module)
    found.loader.exec_module(module)
    return module


def test_mutated_configs_give_problems_with_a_line_and_never_a_traceback(fuzz):
    summary = fuzz.run(120, seed=1)
    assert summary.failures == []
    assert summary.cases == 120
    assert summary.messages > 60
    assert len(summary.kinds) > 30
