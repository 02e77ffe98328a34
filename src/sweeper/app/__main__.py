"""`python -m sweeper.app follow DIRECTORY`: what a launch starts beside itself."""

from __future__ import annotations

import sys
from pathlib import Path

from sweeper.app.following import follow

if __name__ == "__main__":
    sys.exit(follow(Path(sys.argv[2])))
