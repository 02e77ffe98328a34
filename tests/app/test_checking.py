"""`doctor`: a sweep that ended well, and then everything that can be wrong with it."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient

from sweeper import app
from sweeper.core import events as e
from sweeper.journal.file import FileJournal, read, records
from sweeper.journal.lock import Lock
from sweeper.mlflow_store import CURSOR, SWEEP_ID, connect
from sweeper.ports import JournalDamaged, SweeperError, SweepHeld
from sweeper.registry.reading import kept

CONFIG = """
name: tree
seed: 3
data: {source: "sklearn:iris", target: target, holdout: none}
cv: 3
metric: accuracy
model:
  estimator: sklearn.tree.DecisionTreeClassifier
  parameters: {max_depth: {min: 1, max: 8}, min_samples_leaf: {min: 1, max: 20}}
search: {sampler: random, pruner: none, concurrency: 2}
budget: {trials: 4}
register: {model: trees}
"""
MODEL = "trees"


class Absent:
    """A tracker that never got to write anything."""

    def start(self):
        pass

    def finish(self, seconds):
        return False


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> Path:
    """A finished sweep, tracked and registered. Its artefacts stay here; nobody changes them."""
    folder = tmp_path_factory.mktemp("original")
    (folder / "tree.yaml").write_text(CONFIG)
    connect(f"sqlite:///{folder}/sweeps/mlflow.db")
    shutil.copy(folder / "sweeps" / "mlflow.db", folder / "sweeps" / "empty.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sweeper.app.following.tracker", lambda tracking, directory: Absent())
        outcome = app.launch(folder / "tree.yaml", root=folder / "sweeps", inline=True)
    assert outcome.exit_code == 0
    app.catch_up(outcome.directory)
    return folder / "sweeps"


@pytest.fixture
def root(original, tmp_path, monkeypatch) -> Path:
    """The sweep and its database, for one test to spoil."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    root = tmp_path / "sweeps"
    root.mkdir(mode=0o700)
    shutil.copytree(original / "tree", root / "tree")
    shutil.copy(original / "mlflow.db", root)
    return root


@pytest.fixture
def client(root) -> MlflowClient:
    return MlflowClient(f"sqlite:///{root}/mlflow.db")


@pytest.fixture
def plain(original, tmp_path) -> Path:
    """The same sweep with `tracking: none` and `register: none`: MLflow is not asked."""
    root = tmp_path / "plain"
    root.mkdir(mode=0o700)
    shutil.copytree(original / "tree", root / "tree")
    registry = (e.RegistrationAsked, e.VersionRegistered)
    rewrite(root, lambda record: [alone(x) for x in record if not isinstance(x, registry)])
    return root


def alone(event):
    if not hasattr(event, "spec"):
        return event
    tracking = dataclasses.replace(event.spec.tracking, enabled=False)
    spec = dataclasses.replace(event.spec, tracking=tracking, register=None)
    return dataclasses.replace(event, spec=spec)


def found(root: Path) -> dict[str, app.Check]:
    return {check.name: check for check in app.doctor(root, "tree")}


def wrong(root: Path) -> list[str]:
    return [name for name, check in found(root).items() if not check.ok and name != "disk"]


def path_of(root: Path) -> Path:
    return root / "tree" / "journal.jsonl"


def rewrite(root: Path, change) -> None:
    """The journal with its records changed, checksums right. None: the record is left out."""
    path = path_of(root)
    changed = [change(record) for record in records(path)]
    path.unlink()
    journal = FileJournal(path)
    journal.append([record for record in changed if record])
    journal.close()


def cut(root: Path, kind: type) -> None:
    """End the journal right before the first record with such an event."""
    kept = []
    for record in records(path_of(root)):
        if any(isinstance(event, kind) for event in record):
            break
        kept.append(record)
    rest = iter(kept)
    rewrite(root, lambda record: next(rest, None))


def runs(client: MlflowClient) -> dict[str, object]:
    """The sweep's runs by trial number; the parent under the empty name."""
    experiment = client.get_experiment_by_name("tree")
    found = client.search_runs([experiment.experiment_id])
    return {run.data.tags.get("sweeper.trial", ""): run for run in found}


