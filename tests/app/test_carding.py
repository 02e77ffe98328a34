from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pandas as pd
import pytest

from app.registered import make
from sweeper import app
from sweeper.cli.main import main
from sweeper.ports import SweeperError

NASTY = "<script>alert(1)</script>|*b*"

CONFIG = """
name: card
data: {source: nasty.csv, target: kind}
cv: 3
metric: accuracy
model: {estimator: sklearn.linear_model.LogisticRegression}
budget: {trials: 1}
tracking: none
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Trees, and a table whose names and labels would be markup."""
    folder = tmp_path_factory.mktemp("cards")
    root = make(folder)
    rows = [{NASTY: i % 7, "b": i % 5, "kind": f"<img src=x>{i % 7 > i % 5}"} for i in range(120)]
    pd.DataFrame(rows).to_csv(folder / "nasty.csv", index=False)
    (folder / "card.yaml").write_text(CONFIG)
    ended = app.launch(folder / "card.yaml", root=root, inline=True)
    assert ended.exit_code == 0, ended.state.reason
    return root


def test_a_card_is_there_from_registration_on(root):
    texts = sorted(path.read_text() for path in (root / "artifacts").rglob("cards/*/card.md"))
    assert [text.splitlines()[0] for text in texts] == [
        "# Model card: card/1",
        "# Model card: trees/1",
    ]
    titles = ["What it is", "Data", "Training", "Evaluation", "Limits", "Cost", "Lineage"]
    for text in texts:
        assert re.findall("^## (.*)$", text, re.MULTILINE) == titles


def test_it_is_no_part_of_the_manifest(root):
    app.card(root, "trees", None, root.parent / "out")
    assert all(check.ok is not False for check in app.verify(root, "trees"))


def test_it_says_what_was_measured(root, tmp_path):
    files = app.card(root, "trees", "champion", tmp_path)
    names = {path.name for path in files}
    assert names == {"card.md", "card.html", "confusion_matrix.png", "curves.png"}
    text = (tmp_path / "card.md").read_text()
    lineage = app.registry(root).lineage(app.registry(root).show("trees"))
    value = lineage["holdout"]["metrics"]["accuracy"]["value"]
    assert f"| accuracy | {value:.4g} |" in text
    assert lineage["model"]["sha256"] in text
    assert "| aliases | champion |" in text
    assert "The holdout has 24 rows: its intervals are wide." in text


class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.addresses, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data):
        self.text.append(data)


def test_nothing_of_the_users_is_markup_and_nothing_is_fetched(root, tmp_path):
    app.card(root, "card", None, tmp_path, by=NASTY)
    page = Page()
    page.feed((tmp_path / "card.html").read_text())
    assert not {"script", "b", "a", "link"} & set(page.tags)
    assert page.tags.count("img") == 2
    assert all(address.startswith("data:image/png;base64,") for address in page.addresses)
    assert any(NASTY in text for text in page.text)
    text = (tmp_path / "card.md").read_text()
    plain = re.sub("^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    assert "<" not in plain
    assert r"\|\*b\*" in plain


def test_results_by_group_are_those_of_the_groups_rows(root, tmp_path, capsys):
    call = ["models", "card", "trees", "--out", str(tmp_path), "--by", "c", "--dir", str(root)]
    assert main([*call, "--json"]) == 0
    assert str(tmp_path / "card.md") in json.loads(capsys.readouterr().out)["files"]
    text = (tmp_path / "card.md").read_text()
    assert "## Results by group" in text
    table = text.partition("## Results by group")[2].partition("##")[0]
    rows = [line.split(" | ") for line in table.splitlines() if re.match(r"\| \d", line)]
    left_out = re.search(r"(\d+) rows are in groups of fewer", table)
    assert sum(int(row[1]) for row in rows) + int(left_out[1] if left_out else 0) == 24


def test_a_column_that_is_no_feature_is_named_with_those_that_are(root, tmp_path):
    with pytest.raises(SweeperError, match=r"no feature 'colour' to group by. There is: a, b, c"):
        app.card(root, "trees", None, tmp_path, by="colour")
