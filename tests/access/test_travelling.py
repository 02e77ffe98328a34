"""What travels to a cluster, and what is there already."""

from __future__ import annotations

import json

import pytest

from sweeper.execution import cluster


@pytest.mark.parametrize(
    ("came", "sent"),
    [
        ({"working_dir": "gcs://a.zip", "py_modules": ["gcs://b.zip"]}, set()),
        ({"py_modules": ["gcs://b.zip"]}, {"working_dir", "excludes"}),
        ({}, {"working_dir", "excludes", "py_modules"}),
        (None, {"working_dir", "excludes", "py_modules"}),
    ],
)
def test_in_a_job_only_what_did_not_come_along_with_it_is_sent(came, sent, monkeypatch, tmp_path):
    monkeypatch.setenv(cluster.JOB, json.dumps({"runtime_env": came}))
    assert set(cluster._not_yet_there(cluster.travelling(tmp_path))) == sent


def test_outside_of_a_job_everything_is_sent(monkeypatch, tmp_path):
    monkeypatch.delenv(cluster.JOB, raising=False)
    env = cluster.travelling(tmp_path)
    assert cluster._not_yet_there(env) == env
    assert "sweeps/" in env["excludes"]


@pytest.mark.parametrize("wrong", ["head", "http://head:8265", "head:port", ":6379"])
def test_what_is_no_address_of_a_head_is_refused_with_the_form(wrong):
    with pytest.raises(cluster.ClusterError, match="expected HOST:PORT"):
        cluster.located(wrong)
