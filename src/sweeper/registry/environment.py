"""What the controller runs on: code, packages and machine. No secrets, quickly."""

from __future__ import annotations

import getpass
import hashlib
import os
import platform
import re
import socket
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from sweeper.core.space import Value
from sweeper.mlflow_store import masked

_GIT_SECONDS = 2.0  # a huge or distant work tree is not worth waiting for
_MOST_FILES = 1000
_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "BLIS_NUM_THREADS",
)


def environment(directory: Path) -> dict[str, Value]:
    """Facts about this process and the code in `directory`; `git` is None outside a repository."""
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "platform": platform.platform(),
        "cpu": _cpu(),
        "cpus": os.cpu_count(),
        "cpus_usable": _usable(),
        "threads": {name: os.environ[name] for name in _THREADS if name in os.environ},
        "host": socket.gethostname(),
        "user": _user(),
        "git": git(directory),
        "code": code(directory),
        "packages": packages(),
    }


def code(directory: Path) -> dict[str, str]:
    """SHA-256 of every Python file in the config's folder and in the packages right below it."""
    paths = sorted({*directory.glob("*.py"), *directory.glob("*/*.py")})[:_MOST_FILES]
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in paths
        if path.is_file()
    }


_FIELD = re.compile(r"^(Name|Version):\s*(\S+)\s*$", re.MULTILINE)


def packages() -> dict[str, str]:
    """Every installed distribution and its version; of doubles the one that is imported."""
    found: dict[str, str] = {}
    for distribution in metadata.distributions(path=list(dict.fromkeys(sys.path))):
        fields = dict(_FIELD.findall(_head(distribution)))
        if "Name" in fields and "Version" in fields:
            found.setdefault(fields["Name"].lower().replace("_", "-"), fields["Version"])
    return dict(sorted(found.items()))


def _head(distribution: metadata.Distribution) -> str:
    """The fields of its metadata. To parse them all as a mail costs a launch half a second."""
    places = ("METADATA", "PKG-INFO", "")
    text = next((t for place in places if (t := distribution.read_text(place))), "")
    return text.replace("\r\n", "\n").partition("\n\n")[0]


def git(directory: Path) -> dict[str, Value] | None:
    """Commit, branch, remote, and whether the work tree differs from the commit.

    `diff_sha256` is over the difference to the commit and over untracked Python files in
    `directory`; None when there is no difference, or when git took too long to tell
    (`dirty` is None then).
    """
    commit = _git(directory, "rev-parse", "HEAD")
    if commit is None:
        return None
    remote = _git(directory, "remote", "get-url", "origin")
    branch = _git(directory, "rev-parse", "--abbrev-ref", "HEAD")
    difference = _difference(directory)
    return {
        "commit": commit.decode().strip(),
        "branch": branch.decode().strip() if branch else None,
        "remote": masked(remote.decode().strip()) if remote else None,
        "dirty": None if difference is None else bool(difference),
        "diff_sha256": hashlib.sha256(difference).hexdigest() if difference else None,
    }


def _difference(directory: Path) -> bytes | None:
    changed = _git(directory, "diff", "HEAD", "--binary", "--no-ext-diff", "--no-textconv")
    names = _git(directory, "ls-files", "-z", "--others", "--exclude-standard", "--", "*.py")
    if changed is None or names is None:
        return None
    files = (directory / os.fsdecode(name) for name in sorted(names.split(b"\0")) if name)
    untracked = (os.fsencode(path.name) + b"\0" + path.read_bytes() for path in files)
    return changed + b"".join(untracked)


def _git(directory: Path, *arguments: str) -> bytes | None:
    """What git says; None without git, outside a repository, or when it takes too long."""
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=directory,
            capture_output=True,
            timeout=_GIT_SECONDS,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor())


def _usable() -> int | None:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user need not have a name
        return str(os.getuid())
