"""Server and node find out when they have been given different configurations."""

import copy

import pytest

from commgen.federated.app.fingerprint import FINGERPRINT, check_task, fingerprint
from commgen.federated.config import parse_federation
from commgen.federated.tasks import Task


def of(values):
    return fingerprint(parse_federation(values))


def test_files_may_lie_elsewhere(values):
    other = copy.deepcopy(values)
    for node in other["nodes"].values():
        node["file"] = node["file"].replace("/federated", "/elsewhere/federated")
    assert other != values
    assert of(other) == of(values)


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 6},
        {"training": {"batch_size": 17}},
        {"power": "each"},
    ],
)
def test_all_else_counts(values, change):
    assert of({**values, **change}) != of(values)


def test_a_task_of_another_server_is_refused(federation):
    own = fingerprint(federation)
    task = Task("train", 3, {}, {FINGERPRINT: own, "epochs": 2})
    assert check_task(task, own) == Task("train", 3, {}, {"epochs": 2})
    with pytest.raises(ValueError, match="the node must have the server's config"):
        check_task(task, "another")


def test_within_one_process_there_is_none():
    task = Task("train", 3, {}, {"epochs": 2})
    assert check_task(task, "own") == task
