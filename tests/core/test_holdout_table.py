"""The table of the holdout that the command line prints."""

from sweeper.core.holdout_table import SummaryRow, summary_rows


def figure(value, low=None, high=None):
    return {"value": value, "low": low, "high": high}


def report(**changes):
    found = {
        "metric": "cost",
        "recorded": ["cost", "f1"],
        "user_reported": [],
        "metrics": {
            "accuracy": figure(0.9, 0.85, 0.94),
            "cost": figure(1234.5, 1000.0, 2000.0),
            "f1": figure(0.8, 0.7, 0.9),
            "zeta": figure(0.00012345),
            "mcc": figure(None),
        },
        "baselines": {
            "dummy": {"model": "d", "metrics": {"accuracy": figure(0.5)}},
            "default": {"error": "ValueError: no"},
        },
    }
    return found | changes


def test_the_metrics_of_the_sweep_come_first_then_the_standard_ones_then_others():
    rows = summary_rows(report())
    assert [row.metric for row in rows] == ["cost", "f1", "accuracy", "mcc", "zeta"]
    assert [row.own for row in rows] == [True, True, False, False, False]


def test_a_row_shows_value_interval_and_both_baselines():
    rows = {row.metric: row for row in summary_rows(report())}
    assert rows["accuracy"] == SummaryRow(
        "accuracy", "0.9000", "0.8500 to 0.9400", "0.5000", "failed"
    )
    assert rows["cost"].value == "1,234.5"
    assert rows["zeta"].value == "1.234e-04"


def test_what_is_undefined_or_unknown_is_a_dash():
    rows = {row.metric: row for row in summary_rows(report())}
    assert (rows["mcc"].value, rows["mcc"].interval, rows["mcc"].dummy) == ("–", "–", "–")
    without = summary_rows(report(baselines={}))
    assert {row.default for row in without} == {"–"}


def test_a_metric_that_cannot_be_checked_says_who_says_so():
    first = summary_rows(report(recorded=["mine"], user_reported=["mine"]))[0]
    assert (first.metric, first.value, first.own) == ("mine", "user-reported", True)


def test_a_report_that_scored_nothing_is_a_table_of_the_users_own_words():
    bare = {"recorded": ["a"], "user_reported": ["a"], "metrics": {}, "baselines": {}}
    assert [row.value for row in summary_rows(bare)] == ["user-reported"]
