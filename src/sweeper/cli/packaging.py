"""`models predict`: a version put to use."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from sweeper.cli import output
from sweeper.cli.parsing import command


def add(inner: Any) -> None:
    predict = command(inner, "predict", run_predict, "score the rows of a file")
    predict.add_argument("model", metavar="MODEL[@ALIAS|/VERSION]", help="the newest by default")
    predict.add_argument("data", metavar="DATA", help="a CSV file with the model's columns")
    predict.add_argument("--out", metavar="FILE", help="where to write the answers (stdout)")
    predict.add_argument(
        "--ignore-extra", action="store_true", help="columns that the model does not know are fine"
    )
    for parser in (predict,):
        parser.add_argument(
            "--uri", metavar="URI", help="as the config's tracking.uri, if it has one"
        )


def run_predict(arguments: argparse.Namespace) -> int:
    from sweeper import api, app
    from sweeper.cli.models import reference

    found = app.predict(
        api.root(arguments.dir),
        *reference(arguments.model),
        Path(arguments.data),
        out=Path(arguments.out) if arguments.out else None,
        ignore_extra=arguments.ignore_extra,
        uri=arguments.uri,
    )
    rows = len(found.answers)
    if arguments.json:
        output.emit(
            {
                "model": found.title,
                "rows": rows,
                "file": arguments.out,
                "answers": None if arguments.out else found.answers.to_dict("list"),
            }
        )
    elif arguments.out:
        output.message(f"{rows:,} rows scored by {found.title}: {arguments.out}")
    else:
        sys.stdout.write(found.csv())
    return 0
