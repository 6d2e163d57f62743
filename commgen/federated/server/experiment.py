"""Nodes in worker processes, by the engine that runs simulations in them."""

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from commgen.federated.config import FederationConfig
from commgen.federated.nodes.host import NodeHost
from commgen.montecarlo.experiment import Experiment, nowhere
from commgen.montecarlo.layout import Layout


@dataclass(frozen=True)
class NodesExperiment(Experiment):
    """A federation, of which a worker builds the nodes.

    A batch is a node by its place, and what is pending is its task.

    Parameters
    ----------
    config
        The federation.
    folder
        In which nodes keep what they must not forget: a worker that takes over the
        node of another one finds it there.
    """

    folder: Path

    config_class: ClassVar[type[FederationConfig]] = FederationConfig

    @property
    def layout(self) -> Layout:
        """There are no curves."""
        raise NotImplementedError("a federation has no layout.")

    def build(self, keep: Callable[[], Path | None] = nowhere) -> Any:
        """Return the nodes."""
        return NodeHost(self.config, self.folder)

    def job(self) -> str:
        """Return what tells these nodes from others."""
        return self.config.model_dump_json() + str(self.folder)

    @classmethod
    def start_worker(cls) -> None:
        """Give TensorFlow one thread, as it has in the process that runs alone."""
        one_thread()


def one_thread() -> None:
    """Give TensorFlow one thread: sums are the same then, wherever a node answers.

    Where TensorFlow has begun to work before, it goes on with the threads that it has.
    """
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")
    with contextlib.suppress(RuntimeError):
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
