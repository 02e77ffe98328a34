"""`--submit`, and `--address` on commands that read: what is refused here, and what is handed on."""

from __future__ import annotations

import pytest

from sweeper import app
from sweeper.cli.elsewhere import ALONE, without
from sweeper.cli.main import main

CONFIG = """
name: small
data: {source: "sklearn:iris", target: target}
metric: accuracy
model: {estimator: sklearn.tree.DecisionTreeClassifier}
"""


@pytest.fixture(autouse=True)
def somewhere(monkeypatch, tmp_path):
    """A folder with a config, on a machine without a token."""
    for name in ("RAY_ADDRESS", "RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("SWEEPER_DIR", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(CONFIG)


SUBMIT = ["launch", "small.yaml", "--submit"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (SUBMIT, "--submit needs --address"),
        ([*SUBMIT, "--address", "192.0.2.7:6379"], "an absolute path on the cluster"),
        ([*SUBMIT, "--address", "192.0.2.7:6379", "--dir", "/s"], "nothing was sent"),
        ([*SUBMIT, "--address", "http://192.0.2.7:8265", "--dir", "/s"], "nothing was sent"),
        (["status", "small", "--address", "192.0.2.7:6379"], "nothing was sent"),
        (["stop", "small", "--address", "http://192.0.2.7:8265"], "nothing was sent"),
        (["pause", "small", "--address", "http://192.0.2.7:8265"], "nothing was sent"),
        (["resume", "small", "--address", "http://192.0.2.7:8265"], "nothing was sent"),
        (["edit", "small", "--set", "a=1", "--address", "192.0.2.7:1"], "nothing was sent"),
        (["cancel", "small", "3", "--address", "192.0.2.7:1"], "nothing was sent"),
        (["enqueue", "small", "C=1", "--address", "192.0.2.7:1"], "nothing was sent"),
    ],
)
def test_what_cannot_go_out_is_said_before_anything_is_sent(words, said, capsys):
    assert main(words) == 2
    assert said in capsys.readouterr().err


def test_a_config_with_a_mistake_is_not_submitted(tmp_path, capsys):
    (tmp_path / "small.yaml").write_text(CONFIG.replace("metric:", "metrik:"))
    assert main([*SUBMIT, "--address", "192.0.2.7:6379", "--dir", "/s"]) == 2
    assert "metrik" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[*SUBMIT, "--inline"], ["launch", "a", "--requirements", "r"]])
def test_options_that_exclude_one_another_are_refused(words, capsys):
    assert main(words) == 2
    assert "--submit" in capsys.readouterr().err


def test_a_command_with_an_address_is_handed_on_as_it_was_typed(monkeypatch, capsys):
    asked = []

    def ask(*told):
        *what, tell = told
        asked.append(what)
        tell("there\n", "beside\n")
        return 4

    monkeypatch.setattr(app, "ask", ask)
    assert main(["logs", "small", "3", "-f", "--fold", "1", "--address=h:1", "--dir", "x"]) == 4
    assert asked == [["h:1", "small", ["logs", "small", "3", "-f", "--fold", "1"]]]
    assert capsys.readouterr() == ("there\n", "beside\n")


def test_an_option_that_is_left_out_takes_its_value_along():
    words = ["--dir", "a", "show", "n", "--dir=b", "7", "--address", "h:1", "--sort", "value"]
    assert without(words, ALONE) == ["show", "n", "7", "--sort", "value"]
