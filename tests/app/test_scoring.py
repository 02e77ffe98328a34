from __future__ import annotations

import json

import pandas as pd
import pytest

from app.registered import make
from sweeper import app
from sweeper.cli.main import main
from sweeper.ports import SweeperError

MIXED = """
name: mixed
data: {source: mixed.csv, target: left, drop: [note]}
cv: 3
metric: accuracy
model: {estimator: sklearn.linear_model.LogisticRegression, parameters: {max_iter: 500}}
budget: {trials: 1}
tracking: none
"""


def mixed():
    """Every kind of column, with gaps."""
    rows = [
        {
            "age": "" if i % 17 == 0 else 20 + i % 40,
            "member": "yes" if i % 3 else "no",
            "since": f"2023-{1 + i % 12:02}-{1 + i % 28:02}",
            "city": ("Ulm", "Köln", "München")[i % 3] if i % 11 else "?",
            "note": "never mind",
            "left": "stays" if i % 40 > 15 else "leaves",
        }
        for i in range(160)
    ]
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scored")
    make(folder)
    mixed().to_csv(folder / "mixed.csv", index=False)
    (folder / "mixed.yaml").write_text(MIXED)
    ended = app.launch(folder / "mixed.yaml", root=folder / "sweeps", inline=True)
    assert ended.exit_code == 0
    return folder / "sweeps"


def file(tmp_path, frame):
    path = tmp_path / "new.csv"
    frame.to_csv(path, index=False)
    return path


def scores(root, *overrides, model="mixed"):
    """Predictions of the training file by `predict`, and by the registered model on what
    training loads; sorted, for the holdout is apart there."""
    from sweeper.config import read
    from sweeper.data import load
    from sweeper.worker import models

    answers = app.predict(root, model, None, root.parent / "mixed.csv").answers
    registered = app.registry(root)
    model = models.load(registered.content(registered.show(model)), str(root.parent))
    spec = read(root.parent / "mixed.yaml", overrides, None, root.parent).data
    data = load(spec, "classification", root.parent)
    everything = pd.concat([data.train.X, data.holdout.X])
    mine = sorted(
        zip(model.predict(everything), model.predict_proba(everything)[:, 0], strict=True)
    )
    columns = zip(answers.prediction, answers.probability_leaves, strict=True)
    return answers, sorted(columns), mine


def test_the_training_file_itself_is_scored_as_the_registered_model_scores_it(root):
    answers, found, expected = scores(root)
    assert found == expected
    assert list(answers) == ["prediction", "probability_leaves", "probability_stays"]


def test_columns_that_training_hashed_are_hashed_before_they_are_scored(root, monkeypatch):
    monkeypatch.setenv("SWEEPER_HASH_KEY", "long and secret")
    hashed = ("data.hash=[city]", "register.model=hashed")
    path = root.parent / "mixed.yaml"
    ended = app.launch(path, overrides=hashed, name="hashed", root=root, inline=True)
    assert ended.exit_code == 0
    _, found, expected = scores(root, *hashed, model="hashed")
    assert found == expected
    with pytest.raises(SweeperError, match=r"hashed columns \(city, `data.hash`\)"):
        app.export(root, "hashed", None, root.parent / "package")
    monkeypatch.setenv("SWEEPER_HASH_KEY", "another")
    assert scores(root, *hashed, model="hashed")[1] != found


def test_the_order_of_columns_does_not_matter_and_the_target_need_not_be_there(root, tmp_path):
    whole = app.predict(root, "mixed", None, file(tmp_path, mixed())).answers
    turned = mixed()[["city", "since", "member", "age"]]
    assert app.predict(root, "mixed", None, file(tmp_path, turned)).answers.equals(whole)


def test_everything_that_does_not_fit_is_told_at_once(root, tmp_path):
    frame = mixed().rename(columns={"city": "City"}).astype(object)
    frame.loc[3, "age"] = "old"
    frame.loc[7, "since"] = "2023-13-45"
    frame.loc[[0, 1, 2, 4, 5, 6], "member"] = "perhaps"
    with pytest.raises(SweeperError) as raised:
        app.predict(root, "mixed", None, file(tmp_path, frame))
    assert raised.value.exit_code == 2
    told = str(raised.value).splitlines()
    assert told[0].endswith("new.csv cannot be scored by mixed/1:")
    assert told[1:] == [
        "  column 'city' is missing; is it 'City'?",
        "  column 'City' is not one that the model knows",
        "  column 'age': expected a number, and 1 of 160 cells are not: row 4; the first is 'old'",
        "  column 'member': expected true or false (or yes, no, 1, 0), and 6 of 160 cells are not: "
        "rows 1, 2, 3, 5, 6, …; the first is 'perhaps'",
        "  column 'since': expected an ISO date such as 2024-01-31, and 1 of 160 cells are not: "
        "row 8; the first is '2023-13-45'",
    ]


def test_an_extra_column_is_refused_unless_it_is_said_to_be_fine(root, tmp_path):
    path = file(tmp_path, mixed().assign(new=1))
    with pytest.raises(SweeperError, match="column 'new' is not one that the model knows"):
        app.predict(root, "mixed", None, path)
    assert len(app.predict(root, "mixed", None, path, ignore_extra=True).answers) == 160


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"a,b,c\n", "has no rows"),
        (b"a,b,c\n1,2\n1,2,3\n", "row 1 has 2 cells, and the header 3"),
        (b'a,b,c\n1,2,"3\n', "is malformed"),
        (b"a,a,c\n1,2,3\n", "more than one column is called 'a'"),
        (b"a,b,c\n\xff,2,3\n", "is not UTF-8"),
    ],
)
def test_a_file_that_is_no_table_is_an_error_and_no_traceback(root, tmp_path, content, said):
    path = tmp_path / "broken.csv"
    path.write_bytes(content)
    with pytest.raises(SweeperError, match=said):
        app.predict(root, "trees", None, path)


def test_answers_are_written_whole_or_not_at_all(root, tmp_path, capsys):
    data, out = str(root.parent / "table.csv"), tmp_path / "answers.csv"
    call = ["models", "predict", "trees@champion", data, "--dir", str(root), "--json"]
    assert main([*call, "--out", str(out)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["rows"], told["answers"]) == (120, None)
    assert list(pd.read_csv(out)) == ["prediction", "probability_no", "probability_yes"]
    assert main([*call, "--out", str(tmp_path / "nowhere" / "answers.csv")]) == 1
    assert "cannot be written" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["answers.csv"]


def test_answers_on_stdout_are_a_csv_or_json(root, capsys):
    call = ["models", "predict", "trees", str(root.parent / "table.csv"), "--dir", str(root)]
    assert main(call) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "prediction,probability_no,probability_yes"
    assert main([*call, "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["answers"]["prediction"]) == len(lines) - 1
