"""What is on the screen while a sweep runs."""

from __future__ import annotations

import io

import pytest

from sweeper import view
from sweeper.cli import live
from sweeper.cli.output import Steady
from sweeper.cli.plain import Plain
from sweeper.cli.tally import Tally
from sweeper.core import events as e
from sweeper.core.records import Phase
from sweeper.core.specs import Budget

WALL = 1_700_000_000.0


def texts(changes) -> list[str]:
    return [change.text for change in changes]


def test_the_tally_counts_as_the_whole_state_does_after_every_event(story) -> None:
    tally = Tally()

    def check() -> None:
        tally.update(story.state)
        whole = view.counts(story.state)
        assert +tally.counts.trials == +whole.trials
        assert +tally.counts.folds == +whole.folds

    check()
    for number in range(0, 12, 4):
        story.complete(number, 0.9, 0.8)
        story.pruned(number + 1, 0.7)
        check()
        story.failed(number + 2)
        story.sampled(number + 3).sent(number + 3, 0)
        check()
    late = story.sent(1, 1)
    check()
    story.tell(e.FoldCancelled(story.t, late, "its trial had ended"))
    check()
    story.phase(Phase.REVIVAL).revived(5)
    check()
    story.scored(5, 1, 0.9).completed(5)
    check()


def test_each_end_of_a_trial_is_told_once(story) -> None:
    tally = Tally()
    tally.update(story.state)
    story.complete(0, 0.9, 0.92).pruned(1, 0.7).failed(2)
    assert texts(tally.update(story.state)) == [
        "trial 0 complete: 0.9100 ± 0.0141 (2 folds in 1s)",
        "trial 1 pruned: chance 0.012 of beating trial 0, under 0.05",
        "trial 2 failed: fold 0: ValueError: C is 0",
    ]
    assert tally.update(story.state) == []


def test_a_better_trial_is_notable(story) -> None:
    tally = Tally()
    story.complete(0, 0.9)
    tally.update(story.state)
    (worse,) = tally.update(story.complete(1, 0.8).state)
    (better,) = tally.update(story.complete(2, 0.95).state)
    assert not worse.notable
    assert better.notable
    assert better.text.endswith("the best so far")


def test_a_fold_that_failed_and_a_trial_that_runs_again_are_told(story) -> None:
    tally = Tally()
    tally.update(story.sampled(0).state)
    story.broken(0, 0, "ValueError", "C is 0")
    assert texts(tally.update(story.state)) == [
        "trial 0 fold 0 attempt 1 failed: ValueError: C is 0; run again"
    ]
    tally.update(story.pruned(1, 0.8).state)
    story.phase(Phase.REVIVAL).revived(1)
    assert texts(tally.update(story.state)) == [
        "trial 1 runs again: chance 0.02 of winning",
        "second chances: missing folds of stopped trials that might still win",
    ]


def test_the_past_of_a_resumed_sweep_is_not_told_again(story) -> None:
    story.complete(0, 0.9).interrupted().launched()
    tally = Tally()
    assert tally.update(story.state) == []
    assert tally.ended == 1


@pytest.fixture
def page():
    return io.StringIO()


def test_plain_lines_tell_trials_and_carry_no_escape_codes(story, page) -> None:
    clock = iter(range(0, 100, 5))
    plain = Plain(Steady(page), clock=lambda: next(clock))
    plain.notice("data: 1,000 rows")
    plain.observe(story.complete(0, 0.9).state)
    plain.observe(story.failed(1).state)
    plain.close()
    lines = page.getvalue().splitlines()
    assert lines[0] == "data: 1,000 rows"
    assert "trial 0 complete: 0.9000" in lines[1]
    assert lines[2].endswith("[1 complete, 1 failed of 40; best 0.9000 (trial 0)]")
    assert "\x1b" not in page.getvalue()


def test_many_ends_in_one_second_are_one_line_and_none_is_forgotten(story, page) -> None:
    plain = Plain(Steady(page), clock=lambda: 0.0)
    plain.observe(story.complete(0, 0.9).state)
    for number in range(1, 10):
        plain.observe(story.complete(number, 0.8).state)
    assert len(page.getvalue().splitlines()) == 1
    plain.close()
    assert "trial 9 complete: 0.8000 (1 fold in 0s), and 8 more events" in page.getvalue()


def test_a_notable_event_does_not_wait(story, page) -> None:
    plain = Plain(Steady(page), clock=lambda: 0.0)
    plain.observe(story.complete(0, 0.9).state)
    plain.observe(story.complete(1, 0.95).state)
    assert "the best so far" in page.getvalue()


def drawn(story, width: int = 120) -> str:
    from rich.console import Console

    tally = Tally()
    events = tally.update(story.state)
    page = io.StringIO()
    console = Console(file=page, width=width)
    console.print(live.draw(story.state, tally, events, WALL + story.t, width))
    return page.getvalue()


def test_the_table_tells_trials_folds_best_workers_and_time(story) -> None:
    story.complete(0, 0.9, 0.92).pruned(1, 0.7).failed(2)
    story.sampled(3).sent(3, 0, slot=1)
    text = drawn(story.after(57))
    assert "3 of 40 · 1 complete · 1 pruned · 1 failed · 1 running" in text
    assert "3 succeeded · 1 failed · 1 in flight" in text
    assert "0.9100 ± 0.0141  trial 0  boosting: learning_rate=0.0512" in text
    assert "1 of 2 busy" in text
    assert "1m00s elapsed · about 12m20s left" in text
    assert "trial 2 failed" in text


def test_the_table_fits_any_width(story) -> None:
    story.complete(0, 0.9).failed(1, "ValueError", "long " * 100)
    for width in (30, 50, 80, 120, 200):
        assert max(map(len, drawn(story, width).splitlines())) <= width


def test_the_table_needs_neither_budget_nor_trial(tell, make_spec) -> None:
    story = tell(make_spec(budget=Budget()))
    text = drawn(story)
    assert "0 ended" in text
    assert "none yet" in text
    assert "left" not in text


def test_colours_are_for_terminals_that_want_them(story, monkeypatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    def shown() -> str:
        page = Terminal()
        table = live.Live(Steady(page), clock=lambda: WALL)
        table.observe(story.state)
        table.close()
        return page.getvalue()

    story.complete(0, 0.9)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[1;32m" in shown()
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[1;32m" not in shown()


def test_a_reader_that_goes_away_does_not_end_the_sweep(story) -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    out = Steady(Gone())
    plain = Plain(out)
    plain.observe(story.complete(0, 0.9).state)
    plain.notice("more")
    assert out.gone


def test_the_end_says_that_mlflow_is_being_brought_up_to_date(story, make_spec) -> None:
    tally = Tally()
    tally.update(story.complete(0, 0.9).state)
    assert texts(tally.update(story.interrupted().state)) == [
        "over; MLflow is being brought up to date"
    ]
