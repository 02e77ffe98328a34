from __future__ import annotations

import hashlib

import pytest

from app.registered import make
from sweeper import app
from sweeper.ports import ConfigError


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Two versions of one model; the second came after the first."""
    folder = tmp_path_factory.mktemp("traced")
    make(folder)
    return make(folder, "register.model=trees", name="more")


def test_the_chain_reaches_back_through_the_parents(root):
    links = app.chain(root, "trees")
    assert [link.title for link in links] == ["trees/2", "trees/1"]
    assert links[0].lineage["parents"] == [{"model": "trees", "version": 1, "alias": "champion"}]
    assert links[1].lineage["sweep"]["name"] == "trees"
    cost = links[1].lineage["cost"]
    assert cost["total"]["reserved_cpu_s"] >= cost["total"]["cpu_s"] / 4 > 0


def titles(found):
    return {touched.version.title: touched.why for touched in found}


def test_a_data_file_touches_every_version_made_with_it(root):
    data = root.parent / "table.csv"
    expected = {f"trees/{n}": ("it was made with the file table.csv",) for n in (1, 2)}
    assert titles(app.impact(root, data=str(data))) == expected
    digest = hashlib.sha256(data.read_bytes()).hexdigest()
    assert titles(app.impact(root, data=digest[:12])) == expected
    assert app.impact(root, data="f" * 64) == []


def test_rows_and_holdout_are_found_by_their_digests(root):
    told = app.registry(root).lineage(app.registry(root).show("trees", "1"))["data"]
    assert titles(app.impact(root, data=told["sha256"]))["trees/1"] == (
        "it was made with this data",
    )
    assert titles(app.impact(root, data=told["holdout_sha256"]))["trees/2"] == (
        "it was scored on this holdout",
    )


def test_what_touched_a_version_touches_those_that_came_after(root):
    assert titles(app.impact(root, sweep="trees")) == {
        "trees/2": ("it came after trees/1",),
        "trees/1": ("the sweep trees made it",),
    }
    assert list(titles(app.impact(root, sweep="more"))) == ["trees/2"]


def test_a_few_characters_name_no_digest(root):
    with pytest.raises(ConfigError, match="neither a file here nor the first 8"):
        app.impact(root, data="abc")
