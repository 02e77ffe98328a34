"""Checkpoints: whole or not at all, verified, safe to read, and enough to go on from."""

import json
import os
import random
from pathlib import Path

import numpy as np
import pytest

from sweeper.core.records import Failure, RunKey, Success
from sweeper.ports import Order
from sweeper.worker import storage as storage_module
from sweeper.worker.checkpoints import CheckpointDamaged, Checkpoints, CheckpointUnsuited
from sweeper.worker.gang import Gang
from sweeper.worker.parts import Unkeepable


@pytest.fixture(params=["directory", "memory"])
def place(request, tmp_path):
    """A storage by its name: a directory, and a file system that is only reached by URL."""
    if request.param == "directory":
        return str(tmp_path / "kept")
    pytest.importorskip("fsspec")
    return f"memory://{tmp_path.name}"


@pytest.fixture
def keeping(listener):
    """(what writes and reads, what was told of it): `checkpoint` is one to go on from."""

    def make(place, checkpoint=None):
        heard = listener()
        order = Order(RunKey(12, 0, 1), {}, 5, storage=place, checkpoint=checkpoint)
        return Checkpoints(order, Gang(), heard), heard.kept

    return make


def wrote(keeping, place, step=3, **things):
    checkpoints, kept = keeping(place)
    checkpoints.write(step, things, (), False)
    return kept[-1]


def test_values_arrays_and_generators_come_back(keeping, place):
    numbers = np.random.default_rng(1)
    numbers.random(3)
    kept = wrote(keeping, place, best=0.5, seen=["a", None], table=np.eye(2), numbers=numbers)
    expected, other = numbers.random(4), np.random.default_rng(9)
    values, _ = keeping(place, kept)[0].read({"numbers": other})
    assert (values["step"], values["best"], values["seen"]) == (3, 0.5, ["a", None])
    assert np.array_equal(values["table"], np.eye(2))
    assert np.array_equal(other.random(4), expected)


def test_the_generators_of_python_and_numpy_go_on(keeping, place):
    random.seed(3)
    np.random.seed(3)
    kept = wrote(keeping, place)
    expected = random.random(), np.random.random(), random.gauss(0, 1)
    random.seed(4)
    keeping(place, kept)[0].read({})
    assert (random.random(), np.random.random(), random.gauss(0, 1)) == expected


def test_the_record_says_where_it_is_and_how_large(keeping, tmp_path):
    kept = wrote(keeping, str(tmp_path), best=1)
    assert kept.path == "trial-00012/fold-0/attempt-1/step-000003"
    files = list((tmp_path / kept.path).iterdir())
    assert {file.name for file in files} == {"best.json", "run.json", "manifest.json"}
    assert kept.size == sum(file.stat().st_size for file in files)
    assert {file.stat().st_mode & 0o077 for file in files} == {0}


def test_the_same_step_again_is_another_folder(keeping, place):
    checkpoints, kept = keeping(place)
    for best in (1, 2):
        checkpoints.write(3, {"best": best}, (), False)
    assert kept[0].path != kept[1].path
    assert [keeping(place, each)[0].read({})[0]["best"] for each in kept] == [1, 2]


def test_a_checkpoint_is_for_its_owner_only_and_leaves_no_empty_folder(keeping, tmp_path):
    root = tmp_path / "deep" / "kept"
    first, second = wrote(keeping, str(root)), wrote(keeping, str(root), step=4)
    folders = [path for path in root.rglob("*") if path.is_dir()]
    assert {path.stat().st_mode & 0o77 for path in (root, root.parent, *folders)} == {0}
    place = storage_module.storage_at(str(root))
    place.remove(first.path)
    assert (root / second.path).exists()
    place.remove(second.path)
    assert list(root.iterdir()) == []
    place.remove(second.path)


def test_tidying_removes_what_is_not_known_and_nothing_else(keeping, place):
    kept, stray = wrote(keeping, place), wrote(keeping, place, step=4)
    storage = storage_module.storage_at(place)
    half = stray.path.replace("000004", "000005")
    with storage.draft(half) as draft:
        (draft / "a.json").write_text("1")
        storage.file(half, draft, ["a.json"])
    if not place.startswith("memory"):
        (Path(place) / "model.pkl").write_text("not a checkpoint")
    storage.tidy({kept.path})
    assert keeping(place, kept)[0].read({}) is not None
    assert not storage.exists(stray.path)
    assert storage.tidy({kept.path}) == 0
    if not place.startswith("memory"):
        attempt = (Path(place) / kept.path).parent
        assert [path.name for path in attempt.iterdir()] == [Path(kept.path).name]
        assert (Path(place) / "model.pkl").exists()


