"""A run of two ranks: the group around it, its reports, its data, and that it learns as one."""

from dataclasses import replace

import numpy as np
import pytest

from ranks import Heard
from sweeper.core.records import Failure, FailureKind, RunKey, Success
from sweeper.core.space import Fixed
from sweeper.ports import Order, Rank
from sweeper.worker import run

torch = pytest.importorskip("torch")


@pytest.fixture
def gang_job(make_job, user_module):
    """A job whose training function is the `train` of this source, on 60 rows of three classes."""

    def make(source, metrics=("loss",), parameters=()):
        rng = np.random.default_rng(0)
        X, y = rng.normal(size=(60, 4)), np.arange(60) % 3
        path = f"{user_module('import numpy as np, torch, os' + chr(10) + source)}:train"
        job = make_job(X, y, train=path, metrics=metrics)
        train = replace(job.spec.train, parameters=parameters)
        return replace(job, spec=replace(job.spec, train=train))

    return make


def succeeded(answers):
    for answer in answers:
        assert isinstance(answer.result.outcome, Success), answer.result.log
    return answers


def test_a_run_says_when_its_process_must_not_do_another(gang_job, monkeypatch):
    """Memory of a GPU that is not given back, as the case is; there may be no GPU here."""
    held = "300 MiB of GPU memory are still held"
    monkeypatch.setattr("sweeper.worker.foldrun.left_behind", lambda: held)
    store = torch.distributed.TCPStore("127.0.0.1", 0, 1, is_master=True, wait_for_workers=False)
    place = Rank(0, 1, 0, 1, 0, "127.0.0.1", store.port)
    job = gang_job("def train(trial):\n    return {'loss': 0.0}")
    result = run(job, Order(RunKey(0, 0, 1), {}, 5, rank=place), Heard())
    assert isinstance(result.outcome, Success), result.log
    assert result.dirty == held


ENVIRONMENT = """
import torch.distributed as dist

def train(trial):
    names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "GROUP_RANK", "OMP_NUM_THREADS")
    print([os.environ[name] for name in names], os.environ["TORCHELASTIC_USE_AGENT_STORE"])
    total = torch.tensor([trial.rank + 1.0])
    dist.all_reduce(total)
    print("sum", total.item(), dist.get_backend(), trial.rank, trial.world_size, trial.local_rank)
    return {"loss": total.item()}
"""


def test_each_rank_finds_torchruns_variables_and_a_process_group(gang, gang_job):
    answers = succeeded(gang.run(gang_job(ENVIRONMENT)))
    for rank, answer in enumerate(answers):
        assert f"['{rank}', '2', '{rank}', '2', '0', '1'] True" in answer.result.log
        assert f"sum 3.0 gloo {rank} 2 {rank}" in answer.result.log
    assert answers[0].result.outcome.scores == {"loss": 3.0}


def test_nothing_of_a_run_is_left_in_its_processes(gang, gang_job):
    answers = succeeded(gang.run(gang_job(ENVIRONMENT)))
    assert [answer.result.dirty for answer in answers] == ["", ""]
    look = "def train(trial):\n    print(os.environ.get('NOT_OURS'))\n    return {'loss': 0.0}"
    set_ = "def train(trial):\n    os.environ['NOT_OURS'] = 'x'\n    return {'loss': 0.0}"
    succeeded(gang.run(gang_job(set_)))
    assert all("None" in a.result.log for a in succeeded(gang.run(gang_job(look))))


def test_a_run_alone_finds_the_variables_of_a_world_of_one(make_job, user_module, do):
    source = """
import os
def train(trial):
    print([os.environ[n] for n in ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")])
    return {"loss": 0.0}
"""
    result = do(make_job(train=f"{user_module(source)}:train", metrics=("loss",)))
    assert "['0', '1', '127.0.0.1', '0']" in result.log


REPORTS = """
def train(trial):
    for epoch in trial.epochs(5):
        trial.report(epoch, loss=float(trial.rank + epoch), other=0.1)
    print("stopped", trial.stopped, "after", len(trial.curve))
"""


