"""Names that users choose, checked before they reach MLflow, whose own checks have holes."""

from __future__ import annotations

import re

from sweeper.ports import SweeperError

_LONGEST = 200


class UnknownVersion(SweeperError):
    """There is no such model or version; the message says what there is."""

    exit_code = 2


def check_model(name: str) -> str:
    """A registered model's name; SweeperError when it could be taken for a path or a query."""
    if not re.fullmatch(r"\w[\w .\-]*", name) or ".." in name or len(name) > _LONGEST:
        raise SweeperError(
            f"register.model is {name!r}: expected a letter, digit or underscore and then "
            f"letters, digits, spaces, '.', '-' and '_', at most {_LONGEST} characters"
        )
    return name


def check_alias(alias: str) -> str:
    """An alias; `latest`, `v3` and plain numbers already mean something else."""
    plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9_\-]*", alias)
    if not plain or len(alias) > _LONGEST or re.fullmatch(r"(?i)latest|v\d+", alias):
        raise SweeperError(
            f"alias {alias!r}: expected a letter and then letters, digits, '-' "
            "and '_'; `latest` and names as `v3` are taken by MLflow"
        )
    return alias


def check_artifact(name: str) -> str:
    """A file's name beside the model: no folders, nothing hidden."""
    if not re.fullmatch(r"\w[\w.\-]*", name) or ".." in name:
        raise SweeperError(f"artefact name {name!r}: expected letters, digits, '.', '-' and '_'")
    return name