def test_a_sweep_that_ended_well_has_nothing_wrong(root):
    checks = found(root)
    assert wrong(root) == []
    assert set(checks) == {
        "disk", "journal", "controller", "permissions", "requests", "files", "mlflow", "registry"
    }  # fmt: skip
    assert checks["controller"].found.startswith("none; the sweep is finished: trial ")
    assert checks["mlflow"].found.startswith("4 trials, each with one run")
    assert checks["registry"].found == "trees version 1, as it should be"


def test_looking_changes_nothing(root):
    def content():
        return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}

    before = content()
    app.doctor(root, "tree")
    assert content() == before


def spoil(client) -> None:
    """A run left running, one lost, one double, one with other parameters."""
    there = runs(client)
    tags = {key: there["0"].data.tags[key] for key in ("sweeper.trial", "mlflow.parentRunId")}
    client.update_run(there["3"].info.run_id, status="RUNNING")
    client.delete_run(there["1"].info.run_id)
    client.create_run(there["0"].info.experiment_id, tags=tags)
    client.delete_run(there["2"].info.run_id)
    tags["sweeper.trial"] = "2"
    made = client.create_run(there["0"].info.experiment_id, tags=tags)
    client.log_param(made.info.run_id, "max_depth", "99")


def test_what_mlflow_has_otherwise_is_told_and_mended(root, client):
    spoil(client)
    check = found(root)["mlflow"]
    assert not check.ok
    for said in (
        "trial 0 has 2 runs",
        "trial 1 has no run",
        "trial 2 has max_depth 99, expected ",
        "trial 2 is RUNNING, expected FINISHED",
    ):
        assert said in check.found
    assert "sweeper doctor tree --catch-up" in check.mend
    app.catch_up(root / "tree")
    assert wrong(root) == []


def test_a_database_that_was_lost_is_written_anew(root, original, monkeypatch):
    monkeypatch.setattr("sweeper.app.checking.tracked.PIECE", 30)
    (root / "mlflow.db").unlink()
    assert wrong(root) == ["mlflow", "registry"]
    assert not (root / "mlflow.db").exists()
    shutil.copy(original / "empty.db", root / "mlflow.db")
    assert found(root)["mlflow"].found.startswith("the sweep has no run")
    app.catch_up(root / "tree")
    assert wrong(root) == ["registry"]


def test_a_lag_is_no_error_while_a_controller_is_at_work(root, client):
    client.set_tag(runs(client)[""].info.run_id, CURSOR, "5")
    client.delete_run(runs(client)["3"].info.run_id)
    assert wrong(root) == ["mlflow"]
    lock = Lock(root / "tree" / "lock")
    try:
        checks = found(root)
        assert checks["mlflow"].ok
        assert "events are on their way" in checks["mlflow"].found
        assert f"process {os.getpid()}" in checks["controller"].found
        with pytest.raises(SweepHeld):
            app.catch_up(root / "tree")
    finally:
        lock.release()


def test_a_sweep_left_without_a_word_leaves_nothing_running(root, client):
    cut(root, e.PhaseEntered)
    assert wrong(root) == ["controller", "mlflow", "registry"]
    app.catch_up(root / "tree")
    assert wrong(root) == ["controller", "registry"]
    assert {run.info.status for run in runs(client).values()} <= {"FINISHED", "KILLED", "FAILED"}


