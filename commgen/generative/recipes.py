"""Recipes: fit one family of generative models to channels."""

from importlib import import_module
from pathlib import Path
from typing import Any, get_args

import numpy as np

from commgen._progress import progress_bar
from commgen._random import complex_normal
from commgen.generative._untyped import keras
from commgen.generative.chunks import in_chunks
from commgen.generative.family import NetworkFamily
from commgen.generative.mixture.gmm import GaussianMixture
from commgen.generative.names import NETWORKS, Family
from commgen.measures.decibel import noise_variance

# Weights of the circulant part to choose from, in channels.
_STRENGTHS = (4.0, 32.0, 256.0)
_CHOICE_CHANNELS = 4000
_CHOICE_SNR_DB = (-5.0, 5.0, 15.0)


def learn(
    h: np.ndarray,
    family: Family,
    *,
    seed: int,
    validation: np.ndarray | None = None,
    condition: np.ndarray | None = None,
    validation_condition: np.ndarray | None = None,
    no: float | None = None,
    num_components: int = 64,
    covariance: str = "full",
    max_channels: int | None = None,
    prior: Any = None,
    num_epochs: int | None = None,
    symmetries: tuple[str, ...] = ("phase",),
    folder: Path | None = None,
    progress: bool = False,
) -> Any:
    """Fit a generative model.

    Parameters
    ----------
    h : [n, *event_shape], complex
        Training channels.
    family
        ``"lmmse"``: one Gaussian with the sample covariance; ``"gmm"``: a mixture of
        them; or the name of a network family, see :func:`build_network`.
    seed
        Seed of everything random.
    validation : [m, *event_shape], complex, or None
        As in :meth:`~commgen.generative.network.NetworkModel.fit`.
    condition, validation_condition : [n, num_conditions], [m, num_conditions], float
        Circumstances of the channels, for a model with conditions.
    no
        Variance of white noise in ``h`` and ``validation``, which then are noisy
        pilots: for ``"lmmse"``, ``"gmm"``, ``"vae"`` and ``"gm-vae"``.
    num_components, covariance, max_channels
        Of a Gaussian mixture, also of the one inside a model that starts from one; it
        is fitted to at most ``max_channels``, evenly spaced, and its ``strength`` is
        chosen by :func:`choose_strength`.
    prior
        A mixture fitted before, for a model that starts from one.
    num_epochs
        Of a network; the family's own number where None.
    symmetries, folder
        Of a network, see :meth:`~commgen.generative.network.NetworkModel.fit`.
    progress
        Show a progress bar.

    Returns
    -------
    GenerativeModel

    Raises
    ------
    ValueError
        If the family is unknown, or the model refuses the channels.
    """
    if family not in get_args(Family):
        raise ValueError(f"family must be of {get_args(Family)}, got {family!r}.")
    num_conditions = 0 if condition is None else condition.shape[1]
    mixture: dict[str, Any] = {"seed": seed, "no": no}
    if family == "lmmse":
        return _mixture(h, condition, 1, "full", **mixture)
    network = None if family == "gmm" else network_family(family)
    if prior is None and (network is None or network.corrects_mixture):
        mixture["strength"] = choose_strength(
            h,
            validation if no is None else None,
            covariance=covariance,
            seed=seed,
            progress=progress,
        )
        fit_to = slice(None, None, -(-len(h) // (max_channels or len(h))))
        c = condition[fit_to] if family == "gmm" and condition is not None else None
        size = (num_components, covariance)
        prior = _mixture(h[fit_to], c, *size, **mixture, progress=progress)
    if network is None:
        return prior
    keras.utils.set_random_seed(seed)  # the initial weights
    model = build_network(family, h.shape[1:], num_conditions, prior)
    training = model.default_training
    epochs = num_epochs or network.num_epochs or training.num_epochs
    training = training.model_copy(update={"num_epochs": epochs})
    pair = (validation, validation_condition)
    options = {"symmetries": symmetries, "folder": folder, "progress": progress}
    model.fit(
        h,
        condition,
        seed=seed,
        validation=pair if num_conditions and validation is not None else validation,
        no=no,
        training=training,
        **options,
    )
    if network.finish is not None:
        network.finish(model, len(h), num_epochs, seed=seed, **options)
    return model


def build_network(
    family: str,
    event_shape: tuple[int, ...],
    num_conditions: int = 0,
    prior=None,
    **sizes: Any,
) -> Any:
    """Build an untrained model of a network family, with the sizes of its recipe.

    Parameters
    ----------
    family
        ``"vae"``, ``"gm-vae"`` (a Gaussian mixture as latent prior), ``"wgan"``,
        ``"vae-gan"``, ``"coupling"``, ``"diffusion"``, ``"rectified-flow"``,
        ``"autoregressive"``, or, for linear arrays at one end or both,
        ``"stationary"`` or ``"separable"``.
    event_shape, num_conditions
        As in :class:`~commgen.generative.GenerativeModel`.
    prior
        Fitted mixture, for those that start from one.
    sizes
        Further arguments of the class, such as ``width``, in place of the recipe's.

    Raises
    ------
    ValueError
        If the family takes no conditions, or no channels of this shape.
    TypeError
        If the class does not know one of the sizes.
    """
    network = network_family(family)
    if num_conditions and not network.takes_conditions:
        raise ValueError(
            f"condition must be None for {family}, got {num_conditions} conditions."
        )
    options = dict(sizes)
    if network.takes_conditions:
        options["num_conditions"] = num_conditions
    if network.corrects_mixture:
        options["prior"] = prior
    return network.build(event_shape, **options)


def network_family(name: str) -> NetworkFamily:
    """Return what lies beside the class of a network family, and load that."""
    return import_module(NETWORKS[name]).FAMILIES[name]


def _mixture(h, condition, num_components, covariance, *, seed, no, **options) -> Any:
    num_conditions = 0 if condition is None else condition.shape[1]
    model = GaussianMixture(
        h.shape[1:], num_components, covariance, num_conditions=num_conditions
    )
    if no is None:
        return model.fit(h, condition, seed=seed, **options)
    return model.fit_observed(h, noise_cov=no, seed=seed, **options)


def choose_strength(
    h: np.ndarray,
    validation: np.ndarray | None,
    *,
    covariance: str,
    seed: int,
    progress: bool = False,
) -> float | None:
    """Choose how much a mixture's covariances lean on their circulant part.

    Small mixtures are fitted with each candidate, and the one of least NMSE on the
    validation channels wins: a line of antennas wants much, an office of many
    reflectors little.

    Parameters
    ----------
    h, validation : [n, *event_shape], complex
        Channels to fit, and to choose by; without the latter the default is taken.
    covariance
        Of the mixture; a circulant one has no strength.
    seed
        Seed of clustering and noise.
    progress
        Show a progress bar.

    Returns
    -------
    float, or None for the default
    """
    if validation is None or covariance != "full":
        return None
    fit_to = h[:: -(-len(h) // _CHOICE_CHANNELS)]
    check = validation[:: -(-len(validation) // _CHOICE_CHANNELS)]
    num_components = max(1, min(32, len(fit_to) // 50))
    scores = {}
    with progress_bar("choosing strength", len(_STRENGTHS), enabled=progress) as go:
        for strength in _STRENGTHS:
            model = GaussianMixture(h.shape[1:], num_components)
            model.fit(fit_to, seed=seed, strength=strength, max_iterations=10)
            scores[strength] = _mean_nmse_db(model, check, seed)
            go()
    return min(scores, key=scores.__getitem__)


def _mean_nmse_db(model: Any, h: np.ndarray, seed: int) -> float:
    h = h.reshape(len(h), -1)
    rng = np.random.default_rng(seed)
    noise = complex_normal(rng, h.shape)
    values = []
    for snr_db in _CHOICE_SNR_DB:
        no = noise_variance(snr_db)
        y = (h + np.sqrt(no) * noise).astype(np.complex64)
        level = np.full(len(y), no, np.float32)
        re, im, _ = in_chunks(model.estimate, y.real, y.imag, level, size=512)
        error = np.sum(np.abs(re + 1j * im - h) ** 2)
        values.append(10 * np.log10(error / np.sum(np.abs(h) ** 2)))
    return float(np.mean(values))
