"""Recipes: fit one family of generative models to channels."""

from pathlib import Path
from typing import Any, Literal

import numpy as np

from commgen._files import sha256
from commgen._progress import progress_bar
from commgen._random import complex_normal
from commgen.channels.events import Events

# Weights of the circulant part to choose from, in channels.
_STRENGTHS = (4.0, 32.0, 256.0)
_CHOICE_CHANNELS = 4000
_CHOICE_SNR_DB = (-5.0, 5.0, 15.0)

Family = Literal["lmmse", "gmm", "diffusion"]


def learn(
    h: np.ndarray,
    family: Family,
    *,
    seed: int,
    validation: np.ndarray | None = None,
    num_components: int = 64,
    covariance: str = "full",
    max_channels: int | None = None,
    prior: Any = None,
    num_epochs: int = 30,
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
        ``"lmmse"``: one Gaussian with the sample covariance; ``"gmm"``;
        ``"diffusion"``.
    seed
        Seed of everything random.
    validation : [m, *event_shape], complex, or None
        As in :meth:`~commgen.generative.Diffusion.fit`.
    num_components, covariance, max_channels
        Of a Gaussian mixture, and of the one inside a diffusion model; it is fitted to
        at most ``max_channels``, evenly spaced, and its ``strength`` is chosen by
        :func:`choose_strength`.
    prior
        A mixture fitted before, for a diffusion model.
    num_epochs, symmetries, folder
        Of a diffusion model.
    progress
        Show a progress bar.

    Returns
    -------
    GenerativeModel
    """
    import keras

    from commgen.generative import Diffusion, GaussianMixture, TrainingConfig

    event_shape = h.shape[1:]
    if family == "lmmse":
        return GaussianMixture(event_shape, 1).fit(h, seed=seed)
    if prior is None:
        fit_to = h[:: -(-len(h) // (max_channels or len(h)))]
        strength = choose_strength(
            h, validation, covariance=covariance, seed=seed, progress=progress
        )
        prior = GaussianMixture(event_shape, num_components, covariance)
        prior.fit(fit_to, seed=seed, strength=strength, progress=progress)
    if family == "gmm":
        return prior
    keras.utils.set_random_seed(seed)  # the initial weights
    return Diffusion(event_shape, prior=prior).fit(
        h,
        seed=seed,
        validation=validation,
        training=TrainingConfig(num_epochs=num_epochs),
        symmetries=symmetries,
        folder=folder,
        progress=progress,
    )


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
    from commgen.generative import GaussianMixture

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
        no = 10 ** (-snr_db / 10)
        y = (h + np.sqrt(no) * noise).astype(np.complex64)
        h_hat = np.concatenate(
            [_estimate(model, y[i : i + 512], no) for i in range(0, len(y), 512)]
        )
        error = np.sum(np.abs(h_hat - h) ** 2)
        values.append(10 * np.log10(error / np.sum(np.abs(h) ** 2)))
    return float(np.mean(values))


def _estimate(model: Any, y: np.ndarray, no: float) -> np.ndarray:
    level = np.full(len(y), no, np.float32)
    re, im, _ = model.estimate(y.real.copy(), y.imag.copy(), level)
    return re.numpy() + 1j * im.numpy()


def model_card(events: Events, path: Path, *, family: str, seed: int) -> dict:
    """Tell where a model comes from: data with its checksum, layout, seed."""
    return {
        "learned_as": family,
        "seed": seed,
        "layout": list(events.layout),
        "num_channels": len(events.h),
        "data": {"file": Path(path).name, "sha256": sha256(path)},
        "meta": events.meta.model_dump(mode="json"),
    }