def test_a_report_is_the_mean_over_ranks_and_only_rank_0_tells_it(gang, gang_job):
    first, second = succeeded(gang.run(gang_job(REPORTS)))
    assert first.heard.reports == [(e, {"loss": e + 0.5, "other": 0.1}) for e in range(5)]
    assert second.heard.reports == []
    assert first.result.outcome.scores == {"loss": 4.5, "other": 0.1}


def test_all_ranks_stop_at_the_same_step(gang, gang_job):
    answers = succeeded(gang.run(gang_job(REPORTS), stop_at=3))
    assert all("stopped True after 3" in answer.result.log for answer in answers)


def test_ranks_that_report_different_metrics_are_told_which(gang, gang_job):
    source = "def train(trial):\n    trial.report(0, **{f'loss{trial.rank}': 1.0})"
    for answer in gang.run(gang_job(source)):
        outcome = answer.result.outcome
        assert outcome.kind is FailureKind.INVALID
        assert "loss0, loss1 comes from one of them only" in outcome.message


def test_a_rank_that_does_not_report_does_not_leave_the_others_waiting(gang, gang_job):
    source = """
def train(trial):
    if trial.rank == 0:
        trial.report(0, loss=1.0)
    return {"loss": 0.0}
"""
    first, second = gang.run(gang_job(source))
    assert isinstance(second.result.outcome, Success)
    assert first.result.outcome.error == "GangBroken"
    assert "rank 1 has ended, while rank 0 is at trial.report(0)" in first.result.outcome.message


def test_ranks_at_different_steps_are_told_so(gang, gang_job):
    first, _ = gang.run(gang_job("def train(trial):\n    trial.report(trial.rank, loss=1.0)"))
    message = first.result.outcome.message
    assert "rank 1 is at trial.report(1), rank 0 at trial.report(0)" in message


def test_a_rank_that_fails_ends_the_collectives_of_the_others_and_the_gang_goes_on(gang, gang_job):
    source = """
import torch.distributed as dist
def train(trial):
    if trial.rank == 1:
        raise ValueError("mine")
    dist.all_reduce(torch.ones(1))
"""
    first, second = gang.run(gang_job(source))
    assert second.result.outcome.error == "ValueError"
    assert isinstance(first.result.outcome, Failure)
    succeeded(gang.run(gang_job(REPORTS)))


LEARN = """
from torch import nn

def train(trial):
    torch.manual_seed(trial.seed)
    data = trial.data
    net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3)).double()
    model = trial.distribute(net)
    step = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    loss_of = nn.CrossEntropyLoss()
    for epoch in trial.epochs(3):
        for X, y in trial.loader((data.X_train, data.y_train), batch_size=12):
            step.zero_grad()
            loss_of(model(X), y).backward()
            step.step()
    with torch.no_grad():
        loss = loss_of(model(torch.as_tensor(data.X_valid)), torch.as_tensor(data.y_valid))
    weights = torch.cat([p.detach().flatten() for p in net.parameters()])
    return {"loss": float(loss), **{f"w{i}": float(w) for i, w in enumerate(weights)}}
"""


def test_two_ranks_learn_what_one_does_with_the_same_global_batch(gang, gang_job, do):
    """Within 1e-12: only the order of additions differs."""
    job = gang_job(LEARN)
    alone = do(job).outcome.scores
    together = succeeded(gang.run(job))[0].result.outcome.scores
    assert alone.keys() == together.keys()
    assert max(abs(alone[name] - together[name]) for name in alone) < 1e-12


DEAL = """
def train(trial):
    n = len(trial.data.X_train)
    rows, loader = np.arange(n), None
    loader = trial.loader(rows, batch_size=10)
    for epoch in trial.epochs(2):
        got = [batch.tolist() for batch in loader]
        print("EPOCH", epoch, got)
    mine = trial.shard()
    said = [value.hex() for value in mine.X_train[:, 0].tolist()]  # cells are not shown in logs
    print("SHARD", said, np.shares_memory(mine.X_train, trial.data.X_train))
    return {"loss": 0.0}
"""


def told(answer, word):
    return [eval(line.split(" ", 2)[2]) for line in answer.result.log.splitlines() if word in line]


