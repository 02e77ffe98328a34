"""The files in `cluster/` are what their readers take: Ray's launcher, Slurm, Kubernetes, a builder."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from sweeper.cli.main import build
from sweeper.config import read

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "cluster"
LAUNCHERS = sorted(FOLDER.glob("*.yaml"))
LOCKED = dict(
    line.split("==") for line in (ROOT / "requirements.lock").read_text().split() if "==" in line
)


def manifests(name):
    return list(yaml.safe_load_all((FOLDER / name).read_text()))


def of_kind(kind):
    found = [d for name in ("raycluster.yaml", "rayjob.yaml") for d in manifests(name)]
    return [document for document in found if document["kind"] == kind]


def groups():
    """Every group of pods."""
    specs = [d["spec"] for d in of_kind("RayCluster")]
    specs += [d["spec"]["rayClusterSpec"] for d in of_kind("RayJob")]
    return [g for spec in specs for g in (spec["headGroupSpec"], *spec["workerGroupSpecs"])]


# --- Ray's launcher -------------------------------------------------------------------


@pytest.mark.parametrize("name", ["own-machines.yaml", "cloud.yaml"])
def test_rays_launcher_takes_the_config(name):
    from ray.autoscaler._private.util import prepare_config, validate_config

    config = yaml.safe_load((FOLDER / name).read_text())
    validate_config(prepare_config(config))


@pytest.mark.parametrize("name", ["own-machines.yaml", "cloud.yaml"])
def test_every_machine_of_a_launcher_gets_the_token_and_asks_for_it(name):
    config = yaml.safe_load((FOLDER / name).read_text())
    assert "~/.ray/auth_token" in config["file_mounts"].values()
    starts = [*config["head_start_ray_commands"], *config["worker_start_ray_commands"]]
    by_docker = "RAY_AUTH_MODE=token" in str(config.get("docker", {}).get("run_options"))
    assert all("RAY_AUTH_MODE=token" in c or by_docker for c in starts if "ray start" in c)


def test_machines_of_ones_own_get_what_is_locked():
    said = " ".join(yaml.safe_load((FOLDER / "own-machines.yaml").read_text())["setup_commands"])
    assert "requirements.lock" in said
    assert all((ROOT / name).exists() for name in ("requirements.lock", "pyproject.toml"))


def test_workers_of_the_cloud_are_spot_and_go_when_they_are_idle():
    config = yaml.safe_load((FOLDER / "cloud.yaml").read_text())
    types = config["available_node_types"]
    spot = [t for t in types.values() if "InstanceMarketOptions" in t["node_config"]]
    assert [t["min_workers"] for t in spot] == [0]
    assert "InstanceMarketOptions" not in types[config["head_node_type"]]["node_config"]
    assert config["idle_timeout_minutes"] > 0


# --- Kubernetes -----------------------------------------------------------------------


def test_clusters_of_kubernetes_have_the_locked_ray_and_ask_for_the_token():
    specs = [d["spec"] for d in of_kind("RayCluster")]
    specs += [d["spec"]["rayClusterSpec"] for d in of_kind("RayJob")]
    assert {spec["rayVersion"] for spec in specs} == {LOCKED["ray"]}
    assert {spec["authOptions"]["mode"] for spec in specs} == {"token"}


def test_every_pod_mounts_the_claim_and_each_mount_has_its_volume():
    (claim,) = of_kind("PersistentVolumeClaim")
    for group in groups():
        spec = group["template"]["spec"]
        volumes = {volume["name"]: volume for volume in spec["volumes"]}
        (container,) = spec["containers"]
        assert {mount["name"] for mount in container["volumeMounts"]} == set(volumes)
        assert volumes["sweeps"]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]


def test_pods_ask_for_what_they_may_use():
    for group in groups():
        resources = group["template"]["spec"]["containers"][0]["resources"]
        assert resources["requests"] == resources["limits"]


def test_a_job_of_kubernetes_resumes_and_its_command_is_ours(tmp_path):
    (job,) = of_kind("RayJob")
    assert job["spec"]["backoffLimit"] > 0
    python, option, module, what, name, *rest = shlex.split(job["spec"]["entrypoint"])
    assert (python, option, module, what) == ("python", "-m", "sweeper.app", "supervise")
    launch = rest[rest.index("--") + 1 :]
    arguments = build().parse(launch)
    (held,) = of_kind("ConfigMap")
    config = tmp_path / Path(arguments.config).name
    config.write_text(held["data"][config.name])
    loaded = read(config, (), None, tmp_path)
    assert not loaded.problems
    assert loaded.spec.name == name


def test_kubernetes_own_schemas_take_the_manifests():
    """KubeRay's two kinds have none here: of these, the pods."""
    schemas = pytest.importorskip("kubernetes_validate")
    plain = [*of_kind("PersistentVolumeClaim"), *of_kind("ConfigMap")]
    pods = [
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, **group["template"]}
        for group in groups()
    ]
    for document in (*plain, *pods):
        schemas.validate(document, schemas.latest_version(), strict=True)


