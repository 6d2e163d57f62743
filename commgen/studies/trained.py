"""Models of 64 antennas that a study takes: those of a folder, or small ones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from commgen.channels import RECIPES
from commgen.datasets.events import load_events
from commgen.generative import Diffusion, GaussianMixture
from commgen.generative.load import load_prior
from commgen.generative.networks.fourier_denoiser import FourierDenoiser
from commgen.studies.seeds import part_seed
from commgen.studies.sets import drawn_events

# Drawn in a moment, unlike UMi, whose graph alone takes seconds to trace.
_SMALL_SET = "spatial-64"
_SMALL_SIZES = {"train": 300, "validation": 120}


@dataclass(frozen=True)
class TrainedModels:
    """Models in folders of their names, and the channels that they learned.

    Parameters
    ----------
    folder
        Of the models; channels lie in ``folder/data``.
    recipe
        Of the channels, and the name of their set.
    """

    folder: Path
    recipe: str = "umi64"

    @property
    def config(self) -> Any:
        """Configuration of the channels."""
        return RECIPES[self.recipe]

    def load(self, name: str) -> Any:
        """Return a model that estimates channels."""
        return load_prior(self.folder / name)

    def channels(self, part: str) -> np.ndarray:
        """Return the channels of "train" or "validation", [n, 64], complex."""
        path = self.folder / "data" / f"{self.recipe}-{part}.h5"
        h = load_events(path).h
        return h.reshape(len(h), -1)


def trained_models(
    models: Path | None, output: Path, names: Sequence[str], *, seed: int
) -> TrainedModels:
    """Return the models of a folder, or small ones that are trained here.

    Parameters
    ----------
    models
        Folder of models of UMi-64; None trains.
    output
        Folder of the study; its own models go to ``output/models``.
    names
        Of ``lmmse``, ``gmm``, ``gmm-circulant`` and ``diffusion``, those to train.
    seed
        Of the study.

    Raises
    ------
    ValueError
        If a model is to be trained that has no small form.
    """
    if models is not None:
        return TrainedModels(models)
    unknown = [name for name in names if name not in _SMALL]
    if unknown:
        raise ValueError(f"names must be of {list(_SMALL)}, got {unknown}.")
    own, seed = TrainedModels(output / "models", _SMALL_SET), part_seed(seed, "small")
    train, validation = (
        drawn_events(
            own.folder / "data" / f"{own.recipe}-{part}.h5",
            own.config,
            num,
            seed=part_seed(seed, f"set/{part}"),
        ).h.reshape(num, -1)
        for part, num in _SMALL_SIZES.items()
    )
    for name in names:
        if not (own.folder / name).is_dir():
            model = _SMALL[name](train, validation, seed)
            model.save(own.folder / name, card={"seed": seed, "data": own.recipe})
    return own


def _mixture(num_components: int, covariance: str) -> Callable[..., Any]:
    def fit(h, validation, seed):
        model = GaussianMixture(h.shape[1:], num_components, covariance)
        return model.fit(h, seed=seed)

    return fit


def _diffusion(h, validation, seed) -> Any:
    prior = _mixture(2, "circulant")(h, validation, seed)
    model = Diffusion(h.shape[1:], FourierDenoiser(width=8, depth=1), prior)
    training = model.default_training.model_copy(update={"num_epochs": 1})
    return model.fit(h, seed=seed, validation=validation, training=training)


_SMALL: dict[str, Callable[..., Any]] = {
    "lmmse": _mixture(1, "full"),
    "gmm": _mixture(2, "full"),
    "gmm-circulant": _mixture(2, "circulant"),
    "diffusion": _diffusion,
}
