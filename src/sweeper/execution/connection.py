"""A launch's way to Ray: one of its own on this machine, or a cluster that is there."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from types import TracebackType

from sweeper.execution import cluster

_alone = threading.Lock()
"""A process has one Ray at a time, and a launch that failed may not have ended its own yet."""


class Connection:
    """Not yet open. A Ray of our own may begin to start before it is asked for."""

    def __init__(self, address: str | None = None) -> None:
        """To the cluster at `address` (or RAY_ADDRESS); without one, to a Ray of our own."""
        self._address = address or os.environ.get("RAY_ADDRESS") or None
        self._thread: threading.Thread | None = None
        self._there, self._over, self._ended = (threading.Event() for _ in range(3))
        self._error: BaseException | None = None
        self._opened = self._joined = False

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        """Close. A Ray that nobody asked for ends by itself, for who is told that something is
        wrong should not wait for it; who presses Ctrl-C would press it again, and does."""
        if self._opened or (kind is not None and not issubclass(kind, Exception)):
            self.close()
        else:
            self._over.set()

    def begin(self) -> None:
        """Have a Ray of our own start meanwhile. A cluster is joined only by `open`."""
        if self._address is not None or self._thread is not None:
            return
        cluster.quiet()
        # Not on the thread: two that import the same modules may wait for each other.
        import ray  # noqa: F401

        # No daemon: who presses Ctrl-C twice leaves `close`, and Python waits for the thread.
        thread = threading.Thread(target=self._hold)
        thread.start()
        self._thread = thread  # not before it runs: `close` waits for what it does at its end

    def open(self, directory: Path) -> bool:
        """Be connected; True to a Ray of our own. Where a cluster is joined, this package and
        `directory`, the config's folder, travel along.

        ClusterError and AccessRefused as in `cluster.join`.
        """
        self._opened = True
        if self._address is not None:
            with _alone:
                cluster.join(self._address, cluster.travelling(directory))
            self._joined = True
            return False
        self.begin()
        self._there.wait()
        if self._error is not None:
            raise self._error
        return True

    def close(self) -> None:
        """Leave the cluster, and end it when it is ours. Nothing where that was done."""
        self._over.set()
        if self._thread is not None:
            self._ended.wait()  # a join that Ctrl-C interrupts takes the thread for ended
        if self._joined:
            self._joined = False
            cluster.disconnect()

    def _hold(self) -> None:
        """Start Ray, stay, and end it: on Linux its processes end with the thread that started
        them. Not before its start is over, for what is killed then leaves processes behind."""
        try:
            with _alone:
                self._start_and_end()
        finally:
            self._ended.set()

    def _start_and_end(self) -> None:
        if self._over.is_set():
            return
        try:
            cluster.start()
        except BaseException as error:  # for who opens it
            self._error = error
        self._there.set()
        self._over.wait()
        if self._error is None:  # else what runs is not ours, or nothing does
            cluster.disconnect()
