"""A Gaussian mixture fitted over nodes, from the first question to the last."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from commgen.federated.mixture.climb import climb, first_mixture, principal_of
from commgen.federated.mixture.messages import (
    Ask,
    mixture_arrays,
    structure_settings,
)
from commgen.federated.mixture.start import first_centers
from commgen.generative.mixture.em import Structure
from commgen.generative.mixture.gate import climb_gate, first_gate
from commgen.generative.mixture.gmm import GaussianMixture
from commgen.generative.mixture.parts import Mixture

#: Strengths that :func:`choose_strength` tries, in channels.
STRENGTHS = (4.0, 32.0, 256.0)
# Steps of EM for each of them, and for each of several starts.
_STEPS_A_STRENGTH = 10
_STEPS_A_START = 5

Watch = Callable[[Mixture, float], None]


def fit_mixture(
    ask: Ask,
    model: GaussianMixture,
    *,
    seed: int,
    max_iterations: int = 60,
    tolerance: float = 0.02,
    strength: float | None = None,
    choose: bool = False,
    num_starts: int = 3,
    cluster_steps: int = 10,
    watch: Watch = lambda mixture, log_likelihood: None,
) -> GaussianMixture:
    """Fit a mixture to the channels of all nodes, as its ``fit`` would in one place.

    All follows from the answers, so that a run which is cut off goes on where answers
    are kept.

    Parameters
    ----------
    ask
        Asks all nodes.
    model
        Unfitted; with conditions its gate is fitted too, a question for each value of
        L-BFGS.
    seed
        Of the clustering.
    max_iterations, tolerance, strength
        As :meth:`~commgen.generative.GaussianMixture.fit`.
    choose
        Choose the strength of full covariances by :func:`choose_strength`.
    num_starts
        Clusterings that EM tries for some steps; the likeliest goes on.
    cluster_steps
        Steps of k-means over all nodes.
    watch
        As :func:`~commgen.federated.mixture.climb.climb`.

    Returns
    -------
    GaussianMixture
        ``model``.
    """
    structure = model._structure(strength, max_iterations)
    several = model.num_components > 1
    centers = first_centers(
        ask,
        structure,
        model.num_components,
        seed=seed,
        num_starts=num_starts if several else 1,
        num_steps=cluster_steps,
    )
    principal = principal_of(ask, structure)
    if choose and several and strength is None and structure.covariance == "full":
        structure = choose_strength(ask, centers[0], structure, seed=seed)
    mixture = first_mixture(ask, centers[0], structure, principal)
    steps = min(_STEPS_A_START, max_iterations) if several else 0
    if len(centers) > 1:
        rest = [first_mixture(ask, c, structure, principal) for c in centers[1:]]
        options = {"max_iterations": steps, "tolerance": -np.inf, "watch": watch}
        tried = [
            climb(ask, start, structure, principal, **options)
            for start in (mixture, *rest)
        ]
        mixture = max(tried, key=lambda found: found[1])[0]
        steps = max_iterations - steps
    elif several:
        steps = max_iterations
    mixture, _ = climb(
        ask,
        mixture,
        structure,
        principal,
        max_iterations=steps,
        tolerance=tolerance,
        watch=watch,
    )
    model._assign(mixture)
    _fit_gate(ask, model)
    return model


def choose_strength(
    ask: Ask, centers: np.ndarray, structure: Structure, *, seed: int
) -> Structure:
    """Choose by errors on the nodes' held-out channels how much covariances lean.

    For each of ``STRENGTHS`` some steps of EM are taken. The least mean NMSE in dB
    wins, over the SNRs of ``CHECK_SNR_DB``: the criterion of
    :func:`~commgen.generative.recipes.choose_strength`, with as many components as the
    mixture will have.

    Parameters
    ----------
    ask, centers, structure
        As in :func:`~commgen.federated.mixture.climb.first_mixture`.
    seed
        Of the noise.

    Returns
    -------
    Structure
        Of that strength.
    """
    scores = {}
    for strength in STRENGTHS:
        leaning = replace(structure, strength=strength)
        mixture, _ = climb(
            ask,
            first_mixture(ask, centers, leaning),
            leaning,
            max_iterations=_STEPS_A_STRENGTH,
        )
        settings = {**structure_settings(leaning), "step": "errors", "seed": seed}
        total = ask("expect", mixture_arrays(mixture), settings)
        nmse = np.asarray(total["errors"]) / float(total["power"])
        scores[strength] = float(np.mean(10 * np.log10(nmse)))
    best = min(scores, key=scores.__getitem__)
    return replace(structure, strength=best)


def _fit_gate(ask: Ask, model: GaussianMixture) -> None:
    if model._gate is None:
        return
    shape = structure_settings(model._structure(None, 1))
    total = ask("expect", {}, {**shape, "step": "conditions"})
    model.conditioning.adapt_sums(total)
    mixture = model.mixture
    center, scale = (np.array(w) for w in model.conditioning.weights[:2])
    arrays = mixture_arrays(mixture) | {"weights/mean": center, "weights/scale": scale}

    def slope_of(gate):
        asked = {**arrays, "weights/gate": gate}
        found = ask("expect", asked, {**shape, "step": "gate"})
        return float(found["value"]), found["slope"]

    start = first_gate(mixture.log_weights, model.num_conditions)
    model._gate.assign(climb_gate(slope_of, start, float(total["count"])))