def test_an_mlflow_that_cannot_be_asked_is_told_without_its_password(root, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://ana:hunter2@127.0.0.1:1")
    checks = found(root)
    for name in ("mlflow", "registry"):
        assert not checks[name].ok
        assert "cannot be asked" in checks[name].found
        assert "hunter2" not in checks[name].found
    with pytest.raises(SweeperError, match="cannot be written"):
        app.catch_up(root / "tree")


def test_a_database_that_is_none_is_told(root):
    (root / "mlflow.db").write_bytes(b"no database at all" * 999)
    assert wrong(root) == ["mlflow", "registry"]


def test_a_url_whose_secret_was_not_recorded_is_asked_for(root, monkeypatch):
    def hidden(record):
        return [_with_uri(event, "postgresql://***@db/x") for event in record]

    rewrite(root, hidden)
    assert "set MLFLOW_TRACKING_URI" in found(root)["mlflow"].found
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{root}/mlflow.db")
    assert "set MLFLOW_TRACKING_URI" not in found(root)["mlflow"].found


def _with_uri(event, uri):
    if not hasattr(event, "spec"):
        return event
    tracking = dataclasses.replace(event.spec.tracking, uri=uri)
    return dataclasses.replace(event, spec=dataclasses.replace(event.spec, tracking=tracking))


def test_a_version_that_is_not_as_recorded_is_told(root, client):
    uri, own = f"sqlite:///{root}/mlflow.db", client.get_model_version(MODEL, "1").tags[SWEEP_ID]
    for tag in ("sweeper.model_sha256", "sweeper.lineage_sha256"):
        client.set_model_version_tag(MODEL, "1", tag, "0" * 64)
        assert any(f"tag {tag} has been changed" in text for text in kept(uri, MODEL, own)[0].lacks)
    client.create_model_version(MODEL, source="file:///nowhere", tags={SWEEP_ID: own})
    check = found(root)["registry"]
    assert "trees version 1 has another lineage than the journal has, 000000000000" in check.found
    assert "trees version 2 is this sweep's, and it is half registered" in check.found
    client.delete_model_version(MODEL, "1")
    assert "trees version 1 is gone" in found(root)["registry"].found


def test_a_half_registered_version_is_told(root, client):
    client.delete_model_version_tag(MODEL, "1", "sweeper.complete")
    assert wrong(root) == ["registry"]
    assert "trees version 1: it is half registered" in found(root)["registry"].found


def test_versions_of_others_are_none_of_ours(root, client):
    client.create_model_version(MODEL, source="file:///elsewhere")
    client.create_model_version(MODEL, source="file:///elsewhere", tags={SWEEP_ID: "another"})
    assert wrong(root) == []


def test_a_crash_while_registering_is_mended_by_launching(root):
    cut(root, e.VersionRegistered)
    app.catch_up(root / "tree")
    check = found(root)["registry"]
    assert "the journal does not know it" in check.found
    assert "launch the sweep's config again" in check.mend


def flip(root: Path, line: int) -> bytes:
    lines = path_of(root).read_bytes().splitlines(keepends=True)
    lines[line - 1] = lines[line - 1].replace(b'"seq"', b'"sep"')
    path_of(root).write_bytes(b"".join(lines))
    return b"".join(lines)


def test_damage_is_named_by_its_line_and_nothing_else_is_guessed(plain):
    flip(plain, 20)
    checks = found(plain)
    assert f"{path_of(plain)}:20: " in checks["journal"].found
    assert "--salvage` saves the " in checks["journal"].mend
    assert set(checks) == {"disk", "journal", "controller", "permissions"}
    with pytest.raises(JournalDamaged):
        app.catch_up(plain / "tree")


def test_the_good_part_is_saved_beside_and_the_sweep_goes_on_from_it(root):
    whole = list(records(path_of(root)))
    damaged = flip(root, 20)
    saved = app.salvage(root / "tree")
    assert (saved.records, saved.lost) == (19, len(whole) - 19)
    assert saved.events == sum(len(record) for record in whole[:19])
    assert saved.path.stat().st_mode & 0o077 == 0
    assert path_of(root).read_bytes() == damaged
    for line in saved.commands[:2]:
        subprocess.run(line, shell=True, check=True)
    assert list(read(path_of(root))) == [event for record in whole[:19] for event in record]
    assert saved.commands[2] == "sweeper doctor tree --catch-up"
    app.catch_up(root / "tree")
    assert found(root)["mlflow"].ok
    state = app.read(root / "tree")
    assert (saved.trials, saved.ended) == (len(state.trials), saved.trials - len(state.running))


def test_a_second_rescue_overwrites_nothing(plain):
    flip(plain, 20)
    first, second = app.salvage(plain / "tree"), app.salvage(plain / "tree")
    assert first.path != second.path
    assert first.path.read_bytes() == second.path.read_bytes()


def test_nothing_is_saved_of_a_journal_that_is_whole_or_damaged_from_the_start(plain):
    assert app.salvage(plain / "tree") is None
    flip(plain, 1)
    assert app.salvage(plain / "tree") is None
    assert not list((plain / "tree").glob("journal.salvaged*"))


def test_an_invariant_that_does_not_hold_is_told_with_its_event(plain):
    def changed(record):
        return [
            dataclasses.replace(event, value=0.5) if isinstance(event, e.TrialCompleted) else event
            for event in record
        ]

    rewrite(plain, changed)
    check = found(plain)["journal"]
    first, seen = 0, 0
    for record in records(path_of(plain)):
        seen += len(record)
        if any(isinstance(event, e.TrialCompleted) for event in record):
            first = seen
            break
    assert f"at event {first}: trial " in check.found
    assert "value that is not the mean of its folds" in check.found


def test_an_event_that_cannot_follow_is_told(plain):
    rewrite(plain, lambda record: [] if isinstance(record[0], e.TrialSampled) else record)
    check = found(plain)["journal"]
    assert not check.ok
    assert "a trial that is not there" in check.found or "KeyError" in check.found


def test_a_torn_write_is_no_damage(plain):
    with path_of(plain).open("ab") as stream:
        stream.write(b'{"sum":"12')
    check = found(plain)["journal"]
    assert check.ok
    assert "a write that a crash cut short" in check.found


def test_an_empty_journal_has_not_begun(plain):
    path_of(plain).write_bytes(b"")
    assert wrong(plain) == []
    assert "nothing has happened yet" in found(plain)["journal"].found
    with pytest.raises(SweeperError, match="has not begun"):
        app.catch_up(plain / "tree")


def test_files_that_changed_or_are_open_to_others_are_named(plain):
    (model,) = (plain / "tree" / "checkpoints").rglob("model*")
    model.write_bytes(b"another")
    (plain / "tree" / "config.yaml").chmod(0o644)
    checks = found(plain)
    assert wrong(plain) == ["permissions", "files"]
    assert str(model) in checks["files"].found
    assert "config.yaml" in checks["permissions"].found
    assert checks["permissions"].mend == f"chmod -R go-rwx {plain / 'tree'}"


def test_a_request_that_nobody_takes_is_told(plain):
    inbox = plain / "tree" / "inbox"
    inbox.mkdir(mode=0o700)
    (inbox / "1.json").touch(mode=0o600)
    assert wrong(plain) == ["requests"]
    lock = Lock(plain / "tree" / "lock")
    try:
        assert wrong(plain) == []
    finally:
        lock.release()


def test_what_a_killed_write_left_is_named_and_harmless(plain):
    (plain / "tree" / ".config.yaml.x1").touch(mode=0o600)
    upload = plain / "tree" / "checkpoints" / ".model-x2"
    upload.mkdir(mode=0o700)
    (upload / "MLmodel").touch(mode=0o644)
    assert wrong(plain) == []
    found_there = found(plain)["leftovers"].found
    assert ".config.yaml.x1" in found_there
    assert found_there.endswith(".model-x2")


def test_a_sweep_that_is_not_tracked_needs_no_mlflow_and_none_needs_ray(plain):
    code = (
        "import sys; from pathlib import Path; from sweeper import app;"
        "print([c.name for c in app.doctor(Path(sys.argv[1]), 'tree')]);"
        "print([m for m in ('ray', 'mlflow', 'optuna', 'sklearn') if m in sys.modules])"
    )
    source = str(Path(__file__).resolve().parents[2] / "src")
    command = [sys.executable, "-c", code, str(plain)]
    env = {**os.environ, "PYTHONPATH": source}
    said = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout
    names, loaded = said.splitlines()
    assert "mlflow" not in names
    assert loaded == "[]"


def test_without_a_name_the_machine_is_looked_at(plain):
    names = {check.name for check in app.doctor(plain)}
    assert {"python", "ray", "optuna", "disk"} <= names
    assert not names & {"journal", "mlflow"}
