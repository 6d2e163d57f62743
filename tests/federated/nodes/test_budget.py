import numpy as np
import pytest

from commgen.federated.node_config import BudgetConfig
from commgen.federated.nodes.budget import memory_mib, overrun, uplink_seconds
from commgen.federated.nodes.data import load_node_data
from commgen.federated.tasks import Answer, Task

MIB = 2**20


@pytest.fixture
def data(federation):
    return load_node_data(federation, 0)


def late(data, *, spent=1.0, timeout_s=10.0, **budget):
    weights = {"weights/a": np.zeros(MIB // 4, np.float32)}
    task = Task("train", 1, weights)
    answer = Answer(weights, 10)
    return overrun(
        BudgetConfig(**budget),
        data,
        task,
        answer,
        cpu_seconds=spent,
        timeout_s=timeout_s,
    )


def test_weights_gradient_and_moments_are_in_memory(data):
    channels = 120 * 4 * 8 / MIB
    task = Task("train", 1, {"weights/a": np.zeros(MIB // 4, np.float32)})
    assert memory_mib(data, task) == pytest.approx(4 + channels)
    assert late(data, memory_mib=4.1) is None
    assert "4.0 MiB, and has 3.9" in late(data, memory_mib=3.9)


def test_time_and_link_have_their_limits(data):
    assert late(data) is None
    assert late(data, cpu_seconds=1, spent=1.0) is None
    assert "1.50 CPU s, and has 1" in late(data, cpu_seconds=1, spent=1.5)
    answer = Answer({"weights/a": np.zeros(1000, np.float32)}, 1)
    assert uplink_seconds(BudgetConfig(uplink_kbit_s=16), answer) == 2.0
    # A MiB at 1 Mbit/s takes 8.39 s.
    assert late(data, uplink_kbit_s=1000) is None
    assert "sends for 8 s, and is waited for 5" in late(
        data, uplink_kbit_s=1000, timeout_s=5
    )
