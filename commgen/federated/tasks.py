"""What a server asks of a node, and what it is answered: plain NumPy, no Flower."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

#: What a node can be asked for.
What = Literal[
    "describe",  # how many channels, of which shape; what the node's means say
    "sums",  # additive statistics that a family of networks stands on
    "cluster",  # a step of k-means over the nodes
    "expect",  # a step of EM: sums of a mixture's responsibilities
    "train",  # some epochs from given weights
    "calibrate",  # sums of errors and of promised errors, by SNR
    "evaluate",  # loss, and NMSE of the global and of the adapted model
    "fit",  # one shot: a model of the node's own
    "generate",  # channels that the node's own model draws
]
Value = bool | int | float | str


@dataclass(frozen=True)
class Task:
    """A question to a node.

    Parameters
    ----------
    what
        Which one.
    round
        Counted from 1, over the whole run: a node's own state after round r - 1
        decides its answer in round r, so a task that is asked again is answered again.
    arrays
        Name to array, real numbers; complex ones travel as [..., 2].
    settings
        Name to number or text.
    """

    what: What
    round: int
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    settings: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What a node answers.

    Parameters
    ----------
    arrays
        Name to array, real numbers, finite. What is a sum over channels is sent as
        their mean, so that Flower's strategies, which weigh by ``num_examples``, add.
    num_examples
        Channels that the arrays stand for.
    metrics
        Name to number.
    """

    arrays: Mapping[str, np.ndarray]
    num_examples: int
    metrics: Mapping[str, float] = field(default_factory=dict)
