"""A small sweep with a registered model, made once and copied by tests that change it."""

from __future__ import annotations

from pathlib import Path

from sweeper import app

CONFIG = """
name: trees
seed: 3
data: {source: table.csv, target: kind}
cv: 3
metric: accuracy
model:
  estimator: sklearn.tree.DecisionTreeClassifier
  parameters: {max_depth: {min: 1, max: 4}, min_samples_leaf: {values: [1, 5]}}
search: {sampler: random, pruner: none}
budget: {trials: 2}
tracking: none
"""


def table() -> str:
    rows = [f"{i % 7},{i % 5},{i % 3},{'yes' if i % 7 > i % 5 else 'no'}" for i in range(120)]
    return "\n".join(["a,b,c,kind", *rows]) + "\n"


def make(folder: Path, *overrides: str, name: str | None = None) -> Path:
    """Launches the sweep in `folder`; the root with its registry."""
    (folder / "table.csv").write_text(table())
    (folder / "trees.yaml").write_text(CONFIG)
    root = folder / "sweeps"
    ended = app.launch(
        folder / "trees.yaml", overrides=overrides, name=name, root=root, inline=True
    )
    assert ended.exit_code == 0, ended.state.reason
    return root
