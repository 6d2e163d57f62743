"""Recipes: fit one family of generative models to channels."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import numpy as np

from commgen._progress import progress_bar
from commgen._random import complex_normal
from commgen.generative._untyped import keras
from commgen.generative.adversarial.gan import WassersteinGAN
from commgen.generative.adversarial.vaegan import AdversarialAutoencoder
from commgen.generative.autoencoder.vae import VariationalAutoencoder
from commgen.generative.autoregressive.model import Autoregressive
from commgen.generative.chunks import in_chunks
from commgen.generative.diffusion.model import Diffusion
from commgen.generative.diffusion.rectified_flow import RectifiedFlow
from commgen.generative.flow.coupling import CouplingFlow
from commgen.generative.learned_filter.separable import SeparableDenoiser
from commgen.generative.learned_filter.stationary import StationaryDenoiser
from commgen.generative.mixture.gmm import GaussianMixture
from commgen.generative.names import Family
from commgen.measures.decibel import noise_variance

# Weights of the circulant part to choose from, in channels.
_STRENGTHS = (4.0, 32.0, 256.0)
_CHOICE_CHANNELS = 4000
_CHOICE_SNR_DB = (-5.0, 5.0, 15.0)

# Where a model starts from a mixture, fewer epochs do than its class would take.
_EPOCHS = {"diffusion": 30, "rectified-flow": 24}
_GM_VAE_COMPONENTS = 32
# Pairs for each training channel, and epochs, of a rectified flow's later stages.
_PAIRS, _REFLOW_EPOCHS, _DISTIL_EPOCHS = 2.5, 6, 14


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
    if family in ("gmm", *_START_FROM_MIXTURE) and prior is None:
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
    if family == "gmm":
        return prior
    keras.utils.set_random_seed(seed)  # the initial weights
    model = build_network(family, h.shape[1:], num_conditions, prior)
    training = model.default_training
    epochs = num_epochs or _EPOCHS.get(family, training.num_epochs)
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
    if family == "rectified-flow":
        _straighten(model, len(h), num_epochs, seed=seed, **options)
    return model


#: Name to what builds the untrained model, from event shape, mixture and conditions.
NETWORKS: dict[str, Callable[..., Any]] = {
    "vae": lambda shape, _, **size: VariationalAutoencoder(shape, **size),
    "gm-vae": lambda shape, _, **size: VariationalAutoencoder(
        shape, num_components=_GM_VAE_COMPONENTS, **size
    ),
    "wgan": lambda shape, _, **size: WassersteinGAN(shape, **size),
    "vae-gan": lambda shape, _, **size: AdversarialAutoencoder(shape, **size),
    "coupling": lambda shape, _, **size: CouplingFlow(shape, **size),
    "diffusion": lambda shape, prior, **size: Diffusion(shape, prior=prior, **size),
    "rectified-flow": lambda shape, prior, **size: RectifiedFlow(
        shape, prior=prior, **size
    ),
    "autoregressive": lambda shape, _, **size: Autoregressive(shape, **size),
    "stationary": lambda shape, _, **size: StationaryDenoiser(shape),
    "separable": lambda shape, _, **size: SeparableDenoiser(shape),
}
_UNCONDITIONAL = ("stationary", "separable")

# Families that correct what a Gaussian mixture of the same channels knows.
_START_FROM_MIXTURE = ("diffusion", "rectified-flow")


def build_network(
    family: str, event_shape: tuple[int, ...], num_conditions: int = 0, prior=None
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

    Raises
    ------
    ValueError
        If the family takes no conditions, or no channels of this shape.
    """
    if num_conditions and family in _UNCONDITIONAL:
        raise ValueError(
            f"condition must be None for {family}, got {num_conditions} conditions."
        )
    return NETWORKS[family](event_shape, prior, num_conditions=num_conditions)


def _straighten(model, num_channels, num_epochs, *, seed, progress, **options) -> None:
    """Straighten a flow, and distil it to one step."""
    num_pairs = max(20, round(_PAIRS * num_channels))
    pairs = model.draw_pairs(num_pairs, seed=seed + 1, progress=progress)
    for step, epochs in (
        (model.reflow, _REFLOW_EPOCHS),
        (model.distil, _DISTIL_EPOCHS),
    ):
        training = model.default_training.model_copy(
            update={"num_epochs": min(epochs, num_epochs or epochs)}
        )
        step(pairs, seed=seed, training=training, progress=progress, **options)


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
