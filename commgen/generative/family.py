"""What a recipe must know of a family of networks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class NetworkFamily:
    """How a family of networks is built and trained by its name.

    Parameters
    ----------
    build
        The class, or what makes a model of it: takes the event shape, and
        ``num_conditions`` and ``prior`` by keyword where these are.
    num_epochs
        Epochs of a training; those of the class where None.
    takes_conditions
        Whether there is ``num_conditions``.
    corrects_mixture
        Whether there is ``prior``, a Gaussian mixture of the same channels.
    finish
        What follows on ``fit``: ``finish(model, num_channels, num_epochs, *, seed,
        symmetries, folder, progress)``, where ``num_epochs`` is at most that many, or
        None.
    """

    build: Callable[..., Any]
    num_epochs: int | None = None
    takes_conditions: bool = True
    corrects_mixture: bool = False
    finish: Callable[..., None] | None = None
