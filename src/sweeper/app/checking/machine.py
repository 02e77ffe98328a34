"""Checks of this machine."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from sweeper.app.checking.check import Check

ROOM = 1 << 30
"""Bytes that should be free where sweeps are kept."""


def packages() -> Iterator[Check]:
    from importlib.metadata import PackageNotFoundError, version

    yield Check(
        "python", sys.version_info >= (3, 11), sys.version.split()[0], "install 3.11 or later"
    )
    for package in ("ray", "optuna", "scikit-learn", "mlflow-skinny", "pandas", "sqlalchemy"):
        try:
            yield Check(package, True, version(package))
        except PackageNotFoundError:
            yield Check(package, False, "not installed", f"pip install {package}")
    for package, gives in (("torch", "the gp sampler and torch models"), ("xgboost", "its models")):
        try:
            yield Check(package, True, version(package))
        except PackageNotFoundError:
            yield Check(package, True, f"not installed; optional, for {gives}")


def room(root: Path) -> Iterator[Check]:
    place = root if root.exists() else Path()
    free = shutil.disk_usage(place).free
    yield Check("disk", free >= ROOM, f"{free / 1e9:.1f} GB free at {place.resolve()}", "make room")
