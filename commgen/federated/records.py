"""Tasks and answers as Flower's records, and back."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from flwr.app import Array, ArrayRecord, ConfigRecord, MetricRecord, RecordDict

from commgen.federated.tasks import Answer, Task

ARRAYS, CONFIG, METRICS = "arrays", "config", "metrics"
NUM_EXAMPLES = "num-examples"
#: Where the strategies of Flower put the number of a round.
ROUND = "server-round"
WHAT = "what"


def to_arrays(arrays: Mapping[str, np.ndarray]) -> ArrayRecord:
    """Return arrays as a record, in the order of their names.

    Some strategies match arrays by their order.
    """
    return ArrayRecord(
        {name: Array(np.asarray(arrays[name])) for name in sorted(arrays)}
    )


def from_arrays(records: Iterable[ArrayRecord]) -> dict[str, np.ndarray]:
    """Return the arrays of records by name."""
    return {name: array.numpy() for record in records for name, array in record.items()}


def task_config(task: Task) -> ConfigRecord:
    """Return what is asked, the round and the settings."""
    return ConfigRecord({WHAT: task.what, ROUND: task.round, **task.settings})


def task_record(task: Task) -> RecordDict:
    """Return a task as the content of a message."""
    return RecordDict({ARRAYS: to_arrays(task.arrays), CONFIG: task_config(task)})


def read_task(content: RecordDict) -> Task:
    """Return the task of a message; its arrays may be spread over several records.

    Raises
    ------
    ValueError
        If the message is none of commgen's.
    """
    if CONFIG not in content.config_records:
        raise ValueError(f"a message must have the record {CONFIG}, got {[*content]}.")
    settings: dict[str, Any] = dict(content.config_records[CONFIG])
    missing = {WHAT, ROUND} - settings.keys()
    if missing:
        raise ValueError(f"{CONFIG} must have {sorted(missing)[0]}, it is missing.")
    what, number = settings.pop(WHAT), int(settings.pop(ROUND))
    return Task(what, number, from_arrays(content.array_records.values()), settings)


def answer_record(answer: Answer) -> RecordDict:
    """Return an answer as the content of a message."""
    metrics = {name: float(value) for name, value in answer.metrics.items()}
    return RecordDict(
        {
            ARRAYS: to_arrays(answer.arrays),
            METRICS: MetricRecord({NUM_EXAMPLES: answer.num_examples, **metrics}),
        }
    )


def read_answer(content: RecordDict) -> Answer:
    """Return the answer of a message.

    Raises
    ------
    ValueError
        If the message is none of commgen's.
    """
    metrics: dict[str, Any] = dict(content.metric_records.get(METRICS, {}))
    if ARRAYS not in content.array_records or NUM_EXAMPLES not in metrics:
        raise ValueError(
            f"an answer must have {ARRAYS} and {METRICS} with {NUM_EXAMPLES}, got "
            f"{[*content]}."
        )
    num_examples = metrics.pop(NUM_EXAMPLES)
    if isinstance(num_examples, list) or any(
        isinstance(value, list) for value in metrics.values()
    ):
        raise ValueError("the metrics of an answer must be numbers, got a list.")
    arrays = from_arrays([content.array_records[ARRAYS]])
    return Answer(arrays, num_examples, metrics)
