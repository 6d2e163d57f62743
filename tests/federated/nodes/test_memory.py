import numpy as np
import pytest

from commgen.federated.nodes.memory import Memory


def state(value):
    return {"control/a": np.full(3, float(value))}


@pytest.fixture(params=[True, False], ids=["folder", "memory"])
def memory(request, tmp_path):
    return Memory(tmp_path / "node" if request.param else None)


def value(found):
    return found["control/a"][0] if found else None


def test_the_last_question_may_come_again(memory):
    assert memory.before(5) == {}
    for round in (3, 5, 8):
        memory.keep(round, state(round))
    assert value(memory.before(8)) == 5  # asked again, with the state of then
    assert value(memory.before(9)) == 8
    assert value(memory.before(20)) == 8
    memory.keep(8, state(80))
    assert value(memory.before(9)) == 80


def test_a_run_that_goes_back_forgets_what_came_after(memory):
    for round in (3, 5, 8):
        memory.keep(round, state(round))
    memory.keep(7, state(7))
    assert value(memory.before(8)) == 7
    assert value(memory.before(9)) == 7
    assert value(memory.before(7)) == 5


def test_a_folder_outlives_the_process(tmp_path):
    Memory(tmp_path).keep(2, state(2))
    again = Memory(tmp_path)
    assert value(again.before(3)) == 2
    again.keep(3, state(3))
    again.keep(4, state(4))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["after-3.npz", "after-4.npz"]
