"""Nodes of one process, which answer one after the other."""

import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from commgen.federated.config import FederationConfig
from commgen.federated.nodes.budget import overrun
from commgen.federated.nodes.node import Node
from commgen.federated.tasks import Answer, Task


@dataclass(frozen=True)
class Reply:
    """What came of a task at a node.

    Parameters
    ----------
    batch
        Place of the node: workers count in batches.
    answer
        Its answer, None where there is none in time.
    late
        Why not.
    error
        What went wrong at the node.
    cpu_seconds
        What it took.
    """

    batch: int
    answer: Answer | None = None
    late: str | None = None
    error: str | None = None
    cpu_seconds: float = 0.0


class NodeHost:
    """All nodes of a federation in this process; they share one model.

    Parameters
    ----------
    config
        The federation.
    folder
        Each node keeps what it must not forget in a folder of its name in it; None: in
        memory.
    shelf
        Of the model, where another host of this process has built it.
    """

    def __init__(
        self,
        config: FederationConfig,
        folder: Path | None = None,
        shelf: Any = None,
    ):
        self.config, self.folder = config, folder
        self._nodes: dict[int, Node] = {}
        self._given = shelf

    @cached_property
    def shelf(self) -> Any:
        """Of the model that the nodes share."""
        if self._given is not None:
            return self._given
        from commgen.federated.nodes.shelf import Shelf  # loads TensorFlow

        return Shelf(self.config)

    def node(self, index: int) -> Node:
        """Return a node, made when it is first asked."""
        if index not in self._nodes:
            name = self.config.names[index]
            folder = None if self.folder is None else self.folder / name
            self._nodes[index] = Node(self.config, index, folder, self.shelf)
        return self._nodes[index]

    def run(self, batch: int, pending: Task) -> Reply:
        """Have node number ``batch`` answer the task ``pending``."""
        start = time.process_time()
        node = self.node(batch)
        try:
            answer = node.answer(pending)
        except Exception as error:  # a node that fails is no end of the run
            told = str(error) or type(error).__name__
            return Reply(batch, error=told, cpu_seconds=time.process_time() - start)
        spent = time.process_time() - start
        budget, timeout_s = self.config.node(batch).budget, self.config.timeout_s
        late = overrun(
            budget,
            node.data,
            pending,
            answer,
            cpu_seconds=spent,
            timeout_s=timeout_s,
        )
        return Reply(batch, None if late else answer, late, cpu_seconds=spent)