# --- the container --------------------------------------------------------------------


def test_the_container_copies_what_is_there_and_nothing_else_is_sent():
    text = (FOLDER / "Dockerfile").read_text()
    copied = {w for line in re.findall(r"^COPY (.*) \S+$", text, re.M) for w in line.split()}
    sent = {
        line[1:]
        for line in (FOLDER / "Dockerfile.dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    assert copied == sent
    assert all((ROOT / name).exists() for name in copied)
    assert "\nUSER 1000\n" in text


def test_the_containers_python_is_one_that_the_package_takes():
    text = (FOLDER / "Dockerfile").read_text()
    (minor,) = re.findall(r"^FROM python:3\.(\d+)", text, re.M)
    assert f'requires-python = ">=3.{minor}"' in (ROOT / "pyproject.toml").read_text()


def test_hadolint_has_nothing_to_say():
    checker = shutil.which("hadolint")
    if checker is None:
        pytest.skip("hadolint is not installed")
    subprocess.run([checker, str(FOLDER / "Dockerfile")], check=True)


# --- Slurm ----------------------------------------------------------------------------


def test_shellcheck_has_nothing_to_say():
    beside = Path(sys.executable).with_name("shellcheck")
    checker = shutil.which("shellcheck") or (str(beside) if beside.exists() else None)
    if checker is None:
        pytest.skip("shellcheck is not installed")
    subprocess.run([checker, str(FOLDER / "sweep.sbatch")], check=True)


@pytest.fixture
def slurm(tmp_path):
    """Stands in for Slurm, Ray and sweeper: each notes how it was called."""
    (tmp_path / ".ray").mkdir()
    (tmp_path / ".ray" / "auth_token").write_text("x")
    notes = tmp_path / "notes"
    stubs = {
        "scontrol": '[ "$1" = show ] && echo node1 || true',
        "srun": 'shift; "$@"',
        "ray": 'if [ "$1" = symmetric-run ]; then while [ "$1" != -- ]; do shift; done; shift; "$@"; fi',
        "sweeper": 'case "$1" in launch) until [ -e "$HOME/stop" ]; do sleep 0.05; done;'
        ' exit "$(cat "$HOME/stop")";; stop) echo 3 > "$HOME/stop";; esac',
    }
    for name, body in stubs.items():
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f'#!/bin/bash\necho {name} "$@" >> {notes}\n{body}\n')
        path.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "SWEEPER_DIR": "/shared/sweeps",
        "SLURM_JOB_ID": "77",
        "SLURM_JOB_NUM_NODES": "2",
        "SLURM_JOB_NODELIST": "node[1-2]",
        "SLURM_SUBMIT_DIR": str(tmp_path),
    }
    process = subprocess.Popen(
        ["bash", str(FOLDER / "sweep.sbatch"), "income.yaml", "income"],
        env=environment,
        start_new_session=True,
    )
    deadline = time.monotonic() + 20
    while "\nsweeper launch" not in (notes.read_text() if notes.exists() else ""):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    yield tmp_path, notes, process
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # with what it has started
    process.wait()


def test_a_slurm_job_that_is_preempted_drains_and_queues_itself_again(slurm):
    _, notes, process = slurm
    process.send_signal(signal.SIGUSR1)
    assert process.wait(20) == 3
    said = notes.read_text()
    assert "sweeper stop income --dir /shared/sweeps" in said
    assert "scontrol requeue 77" in said


@pytest.mark.parametrize("code", ["0", "1", "3"])
def test_a_slurm_job_that_ends_by_itself_is_not_queued_again(slurm, code):
    folder, notes, process = slurm
    (folder / "stop.new").write_text(code)
    (folder / "stop.new").rename(folder / "stop")
    assert process.wait(20) == int(code)
    assert "requeue" not in notes.read_text()


def test_what_slurm_starts_is_a_command_of_sweeper_on_rays_own_address(slurm):
    _, notes, _ = slurm
    lines = notes.read_text().splitlines()
    (started,) = [line for line in lines if line.startswith("sweeper launch")]
    arguments = build().parse(shlex.split(started)[1:])
    assert arguments.address == "node1:20077"
    assert arguments.name == "income"
    (ray,) = [line for line in lines if line.startswith("ray symmetric-run")]
    assert f"--address {arguments.address} --min-nodes 2" in ray
