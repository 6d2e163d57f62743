"""Sets, stages and rows that studies share."""

import numpy as np
import pytest

from commgen.datasets.events import Events
from commgen.studies import StudySet, known_families
from commgen.studies.sets import few_channels
from commgen.studies.stages import Stages


def test_few_channels_are_different_ones(study):
    few = few_channels(study.train, 50, seed=1)
    assert len(np.unique(few.h.round(5), axis=0)) == 50
    rows = [int(np.argmin(np.abs(study.train.h - h).sum(axis=1))) for h in few.h]
    np.testing.assert_array_equal(few.labels["los"], study.train.labels["los"][rows])


def test_groups_are_combinations_of_labels(study):
    labels = {"day": np.array([1, 1, 2]), "loc": np.array([3, 4, 3])}
    part = Events(study.train.h[:3], ("rx",), study.train.meta, labels)
    grouped = StudySet(
        "toy", ("rx",), part, part, part, None, (), ("day", "loc"), study.path
    )
    assert len(set(grouped.groups("test"))) == 3
    assert study.groups("test") is None


def test_a_stage_is_done_once_until_something_changes(tmp_path):
    calls = []

    def compute():
        calls.append(1)
        return {"value": len(calls)}

    for expected, digest in ((1, "a"), (1, "a"), (2, "b"), (2, "b")):
        # Another process finds it too.
        assert Stages(tmp_path).result("x", digest, compute) == {"value": expected}


def test_families_are_known():
    assert known_families(["vae", "gmm"]) == ("gmm", "vae")
    assert len(known_families(None)) == 12
    with pytest.raises(ValueError, match=r"families must be of .* got \['cnn'\]"):
        known_families(["cnn"])
