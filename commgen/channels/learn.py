"""Recipes: fit one family of generative models to channels."""

from pathlib import Path
from typing import Any, Literal

import numpy as np

from commgen._files import sha256
from commgen.channels.events import Events

Family = Literal["lmmse", "gmm", "diffusion"]


def learn(
    h: np.ndarray,
    family: Family,
    *,
    seed: int,
    validation: np.ndarray | None = None,
    num_components: int = 64,
    covariance: str = "full",
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
    num_components, covariance
        Of a Gaussian mixture.
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
    if family == "gmm":
        model = GaussianMixture(event_shape, num_components, covariance)
        return model.fit(h, seed=seed, progress=progress)
    keras.utils.set_random_seed(seed)  # the initial weights
    return Diffusion(event_shape).fit(
        h,
        seed=seed,
        validation=validation,
        training=TrainingConfig(num_epochs=num_epochs),
        symmetries=symmetries,
        folder=folder,
        progress=progress,
    )


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
