"""The history of an alias, also when many move it at once."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient

from sweeper.mlflow_store import Store, connect
from sweeper.registry import moves
from sweeper.registry.moves import FOUND, PROMOTED, REFUSED, ROLLED_BACK, Move, Overtaken, back


def step(version: int, previous: int | None, how: str = PROMOTED) -> Move:
    return Move(version, previous, how, "her@there", "because", 1.0)


@pytest.fixture
def client(store: Store) -> MlflowClient:
    """A model with three versions and no alias."""
    found: MlflowClient = connect(store.uri)
    found.create_registered_model("income")
    for _ in range(3):
        found.create_model_version("income", source="file:///nowhere")
    return found


def held(client: MlflowClient) -> int:
    return int(client.get_model_version_by_alias("income", "champion").version)


def test_every_move_is_kept_with_who_and_why(client: MlflowClient, store: Store) -> None:
    told = [step(1, None), step(2, 1), step(1, 2, ROLLED_BACK)]
    for each in told:
        moves.move(client, store.uri, "income", "champion", each)
    assert moves.history(client, "income", "champion") == told
    assert held(client) == 1


def test_who_compared_with_an_earlier_holder_is_told_and_nothing_changes(
    client: MlflowClient, store: Store
) -> None:
    moves.move(client, store.uri, "income", "champion", step(1, None))
    moves.move(client, store.uri, "income", "champion", step(2, 1))
    with pytest.raises(Overtaken, match="names version 2 by now, promoted by her@there: because"):
        moves.move(client, store.uri, "income", "champion", step(3, 1))
    assert held(client) == 2
    assert len(moves.history(client, "income", "champion")) == 2


def test_a_refusal_is_kept_and_moves_nothing(client: MlflowClient, store: Store) -> None:
    moves.move(client, store.uri, "income", "champion", step(1, None))
    moves.move(client, store.uri, "income", "champion", step(2, 1, REFUSED))
    assert held(client) == 1
    assert [each.how for each in moves.history(client, "income", "champion")][-1] == REFUSED


def test_an_alias_moved_by_another_client_is_put_on_record(
    client: MlflowClient, store: Store
) -> None:
    moves.move(client, store.uri, "income", "champion", step(1, None))
    client.set_registered_model_alias("income", "champion", "2")
    moves.move(client, store.uri, "income", "champion", step(3, 2))
    told = moves.history(client, "income", "champion")
    assert [(each.version, each.how) for each in told] == [(1, PROMOTED), (2, FOUND), (3, PROMOTED)]


def test_a_move_that_a_crash_cut_in_two_is_finished_and_told_once(
    client: MlflowClient, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    moves.move(client, store.uri, "income", "champion", step(1, None))
    with monkeypatch.context() as crash:

        def dies(*arguments: object) -> None:
            raise KeyboardInterrupt

        crash.setattr(type(client), "set_registered_model_alias", dies)
        with pytest.raises(KeyboardInterrupt):
            moves.move(client, store.uri, "income", "champion", step(2, 1))
    assert held(client) == 1
    moves.move(client, store.uri, "income", "champion", step(2, 1))
    assert held(client) == 2
    assert [each.version for each in moves.history(client, "income", "champion")] == [1, 2]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([], None),
        ([step(1, None)], None),
        ([step(1, None), step(2, 1)], 1),
        ([step(1, None), step(2, 1), step(3, 2), step(2, 3, ROLLED_BACK)], 1),
        ([step(1, None), step(2, 1), step(3, 2, REFUSED)], 1),
        ([step(1, None), step(2, 1), step(1, 2, ROLLED_BACK)], None),
        ([step(1, None), step(2, 1), step(1, 2, ROLLED_BACK), step(3, 1)], 1),
    ],
)
def test_a_rollback_goes_to_who_held_it_before(told: list[Move], expected: int | None) -> None:
    assert back(told) == expected


def promote(uri: str, number: int) -> bool:
    """What `models promote` does once it has compared, in a process of its own."""
    client = connect(uri)
    now = moves.holder(client, "income", "champion")
    previous = None if now is None else int(now.version)
    version = number % 3 + 1
    if version == previous:
        return False
    told = Move(version, previous, PROMOTED, f"nobody-{number}@here", "because", float(number))
    try:
        moves.move(client, uri, "income", "champion", told)
    except Overtaken:
        return False
    return True


def test_fifty_promotions_at_once_leave_one_consistent_history(
    client: MlflowClient, store: Store, tmp_path: Path
) -> None:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        won = sum(pool.map(promote, [store.uri] * 50, range(50)))
    told = moves.history(client, "income", "champion")
    assert len(told) == won > 1
    assert [each.previous for each in told] == [None, *(each.version for each in told[:-1])]
    assert held(client) == told[-1].version
    assert len({each.by for each in told}) == won
