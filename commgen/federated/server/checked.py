"""A Flower ``Grid`` whose replies are in order, checked and counted."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from flwr.app import Message, MessageType, RecordDict
from flwr.serverapp import Grid

import commgen.federated.flower  # noqa: F401 (quiet)
from commgen.federated.records import (
    answer_record,
    read_answer,
    read_task,
    task_record,
    to_arrays,
)
from commgen.federated.server.replies import Description, check_answer, odd_ones
from commgen.federated.server.wrapped import WrappedGrid
from commgen.federated.tasks import Answer, Task

#: Further arrays of a message, which no strategy need know of.
FIXED = "fixed"
# How often a grid is asked whether its nodes are there [s].
_LOOK_S = 1.0

Unpack = Callable[[Task, Answer], Answer]


class NodesLostError(ConnectionError):
    """Raised when fewer nodes answer than are needed."""


@dataclass
class Exchange:
    """What became of one question to the nodes.

    Parameters
    ----------
    answers
        Partition to answer, in order, of those that can be used.
    refused, late
        Partition to reason.
    bytes_down, bytes_up
        Of all arrays, as they were sent.
    seconds
        Wall time.
    """

    answers: dict[int, Answer] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)
    late: dict[int, str] = field(default_factory=dict)
    bytes_down: int = 0
    bytes_up: int = 0
    seconds: float = 0.0

    @property
    def num_examples(self) -> int:
        """Channels behind all answers."""
        return sum(answer.num_examples for answer in self.answers.values())


class CheckedGrid(WrappedGrid):
    """Wraps a grid, so that a run is the same on every one, and outlives bad nodes.

    Strategies that are given it see the nodes of a round, drawn by seed and round, and
    the replies that can be used, sorted by partition: sums do not depend on who was
    first.

    Parameters
    ----------
    grid
        What sends and receives.
    num_nodes
        Partitions of the federation.
    min_nodes
        Answers that must come.
    timeout_s
        After which an answer is late.
    seed
        Of the draw of nodes.
    unpack
        Undoes what was done to an answer of a training before it left.
    """

    def __init__(
        self,
        grid: Grid,
        num_nodes: int,
        *,
        min_nodes: int = 1,
        timeout_s: float = 600.0,
        seed: int = 0,
        unpack: Unpack | None = None,
    ):
        super().__init__(grid)
        self._num_nodes = num_nodes
        self._min_nodes, self._timeout_s, self._seed = min_nodes, timeout_s, seed
        self._unpack = unpack
        self.nodes: dict[int, Description] = {}  # by partition
        self._ids: dict[int, int] = {}  # partition to node id
        self._asked: list[int] = []  # partitions of the present question
        self._online: list[int] = []  # ids of those that are connected
        self._fixed: Mapping[str, np.ndarray] = {}
        self.last = Exchange()

    def greet(self, round: int) -> Exchange:
        """Ask nodes that are not known yet what they have.

        Parameters
        ----------
        round
            Number of the question.
        """
        known = set(self._ids.values())
        new = sorted(set(self._grid.get_node_ids()) - known)
        task = Task("describe", round)
        messages = [Message(task_record(task), i, MessageType.TRAIN) for i in new]
        exchange = Exchange(bytes_down=sum(num_bytes(m.content) for m in messages))
        if not messages:
            return exchange
        replies = self._grid.send_and_receive(
            messages=messages, timeout=self._timeout_s
        )
        for reply in sorted(replies, key=lambda r: r.metadata.src_node_id):
            self._meet(task, reply, exchange)
        exchange.answers = dict(sorted(exchange.answers.items()))
        return exchange

    def _meet(self, task: Task, reply: Message, exchange: Exchange) -> None:
        """Note what a node says of itself; one that errs stays unknown."""
        if reply.has_error():
            return
        exchange.bytes_up += num_bytes(reply.content)
        try:
            answer = read_answer(reply.content)
            check_answer(task, answer, None)
            said = Description(answer.metrics)
            partition = said.partition
        except (ValueError, TypeError, KeyError):
            return
        if 0 <= partition < self._num_nodes and partition not in exchange.answers:
            exchange.answers[partition] = answer
            self.nodes[partition] = said
            self._ids[partition] = reply.metadata.src_node_id

    def wait(self, num_nodes: int) -> None:
        """Wait until so many nodes are connected, at most ``timeout_s``.

        Raises
        ------
        NodesLostError
            If there are fewer than ``min_nodes`` then.
        """
        end = time.monotonic() + self._timeout_s
        while (there := len([*self._grid.get_node_ids()])) < num_nodes:
            if time.monotonic() >= end:
                break
            time.sleep(min(_LOOK_S, self._timeout_s))
        if there < self._min_nodes:
            raise NodesLostError(
                f"min_nodes must be at most the nodes that are connected, {there} "
                f"after {self._timeout_s:g} s, got {self._min_nodes}."
            )

    def choose(
        self,
        partitions: Iterable[int],
        round: int,
        num_nodes: int | None = None,
        fixed: Mapping[str, np.ndarray] | None = None,
    ) -> list[int]:
        """Choose whom the next messages are for, by seed and round; return them.

        Parameters
        ----------
        partitions
            Of which they are chosen.
        round
            Number of the question.
        num_nodes
            How many; all where None.
        fixed
            Arrays that go with the messages, past the strategy.
        """
        asked = sorted(partitions)
        if num_nodes is not None and num_nodes < len(asked):
            rng = np.random.default_rng([self._seed, round])
            asked = sorted(rng.choice(asked, num_nodes, replace=False).tolist())
        self._asked, self._fixed, self._online = asked, fixed or {}, []
        return asked

    def get_node_ids(self) -> list[int]:
        """Return the ids of the chosen nodes that are connected, by partition.

        The same ones until others are chosen: strategies ask twice, and wait for ever
        where there are fewer the second time, or none.

        Raises
        ------
        NodesLostError
            If there are none for ``timeout_s``.
        """
        if self._online:
            return self._online
        ids = [self._ids[p] for p in self._asked if p in self._ids]
        end = time.monotonic() + self._timeout_s
        while True:
            there = set(self._grid.get_node_ids())
            found = [node_id for node_id in ids if node_id in there]
            if found or time.monotonic() >= end:
                break
            time.sleep(min(_LOOK_S, self._timeout_s))
        if not found:
            raise NodesLostError(
                f"at least one of the {len(self._asked)} nodes to be asked must be "
                f"connected, got none for {self._timeout_s:g} s."
            )
        self._online = found
        return found

    def send_and_receive(
        self, messages: Iterable[Message], *, timeout: float | None = None
    ) -> list[Message]:
        """Send messages; return the replies that can be used, by partition.

        Raises
        ------
        NodesLostError
            If fewer than ``min_nodes`` can be.
        """
        partitions = {node_id: p for p, node_id in self._ids.items()}
        sent = {partitions[m.metadata.dst_node_id]: m for m in messages}
        sent = {p: self._with_fixed(sent[p]) for p in sorted(sent)}
        started = time.monotonic()
        replies = [
            *self._grid.send_and_receive(
                messages=[*sent.values()], timeout=timeout or self._timeout_s
            )
        ]
        self.last = exchange = Exchange(seconds=time.monotonic() - started)
        exchange.bytes_down = sum(num_bytes(m.content) for m in sent.values())
        by_partition = {partitions[r.metadata.src_node_id]: r for r in replies}
        late = getattr(self._grid, "late", {})
        for p in self._asked:
            if p not in by_partition:
                exchange.late[p] = late.get(self._ids.get(p), "no answer in time")
        for p in sorted(by_partition):
            self._take(p, sent[p], by_partition[p])
        for p, why in odd_ones(exchange.answers).items():
            del exchange.answers[p]
            exchange.refused[p] = why
        self._check_enough(exchange)
        for p, answer in exchange.answers.items():
            by_partition[p].content = answer_record(answer)
        return [by_partition[p] for p in exchange.answers]

    def _with_fixed(self, message: Message) -> Message:
        """Return the message, or one like it that has the further arrays too."""
        if not self._fixed:
            return message
        content = RecordDict(dict(message.content))
        content[FIXED] = to_arrays(self._fixed)
        return Message(
            content, message.metadata.dst_node_id, message.metadata.message_type
        )

    def _take(self, partition: int, sent: Message, reply: Message) -> None:
        """Read and check one reply."""
        exchange = self.last
        if reply.has_error():
            exchange.refused[partition] = f"it failed: {reply.error.reason}"
            return
        exchange.bytes_up += num_bytes(reply.content)
        try:
            task, answer = read_task(sent.content), read_answer(reply.content)
            if self._unpack is not None and task.what == "train":
                answer = self._unpack(task, answer)
            check_answer(task, answer, self.nodes.get(partition))
        except (ValueError, TypeError, KeyError) as error:
            exchange.refused[partition] = str(error)
            return
        exchange.answers[partition] = answer

    def _check_enough(self, exchange: Exchange) -> None:
        needed = min(self._min_nodes, max(len(self._asked), 1))
        if len(exchange.answers) >= needed:
            return
        reasons = {**exchange.late, **exchange.refused}
        first = min(reasons, default=None)
        told = "" if first is None else f"; node {first}: {reasons[first]}"
        raise NodesLostError(
            f"at least {needed} of the {len(self._asked)} nodes that were asked must "
            f"answer, got {len(exchange.answers)} ({len(exchange.late)} late, "
            f"{len(exchange.refused)} refused{told})"
        )


def num_bytes(content: RecordDict) -> int:
    """Return the bytes of all arrays of a message."""
    return sum(
        len(array.data)
        for record in content.array_records.values()
        for array in record.values()
    )
