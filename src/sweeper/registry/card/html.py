"""A card as one HTML file: styles and pictures in it, no script, nothing fetched."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from html import escape

from sweeper.registry.card.section import Block, Picture, Section, Table, Text

STYLE = """\
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin-top: 2.2rem; border-bottom: 1px solid #8886; padding-bottom: .2rem; }
.wide { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; }
caption { text-align: left; color: #777; padding-bottom: .3rem; white-space: nowrap; }
thead + tbody td { white-space: nowrap; }
th, td { text-align: left; vertical-align: top; padding: .25rem .9rem .25rem 0;
  border-bottom: 1px solid #8883; overflow-wrap: anywhere; }
th { font-weight: 600; white-space: nowrap; }
td { font-variant-numeric: tabular-nums; }
img { max-width: 100%; height: auto; background: #fff; }
figure { margin: 1.2rem 0; }
figcaption { color: #777; font-size: .9rem; }
pre { background: #8881; padding: .8rem; overflow-x: auto; font-size: .85rem; }
"""

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def as_html(title: str, sections: list[Section]) -> str:
    """A whole page, which shows the same without a network."""
    name = f"Model card: {escape(title)}"
    body = "\n".join(part for section in sections for part in _section(section))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{name}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{name}</h1>\n{body}\n</body>\n</html>\n"
    )


def _section(section: Section) -> Iterator[str]:
    yield f"<section>\n<h2>{escape(section.title)}</h2>"
    yield from (_block(block) for block in section.blocks)
    yield "</section>"


def _block(block: Block) -> str:
    match block:
        case str():
            return f"<p>{escape(block)}</p>"
        case Table():
            return _table(block)
        case Picture(_, words, content):
            source = f"data:image/png;base64,{b64encode(content).decode()}"
            told = escape(words)
            return (
                f'<figure><img src="{source}" alt="{told}"><figcaption>{told}</figcaption></figure>'
            )
        case Text(caption, content):
            return f"<details><summary>{escape(caption)}</summary><pre>{escape(content)}</pre></details>"


def _table(table: Table) -> str:
    caption = f"<caption>{escape(table.caption)}</caption>" if table.caption else ""
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in table.headers)
    head = f"<thead><tr>{head}</tr></thead>" if head else ""
    rows = "\n".join(_row(row) for row in table.rows)
    return f'<div class="wide"><table>{caption}{head}<tbody>\n{rows}\n</tbody></table></div>'


def _row(cells: tuple[str, ...]) -> str:
    first, *others = (escape(cell) for cell in cells)
    return f'<tr><th scope="row">{first}</th>{"".join(f"<td>{c}</td>" for c in others)}</tr>'
