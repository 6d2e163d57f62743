import numpy as np
import pytest

from commgen.federated.tasks import Answer, Task

flwr = pytest.importorskip("flwr.app")


def test_tasks_and_answers_travel():
    from commgen.federated.records import (
        answer_record,
        read_answer,
        read_task,
        task_record,
    )

    rng = np.random.default_rng(0)
    arrays = {"weights/b": rng.normal(size=(2, 3)), "weights/a": np.float32(2)}
    task = Task("train", 4, arrays, {"first": 0, "scale": 0.5, "name": "x", "on": True})
    there = read_task(task_record(task))
    assert (there.what, there.round, there.settings) == ("train", 4, task.settings)
    assert [*there.arrays] == ["weights/a", "weights/b"]
    assert all(np.array_equal(there.arrays[k], arrays[k]) for k in arrays)
    answer = Answer(arrays, 7, {"loss": 0.25})
    back = read_answer(answer_record(answer))
    assert (back.num_examples, back.metrics) == (7, answer.metrics)
    assert back.arrays["weights/b"].dtype == np.float64


def test_messages_of_others_are_refused():
    from commgen.federated.records import read_answer, read_task

    with pytest.raises(ValueError, match="must have the record config"):
        read_task(flwr.RecordDict())
    config = flwr.RecordDict({"config": flwr.ConfigRecord({"what": "train"})})
    with pytest.raises(ValueError, match="config must have server-round"):
        read_task(config)
    with pytest.raises(ValueError, match="an answer must have arrays"):
        read_answer(flwr.RecordDict())
