"""`python -m sweeper`: the same as the command `sweeper`."""

from __future__ import annotations

import sys

from sweeper.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