def test_without_storage_nothing_is_kept_and_the_log_says_so_once(keeping, capsys):
    checkpoints, kept = keeping("")
    for step in range(3):
        checkpoints.write(step, {}, (), False)
    assert kept == []
    assert capsys.readouterr().out.count("no checkpoints are kept") == 1
    assert checkpoints.read({}) is None


@pytest.mark.parametrize(
    "thing",
    [object(), {1: 2}, (1, 2), np.array([object()])],
    ids=["object", "keys", "tuple", "objects"],
)
def test_what_has_no_safe_format_is_refused_by_name(keeping, tmp_path, thing, request):
    with pytest.raises(Unkeepable, match="cannot keep 'strange'"):
        wrote(keeping, str(tmp_path), strange=thing)


class Dying:
    """Lets so many operations of the file system happen, then none."""

    def __init__(self, left):
        self.left = left

    def around(self, call):
        def act(*args, **options):
            if not self.left:
                raise OSError(28, "No space left on device")
            self.left -= 1
            return call(*args, **options)

        return act


def patched(monkeypatch, place, dying):
    if place.startswith("memory"):
        from fsspec.implementations.memory import MemoryFileSystem as Memory

        for name in ("put_file", "pipe_file", "exists"):
            monkeypatch.setattr(Memory, name, dying.around(getattr(Memory, name)))
        return
    for name in ("fsync", "rename", "chmod", "open", "mkdir"):
        monkeypatch.setattr(storage_module.os, name, dying.around(getattr(os, name)))
    for name in ("write_text", "write_bytes"):
        monkeypatch.setattr(Path, name, dying.around(getattr(Path, name)))


def test_a_write_that_is_cut_anywhere_leaves_the_one_before_usable(keeping, place):
    """For each operation of the file system: it and all later ones fail."""
    checkpoints, kept = keeping(place)
    checkpoints.write(0, {"best": 0}, (), False)
    cuts = 0
    while cuts < 100:
        with pytest.MonkeyPatch.context() as patch:
            patched(patch, place, Dying(cuts))
            try:
                checkpoints.write(1, {"best": 1}, (), False)
                break
            except OSError:
                cuts += 1
        assert [each.step for each in kept] == [0]
        assert keeping(place, kept[0])[0].read({})[0]["best"] == 0
    assert cuts > 3
    assert keeping(place, kept[-1])[0].read({})[0] == {"best": 1, "step": 1}


@pytest.mark.parametrize("name", ["best.json", "run.json", "manifest.json"])
@pytest.mark.parametrize("harm", ["changed", "cut", "gone"])
def test_a_damaged_file_is_found_and_named(keeping, tmp_path, name, harm):
    kept = wrote(keeping, str(tmp_path), best=[1, 2, 3])
    file = tmp_path / kept.path / name
    content = file.read_bytes()
    if harm == "gone":
        file.unlink()
    else:
        file.write_bytes(content[:-1] if harm == "cut" else content.replace(b"1", b"7", 1))
    with pytest.raises(CheckpointDamaged, match=name):
        keeping(str(tmp_path), kept)[0].read({})


def test_a_checkpoint_that_this_node_does_not_see_is_said_to_be_missing(keeping, place, tmp_path):
    kept = wrote(keeping, place)
    with pytest.raises(CheckpointDamaged, match="a storage that this node does not see"):
        keeping(str(tmp_path / "elsewhere"), kept)[0].read({})


def test_what_was_not_kept_cannot_be_gone_on_from(keeping, place):
    kept = wrote(keeping, place, best=1)
    with pytest.raises(CheckpointUnsuited, match="has no numbers: it was made of best"):
        keeping(place, kept)[0].read({"numbers": np.random.default_rng()})


