"""Whether a node could have answered with what it may spend."""

from commgen.federated.node_config import BudgetConfig
from commgen.federated.nodes.data import PARTS, NodeData
from commgen.federated.tasks import Answer, Task

# Weights are held four times in a training: themselves, gradient, and two moments.
_COPIES = 4


def overrun(
    budget: BudgetConfig,
    data: NodeData,
    task: Task,
    answer: Answer,
    *,
    cpu_seconds: float,
    timeout_s: float,
) -> str | None:
    """Say which budget an answer is over; None where it is within all of them.

    Parameters
    ----------
    budget
        Of the node.
    data
        Its channels.
    task, answer
        What it was asked and what leaves it.
    cpu_seconds
        What the answer took.
    timeout_s
        After which the answer is not waited for.
    """
    memory = memory_mib(data, task)
    if budget.memory_mib is not None and memory > budget.memory_mib:
        return f"it needs {memory:.1f} MiB, and has {budget.memory_mib:g}"
    if budget.cpu_seconds is not None and cpu_seconds > budget.cpu_seconds:
        return f"it took {cpu_seconds:.2f} CPU s, and has {budget.cpu_seconds:g}"
    seconds = uplink_seconds(budget, answer)
    if seconds > timeout_s:
        return f"it sends for {seconds:.0f} s, and is waited for {timeout_s:g}"
    return None


def memory_mib(data: NodeData, task: Task) -> float:
    """Return what channels, weights, gradient and optimizer need [MiB].

    Activations, and what Python and TensorFlow need themselves, are not in it.
    """
    channels = sum(getattr(data, part).h.nbytes for part in PARTS)
    sent = sum(array.nbytes for array in task.arrays.values())
    return (channels + (_COPIES if task.what == "train" else 1) * sent) / 2**20


def uplink_seconds(budget: BudgetConfig, answer: Answer) -> float:
    """Return for how long an answer is on its way [s]."""
    if budget.uplink_kbit_s is None:
        return 0.0
    num_bits = 8 * sum(array.nbytes for array in answer.arrays.values())
    return num_bits / (1e3 * budget.uplink_kbit_s)
