"""Federated EM: the nodes expect, the server maximises; no channel is sent."""

from collections.abc import Callable

import numpy as np

from commgen.federated.mixture.messages import (
    Ask,
    mixture_arrays,
    structure_settings,
)
from commgen.generative.additive import unpack_hermitian
from commgen.generative.mixture import em
from commgen.generative.mixture.em import Structure
from commgen.generative.mixture.parts import Component, Mixture, Scatter
from commgen.generative.mixture.statistics import Statistics


def principal_of(ask: Ask, structure: Structure) -> Component | None:
    """Ask for the covariance on which low-rank ones lean; None for others."""
    if structure.covariance != "low-rank":
        return None
    total = ask("expect", {}, {**structure_settings(structure), "step": "overall"})
    size = len(total["outer"][0])
    everything = Scatter(
        np.zeros((0, size), np.complex64),
        np.zeros(0, np.float32),
        float(total["counts"][0]),
        unpack_hermitian(total["outer"][0]),
    )
    overall = total["powers"][0] / total["counts"][0]
    return em.principal_part(everything, overall, structure)


def first_mixture(
    ask: Ask,
    centers: np.ndarray,
    structure: Structure,
    principal: Component | None = None,
) -> Mixture:
    """Return the mixture of the clusters about centers.

    Parameters
    ----------
    ask
        Asks all nodes.
    centers : [num_components, size], float
        From :func:`~commgen.federated.mixture.start.first_centers`.
    structure
        Of the mixture.
    principal
        From :func:`principal_of`.
    """
    settings = {**structure_settings(structure), "step": "hard"}
    total = ask("expect", {"weights/centers": centers}, settings)
    return em.maximisation(Statistics.of(total, principal), structure)


def climb(
    ask: Ask,
    mixture: Mixture,
    structure: Structure,
    principal: Component | None = None,
    *,
    max_iterations: int = 60,
    tolerance: float = 0.02,
    watch: Callable[[Mixture, float], None] = lambda mixture, log_likelihood: None,
) -> tuple[Mixture, float]:
    """Take steps of EM until the likelihood rises by less than a tolerance.

    Each is the step of :func:`~commgen.generative.mixture.em.climb` on all channels in
    one place, but for the rounding of sums.

    Parameters
    ----------
    ask
        Asks all nodes, once a step.
    mixture
        Where to start.
    structure, principal
        As in :func:`first_mixture`.
    max_iterations, tolerance
        Most steps, and the least rise [nats a channel] that is worth another one.
    watch
        Called after each step with the new mixture, and the log-likelihood before it.

    Returns
    -------
    mixture : Mixture
    log_likelihood : float
        Mean over the channels before the last step; -inf where none was taken.
    """
    log_p = last = -np.inf
    for _ in range(max_iterations):
        settings = {**structure_settings(structure), "step": "soft"}
        total = ask("expect", mixture_arrays(mixture), settings)
        statistics = Statistics.of(total, principal)
        log_p = float(total["log_likelihood"]) / float(statistics.counts.sum())
        mixture = em.maximisation(statistics, structure, mixture)
        watch(mixture, log_p)
        if log_p - last < tolerance:
            break
        last = log_p
    return mixture, log_p