def test_every_row_is_on_one_rank_once_an_epoch_in_equally_many_steps(gang, gang_job, do):
    job = gang_job(DEAL)
    ranks = [told(answer, "EPOCH") for answer in succeeded(gang.run(job))]
    for first, second in zip(*ranks, strict=True):
        assert len(first) == len(second) == 5
        assert sorted(row for batch in first + second for row in batch) == list(range(48))
    assert ranks[0][0] != ranks[0][1]
    alone = [line for line in do(job).log.splitlines() if "EPOCH" in line]
    for epoch, line in enumerate(alone):
        merged = [set(a) | set(b) for a, b in zip(ranks[0][epoch], ranks[1][epoch], strict=True)]
        assert [set(batch) for batch in eval(line.split(" ", 2)[2])] == merged


def test_a_shard_is_this_ranks_rows_without_a_copy(gang, gang_job):
    job = gang_job(DEAL)
    values = []
    for answer in succeeded(gang.run(job)):
        line = next(x for x in answer.result.log.splitlines() if x.startswith("SHARD"))
        assert line.endswith("True")
        said = eval(line.removeprefix("SHARD ").removesuffix(" True"))
        values.append([float.fromhex(value) for value in said])
    train = job.splits.folds[0][0]
    assert sorted(values[0] + values[1]) == sorted(job.rows.X[train][:, 0].tolist())


TORCHRUN = """
import argparse
import torch.distributed as dist
from torch.distributed import init_process_group
from torch.nn.parallel import DistributedDataParallel

def main():
    init_process_group("gloo")
    rank, size = dist.get_rank(), int(os.environ["WORLD_SIZE"])
    model = DistributedDataParallel(torch.nn.Linear(2, 1))
    model(torch.ones(3, 2)).sum().backward()
    assert dist.get_world_size() == size
    dist.barrier()
    dist.destroy_process_group()
    return float(rank)

def train(trial):
    return {"loss": main()}
"""


def test_a_script_written_for_torchrun_runs_inside_a_gang_and_alone(gang, gang_job, do):
    job = gang_job(TORCHRUN)
    for _ in range(20):
        answers = succeeded(gang.run(job))
        assert [answer.result.dirty for answer in answers] == ["", ""]
    assert isinstance((alone := do(job)).outcome, Success), alone.log


SHARDED = """
from torch import nn

class Net(nn.Sequential):
    def predict(self, X):
        return self(torch.as_tensor(X)).argmax(1).numpy()

def train(trial):
    torch.manual_seed(trial.seed)
    net = Net(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3)).double()
    model = trial.distribute(net, strategy="fsdp")
    step = torch.optim.Adam(model.parameters(), lr=0.01)
    trial.resume(model=model, optimizer=step)
    for epoch in trial.epochs(4):
        for X, y in trial.loader((trial.data.X_train, trial.data.y_train), batch_size=12):
            step.zero_grad()
            loss = nn.functional.cross_entropy(model(X), y)
            loss.backward()
            step.step()
        trial.report(epoch, loss=float(loss.detach()))
        trial.checkpoint(epoch, sharded=trial.params["sharded"])
    trial.save(model)
    plain = trial.saved[-1]
    weights = torch.cat([p.detach().flatten() for p in plain.parameters()])
    assert type(weights) is torch.Tensor
    return {"loss": 0.0, **{f"w{i}": float(w) for i, w in enumerate(weights)}}
"""


@pytest.mark.parametrize("sharded", [False, True], ids=["whole", "sharded"])
def test_a_model_that_fsdp_spreads_out_goes_on_from_its_checkpoint(
    gang, gang_job, sharded, tmp_path, do
):
    job = gang_job(SHARDED, parameters=(("sharded", Fixed(sharded)),))
    whole = succeeded(gang.run(job, storage=str(tmp_path)))[0]
    kept = whole.heard.kept
    assert [each.step for each in kept] == [0, 1, 2, 3]
    again = succeeded(gang.run(job, storage=str(tmp_path), checkpoint=kept[1], attempt=2))[0]
    assert again.result.outcome.scores == whole.result.outcome.scores
    assert [each.step for each in again.heard.kept] == [2, 3]
    alone = do(job, storage=str(tmp_path), checkpoint=kept[1])
    if sharded:
        assert alone.outcome.error == "CheckpointUnsuited"
        assert "is of 2 ranks" in alone.outcome.message
    else:
        expected = whole.result.outcome.scores
        assert alone.outcome.scores == pytest.approx(expected, abs=1e-12)
