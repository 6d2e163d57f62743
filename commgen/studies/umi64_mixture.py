"""Toeplitz mixture of UMi-64: fitted once, and kept for the steps that come back."""

from pathlib import Path

import numpy as np

from commgen.generative import GaussianMixture
from commgen.studies.seeds import part_seed
from commgen.studies.stages import Stages

FOLDER = "mixture"


def umi64_mixture(
    output: Path, h: np.ndarray, num_components: int, *, seed: int
) -> GaussianMixture:
    """Return the mixture of training channels, fitted where it is not there.

    Parameters
    ----------
    output
        Folder of a study; the model is in ``mixture``, its step in ``stages``.
    h : [n, size], complex
        Channels that the seed of the study has decided.
    num_components
        Of the mixture.
    seed
        Of the study.
    """
    from commgen.generative.load import load_model

    folder = output / FOLDER

    def fit() -> int:
        mixture = GaussianMixture(h.shape[1:], num_components, "toeplitz")
        own = part_seed(seed, "feedback/model")
        mixture.fit(h, seed=own, progress=True).save(folder)
        return own

    told = [seed, *h.shape, num_components]
    Stages(output / "stages").result(f"model-{FOLDER}", told, fit)
    found = load_model(folder)
    if not isinstance(found, GaussianMixture):
        raise ValueError(f"{folder} must hold a mixture, got {type(found).__name__}.")
    return found