def test_no_file_of_a_checkpoint_is_a_pickle_that_may_run_code(keeping, tmp_path):
    torch = pytest.importorskip("torch")
    model = torch.nn.Linear(2, 2)
    optimizer = torch.optim.Adam(model.parameters())
    kept = wrote(keeping, str(tmp_path), model=model, optimizer=optimizer, best=1)
    names = {file.suffix for file in (tmp_path / kept.path).iterdir()}
    assert names == {".safetensors", ".pt", ".json"}
    torch.load(tmp_path / kept.path / "optimizer.pt", weights_only=True)


def test_a_state_that_weights_only_refuses_is_refused_when_it_is_written(keeping, tmp_path):
    torch = pytest.importorskip("torch")

    class Odd(torch.optim.SGD):
        def state_dict(self):
            return {"odd": Path("x")}

    odd = Odd(torch.nn.Linear(1, 1).parameters())
    with pytest.raises(Unkeepable, match="the state of 'odd'"):
        wrote(keeping, str(tmp_path), odd=odd)


def test_tied_weights_stay_tied(keeping, tmp_path):
    torch = pytest.importorskip("torch")

    class Tied(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.first = torch.nn.Linear(3, 3)
            self.second = torch.nn.Linear(3, 3)
            self.second.weight = self.first.weight

    model, other = Tied(), Tied()
    kept = wrote(keeping, str(tmp_path), model=model)
    keeping(str(tmp_path), kept)[0].read({"model": other})
    assert other.second.weight is other.first.weight
    assert torch.equal(other.second.weight, model.first.weight)


LEARN = """
import numpy as np, torch
from torch import nn

def train(trial):
    torch.manual_seed(trial.seed)
    data = trial.data
    net = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.3), nn.Linear(8, 3)).double()
    step = torch.optim.Adam(net.parameters(), lr=0.01)
    slower = torch.optim.lr_scheduler.StepLR(step, 2, 0.5)
    loss_of = nn.CrossEntropyLoss()
    trial.resume(model=net, optimizer=step, scheduler=slower)
    for epoch in trial.epochs(6):
        for X, y in trial.loader((data.X_train, data.y_train), batch_size=16):
            step.zero_grad()
            loss = loss_of(net(X), y)
            loss.backward()
            step.step()
        slower.step()
        print("STEP", epoch, np.random.random())
        trial.report(epoch, loss=float(loss))
        if epoch == trial.params["fails"]:
            raise RuntimeError("out of the blue")
        if epoch % 2:
            trial.checkpoint(epoch)
    weights = torch.cat([p.detach().flatten() for p in net.parameters()])
    return {f"w{i}": float(w) for i, w in enumerate(weights)} | {"loss": float(loss)}
"""


@pytest.fixture
def learning(make_job, user_module):
    from dataclasses import replace

    from sweeper.core.space import Searched

    pytest.importorskip("torch")
    X, y = np.random.default_rng(0).normal(size=(60, 4)), np.arange(60) % 3
    job = make_job(X, y, train=f"{user_module(LEARN)}:train", metrics=("loss",))
    train = replace(job.spec.train, parameters=(("fails", Searched("fails")),))
    return replace(job, spec=replace(job.spec, train=train))


def steps(result):
    return [int(line.split()[1]) for line in result.log.splitlines() if line.startswith("STEP")]


@pytest.mark.parametrize("fails", [3, 4])
def test_a_run_that_fails_goes_on_and_ends_with_the_very_same_weights(
    learning, do, listener, place, fails
):
    """Bit for bit, on one worker; and no more than one interval is done twice."""
    whole = do(learning, storage=place, fails=-1)
    heard = listener()
    failed = do(learning, channel=heard, storage=place, fails=fails)
    assert isinstance(failed.outcome, Failure)
    again = do(learning, storage=place, checkpoint=heard.kept[-1], fails=-1)
    assert isinstance(again.outcome, Success), again.log
    assert again.outcome.scores == whole.outcome.scores
    assert again.outcome.curve == whole.outcome.curve
    repeated = set(steps(failed)) & set(steps(again))
    assert len(repeated) <= 2
    assert steps(again)[-1] == 5


def test_every_checkpoint_is_told_of_once_it_is_whole(learning, do, listener, tmp_path):
    heard = listener()
    do(learning, channel=heard, storage=str(tmp_path), fails=-1)
    assert [kept.step for kept in heard.kept] == [1, 3, 5]
    for kept in heard.kept:
        manifest = json.loads((tmp_path / kept.path / "manifest.json").read_text())
        assert set(manifest["parts"]) == {"model", "optimizer", "scheduler"}
