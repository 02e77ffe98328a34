"""How somebody outside asks a running launch to end."""

from __future__ import annotations

from sweeper.core.stimuli import StopRequested
from sweeper.ports import Post


class StopSignal:
    """The first `ask` drains, the next stops at once. Safe in a signal handler."""

    def __init__(self) -> None:
        self._post: Post | None = None
        self._asked = 0

    def attach(self, post: Post) -> None:
        """From now on there is a controller to tell."""
        self._post = post
        if self._asked:
            raise KeyboardInterrupt

    def detach(self) -> None:
        """The controller has ended: whoever asks now is not kept waiting."""
        self._post = None

    def lost(self) -> None:
        """The sweep is another controller's now: end at once. Called from any thread."""
        if self._post is not None:
            self._post(StopRequested(0, "another controller took the sweep over", now=True))

    @property
    def urgent(self) -> bool:
        """Whether it was asked for more than once: nothing is to be waited for."""
        return self._asked > 1

    def ask(self, reason: str) -> None:
        """Ask for the end. KeyboardInterrupt where no controller is at work."""
        self._asked += 1
        if self._post is None:
            raise KeyboardInterrupt
        self._post(StopRequested(0, reason, now=self.urgent))
