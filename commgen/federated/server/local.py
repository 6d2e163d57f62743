"""A Flower ``Grid`` within this process: nodes are called, nothing is sent."""

from collections.abc import Iterable
from typing import Any, Protocol

from flwr.app import Error, Message
from flwr.serverapp import Grid
from flwr.supercore.task_identity import TaskIdentity

import commgen.federated.flower  # noqa: F401 (quiet)
from commgen.federated.nodes.host import NodeHost, Reply
from commgen.federated.records import answer_record, read_task
from commgen.federated.tasks import Task

_FAILED = 1  # code of an error that a node reports


class Answerer(Protocol):
    """Has nodes answer, here or in other processes, in any order."""

    def submit(self, batch: int, pending: Any) -> None:
        """Give node number ``batch`` the task ``pending``."""
        ...

    def next_batch(self) -> Any:
        """Wait for the first :class:`~commgen.federated.nodes.host.Reply`."""
        ...


class Here:
    """Answers in this process, each when it is asked for."""

    def __init__(self, host: NodeHost):
        self._host, self._given = host, list[tuple[int, Task]]()

    def submit(self, batch: int, pending: Task) -> None:
        """Note a task."""
        self._given.append((batch, pending))

    def next_batch(self) -> Reply:
        """Answer the first task that is left."""
        return self._host.run(*self._given.pop(0))


class LocalGrid(Grid):
    """Nodes whose id is their place plus one.

    Parameters
    ----------
    num_nodes
        Nodes of the federation.
    answerer
        Has them answer.

    Attributes
    ----------
    late
        Node id to why it did not answer the last message in time.
    cpu_seconds
        Node id to what its last answer took.
    """

    def __init__(self, num_nodes: int, answerer: Answerer):
        self._num_nodes, self._answerer = num_nodes, answerer
        self.late: dict[int, str] = {}
        self.cpu_seconds: dict[int, float] = {}
        # Messages of strategies ask who sends them.
        TaskIdentity.task_id = TaskIdentity.run_id = TaskIdentity.node_id = 1

    def get_node_ids(self) -> list[int]:
        """All of them, always."""
        return [i + 1 for i in range(self._num_nodes)]

    def send_and_receive(
        self, messages: Iterable[Message], *, timeout: float | None = None
    ) -> list[Message]:
        """Have each node answer.

        Raises
        ------
        ValueError
            If a node cannot even say what it has: the configuration is wrong.
        """
        sent = {message.metadata.dst_node_id: message for message in messages}
        tasks = _read_tasks(sent)
        for node_id, task in tasks.items():
            self._answerer.submit(node_id - 1, task)
        replies = [self._answerer.next_batch() for _ in sent]
        by_id = {reply.batch + 1: reply for reply in replies}
        self.late = {i: r.late for i, r in by_id.items() if r.late is not None}
        self.cpu_seconds = {i: r.cpu_seconds for i, r in by_id.items()}
        for i in sorted(by_id):
            if tasks[i].what == "describe" and by_id[i].error is not None:
                raise ValueError(by_id[i].error)
        return [
            _message(by_id[i], sent[i]) for i in sorted(by_id) if i not in self.late
        ]

    @property
    def run(self) -> Any:
        """There is no run of Flower."""
        raise NotImplementedError("LocalGrid has no run of Flower.")

    def set_run(self, run: Any) -> None:
        """Do nothing, since there is no run of Flower."""

    def create_message(self, content, message_type, dst_node_id, group_id, ttl=None):
        """Return a message."""
        return Message(content, dst_node_id, message_type, group_id=group_id, ttl=ttl)

    def push_messages(self, messages: Iterable[Message]) -> Iterable[str]:
        """Nothing is pushed here: see :meth:`send_and_receive`."""
        raise NotImplementedError("LocalGrid answers in send_and_receive alone.")

    def pull_messages(self, message_ids: Iterable[str]) -> Iterable[Message]:
        """Nothing is pulled here: see :meth:`send_and_receive`."""
        raise NotImplementedError("LocalGrid answers in send_and_receive alone.")


def _read_tasks(messages: dict[int, Message]) -> dict[int, Task]:
    """Read the tasks of messages, which mostly share one content, once."""
    read: dict[int, Task] = {}
    tasks = {}
    for node_id, message in messages.items():
        key = id(message.content)
        if key not in read:
            read[key] = read_task(message.content)
        tasks[node_id] = read[key]
    return tasks


def _message(reply: Reply, to: Message) -> Message:
    if reply.answer is None:
        return Message(Error(_FAILED, reply.error), reply_to=to)
    return Message(answer_record(reply.answer), reply_to=to)
