"""The chaos suite.   PYTHONPATH=src:tests python -m chaos [--only CASE …] [--scale 0.05]"""

from __future__ import annotations

import sys

from chaos.suite import main

if __name__ == "__main__":
    sys.exit(main())
