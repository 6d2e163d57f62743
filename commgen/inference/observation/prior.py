"""The mixtures that these methods need, out of the priors that there are."""

from dataclasses import replace
from typing import Any

import numpy as np
from scipy.special import logsumexp

from commgen.generative.mixture.model import MixtureModel
from commgen.generative.mixture.parts import Mixture

# Components of a smaller posterior probability are left out.
NEGLIGIBLE = 1e-9


def check_mixture(name: str, prior: Any, event_shape: tuple[int, ...]) -> Mixture:
    """Return the mixture of ``prior`` with weights of sum one, or raise.

    Raises
    ------
    TypeError
        If it is no Gaussian mixture: only there are the likelihoods in closed form.
    ValueError
        If its channels have another shape.
    """
    if not isinstance(prior, MixtureModel):
        raise TypeError(
            f"{name} must be a Gaussian mixture, got {type(prior).__name__}."
        )
    check_event_shape(prior, event_shape)
    mixture = prior.mixture
    weights = mixture.log_weights - logsumexp(mixture.log_weights)
    return replace(mixture, log_weights=weights)


def check_event_shape(prior: Any, event_shape: tuple[int, ...]) -> None:
    """Raise unless ``prior`` is of channels of this shape."""
    if tuple(prior.event_shape) != tuple(event_shape):
        raise ValueError(
            f"prior must be of channels {tuple(event_shape)} as the observation, "
            f"got {tuple(prior.event_shape)}."
        )


def check_label(name: str, labels: Any, batch: int) -> tuple[np.ndarray, int]:
    """Return the group of each channel, [batch] in 0..num-1, and the number of groups.

    Parameters
    ----------
    name
        Of the argument, for the error.
    labels : [batch], int or str, or None
        Label of each channel; None makes each a group of its own.
    batch
        Number of channels.
    """
    if labels is None:
        return np.arange(batch), batch
    labels = np.asarray(labels)
    if labels.shape != (batch,):
        raise ValueError(f"{name} must be [{batch}], got {labels.shape}.")
    values, index = np.unique(labels, return_inverse=True)
    return index, len(values)
