"""What went wrong, by cause, for people."""

from __future__ import annotations

from sweeper.cli.failures import Telling, failures_sheet
from sweeper.core import events as e
from sweeper.ports import TRACE


def told(story, log: str = "", **options) -> str:
    telling = Telling("income", lambda key: log, **options)
    return "\n".join(failures_sheet(list(story.state.trials.values()), telling))


def test_nothing_is_said_where_nothing_failed(story) -> None:
    assert told(story.complete(0, 0.9)) == ""


def test_a_traceback_is_shown_whole(story) -> None:
    trace = "Traceback (most recent call last):\n" + '  File "a.py", line 1\n' * 200
    text = told(story.failed(0), f"printed\n{TRACE}\n{trace}")
    assert text.count('      │   File "a.py", line 1') == 200
    assert "printed" not in text


def test_the_last_mark_counts_for_user_code_may_print_one(story) -> None:
    text = told(story.failed(0), f"{TRACE}\nmine\n{TRACE}\nTraceback\n  here\n")
    assert "mine" not in text
    assert "│ Traceback" in text


def test_without_a_traceback_the_end_of_what_was_printed_is_shown(story) -> None:
    text = told(story.failed(0), "".join(f"line {i}\n" for i in range(50)))
    assert "(no traceback; what it printed last:)" in text
    assert "line 49" in text
    assert "line 37" not in text


def test_a_message_is_not_told_twice(story) -> None:
    text = told(story.failed(0, "InvalidMetric", "no"), f"{TRACE}\nsweeper.InvalidMetric: no\n")
    assert text.count("InvalidMetric: no") == 1


def test_a_traceback_cannot_move_the_cursor(story) -> None:
    text = told(story.failed(0, "E", "\x1b[2J"), f"{TRACE}\nTrace\n\tgone\x1b[2J\rover\n")
    assert "\x1b" not in text
    assert "\r" not in text
    assert "│     gone" in text


def test_a_long_message_is_wrapped_to_the_terminal(story) -> None:
    text = told(story.failed(0, "ValueError", "word " * 90), width=80)
    assert max(len(line) for line in text.splitlines()) <= 80


def test_losses_are_told_apart(story) -> None:
    story.sampled(0)
    for reason in ("its node died", "its node died", "its controller ended"):
        story.tell(e.FoldLost(story.t, story.sent(0, 0), reason))
    text = " ".join(told(story).split())
    assert text == (
        "3 fold runs were lost through no fault of their own, which counts for nothing: "
        "its node died (2), its controller ended (1)"
    )


def test_one_loss_is_told_of_one(story) -> None:
    story.sampled(0)
    story.tell(e.FoldLost(story.t, story.sent(0, 0), "its node died"))
    assert told(story).startswith("1 fold run was lost through no fault of its own, which")


def test_of_many_trials_some_are_named(story) -> None:
    for number in range(12):
        story.failed(number)
    assert "12 × error in 12 trials: 0, 1, 2, 3, 4, 5, 6, 7, …" in told(story)
